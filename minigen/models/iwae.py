"""The importance-weighted autoencoder (Burda, Grosse & Salakhutdinov 2016).

The VAE's bound comes from one z. With k of them, each weighted by how much likelier it is to the model than to the
encoder,

    w_i = p(x, z_i) / q(z_i|x),  z_i ~ q(z|x)
    L_k = E[log 1/k (w_1 + ... + w_k)]  <=  log p(x)              (their equation 8)

L_1 is the ELBO, L_k rises with k, and as k grows it becomes log p(x) itself (their theorem 1). So the same mean of
weights is a training objective, with k of 5 or 50, and a measure of the likelihood, with k of 5000. The mean is taken
of the weights and not of their logarithms: the mean of logarithms is the ELBO again, however many z there are.
"""

import math
from typing import Any, NamedTuple

from .. import ops
from ..autodiff import no_grad
from ..nn import Module
from ..nn.layers import positive
from ..random import Generator
from .vae import VAE


class IWAELoss(NamedTuple):
    """Scalars in nats per example, averaged over the batch: -L_k, and (without a gradient) -L_1 of the same samples."""

    total: Any
    negative_elbo: Any


def log_mean_exp(log_w: Any) -> Any:
    """log 1/k sum_i e^log_w[n, i], without overflow: (N, k) -> (N,)."""
    return ops.logsumexp(log_w, axis=1) - math.log(log_w.shape[1])


class IWAE(VAE):
    """A VAE that is trained on L_k.

    Args:
        encoder, decoder, latent_dim, likelihood: see VAE.
        samples: k.
    """

    def __init__(
        self, encoder: Module, decoder: Module, latent_dim: int, likelihood: str = "bernoulli", samples: int = 5
    ) -> None:
        positive(samples=samples)
        super().__init__(encoder, decoder, latent_dim, likelihood)
        self.samples = samples

    def loss(self, x: Any, rng: Generator | None = None) -> IWAELoss:  # type: ignore[override]  # has no KL of its own
        """-L_k in nats per example, averaged over the batch."""
        log_w = self.log_weights(x, self.samples, rng)
        with no_grad():
            negative_elbo = -ops.mean(log_w)
        return IWAELoss(-ops.mean(log_mean_exp(log_w)), negative_elbo)
