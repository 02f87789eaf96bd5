"""Mult-VAE: a variational autoencoder of what users like (Liang, Krishnan, Hoffman & Jebara 2018).

A user u likes N_u of I items, x_u in {0, 1}^I. Section 2 of the paper: hidden tastes z_u give each item a share of the
user's attention, and the likes are N_u draws from these shares,

    z_u ~ N(0, 1),   pi(z_u) = softmax(f(z_u)),   x_u ~ Mult(N_u, pi(z_u))
    log p(x_u|z_u)  =  sum_i x_ui log pi_i(z_u)  +  a constant

All items compete for a budget of one: to give a liked item more, the decoder f has to take it from others. That is
close to what is asked for, a ranking. (A Bernoulli likelihood asks of each item alone whether it is liked.)

The encoder sees the likes with length 1, h = x_u / |x_u|, so that few likes count as much as many; in training half of
its numbers are left out (dropout), so that it learns to tell tastes from a part of the likes, as it has to in use. With
q(z|x) = N(mean(h), std(h)^2) the bound of `vae.py` follows, in which beta weighs the KL:

    E_q[log p(x_u|z)]  -  beta KL(q(z|x_u) || p(z)),     beta = beta_end min(1, t / T)  at step t

With beta < 1 it is no bound on log p(x) any more, and fresh z ~ N(0, 1) give worse users. But nobody asks for those:
what counts is how well the codes of given users predict. A user who is new is encoded, mean(h), and the items are
ranked by pi(mean(h)). beta rises from 0 (annealing), so that the decoder is of use before the KL costs anything.

Lesson 26 holds it against what needs no net.
"""

from typing import Any

import numpy as np

from ... import ops
from ...autodiff import Tensor, raw
from ...backend import Array, device_of, xp_of
from ...data.likes import LIKED
from ...distributions import Normal, gaussian_of, kl_to_standard_normal
from ...errors import ArgumentError, ShapeError, whole
from ...nn import Dropout, Module, Tanh, sum_features
from ...optim.schedules import Schedule
from ...random import Generator, given_or_default
from ..networks import dense_decoder, dense_encoder
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
)
from ..sequences.sequence_model import DROPOUT
from ..trainer import Metrics
from .vae import BETA, ELBO, VAELoss, VAETrainer

LIKES = 20  # of a user who is made up


class MultVAE(Module):
    """An encoder of likes, a decoder to logits of all items, and the bound that trains both.

    Args:
        items: I, how many there are.
        latent_dim: the length of z.
        hidden: the widths of the encoder's hidden layers; the decoder's are its mirror.
        beta: the weight of the KL in the loss, once it has risen.
        dropout: the share of the encoder's input that is left out in training.
        rng: where the weights are drawn from.
    """

    def __init__(
        self,
        items: int,
        latent_dim: int,
        hidden: tuple[int, ...] = (600,),
        beta: float = 0.2,
        dropout: float = 0.5,
        rng: Generator | None = None,
    ) -> None:
        rng = given_or_default(rng)
        how: dict[str, Any] = {"activation": Tanh, "init": "glorot_uniform"}
        self.items, self.latent_dim, self.beta = items, latent_dim, beta
        self.dropout = Dropout(dropout, rng=rng)
        self.encoder = dense_encoder((items,), 2 * latent_dim, hidden, rng, **how)
        self.decoder = dense_decoder(latent_dim, (items,), hidden[::-1], rng, **how)

    def encode(self, x: Tensor, rng: Generator | None = None) -> Normal:
        """q(z|x) of likes x (N, items), see `minigen.data.likes`: a Normal of shape (N, latent_dim).

        What is held out is not looked at. In training `rng` draws what is left out.
        """
        likes = self.known(x)
        xp = xp_of(likes)
        length = xp.sqrt(likes.sum(axis=1, keepdims=True))  # |x| of zeros and ones
        self.dropout.rng = given_or_default(rng)  # a run that is resumed draws the same
        h = self.dropout(Tensor(likes / xp.maximum(length, 1)))
        return gaussian_of(self.encoder(h), self.latent_dim, "MultVAE: the encoder")

    def known(self, x: Tensor) -> Array:
        """1 where an item is known to be liked, else 0, float32: (N, items)."""
        if x.ndim != 2 or x.shape[1] != self.items:
            raise ShapeError(
                f"MultVAE: expected likes of shape (N, {self.items}), got {x.shape}; give the data it was trained on"
            )
        return (raw(x) == LIKED).astype(np.float32)

    def decode(self, z: Tensor) -> Tensor:
        """log pi(z) of codes z (N, latent_dim): (N, items)."""
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ShapeError(f"MultVAE: codes have shape {z.shape}, expected (N, {self.latent_dim})")
        return ops.log_softmax(self.decoder(z))

    def elbo(self, x: Tensor, rng: Generator | None = None) -> ELBO:
        """The two terms for each user, in nats, from one code; without the constant of the multinomial."""
        rng = given_or_default(rng)
        q = self.encode(x, rng)
        log_likelihood = ops.sum(Tensor(self.known(x)) * self.decode(q.sample(rng)), axis=1)
        return ELBO(log_likelihood, sum_features(kl_to_standard_normal(q)))

    def loss(self, x: Tensor, rng: Generator | None = None, beta: float | None = None) -> VAELoss:
        """reconstruction + beta KL in nats a user, averaged over the batch, and both parts; beta: not yet the last."""
        log_likelihood, kl = self.elbo(x, rng)
        reconstruction, kl = -ops.mean(log_likelihood), ops.mean(kl)
        return VAELoss(reconstruction + (self.beta if beta is None else beta) * kl, reconstruction, kl)

    def scores(self, x: Tensor) -> Tensor:
        """log pi at the mean of q(z|x), by which items are ranked for users who like x: (N, items) -> (N, items)."""
        with self.evaluating():
            return self.decode(self.encode(x).mean)

    def sample(self, n: int, rng: Generator | None = None, *, likes: int | None = None) -> Array:
        """n users that are made up: of each the items that are drawn from pi(z), z ~ N(0, 1), none of them twice.

        Args:
            n: how many. rng: where the draws come from.
            likes: of each, N_u; default 20, or all items if there are fewer.

        Returns:
            Bytes (n, items), LIKED or 0.
        """
        likes = min(LIKES, self.items) if likes is None else whole("likes", likes)
        if likes > self.items:
            raise ArgumentError(f"likes: expected at most {self.items}, one of each item, got {likes}")
        rng = given_or_default(rng)
        log_pi = raw(self.decode(Tensor(rng.normal((whole("n", n), self.latent_dim), device=self.device))))
        xp = xp_of(log_pi)
        uniform = rng.uniform(log_pi.shape, device=device_of(log_pi))
        keys = log_pi - xp.log(-xp.log(uniform + xp.finfo(log_pi.dtype).tiny))  # the largest + Gumbel: a draw from pi
        order = xp.argsort(-keys, axis=1)[:, :likes]
        x = xp.zeros(keys.shape, np.uint8)
        x[xp.arange(n)[:, None], order] = LIKED
        return x


