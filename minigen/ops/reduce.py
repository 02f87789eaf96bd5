"""Functions of many elements: sums, means, extremes, and the softmax family.

`axis` is an axis, several, or None for all. A gradient for the result is first given the reduced axes back, with
length 1 (`_restore`), and then broadcasts against the input.

Lesson 3 derives the softmax family.
"""

import math
import numbers

import numpy as np

from ..autodiff import Tensor, Values, broadcast_to, composed, differentiable, float_valued
from ..backend import Array, errstate, xp_of
from ..errors import ArgumentError
from ..sums import total
from .elementwise import divide, exp, where
from .shape import floating, normalized_axis, reshape

Axis = int | tuple[int, ...] | None


def _axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return tuple(normalized_axis("reduce", a, ndim) for a in axes)


def _restore(g: Values, x: Values, axis: Axis) -> Values:
    """`g` in the shape of x with length 1 along the reduced axes."""
    axes = _axes(axis, x.ndim)
    return reshape(g, tuple(1 if a in axes else n for a, n in enumerate(x.shape)))


def _count(x: Tensor | Array, axis: Axis) -> int:
    return math.prod(x.shape[a] for a in _axes(axis, x.ndim))


def _check_axis(x: Array, axis: Axis) -> None:
    """Raise where `x` has no axes, and NumPy would overlook that `axis` is one of those."""
    if not x.ndim:
        _axes(axis, 0)


@differentiable
def sum(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum over `axis`."""
    return total(x, axis, keepdims)


sum.gradients(lambda g, y, x, axis=None, keepdims=False: broadcast_to(_restore(g, x, axis), x.shape))


@float_valued
@differentiable
def mean(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """The mean over `axis`."""
    if xp_of(x) is not np:
        return x.mean(axis=axis, keepdims=keepdims)
    y = total(x, axis, keepdims)
    return y / (x.size // y.size or math.nan) if y.size else y  # the mean of nothing is NaN


mean.gradients(
    lambda g, y, x, axis=None, keepdims=False: broadcast_to(divide(_restore(g, x, axis), _count(x, axis)), x.shape)
)


@float_valued
@differentiable
def var(x: Array, /, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Array:
    """The mean squared deviation from the mean over `axis`; the divisor is count - ddof, which must be > 0."""
    if xp_of(x) is not np:
        y = xp_of(x).var(x, axis=axis, ddof=ddof, keepdims=keepdims)
        _divisor("var", x, axis, ddof)
        return y
    sums = total(x, axis, keepdims=True)
    divisor = _divisor("var", x, axis, ddof)
    deviation = x - sums / (divisor + ddof)
    deviation *= deviation
    return total(deviation, axis, keepdims) / divisor


def _divisor(operation: str, x: Tensor | Array, axis: Axis, ddof: float) -> float:
    """count - ddof, or an error where that leaves nothing to divide by."""
    count = _count(x, axis)
    if not isinstance(ddof, numbers.Real) or not ddof < count:
        raise ArgumentError(
            f"{operation}: ddof={ddof!r} leaves nothing of {count} elements to divide by; "
            "take more elements, or a ddof below their number"
        )
    return count - ddof


def _var_gradient(g: Values, y: Values, x: Values, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Values:
    deviation = x - mean(x, axis, keepdims=True)
    return _restore(g, x, axis) * deviation * (2 / (_count(x, axis) - ddof))


var.gradients(_var_gradient)


@differentiable
def max(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest element over `axis`; elements that tie share the gradient equally."""
    _check_axis(x, axis)
    return xp_of(x).max(x, axis=axis, keepdims=keepdims)


@differentiable
def min(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest element over `axis`; elements that tie share the gradient equally."""
    _check_axis(x, axis)
    return xp_of(x).min(x, axis=axis, keepdims=keepdims)


def _extreme_gradient(g: Values, y: Values, x: Values, axis: Axis = None, keepdims: bool = False) -> Values:
    chosen = (x == _restore(y, x, axis)).astype(g.dtype)
    return _restore(g, x, axis) * chosen / sum(chosen, axis, keepdims=True)


max.gradients(_extreme_gradient)
min.gradients(_extreme_gradient)


@differentiable
def argmax(x: Array, /, axis: int | None = None) -> Array:
    """The position of the largest element along `axis` (of the flattened array by default); it has no gradient."""
    _check_axis(x, axis)
    return xp_of(x).argmax(x, axis=axis)


@float_valued
@differentiable
def logsumexp(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """log(sum(exp(x))), with the largest element taken out first so that nothing overflows; -inf for no elements."""
    xp = xp_of(x)
    top = _largest(x, axis)
    top = xp.where(xp.isfinite(top), top, 0)
    with errstate(xp):
        y = xp.log(total(xp.exp(x - top), axis, keepdims=True)) + top
    return y if keepdims else y.reshape(xp.sum(x, axis=axis).shape)


def _largest(x: Array, axis: Axis) -> Array:
    """The largest element, with length 1 along `axis`; 0 where there is none."""
    xp = xp_of(x)
    if x.size or _count(x, axis):
        return xp.max(x, axis=axis, keepdims=True)
    return xp.sum(x, axis=axis, keepdims=True)


logsumexp.gradients(lambda g, y, x, axis=None, keepdims=False: _restore(g, x, axis) * exp(x - _restore(y, x, axis)))


@float_valued
@differentiable
def softmax(x: Array, /, axis: int = -1) -> Array:
    """exp(x) scaled to sum to 1 along `axis`."""
    xp = xp_of(x)
    e = xp.exp(x - _largest(x, axis))
    return e / total(e, axis, keepdims=True)


softmax.gradients(lambda g, y, x, axis=-1: y * (g - sum(g * y, axis, keepdims=True)))


@float_valued
@differentiable
def log_softmax(x: Array, /, axis: int = -1) -> Array:
    """log(softmax(x)) = x - logsumexp(x)."""
    return x - logsumexp(x, axis, keepdims=True)


log_softmax.gradients(lambda g, y, x, axis=-1: g - exp(y) * sum(g, axis, keepdims=True))


@float_valued
@differentiable
def norm(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """The Euclidean length, sqrt(sum(x^2)) over `axis`; its gradient at 0 is taken as 0."""
    return xp_of(x).sqrt(total(x * x, axis, keepdims))


def _norm_gradient(g: Values, y: Values, x: Values, axis: Axis = None, keepdims: bool = False) -> Values:
    length = _restore(y, x, axis)
    return x * (_restore(g, x, axis) / where(length == 0, 1.0, length))


norm.gradients(_norm_gradient)


@composed
def std(x: Values, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Values:
    """The standard deviation over `axis`: the length of the deviations, over sqrt(count - ddof).

    As that of a length, its gradient where all elements are equal is taken as 0.
    """
    x, divisor = floating(x), _divisor("std", x, axis, ddof)
    return norm(x - mean(x, axis, keepdims=True), axis, keepdims) / math.sqrt(divisor)
