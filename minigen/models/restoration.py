"""The conditional variational autoencoder, for images that were damaged (Sohn, Lee & Yan 2015).

What was lost cannot be computed, only guessed, and often in more than one way. So given the damaged image y, the
original x is modelled like in a VAE, with everything conditioned on y (their equation 4):

    log p(x|y)  >=  E_q[log p(x|y,z)] - KL(q(z|x,y) || p(z)),     q(z|x,y) = N(mean, std^2),  p(z) = N(0, 1)

One z ~ N(0, 1) and y are decoded into one guess. The mean over several z, the best answer in the sense of the mean
square, is blurred where the guesses differ; a single one is sharper, and may be wrong.

p(x|y,z) is a Gaussian around the guess. Of all its scales the batch's own mean square error makes the batch most
likely, and with it -log p = D/2 (log(2 pi MSE) + 1) for D unknown pixels (Rybkin, Daniilidis & Levine 2021, section 4).

The decoder sees y on three scales (a U-Net; Ronneberger, Fischer & Brox 2015, figure 1): what is still there need not
pass through z.
"""

import math
from typing import Any

from .. import ops
from ..distributions import Normal, kl_to_standard_normal
from ..errors import ArgumentError
from ..nn import Conv2D, Conv2DTranspose, Dense, Module, sum_features
from ..random import Generator, given_or_default
from .networks import conv_encoder
from .vae import VAELoss, bounded


class UNet(Module):
    """(y (N, H, W, C + 1), z (N, latent_dim)) -> (N, H, W, C): two levels down, z at the bottom, two up, and y added.

    Args:
        shape: (H, W, C), sides divisible by 4.
        latent_dim: the length of z.
        width: channels at full size; doubled at each level.
        rng: for the weights.
    """

    def __init__(self, shape: tuple[int, ...], latent_dim: int, width: int, rng: Generator) -> None:
        h, w, c = shape
        he: Any = {"init": "he_uniform", "rng": rng}
        self.bottom = (h // 4, w // 4, 4 * width)
        self.first = Conv2D(c + 1, width, 3, padding=1, **he)
        self.down1 = Conv2D(width, 2 * width, 4, stride=2, padding=1, **he)
        self.down2 = Conv2D(2 * width, 4 * width, 4, stride=2, padding=1, **he)
        self.latent = Dense(latent_dim, math.prod(self.bottom), **he)
        self.middle = Conv2D(4 * width, 4 * width, 3, padding=1, **he)
        self.up2 = Conv2DTranspose(4 * width, 2 * width, 4, stride=2, padding=1, **he)
        self.up1 = Conv2DTranspose(4 * width, width, 4, stride=2, padding=1, **he)
        self.last = Conv2D(2 * width, c, 3, padding=1, rng=rng)

    def forward(self, y: Any, z: Any) -> Any:
        """A guess at the original."""
        full = ops.relu(self.first(y))
        half = ops.relu(self.down1(full))
        quarter = ops.relu(self.down2(half) + self.latent(z).reshape(-1, *self.bottom))
        quarter = ops.relu(self.middle(quarter))
        up = ops.relu(self.up2(quarter))
        up = ops.relu(self.up1(ops.concatenate([up, half], axis=3)))
        return y[..., :-1] + self.last(ops.concatenate([up, full], axis=3))


class RestorationVAE(Module):
    """A conditional VAE whose input is a damaged image with one channel more: 1 where a pixel is known, else 0.

    Args:
        shape: of the images, (H, W, C), sides divisible by 4.
        latent_dim: the length of z.
        width: channels of the networks at full size.
        rng: for the weights.
    """

    def __init__(self, shape: tuple[int, ...], latent_dim: int, width: int, rng: Generator | None = None) -> None:
        h, w, c = shape
        rng = given_or_default(rng)
        self.encoder = conv_encoder((h, w, 2 * c + 1), 2 * latent_dim, width, rng)
        self.decoder = UNet(shape, latent_dim, width, rng)
        self.latent_dim = latent_dim

    def guess(self, y: Any, z: Any) -> Any:
        """Originals (N, H, W, C) for damaged y (N, H, W, C + 1) and codes z; what is known stays as it is."""
        image, known = y[..., :-1], y[..., -1:]
        return known * image + (1 - known) * self.decoder(y, z)

    def loss(self, x: Any, y: Any, rng: Generator | None = None, kl_weight: float = 1.0) -> VAELoss:
        """-ELBO of originals x (N, H, W, C) given damaged y (N, H, W, C + 1), in nats per example, and its parts.

        With a `kl_weight` below 1 it is less than a bound; see `RestorationTrainer`.
        """
        mean, log_var = ops.split(self.encoder(ops.concatenate([x, y], axis=3)), 2, axis=-1)
        q = Normal(mean, bounded(log_var))
        squares = ops.sum((x - self.guess(y, q.sample(rng))) ** 2)
        unknown = x.shape[3] * ops.sum(1 - y[..., -1:])  # pixels of the batch
        reconstruction = unknown / (2 * len(x)) * (ops.log(2 * math.pi * squares / unknown) + 1)
        kl = ops.mean(sum_features(kl_to_standard_normal(q)))
        return VAELoss(reconstruction + kl_weight * kl, reconstruction, kl)

    def restore(self, y: Any, rng: Generator | None = None, guesses: int = 1) -> Any:
        """The mean of so many guesses at the originals of y (N, H, W, C + 1): (N, H, W, C)."""
        if guesses < 1:
            raise ArgumentError(f"guesses: expected 1 or more, got {guesses}")
        rng = given_or_default(rng)
        codes = [rng.normal((len(y), self.latent_dim), device=y.device) for _ in range(guesses)]
        return ops.mean(ops.stack([self.guess(y, z) for z in codes]), axis=0)

    def sample(self, n: int, rng: Generator | None = None) -> Any:
        """Not possible: there is nothing to restore."""
        raise ArgumentError("sample: this model restores damaged images and makes none from noise; see restored.png")
