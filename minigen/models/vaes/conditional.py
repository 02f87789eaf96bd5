"""The conditional VAE (Sohn et al. 2015): both networks are told the class.

Every distribution of the model is one given y. Both networks get the one-hot vector at their inputs, and the bound is

    log p(x|y)  >=  E_q[log p(x|z, y)] - KL(q(z|x, y) || N(0, 1))         (their equation 4, with p(z|y) = p(z))

z then need not tell the class: it is left with what examples of a class differ in, such as the slant of a digit.

Lesson 12 uses it.
"""

import math

from ... import ops
from ...autodiff import Tensor
from ...backend import Array, to_device
from ...distributions import Bernoulli, Normal, kl_to_standard_normal
from ...errors import whole
from ...nn import Module, one_hot, sum_features
from ...random import Generator, given_or_default
from ..labels import chosen_labels, given_labels
from ..networks import dense_decoder, dense_encoder
from ..recipe import CLASSES_OF_DATA, DEPTH, WIDTH, Settings, Shape
from .vae import OPTIONS, VAE, VAELoss, bound, shown


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

    def encode(self, x: Tensor, labels: Array) -> Normal:
        """q(z|x, y) for examples x (N, *shape) and labels (N,): a Normal of shape (N, latents)."""
        return self.vae.encode(ops.concatenate([ops.flatten(x), Tensor(one_hot(labels, self.classes))], axis=1))

    def decode(self, codes: Tensor) -> Bernoulli | Normal:
        """p(x|z, y) for codes (N, latent_dim)."""
        return self.vae.likelihood_of(self.vae.decoder(codes))

    def loss(self, x: Tensor, rng: Generator | None = None, labels: Array | None = None) -> VAELoss:
        """-ELBO of x (N, *shape) given labels (N,), in nats per example, averaged over the batch, and its two parts."""
        labels = given_labels("a conditional VAE", labels, x.shape[0])
        q = self.encode(x, labels)
        p = self.decode(self.coded(q.sample(rng), labels))
        reconstruction = -ops.mean(p.log_likelihood(x))
        kl = ops.mean(sum_features(kl_to_standard_normal(q)))
        return VAELoss(reconstruction + self.vae.beta * kl, reconstruction, kl)  # minus equation 4

    def coded(self, z: Tensor, labels: Array) -> Tensor:
        """z (N, latents) and the one-hot labels (N,), side by side: (N, latent_dim)."""
        return ops.concatenate([z, Tensor(one_hot(labels, self.classes))], axis=1)

    def noise(self, n: int, rng: Generator | None = None, label: int | None = None) -> Tensor:
        """n codes with z ~ N(0, 1), of one class or of each in turn: (n, latent_dim)."""
        whole("n", n)
        labels = to_device(chosen_labels(n, self.classes, label), self.device)
        z = Tensor(given_or_default(rng).normal((n, self.latents), device=self.device))
        return self.coded(z, labels)

    def from_codes(self, codes: Tensor) -> Tensor:
        """The means of p(x|z, y) at codes (N, latent_dim)."""
        return self.decode(codes).mean

    def sample(self, n: int, rng: Generator | None = None, label: int | None = None, *, noise: bool = False) -> Tensor:
        """The means of p(x|z, y) for n codes z ~ N(0, 1), of one class or of each in turn; with `noise`, draws."""
        rng = given_or_default(rng)
        return shown(self.decode(self.noise(n, rng, label)), rng, noise)


# ---------------------------------------------------------------------------------------------------------- recipes


def conditional_vae(s: Settings, shape: Shape, rng: Generator) -> ConditionalVAE:
    """As of the plain VAE."""
    hidden = [s.width] * s.depth
    encoder = dense_encoder((math.prod(shape) + s.classes,), 2 * s.latent_dim, hidden, rng, init="glorot_uniform")
    decoder = dense_decoder(s.latent_dim + s.classes, shape, hidden, rng, init="glorot_uniform")
    return ConditionalVAE(encoder, decoder, s.latent_dim, s.classes, s.likelihood, s.beta)


RECIPES = (
    bound(
        "cvae",
        "VAE that is told the class (Sohn et al. 2015)",
        conditional_vae,
        (*OPTIONS, WIDTH(400), DEPTH, CLASSES_OF_DATA),
        shows=("codes",),
        labelled=True,
    ),
)
