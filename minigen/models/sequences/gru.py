"""The gated recurrent unit (GRU; Cho et al. 2014): a state that is rewritten at each step, as far as gates allow.

    h_t = (1 - z) n + z h_(t-1)         of the state, z stays; the rest becomes the candidate n

`ops.gru` says how gates and candidate are made, and derives the gradient through all steps (backpropagation through
time). Where z is nearly 1, a state, and its gradient, passes many steps undamaged. In training every step's input is
the true one, whatever the model would have said (teacher forcing).

A layer is given all its inputs at once: the product with them is one for all steps. Several layers stand one on the
other. Dropout is applied between them and never to the state (Zaremba, Sutskever and Vinyals 2014).

Lesson 18 derives it.
"""

import numpy as np

from ... import ops
from ...autodiff import Tensor, raw
from ...backend import Array, xp_of
from ...data import Dataset
from ...nn import Dense, Dropout, Module, Parameter
from ...nn.layers import positive
from ...random import Generator, given_or_default
from ..memory import check_size
from ..recipe import BATCH_SIZE, DEPTH, LR, STEPS, WIDTH, Recipe, Settings, Shape
from .language import sequence_model, unit_of_loss, what_the_loss_means
from .sequence_model import ALPHABET, DROPOUT, WEIGHT_DECAY, SequenceModel, sequence_trainer


class GRULayer(Module):
    """One gated recurrent unit.

    Args:
        inputs: features of an input. width: C, those of the state.
        rng: where the weights are drawn from.
    """

    def __init__(self, inputs: int, width: int, rng: Generator | None = None) -> None:
        positive(inputs=inputs, width=width)
        rng = given_or_default(rng)
        self.width = width
        self.inputs = Dense(inputs, 3 * width, init=uniform, rng=rng)  # to reset, update and candidate
        self.w = Parameter(uniform(rng, (width, 3 * width), width, 3 * width))
        self.b = Parameter(np.zeros(width, np.float32))

    def start(self, n: int) -> Array:
        """The state of n sequences before their first step: zeros (n, C)."""
        w = raw(self.w)
        return xp_of(w).zeros((n, self.width), w.dtype)

    def forward(self, x: Tensor, h: Array | Tensor | None = None) -> Tensor:
        """The states after each step: inputs (N, T, features), and the state before them (N, C) -> (N, T, C)."""
        return ops.gru(self.inputs(x), self.w, self.b, self.start(x.shape[0]) if h is None else h)


class Hidden:
    """What a GRU knows of the places that it has seen.

    Attributes:
        seen: how many places.
        layers: the state of each layer, (N, C).
    """

    def __init__(self, layers: list[Array]) -> None:
        self.seen, self.layers = 0, layers


class GRU(Module):
    """The body of a sequence model; see `Body`.

    Args:
        width: C, the features of a place and of each layer's state. layers: how many.
        dropout: the share of values that are left out in training.
        rng: where the weights are drawn from.
    """

    limit = None

    def __init__(self, width: int, layers: int = 1, dropout: float = 0.0, rng: Generator | None = None) -> None:
        positive(width=width, layers=layers)
        rng = given_or_default(rng)
        self.layers = [GRULayer(width, width, rng) for _ in range(layers)]
        self.dropout = Dropout(dropout, rng=rng)

    def start(self, n: int) -> Hidden:
        """The state of n sequences of which nothing has been seen."""
        return Hidden([layer.start(n) for layer in self.layers])

    def forward(self, h: Tensor, state: Hidden | None = None) -> Tensor:
        """(N, T, C) -> (N, T, C), each place from those up to it; with a state, after what it has seen.

        No gradient reaches what was before the state that is given.
        """
        h = self.dropout(h)
        for i, layer in enumerate(self.layers):
            y = layer(h, state.layers[i] if state is not None else None)
            if state is not None:
                state.layers[i] = raw(y)[:, -1]
            h = self.dropout(y)
        if state is not None:
            state.seen += h.shape[1]
        return h


def uniform(rng: Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
    """Uniform with variance 1 / (3 fan_in), as PyTorch's: the state then fades in a few steps, until it is learnt."""
    return (2 * rng.uniform(shape, device="cpu") - 1) * np.float32(fan_in**-0.5)


# ---------------------------------------------------------------------------------------------------------- recipes

# Of chorales there are few, soon known by heart.
FOR_DATA = {"jsb": {"steps": 300, "batch_size": 16, "width": 200, "dropout": 0.3}}
LAYERS = DEPTH(1, help="layers of recurrent units")
UNITS = WIDTH(128, help="features of a place and of each state")


def gru(s: Settings, shape: Shape, rng: Generator) -> SequenceModel:
    """Sequences of T + 1 places; each but the first is predicted."""
    return sequence_model(GRU(s.width, s.depth, s.dropout, rng), s, shape, rng)


def check(s: Settings, data: Dataset) -> None:
    """A step keeps gates and states of each layer at all places, and the symbols' logits."""
    places, symbols = data.shape[0] - 1, len(data.alphabet) or data.shape[-1]
    numbers = places * (12 * s.depth * s.width + 5 * (s.width + symbols))
    check_size(s, numbers, 6 * s.depth * s.width**2 + 2 * symbols * s.width)


RECIPES = (
    Recipe(
        "gru",
        "recurrent network of gated units, of text and of music (Cho et al. 2014)",
        gru,
        sequence_trainer,
        (STEPS(2000), BATCH_SIZE(32), LR(3e-3), LAYERS, UNITS, DROPOUT, WEIGHT_DECAY(0.01), ALPHABET),
        for_data=FOR_DATA,
        takes=("text", "lines", "rolls"),
        shows=("places", "log-probabilities"),
        check=check,
        meaning=what_the_loss_means,
        unit=unit_of_loss,
    ),
)
