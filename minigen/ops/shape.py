"""Moving elements without changing them: shapes, joining, cutting, indexing.

Each is a linear map that copies elements to places, so its gradient is the transposed map: elements go back to where
they came from, and those that were copied several times are summed.

Lesson 7 tests such pairs, a map and its transpose, with random numbers.
"""

import itertools
import math
import numbers
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike

from ..autodiff import Tensor, Values, composed, differentiable, raw
from ..autodiff.arrays import dtype_of
from ..backend import Array, device_of, is_array, to_device, xp_of
from ..errors import ArgumentError, AxisError, DTypeError, ShapeError, is_whole

Index: TypeAlias = Any  # what stands between brackets: integers, slices, None, Ellipsis, arrays, lists; or several
Width = int | Sequence[tuple[int, int]]  # of a padding: on every side, or (before, after) for each axis


def normalized_axis(operation: str, axis: int, ndim: int) -> int:
    """`axis` counted from 0, or an error that names the operation."""
    if not is_whole(axis):
        raise DTypeError(f"{operation}: axis must be an integer, got {axis!r}")
    if not -ndim <= axis < ndim:
        raise AxisError(f"{operation}: axis {axis} is out of range for an array of {ndim} axes")
    return int(axis) % ndim


@differentiable
def reshape(x: Array, /, shape: tuple[int, ...]) -> Array:
    """The same elements, in the same order, in a new shape; one length may be -1."""
    try:
        return x.reshape(shape)
    except ValueError:
        raise ShapeError(
            f"reshape: {x.size} elements of shape {x.shape} do not fill shape {shape}; "
            "the products of the two must be equal (one length may be -1)"
        ) from None


reshape.gradients(lambda g, y, x, shape: reshape(g, x.shape))


@differentiable
def transpose(x: Array, /, axes: tuple[int, ...] | None = None) -> Array:
    """The axes in a new order; reversed by default."""
    return x.transpose(axes) if axes is not None else x.transpose()