# --------------------------------------------------------------------------------------------------------- training


class MultVAETrainer(VAETrainer):
    """Adam on the loss, with a beta that rises from 0.

    Args:
        model: it is trained in place.
        lr: the learning rate, a number or a schedule.
        rising: T, the steps after which beta is the model's.
    """

    def __init__(self, model: MultVAE, lr: float | Schedule, rising: float = 0) -> None:
        super().__init__(model, lr)
        self.rising = rising

    def step(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """One step on the likes x (N, items); returns its loss before the step, in nats a user, and beta."""
        t = self.optimizer.t
        beta = self.model.beta * (t / self.rising if t < self.rising else 1.0)
        terms = []
        for shard in self.each(self.shards(x, rng)):
            loss = self.model.loss(shard.x, shard.rng, beta)
            self.optimizer.add(loss.total)
            terms.append({"loss": loss.total, "reconstruction": loss.reconstruction, "kl": loss.kl})
        self.optimizer.step()
        return self.mean(terms) | {"beta": Tensor(xp_of(x.data).full((), beta, np.float32))}


# ---------------------------------------------------------------------------------------------------------- recipes

ANNEALING = Option("annealing", 0.5, "share of the steps in which beta rises from 0", least=0, most=1)


def mult_vae(s: Settings, shape: Shape, rng: Generator) -> MultVAE:
    """Glorot's weights, and tanh, as in the paper's program."""
    return MultVAE(shape[0], s.latent_dim, (s.width,) * s.depth, s.beta, s.dropout, rng)


def mult_vae_trainer(model: MultVAE, s: Settings) -> MultVAETrainer:
    """As the options say."""
    return MultVAETrainer(model, SCHEDULES[s.schedule](s), s.annealing * s.steps)


RECIPES = (
    Recipe(
        "mult-vae",
        "VAE of what users like, for recommendation (Liang et al. 2018)",
        mult_vae,
        mult_vae_trainer,
        (
            *(STEPS(600), BATCH_SIZE(50), LR, SCHEDULE, LATENT_DIM(200), WIDTH(600), DEPTH),
            *(BETA(0.5), ANNEALING, DROPOUT(0.5)),
        ),
        shows=("encodings", "recommendations"),
        takes=("likes",),
        for_data={"tastes": {"width": 64, "latent_dim": 16, "lr": 3e-3, "batch_size": 100}},
        meaning=lambda s: (
            f"the loss is reconstruction + {s.beta:g} KL, in nats a user; ndcg and recall are those of what was held "
            "out of test users, beside the NDCG@100 of what needs no net"
        ),
        unit=lambda s: "nats per user",
    ),
)
