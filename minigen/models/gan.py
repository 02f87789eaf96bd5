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

Later GANs change three things, independently: the loss (`adversarial.py`), what keeps D from becoming too steep
(`penalties.py`), and the networks (`networks.py`). And D may judge several examples at once (PacGAN, Lin et al. 2018):
a generator that always draws the same is then found out, although each single example may look real.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from .. import ops
from ..autodiff import Tensor, no_grad, raw
from ..backend import device_of
from ..errors import ArgumentError, ShapeError, unknown_name
from ..nn import Module
from ..nn.layers import positive
from ..random import Generator, given_or_default
from .adversarial import LOSSES
from .penalties import PENALTIES, clip


class DiscriminatorLoss(NamedTuple):
    """Scalars: the loss with its penalty, the shares of real and of fake examples told right, the spread.

    The spread is the fakes' variance within the batch over that of the real examples, features averaged: where it is
    near 0, all fakes are one. `others` are further metrics that a kind of GAN has.
    """

    total: Any
    real_accuracy: Any
    fake_accuracy: Any
    spread: Any
    others: dict[str, Any] = {}  # noqa: RUF012  # never changed


class GAN(Module):
    """A generator, a discriminator, and a loss for each.

    Args:
        generator: a module (N, latent_dim) -> (N, *shape).
        discriminator: a module (N, *shape) -> (N, 1), positive for 'real'; with `pack` = m it takes m examples at
            once, side by side along their last axis: (N/m, ..., m * channels).
        latent_dim: the length of z.
        loss: a name in `adversarial.LOSSES`.
        penalty: a name in `penalties.PENALTIES`.
        pack: how many examples the discriminator judges at once.
    """

    def __init__(
        self,
        generator: Module,
        discriminator: Module,
        latent_dim: int,
        loss: str = "non-saturating",
        penalty: str = "none",
        pack: int = 1,
    ) -> None:
        if loss not in LOSSES:
            raise unknown_name("loss", loss, LOSSES)
        if penalty not in PENALTIES:
            raise unknown_name("penalty", penalty, PENALTIES)
        positive(pack=pack)
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim, self.loss, self.penalty, self.pack = latent_dim, loss, penalty, pack

    def noise(self, n: int, rng: Generator | None = None) -> Tensor:
        """n latent vectors z ~ N(0, 1): (n, latent_dim)."""
        if n < 1:
            raise ArgumentError(f"n: expected a number of samples >= 1, got {n}")
        device = device_of(raw(self.parameters()[0]))
        return Tensor(given_or_default(rng).normal((n, self.latent_dim), device=device))

    def packed(self, x: Any) -> Any:
        """Examples (N, ..., C) as the discriminator takes them: (N/pack, ..., pack * C)."""
        if self.pack == 1:
            return x
        if x.shape[0] % self.pack:
            raise ShapeError(f"pack: {x.shape[0]} examples do not make packs of {self.pack}; change the batch size")
        return ops.concatenate(ops.split(x, self.pack), axis=-1)

    def discriminator_loss(self, real: Any, rng: Generator | None = None) -> DiscriminatorLoss:
        """The discriminator's loss for a batch of real examples and as many fakes; the generator is not touched."""
        real, fake = self.packed(real), self.packed(self.still(self.fakes, real.shape[0], rng))
        return self.game(self.discriminator, real, fake, self.discriminator(real), self.discriminator(fake), rng)

    def fakes(self, n: int, rng: Generator | None = None) -> Any:
        """n fakes to train on: (n, *shape)."""
        return self.generator(self.noise(n, rng))

    def still(self, make: Callable[..., Any], *arguments: Any) -> Any:
        """Fakes without a graph, and without a change in the generator: nothing leads from them to its weights."""
        with no_grad(), self.generator.frozen():
            return make(*arguments)

    def game(
        self, judge: Callable[[Any], Any], real: Any, fake: Any, real_logits: Any, fake_logits: Any, rng: Any
    ) -> DiscriminatorLoss:
        """Loss, penalty and metrics of a discriminator, given its logits; `judge` gives them for examples."""
        loss = LOSSES[self.loss]
        total = loss.discriminator(real_logits, fake_logits)
        if self.penalty != "none":
            total = total + PENALTIES[self.penalty](judge, real, fake, rng)
        with no_grad():
            boundary = loss.boundary(real_logits, fake_logits)
            right = ops.mean(real_logits > boundary), ops.mean(fake_logits < boundary)
            spread = _variance(fake) / _variance(real)
        return DiscriminatorLoss(total, *right, spread)

    def after_discriminator_step(self) -> None:
        """What the penalty asks for once the discriminator's weights have changed: with 'clipping', to limit them."""
        if self.penalty == "clipping":
            clip(self.discriminator)

    def generator_loss(self, n: int, rng: Generator | None = None) -> Any:
        """The generator's loss on n fakes; the discriminator is not touched."""
        fake = self.packed(self.fakes(n, rng))
        with self.discriminator.frozen():
            logits = self.discriminator(fake)
        return LOSSES[self.loss].generator(logits)

    def from_codes(self, z: Any) -> Any:
        """The examples at latent vectors z (N, latent_dim)."""
        return self.generator(z)

    def sample(self, n: int, rng: Generator | None = None) -> Any:
        """n generated examples."""
        return self.from_codes(self.noise(n, rng))


def _variance(x: Any) -> Any:
    """How much the examples of a batch differ: the variance of each feature, averaged."""
    return ops.mean(ops.var(x, axis=0))
