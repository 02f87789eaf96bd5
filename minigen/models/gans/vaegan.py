"""The VAE-GAN (Larsen et al. 2016): encoder, decoder = generator, discriminator; one model of three networks.

A VAE's pixelwise likelihood makes blurred images: an edge that is off by a pixel costs as much as one that is missing.
Here images are compared as the discriminator sees them, in the features Dis_l(x) of its last hidden layer:

    L_like  = -E_q[log N(Dis_l(x); Dis_l(Dec(z)), 1)]                     (their equations 7 and 8)
    L_prior = KL(q(z|x) || N(0, 1))
    L_GAN   = log Dis(x) + log(1 - Dis(Dec(z))) + log(1 - Dis(Dec(z_p))),   z ~ q(z|x),  z_p ~ N(0, 1)

Each network has a loss of its own (algorithm 1):

    encoder         L_prior + L_like
    decoder         gamma L_like - L_GAN   (non-saturating here: -log Dis of both kinds of fakes)
    discriminator   -L_GAN

Lesson 12 trains it.
"""

from typing import Any, NamedTuple

from ... import ops
from ...autodiff import Tensor, no_grad
from ...backend import Array
from ...distributions import Normal, gaussian_of, kl_to_standard_normal
from ...nn import Module, Sequential, sum_features
from ...optim import Adam, constant
from ...optim.schedules import Schedule
from ...random import Generator
from ..networks import conv_encoder
from ..recipe import BATCH_SIZE, LATENT_DIM, LR, STEPS, WIDTH, Settings, Shape
from ..trainer import Metrics
from .gan import (
    BETA1,
    GAN,
    GENERATOR_SPEED,
    LOSS,
    NET,
    PENALTY,
    DiscriminatorLoss,
    GANTrainer,
    game,
    signs_of,
    unit_with_nats,
)
from .losses import LOSSES
from .networks import game_networks


class EncoderLoss(NamedTuple):
    """Scalars per example: total = likeness + kl."""

    total: Tensor
    likeness: Tensor
    kl: Tensor


class VAEGAN(GAN):
    """A GAN with an encoder.

    Args:
        encoder: a module (N, *shape) -> (N, 2 latent_dim).
        generator: a module (N, latent_dim) -> (N, *shape): the decoder.
        discriminator: a `Sequential`, whose last two layers take the features of the last hidden one to (N, 1).
        latent_dim: the length of z.
        gamma: what likeness counts for the decoder, beside fooling the discriminator.
        settings: loss and penalty, as of `GAN`.
    """

    discriminator: Sequential
    can_pack = False

    def __init__(
        self,
        encoder: Module,
        generator: Module,
        discriminator: Sequential,
        latent_dim: int,
        gamma: float = 1e-3,
        **settings: Any,
    ) -> None:
        super().__init__(generator, discriminator, latent_dim, **settings)
        self.encoder, self.gamma = encoder, gamma

    def encode(self, x: Tensor) -> Normal:
        """q(z|x) for examples x (N, *shape): a Normal of shape (N, latent_dim)."""
        return gaussian_of(self.encoder(x), self.latent_dim, "VAEGAN: the encoder")

    def reconstruct(self, x: Tensor) -> Tensor:
        """The decoder's image at the mean of q(z|x)."""
        return self.generator(self.encode(x).mean)

    def features(self, x: Tensor) -> Tensor:
        """Dis_l: what the discriminator's last hidden layer makes of x."""
        return Sequential(*list(self.discriminator)[:-2])(x)

    def likeness(self, x: Tensor, again: Tensor) -> Tensor:
        """L_like up to a constant: half the squared distance of the features, summed over them, averaged over N."""
        with no_grad(), self.discriminator.frozen():
            wanted = self.features(x)
        with self.discriminator.frozen():
            error = self.features(again) - wanted
        return 0.5 * ops.mean(sum_features(error * error))  # equations 7 and 8

    def discriminator_loss(self, real: Tensor, rng: Generator | None = None) -> DiscriminatorLoss:
        """The discriminator's loss for real examples, as many fakes, and the reconstructions of the real ones."""
        fake = self.still(self.fakes, real.shape[0], rng)
        with self.encoder.frozen():
            again = self.still(lambda: self.generator(self.encode(real).sample(rng)))
        of_real, of_fake, of_again = (self.discriminator(x) for x in (real, fake, again))
        of_fakes = ops.concatenate([of_fake, of_again])
        return self.game(self.discriminator, real, fake, of_real, of_fakes, rng)

    def encoder_loss(self, x: Tensor, rng: Generator | None = None) -> EncoderLoss:
        """The encoder's loss for examples x; the other two networks are not touched."""
        q = self.encode(x)
        with self.generator.frozen():
            likeness = self.likeness(x, self.generator(q.sample(rng)))
        kl = ops.mean(sum_features(kl_to_standard_normal(q)))
        return EncoderLoss(likeness + kl, likeness, kl)

    def decoder_loss(self, x: Tensor, rng: Generator | None = None) -> Tensor:
        """The decoder's loss for examples x and as many z_p; the other two networks are not touched."""
        with no_grad(), self.encoder.frozen():
            z = self.encode(x).sample(rng)
        again, fake = self.generator(Tensor(z.data)), self.fakes(x.shape[0], rng)
        with self.discriminator.frozen():
            logits = ops.concatenate([self.discriminator(again), self.discriminator(fake)])
        return LOSSES[self.loss].generator(logits) + self.gamma * self.likeness(x, again)