def _inverse(axes: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if axes is None else tuple(np.argsort([a % len(axes) for a in axes]).tolist())


transpose.gradients(lambda g, y, x, axes=None: transpose(g, _inverse(axes)))


def swap_last(x: Values) -> Values:
    """The transposes of the matrices in the last two axes."""
    return transpose(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


@composed
def expand_dims(x: Values, axis: int) -> Values:
    """`x` with a new axis of length 1 at position `axis`."""
    axis = normalized_axis("expand_dims", axis, x.ndim + 1)
    return reshape(x, (*x.shape[:axis], 1, *x.shape[axis:]))


@composed
def squeeze(x: Values, axis: int | tuple[int, ...] | None = None) -> Values:
    """`x` without its axes of length 1, or without those in `axis`."""
    given = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = {normalized_axis("squeeze", a, x.ndim) for a in given}
    if axis is not None and any(x.shape[a] != 1 for a in axes):
        raise ShapeError(f"squeeze: axis {axis} of shape {x.shape} is not of length 1")
    return reshape(x, tuple(n for a, n in enumerate(x.shape) if not (a in axes and n == 1)))


@differentiable
def astype(x: Array, /, dtype: DTypeLike) -> Array:
    """The elements converted to `dtype`; the gradient comes back in the original type."""
    return x.astype(dtype_of(dtype))


astype.may_widen = True
astype.gradients(lambda g, y, x, dtype: astype(g, x.dtype))


def floating(x: Values) -> Values:
    """`x` itself if its elements are floats, else as float32: before arithmetic that integers would do modulo 256."""
    return x if x.dtype.kind == "f" else astype(x, np.float32)


@differentiable
def flip(x: Array, /, axis: int | tuple[int, ...]) -> Array:
    """The elements in reverse order along `axis`."""
    return xp_of(x).flip(x, axis)


flip.gradients(lambda g, y, x, axis: flip(g, axis))

# -------------------------------------------------------------------------------------------------- joining, cutting


@differentiable
def _concatenate(*xs: Array, axis: int) -> Array:
    return xp_of(*xs).concatenate(xs, axis=axis)


def _piece(i: int, g: Values, y: Values, *xs: Values, axis: int) -> Values:
    axis %= g.ndim
    start = sum(x.shape[axis] for x in xs[:i])
    return getitem(g, (slice(None),) * axis + (slice(start, start + xs[i].shape[axis]),))


_concatenate.gradient_for_each(_piece)
_concatenate.name = "concatenate"


def _several(operation: str, xs: Iterable[Values]) -> list[Values]:
    """`xs` as a list of one array or more, or an error that names the operation."""
    if isinstance(xs, Tensor) or is_array(xs) or not isinstance(xs, Iterable):
        raise DTypeError(f"{operation}: expected several arrays, as in mg.{operation}([a, b]), got one {_kind(xs)}")
    xs = list(xs)
    for i, x in enumerate(xs):
        if not isinstance(x, (Tensor, np.generic)) and not is_array(x):
            raise DTypeError(f"{operation}: xs[{i}] must be a tensor or an array, got {_kind(x)}; use mg.tensor")
    if not xs:
        raise ShapeError(f"{operation}: xs is empty; at least one array is needed")
    return xs


def _kind(x: object) -> str:
    return type(x).__name__


def concatenate(xs: Iterable[Values], axis: int = 0) -> Values:
    """The arrays `xs` one after another along an existing axis."""
    return _concatenate(*_several("concatenate", xs), axis=axis)


def stack(xs: Iterable[Values], axis: int = 0) -> Values:
    """The arrays `xs`, all of one shape, one after another along a new axis."""
    xs = _several("stack", xs)
    if len({x.shape for x in xs}) != 1:
        raise ShapeError(f"stack: the arrays must have one shape, got {[x.shape for x in xs]}")
    return concatenate([expand_dims(x, axis) for x in xs], axis)


@composed
def split(x: Values, parts: int | Sequence[int], axis: int = 0) -> list[Values]:
    """`x` cut along `axis` into `parts` equal parts, or before each of the positions in `parts`."""
    axis = normalized_axis("split", axis, x.ndim)
    length = x.shape[axis]
    if is_whole(parts):
        if parts < 1 or length % parts:  # type: ignore[operator]
            raise ShapeError(f"split: an axis of length {length} cannot be cut into {parts} equal parts")
        pieces = int(parts)  # type: ignore[arg-type]
        cuts: list[int] = [length * i // pieces for i in range(1, pieces)]
    else:
        cuts = list(parts) if isinstance(parts, (list, tuple, range, np.ndarray)) else [parts]  # type: ignore[list-item]
        if not all(map(is_whole, cuts)):
            raise DTypeError(f"split: parts must be an integer or a list of positions, got {parts!r}")
    bounds = [0, *cuts, length]
    before: tuple[Index, ...] = (slice(None),) * axis
    return [getitem(x, (*before, slice(a, b))) for a, b in itertools.pairwise(bounds)]


@differentiable
def pad(x: Array, /, width: Width, value: float = 0.0) -> Array:
    """`x` with `width` constants added: one int for all sides, or a pair (before, after) for each axis."""
    if not isinstance(value, numbers.Real):
        raise ArgumentError(f"pad: value: expected a number, got {value!r}")
    return xp_of(x).pad(x, _pairs(width, x.ndim), constant_values=value)


pad.may_be_infinite = True


def _pairs(width: Width, ndim: int) -> tuple[tuple[int, int], ...]:
    pairs = ((width, width),) * ndim if is_whole(width) else width if isinstance(width, (tuple, list)) else ()
    both = [tuple(pair) if isinstance(pair, (tuple, list)) else (pair,) for pair in pairs]
    if len(both) != ndim or not all(len(pair) == 2 and all(is_whole(n) and n >= 0 for n in pair) for pair in both):
        raise ShapeError(f"pad: width must be an int >= 0 or {ndim} pairs of them, got {width!r}")
    return tuple((int(a), int(b)) for a, b in both)


def _unpad(g: Values, x: Values, width: Width) -> Values:
    starts = [a for a, _ in _pairs(width, x.ndim)]
    return getitem(g, tuple(slice(a, a + n) for a, n in zip(starts, x.shape, strict=True)))


pad.gradients(lambda g, y, x, width, value=0.0: _unpad(g, x, width))

# ----------------------------------------------------------------------------------------------------- indexing


@differentiable
def _getitem(x: Array, /, index: tuple[Index, ...]) -> Array:
    return x[index]


@differentiable
def _place(g: Array, /, index: tuple[Index, ...], shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with `g` added at `index`; the adjoint of indexing. Positions named twice get both."""
    xp = xp_of(g)
    if xp is np and len(index) == 1 and is_array(index[0]) and g.size:
        return _place_rows(g, index[0], shape)
    if any(is_array(i) for i in index):
        sums = xp.zeros(shape, dtype=np.float64)  # one after the other is added: a million times, perhaps
        xp.add.at(sums, index, g)
        return sums.astype(g.dtype)
    out = xp.zeros(shape, dtype=g.dtype)
    out[index] = g
    return out


def _place_rows(g: np.ndarray, ids: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Zeros of `shape`, each row of g added to the row that `ids` names: the gradient of a table that was looked up.

    Sorted by their places, the rows for one place are neighbours, and each run of neighbours is added up in one go.
    """
    ids = ids.reshape(-1).astype(np.intp) % shape[0]
    order = np.argsort(ids, kind="stable")
    places = ids[order]
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    rows = g.reshape(len(ids), -1)[order]
    out = np.zeros((shape[0], rows.shape[1]), g.dtype)
    out[places[starts]] = np.add.reduceat(rows, starts, axis=0, dtype=np.float64)
    return out.reshape(shape)


_getitem.gradients(lambda g, y, x, index: _place(g, index, x.shape))
_place.gradients(lambda v, y, g, index, shape: _getitem(v, index))
_getitem.name = "getitem"
_place.name = "place"


@composed
def getitem(x: Values, index: Index) -> Values:
    """x[index] for integers, slices, None, Ellipsis, integer arrays (repeats allowed) and boolean masks."""
    given = index if isinstance(index, tuple) else (index,)
    if all(type(i) is slice or type(i) is int for i in given):
        return _getitem(x, given)
    parts = [_index(i, raw(x)) for i in given]
    _check_masks(parts, x.shape)
    return _getitem(x, tuple(j for i in parts for j in (xp_of(i).nonzero(i) if _is_mask(i) else (i,))))


def _is_mask(i: Index) -> bool:
    return is_array(i) and i.dtype.kind == "b"


def _index(i: Index, x: Array) -> Index:
    """One part of an index: lists as arrays, all arrays on x's device."""
    i = raw(i)
    if isinstance(i, list):
        i = np.asarray(i, dtype=None if i else int)
    if not is_array(i):
        return i
    if i.dtype.kind not in "iub":
        raise ArgumentError(f"getitem: an index array must hold integers or booleans, got {i.dtype}")
    return to_device(i, device_of(x))


def _check_masks(parts: list[Index], shape: tuple[int, ...]) -> None:
    """Raise unless each mask has the lengths of its axes; as positions it could be too short and not be noticed."""
    taken = [i.ndim if _is_mask(i) else 0 if i is None or i is Ellipsis else 1 for i in parts]
    for k, i in enumerate(parts):
        if _is_mask(i):
            after_ellipsis = any(j is Ellipsis for j in parts[:k])
            first = len(shape) - sum(taken[k:]) if after_ellipsis else sum(taken[:k])
            if not i.ndim or i.shape != shape[first : first + i.ndim]:
                raise ShapeError(
                    f"getitem: a mask of shape {i.shape} does not fit axis {first} onward of x {shape}; "
                    "a mask has the lengths of the axes that it chooses from"
                )


@composed
def take(x: Values, indices: Index, axis: int | None = None) -> Values:
    """The entries of `x` at the integers `indices` along `axis`; of the flattened x by default."""
    if axis is None:
        return getitem(reshape(x, (-1,)), indices)
    return getitem(x, (slice(None),) * normalized_axis("take", axis, x.ndim) + (indices,))


@composed
def flatten(x: Values) -> Values:
    """(N, ...) to (N, product of the rest)."""
    if not x.ndim:
        raise ShapeError("flatten: x has no axes, expected (N, ...)")
    return reshape(x, (x.shape[0], math.prod(x.shape[1:])))
