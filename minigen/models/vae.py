"""The variational autoencoder (Kingma & Welling 2014).

A latent vector z ~ N(0, 1) is decoded into a distribution p(x|z). Training would maximise log p(x), an integral over
all z; instead an encoder proposes the z that matter, q(z|x) = N(mean(x), std(x)^2), and Jensen's inequality gives

    log p(x)  >=  E_q[log p(x|z)] - KL(q(z|x) || p(z))  =:  ELBO          (their equation 3)

The first term asks for good reconstructions, the second keeps the codes near N(0, 1), so that decoding a fresh z gives
a sensible x. One z is drawn per example, as mean + std * noise, so that gradients reach the encoder (section 2.4).
"""

from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..autodiff import Tensor, raw
from ..backend import device_of
from ..distributions import Bernoulli, Normal, kl_to_standard_normal
from ..errors import ArgumentError, ShapeError, unknown_name
from ..nn import Module, Parameter, sum_features
from ..random import Generator, given_or_default

LIKELIHOODS = ("bernoulli", "gaussian")


class ELBO(NamedTuple):
    """The two terms of the bound for each example, in nats: ELBO = log_likelihood - kl, each (N,)."""

    log_likelihood: Any
    kl: Any


class VAELoss(NamedTuple):
    """Scalars in nats per example, averaged over the batch: total = reconstruction + kl = -ELBO."""

    total: Any
    reconstruction: Any
    kl: Any


class VAE(Module):
    """An encoder, a decoder, and the bound that trains both.

    Args:
        encoder: a module (N, *shape) -> (N, 2 latent_dim): the mean and the log-variance of q(z|x).
        decoder: a module (N, latent_dim) -> (N, *shape): the logits of a 'bernoulli' likelihood, or the means of a
            'gaussian' one.
        latent_dim: the length of z.
        likelihood: 'bernoulli' for data in [0, 1]; 'gaussian' for any real data, with one learned scale for all
            features. (A scale for each would let the density of a feature that hardly varies grow without bound,
            at the cost of all others; see Mattei & Frellsen 2018, and Rybkin et al. 2021 for the single one.)
    """

    def __init__(self, encoder: Module, decoder: Module, latent_dim: int, likelihood: str = "bernoulli") -> None:
        if likelihood not in LIKELIHOODS:
            raise unknown_name("likelihood", likelihood, LIKELIHOODS)
        self.encoder, self.decoder = encoder, decoder
        self.latent_dim, self.likelihood = latent_dim, likelihood
        if likelihood == "gaussian":
            self.log_var = Parameter(np.zeros(1, np.float32))

    def encode(self, x: Any) -> Normal:
        """q(z|x) for examples x (N, *shape): a Normal of shape (N, latent_dim)."""
        h = self.encoder(x)
        if h.shape[-1] != 2 * self.latent_dim:
            raise ShapeError(
                f"VAE: the encoder gives {h.shape[-1]} features, expected 2 * latent_dim = {2 * self.latent_dim}: "
                "a mean and a log-variance for each latent dimension"
            )
        mean, log_var = ops.split(h, 2, axis=-1)
        return Normal(mean, _bounded(log_var))

    def decode(self, z: Any) -> Bernoulli | Normal:
        """p(x|z) for codes z (N, latent_dim)."""
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ShapeError(f"VAE: codes have shape {z.shape}, expected (N, {self.latent_dim})")
        h = self.decoder(z)
        if self.likelihood == "bernoulli":
            return Bernoulli(h)
        return Normal(h, ops.broadcast_to(_bounded(self.log_var), h.shape))

    def elbo(self, x: Any, rng: Generator | None = None) -> ELBO:
        """The bound on log p(x) for each example, from one sample of z."""
        q = self.encode(x)
        p = self.decode(q.sample(rng))
        if p.shape != x.shape:
            raise ShapeError(f"VAE: the decoder gives examples of shape {p.shape}, the data have {x.shape}")
        return ELBO(p.log_likelihood(x), sum_features(kl_to_standard_normal(q)))

    def loss(self, x: Any, rng: Generator | None = None) -> VAELoss:
        """-ELBO in nats per example, averaged over the batch, and its two parts."""
        log_likelihood, kl = self.elbo(x, rng)
        reconstruction, kl = -ops.mean(log_likelihood), ops.mean(kl)
        return VAELoss(reconstruction + kl, reconstruction, kl)

    def reconstruct(self, x: Any) -> Any:
        """The mean of p(x|z) at the mean of q(z|x)."""
        return self.decode(self.encode(x).mean).mean

    def sample(self, n: int, rng: Generator | None = None) -> Any:
        """The means of p(x|z) for n codes z ~ N(0, 1)."""
        if n < 1:
            raise ArgumentError(f"n: expected a number of samples >= 1, got {n}")
        device = device_of(raw(self.parameters()[0]))
        z = given_or_default(rng).normal((n, self.latent_dim), device=device)
        return self.decode(Tensor(z)).mean


def _bounded(log_var: Any) -> Any:
    """A log-variance within what float32 can exponentiate usefully: a deviation of 0.007 to 150."""
    return ops.clip(log_var, -10.0, 10.0)
