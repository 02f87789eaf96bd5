"""How the next symbol is drawn from its logits: as they say, or with less courage.

    temperature    logits / temperature: below 1 what is likely becomes likelier; 0 takes the likeliest
    top-k          the k likeliest symbols alone
    top-p          the smallest set of symbols that has probability p together (Holtzman et al. 2020, section 3.1)

Lesson 16 draws with them.
"""

from dataclasses import dataclass

import numpy as np

from ...autodiff import Tensor, raw
from ...backend import Array, xp_of
from ...distributions import Categorical
from ...random import Generator
from ..recipe import LARGEST, Option

TEMPERATURE = Option("temperature", 1.0, "1: as the model says, 0: always the likeliest", least=0, most=100)
TOP_K = Option("top_k", 0, "draw from so many of the likeliest symbols; 0: from all", least=0, most=LARGEST)
TOP_P = Option("top_p", 1.0, "draw from the likeliest symbols that have this share together", above=0, most=1)
A_PAGE = 1000  # characters
LENGTH = Option(
    "length",
    A_PAGE,
    "characters, or frames of music, at most; a line is no longer than those of the data",
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
        """A symbol for each row of logits: (..., K) -> integers (...)."""
        z = raw(logits)
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
        falling = -xp.sort(-z, axis=-1)
        if 0 < self.top_k < z.shape[-1]:
            z = xp.where(z < falling[..., self.top_k - 1, None], -xp.inf, z)
            falling = -xp.sort(-z, axis=-1)
        if self.top_p < 1:
            p = xp.exp(falling - falling[..., :1])
            p /= p.sum(axis=-1, keepdims=True)
            before = xp.cumsum(p, axis=-1) - p  # what the likelier ones have
            last = (before < self.top_p).sum(axis=-1, keepdims=True) - 1
            z = xp.where(z < xp.take_along_axis(falling, last, axis=-1), -xp.inf, z)
        return z


AS_THE_MODEL_SAYS = Draw()
