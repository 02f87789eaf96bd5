"""Probability distributions over arrays: log-density, sampling, entropy and KL divergence, all in nats.

Each element of an array is one independent variable (for Categorical, each row along the last axis); nothing is summed
here. All results are differentiable with respect to the parameters; samples of the Normal are too (reparameterised).
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from . import ops
from .autodiff import Tensor, raw
from .backend import Array, device_of, xp_of
from .errors import ArgumentError, DTypeError, ShapeError
from .ops.likelihood import check_targets
from .random import Generator, given_or_default

LOG_2PI = math.log(2 * math.pi)


class Normal:
    """N(mean, e^log_var), element by element.

    Args:
        mean, log_var: arrays of one shape. The parameter is the logarithm of the *variance*: std = e^(log_var / 2).
    """

    def __init__(self, mean: Tensor, log_var: Tensor) -> None:
        if mean.shape != log_var.shape:
            raise ShapeError(f"Normal: mean has shape {mean.shape}, log_var {log_var.shape}; they must be equal")
        self.mean, self.log_var = mean, log_var

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a sample."""
        return tuple(self.mean.shape)

    @property
    def std(self) -> Tensor:
        """The standard deviation, e^(log_var / 2)."""
        return ops.exp(0.5 * self.log_var)

    def log_prob(self, x: Tensor) -> Tensor:
        """-1/2 (log 2 pi + log_var + (x - mean)^2 / e^log_var)."""
        z = (x - self.mean) / self.std
        return -0.5 * (LOG_2PI + self.log_var + z * z)

    def log_likelihood(self, x: Tensor) -> Tensor:
        """The log-density of whole examples x (N, ...): `log_prob` summed over all axes but the first, (N,)."""
        return ops.sum(ops.flatten(self.log_prob(x)), axis=1)

    def sample(self, rng: Generator | None = None) -> Tensor:
        """mean + std * noise with noise ~ N(0, 1): gradients flow to mean and log_var (Kingma & Welling 2014, 2.4)."""
        noise = given_or_default(rng).normal(self.mean.shape, dtype=self.mean.dtype, device=self.mean.device)
        return self.mean + self.std * noise

    def entropy(self) -> Tensor:
        """1/2 (log 2 pi e + log_var)."""
        return 0.5 * (LOG_2PI + 1 + self.log_var)


def bounded(log_var: Tensor) -> Tensor:
    """A log-variance within what float32 can exponentiate usefully: a deviation of 0.007 to 150."""
    return ops.clip(log_var, -10.0, 10.0)


def gaussian_of(h: Tensor, size: int, whose: str) -> Normal:
    """The Gaussian that a network's output h (N, 2 size) stands for: the means, then the log-variances, `bounded`.

    Args:
        size: the number of latent dimensions.
        whose: the network, as the message names it; e.g. 'VAE: the encoder'.

    Raises:
        ShapeError: h has another number of features.
    """
    if h.shape[-1] != 2 * size:
        raise ShapeError(
            f"{whose} gives {h.shape[-1]} features, expected 2 * latent_dim = {2 * size}: "
            "a mean and a log-variance for each latent dimension"
        )
    mean, log_var = ops.split(h, 2, axis=-1)
    return Normal(mean, bounded(log_var))


