"""The networks of diffusion and of flow matching, f(x, t, class) of the shape of x: for images a U-Net, else dense.

The U-Net (Ronneberger et al. 2015, figure 1; as Ho et al. 2020, appendix B, have it) goes down to a small image of many
channels, where attention lets every place see all others, and up again; what each size held on the way down stands
beside what comes up, so that no detail has to pass through the bottom.

    x --- block --------------------------------------- block --- out
              \\ half the size                         / twice
               block ---------------------------- block
                     \\                         /
                      block, attention, block

A block is normalise, SiLU, convolve, twice, added to what came in; in its middle the time and the class are added to
every place. The last convolution of a block begins with zeros, so at first a block changes nothing.

An image with sides of 16 or more comes in blocks of 2x2 pixels, as channels: a quarter of the places to compute, and
hardly a loss, as neighbouring pixels are told apart by channel (Hoogeboom et al. 2023, Simple diffusion, section 3.3).

Lesson 21 uses both.
"""

import math
from itertools import pairwise
from typing import Any

import numpy as np

from ... import ops
from ...autodiff import Tensor
from ...backend import Array
from ...errors import ArgumentError
from ...nn import Conv2D, Dense, GroupNorm, Module, UpSampling2D
from ...random import Generator
from .time_features import Condition

Shape = tuple[int, ...]
MOST_GROUPS, SMALLEST = 8, 8  # groups of a norm; sides of the smallest image, at most
FREQUENCIES = 4  # of each coordinate of a point
IN_PATCHES = 16  # sides from which an image comes in blocks of 2x2


def zeros(rng: Generator, shape: Shape, fan_in: int, fan_out: int) -> np.ndarray:
    """Weights that begin with 0."""
    return np.zeros(shape, np.float32)


class Dense2(Module):
    """Points: (N, D) -> (N, D), by dense layers with SiLU. The time and the class are added in each.

    Between two clusters the answer turns round within a hair's breadth. Of two coordinates such layers learn a smooth
    function long before a rough one; of their sines and cosines as well they learn both (Tancik et al. 2020).

    Args:
        shape: (D,). width: hidden units. depth: hidden layers. classes, words: see `Condition`. rng: for the weights.
        frequencies: of the sines and cosines of each coordinate that stand beside it, from 1/4 on, each twice the last.
    """

    def __init__(
        self,
        shape: Shape,
        width: int,
        depth: int,
        classes: int,
        rng: Generator,
        words: bool = False,
        frequencies: int = 0,
    ) -> None:
        self.condition = Condition(width, 32, classes, rng, words)
        self.frequencies = [math.tau / 4 * 2.0**k for k in range(frequencies)]
        sizes = [shape[0] * (1 + 2 * frequencies), *[width] * depth]
        self.layers = [Dense(a, b, init="he_uniform", rng=rng) for a, b in pairwise(sizes)]
        self.told = [Dense(width, width, rng=rng) for _ in range(depth)]
        self.last = Dense(width, shape[0], init=zeros, rng=rng)

    def forward(self, x: Tensor, t: np.ndarray, labels: Array | None = None) -> Tensor:
        """Examples x (N, D) at times t (N,) in [0, 1]."""
        condition = ops.silu(self.condition(t, labels))
        if self.frequencies:
            waves = [w * x for w in self.frequencies]
            x = ops.concatenate([x, *map(ops.sin, waves), *map(ops.cos, waves)], axis=1)
        for layer, told in zip(self.layers, self.told, strict=True):
            x = ops.silu(layer(x) + told(condition))
        return self.last(x)


class Block(Module):
    """x + conv(silu(norm(conv(silu(norm(x))) + condition))): (N, H, W, inputs) -> (N, H, W, outputs).

    Args:
        inputs, outputs: channels. features: of the condition. rng: for the weights.
    """

    def __init__(self, inputs: int, outputs: int, features: int, rng: Generator) -> None:
        he: Any = {"padding": 1, "init": "he_uniform", "rng": rng}
        self.norm1, self.norm2 = (GroupNorm(groups_of(c), c) for c in (inputs, outputs))
        self.conv1, self.conv2 = Conv2D(inputs, outputs, 3, **he), Conv2D(outputs, outputs, 3, padding=1, init=zeros)
        self.told = Dense(features, outputs, rng=rng)
        self.past = Conv2D(inputs, outputs, 1, rng=rng) if inputs != outputs else None

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """At each place the same condition (N, features) is added."""
        h = self.conv1(ops.silu(self.norm1(x)))
        h = h + ops.reshape(self.told(condition), (len(x), 1, 1, -1))
        h = self.conv2(ops.silu(self.norm2(h)))
        return h + (x if self.past is None else self.past(x))


