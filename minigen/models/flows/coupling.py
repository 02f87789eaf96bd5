"""Affine coupling: half of the numbers stay, and say how the others are stretched and shifted (RealNVP).

    y_a = x_a
    y_b = x_b e^s + t        s, t = network(x_a)                        (Dinh et al. 2017, equations 4 and 5)

The Jacobian is triangular, with ones and e^s on its diagonal, so log |det J| = sum of s (equation 6), whatever the
network is; and since y_a is x_a, the network can be asked again on the way back:

    x_b = (y_b - t) e^-s                                                (equations 7 and 8)

The network is never inverted. An e^s without a bound would overflow sooner or later, so s is made of the network's
output h within a learnt bound e^b, with b = 0 at first:

    s = e^b tanh(e^-b h)

A network whose last layer is 0 at first (`starting_at_zero`) makes each coupling begin as the identity.

Lesson 19 derives it.
"""

import numpy as np

from ... import ops
from ...autodiff import Tensor
from ...errors import ArgumentError, whole
from ...nn import Module, Parameter
from ...random import Generator
from .bijection import Bijection, Mapped, sum_of


class Coupling(Bijection):
    """An affine coupling of the two halves of the last axis.

    Args:
        network: a module (N, ..., C - B) -> (N, ..., 2 B). channels: C.
        moved: B, how many of the channels, the last ones, are stretched and shifted; default: C // 2.

    Raises:
        ArgumentError: there is one channel alone, or one half is empty.
    """

    def __init__(self, network: Module, channels: int, moved: int | None = None) -> None:
        if channels < 2:
            raise ArgumentError(f"channels: expected at least 2, got {channels}: one half says how the other is moved")
        moved = channels // 2 if moved is None else whole("moved", moved)
        if moved >= channels:
            raise ArgumentError(f"moved: expected less than the {channels} channels, got {moved}: some say how")
        self.network, self.kept, self.moved = network, channels - moved, moved
        self.log_bound = Parameter(np.zeros(self.moved, np.float32))

    def scale_and_shift(self, x_a: Tensor) -> tuple[Tensor, Tensor]:
        """s and t, each (N, ..., B)."""
        h, t = ops.split(self.network(x_a), 2, axis=-1)
        return within(self.log_bound, h), t

    def forward(self, x: Tensor) -> Mapped:
        """(N, ..., C) -> the same shape."""
        x_a, x_b = ops.split(x, [self.kept], axis=-1)
        s, t = self.scale_and_shift(x_a)
        return ops.concatenate([x_a, x_b * ops.exp(s) + t], axis=-1), sum_of(s)

    def inverse(self, z: Tensor) -> Mapped:
        """(N, ..., C) -> the same shape."""
        x_a, y_b = ops.split(z, [self.kept], axis=-1)
        s, t = self.scale_and_shift(x_a)
        return ops.concatenate([x_a, (y_b - t) * ops.exp(-s)], axis=-1), -sum_of(s)


def within(log_bound: Tensor, h: Tensor) -> Tensor:
    """e^b tanh(e^-b h): h itself where it is small, and never beyond a bound e^b for each channel."""
    return ops.exp(log_bound) * ops.tanh(ops.exp(-log_bound) * h)


def starting_at_zero(rng: Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
    """Weights of 0, for a last layer; the layers before it give it a gradient."""
    return np.zeros(shape, np.float32)