# --------------------------------------------------------------------------------------------------------- training


class VAEGANTrainer(GANTrainer):
    """A step of each network in turn, discriminator first, each with an Adam of its own (Larsen et al., algorithm 1).

    Args:
        model: it is trained in place.
        schedule: the discriminator's learning rate, a function of the step.
        others_speed: the other two networks' learning rate as a multiple of it.
        beta1: of all three Adams.
    """

    def __init__(self, model: VAEGAN, schedule: Schedule, others_speed: float = 1.0, beta1: float = 0.5) -> None:
        super().__init__(model, schedule, others_speed, betas=(beta1, 0.999))
        self.e_optimizer = Adam(
            model.encoder.parameters(), lr=lambda t: others_speed * schedule(t), betas=(beta1, 0.999)
        )
        self.optimizers = self.d_optimizer, self.e_optimizer, self.g_optimizer

    def step(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """The three steps on the real batch x (N, *shape); returns the losses before each."""
        shards, d_losses, e_losses, g_losses = self.shards(x, rng), [], [], []
        for shard in self.each(shards):
            d_losses.append(self.model.discriminator_loss(shard.x, shard.rng))
            self.d_optimizer.add(d_losses[-1].total)
        self.discriminator_step()
        for shard in self.each(shards):
            e_losses.append(self.model.encoder_loss(shard.x, shard.rng))
            self.e_optimizer.add(e_losses[-1].total)
        self.e_optimizer.step()
        for shard in self.each(shards):
            g_losses.append(self.model.decoder_loss(shard.x, shard.rng))
            self.g_optimizer.add(g_losses[-1])
        g_gradient = self.g_optimizer.step()
        metrics = [
            {
                "d_loss": d.total,
                "g_loss": g,
                "likeness": e.likeness,
                "kl": e.kl,
                **signs_of(d),
                "g_gradient": g_gradient,
            }
            for d, e, g in zip(d_losses, e_losses, g_losses, strict=True)
        ]
        return self.mean(metrics)


# ---------------------------------------------------------------------------------------------------------- recipes


def vaegan(s: Settings, shape: Shape, rng: Generator) -> VAEGAN:
    """DCGAN's networks and a convolutional encoder."""
    generator, discriminator = game_networks(s, shape, rng)
    encoder = conv_encoder(shape, 2 * s.latent_dim, s.width, rng)
    return VAEGAN(encoder, generator, discriminator, s.latent_dim, loss=s.loss, penalty=s.penalty)


def vaegan_trainer(model: VAEGAN, s: Settings) -> VAEGANTrainer:
    """A constant learning rate."""
    return VAEGANTrainer(model, constant(s.lr), s.generator_speed, s.beta1)


RECIPES = (
    game(
        "vae-gan",
        "vae and gan with one decoder = generator (Larsen et al. 2016)",
        vaegan,
        (
            *(STEPS(3000), BATCH_SIZE(64), LR(2e-4), LATENT_DIM(64), WIDTH(32)),
            *(LOSS, PENALTY, NET("dcgan"), GENERATOR_SPEED, BETA1),
        ),
        trainer=vaegan_trainer,
        shows=("reconstructions", "codes", "encodings", "realness"),
        takes=("images",),
        unit=unit_with_nats,
    ),
)
