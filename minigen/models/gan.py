"""The generative adversarial network (Goodfellow et al. 2014).

A generator G turns noise z into examples; a discriminator D, a classifier with logit s(x), tells them from real ones.
D maximises the log-likelihood of the labels, with D(x) = sigmoid(s(x)) (their equation 1):

    V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))]

and G minimises the same V ("minimax"), or rather maximises log D(G(z)) ("non-saturating", their section 3): where D
rejects a fake with confidence, s << 0, the gradient of log(1 - D) with respect to s is sigmoid(s), nearly 0, and that
of -log D is -(1 - sigmoid(s)), nearly -1. With softplus(s) = log(1 + e^s): -log D = softplus(-s), -log(1 - D) =
softplus(s). At the balance D = 1/2 everywhere, and D's loss is 2 log 2 = 1.386.

Each player moves alone: G's graph is not recorded in D's step, D is frozen in G's. Real and fake examples pass D in
separate batches, so that batch normalisation does not mix their statistics.
"""

from typing import Any, NamedTuple

from .. import ops
from ..autodiff import Tensor, no_grad, raw
from ..backend import device_of
from ..errors import ArgumentError, unknown_name
from ..nn import Module
from ..random import Generator, given_or_default

LOSSES = ("non-saturating", "minimax")


class DiscriminatorLoss(NamedTuple):
    """Scalars: the loss in nats per pair of examples, the shares of real and of fake examples told right, the spread.

    The spread is the fakes' variance within the batch over that of the real examples, features averaged: where it is
    near 0, all fakes are one.
    """

    total: Any
    real_accuracy: Any
    fake_accuracy: Any
    spread: Any


class GAN(Module):
    """A generator, a discriminator, and a loss for each.

    Args:
        generator: a module (N, latent_dim) -> (N, *shape).
        discriminator: a module (N, *shape) -> (N, 1) logits, positive for 'real'.
        latent_dim: the length of z.
        loss: 'non-saturating' or 'minimax', for the generator.
    """

    def __init__(self, generator: Module, discriminator: Module, latent_dim: int, loss: str = "non-saturating") -> None:
        if loss not in LOSSES:
            raise unknown_name("loss", loss, LOSSES)
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim, self.loss = latent_dim, loss

    def noise(self, n: int, rng: Generator | None = None) -> Tensor:
        """n latent vectors z ~ N(0, 1): (n, latent_dim)."""
        if n < 1:
            raise ArgumentError(f"n: expected a number of samples >= 1, got {n}")
        device = device_of(raw(self.parameters()[0]))
        return Tensor(given_or_default(rng).normal((n, self.latent_dim), device=device))

    def discriminator_loss(self, real: Any, rng: Generator | None = None) -> DiscriminatorLoss:
        """-V(D, G) for a batch of real examples and as many fakes; the generator is not touched."""
        with no_grad(), self.generator.frozen():
            fake = self.generator(self.noise(real.shape[0], rng))
        real_logits, fake_logits = self.discriminator(real), self.discriminator(fake)
        total = ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))
        with no_grad():
            spread = _variance(fake) / _variance(real)
        return DiscriminatorLoss(total, ops.mean(real_logits > 0), ops.mean(fake_logits < 0), spread)

    def generator_loss(self, n: int, rng: Generator | None = None) -> Any:
        """The generator's loss on n fakes, in nats per example; the discriminator is not touched."""
        fake = self.generator(self.noise(n, rng))
        with self.discriminator.frozen():
            logits = self.discriminator(fake)
        if self.loss == "minimax":
            return -ops.mean(ops.softplus(logits))
        return ops.mean(ops.softplus(-logits))

    def sample(self, n: int, rng: Generator | None = None) -> Any:
        """n generated examples."""
        return self.generator(self.noise(n, rng))


def _variance(x: Any) -> Any:
    """How much the examples of a batch differ: the variance of each feature, averaged."""
    return ops.mean(ops.var(x, axis=0))
