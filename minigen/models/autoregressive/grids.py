"""Grids of grey levels, each given those before it: what MADE and the PixelCNN have in common.

The rule of products holds for any distribution. With the pixels x_1 ... x_D in a fixed order, row by row,

    p(x) = p(x_1) p(x_2 | x_1) ... p(x_D | x_1 ... x_{D-1})

(Germain et al. 2015, equation 6; van den Oord et al. 2016, equation 1). A pixel has one of K levels, so each factor is
a table of K probabilities, the softmax of K logits; of black and white pixels one logit is enough. All factors come
from one network in one pass, if its output for x_i depends on x_1 ... x_{i-1} only. So log p(x) is exact: no bound, no
sampling. To draw an image one must go pixel by pixel, as each factor wants to know what was drawn before.

Grey levels of [0, 1] are rounded to the nearest of 0, 1/(K-1) ... 1. With two levels they are drawn black or white in
training, as for a VAE with a Bernoulli likelihood.

Lesson 20 derives it.
"""

import math
from typing import NamedTuple

import numpy as np

from ... import ops
from ...autodiff import Tensor, no_grad, raw
from ...backend import Array, xp_of
from ...data import binarize
from ...distributions import Bernoulli, Categorical
from ...errors import whole
from ...nn import Module, one_hot, sum_features
from ...nn.layers import positive
from ...random import Generator, given_or_default
from ..recipe import SCHEDULES, Option, Settings
from ..trainer import Metrics, evaluated_in_parts, parts_of
from ..vaes.vae import VAETrainer


class NLL(NamedTuple):
    """A scalar: -log p(x) in nats per example, averaged over the batch."""

    total: Tensor


def log_softmax_at(logits: Tensor, chosen: Array) -> Tensor:
    """The sum over places of log softmax(logits)[chosen], in nats: (N, ..., K) and integers (N, ...) -> (N,)."""
    at = ops.sum(logits * Tensor(one_hot(chosen, logits.shape[-1])), axis=-1)
    return sum_features(at - ops.logsumexp(logits, axis=-1))


class GridModel(Module):
    """A distribution over grids of levels. A subclass defines `forward` and `draw_part`.

    Args:
        shape: (H, W, C) of a grid.
        levels: K, how many values a place can have.
        named: whether the values are mere names, as the words of a codebook are. The network is then shown a 1 in the
            place of each name, and grey levels as numbers in [0, 1].
    """

    def __init__(self, shape: tuple[int, int, int], levels: int, named: bool = False) -> None:
        positive(height=shape[0], width=shape[1], channels=shape[2], levels=levels)
        self.shape, self.levels, self.named = shape, levels, named
        self.seen = levels if named else 1  # numbers by which the network is shown a place
        self.logits = 1 if levels == 2 and not named else levels  # numbers by which it tells a place's distribution

    def forward(self, grid: Array) -> Tensor:
        """The logits of every place given those before it: integers (N, H, W, C) -> (N, H, W, C, logits)."""
        raise NotImplementedError(f"{type(self).__name__}.forward: a grid model is defined by it")

    def draw_part(self, n: int, rng: Generator) -> Array:
        """n grids that fit in memory together, (n, H, W, C) integers."""
        raise NotImplementedError(f"{type(self).__name__}.draw_part: a grid model is defined by it")

    def shown(self, grid: Array) -> Array:
        """What the network is shown of places: integers (...) -> float32 (..., seen)."""
        if self.named:
            return one_hot(grid, self.levels)
        return grid[..., None].astype(np.float32) / np.float32(max(1, self.levels - 1))

    def log_p(self, grid: Array) -> Tensor:
        """log p of each grid, in nats: integers (N, H, W, C) -> (N,)."""
        logits = self(grid)
        if self.logits == 1:
            return ops.bernoulli_log_likelihood(logits[..., 0], Tensor(self.shown(grid)[..., 0]))
        return log_softmax_at(logits, grid)

    def draw(self, n: int, rng: Generator | None = None) -> Array:
        """n grids, (n, H, W, C) integers."""
        whole("n", n)
        rng = given_or_default(rng)
        with no_grad():
            drawn = [self.draw_part(part.stop - part.start, rng) for part in parts_of(n, self.numbers)]
        return xp_of(drawn[0]).concatenate(drawn)

    @property
    def numbers(self) -> int:
        """How many logits a grid has."""
        return math.prod(self.shape) * self.logits

    def drawn_from(self, logits: Array, rng: Generator) -> Array:
        """A level for each row of logits: (n, logits) -> (n,) integers."""
        if self.logits == 1:
            return raw(Bernoulli(Tensor(logits[:, 0])).sample(rng)).astype(np.int64)
        return raw(Categorical(Tensor(logits)).sample(rng))

    # ------------------------------------------------------------------------------------------------ as images

    def log_prob(self, x: Tensor, rng: Generator | None = None) -> Tensor:
        """log p of each image, in nats, exact: x (N, H, W, C) in [0, 1] -> (N,).

        Args:
            x: grey values are rounded to the nearest level.
            rng: draws grey values black or white, where there are two levels; zeros and ones stay what they are.
        """
        values = raw(x) if rng is None or self.levels > 2 else binarize(raw(x), rng)
        return self.log_p(xp_of(values).rint(values * (self.levels - 1)).astype(np.int64))

    def loss(self, x: Tensor, rng: Generator | None = None) -> NLL:
        """-log p of images x (N, H, W, C) in [0, 1]."""
        return NLL(-ops.mean(self.log_prob(x)))

    def sample(self, n: int, rng: Generator | None = None) -> Tensor:
        """n images (n, H, W, C) in [0, 1], one pixel after the other."""
        return Tensor(self.shown(self.draw(n, rng))[..., 0])


# --------------------------------------------------------------------------------------------------------- training


class GridTrainer(VAETrainer):
    """Adam on -log p. What is evaluated is taken in parts."""

    def evaluate(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """-log p of a batch that is not trained on."""
        return evaluated_in_parts(lambda part: super(GridTrainer, self).evaluate(part, rng), x, 3 * self.model.numbers)


# ---------------------------------------------------------------------------------------------------------- recipes

LEVELS = Option("levels", 2, "grey levels of a pixel; 2: drawn black or white", least=2, most=256)


def grid_trainer(model: GridModel, s: Settings) -> GridTrainer:
    """As the options say."""
    return GridTrainer(model, SCHEDULES[s.schedule](s), binary=s.levels == 2)


def meaning(s: Settings) -> str:
    """What the loss is."""
    how = "drawn black or white" if s.levels == 2 else f"rounded to {s.levels} grey levels"
    return f"the loss is -log p(x) itself, no bound, in nats per image; pixels are {how}"
