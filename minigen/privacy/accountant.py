"""The Renyi accountant: what many noisy steps on random batches reveal of any one example, at most.

Training is (eps, delta) private if no set S of results becomes much likelier when one example is added to the data D
or taken away from them (Dwork & Roth 2014, definition 2.4):

    P(S|D) <= exp(eps) P(S|D') + delta

In each step every example is in the batch with probability q, it moves the sum of the clipped gradients by at most C,
and noise N(0, (sigma C)^2) is added. In units of C, along the direction of the one example, the step draws a number z
from one of two densities: without it from p_0 = N(0, sigma^2), with it from (1 - q) p_0 + q N(1, sigma^2). How far
they are apart is measured by their Renyi divergence of order alpha > 1,

    D_alpha = log A_alpha / (alpha - 1)
    A_alpha = E_{z~p_0}[(1 - q + q r(z))^alpha]   with r(z) = exp((2z - 1) / (2 sigma^2))

because it adds up: T steps have T D_alpha, even if each depends on those before it (Mironov 2017, proposition 1). As
E[r^i] = exp((i^2 - i) / (2 sigma^2)), the binomial theorem gives A_alpha for whole orders (Mironov, Talwar & Zhang
2019, section 3.3). In the end the best order gives eps (Balle et al. 2020, theorem 21):

    eps = min_alpha { T D_alpha + log((alpha - 1) / alpha) - log(delta alpha) / (alpha - 1) }

Lesson 24 and docs/privacy.md derive all of this.
"""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, log_ndtr, logsumexp

from ..errors import ArgumentError, whole
from ..optim.check import at_least_0, is_number, positive

# Fine steps where the best order is small, which it is where much is revealed; whole ones above.
ORDERS = (*(1 + k / 10 for k in range(1, 100)), *range(11, 64), 80, 128, 256, 512)
TERMS = 1000  # of the series for orders that are not whole, beyond the order
MOST_NOISE = 1e4
MOST_ORDER = 1e5  # a series has more terms than that


class Spent(NamedTuple):
    """What was revealed at most: (eps, delta) privacy, by the Renyi divergence of this order."""

    epsilon: float
    order: float


def divergence(rate: float, noise: float, order: float) -> float:
    """D_alpha of one step, in nats.

    Args:
        rate: q, the probability of each example to be in the batch, in [0, 1].
        noise: sigma, the deviation of the noise as a multiple of the clipping norm C.
        order: alpha > 1, up to 100 000.

    Returns:
        What is too large to be computed is infinite: a guarantee fails upwards.

    Raises:
        ArgumentError: a number outside its range.
    """
    rate, noise, order = _rate(rate), at_least_0("noise", noise), _order(order)
    if rate == 0:
        return 0.0
    if noise == 0:
        return math.inf
    with np.errstate(all="ignore"):
        if rate == 1:
            return float(np.float64(order) / (2 * np.float64(noise) ** 2))  # two Gaussians (Mironov 2017, prop. 7)
        log_a = _log_a_whole if order == int(order) else _log_a_any
        return _upwards(log_a(rate, np.float64(noise), order) / (order - 1))


def _log_a_whole(q: float, sigma: np.float64, alpha: float) -> float:
    """log sum_i binom(alpha, i) (1 - q)^(alpha - i) q^i E[r^i], i = 0 ... alpha."""
    i = np.arange(alpha + 1)
    log_binomial = gammaln(alpha + 1) - gammaln(i + 1) - gammaln(alpha - i + 1)
    terms = log_binomial + (alpha - i) * math.log1p(-q) + i * math.log(q) + (i**2 - i) / (2 * sigma**2)
    return float(logsumexp(terms))


