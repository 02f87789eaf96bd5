"""The conditional variational autoencoder, for images that were damaged (Sohn, Lee & Yan 2015).

What was lost cannot be computed, only guessed, and often in more than one way. So given the damaged image y, the
original x is modelled like in a VAE, with everything conditioned on y (their equation 4):

    log p(x|y)  >=  E_q[log p(x|y,z)] - KL(q(z|x,y) || p(z)),     q(z|x,y) = N(mean, std^2),  p(z) = N(0, 1)

One z ~ N(0, 1) and y are decoded into one guess. The mean over several z, the best answer in the sense of the mean
square, is blurred where the guesses differ; a single one is sharper, and may be wrong.

p(x|y,z) is a Gaussian around the guess. Of all its scales the batch's own mean square error makes the batch most
likely, and with it -log p = D/2 (log(2 pi MSE) + 1) for D unknown pixels (Rybkin, Daniilidis & Levine 2021, section 4).

The decoder sees y on three or more scales (a U-Net; Ronneberger, Fischer & Brox 2015, figure 1): what is still there
need not pass through z.

Lesson 13 uses it, and proves that the mean is the best answer in the mean square.
"""

import math
from typing import Any

from ... import ops
from ...autodiff import Tensor
from ...backend import Array, xp_of
from ...data import Dataset
from ...data.damage import DAMAGES, Damaged, check_damage
from ...distributions import gaussian_of, kl_to_standard_normal
from ...errors import ArgumentError
from ...nn import Conv2D, Conv2DTranspose, Dense, Module, sum_features
from ...optim import Adam, cosine
from ...optim.schedules import Schedule
from ...random import Generator, given_or_default
from ..networks import conv_encoder, levels_of
from ..recipe import BATCH_SIZE, LATENT_DIM, LR, STEPS, WIDTH, Option, Recipe, Settings, Shape
from ..trainer import Metrics, Trainer
from .vae import VAELoss


class UNet(Module):
    """(y (N, H, W, C + 1), z (N, latent_dim)) -> (N, H, W, C): levels down, z at the bottom, as many up, and y added.

    The bottom has sides of 8 or less, if they can be halved so often: what is convolved there must see across a hole.

    Args:
        shape: (H, W, C), sides divisible by 4.
        latent_dim: the length of z.
        width: channels at full size; doubled at each level.
        rng: for the weights.
    """

    def __init__(self, shape: tuple[int, ...], latent_dim: int, width: int, rng: Generator) -> None:
        h, w, c = shape
        he: Any = {"init": "he_uniform", "rng": rng}
        self.levels = levels = levels_of((h, w, c))
        channels = [width << level for level in range(levels + 1)]
        self.bottom = (h >> levels, w >> levels, channels[-1])
        self.first = Conv2D(c + 1, width, 3, padding=1, **he)
        for i in range(1, levels + 1):  # down1 halves the image itself
            setattr(self, f"down{i}", Conv2D(channels[i - 1], channels[i], 4, stride=2, padding=1, **he))
        self.latent = Dense(latent_dim, math.prod(self.bottom), **he)
        self.middle = Conv2D(channels[-1], channels[-1], 3, padding=1, **he)
        for i in range(levels, 0, -1):
            fed = channels[i] * (1 if i == levels else 2)  # twice: what came up, and what went down
            setattr(self, f"up{i}", Conv2DTranspose(fed, channels[i - 1], 4, stride=2, padding=1, **he))
        self.last = Conv2D(2 * width, c, 3, padding=1, rng=rng)

    def forward(self, y: Tensor, z: Tensor) -> Tensor:
        """A guess at the original."""
        seen = [ops.relu(self.first(y))]
        for i in range(1, self.levels):
            seen.append(ops.relu(self._at("down", i)(seen[-1])))
        x = self._at("down", self.levels)(seen[-1]) + self.latent(z).reshape(-1, *self.bottom)
        x = ops.relu(self.middle(ops.relu(x)))
        for i in range(self.levels, 0, -1):
            x = ops.concatenate([ops.relu(self._at("up", i)(x)), seen.pop()], axis=3)
        return y[..., :-1] + self.last(x)

    def _at(self, name: str, level: int) -> Any:
        return getattr(self, f"{name}{level}")


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

    def guess(self, y: Tensor, z: Tensor) -> Tensor:
        """Originals (N, H, W, C) for damaged y (N, H, W, C + 1) and codes z; what is known stays as it is."""
        image, known = y[..., :-1], y[..., -1:]
        return known * image + (1 - known) * self.decoder(y, z)

    def loss(self, x: Tensor, y: Tensor, rng: Generator | None = None, kl_weight: float = 1.0) -> VAELoss:
        """-ELBO of originals x (N, H, W, C) given damaged y (N, H, W, C + 1), in nats per example, and its parts.

        With a `kl_weight` below 1 it is less than a bound; see `RestorationTrainer`.
        """
        q = gaussian_of(self.encoder(ops.concatenate([x, y], axis=3)), self.latent_dim, "RestorationVAE: the encoder")
        squares = ops.sum((x - self.guess(y, q.sample(rng))) ** 2)
        unknown = x.shape[3] * ops.sum(1 - y[..., -1:])  # pixels of the batch
        reconstruction = unknown / (2 * len(x)) * (ops.log(2 * math.pi * squares / unknown) + 1)  # Rybkin et al.
        kl = ops.mean(sum_features(kl_to_standard_normal(q)))
        return VAELoss(reconstruction + kl_weight * kl, reconstruction, kl)  # minus equation 4

    def restore(self, y: Tensor, rng: Generator | None = None, guesses: int = 1) -> Tensor:
        """The mean of so many guesses at the originals of y (N, H, W, C + 1): (N, H, W, C)."""
        if guesses < 1:
            raise ArgumentError(f"guesses: expected 1 or more, got {guesses}")
        rng = given_or_default(rng)
        codes = [Tensor(rng.normal((len(y), self.latent_dim), device=y.device)) for _ in range(guesses)]
        return ops.mean(ops.stack([self.guess(y, z) for z in codes]), axis=0)


