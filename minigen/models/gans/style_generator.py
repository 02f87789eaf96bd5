"""A generator that is shaped by styles (StyleGAN, Karras et al. 2019).

- A mapping network turns z into w: w need not be distributed like z, so that its directions can mean something
  (section 2).
- The image begins as a learned constant. At every layer a style y = (y_s, y_b), an affine function of w, sets scale and
  shift of each channel, after the channel itself has been standardised (AdaIN, their equation 1):

      AdaIN(x_i, y) = y_s,i (x_i - mean(x_i)) / std(x_i) + y_b,i

- Noise, one number a pixel and layer, is added with a learned strength for each channel: what is left to chance, such
  as where exactly a stroke ends, need not be squeezed out of z (section 3.2).

Lesson 12 uses it.
"""

from collections.abc import Sequence

import numpy as np

from ... import ops
from ...autodiff import Tensor, raw, written
from ...backend import Array
from ...nn import Buffer, Conv2D, Dense, LeakyReLU, Module, Parameter, Sequential
from ...random import Generator
from ..networks import levels_of
from ..recipe import Shape

MAPPING_LAYERS, MEAN_DECAY = 4, 0.995


class StyledLayer(Module):
    """A convolution (or none, for the constant), noise, LeakyReLU, AdaIN.

    The dense layer gives y_s - 1 and y_b. So with its first weights, which are small, and biases of 0, every style is
    near y_s = 1 and y_b = 0, and the image passes as it is. (The paper starts the biases of y_s at 1: the same.)
    """

    def __init__(self, channels: int, width: int, latent_dim: int, rng: Generator, first: bool = False) -> None:
        self.conv = None if first else Conv2D(channels, width, 3, padding=1, init="he_uniform", rng=rng)
        self.strength = Parameter(np.zeros(width, np.float32))
        self.style = Dense(latent_dim, 2 * width, rng=rng)

    def forward(self, x: Tensor, w: Tensor, noise: Array | float) -> Tensor:
        """x (N, H, W, C), w (N, latent_dim), noise (N, H, W, 1) -> (N, H, W, width)."""
        if self.conv:
            x = self.conv(x)
        x, _, _ = ops.standardize(ops.leaky_relu(x + self.strength * noise, 0.2), (1, 2))
        scale, shift = ops.split(ops.reshape(self.style(w), (w.shape[0], 1, 1, 2 * x.shape[3])), 2, axis=3)
        return (1 + scale) * x + shift  # equation 1 with y_s = 1 + scale


class StyleGenerator(Module):
    """Images from styles; see above. Two styled layers for each size of the image, from a quarter (or less) up.

    Args:
        latent_dim: the length of z and w. shape: of an image. width: channels at full size; twice as many below.
        rng: where the weights are drawn from.
    """

    def __init__(self, latent_dim: int, shape: Shape, width: int, rng: Generator) -> None:
        levels = levels_of(shape)
        self.sides = [(shape[0] >> level, shape[1] >> level) for level in reversed(range(levels + 1))]
        wide = 2 * width
        self.mapping = Sequential(
            *(
                layer
                for _ in range(MAPPING_LAYERS)
                for layer in (Dense(latent_dim, latent_dim, init="he_uniform", rng=rng), LeakyReLU(0.2))
            )
        )
        self.constant = Parameter(rng.normal((1, *self.sides[0], wide), device="cpu"))
        self.layers = []
        for i in range(len(self.sides)):
            here = width if i == levels else wide
            self.layers.append(StyledLayer(wide, here, latent_dim, rng, first=i == 0))
            self.layers.append(StyledLayer(here, here, latent_dim, rng))
        self.last = Conv2D(width, shape[2], 1, rng=rng)
        self.mean_w = Buffer(np.zeros(latent_dim, np.float32))

    def styles(self, z: Tensor) -> Tensor:
        """w for z, both (N, latent_dim); z is first scaled to length sqrt(latent_dim)."""
        w = self.mapping(z * (ops.mean(z * z, axis=1, keepdims=True) + 1e-8) ** -0.5)
        if self.training and not self.is_frozen:
            mean = raw(w).mean(axis=0)
            self.mean_w.data[...] = mean + MEAN_DECAY * (self.mean_w.data - mean)
            written([self.mean_w], "StyleGenerator in training")
        return w

    def truncated(self, w: Tensor, psi: float) -> Tensor:
        """w pulled towards its mean: psi = 1 leaves it, psi = 0 gives the mean."""
        return self.mean_w + psi * (w - self.mean_w)

    def noise(self, n: int, rng: Generator) -> list[Array]:
        """Noise for every layer: arrays (n, H, W, 1)."""
        return [rng.normal((n, *self.sides[i // 2], 1), device=self.device) for i in range(len(self.layers))]

    def paint(self, ws: Sequence[Tensor], noise: Sequence[Array | float]) -> Tensor:
        """Images (N, H, W, C) in (-1, 1) from a style and noise for every layer."""
        n = ws[0].shape[0]
        x = ops.broadcast_to(self.constant, (n, *self.constant.shape[1:]))
        for i, layer in enumerate(self.layers):
            if i % 2 == 0 and i:
                x = ops.upsample_nearest(x)
            x = layer(x, ws[i], noise[i])
        return ops.tanh(self.last(x))

    def forward(self, z: Tensor) -> Tensor:
        """Images at z (N, latent_dim), one style throughout, and no noise."""
        return self.paint([self.styles(z)] * len(self.layers), [0.0] * len(self.layers))
