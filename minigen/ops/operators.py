"""Gives tensors their operators and methods: `a + b`, `x[0]`, `x.sum(axis=1)`. The one place that knows both sides.

No lesson derives it.
"""

import numbers
from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import DTypeLike

from ..autodiff import Tensor, differentiable, protocols
from ..autodiff.arrays import dtype_of
from ..backend import Array, is_array
from . import along_axis, linalg, reduce, rounding, shape
from . import elementwise as e


@differentiable
def equal(a: Array, b: Array, /) -> Array:
    """a == b, element by element; like all comparisons it has no gradient."""
    return a == b


@differentiable
def not_equal(a: Array, b: Array, /) -> Array:
    """a != b, element by element."""
    return a != b


@differentiable
def greater(a: Array, b: Array, /) -> Array:
    """a > b, element by element."""
    return a > b


@differentiable
def greater_equal(a: Array, b: Array, /) -> Array:
    """a >= b, element by element."""
    return a >= b


def _swapped(operation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: operation(other, self)


def _method(operation: Callable[..., Any]) -> Callable[..., Any]:
    """An operation as a method; a class keeps `self` only for plain functions."""

    def method(self: Tensor, *args: Any, **named: Any) -> Any:
        return operation(self, *args, **named)

    method.__name__ = getattr(operation, "name", getattr(operation, "__name__", "method"))
    method.__doc__ = operation.__doc__
    return method


def _with_shape(operation: Callable[..., Any]) -> Callable[..., Any]:
    """A method that takes x.reshape(2, 3) as well as x.reshape((2, 3))."""

    def method(self: Tensor, *sizes: Any) -> Any:
        return operation(self, tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes)

    method.__doc__ = operation.__doc__
    return method


def _comparison(operation: Callable[..., Any]) -> Callable[..., Any]:
    """== and !=: what is no number and no array is not equal to a tensor; so a list may hold tensors and others."""

    def method(self: Tensor, other: Any) -> Any:
        is_number = isinstance(other, (Tensor, numbers.Number, list, tuple)) or hasattr(other, "__array__")
        return operation(self, other) if is_number or is_array(other) else NotImplemented

    return method


def _astype(self: Tensor, dtype: DTypeLike) -> Tensor:
    """A copy with elements of type `dtype`; gradients flow through, in the original type."""
    result: Tensor = shape.astype(self, dtype=dtype_of(dtype))
    return result


OPERATORS: dict[str, Callable[..., Any]] = {
    "__add__": _method(e.add),
    "__radd__": _swapped(e.add),
    "__sub__": _method(e.subtract),
    "__rsub__": _swapped(e.subtract),
    "__mul__": _method(e.multiply),
    "__rmul__": _swapped(e.multiply),
    "__truediv__": _method(e.divide),
    "__rtruediv__": _swapped(e.divide),
    "__floordiv__": _method(rounding.floor_divide),
    "__rfloordiv__": _swapped(rounding.floor_divide),
    "__mod__": _method(rounding.remainder),
    "__rmod__": _swapped(rounding.remainder),
    "__pow__": _method(e.power),
    "__rpow__": _swapped(e.power),
    "__matmul__": _method(linalg.matmul),
    "__rmatmul__": _swapped(linalg.matmul),
    "__neg__": _method(e.negative),
    "__abs__": _method(e.abs),
    "__getitem__": _method(shape.getitem),
    "__eq__": _comparison(equal),
    "__ne__": _comparison(not_equal),
    "__gt__": _method(greater),
    "__ge__": _method(greater_equal),
    "__lt__": _swapped(greater),
    "__le__": _swapped(greater_equal),
    "astype": _astype,
    "reshape": _with_shape(shape.reshape),
    "transpose": lambda self, *axes: shape.transpose(self, (axes if len(axes) > 1 else axes[0]) if axes else None),
    "T": property(shape.transpose),  # type: ignore[dict-item]
    "squeeze": _method(shape.squeeze),
    "take": _method(shape.take),
    "clip": _method(e.clip),
    "cumsum": _method(along_axis.cumsum),
    "argsort": _method(along_axis.argsort),
    **{name: _method(getattr(e, name)) for name in ("exp", "log", "sqrt", "tanh", "sigmoid", "relu")},
    **{name: _method(getattr(reduce, name)) for name in ("sum", "mean", "var", "std", "max", "min", "argmax", "norm")},
}


def attach(functions: Sequence[str]) -> None:
    """Set all of them on Tensor, and let refusals of NumPy's functions name those that are here."""
    for name, method in OPERATORS.items():
        setattr(Tensor, name, method)
    protocols.know(functions)
