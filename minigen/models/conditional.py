"""The conditional GAN (Mirza & Osindero 2014) and the conditional VAE (Sohn et al. 2015): told which class to make.

Every distribution of the model is one given y. For the GAN (Mirza & Osindero, equation 2)

    min_G max_D  E_x[log D(x|y)] + E_z[log(1 - D(G(z|y)|y))]

The generator gets y as a part of its code. The discriminator gets it beside the example: the one-hot vector is written
at every pixel, as channels more (of a point: as numbers more). It has to see y: if it did not, the generator could
ignore y too, and nobody would notice.

For the VAE both networks get the one-hot vector at their inputs, and the bound is

    log p(x|y)  >=  E_q[log p(x|z, y)] - KL(q(z|x, y) || N(0, 1))         (Sohn et al., equation 4, p(z|y) = p(z))

z then need not tell the class: it is left with what examples of a class differ in, such as the slant of a digit.
"""

from typing import Any

from .. import ops
from ..autodiff import Tensor, raw
from ..backend import device_of, to_device
from ..distributions import Bernoulli, Normal, kl_to_standard_normal
from ..errors import ArgumentError
from ..nn import Module, sum_features
from ..random import Generator, given_or_default
from .adversarial import LOSSES
from .coded import CodedGAN, chosen_labels, given_labels, one_hot
from .gan import DiscriminatorLoss
from .vae import VAE, VAELoss


class ConditionalGAN(CodedGAN):
    """A GAN whose players are both told the class.

    Args:
        generator: see `CodedGAN`.
        discriminator: a module (N, ..., C + classes) -> (N, 1); of packs, both parts as often as examples in a pack.
        z_dim, classes, settings: see `CodedGAN`.
    """

    def judge(self, x: Any, classes: Any) -> Any:
        """The discriminator's logits of examples (N, ..., C) said to be of the classes, one-hot (N, classes)."""
        planes = ops.reshape(classes, (classes.shape[0], *(1,) * (x.ndim - 2), classes.shape[1]))
        planes = ops.broadcast_to(planes, (*x.shape[:-1], classes.shape[1]))
        return self.discriminator(ops.concatenate([x, planes], axis=-1))

    def discriminator_loss(self, real: Any, rng: Generator | None = None, labels: Any = None) -> DiscriminatorLoss:
        """The discriminator's loss for real examples with their labels (N,), and fakes of the same classes."""
        codes = self.noise(real.shape[0], rng, given_labels("conditional GAN", labels, real.shape[0]))
        real, fake = self.packed(real), self.packed(self.still(self.generator, codes))
        classes = self.packed(self.class_of(codes))

        def judge(x: Any) -> Any:
            return self.judge(x, classes)

        return self.game(judge, real, fake, judge(real), judge(fake), rng)

    def generator_loss(self, n: int, rng: Generator | None = None) -> Any:
        """The generator's loss on n fakes of classes drawn at random; the discriminator is not touched."""
        codes = self.noise(n, rng)
        fake = self.packed(self.generator(codes))
        with self.discriminator.frozen():
            return LOSSES[self.loss].generator(self.judge(fake, self.packed(self.class_of(codes))))


class ConditionalVAE(Module):
    """A VAE of examples given their labels; its codes are [z, one-hot class].

    Args:
        encoder: a module (N, features of an example + classes) -> (N, 2 latents).
        decoder: a module (N, latents + classes) -> (N, *shape); see `VAE`.
        latents: the length of z.
        classes: how many there are.
        likelihood, beta: see `VAE`.
    """

    def __init__(
        self,
        encoder: Module,
        decoder: Module,
        latents: int,
        classes: int,
        likelihood: str = "bernoulli",
        beta: float = 1.0,
    ) -> None:
        self.vae = VAE(encoder, decoder, latents, likelihood, beta)
        self.latents, self.classes, self.latent_dim = latents, classes, latents + classes

    def encode(self, x: Any, labels: Any) -> Normal:
        """q(z|x, y) for examples x (N, *shape) and labels (N,): a Normal of shape (N, latents)."""
        return self.vae.encode(ops.concatenate([ops.flatten(x), Tensor(one_hot(labels, self.classes))], axis=1))

    def decode(self, codes: Any) -> Bernoulli | Normal:
        """p(x|z, y) for codes (N, latent_dim)."""
        return self.vae.likelihood_of(self.vae.decoder(codes))

    def loss(self, x: Any, rng: Generator | None = None, labels: Any = None) -> VAELoss:
        """-ELBO of x (N, *shape) given labels (N,), in nats per example, averaged over the batch, and its two parts."""
        q = self.encode(x, given_labels("conditional VAE", labels, x.shape[0]))
        codes = ops.concatenate([q.sample(rng), Tensor(one_hot(labels, self.classes))], axis=1)
        reconstruction = -ops.mean(self.decode(codes).log_likelihood(x))
        kl = ops.mean(sum_features(kl_to_standard_normal(q)))
        return VAELoss(reconstruction + self.vae.beta * kl, reconstruction, kl)

    def noise(self, n: int, rng: Generator | None = None, label: int | None = None) -> Tensor:
        """n codes with z ~ N(0, 1), of one class or of each in turn: (n, latent_dim)."""
        if n < 1:
            raise ArgumentError(f"n: expected a number of samples >= 1, got {n}")
        device = device_of(raw(self.parameters()[0]))
        labels = to_device(chosen_labels(n, self.classes, label), device)
        z = Tensor(given_or_default(rng).normal((n, self.latents), device=device))
        return ops.concatenate([z, Tensor(one_hot(labels, self.classes))], axis=1)

    def from_codes(self, codes: Any) -> Any:
        """The means of p(x|z, y) at codes (N, latent_dim)."""
        return self.decode(codes).mean

    def sample(self, n: int, rng: Generator | None = None, label: int | None = None) -> Any:
        """The means of p(x|z, y) for n codes z ~ N(0, 1), of one class or of each in turn."""
        return self.from_codes(self.noise(n, rng, label))
