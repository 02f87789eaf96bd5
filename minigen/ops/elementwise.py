"""Functions of each element on its own, with their derivatives.

Written as `f.gradients(lambda g, y, x: g * f'(x))`: g is the gradient with respect to the output y = f(x).
Operations of two arrays broadcast; the engine sums their gradients back to the shapes of the inputs.

Lesson 1 derives the rules of arithmetic, lesson 3 the loss at the end with its gradient.
"""

import math

from .. import fused
from ..autodiff import Tensor, Values, differentiable, float_valued, raw
from ..backend import Array, errstate, xp_of

# ------------------------------------------------------------------------------------------------------ arithmetic


@differentiable
def add(a: Array, b: Array, /) -> Array:
    """a + b."""
    return a + b


add.gradients(lambda g, y, a, b: g, lambda g, y, a, b: g)


@differentiable
def subtract(a: Array, b: Array, /) -> Array:
    """a - b."""
    return a - b


subtract.gradients(lambda g, y, a, b: g, lambda g, y, a, b: -g)


@differentiable
def multiply(a: Array, b: Array, /) -> Array:
    """a * b."""
    return a * b


multiply.gradients(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)


@float_valued
@differentiable
def divide(a: Array, b: Array, /) -> Array:
    """a / b."""
    with errstate(xp_of(a, b)):
        return a / b


divide.gradients(lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b)


@differentiable
def negative(x: Array, /) -> Array:
    """-x."""
    return -x


negative.gradients(lambda g, y, x: -g)


@differentiable
def power(a: Array, b: Array, /) -> Array:
    """a ** b. The gradient with respect to b is taken as 0 where a <= 0, where a ** b is no smooth function of b."""
    with errstate(xp_of(a, b)):
        return a**b


def _base_gradient(g: Values, y: Values, a: Values, b: Values) -> Values:
    """g b a**(b - 1). Where a = b = 0 that is 0, though a**-1 is infinite: there a**0 stands in its place."""
    if isinstance(b, (int, float)):
        return g * b * power(a, b - 1 if b else 0)
    return g * b * power(a, where((a == 0) * (b == 0), 0.0, b - 1))


def _exponent_gradient(g: Values, y: Values, a: Values, b: Values) -> Values:
    """g a**b log(a), and 0 where a <= 0, whatever a**b is there."""
    if isinstance(a, (int, float)):
        return g * y * math.log(a) if a > 0 else 0.0 * g
    positive = a > 0
    return g * where(positive, y, 0.0) * log(where(positive, a, 1.0))


power.gradients(_base_gradient, _exponent_gradient)

# --------------------------------------------------------------------------------- exponentials, roots, trigonometry


@float_valued
@differentiable
def exp(x: Array, /) -> Array:
    """e ** x."""
    with errstate(xp_of(x)):
        return xp_of(x).exp(x)


exp.gradients(lambda g, y, x: g * y)


@float_valued
@differentiable
def expm1(x: Array, /) -> Array:
    """e ** x - 1, exact for small x."""
    with errstate(xp_of(x)):
        return xp_of(x).expm1(x)


expm1.gradients(lambda g, y, x: g * (y + 1))


@float_valued
@differentiable
def log(x: Array, /) -> Array:
    """The natural logarithm."""
    with errstate(xp_of(x)):
        return xp_of(x).log(x)


log.gradients(lambda g, y, x: g / x)


@float_valued
@differentiable
def log1p(x: Array, /) -> Array:
    """log(1 + x), exact for small x."""
    with errstate(xp_of(x)):
        return xp_of(x).log1p(x)


log1p.gradients(lambda g, y, x: g / (1 + x))


@float_valued
@differentiable
def sqrt(x: Array, /) -> Array:
    """The square root."""
    with errstate(xp_of(x)):
        return xp_of(x).sqrt(x)


sqrt.gradients(lambda g, y, x: divide(0.5 * g, y))


@float_valued
@differentiable
def sin(x: Array, /) -> Array:
    """The sine of x in radians."""
    return xp_of(x).sin(x)


@float_valued
@differentiable
def cos(x: Array, /) -> Array:
    """The cosine of x in radians."""
    return xp_of(x).cos(x)


sin.gradients(lambda g, y, x: g * cos(x))
cos.gradients(lambda g, y, x: -g * sin(x))

# ------------------------------------------------------------------------------- pieces: functions with a kink or jump


@differentiable
def where(condition: Array, a: Array, b: Array, /) -> Array:
    """a where `condition` holds, b elsewhere. No gradient flows to the condition."""
    return xp_of(condition, a, b).where(condition, a, b)


where.gradients(
    None,
    lambda g, y, condition, a, b: where(condition, g, 0.0),
    lambda g, y, condition, a, b: where(condition, 0.0, g),
)


@differentiable
def sign(x: Array, /) -> Array:
    """-1, 0 or 1; its gradient is zero everywhere, so none flows."""
    return xp_of(x).sign(x)


sign.gradients(None)


@differentiable
def abs(x: Array, /) -> Array:
    """The absolute value; the derivative at 0 is taken as 0."""
    return xp_of(x).abs(x)


abs.gradients(lambda g, y, x: g * sign(x))


@differentiable
def clip(x: Array, /, low: float | None = None, high: float | None = None) -> Array:
    """x limited to [low, high]; either bound may be None. The gradient is 1 inside and on the bounds."""
    xp = xp_of(x)
    y = x if low is None else xp.maximum(x, low)
    return y if high is None else xp.minimum(y, high)


