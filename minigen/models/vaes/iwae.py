"""The importance-weighted autoencoder (Burda, Grosse & Salakhutdinov 2016).

The VAE's bound comes from one z. With k of them, each weighted by how much likelier it is to the model than to the
encoder,

    w_i = p(x, z_i) / q(z_i|x),  z_i ~ q(z|x)
    L_k = E[log 1/k (w_1 + ... + w_k)]  <=  log p(x)              (their equation 8)

L_1 is the ELBO, L_k rises with k, and as k grows it becomes log p(x) itself (their theorem 1). So the same mean of
weights is a training objective, with k of 5 or 50, and a measure of the likelihood, with k of 5000. The mean is taken
of the weights and not of their logarithms: the mean of logarithms is the ELBO again, however many z there are.

Lesson 8 derives it.
"""

import math
from typing import NamedTuple

from ... import ops
from ...autodiff import Tensor, no_grad
from ...backend import Array
from ...data import Dataset
from ...nn import Module, ReLU, Tanh
from ...nn.layers import positive
from ...optim import cosine
from ...random import Generator
from ..memory import check_size
from ..networks import dense_decoder, dense_encoder
from ..recipe import BATCH_SIZE, LATENT_DIM, LR, STEPS, WIDTH, Option, Settings, Shape
from ..trainer import Metrics, evaluated_in_parts
from .vae import LIKELIHOOD, VAE, VAETrainer, bound, check_likelihood


class IWAELoss(NamedTuple):
    """Scalars in nats per example, averaged over the batch: -L_k, and (without a gradient) -L_1 of the same samples."""

    total: Tensor
    negative_elbo: Tensor


def log_mean_exp(log_w: Tensor) -> Tensor:
    """log 1/k sum_i e^log_w[n, i], without overflow: (N, k) -> (N,)."""
    return ops.logsumexp(log_w, axis=1) - math.log(log_w.shape[1])  # what equation 8 takes the mean of


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

    def loss(self, x: Tensor, rng: Generator | None = None) -> IWAELoss:  # type: ignore[override]  # has no KL of its own
        """-L_k in nats per example, averaged over the batch."""
        log_w = self.log_weights(x, self.samples, rng)
        with no_grad():
            negative_elbo = -ops.mean(log_w)
        return IWAELoss(-ops.mean(log_mean_exp(log_w)), negative_elbo)


class IWAETrainer(VAETrainer):
    """As for a VAE; what is evaluated is k times as large, and is taken in parts."""

    def evaluate(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """-L_k of a batch that is not trained on."""
        numbers = self.model.samples * math.prod(x.shape[1:])
        return evaluated_in_parts(lambda part: super(IWAETrainer, self).evaluate(part, rng), x, numbers)


# ---------------------------------------------------------------------------------------------------------- recipes

SAMPLES = Option("samples", 5, "codes drawn for each example", least=1, most=5000)  # a step's memory grows with them
ACTIVATIONS: dict[str, type[Module]] = {"tanh": Tanh, "relu": ReLU}
ACTIVATION = Option("activation", "tanh", "of the hidden layers", choices=tuple(ACTIVATIONS))
OPTIONS = (STEPS(6000), BATCH_SIZE(100), LR(2e-3), LATENT_DIM(50), WIDTH(200), LIKELIHOOD, SAMPLES, ACTIVATION)


def dense_iwae(s: Settings, shape: Shape, rng: Generator) -> IWAE:
    """The paper's networks: two layers of tanh. (Points want sharp bends: ReLU.)"""
    hidden, activation = [s.width] * 2, ACTIVATIONS[s.activation]
    encoder = dense_encoder(shape, 2 * s.latent_dim, hidden, rng, activation, "glorot_uniform")
    decoder = dense_decoder(s.latent_dim, shape, hidden, rng, activation, "glorot_uniform")
    return IWAE(encoder, decoder, s.latent_dim, s.likelihood, s.samples)


def check_samples(s: Settings, data: Dataset) -> None:
    """A step keeps the activations of k codes for each example."""
    check_likelihood(s, data)
    numbers = s.samples * (8 * math.prod(data.shape) + 4 * s.width + 12 * s.latent_dim)
    check_size(s, numbers, s.width * (s.width + 2 * math.prod(data.shape)))


def iwae_trainer(model: IWAE, s: Settings) -> IWAETrainer:
    """A learning rate that falls to 0, and the paper's epsilon of Adam."""
    return IWAETrainer(model, cosine(s.lr, s.steps), eps=1e-4, binary=s.likelihood == "bernoulli")


RECIPES = (
    bound(
        "iwae",
        "importance-weighted autoencoder, dense (Burda et al. 2016)",
        dense_iwae,
        OPTIONS,
        iwae_trainer,
        check=check_samples,
    ),
)
