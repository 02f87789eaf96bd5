"""Rounding down, and what is left of a division: functions by steps.

    a = b floor(a / b) + a % b,    and a % b lies between 0 and b

A step has the derivative 0 wherever it has one, so no gradient flows through `floor` and `floor_divide`. On a step
floor(a / b) is a constant n, and a % b = a - b n has the derivatives 1 and -n. Integers stay integers.

Lesson 2 says what a gradient check sees of steps and kinks.
"""

from ..autodiff import differentiable
from ..backend import Array, errstate, is_array, xp_of


@differentiable
def floor(x: Array, /) -> Array:
    """The largest integer that is not above x; its gradient is zero everywhere, so none flows."""
    if is_array(x) and x.dtype.kind in "biu":
        return x.copy()
    return xp_of(x).floor(x)


floor.gradients(None)


@differentiable
def floor_divide(a: Array, b: Array, /) -> Array:
    """a // b = floor(a / b); its gradient is zero everywhere, so none flows. An integer over 0 is 0, as in NumPy."""
    with errstate(xp_of(a, b)):
        return a // b


floor_divide.gradients(None, None)


@differentiable
def remainder(a: Array, b: Array, /) -> Array:
    """a % b = a - b floor(a / b), which has the sign of b. An integer modulo 0 is 0, as in NumPy."""
    with errstate(xp_of(a, b)):
        return a % b


remainder.gradients(
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g * floor_divide(a, b),
)
