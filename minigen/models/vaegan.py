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
"""

from typing import Any, NamedTuple

from .. import ops
from ..autodiff import Tensor, no_grad
from ..distributions import Normal, kl_to_standard_normal
from ..nn import Module, Sequential, sum_features
from ..random import Generator
from .adversarial import LOSSES
from .gan import GAN, DiscriminatorLoss
from .vae import bounded


class EncoderLoss(NamedTuple):
    """Scalars per example: total = likeness + kl."""

    total: Any
    likeness: Any
    kl: Any


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

    def encode(self, x: Any) -> Normal:
        """q(z|x) for examples x (N, *shape): a Normal of shape (N, latent_dim)."""
        mean, log_var = ops.split(self.encoder(x), 2, axis=-1)
        return Normal(mean, bounded(log_var))

    def reconstruct(self, x: Any) -> Any:
        """The decoder's image at the mean of q(z|x)."""
        return self.generator(self.encode(x).mean)

    def features(self, x: Any) -> Any:
        """Dis_l: what the discriminator's last hidden layer makes of x."""
        return Sequential(*list(self.discriminator)[:-2])(x)

    def likeness(self, x: Any, again: Any) -> Any:
        """L_like up to a constant: half the squared distance of the features, summed over them, averaged over N."""
        with no_grad(), self.discriminator.frozen():
            wanted = self.features(x)
        with self.discriminator.frozen():
            error = self.features(again) - wanted
        return 0.5 * ops.mean(sum_features(error * error))

    def discriminator_loss(self, real: Any, rng: Generator | None = None) -> DiscriminatorLoss:
        """The discriminator's loss for real examples, as many fakes, and the reconstructions of the real ones."""
        fake = self.still(self.fakes, real.shape[0], rng)
        with self.encoder.frozen():
            again = self.still(lambda: self.generator(self.encode(real).sample(rng)))
        of_real, of_fake, of_again = (self.discriminator(x) for x in (real, fake, again))
        of_fakes = ops.concatenate([of_fake, of_again])
        return self.game(self.discriminator, real, fake, of_real, of_fakes, rng)

    def encoder_loss(self, x: Any, rng: Generator | None = None) -> EncoderLoss:
        """The encoder's loss for examples x; the other two networks are not touched."""
        q = self.encode(x)
        with self.generator.frozen():
            likeness = self.likeness(x, self.generator(q.sample(rng)))
        kl = ops.mean(sum_features(kl_to_standard_normal(q)))
        return EncoderLoss(likeness + kl, likeness, kl)

    def decoder_loss(self, x: Any, rng: Generator | None = None) -> Any:
        """The decoder's loss for examples x and as many z_p; the other two networks are not touched."""
        with no_grad(), self.encoder.frozen():
            z = self.encode(x).sample(rng)
        again, fake = self.generator(Tensor(z.data)), self.fakes(x.shape[0], rng)
        with self.discriminator.frozen():
            logits = ops.concatenate([self.discriminator(again), self.discriminator(fake)])
        return LOSSES[self.loss].generator(logits) + self.gamma * self.likeness(x, again)
