"""A sequence model of symbols: characters of a text, grey levels of pixels, notes of a melody.

A table gives each symbol its vector; the output gives each place a logit for every symbol. Its weights may be the table
itself (tied; Press and Wolf 2017): what is alike as an input then is alike as an output.

Lesson 17 derives it.
"""

from typing import Any

import numpy as np

from ... import ops
from ...autodiff import Tensor, no_grad
from ...backend import Array, to_device, xp_of
from ...data import PAD, kind_of
from ...distributions import Categorical
from ...errors import whole
from ...nn import Dense, Embedding
from ...nn.layers import positive
from ...random import Generator, given_or_default
from ..recipe import Settings, Shape
from .piano_rolls import PianoRollModel
from .sampling import AS_THE_MODEL_SAYS, Draw, beginning
from .sequence_model import SequenceModel


class LanguageModel(SequenceModel):
    """Logits of the next symbol, from all symbols before it.

    Args:
        symbols: how many there are. width: features of a place.
        body: see `Body`.
        tied: whether the output's weights are the table of the input.
        end: the symbol that ends a sequence, if one does.
        rng: where the weights are drawn from.
    """

    def __init__(
        self,
        symbols: int,
        width: int,
        body: Any,
        tied: bool = False,
        end: int | None = None,
        rng: Generator | None = None,
    ) -> None:
        positive(symbols=symbols, width=width)
        rng = given_or_default(rng)
        super().__init__(body)
        self.symbols, self.end = symbols, end
        self.table = Embedding(symbols, width, rng=rng)
        self.table.w.data *= np.float32(0.02)  # as all other weights: a sum of many starts small
        self.head = None if tied else Dense(width, symbols, bias=False, init="dcgan", rng=rng)

    def forward(self, symbols: Array, state: Any = None) -> Tensor:
        """The logits of what comes after each place: integers (N, T) -> (N, T, symbols)."""
        return self.from_vectors(self.table(symbols), state)

    def from_vectors(self, vectors: Tensor, state: Any = None) -> Tensor:
        """The same from the symbols' vectors: (N, T, width) -> (N, T, symbols)."""
        h = self.body(vectors, state)
        return ops.matmul(h, ops.transpose(self.table.w)) if self.head is None else self.head(h)

    def log_probs(self, x: Array) -> Tensor:
        """See `SequenceModel`: x are integers (N, T+1)."""
        known = xp_of(x).where(x == PAD, 0, x).astype(np.int64)
        log_p = Categorical(self(known[:, :-1])).log_prob(known[:, 1:])
        return log_p * Tensor(self.counted(x).astype(np.float32))

    def sample(
        self,
        n: int,
        rng: Generator | None = None,
        *,
        prompt: Array | None = None,
        length: int = 256,
        draw: Draw = AS_THE_MODEL_SAYS,
    ) -> Array:
        """Sequences that begin with a prompt and go on as the model says.

        A body with a limit that is reached goes on from the second half of what it sees.

        Args:
            n: how many.
            rng: where the draws come from.
            prompt: integers (t,), the same for all; default: symbol 0, which begins a line.
            length: how many symbols are drawn at most.
            draw: how.

        Returns:
            Integers (n, t + length), or fewer if all have ended; PAD after the end.

        Raises:
            ShapeError, DTypeError, ArgumentError, NumericalError: of the prompt see `beginning`, of logits `finite`.
        """
        whole("n", n)
        whole("length", length)
        rng, device = given_or_default(rng), self.device
        x = to_device(np.tile(beginning(prompt, self.symbols, self.end), (n, 1)), device)
        xp = xp_of(x)
        ended = xp.zeros(n, bool)
        with self.evaluating(), no_grad():
            state, logits = self.seen(x)
            for i in range(length):
                new = xp.where(ended, PAD, draw(logits, rng))
                x = xp.concatenate([x, new[:, None]], axis=1)
                if self.end is not None:
                    ended |= (new == self.end) | (new == PAD)
                    if bool(ended.all()):
                        break
                if i + 1 < length:
                    fed = xp.where(new == PAD, 0, new)
                    if state.seen == self.body.limit:
                        state, logits = self.seen(xp.where(x == PAD, 0, x))
                    else:
                        logits = self(fed[:, None], state)[:, -1]
        return x


def sequence_model(body: Any, s: Settings, shape: Shape, rng: Generator) -> SequenceModel:
    """The body with the input and output that the data want."""
    if len(shape) == 2:
        return PianoRollModel(body, shape[1], s.width, rng)
    end = 0 if kind_of(s.data) == "lines" else None
    return LanguageModel(len(s.alphabet), s.width, body, s.get("output", "own") == "tied", end, rng)


def unit_of_loss(s: Settings) -> str:
    """What the loss is measured in."""
    return "nats per frame" if kind_of(s.data) == "rolls" else "nats per symbol"


def what_the_loss_means(s: Settings) -> str:
    """For the end of a training."""
    if kind_of(s.data) == "rolls":
        return "the loss is in nats a frame, summed over the keys, and exact"
    return "the loss is in nats a symbol, and exact"
