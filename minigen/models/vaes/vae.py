"""The variational autoencoder (Kingma & Welling 2014).

A latent vector z ~ N(0, 1) is decoded into a distribution p(x|z). Training would maximise log p(x), an integral over
all z; instead an encoder proposes the z that matter, q(z|x) = N(mean(x), std(x)^2), and Jensen's inequality gives

    log p(x)  >=  E_q[log p(x|z)] - KL(q(z|x) || p(z))  =:  ELBO          (their equation 3)

The first term asks for good reconstructions, the second keeps the codes near N(0, 1), so that decoding a fresh z gives
a sensible x. One z is drawn per example, as mean + std * noise, so that gradients reach the encoder (section 2.4).

The beta-VAE (Higgins et al. 2017, equation 4) trains on E_q[log p(x|z)] - beta KL instead. With beta > 1 it is no
longer the tightest bound, but each latent has to earn its place, and they tend to stand for separate properties.

A Bernoulli likelihood is a probability of black and white pixels only. So grey images are drawn black and white for it,
each pixel white with the probability that its grey level gives: anew for every batch in training, as a fixed drawing
would soon be memorised, and with a fixed seed for testing.

Lesson 6 derives all of this.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ...autodiff import Tensor, no_grad
from ...backend import Array
from ...data import Dataset, binarize
from ...distributions import LOG_2PI, Bernoulli, Normal, bounded, gaussian_of, kl_to_standard_normal
from ...errors import ArgumentError, ShapeError, one_of, whole
from ...nn import Conv2DTranspose, Module, Parameter, Sequential, sum_features
from ...optim import Adam
from ...optim.schedules import Schedule
from ...random import Generator, given_or_default
from ..networks import conv_decoder, conv_encoder, dense_decoder, dense_encoder
from ..recipe import (
    BATCH_SIZE,
    DEPTH,
    LATENT_DIM,
    LR,
    SCHEDULE,
    SCHEDULES,
    STEPS,
    WIDTH,
    Option,
    Recipe,
    Settings,
    Shape,
    with_defaults,
)
from ..trainer import Metrics, Trainer

LIKELIHOODS = ("bernoulli", "gaussian")


class ELBO(NamedTuple):
    """The two terms of the bound for each example, in nats: ELBO = log_likelihood - kl, each (N,)."""

    log_likelihood: Tensor
    kl: Tensor


class VAELoss(NamedTuple):
    """Scalars in nats per example, averaged over the batch: total = reconstruction + beta kl; -ELBO for beta = 1."""

    total: Tensor
    reconstruction: Tensor
    kl: Tensor


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
            `start` gives it a good beginning.
        beta: the weight of the KL in the loss.
    """

    def __init__(
        self, encoder: Module, decoder: Module, latent_dim: int, likelihood: str = "bernoulli", beta: float = 1.0
    ) -> None:
        one_of("likelihood", likelihood, LIKELIHOODS)
        if not 0 <= beta < math.inf:
            raise ArgumentError(f"beta: expected a number >= 0, got {beta}")
        self.encoder, self.decoder = encoder, decoder
        self.latent_dim, self.likelihood, self.beta = latent_dim, likelihood, beta
        if likelihood == "gaussian":
            self.log_var = Parameter(np.zeros(1, np.float32))

    def encode(self, x: Tensor) -> Normal:
        """q(z|x) for examples x (N, *shape): a Normal of shape (N, latent_dim)."""
        return gaussian_of(self.encoder(x), self.latent_dim, "VAE: the encoder")

    def decode(self, z: Tensor) -> Bernoulli | Normal:
        """p(x|z) for codes z (N, latent_dim)."""
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ShapeError(f"VAE: codes have shape {z.shape}, expected (N, {self.latent_dim})")
        return self.likelihood_of(self.decoder(z))

    def likelihood_of(self, h: Tensor) -> Bernoulli | Normal:
        """The distribution that the decoder's output (N, *shape) stands for."""
        if self.likelihood == "bernoulli":
            return Bernoulli(h)
        return Normal(h, ops.broadcast_to(bounded(self.log_var), h.shape))

    def start(self, x: Tensor) -> None:
        """Let a Gaussian likelihood begin near examples x (N, *shape): with a tenth of their variance.

        With all of it, a decoder that ignores z is already a stationary point, and training may end there: a latent
        direction pays only if its variance is above that of the noise (lesson 6; Lucas et al. 2019). With much less,
        the encoder begins by keeping everything, and the codes lie far from N(0, 1).

        A decoder of transposed convolutions begins many such deviations away from photographs, which drives the codes
        as far. So its last layer is the mean colour at first, whatever the code.
        """
        if self.likelihood == "gaussian":
            variance = max(float(ops.mean(ops.var(x, axis=0)).item()), 1e-4)  # of a constant: 0
            self.log_var.data[...] = math.log(variance / 10)
            last = self.decoder.layers[-1] if isinstance(self.decoder, Sequential) else None
            if isinstance(last, Conv2DTranspose) and last.b is not None:
                last.w.data[...], last.b.data[...] = 0, x.data.mean(axis=(0, 1, 2))

    def elbo(self, x: Tensor, rng: Generator | None = None) -> ELBO:
        """The bound on log p(x) for each example, from one sample of z."""
        q = self.encode(x)
        z = q.sample(rng)  # mean + std * noise: section 2.4
        p = self.decode(z)
        if p.shape != x.shape:
            raise ShapeError(f"VAE: the decoder gives examples of shape {p.shape}, the data have {x.shape}")
        return ELBO(p.log_likelihood(x), sum_features(kl_to_standard_normal(q)))  # equation 3; the KL: appendix B

    def loss(self, x: Tensor, rng: Generator | None = None) -> VAELoss:
        """-ELBO (with the KL beta times) in nats per example, averaged over the batch, and its two parts."""
        log_likelihood, kl = self.elbo(x, rng)
        reconstruction, kl = -ops.mean(log_likelihood), ops.mean(kl)
        total = reconstruction + (kl if self.beta == 1 else self.beta * kl)  # Higgins et al., equation 4
        return VAELoss(total, reconstruction, kl)

    def log_weights(self, x: Tensor, k: int, rng: Generator | None = None) -> Tensor:
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

    def reconstruct(self, x: Tensor) -> Tensor:
        """The mean of p(x|z) at the mean of q(z|x)."""
        return self.decode(self.encode(x).mean).mean

    def from_codes(self, z: Tensor) -> Tensor:
        """The means of p(x|z) at codes z (N, latent_dim)."""
        return self.decode(z).mean

    def sample(self, n: int, rng: Generator | None = None, *, noise: bool = False) -> Tensor:
        """The means of p(x|z) for n codes z ~ N(0, 1); with `noise`, draws of x itself.

        Of images one shows the means: the noise that the model means would lie over each like grain.
        """
        whole("n", n)
        rng = given_or_default(rng)
        z = rng.normal((n, self.latent_dim), device=self.device)
        return shown(self.decode(Tensor(z)), rng, noise)


