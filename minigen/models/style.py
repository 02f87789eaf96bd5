"""A small style-based generator (StyleGAN, Karras et al. 2019): noise becomes a style, and styles shape an image.

- A mapping network turns z into w: w need not be distributed like z, so that its directions can mean something
  (section 2).
- The image begins as a learned constant. At every layer a style y = (y_s, y_b), an affine function of w, sets scale and
  shift of each channel, after the channel itself has been standardised (AdaIN, their equation 1):

      AdaIN(x_i, y) = y_s,i (x_i - mean(x_i)) / std(x_i) + y_b,i

- Noise, one number a pixel and layer, is added with a learned strength for each channel: what is left to chance, such
  as where exactly a stroke ends, need not be squeezed out of z (section 3.2).
- Style mixing: in training half of the images take the styles of their first layers from one w and the rest from
  another. So layers learn not to rely on each other: coarse ones set the digit, fine ones the stroke (section 3.1).
- Truncation: w' = mean(w) + psi (w - mean(w)) trades variety for quality (appendix B).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..autodiff import Tensor, raw
from ..backend import device_of, xp_of
from ..errors import ArgumentError
from ..nn import Buffer, Conv2D, Dense, LeakyReLU, Module, Parameter, Sequential
from ..random import Generator, given_or_default
from .gan import GAN
from .networks import Shape, levels_of

MAPPING_LAYERS, MIXING, MEAN_DECAY = 4, 0.5, 0.995


class StyledLayer(Module):
    """A convolution (or none, for the constant), noise, LeakyReLU, AdaIN."""

    def __init__(self, channels: int, width: int, latent_dim: int, rng: Generator, first: bool = False) -> None:
        self.conv = None if first else Conv2D(channels, width, 3, padding=1, init="he_uniform", rng=rng)
        self.strength = Parameter(np.zeros(width, np.float32))
        self.style = Dense(latent_dim, 2 * width, rng=rng)

    def forward(self, x: Any, w: Any, noise: Any) -> Any:
        """x (N, H, W, C), w (N, latent_dim), noise (N, H, W, 1) -> (N, H, W, width)."""
        if self.conv:
            x = self.conv(x)
        x, _, _ = ops.standardize(ops.leaky_relu(x + self.strength * noise, 0.2), (1, 2))
        scale, shift = ops.split(ops.reshape(self.style(w), (w.shape[0], 1, 1, 2 * x.shape[3])), 2, axis=3)
        return (1 + scale) * x + shift


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

    def styles(self, z: Any) -> Any:
        """w for z, both (N, latent_dim); z is first scaled to length sqrt(latent_dim)."""
        w = self.mapping(z * (ops.mean(z * z, axis=1, keepdims=True) + 1e-8) ** -0.5)
        if self.training and not self.is_frozen:
            mean = raw(w).mean(axis=0)
            self.mean_w.data[...] = mean + MEAN_DECAY * (self.mean_w.data - mean)
        return w

    def truncated(self, w: Any, psi: float) -> Any:
        """w pulled towards its mean: psi = 1 leaves it, psi = 0 gives the mean."""
        return self.mean_w + psi * (w - self.mean_w)

    def noise(self, n: int, rng: Generator) -> list[Any]:
        """Noise for every layer: arrays (n, H, W, 1)."""
        device = device_of(self.constant.data)
        return [rng.normal((n, *self.sides[i // 2], 1), device=device) for i in range(len(self.layers))]

    def paint(self, ws: Sequence[Any], noise: Sequence[Any]) -> Any:
        """Images (N, H, W, C) in (-1, 1) from a style and noise for every layer."""
        n = ws[0].shape[0]
        x = ops.broadcast_to(self.constant, (n, *self.constant.shape[1:]))
        for i, layer in enumerate(self.layers):
            if i % 2 == 0 and i:
                x = ops.upsample_nearest(x)
            x = layer(x, ws[i], noise[i])
        return ops.tanh(self.last(x))

    def forward(self, z: Any) -> Any:
        """Images at z (N, latent_dim), one style throughout, and no noise."""
        return self.paint([self.styles(z)] * len(self.layers), [0.0] * len(self.layers))


class StyleGAN(GAN):
    """A GAN with a style-based generator.

    Args:
        generator: as above.
        discriminator, latent_dim, settings: see `GAN`.
    """

    def __init__(self, generator: StyleGenerator, discriminator: Module, latent_dim: int, **settings: Any) -> None:
        super().__init__(generator, discriminator, latent_dim, **settings)
        self.generator: Any = generator

    def fakes(self, n: int, rng: Generator | None = None) -> Any:
        """n images with noise, half of them of two styles, the second from a random layer on."""
        rng = given_or_default(rng)
        first, second = (self.generator.styles(self.noise(n, rng)) for _ in range(2))
        count, device = len(self.generator.layers), device_of(raw(first))
        change = 1 + (count - 1) * rng.uniform((n, 1), device=device)  # the layer where the second style sets in
        change = xp_of(change).where(rng.uniform((n, 1), device=device) < MIXING, change, count)
        ws = [ops.where(Tensor(i < change), first, second) for i in range(count)]
        return self.generator.paint(ws, self.generator.noise(n, rng))

    def sample(self, n: int, rng: Generator | None = None, truncation: float = 1.0) -> Any:
        """n generated images with noise, each of one style, pulled towards the mean style by `truncation` = psi."""
        if not 0 <= truncation <= 1:
            raise ArgumentError(f"truncation: expected 0 <= psi <= 1, got {truncation}")
        rng = given_or_default(rng)
        w = self.generator.truncated(self.generator.styles(self.noise(n, rng)), truncation)
        return self.generator.paint([w] * len(self.generator.layers), self.generator.noise(n, rng))

    def mix(self, coarse: Any, fine: Any, change: int) -> Any:
        """Images with the styles of codes `coarse` below layer `change`, and of `fine` from there on; no noise.

        Args:
            coarse, fine: z, (N, latent_dim).
            change: 0 (all from `fine`) to the number of layers (all from `coarse`).
        """
        count = len(self.generator.layers)
        if not 0 <= change <= count:
            raise ArgumentError(f"change: expected a layer 0 ... {count}, got {change}")
        first, second = self.generator.styles(coarse), self.generator.styles(fine)
        return self.generator.paint([first if i < change else second for i in range(count)], [0.0] * count)