class Bernoulli:
    """1 with probability sigmoid(logits), else 0, element by element."""

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of a sample."""
        return tuple(self.logits.shape)

    @property
    def mean(self) -> Tensor:
        """The probability of 1."""
        return ops.sigmoid(self.logits)

    def log_prob(self, x: Tensor | float) -> Tensor:
        """x log p + (1 - x) log(1 - p); for x strictly between 0 and 1 the cross-entropy, which is no likelihood.

        Raises:
            ArgumentError: x is not in [0, 1]; see `ops.likelihood.check_targets`.
        """
        check_targets("Bernoulli.log_prob", x)
        return -ops.bce_with_logits(self.logits, x)

    def log_likelihood(self, x: Tensor) -> Tensor:
        """The log-probability of whole examples x (N, ...): `log_prob` summed over all axes but the first, (N,)."""
        return ops.bernoulli_log_likelihood(self.logits, x)

    def sample(self, rng: Generator | None = None) -> Tensor:
        """Zeros and ones, without a gradient."""
        p = raw(self.mean)
        uniform = given_or_default(rng).uniform(p.shape, dtype=p.dtype, device=device_of(p))
        return ops.astype(ops.greater(Tensor(p), uniform), p.dtype)

    def entropy(self) -> Tensor:
        """-p log p - (1 - p) log(1 - p)."""
        # With log p = -softplus(-l) and 1 - p = sigmoid(-l) no digits are lost where p is nearly 0 or 1.
        return self.mean * ops.softplus(-self.logits) + ops.sigmoid(-self.logits) * ops.softplus(self.logits)


class Categorical:
    """One of K outcomes with probabilities softmax(logits): logits (..., K).

    A logit of -inf rules an outcome out: its probability is 0, no sample is it, and 0 log 0 = 0 in sums.

    Raises:
        ArgumentError: every outcome is ruled out (arrays on the GPU are not looked at: that would wait for the device).
    """

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        values = raw(logits)
        if isinstance(values, np.ndarray) and values.size and np.isneginf(values.max(axis=-1)).any():
            raise ArgumentError("Categorical: all logits of a row are -inf; leave at least one outcome possible")

    @property
    def possible(self) -> Array:
        """Which outcomes are not ruled out, (..., K)."""
        return raw(self.logits) > -np.inf

    @property
    def mean(self) -> Tensor:
        """The probabilities (..., K), which are the mean of the one-hot outcome."""
        return ops.softmax(self.logits)

    def log_prob(self, x: Tensor | Array) -> Tensor:
        """log softmax(logits)[x]: integers x (...) of the logits' shape without the last axis."""
        x = raw(x)
        if x.dtype.kind not in "iu":
            raise DTypeError(f"Categorical: outcomes must be integers, got {x.dtype}")
        if x.shape != self.logits.shape[:-1]:
            raise ShapeError(f"Categorical: outcomes have shape {x.shape}, expected {self.logits.shape[:-1]}")
        last = self.logits.shape[-1] - 1
        if isinstance(x, np.ndarray) and x.size and not 0 <= x.min() <= x.max() <= last:
            raise ArgumentError(f"Categorical: outcomes must be in 0 ... {last}, got {x.min()} ... {x.max()}")
        rows = ops.reshape(ops.log_softmax(self.logits), (-1, self.logits.shape[-1]))
        arange = xp_of(raw(self.logits)).arange(rows.shape[0])
        return ops.reshape(ops.getitem(rows, (arange, x.reshape(-1))), x.shape)

    def sample(self, rng: Generator | None = None) -> Tensor:
        """Integers (...), without a gradient; drawn as argmax(logits + Gumbel noise) (Gumbel 1954)."""
        logits = raw(self.logits)
        xp = xp_of(logits)
        uniform = given_or_default(rng).uniform(logits.shape, dtype=logits.dtype, device=device_of(logits))
        tiny = xp.finfo(logits.dtype).tiny
        return ops.argmax(Tensor(logits - xp.log(-xp.log(uniform + tiny))), axis=-1)

    def entropy(self) -> Tensor:
        """-sum_k p_k log p_k, over the outcomes that are possible."""
        log_p = ops.where(self.possible, ops.log_softmax(self.logits), 0.0)
        return -ops.sum(ops.softmax(self.logits) * log_p, axis=-1)


# ------------------------------------------------------------------------------------------------- KL divergence


def _kl_normal(p: Normal, q: Normal) -> Tensor:
    z = (p.mean - q.mean) / q.std
    log_ratio = p.log_var - q.log_var
    return 0.5 * (z * z + (ops.expm1(log_ratio) - log_ratio))


def _kl_bernoulli(p: Bernoulli, q: Bernoulli) -> Tensor:
    ones, zeros = p.log_prob(1.0) - q.log_prob(1.0), p.log_prob(0.0) - q.log_prob(0.0)
    return p.mean * ones + ops.sigmoid(-p.logits) * zeros


def _kl_categorical(p: Categorical, q: Categorical) -> Tensor:
    """Infinite, without a gradient, where q rules out what p does not."""
    both = p.possible & q.possible
    log_ratio = ops.where(both, ops.log_softmax(p.logits), 0.0) - ops.where(both, ops.log_softmax(q.logits), 0.0)
    infinite = (p.possible & ~q.possible).any(axis=-1)
    return ops.where(infinite, np.inf, ops.sum(ops.softmax(p.logits) * log_ratio, axis=-1))


Distribution: TypeAlias = Normal | Bernoulli | Categorical

_KL: dict[type, Callable[..., Tensor]] = {
    Normal: _kl_normal,
    Bernoulli: _kl_bernoulli,
    Categorical: _kl_categorical,
}


def kl(p: Distribution, q: Distribution) -> Tensor:
    """KL(p || q) = E_p[log p - log q], element by element, for two distributions of one kind."""
    if type(p) is not type(q) or type(p) not in _KL:
        raise DTypeError(f"kl: expected two distributions of one kind, got {type(p).__name__} and {type(q).__name__}")
    return _KL[type(p)](p, q)


def kl_to_standard_normal(q: Normal) -> Tensor:
    """KL(q || N(0, 1)) = 1/2 (mean^2 + e^log_var - 1 - log_var) (Kingma & Welling 2014, appendix B)."""
    return 0.5 * (q.mean * q.mean + (ops.expm1(q.log_var) - q.log_var))