def shown(p: Bernoulli | Normal, rng: Generator, noise: bool) -> Tensor:
    """What is shown of p(x|z), (N, *shape): its means, or draws from it."""
    return p.sample(rng) if noise else p.mean


def each(x: Tensor, k: int) -> Tensor:
    """Every example k times in a row: (N, ...) -> (N k, ...)."""
    rest = x.shape[1:]
    return ops.reshape(ops.broadcast_to(ops.expand_dims(x, 1), (x.shape[0], k, *rest)), (x.shape[0] * k, *rest))


def log_standard_normal(z: Tensor) -> Tensor:
    """log N(z; 0, 1) of each entry, in nats."""
    return -0.5 * (LOG_2PI + z * z)


# --------------------------------------------------------------------------------------------------------- training


class VAETrainer(Trainer):
    """Gradient descent with Adam on a loss that is one number, such as a bound on the likelihood.

    Args:
        model: its `loss` returns a named tuple of scalars, of which `total` is descended on; it is trained in place.
        lr: the learning rate, a number or a schedule.
        eps: Adam's.
        binary: whether grey images are drawn black and white anew whenever they are seen.
    """

    def __init__(self, model: Module, lr: float | Schedule, *, eps: float = 1e-8, binary: bool = False) -> None:
        self.optimizer, self.binary = Adam(model.parameters(), lr=lr, eps=eps), binary
        super().__init__(model, self.optimizer)

    def prepare(self, x: Tensor) -> None:
        """Let a Gaussian likelihood begin near examples x (N, *shape)."""
        for module in self.model.modules():
            if isinstance(module, VAE):
                module.start(x)

    def step(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """One step on the batch x (N, *shape); returns the terms of its loss before the step, in nats per example."""
        terms = []
        for shard in self.each(self.shards(x, rng, *labels)):
            loss = self.model.loss(self.target(shard.x, shard.rng), shard.rng, *shard.labels)
            self.optimizer.add(loss.total)  # gradients to zero, backward pass
            terms.append({"loss" if name == "total" else name: value for name, value in loss._asdict().items()})
        self.optimizer.step()  # the update
        return self.mean(terms)

    def evaluate(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """The terms of the loss on a batch that is not trained on."""
        with no_grad():
            loss = self.model.loss(x, rng, *labels)
        return {"test_loss" if name == "total" else f"test_{name}": value for name, value in loss._asdict().items()}

    def target(self, x: Tensor, rng: Generator) -> Tensor:
        """The batch, drawn black and white where the likelihood wants it."""
        return Tensor(binarize(x.data, rng)) if self.binary else x


# ---------------------------------------------------------------------------------------------------------- recipes

LIKELIHOOD = Option("likelihood", "bernoulli", "what the decoder's output means", choices=LIKELIHOODS)
BETA = Option("beta", 1.0, "weight of the KL in the loss", least=0, most=1e6)
OPTIONS = (STEPS(4000), BATCH_SIZE, LR, LATENT_DIM, LIKELIHOOD, BETA, SCHEDULE)

# The small digits are grey all over, not black or white; and so are faces and scans.
# Points have few features and many corners: small networks of two layers, and many steps that end small.
FOR_DATA: dict[str, dict[str, Any]] = {
    "digits": {"likelihood": "gaussian", "steps": 3000},
    **{name: {"likelihood": "gaussian"} for name in ("orl32", "orl64", "brain")},
    "points": {
        **{"likelihood": "gaussian", "latent_dim": 2, "width": 128, "depth": 2, "activation": "relu"},
        **{"steps": 6000, "lr": 3e-3, "schedule": "cosine"},
    },
}


def check_likelihood(s: Settings, data: Dataset) -> None:
    """A Bernoulli likelihood is one of pixels."""
    if s.likelihood == "bernoulli" and not data.is_image:
        raise ArgumentError(f"likelihood: 'bernoulli' is for pixels and {data.name!r} holds points; use 'gaussian'")


def meaning_of_bound(s: Settings) -> str:
    """What the loss of a model with a likelihood is."""
    likelihood = "-log p(x|y)" if "classes" in s.options else "-log p(x)"
    loss = f"a bound on {likelihood}, in nats per example"
    if s.get("beta", 1.0) < 1:
        loss = f"reconstruction + {s.beta:g} KL, in nats per example, and no bound as beta is below 1"
    if s.likelihood == "bernoulli":
        return f"the loss is {loss}; pixels are drawn black or white, so it is never below zero"
    return f"the loss is {loss}; p is a density, so it may be below zero"


def dense_vae(s: Settings, shape: Shape, rng: Generator) -> VAE:
    """Glorot's smaller weights end 0.6 nats better on MNIST than He's. (A GAN needs He's.)"""
    encoder = dense_encoder(shape, 2 * s.latent_dim, [s.width] * s.depth, rng, init="glorot_uniform")
    decoder = dense_decoder(s.latent_dim, shape, [s.width] * s.depth, rng, init="glorot_uniform")
    return VAE(encoder, decoder, s.latent_dim, s.likelihood, s.beta)


def conv_vae(s: Settings, shape: Shape, rng: Generator) -> VAE:
    """Convolutions and their transposes."""
    encoder = conv_encoder(shape, 2 * s.latent_dim, s.width, rng)
    decoder = conv_decoder(s.latent_dim, shape, s.width, rng)
    return VAE(encoder, decoder, s.latent_dim, s.likelihood, s.beta)


def vae_trainer(model: Module, s: Settings) -> VAETrainer:
    """As the options say."""
    return VAETrainer(model, SCHEDULES[s.schedule](s), binary=s.likelihood == "bernoulli")


def bound(
    name: str,
    summary: str,
    build: Callable[[Settings, Shape, Generator], Module],
    options: tuple[Option, ...],
    trainer: Callable[[Any, Settings], Trainer] = vae_trainer,
    shows: tuple[str, ...] = ("reconstructions", "codes", "encodings", "log-weights"),
    **others: Any,
) -> Recipe:
    """The recipe of a model with a bound on the likelihood; see `Recipe`."""
    known = {option.name for option in options}
    for_data = {of: {n: value for n, value in special.items() if n in known} for of, special in FOR_DATA.items()}
    given: dict[str, Any] = {"for_data": for_data, "check": check_likelihood, "meaning": meaning_of_bound}
    return Recipe(name, summary, build, trainer, options, shows, **(given | others))


RECIPES = (
    bound("vae", "variational autoencoder, dense (Kingma & Welling 2014)", dense_vae, (*OPTIONS, WIDTH(400), DEPTH)),
    bound(
        "conv-vae",
        "variational autoencoder, convolutional (Kingma & Welling 2014)",
        conv_vae,
        (*with_defaults(OPTIONS, steps=2000), WIDTH(32)),
        takes=("images",),
    ),
)
