"""The variational autoencoder (Kingma & Welling 2014).

A latent vector z ~ N(0, 1) is decoded into a distribution p(x|z). Training would maximise log p(x), an integral over
all z; instead an encoder proposes the z that matter, q(z|x) = N(mean(x), std(x)^2), and Jensen's inequality gives

    log p(x)  >=  E_q[log p(x|z)] - KL(q(z|x) || p(z))  =:  ELBO          (their equation 3)

The first term asks for good reconstructions, the second keeps the codes near N(0, 1), so that decoding a fresh z gives
a sensible x. One z is drawn per example, as mean + std * noise, so that gradients reach the encoder (section 2.4).

The beta-VAE (Higgins et al. 2017, equation 4) trains on E_q[log p(x|z)] - beta KL instead. With beta > 1 it is no
longer the tightest bound, but each latent has to earn its place, and they tend to stand for separate properties.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..autodiff import Tensor, raw
from ..backend import device_of
from ..distributions import LOG_2PI, Bernoulli, Normal, kl_to_standard_normal
from ..errors import ArgumentError, ShapeError, unknown_name
from ..nn import Module, Parameter, sum_features
from ..random import Generator, given_or_default

LIKELIHOODS = ("bernoulli", "gaussian")


class ELBO(NamedTuple):
    """The two terms of the bound for each example, in nats: ELBO = log_likelihood - kl, each (N,)."""

    log_likelihood: Any
    kl: Any


class VAELoss(NamedTuple):
    """Scalars in nats per example, averaged over the batch: total = reconstruction + beta kl; -ELBO for beta = 1."""

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
        beta: the weight of the KL in the loss.
    """

    def __init__(
        self, encoder: Module, decoder: Module, latent_dim: int, likelihood: str = "bernoulli", beta: float = 1.0
    ) -> None:
        if likelihood not in LIKELIHOODS:
            raise unknown_name("likelihood", likelihood, LIKELIHOODS)
        if not 0 <= beta < math.inf:
            raise ArgumentError(f"beta: expected a number >= 0, got {beta}")
        self.encoder, self.decoder = encoder, decoder
        self.latent_dim, self.likelihood, self.beta = latent_dim, likelihood, beta
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
        return Normal(mean, bounded(log_var))

    def decode(self, z: Any) -> Bernoulli | Normal:
        """p(x|z) for codes z (N, latent_dim)."""
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ShapeError(f"VAE: codes have shape {z.shape}, expected (N, {self.latent_dim})")
        return self.likelihood_of(self.decoder(z))

    def likelihood_of(self, h: Any) -> Bernoulli | Normal:
        """The distribution that the decoder's output (N, *shape) stands for."""
        if self.likelihood == "bernoulli":
            return Bernoulli(h)
        return Normal(h, ops.broadcast_to(bounded(self.log_var), h.shape))

    def elbo(self, x: Any, rng: Generator | None = None) -> ELBO:
        """The bound on log p(x) for each example, from one sample of z."""
        q = self.encode(x)
        p = self.decode(q.sample(rng))
        if p.shape != x.shape:
            raise ShapeError(f"VAE: the decoder gives examples of shape {p.shape}, the data have {x.shape}")
        return ELBO(p.log_likelihood(x), sum_features(kl_to_standard_normal(q)))

    def loss(self, x: Any, rng: Generator | None = None) -> VAELoss:
        """-ELBO (with the KL beta times) in nats per example, averaged over the batch, and its two parts."""
        log_likelihood, kl = self.elbo(x, rng)
        reconstruction, kl = -ops.mean(log_likelihood), ops.mean(kl)
        total = reconstruction + (kl if self.beta == 1 else self.beta * kl)
        return VAELoss(total, reconstruction, kl)

    def log_weights(self, x: Any, k: int, rng: Generator | None = None) -> Any:
        """log w_i = log p(x|z_i) + log p(z_i) - log q(z_i|x) for k codes of each example: x (N, *shape) -> (N, k) nats.

        Their mean is the ELBO again, without the closed form of the KL; the mean of w_i itself is p(x), on average.
        """
        n, encoded = x.shape[0], self.encode(x)
        q = Normal(each(encoded.mean, k), each(encoded.log_var, k))  # (N k, latent_dim)
        z = q.sample(rng)
        p, x = self.decode(z), each(x, k)
        if p.shape != x.shape:
            raise ShapeError(f"VAE: the decoder gives examples of shape {p.shape[1:]}, the data have {x.shape[1:]}")
        log_w = p.log_likelihood(x) + sum_features(log_standard_normal(z) - q.log_prob(z))
        return ops.reshape(log_w, (n, k))

    def reconstruct(self, x: Any) -> Any:
        """The mean of p(x|z) at the mean of q(z|x)."""
        return self.decode(self.encode(x).mean).mean

    def from_codes(self, z: Any) -> Any:
        """The means of p(x|z) at codes z (N, latent_dim)."""
        return self.decode(z).mean

    def sample(self, n: int, rng: Generator | None = None) -> Any:
        """The means of p(x|z) for n codes z ~ N(0, 1)."""
        if n < 1:
            raise ArgumentError(f"n: expected a number of samples >= 1, got {n}")
        device = device_of(raw(self.parameters()[0]))
        z = given_or_default(rng).normal((n, self.latent_dim), device=device)
        return self.from_codes(Tensor(z))


def each(x: Any, k: int) -> Any:
    """Every example k times in a row: (N, ...) -> (N k, ...)."""
    rest = x.shape[1:]
    return ops.reshape(ops.broadcast_to(ops.expand_dims(x, 1), (x.shape[0], k, *rest)), (x.shape[0] * k, *rest))


def log_standard_normal(z: Any) -> Any:
    """log N(z; 0, 1) of each entry, in nats."""
    return -0.5 * (LOG_2PI + z * z)


def bounded(log_var: Any) -> Any:
    """A log-variance within what float32 can exponentiate usefully: a deviation of 0.007 to 150."""
    return ops.clip(log_var, -10.0, 10.0)