def _log_a_any(q: float, sigma: np.float64, alpha: float) -> float:
    """The same for any order, by two series, one on either side of the z where 1 - q = q r(z).

    Left of that z_0 the binomial series in q r converges, right of it the one in 1 - q; the part of E[r^i] left of z_0
    is exp((i^2 - i) / (2 sigma^2)) Phi((z_0 - i) / sigma). Beyond the order the terms fall and alternate in sign: we
    end with one above zero, and what is left out is below zero, so that the result is never too small.
    """
    i = np.arange(math.ceil(alpha) + 2 * (TERMS // 2) + 1)
    j = alpha - i
    factors = (alpha - i[:-1]) / (i[:-1] + 1)  # binom(alpha, i + 1) / binom(alpha, i)
    sign = np.concatenate([[1.0], np.cumprod(np.sign(factors))])
    log_binomial = np.concatenate([[0.0], np.cumsum(np.log(np.abs(factors)))])
    z_0 = 0.5 + sigma**2 * math.log(1 / q - 1)
    left = j * math.log1p(-q) + i * math.log(q) + (i**2 - i) / (2 * sigma**2) + log_ndtr((z_0 - i) / sigma)
    right = i * math.log1p(-q) + j * math.log(q) + (j**2 - j) / (2 * sigma**2) + log_ndtr((j - z_0) / sigma)
    return float(logsumexp([log_binomial + left, log_binomial + right], b=[sign, sign]))


def spent(rate: float, noise: float, steps: int, delta: float = 1e-5, orders: Iterable[float] = ORDERS) -> Spent:
    """What so many steps reveal at most.

    Args:
        rate, noise: see `divergence`. steps: how many, T.
        delta: the probability with which eps need not hold, in (0, 1); below 1 over the number of examples.
        orders: alpha is chosen among these, one or more.

    Raises:
        ArgumentError: a number outside its range, or no orders.
    """
    steps, delta, orders = whole("steps", steps, least=0), _delta(delta), tuple(orders)
    if not orders:
        raise ArgumentError("orders: expected one or more, got none; leave them out")
    every = [(divergence(rate, noise, a), a) for a in orders]
    return min(Spent(epsilon_of(steps * d, a, delta) if steps else 0.0, a) for d, a in every)


def epsilon_of(renyi: float, order: float, delta: float) -> float:
    """eps of what has the Renyi divergence `renyi` of an order (Balle et al. 2020, theorem 21); infinite of NaN.

    Raises:
        ArgumentError: an order or a delta outside its range.
    """
    order, delta = _order(order), _delta(delta)
    return _upwards(renyi + math.log1p(-1 / order) - math.log(delta * order) / (order - 1))


def noise_for(epsilon: float, rate: float, steps: int, delta: float = 1e-5) -> float:
    """The least noise with which so many steps are (epsilon, delta) private, to a part in ten thousand, from above.

    Raises:
        ArgumentError: no noise up to ten thousand times the clipping norm is enough.
    """
    positive("epsilon", epsilon)
    low, high = 1e-2, MOST_NOISE
    if spent(rate, high, steps, delta).epsilon > epsilon:
        raise ArgumentError(
            f"epsilon: {epsilon} cannot be kept for {steps} steps with delta {delta}; ask for a larger one"
        )
    while high > low * (1 + 1e-4):  # more noise reveals less
        middle = math.sqrt(low * high)
        low, high = (low, middle) if spent(rate, middle, steps, delta).epsilon <= epsilon else (middle, high)
    return high


def _upwards(bound: float) -> float:
    """The bound, at least 0; infinite if it is not finite: what cannot be computed is promised to nobody."""
    return max(0.0, float(bound)) if math.isfinite(bound) else math.inf


def _rate(rate: float) -> float:
    if not (is_number(rate) and 0 <= rate <= 1):
        raise ArgumentError(f"rate: expected a number from 0 to 1, got {rate!r}")
    return float(rate)


def _order(order: float) -> float:
    if not (is_number(order) and 1 < order <= MOST_ORDER):
        raise ArgumentError(f"order: expected a number with 1 < order <= {MOST_ORDER:.0f}, got {order!r}")
    return float(order)


def _delta(delta: float) -> float:
    if not (is_number(delta) and 0 < delta < 1):
        raise ArgumentError(f"delta: expected a number with 0 < delta < 1, got {delta!r}")
    return float(delta)
