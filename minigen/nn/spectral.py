"""Spectral normalisation (Miyato et al. 2018): a layer that stretches no input by more than 1.

A linear map W stretches by at most its largest singular value sigma. Dividing by it,

    y = (W / sigma) x + b  =  W (x / sigma) + b

makes the layer 1-Lipschitz, and a discriminator of such layers cannot become arbitrarily steep. sigma is followed by
power iteration: v = W u / |W u|, u = W^T v / |W^T v|, sigma = v^T W u, one round a training step, as W changes little
(their algorithm 1). In the gradient u and v are constants and sigma depends on W through v^T W u (their equation 11).

Derived in lesson 11.
"""

import numpy as np

from .. import ops
from ..autodiff import Tensor
from ..backend import Array, xp_of
from ..errors import ArgumentError
from .layers import Conv2D, Dense
from .module import Buffer, Module

ROUNDS_AT_THE_START = 30


class SpectralNorm(Module):
    """A Dense or Conv2D layer with its weights divided by their largest singular value.

    A convolution's kernel is taken as a matrix (kh kw inputs, outputs), as in the paper (section 2.1, footnote).

    Args:
        layer: the layer to wrap; its weights are trained as before.
    """

    def __init__(self, layer: Module) -> None:
        if not isinstance(layer, (Dense, Conv2D)):
            raise ArgumentError(f"layer: spectral normalisation is for Dense and Conv2D, got {type(layer).__name__}")
        self.layer = layer
        outputs = layer.w.shape[-1]
        self.u = Buffer(np.full(outputs, outputs**-0.5, np.float32))
        self.v = Buffer(np.zeros(layer.w.size // outputs, np.float32))
        for _ in range(ROUNDS_AT_THE_START):
            self._iterate()

    def _iterate(self) -> None:
        """One round of power iteration."""
        w = self.layer.w.data.reshape(-1, self.layer.w.shape[-1])  # (inputs, outputs)
        self.v.data[...] = _unit(w @ self.u.data)  # algorithm 1, step 1
        self.u.data[...] = _unit(self.v.data @ w)

    def sigma(self) -> Tensor:
        """The largest singular value, as far as known; gradients flow to the weights."""
        w = ops.reshape(self.layer.w, (-1, self.layer.w.shape[-1]))
        stretched = ops.matmul(w, self.u.data.copy())  # copies: the buffers move on before the backward pass
        return ops.sum(stretched * self.v.data.copy())

    def forward(self, x: Tensor) -> Tensor:
        """The layer, of x / sigma."""
        if self.training and not self.is_frozen:
            self._iterate()
        return self.layer(x / self.sigma())  # equation 8


def _unit(x: Array) -> Array:
    """x divided by its length."""
    xp = xp_of(x)
    return x / (xp.sqrt((x * x).sum()) + xp.finfo(x.dtype).tiny)
