"""MADE (Germain, Gregor, Murray & Larochelle 2015): a dense autoencoder with masks, so that no output sees its input.

Each unit gets a degree: inputs and outputs their place in the order, 1 ... D, each hidden unit k of layer l a number
m_l(k) in 1 ... D-1. A hidden unit may see what has at most its own degree, an output what has less:

    M_l[k', k] = 1 if m_l(k') >= m_{l-1}(k), else 0                               (their equation 12)
    M_out[d, k] = 1 if d >= m_L(k) + 1, else 0                                       (equation 13)

A path from input d' to output d then has d' <= m_1 <= ... <= m_L < d: output d depends on x_1 ... x_{d-1} only. The
paper draws the degrees of hidden units; here they are spread evenly, so that all pixels are served alike. It also
averages over several masks, and over orders of the pixels; here there is one of each.

The pixel just before d reaches output d only through hidden units of degree d - 1: with 500 units and 784 pixels that
is one unit, or none. So inputs may also be connected to the outputs after them directly, as in the paper's section 4.

To draw, the network is not computed anew for each pixel: a pixel that was drawn adds its row of the first weights to
the first layer's sums, and only the logits of the next pixel are taken.

Lesson 20 derives the masks.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from ... import ops
from ...autodiff import Tensor, raw
from ...backend import Array, xp_of
from ...data import Dataset
from ...nn import Buffer, Dense
from ...random import Generator, given_or_default
from ..memory import check_size
from ..recipe import BATCH_SIZE, DEPTH, LR, SCHEDULE, STEPS, WIDTH, Option, Recipe, Settings, Shape
from .grids import LEVELS, GridModel, grid_trainer, meaning


class MaskedDense(Dense):
    """A dense layer without some of its connections.

    Args:
        below: the degrees of its inputs, (inputs,). outputs: how many.
        degrees: makes those of the outputs, (outputs,).
        connects: from (inputs, 1) and (outputs,) degrees, which connections there are.
    """

    def __init__(
        self,
        below: Array,
        outputs: int,
        degrees: Callable[[int], Array],
        connects: Callable[[Array, Array], Array],
        init: str,
        rng: Generator,
    ) -> None:
        super().__init__(len(below), outputs, init=init, rng=rng)  # a layer that is too large is refused here
        self.degrees = degrees(outputs)
        self.mask = Buffer(connects(self.degrees, below[:, None]).astype(np.float32))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs) -> (N, outputs)."""
        return ops.dense(x, self.w * self.mask, self.b)

    @property
    def weights(self) -> tuple[Array, Array]:
        """Those that are left, (inputs, outputs), and the biases, without a graph."""
        assert self.b is not None
        return raw(self.w) * raw(self.mask), raw(self.b)


class MADE(GridModel):
    """Masked dense layers.

    Args:
        shape, levels, named: see GridModel.
        hidden: units of each hidden layer; without any, each pixel is a logistic regression on those before it.
        direct: whether inputs are connected to later outputs directly, too.
        rng: where the weights are drawn from.
    """

    def __init__(
        self,
        shape: tuple[int, int, int],
        levels: int,
        hidden: Sequence[int],
        *,
        direct: bool = False,
        named: bool = False,
        rng: Generator | None = None,
    ) -> None:
        super().__init__(shape, levels, named)
        rng, size = given_or_default(rng), math.prod(shape)

        def spread(units: int) -> Array:
            """Degrees 1 ... D-1, each as often as the others."""
            return 1 + np.arange(units) * max(1, size - 1) // units

        def of_pixels(units: int) -> Array:
            """1 ... D, as many units in a row as a pixel has."""
            return 1 + np.arange(units) * size // units

        outputs, seen = size * self.logits, of_pixels(size * self.seen)
        below, self.hidden = seen, []
        for units in hidden:
            layer = MaskedDense(below, units, spread, np.greater_equal, "he_uniform", rng)  # equation 12
            self.hidden.append(layer)
            below = layer.degrees
        self.last = MaskedDense(below, outputs, of_pixels, np.greater, "glorot_uniform", rng)  # equation 13
        self.direct = MaskedDense(seen, outputs, of_pixels, np.greater, "glorot_uniform", rng) if direct else None

    def forward(self, grid: Array) -> Tensor:
        """See GridModel."""
        x = h = Tensor(self.shown(grid).reshape(len(grid), -1))  # (N, D seen)
        for layer in self.hidden:
            h = ops.relu(layer(h))
        logits = self.last(h) if self.direct is None else self.last(h) + self.direct(x)  # (N, D logits)
        return ops.reshape(logits, (*grid.shape, self.logits))

    def draw_part(self, n: int, rng: Generator) -> Array:
        """Pixel by pixel; the first layer's sums, which may be the last one's, grow by what each adds."""
        (w_in, b_in), *others = [layer.weights for layer in (*self.hidden, self.last)]
        xp, size = xp_of(w_in), math.prod(self.shape)
        grid, sums = xp.zeros((n, size), np.int64), xp.repeat(b_in[None], n, axis=0)
        straight, w_straight = xp.zeros((n, size * self.logits), w_in.dtype), None
        if self.direct is not None:
            w_straight, b = self.direct.weights
            straight += b
        for d in range(size):
            own, h = slice(d * self.logits, (d + 1) * self.logits), sums
            for w, b in others[:-1]:
                h = xp.maximum(h, 0) @ w + b
            if others:
                w, b = others[-1]
                logits = xp.maximum(h, 0) @ w[:, own] + b[own]
            else:
                logits = sums[:, own]
            grid[:, d] = self.drawn_from(logits + straight[:, own], rng)
            pixel, rows = self.shown(grid[:, d]), slice(d * self.seen, (d + 1) * self.seen)
            sums += pixel @ w_in[rows]
            if w_straight is not None:
                straight += pixel @ w_straight[rows]
        return grid.reshape(n, *self.shape)


# ---------------------------------------------------------------------------------------------------------- recipes


DIRECT = Option("direct", "no", "connections from pixels straight to those after them", choices=("no", "yes"))


def made(s: Settings, shape: Shape, rng: Generator) -> MADE:
    """Hidden layers of one width."""
    return MADE((shape[0], shape[1], shape[2]), s.levels, [s.width] * s.depth, direct=s.direct == "yes", rng=rng)


def check(s: Settings, data: Dataset) -> None:
    """A step keeps some numbers for each unit and each level; the weights are many."""
    pixels = math.prod(data.shape)
    logits = pixels * (1 if s.levels == 2 else s.levels)
    weights = s.width * (pixels + (s.depth - 1) * s.width + logits) + (pixels * logits if s.direct == "yes" else 0)
    check_size(s, 5 * (pixels + s.depth * s.width + logits), weights)


RECIPES = (
    Recipe(
        "made",
        "masked autoencoder, pixel after pixel (Germain et al. 2015)",
        made,
        grid_trainer,
        (STEPS(4000), BATCH_SIZE(100), LR(2e-3), LEVELS, WIDTH(500), DEPTH, DIRECT, SCHEDULE("cosine")),
        shows=("log-probabilities",),
        for_data={
            "digits": {"levels": 17, "direct": "yes"},
            "mnist": {"direct": "yes"},
            "fashion_mnist": {"direct": "yes"},
        },
        takes=("images",),
        check=check,
        meaning=meaning,
        unit=lambda s: "nats per image",
    ),
)
