"""A distribution over grids of words, one word after the other (PixelCNN, van den Oord et al. 2016).

    p(k) = product over places i, row by row, of p(k_i | k_1 ... k_{i-1})          (their equation 1)

All factors come from one convolutional network that cannot see ahead: in its kernels the weights of what comes later
are kept 0. The first layer does not see the present place either (mask A), the others do (mask B; figure 1 there).

No lesson derives it yet; `vaes/vqvae.py` uses it as a prior.
"""

import math

import numpy as np

from ... import ops
from ...autodiff import Tensor, no_grad, raw
from ...backend import Array, xp_of
from ...distributions import Categorical
from ...nn import Buffer, Conv2D, Module, one_hot
from ...nn.layers import positive
from ...random import Generator, given_or_default
from ..trainer import parts_of


class MaskedConv2D(Conv2D):
    """A convolution that sees the rows above and what is to the left in its own ('A'), or this place too ('B')."""

    def __init__(self, channels: int, filters: int, kernel: int, mask: str, rng: Generator) -> None:
        super().__init__(channels, filters, kernel, padding=kernel // 2, init="he_uniform", rng=rng)
        seen, middle = np.zeros((kernel, kernel, 1, 1), np.float32), kernel // 2
        seen[:middle] = 1
        seen[middle, : middle + (mask == "B")] = 1
        self.mask = Buffer(seen)

    def forward(self, x: Tensor) -> Tensor:
        """As of Conv2D."""
        return ops.conv2d(x, self.w * self.mask, padding=self.padding) + self.b


class GridPrior(Module):
    """A PixelCNN of a few layers.

    Args:
        grid: (h, w). words: how many there are. width: channels inside.
        rng: where the weights are drawn from.
    """

    def __init__(self, grid: tuple[int, int], words: int, width: int, rng: Generator | None = None) -> None:
        positive(words=words, width=width)
        rng = given_or_default(rng)
        self.grid, self.words = grid, words
        self.first = MaskedConv2D(words, width, 5, "A", rng)
        self.inner = [MaskedConv2D(width, width, 3, "B", rng) for _ in range(4)]
        self.last = Conv2D(width, words, 1, rng=rng)

    def forward(self, words: Array) -> Tensor:
        """The logits of every place's word given those before it: integers (N, h, w) -> (N, h, w, words)."""
        x = self.first(Tensor(one_hot(words, self.words)))
        for layer in self.inner:
            x = x + layer(ops.relu(x))
        return self.last(ops.relu(x))

    def log_prob(self, words: Array) -> Tensor:
        """log p of each grid, in nats: integers (N, h, w) -> (N,)."""
        log_p = ops.log_softmax(self(words))
        return ops.sum(ops.flatten(log_p * Tensor(one_hot(words, self.words))), axis=1)  # equation 1

    def sample(self, n: int, rng: Generator | None = None) -> Array:
        """n grids, (n, h, w) integers, one place after the other."""
        rng = given_or_default(rng)
        words = xp_of(raw(self.last.w)).zeros((n, *self.grid), np.int64)
        with no_grad():
            for part in parts_of(n, math.prod(self.grid) * self.words):
                drawn = words[part]
                for row, column in np.ndindex(*self.grid):
                    drawn[:, row, column] = raw(Categorical(self(drawn)[:, row, column]).sample(rng))
        return words
