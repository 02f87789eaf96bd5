"""Linear maps between couplings, so that each number is moved at some time: a swap, and Glow's 1x1 convolution.

A coupling leaves half of the channels as they are. RealNVP lets the halves take turns. Glow (Kingma & Dhariwal 2018)
learns how the C channels are mixed before each coupling, by the same matrix W at each of the h w places:

    y = x W        log |det J| = h w log |det W|                                                   (their equation 9)

The determinant of W would take C^3 multiplications, and a W that training makes nearly singular could not be undone. So
W is learnt as a product of triangles,

    W = P L (U + diag(sigma e^d)),      log |det W| = sum of d                           (their equations 10 and 11)

with L lower triangular with ones on its diagonal, U strictly upper triangular, a fixed permutation P and fixed signs
sigma. No e^d is 0, so W has an inverse whatever is learnt.

`Normalize` shifts and stretches each number by itself. (Glow's actnorm, section 3.1, has one pair for each channel;
here each place has its own, as a digit's place in the image says much.)

Lesson 19 uses the swap; no lesson derives the mixing yet.
"""

import math

import numpy as np

from ... import ops
from ...autodiff import Tensor, raw
from ...backend import to_numpy, xp_of
from ...nn import Buffer, Parameter
from ...random import Generator, given_or_default
from .bijection import Bijection, Mapped, no_change


class Swap(Bijection):
    """The channels in reverse order: what stayed comes to be moved, if the halves trade their sizes too."""

    def forward(self, x: Tensor) -> Mapped:
        """The elements only move: the determinant is 1 or -1."""
        return ops.flip(x, -1), no_change(x)

    def inverse(self, z: Tensor) -> Mapped:
        """Its own inverse."""
        return self.forward(z)


class Mixing(Bijection):
    """Glow's invertible 1x1 convolution, by the factors of a random rotation.

    Args:
        channels: C. rng: for the rotation.
    """

    def __init__(self, channels: int, rng: Generator | None = None) -> None:
        noise = given_or_default(rng).normal((channels, channels), device="cpu")
        rotation, _ = np.linalg.qr(noise.astype(np.float64))
        order, lower, upper = (a.astype(np.float32) for a in factors(rotation))
        diagonal = np.diag(upper)
        self.lower, self.upper = Parameter(np.tril(lower, -1)), Parameter(np.triu(upper, 1))
        self.log_diagonal = Parameter(np.log(np.abs(diagonal)))
        self.order, self.signs = Buffer(order), Buffer(np.diag(np.sign(diagonal)))

    def matrix(self) -> Tensor:
        """W, (C, C)."""
        one = abs(self.signs)
        lower = ops.tril(self.lower, -1) + one
        upper = ops.triu(self.upper, 1) + self.signs * ops.exp(self.log_diagonal)
        return ops.matmul(self.order, ops.matmul(lower, upper))  # equation 10

    def _log_det(self, x: Tensor) -> Tensor:
        return no_change(x) + math.prod(x.shape[1:-1]) * ops.sum(self.log_diagonal)  # equations 9 and 11

    def forward(self, x: Tensor) -> Mapped:
        """(N, ..., C) -> the same shape."""
        return ops.dense(x, self.matrix(), None), self._log_det(x)

    def inverse(self, z: Tensor) -> Mapped:
        """By the inverse matrix, which is computed in float64."""
        w = to_numpy(raw(self.matrix())).astype(np.float64)
        back = xp_of(z.data).asarray(np.linalg.inv(w), dtype=z.dtype)
        return ops.dense(z, Tensor(back), None), -self._log_det(z)


def factors(a: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P, L and U with a = P L U, by elimination with the largest element of each column as the pivot: all (n, n)."""
    n, lower, upper, rows = len(a), np.eye(len(a)), a.astype(np.float64), np.arange(len(a))
    for k in range(n):
        pivot = k + int(np.argmax(np.abs(upper[k:, k])))
        for array in (upper, rows):
            array[[k, pivot]] = array[[pivot, k]]
        lower[[k, pivot], :k] = lower[[pivot, k], :k]
        lower[k + 1 :, k] = upper[k + 1 :, k] / upper[k, k]
        upper[k + 1 :] -= lower[k + 1 :, k, None] * upper[k]
    return np.eye(n)[:, rows], lower, upper


class Normalize(Bijection):
    """y = (x - m) e^-r with a learnt m and r for each number of an example.

    Args:
        shape: of an example. `prepare` sets m and r, so that what it is given comes out with mean 0 and variance 1.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.mean = Parameter(np.zeros(shape, np.float32))
        self.log_std = Parameter(np.zeros(shape, np.float32))

    def prepare(self, x: Tensor) -> Tensor:
        """Take mean and deviation from examples x (N, *shape)."""
        a = raw(x)
        xp = xp_of(a)
        self.mean.data[...] = a.mean(axis=0)
        self.log_std.data[...] = 0.5 * xp.log(a.var(axis=0) + 1e-4)  # where nothing varies: a deviation of 0.01
        return self.forward(x)[0]

    def forward(self, x: Tensor) -> Mapped:
        """(N, *shape) -> the same shape."""
        return (x - self.mean) * ops.exp(-self.log_std), no_change(x) - ops.sum(self.log_std)

    def inverse(self, z: Tensor) -> Mapped:
        """(N, *shape) -> the same shape."""
        return z * ops.exp(self.log_std) + self.mean, no_change(z) + ops.sum(self.log_std)
