"""GELU in its tanh form: a gate that opens smoothly, x times almost the probability that a normal number is below x.

    gelu(x) = x / 2 (1 + tanh(u)),    u = sqrt(2/pi) (x + 0.044715 x^3)

Since (1 + tanh(u)) / 2 = sigmoid(2u), it is computed as x sigmoid(2u), which keeps its digits for negative x, too.
With s = sigmoid(2u) and u' = sqrt(2/pi) (1 + 3 * 0.044715 x^2), the derivative is

    s + x s (1 - s) 2u'  =  s (1 + x (1 - s) 2u')

On arrays both are written in place: a dozen passes, and no array but the result and one more.

Lesson 3 says what an activation is for.
"""

import math

from .. import parallel
from ..autodiff import Tensor, Values, differentiable, float_valued
from ..backend import Array, errstate, xp_of
from .elementwise import sigmoid

SCALE = math.sqrt(2 / math.pi)
CUBIC = 0.044715
COST = 30  # as many multiply-adds as an element takes


@float_valued
@differentiable
def gelu(x: Array, /) -> Array:
    """x / 2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))): the tanh form of Hendrycks & Gimpel 2016.

    It differs from x * Phi(x) by less than 5e-4; in PyTorch it is `gelu(x, approximate="tanh")`.
    """
    xp = xp_of(x)
    y = xp.empty_like(x)

    def work(x: Array, y: Array) -> None:
        with errstate(xp):
            xp.divide(x, _one_plus_exp_minus_2u(x, y), out=y)

    parallel.run_in_parts(work, x, y, cost=COST)
    return y


def _one_plus_exp_minus_2u(x: Array, out: Array) -> Array:
    """1 / sigmoid(2u), written to `out`."""
    xp = xp_of(x)
    xp.multiply(x, x, out=out)
    out *= -2 * SCALE * CUBIC
    out -= 2 * SCALE
    out *= x
    xp.exp(out, out=out)
    out += 1
    return out


def _gelu_gradient(g: Values, y: Values, x: Values) -> Values:
    if isinstance(g, Tensor):
        s = sigmoid(2 * SCALE * (x + CUBIC * x * x * x))
        return g * s * (1 + (1 - s) * x * (2 * SCALE + 6 * SCALE * CUBIC * x * x))
    dx: Array = xp_of(x).empty_like(x)
    parallel.run_in_parts(_write_gradient, g, x, dx, cost=COST)
    return dx


def _write_gradient(g: Array, x: Array, d: Array) -> None:
    """g s (1 + x (1 - s) 2u'), written to d."""
    xp = xp_of(x)
    with errstate(xp):
        s = _one_plus_exp_minus_2u(x, xp.empty_like(x))
        xp.reciprocal(s, out=s)
        xp.multiply(x, x, out=d)
        d *= 6 * SCALE * CUBIC
        d += 2 * SCALE
        d *= 1 - s  # before x, which can be so large that only 0 is left of it
        d *= x
        d += 1
        d *= s
        d *= g


gelu.gradients(_gelu_gradient)
