"""The Bernoulli log-likelihood of whole examples: what `bce_with_logits` says of each feature, in one sum per example.

For the logits l (N, ...) of the probabilities of ones in x (N, ...),

    log p(x[n])  =   sum_j  x log sigmoid(l) + (1 - x) log(1 - sigmoid(l))
                 =  -sum_j  max(l, 0) - l x + log(1 + e^-|l|)

Only the sum is wanted, and log a + log b = log(a b): the factors 1 + e^-|l| lie between 1 and 2, so 16 of them are
multiplied before a logarithm is taken. What e^-|l| < 6e-8 adds to 1 is lost in float32: less than 1e-7 nats a feature.
Where that matters, add up `bce_with_logits`, the readable twin.
"""

import math
from typing import Any

from .. import fused
from ..autodiff import differentiable
from ..backend import Array, errstate, xp_of
from ..errors import ShapeError
from .elementwise import bce_with_logits, sigmoid
from .shape import reshape

FOLDS = 4  # how often the factors are multiplied in pairs


@differentiable
def bernoulli_log_likelihood(logits: Array, x: Array, /) -> Array:
    """log p(x | logits) for each example, in nats: logits (N, ...) and x in [0, 1] of the same shape -> (N,)."""
    if getattr(x, "shape", ()) != logits.shape or not logits.ndim:
        raise ShapeError(
            f"bernoulli_log_likelihood: logits have shape {logits.shape} and x {getattr(x, 'shape', ())}; "
            "they must be equal, (N, ...)"
        )
    if fused.takes(logits, x):
        return -_rows(bce_with_logits(logits, x)).sum(axis=1)
    xp = xp_of(logits, x)
    logits, x = _rows(logits), _rows(x)
    factors = xp.abs(logits)  # then 1 + e^-|l|, all in one array
    xp.negative(factors, out=factors)
    with errstate(xp):
        xp.exp(factors, out=factors)
    factors += 1
    nats = logits * x
    nats -= xp.maximum(logits, 0)
    return nats.sum(axis=1) - _sum_of_logs(factors)


def _sum_of_logs(factors: Array) -> Array:
    """sum_j log(factors[n, j]) for factors (N, J) between 1 and 2, which are overwritten."""
    for _ in range(FOLDS):
        half, odd = divmod(factors.shape[1], 2)
        if odd:
            break
        factors[:, :half] *= factors[:, half:]
        factors = factors[:, :half]
    return xp_of(factors).log(factors).sum(axis=1)


def _rows(x: Array) -> Array:
    """(N, ...) as (N, J)."""
    return x.reshape(x.shape[0], math.prod(x.shape[1:]))


def _for_features(g: Any, logits: Any) -> Any:
    """g (N,) with as many axes as the logits, to go with each feature."""
    return reshape(g, (logits.shape[0],) + (1,) * (logits.ndim - 1))


def _logits_gradient(g: Any, y: Any, logits: Any, x: Any) -> Any:
    g = _for_features(g, logits)
    if fused.takes(logits, x):
        return fused.bce_with_logits_gradient(xp_of(g).broadcast_to(-g, logits.shape), logits, x)
    return g * (x - sigmoid(logits))


bernoulli_log_likelihood.gradients(
    _logits_gradient,
    lambda g, y, logits, x: _for_features(g, logits) * logits,
)