class SelfAttention(Module):
    """x + attention(norm(x)), every place of the image to every other, in one head: (N, H, W, C) -> the same."""

    def __init__(self, channels: int, rng: Generator) -> None:
        self.norm = GroupNorm(groups_of(channels), channels)
        self.qkv, self.out = Dense(channels, 3 * channels, rng=rng), Dense(channels, channels, init=zeros)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        n, h, w, c = x.shape
        q, k, v = ops.split(ops.reshape(self.qkv(self.norm(x)), (n, h * w, 1, 3 * c)), 3, axis=-1)
        return x + ops.reshape(self.out(ops.reshape(ops.attention(q, k, v, causal=False), (n, h * w, c))), x.shape)


class UNet(Module):
    """Images: (N, H, W, C) -> (N, H, W, C).

    Args:
        shape: (H, W, C), sides divisible by 2, of 16 or more by 4.
        width: channels at the largest size; below it twice as many.
        classes, words: see `Condition`. rng: for the weights.

    Raises:
        ArgumentError: the sides cannot be halved.
    """

    def __init__(self, shape: Shape, width: int, classes: int, rng: Generator, words: bool = False) -> None:
        self.patch = 2 if min(shape[:2]) >= IN_PATCHES else 1
        if any(side % (2 * self.patch) for side in shape[:2]):
            raise ArgumentError(
                f"data: the U-Net halves images; expected sides divisible by {2 * self.patch}, got {shape[:2]}"
            )
        sides, channels = [side // self.patch for side in shape[:2]], shape[2] * self.patch**2
        levels = 1
        while min(sides) >> levels > SMALLEST and not any(side % (2 << levels) for side in sides):
            levels += 1
        features, widths = 4 * width, [width, *[2 * width] * levels]
        self.condition = Condition(features, 64, classes, rng, words)
        self.first = Conv2D(channels, width, 3, padding=1, init="he_uniform", rng=rng)
        self.down = [Block(widths[max(i - 1, 0)], widths[i], features, rng) for i in range(levels)]
        self.halve = [Conv2D(c, c, 3, stride=2, padding=1, init="he_uniform", rng=rng) for c in widths[:levels]]
        bottom = widths[levels]
        self.middle = [Block(widths[levels - 1], bottom, features, rng), Block(bottom, bottom, features, rng)]
        self.attention = SelfAttention(bottom, rng)
        self.double = UpSampling2D(2)
        self.up = [Block(widths[i + 1] + widths[i], widths[i], features, rng) for i in range(levels)]
        self.norm = GroupNorm(groups_of(width), width)
        self.last = Conv2D(width, channels, 3, padding=1, init=zeros)

    def forward(self, x: Tensor, t: np.ndarray, labels: Array | None = None) -> Tensor:
        """Examples x (N, H, W, C) at times t (N,) in [0, 1]."""
        condition, kept = ops.silu(self.condition(t, labels)), []
        h = self.first(in_patches(x, self.patch))
        for block, halve in zip(self.down, self.halve, strict=True):
            kept.append(block(h, condition))
            h = halve(kept[-1])
        h = self.middle[1](self.attention(self.middle[0](h, condition)), condition)
        for block, beside in zip(reversed(self.up), reversed(kept), strict=True):
            h = block(ops.concatenate([self.double(h), beside], axis=3), condition)
        return out_of_patches(self.last(ops.silu(self.norm(h))), self.patch)


def groups_of(channels: int) -> int:
    """How many groups a norm has: at most 8, each of as many channels."""
    return math.gcd(MOST_GROUPS, channels)


def in_patches(x: Tensor, p: int) -> Tensor:
    """(N, H, W, C) -> (N, H/p, W/p, p*p*C): blocks of pixels become channels."""
    n, h, w, c = x.shape
    blocks = ops.transpose(ops.reshape(x, (n, h // p, p, w // p, p, c)), (0, 1, 3, 2, 4, 5))
    return ops.reshape(blocks, (n, h // p, w // p, p * p * c))


def out_of_patches(x: Tensor, p: int) -> Tensor:
    """The way back: (N, h, w, p*p*C) -> (N, h p, w p, C)."""
    n, h, w, c = x.shape
    blocks = ops.transpose(ops.reshape(x, (n, h, w, p, p, c // p**2)), (0, 1, 3, 2, 4, 5))
    return ops.reshape(blocks, (n, h * p, w * p, c // p**2))


def denoising_network(
    shape: Shape, width: int, depth: int, classes: int, rng: Generator, words: bool = False
) -> Module:
    """What suits the shape of an example."""
    if len(shape) == 3:
        return UNet(shape, width, classes, rng, words)
    return Dense2(shape, width, depth, classes, rng, words, FREQUENCIES)
