"""Affine coupling: half of the numbers stay, and say how the others are stretched and shifted (RealNVP).

    y_a = x_a
    y_b = x_b e^s + t        s, t = network(x_a)                        (Dinh et al. 2017, equations 4 and 5)

The Jacobian is triangular, with ones and e^s on its diagonal, so log |det J| = sum of s (equation 6), whatever the
network is; and since y_a is x_a, the network can be asked again on the way back:

    x_b = (y_b - t) e^-s                                                (equations 7 and 8)

The network is never inverted. An e^s without a bound would overflow sooner or later, so s is held within a learnt size:

    s = a tanh(network's),    t = c network's,    a = c = 0 at first

With a and c at 0 each coupling begins as the identity, and a flow of many as one of none.

Lesson 19 derives it.
"""

import numpy as np

from ... import ops
from ...autodiff import Tensor
from ...nn import Module, Parameter
from .bijection import Bijection, Mapped, sum_of


class Coupling(Bijection):
    """An affine coupling of the two halves of the last axis.

    Args:
        network: a module (N, ..., C - C // 2) -> (N, ..., 2 (C // 2)). channels: C.
    """

    def __init__(self, network: Module, channels: int) -> None:
        self.network, self.kept, self.moved = network, channels - channels // 2, channels // 2
        self.size = Parameter(np.zeros(2 * self.moved, np.float32))  # a, then c

    def scale_and_shift(self, x_a: Tensor) -> list[Tensor]:
        """s and t, each (N, ..., C // 2)."""
        s, t = ops.split(self.network(x_a), 2, axis=-1)
        a, c = ops.split(self.size, 2)
        return [a * ops.tanh(s), c * t]

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
