"""The importance-weighted autoencoder with two stochastic layers (Burda et al. 2016, section 5 and appendix C).

Codes of codes: z2 ~ N(0, 1) gives z1, and z1 gives x; the encoder goes the same way back, each step a Gaussian whose
mean and log-variance a network computes,

    p(x, z1, z2) = p(z2) p(z1|z2) p(x|z1),     q(z1, z2|x) = q(z1|x) q(z2|z1)
    log w = log p(x|z1) + log p(z1|z2) + log p(z2) - log q(z1|x) - log q(z2|z1)

and L_k = E[log 1/k (w_1 + ... + w_k)] as for one layer. The KL has no closed form here: z1 is drawn, and what comes of
it is compared. q(z2|z1) sees the z1 that was drawn, not x.

Lesson 8 derives L_k; this file applies it to two layers.
"""

from ... import ops
from ...autodiff import Tensor
from ...distributions import Bernoulli, Normal, gaussian_of
from ...errors import ShapeError, whole
from ...nn import Module, Tanh, sum_features
from ...nn.layers import positive
from ...random import Generator, given_or_default
from ..networks import dense_decoder, dense_encoder
from ..recipe import Settings, Shape
from .iwae import ACTIVATIONS, IWAE, OPTIONS, check_samples, iwae_trainer
from .vae import ELBO, bound, each, log_standard_normal, shown


class TwoLayerIWAE(IWAE):
    """A VAE with codes of codes, trained on L_k; with k = 1 it is the paper's two-layer VAE.

    Args:
        encoder: (N, *shape) -> (N, 2 middle_dim), for q(z1|x).
        upper_encoder: (N, middle_dim) -> (N, 2 latent_dim), for q(z2|z1).
        upper_decoder: (N, latent_dim) -> (N, 2 middle_dim), for p(z1|z2).
        decoder: (N, middle_dim) -> (N, *shape), for p(x|z1), as in VAE.
        latent_dim, middle_dim: the lengths of z2 and z1.
        likelihood: see VAE. samples: k.
    """

    def __init__(
        self,
        encoder: Module,
        upper_encoder: Module,
        upper_decoder: Module,
        decoder: Module,
        latent_dim: int,
        middle_dim: int,
        likelihood: str = "bernoulli",
        samples: int = 1,
    ) -> None:
        positive(middle_dim=middle_dim)
        super().__init__(encoder, decoder, latent_dim, likelihood, samples)
        self.upper_encoder, self.upper_decoder, self.middle_dim = upper_encoder, upper_decoder, middle_dim

    def lower(self, x: Tensor) -> Normal:
        """q(z1|x): a Normal of shape (N, middle_dim)."""
        return gaussian_of(self.encoder(x), self.middle_dim, "TwoLayerIWAE: the encoder")

    def upper(self, z1: Tensor) -> Normal:
        """q(z2|z1): a Normal of shape (N, latent_dim)."""
        return gaussian_of(self.upper_encoder(z1), self.latent_dim, "TwoLayerIWAE: the upper encoder")

    def middle(self, z2: Tensor) -> Normal:
        """p(z1|z2): a Normal of shape (N, middle_dim)."""
        return gaussian_of(self.upper_decoder(z2), self.middle_dim, "TwoLayerIWAE: the upper decoder")

    def output(self, z1: Tensor) -> Bernoulli | Normal:
        """p(x|z1)."""
        return self.likelihood_of(self.decoder(z1))

    def encode(self, x: Tensor) -> Normal:
        """q(z2|z1) at the mean z1 of q(z1|x): a Normal of shape (N, latent_dim)."""
        return self.upper(self.lower(x).mean)

    def decode(self, z: Tensor) -> Bernoulli | Normal:
        """p(x|z1) at the mean z1 of p(z1|z2), for codes z2 (N, latent_dim)."""
        return self.output(self.middle(z).mean)

    def log_weights(self, x: Tensor, k: int, rng: Generator | None = None) -> Tensor:
        """log w_i of k pairs of codes of each example: x (N, *shape) -> (N, k) nats."""
        log_likelihood, rest = self._terms(x, k, rng)
        return ops.reshape(log_likelihood + rest, (x.shape[0], k))

    def elbo(self, x: Tensor, rng: Generator | None = None) -> ELBO:
        """The bound for each example from one pair of codes; the KL is estimated from these codes."""
        log_likelihood, rest = self._terms(x, 1, rng)
        return ELBO(log_likelihood, -rest)

    def _terms(self, x: Tensor, k: int, rng: Generator | None) -> tuple[Tensor, Tensor]:
        """log p(x|z1), and the other terms of log w, each (N k,)."""
        q1 = self.lower(x)
        q1 = Normal(each(q1.mean, k), each(q1.log_var, k))  # (N k, middle_dim)
        z1 = q1.sample(rng)
        q2 = self.upper(z1)
        z2 = q2.sample(rng)
        p, x = self.output(z1), each(x, k)
        if p.shape != x.shape:
            raise ShapeError(f"VAE: the decoder gives examples of shape {p.shape[1:]}, the data have {x.shape[1:]}")
        of_z1 = sum_features(self.middle(z2).log_prob(z1) - q1.log_prob(z1))
        of_z2 = sum_features(log_standard_normal(z2) - q2.log_prob(z2))
        return p.log_likelihood(x), of_z1 + of_z2

    def sample(self, n: int, rng: Generator | None = None, *, noise: bool = False) -> Tensor:
        """The means of p(x|z1) for n codes z1 ~ p(z1|z2), z2 ~ N(0, 1); with `noise`, draws of x itself."""
        whole("n", n)
        rng = given_or_default(rng)
        z2 = rng.normal((n, self.latent_dim), device=self.device)
        return shown(self.output(self.middle(Tensor(z2)).sample(rng)), rng, noise)


def burda_networks(
    shape: Shape,
    latent_dim: int,
    width: int,
    rng: Generator,
    likelihood: str = "bernoulli",
    samples: int = 1,
    activation: type[Module] = Tanh,
) -> TwoLayerIWAE:
    """The paper's networks: tanh layers of `width` twice beside x, of width/2 twice above; z1 twice as long as z2."""
    middle_dim, upper = 2 * latent_dim, [max(1, width // 2)] * 2

    def dense(inputs: int, outputs: int) -> Module:
        return dense_encoder((inputs,), outputs, upper, rng, activation, "glorot_uniform")

    return TwoLayerIWAE(
        dense_encoder(shape, 2 * middle_dim, [width] * 2, rng, activation, "glorot_uniform"),
        dense(middle_dim, 2 * latent_dim),
        dense(latent_dim, 2 * middle_dim),
        dense_decoder(middle_dim, shape, [width] * 2, rng, activation, "glorot_uniform"),
        latent_dim,
        middle_dim,
        likelihood,
        samples,
    )


# ---------------------------------------------------------------------------------------------------------- recipes


def two_layers(s: Settings, shape: Shape, rng: Generator) -> TwoLayerIWAE:
    """The paper's networks."""
    return burda_networks(shape, s.latent_dim, s.width, rng, s.likelihood, s.samples, ACTIVATIONS[s.activation])


RECIPES = (
    bound(
        "two-layer-iwae",
        "IWAE with codes of codes, two stochastic layers (Burda et al. 2016)",
        two_layers,
        OPTIONS,
        iwae_trainer,
        check=check_samples,
    ),
)
