"""Invertible maps, and the change of variables (Dinh, Sohl-Dickstein & Bengio 2017, section 3.1).

A bijection z = f(x) with the Jacobian J = dz/dx stretches a small volume around x by |det J|. Probability is neither
made nor lost, so densities shrink by as much as volumes grow:

    log p(x)  =  log p(f(x)) + log |det J|                             (their equations 2 and 3)

For one map after another the logarithms of the determinants add up. Each map here gives z together with its log |det J|
for each example, and undoes itself exactly. The determinant of a D x D matrix takes D^3 multiplications; all maps here
have Jacobians that are triangular, or made of small blocks, and theirs takes D.

Lesson 19 derives the change of variables.
"""

import numpy as np

from ... import ops
from ...autodiff import Tensor
from ...backend import xp_of
from ...errors import ShapeError
from ...nn import Module

Mapped = tuple[Tensor, Tensor]  # what comes out (N, ...), and log |det J| of each example (N,), in nats


class Bijection(Module):
    """An invertible map of examples."""

    def forward(self, x: Tensor) -> Mapped:
        """x (N, ...) -> z, and log |det dz/dx| of each example."""
        raise NotImplementedError(f"{type(self).__name__} defines no forward(x)")

    def inverse(self, z: Tensor) -> Mapped:
        """z -> x with forward(x) = z, and log |det dx/dz| of each example, which is forward's with the other sign."""
        raise NotImplementedError(f"{type(self).__name__} defines no inverse(z)")

    def prepare(self, x: Tensor) -> Tensor:
        """Set what depends on the data, from some examples x (N, ...); returns forward(x) without the determinant."""
        return self.forward(x)[0]


class Chain(Bijection):
    """One bijection after another."""

    def __init__(self, *maps: Bijection) -> None:
        self.maps = list(maps)

    def forward(self, x: Tensor) -> Mapped:
        """The maps in order: their log-determinants add up."""
        total = no_change(x)
        for f in self.maps:
            x, log_det = f(x)
            total = total + log_det
        return x, total

    def inverse(self, z: Tensor) -> Mapped:
        """The inverses in the opposite order."""
        total = no_change(z)
        for f in reversed(self.maps):
            z, log_det = f.inverse(z)
            total = total + log_det
        return z, total

    def prepare(self, x: Tensor) -> Tensor:
        """Each map on what those before it make of x."""
        for f in self.maps:
            x = f.prepare(x)
        return x


class Squeeze(Bijection):
    """Blocks of 2x2 pixels become channels: (N, H, W, C) -> (N, H/2, W/2, 4 C). (section 3.6, figure 3)

    The pixels of a block, a b above c d, come in the order a d b c. The first half of the channels is then one colour
    of a checkerboard and the second half the other, as in their section 3.4.
    """

    order, back = (0, 3, 1, 2), (0, 2, 3, 1)

    def forward(self, x: Tensor) -> Mapped:
        """The elements only move: the determinant is 1."""
        n, h, w, c = x.shape
        if h % 2 or w % 2:
            raise ShapeError(f"Squeeze: images have shape {x.shape[1:]}, expected an even height and width")
        blocks = ops.reshape(x, (n, h // 2, 2, w // 2, 2, c))
        blocks = ops.reshape(ops.transpose(blocks, (0, 1, 3, 2, 4, 5)), (n, h // 2, w // 2, 4, c))
        parts = [blocks[:, :, :, i] for i in self.order]
        return ops.concatenate(parts, axis=3), no_change(x)

    def inverse(self, z: Tensor) -> Mapped:
        """Channels become blocks of pixels again."""
        n, h, w, c = z.shape
        parts = ops.split(z, 4, axis=3)
        blocks = ops.reshape(ops.concatenate([parts[i] for i in self.back], axis=3), (n, h, w, 2, 2, c // 4))
        x = ops.reshape(ops.transpose(blocks, (0, 1, 3, 2, 4, 5)), (n, 2 * h, 2 * w, c // 4))
        return x, no_change(z)


class Scales(Bijection):
    """A multi-scale architecture: after each scale but the last, half of the channels are left as they are.

        z1, h1 = f1(x)      z2, h2 = f2(h1)      ...      z = (z1, z2, ...)                         (section 3.6)

    What is left out early costs no further computing, and keeps the fine detail apart from the coarse.

    Args:
        maps: a bijection for each scale, of images (N, H, W, C). shape: of the images that the last one gives.
    """

    def __init__(self, maps: list[Bijection], shape: tuple[int, int, int]) -> None:
        self.maps, self.shape = list(maps), shape

    def forward(self, x: Tensor) -> Mapped:
        """Images (N, H, W, C) -> vectors (N, H W C)."""
        total, out = no_change(x), []
        for f in self.maps[:-1]:
            x, log_det = f(x)
            total = total + log_det
            done, x = ops.split(x, 2, axis=3)
            out.append(ops.flatten(done))
        x, log_det = self.maps[-1](x)
        return ops.concatenate([*out, ops.flatten(x)], axis=1), total + log_det

    def inverse(self, z: Tensor) -> Mapped:
        """Vectors (N, D) -> images."""
        h, w, c = self.shape
        total, end = no_change(z), z.shape[1]
        start = end - h * w * c
        x, log_det = self.maps[-1].inverse(ops.reshape(z[:, start:], (-1, h, w, c)))
        for f in reversed(self.maps[:-1]):
            total, end = total + log_det, start
            start = end - int(np.prod(x.shape[1:]))
            x, log_det = f.inverse(ops.concatenate([ops.reshape(z[:, start:end], x.shape), x], axis=3))
        return x, total + log_det

    def prepare(self, x: Tensor) -> Tensor:
        """Each scale on what those before it make of x."""
        for f in self.maps[:-1]:
            x = ops.split(f.prepare(x), 2, axis=3)[1]
        return self.maps[-1].prepare(x)


def no_change(x: Tensor) -> Tensor:
    """The log-determinant 0 of each of the examples x (N, ...)."""
    return Tensor(xp_of(x.data).zeros(x.shape[0], dtype=x.dtype))


def sum_of(s: Tensor) -> Tensor:
    """The sum of all numbers of each example: (N, ...) -> (N,)."""
    return ops.sum(ops.flatten(s), axis=1)