# --------------------------------------------------------------------------------------------------------- training


class RestorationTrainer(Trainer):
    """Gradient descent on the negative ELBO of originals given damaged images, with Adam; every batch damaged anew.

    At first the decoder does better without the noise that z is, and learns to ignore it before the encoder has
    anything to say. So the KL term comes in slowly (warm-up; Bowman et al. 2016, section 3.1; Sonderby et al. 2016).

    Args:
        model: it is trained in place.
        lr: the learning rate, a number or a schedule.
        damage: a name in DAMAGES.
        amount: how much of it.
        warm_up: the number of steps until the KL term counts in full.
    """

    def __init__(
        self, model: RestorationVAE, lr: float | Schedule, damage: str, amount: float, warm_up: int = 0
    ) -> None:
        self.optimizer = Adam(model.parameters(), lr=lr)
        super().__init__(model, self.optimizer)
        self.damage, self.amount, self.warm_up = damage, amount, warm_up

    def step(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """One step on originals x (N, H, W, C); returns its loss before the step, in nats per example."""
        kl_weight = min(1.0, (self.optimizer.t + 1) / max(1, self.warm_up))
        terms = []
        for shard in self.each(self.shards(x, rng)):
            damaged = DAMAGES[self.damage](shard.x.data, self.amount, shard.rng)
            loss = self.model.loss(shard.x, with_mask(damaged), shard.rng, kl_weight)
            self.optimizer.add(loss.total)
            terms.append({"loss": loss.total, "reconstruction": loss.reconstruction, "kl": loss.kl})
        self.optimizer.step()
        return self.mean(terms)


def with_mask(damaged: Damaged) -> Tensor:
    """The damaged images and what is known of them, as one tensor (N, H, W, C + 1): what the model takes."""
    return Tensor(xp_of(damaged.y).concatenate([damaged.y, damaged.known], axis=3))


# ---------------------------------------------------------------------------------------------------------- recipes


def restoration(s: Settings, shape: Shape, rng: Generator) -> RestorationVAE:
    """As above."""
    return RestorationVAE(shape, s.latent_dim, s.width, rng)


FOR_DATA = {"brain": {"steps": 60}}  # 132 images: learnt by heart with more (docs/data.md)


def undoing(name: str, summary: str, damage: str, amount: float, help: str) -> Recipe:
    """The recipe of a model that undoes one kind of damage."""

    def trainer(model: RestorationVAE, s: Settings) -> RestorationTrainer:
        return RestorationTrainer(model, cosine(s.lr, s.steps), damage, s.amount, s.steps // 2)

    def check(s: Settings, data: Dataset) -> None:
        check_damage(damage, s.amount, data.shape)

    return Recipe(
        name,
        summary,
        restoration,
        trainer,
        (STEPS(2000), BATCH_SIZE(64), LR(2e-3), LATENT_DIM(16), WIDTH(16), Option("amount", amount, help, above=0)),
        shows=("restorations",),
        takes=("images",),
        check=check,
        meaning=lambda s: "psnr is in decibels over the unknown pixels of test images; more is better",
        damage=damage,
        for_data=FOR_DATA,
    )


RECIPES = (
    undoing("denoise", "conditional VAE that removes noise (Sohn et al. 2015)", "noise", 0.5, "the noise's deviation"),
    undoing(
        "inpaint", "conditional VAE that fills a hole (Sohn et al. 2015)", "hole", 0.5, "the hole's share of the side"
    ),
    undoing(
        "super-resolve",
        "conditional VAE that raises the resolution (Sohn et al. 2015)",
        "low resolution",
        2.0,
        "the factor of size",
    ),
)
