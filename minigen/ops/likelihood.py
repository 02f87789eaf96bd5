"""The Bernoulli log-likelihood of whole examples: `bce_with_logits` summed over the features, negated.

For the logits l (N, ...) of the probabilities of ones in x (N, ...),

    log p(x[n])  =   sum_j  x log sigmoid(l) + (1 - x) log(1 - sigmoid(l))
                 =  -sum_j  max(l, 0) - l x + log(1 + e^-|l|)

Only the sum is wanted, and log a + log b = log(a b): the factors 1 + e^-|l| lie between 1 and 2, so 16 of them are
multiplied before a logarithm is taken. The gradient, x - sigmoid(l), needs the same factors, so they are kept.
What e^-|l| < 6e-8 adds to 1 is lost in float32: less than 1e-7 nats a feature, and 1e-7 of sigmoid(l). Where that
matters, add up `bce_with_logits`, the readable twin.

Lesson 3 derives the likelihood, lesson 6 uses it as a decoder.
"""

import math

import numpy as np

from .. import fused, parallel
from ..autodiff import Operand, Tensor, Values, composed, differentiable, float_valued, raw
from ..backend import Array, errstate, xp_of
from ..errors import ArgumentError, ShapeError
from .elementwise import bce_with_logits, sigmoid
from .shape import reshape

FOLDS = 4  # how often the factors are multiplied in pairs
COST = 100  # as many multiply-adds as a feature takes


@composed
def bernoulli_log_likelihood(logits: Values, x: Values) -> Values:
    """log p(x | logits) for each example, in nats: logits (N, ...) and x in [0, 1] of the same shape -> (N,).

    Raises:
        ArgumentError: x is not in [0, 1]; see `check_targets`.
    """
    if getattr(x, "shape", ()) != logits.shape or not logits.ndim:
        raise ShapeError(
            f"bernoulli_log_likelihood: logits have shape {logits.shape} and x {getattr(x, 'shape', ())}; "
            "they must be equal, (N, ...)"
        )
    check_targets("bernoulli_log_likelihood", x)
    return _bernoulli_log_likelihood(logits, x, Factors())


def check_targets(caller: str, x: Operand) -> None:
    """Raise unless x is in [0, 1], as is what a Bernoulli variable can be: pixels of 0 to 255 give endless losses.

    Costs 20 us for 100 000 numbers. Arrays on the GPU are not looked at: that would wait for the device.

    Raises:
        ArgumentError: a number is below 0, above 1, or NaN.
    """
    x = raw(x)
    if isinstance(x, np.ndarray) and x.size:
        low, high = x.min(), x.max()  # NaN if there is one
    elif isinstance(x, (int, float)):
        low = high = x
    else:
        return
    if not (low >= 0 and high <= 1):
        raise ArgumentError(
            f"{caller}: targets must be in [0, 1], got {low} ... {high}; divide pixels of 0 to 255 by 255"
        )


class Factors:
    """1 + e^-|l|, shape (N, J): what the forward pass computes and its backward pass needs again."""

    values: Array


@float_valued
@differentiable
def _bernoulli_log_likelihood(logits: Array, x: Array, /, factors: Factors) -> Array:
    if fused.takes(logits, x):
        return -_rows(bce_with_logits(logits, x)).sum(axis=1)
    xp = xp_of(logits, x)
    logits, x = _rows(logits), _rows(x)
    factors.values = xp.empty_like(logits)

    def likelihood(n: slice) -> Array:
        f = xp.abs(logits[n], out=factors.values[n])
        xp.negative(f, out=f)
        with errstate(xp):
            xp.exp(f, out=f)
        f += 1
        nats = logits[n] * x[n]
        nats -= xp.maximum(logits[n], 0)
        return nats.sum(axis=1) - _sum_of_logs(f)

    return xp.concatenate(parallel.run_by_rows(likelihood, logits, COST))


def _sum_of_logs(factors: Array) -> Array:
    """sum_j log(factors[n, j]) for factors (N, J) between 1 and 2."""
    for _ in range(FOLDS):
        half, odd = divmod(factors.shape[1], 2)
        if odd:
            break
        factors = factors[:, :half] * factors[:, half:]
    return xp_of(factors).log(factors).sum(axis=1)


def _rows(x: Array) -> Array:
    """(N, ...) as (N, J)."""
    return x.reshape(x.shape[0], math.prod(x.shape[1:]))


def _for_features(g: Values, logits: Values) -> Values:
    """g (N,) with as many axes as the logits, to go with each feature."""
    return reshape(g, (logits.shape[0],) + (1,) * (logits.ndim - 1))


def _logits_gradient(g: Values, y: Values, logits: Values, x: Values, factors: Factors) -> Values:
    g = _for_features(g, logits)
    if isinstance(logits, Tensor):  # recorded, for a second derivative
        return g * (x - sigmoid(logits))
    if fused.takes(logits, x):
        return fused.bce_with_logits_gradient(xp_of(g).broadcast_to(-g, logits.shape), logits, x)
    # sigmoid(|l|) is 1 / (1 + e^-|l|), and sigmoid - 1/2 is odd: sigmoid(l) = 1/2 + sign(l) (sigmoid(|l|) - 1/2).
    xp = xp_of(logits)
    dl = xp.empty_like(logits)

    def gradient(n: slice) -> None:
        d = xp.divide(1, factors.values.reshape(logits.shape)[n], out=dl[n])
        d -= 0.5
        xp.copysign(d, logits[n], out=d)
        d += 0.5
        xp.subtract(x[n], d, out=d)
        d *= g[n]

    parallel.run_by_rows(gradient, logits, COST)
    return dl


_bernoulli_log_likelihood.gradients(
    _logits_gradient,
    lambda g, y, logits, x, factors: _for_features(g, logits) * logits,
)
_bernoulli_log_likelihood.name = "bernoulli_log_likelihood"