def _inside(x: Values, low: float | None, high: float | None) -> Values:
    above = x == x if low is None else x >= low
    return above if high is None else above * (x <= high)


clip.gradients(lambda g, y, x, low=None, high=None: g * _inside(x, low, high))


@differentiable
def maximum(a: Array, b: Array, /) -> Array:
    """The larger of a and b; where they are equal, each gets half of the gradient."""
    return xp_of(a, b).maximum(a, b)


@differentiable
def minimum(a: Array, b: Array, /) -> Array:
    """The smaller of a and b; where they are equal, each gets half of the gradient."""
    return xp_of(a, b).minimum(a, b)


def _winner(g: Values, won: Values, tied: Values) -> Values:
    return where(tied, 0.5 * g, where(won, g, 0.0))


maximum.gradients(
    lambda g, y, a, b: _winner(g, a > b, a == b),
    lambda g, y, a, b: _winner(g, b > a, a == b),
)
minimum.gradients(
    lambda g, y, a, b: _winner(g, a < b, a == b),
    lambda g, y, a, b: _winner(g, b < a, a == b),
)

# ---------------------------------------------------------------------------------------------------- activations


@float_valued
@differentiable
def tanh(x: Array, /) -> Array:
    """The hyperbolic tangent."""
    return xp_of(x).tanh(x)


tanh.gradients(lambda g, y, x: g * (1 - y * y))


@float_valued
@differentiable
def sigmoid(x: Array, /) -> Array:
    """1 / (1 + e^-x). Where e^-x overflows, the quotient is 0, as it should be; small results keep their digits."""
    xp = xp_of(x)
    with errstate(xp):
        return 1 / (1 + xp.exp(-x))


sigmoid.gradients(lambda g, y, x: g * y * (1 - y))


def _log_1_plus_exp_minus_abs(x: Array) -> Array:
    """log(1 + e^-|x|): log1p by way of log, which NumPy computes six times as fast; in few arrays.

    With z = e^-|x|, u = 1 + z is rounded, and log(u) misses what was lost, z - (u - 1): to first order, by that over u.
    """
    xp = xp_of(x)
    z = xp.exp(-xp.abs(x))
    u = 1 + z
    z -= u - 1
    z /= u
    z += xp.log(u)
    return z


@float_valued
@differentiable
def softplus(x: Array, /) -> Array:
    """log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), which does not overflow."""
    xp = xp_of(x)
    return xp.maximum(x, 0) + _log_1_plus_exp_minus_abs(x)


softplus.gradients(lambda g, y, x: g * sigmoid(x))


@differentiable
def relu(x: Array, /) -> Array:
    """max(x, 0); the derivative at 0 is taken as 0."""
    return xp_of(x).maximum(x, 0)


relu.gradients(lambda g, y, x: g * (y > 0))


@float_valued
@differentiable
def leaky_relu(x: Array, /, slope: float = 0.2) -> Array:
    """x where x > 0, slope * x elsewhere."""
    xp = xp_of(x)
    return (xp.maximum if slope <= 1 else xp.minimum)(x, slope * x)


def _slope(x: Tensor | Array, slope: float) -> Array:
    """1 where x > 0, `slope` elsewhere; arithmetic is several times as fast here as a choice by `where`."""
    factor = (raw(x) > 0).astype(x.dtype)
    factor *= 1 - slope
    factor += slope
    return factor


def _leaky_relu_gradient(g: Values, y: Values, x: Values, slope: float = 0.2) -> Values:
    factor = _slope(x, slope)
    if isinstance(g, Tensor):
        return g * factor
    factor *= g  # in the array that is there
    return factor


leaky_relu.gradients(_leaky_relu_gradient)


@float_valued
@differentiable
def elu(x: Array, /, alpha: float = 1.0) -> Array:
    """x where x > 0, alpha * (e^x - 1) elsewhere (Clevert et al. 2016)."""
    xp = xp_of(x)
    return xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0)))


elu.gradients(lambda g, y, x, alpha=1.0: where(x > 0, g, alpha * g * exp(minimum(x, 0.0))))


@float_valued
@differentiable
def silu(x: Array, /) -> Array:
    """x * sigmoid(x), also called swish."""
    return x * sigmoid(x)


def _silu_gradient(g: Values, y: Values, x: Values) -> Values:
    s = sigmoid(x)
    return g * (s + y * (1 - s))


silu.gradients(_silu_gradient)

# ------------------------------------------------------------------------------------------------------ for losses


@float_valued
@differentiable
def bce_with_logits(logits: Array, targets: Array, /) -> Array:
    """-log of the Bernoulli likelihood of each target in [0, 1], in nats, from the logit of its probability.

    With p = sigmoid(l):  -t log p - (1 - t) log(1 - p)  =  max(l, 0) - l t + log(1 + e^-|l|),
    which is exact and finite for any finite logit. The derivative with respect to l is sigmoid(l) - t.
    """
    if fused.takes(logits, targets) and logits.shape == targets.shape:
        return fused.bce_with_logits(logits, targets)
    xp = xp_of(logits, targets)
    y = xp.maximum(logits, 0) - logits * targets
    y += _log_1_plus_exp_minus_abs(logits)
    return y


def _bce_gradient(g: Values, y: Values, logits: Values, targets: Values) -> Values:
    if fused.takes(logits, targets) and logits.shape == targets.shape:
        return fused.bce_with_logits_gradient(g, logits, targets)  # type: ignore[arg-type, return-value]
    return g * (sigmoid(logits) - targets)


bce_with_logits.gradients(
    _bce_gradient,
    lambda g, y, logits, targets: -g * logits,
)
