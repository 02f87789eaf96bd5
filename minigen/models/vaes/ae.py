"""The autoencoder: an encoder, a narrow code, and a decoder that has to make the example of it again.

Of a code z = e(x) of d numbers the decoder makes y = f(z). Both are trained on the squared error, summed over features
and averaged over the N examples (lesson 5):

    L = 1/N sum_n |x_n - f(e(x_n))|^2

If both are linear, the best ones find the principal components (Baldi & Hornik 1989, fact 4).

It does not say how codes are distributed, so it is no generative model. The simplest repair, and not a good one, is a
Gaussian with the mean and covariance of the codes of training examples, C = A A^T: z = mean + A u with u ~ N(0, 1).
What a sample of it lacks is what a variational autoencoder is for (lesson 6).
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ... import ops
from ...autodiff import Tensor, no_grad, written
from ...backend import to_device
from ...errors import whole
from ...nn import Buffer, Module, Sequential, Sigmoid, sum_features
from ...optim import cosine
from ...random import Generator, given_or_default
from ..networks import dense_decoder, dense_encoder
from ..recipe import BATCH_SIZE, LATENT_DIM, LR, STEPS, WIDTH, Recipe, Settings, Shape
from .vae import VAETrainer


class AELoss(NamedTuple):
    """The squared error per example, a scalar."""

    total: Tensor


class Autoencoder(Module):
    """An encoder and a decoder, and a Gaussian of the codes.

    Args:
        encoder: a module (N, *shape) -> (N, latent_dim).
        decoder: a module (N, latent_dim) -> (N, *shape).
        latent_dim: d.
    """

    def __init__(self, encoder: Module, decoder: Module, latent_dim: int) -> None:
        self.encoder, self.decoder, self.latent_dim = encoder, decoder, latent_dim
        self.code_mean = Buffer(np.zeros(latent_dim, np.float32))
        self.code_spread = Buffer(np.eye(latent_dim, dtype=np.float32))  # A^T

    def reconstruct(self, x: Tensor) -> Tensor:
        """f(e(x)), of the shape of x."""
        return self.decoder(self.encoder(x))

    def loss(self, x: Tensor, rng: Generator | None = None) -> AELoss:
        """L for examples x (N, *shape)."""
        return AELoss(ops.mean(sum_features((x - self.reconstruct(x)) ** 2)))

    def measure_codes(self, batches: Iterable[Tensor]) -> None:
        """Take the mean and covariance of the codes of examples, in batches (N, *shape), for the Gaussian."""
        with no_grad():
            z = np.concatenate([self.encoder(x).numpy() for x in batches]).astype(np.float64)
        covariance = np.atleast_2d(np.cov(z, rowvar=False)) + 1e-6 * np.eye(self.latent_dim)
        for buffer, value in ((self.code_mean, z.mean(axis=0)), (self.code_spread, np.linalg.cholesky(covariance).T)):
            buffer.data[...] = to_device(value.astype(np.float32), self.device)
        written([self.code_mean, self.code_spread], "measure_codes()")

    def from_codes(self, u: Tensor) -> Tensor:
        """f(mean + A u) for u (N, latent_dim): codes in units of their own spread."""
        return self.decoder(self.code_mean + u @ self.code_spread)

    def sample(self, n: int, rng: Generator | None = None) -> Tensor:
        """f(mean + A u) for n draws u ~ N(0, 1)."""
        whole("n", n)
        return self.from_codes(Tensor(given_or_default(rng).normal((n, self.latent_dim), device=self.device)))


class AETrainer(VAETrainer):
    """Gradient descent with Adam; when the last step is taken, the codes are measured."""

    def settle(self, batches: Iterable[Tensor]) -> None:
        """See `Autoencoder.measure_codes`."""
        self.model.measure_codes(batches)


# ---------------------------------------------------------------------------------------------------------- recipes


def autoencoder(s: Settings, shape: Shape, rng: Generator) -> Autoencoder:
    """Two hidden layers each way; pixels are in [0, 1]."""
    hidden = [s.width, max(1, s.width // 4)]
    encoder = dense_encoder(shape, s.latent_dim, hidden, rng)
    decoder = dense_decoder(s.latent_dim, shape, hidden[::-1], rng)
    return Autoencoder(encoder, Sequential(*decoder, Sigmoid()) if len(shape) == 3 else decoder, s.latent_dim)


RECIPES = (
    Recipe(
        "ae",
        "autoencoder, dense (Rumelhart et al. 1986)",
        autoencoder,
        lambda model, s: AETrainer(model, cosine(s.lr, s.steps)),
        (STEPS(3000), BATCH_SIZE(128), LR(3e-3), LATENT_DIM(16), WIDTH(256)),
        shows=("reconstructions", "codes"),
        for_data={"points": {"latent_dim": 1, "width": 64}},
        meaning=lambda s: "the loss is a squared error per example; it says nothing of samples",
        unit=lambda s: "squared error",
    ),
)
