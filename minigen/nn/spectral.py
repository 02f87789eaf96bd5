"""Spectral normalisation (Miyato et al. 2018): a layer that stretches no input by more than 1.

A linear map W stretches by at most its largest singular value sigma. Dividing by it,

    y = (W / sigma) x + b  =  W (x / sigma) + b

makes the layer 1-Lipschitz, and a discriminator of such layers cannot become arbitrarily steep. sigma is followed by
power iteration: v = W u / |W u|, u = W^T v / |W^T v|, sigma = v^T W u, one round a training step, as W changes little
(their algorithm 1). In the gradient u and v are constants and sigma depends on W through v^T W u (their equation 11).

A u at a right angle to the vector of sigma would stay so, and find a smaller singular value. So u starts in a random
direction, and each round tilts it by NUDGE in a fixed one: that changes sigma by about NUDGE^2.

Derived in lesson 11.
"""

import numpy as np

from .. import ops
from ..autodiff import Tensor
from ..backend import Array, xp_of
from ..errors import ArgumentError
from ..random import Generator, given_or_default
from .layers import Conv2D, Dense
from .module import Buffer, Module

ROUNDS_AT_THE_START = 30
NUDGE = 1e-5
SMALLEST = 1e-30  # a sigma below is that of weights that are all 0, and divides nothing


class SpectralNorm(Module):
    """A Dense or Conv2D layer with its weights divided by their largest singular value.

    A convolution's kernel is taken as a matrix (kh kw inputs, outputs), as in the paper (section 2.1, footnote).
    Weights that are all 0 stay so.

    Args:
        layer: the layer to wrap; its weights are trained as before.
        rng: where the direction to start from is drawn from.
    """

    def __init__(self, layer: Module, *, rng: Generator | None = None) -> None:
        if not isinstance(layer, (Dense, Conv2D)):
            raise ArgumentError(f"layer: spectral normalisation is for Dense and Conv2D, got {type(layer).__name__}")
        self.layer = layer
        outputs = layer.w.shape[-1]
        self.u = Buffer(_unit(given_or_default(rng).normal((outputs,), device="cpu"), 0.0))
        self.v = Buffer(np.zeros(layer.w.size // outputs, np.float32))
        for _ in range(ROUNDS_AT_THE_START):
            self._iterate()

    def _iterate(self) -> None:
        """One round of power iteration."""
        w = self.layer.w.data.reshape(-1, self.layer.w.shape[-1])  # (inputs, outputs)
        u, v = self.u.data, self.v.data
        tilt = xp_of(u).cos(xp_of(u).arange(len(u), dtype=u.dtype))
        v[...] = _unit(w @ (u + NUDGE * tilt), 0.0)  # algorithm 1, step 1
        u[...] = _unit(v @ w, u)

    def sigma(self) -> Tensor:
        """The largest singular value, as far as known; gradients flow to the weights."""
        w = ops.reshape(self.layer.w, (-1, self.layer.w.shape[-1]))
        stretched = ops.matmul(w, self.u.data.copy())  # copies: the buffers move on before the backward pass
        return ops.sum(stretched * self.v.data.copy())

    def forward(self, x: Tensor) -> Tensor:
        """The layer, of x / sigma."""
        if self.training and not self.is_frozen:
            self._iterate()
        sigma = self.sigma()
        return self.layer(x / ops.where(sigma <= SMALLEST, 1.0, sigma))  # equation 8


def _unit(x: Array, of_zero: Array | float) -> Array:
    """x divided by its length; `of_zero` for an x of length 0."""
    xp = xp_of(x)
    largest = xp.abs(x).max()
    x = x / xp.where(largest > 0, largest, 1)  # so that no square is too small or too large
    length = xp.sqrt((x * x).sum())
    return xp.where(largest > 0, x / xp.where(length > 0, length, 1), of_zero).astype(x.dtype)
