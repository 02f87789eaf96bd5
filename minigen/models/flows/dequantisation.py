"""From grey levels to real numbers and back: dequantisation, and the logit.

A density says nothing of a pixel that takes one of K levels: it can grow without bound on the levels. So noise fills
the gaps between them. For a level k and u in (0, 1), v = (k + u) / K covers (0, 1) once; and for a density p of v,

    P(k) = integral of p((k + u) / K) du / K^D
    log P(k)  >=  E_q[log p((k + u) / K) - log q(u|k)] - D log K             (Ho et al. 2019, Flow++, section 3.1)

by Jensen's inequality, for any density q of the noise. With uniform noise, log q = 0 (uniform dequantisation; Theis et
al. 2016). But then p has to be flat over each cell, which no smooth density is. In variational dequantisation q is
learnt with p, and puts the noise where p would have it:

    u = sigmoid(m + e^r eps),   eps ~ N(0, 1),   m, r = network(k)

The real numbers v lie in (0, 1), a flow's in all of R. So the flow begins with a logit, after a little shrinking that
keeps it finite (Dinh et al. 2017, section 4.1; Papamakarios et al. 2017):

    y = logit(alpha / 2 + (1 - alpha) v)

Lesson 20 derives the bound.
"""

import math

import numpy as np

from ... import ops
from ...autodiff import Tensor
from ...distributions import LOG_2PI
from ...nn import Module, Parameter
from ...random import Generator, given_or_default
from .bijection import Bijection, Mapped, Squeeze, no_change, sum_of
from .coupling import within

ALPHA = 1e-5
NEARLY_UNIFORM = 0.5  # r with which sigmoid(e^r eps) is nearly uniform


class Uniform(Module):
    """Noise of uniform dequantisation."""

    def forward(self, k: Tensor, rng: Generator | None = None) -> Mapped:
        """u in (0, 1) for levels k (N, H, W, C), and log q(u|k) = 0 of each image."""
        return Tensor(given_or_default(rng).uniform(k.shape, dtype=k.dtype, device=k.device)), no_change(k)


class Variational(Module):
    """Noise that is learnt: the sigmoid of a Gaussian for each pixel, whose mean and deviation a network tells.

    r is held within a bound, as the scale of a coupling is. Where the network begins with 0, the noise begins nearly
    uniform.

    Args:
        network: of squeezed images, (N, H/2, W/2, 4 C) -> (N, H/2, W/2, 8 C). levels: K.
    """

    def __init__(self, network: Module, levels: int) -> None:
        self.network, self.levels, self.squeeze = network, levels, Squeeze()
        self.log_bound = Parameter(np.zeros(1, np.float32))

    def forward(self, k: Tensor, rng: Generator | None = None) -> Mapped:
        """u in (0, 1) for levels k (N, H, W, C), and log q(u|k) of each image."""
        seen, _ = self.squeeze(k * (2 / (self.levels - 1)) - 1)
        m, r = ops.split(self.network(seen), 2, axis=-1)
        r = within(self.log_bound, r) + NEARLY_UNIFORM
        eps = given_or_default(rng).normal(m.shape, dtype=k.dtype, device=k.device)
        a = m + ops.exp(r) * eps
        log_q = -0.5 * (LOG_2PI + eps * eps) - r + ops.softplus(a) + ops.softplus(-a)  # sigmoid' is under 1: q grows
        u, _ = self.squeeze.inverse(ops.sigmoid(a))
        return u, sum_of(log_q)


class Logit(Bijection):
    """y = logit(alpha / 2 + (1 - alpha) v): (0, 1) to R."""

    def forward(self, x: Tensor) -> Mapped:
        """v (N, ...) in [0, 1] -> y of the same shape."""
        inside = x * (1 - ALPHA) + ALPHA / 2
        log_p, log_q = ops.log(inside), ops.log1p(-inside)
        return log_p - log_q, sum_of(math.log(1 - ALPHA) - log_p - log_q)

    def inverse(self, z: Tensor) -> Mapped:
        """y -> v."""
        log_slope = -ops.softplus(z) - ops.softplus(-z)
        return (ops.sigmoid(z) - ALPHA / 2) / (1 - ALPHA), sum_of(log_slope - math.log(1 - ALPHA))
