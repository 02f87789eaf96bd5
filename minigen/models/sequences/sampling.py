"""How the next symbol is drawn from its logits: as they say, or with less courage.

    temperature    logits / temperature: below 1 what is likely becomes likelier; 0 takes the likeliest
    top-k          the k likeliest symbols alone
    top-p          the smallest set of symbols that has probability p together (Holtzman et al. 2020, section 3.1)

Of symbols that are equally likely the first ones are taken. What begins a sequence, the prompt, is read here too.

Lesson 16 draws with them.
"""

from dataclasses import dataclass

import numpy as np

from ...autodiff import Tensor, raw
from ...backend import Array, to_numpy, xp_of
from ...distributions import Categorical
from ...errors import ArgumentError, DTypeError, NumericalError, ShapeError
from ...random import Generator
from ..recipe import LARGEST, Option

TEMPERATURE = Option("temperature", 1.0, "1: as the model says, 0: always the likeliest", least=0, most=100)
TOP_K = Option("top_k", 0, "draw from so many of the likeliest symbols; 0: from all", least=0, most=LARGEST)
TOP_P = Option("top_p", 1.0, "draw from the likeliest symbols that have this share together", above=0, most=1)
A_PAGE = 1000  # characters
LENGTH = Option(
    "length",
    A_PAGE,
    "characters at most, and never more than a line of the data has; of piano rolls frames, where the default is 64",
    least=1,
    most=LARGEST,
)


@dataclass(frozen=True)
class Draw:
    """The way to draw; see above.

    Raises:
        ArgumentError: a value out of range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        for option in (TEMPERATURE, TOP_K, TOP_P):
            option.checked(getattr(self, option.name))

    def __call__(self, logits: Tensor, rng: Generator) -> Array:
        """A symbol for each row of logits: (..., K) -> integers (...).

        Raises:
            NumericalError: logits that are not numbers.
        """
        z = finite(logits)
        if self.temperature == 0:
            return z.argmax(axis=-1)
        z = z - z.max(axis=-1, keepdims=True)  # of any temperature, what is likeliest stays 0
        with np.errstate(over="ignore"):
            z = z / max(z.dtype.type(self.temperature), np.finfo(z.dtype).tiny)
        return raw(Categorical(Tensor(self.allowed(z))).sample(rng))

    def allowed(self, z: Array) -> Array:
        """The logits (..., K) with -inf where a symbol is not to be drawn; the likeliest always may be."""
        if not self.top_k and self.top_p == 1:
            return z
        xp = xp_of(z)
        order = xp.argsort(-z, axis=-1, kind="stable")  # the likeliest first; of equals the first
        rank = xp.argsort(order, axis=-1)  # of each symbol: 0, 1, ...
        if self.top_k:
            z = xp.where(rank < self.top_k, z, -xp.inf)
        if self.top_p < 1:
            falling = xp.take_along_axis(z, order, axis=-1).astype(np.float64)  # float32 has no 1e-300
            p = xp.exp(falling - falling[..., :1])
            p /= p.sum(axis=-1, keepdims=True)
            before = xp.cumsum(p, axis=-1) - p  # what the likelier ones have; the likeliest have exactly 0 before them
            z = xp.where(rank < (before < self.top_p).sum(axis=-1, keepdims=True), z, -xp.inf)
        return z


AS_THE_MODEL_SAYS = Draw()


def finite(logits: Tensor) -> Array:
    """The logits, unless a model has come to nothing.

    Raises:
        NumericalError: one of them is NaN or infinite.
    """
    z = raw(logits)
    if not bool(xp_of(z).isfinite(z).all()):
        raise NumericalError(
            "logits: expected finite numbers, got NaN or infinity; the weights are damaged or the training went wrong: "
            "train again, with a lower --lr"
        )
    return z


def beginning(prompt: Array | None, symbols: int, end: int | None = None) -> np.ndarray:
    """The symbols (t,) that a sequence begins with; symbol 0 where there is no prompt.

    Args:
        prompt: integers (t,). symbols: how many there are. end: the one that ends a sequence, and may begin it.

    Raises:
        ShapeError, DTypeError, ArgumentError: no such symbols, none at all, or something after the end.
    """
    given = np.zeros(1, np.int64) if prompt is None else np.asarray(to_numpy(prompt))
    if given.ndim != 1:
        raise ShapeError(f"prompt: expected symbols (t,), the same for all, got shape {given.shape}; give one prompt")
    if not len(given):
        raise ArgumentError("prompt: expected at least one symbol, got none; leave it out to begin anew")
    if given.dtype.kind not in "iu":
        raise DTypeError(f"prompt: expected integers 0 ... {symbols - 1}, got {given.dtype}; encode the text first")
    if ((given < 0) | (given >= symbols)).any():
        wrong = given[(given < 0) | (given >= symbols)][0]
        raise ArgumentError(f"prompt: expected symbols 0 ... {symbols - 1}, got {wrong}; encode with the same alphabet")
    if end is not None and (given[1:] == end).any():
        raise ArgumentError(f"prompt: expected a part of one line, got its end, symbol {end}, inside; cut it there")
    return given.astype(np.int64)
