"""Along one axis: running sums, orders, and elements chosen at each place or repeated.

The gradient of a running sum is a running sum from the other end: x_j is in y_j and in all that follow it,

    y_i = sum_{j <= i} x_j        dL/dx_j = sum_{i >= j} dL/dy_i

An order has no gradient. What is chosen or repeated is a copy, so gradients go back to where they came from, and those
of one element are summed: `take_along_axis` and `topk` are indexing, and have its rule.

Lesson 7 derives the transpose of a map that copies elements.
"""

from collections.abc import Sequence

import numpy as np

from ..autodiff import Tensor, Values, asarray, broadcast_to, composed, differentiable, raw
from ..backend import Array, device_of, to_device, xp_of
from ..errors import ArgumentError, DTypeError, ShapeError
from .shape import expand_dims, flip, getitem, normalized_axis, reshape, take


@differentiable
def _cumsum(x: Array, /, axis: int) -> Array:
    return xp_of(x).cumsum(x, axis=axis)


_cumsum.gradients(lambda g, y, x, axis: flip(_cumsum(flip(g, axis), axis), axis))
_cumsum.name = "cumsum"


@composed
def cumsum(x: Values, axis: int | None = None) -> Values:
    """The sums of all elements up to and including each, along `axis`; of the flattened x by default."""
    if axis is None:
        return _cumsum(reshape(x, (-1,)), 0)
    return _cumsum(x, normalized_axis("cumsum", axis, x.ndim))


@differentiable
def argsort(x: Array, /, axis: int = -1, descending: bool = False) -> Array:
    """The positions of the elements in rising order along `axis`, or in falling order; it has no gradient.

    Equal elements keep their order. NaN counts as larger than any number.
    """
    axis, xp = normalized_axis("argsort", axis, x.ndim), xp_of(x)
    if not descending:
        return xp.argsort(x, axis=axis, kind="stable")
    # From the other end, rising is falling, and equal elements are turned round twice.
    return x.shape[axis] - 1 - xp.flip(xp.argsort(xp.flip(x, axis), axis=axis, kind="stable"), axis)


@composed
def topk(x: Values, k: int, axis: int = -1) -> tuple[Values, Values]:
    """The k largest elements along `axis`, the largest first, and their positions.

    Of equal elements the first comes first. Gradients flow through the elements, not through the positions.
    """
    axis = normalized_axis("topk", axis, x.ndim)
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or not 0 <= k <= x.shape[axis]:
        raise ArgumentError(
            f"topk: k: expected an integer in 0 ... {x.shape[axis]}, the length of axis {axis}, got {k!r}"
        )
    indices = getitem(argsort(x, axis, descending=True), (slice(None),) * axis + (slice(0, k),))
    return take_along_axis(x, indices, axis), indices


@composed
def take_along_axis(x: Values, indices: Tensor | Array | Sequence, axis: int) -> Values:
    """At each place, the element of `x` at the position along `axis` that `indices` names there.

    For a matrix and axis 1, y[i, j] = x[i, indices[i, j]]. Positions may repeat, and count from the end if negative.

    Args:
        x: of any shape.
        indices: integers, with as many axes as x; axes other than `axis` have x's length, or 1.
        axis: where to choose.
    """
    axis, data = normalized_axis("take_along_axis", axis, x.ndim), raw(x)
    indices = raw(indices) if isinstance(indices, Tensor) else asarray(indices)
    if indices.dtype.kind not in "iu":
        raise DTypeError(f"take_along_axis: indices must be integers, got {indices.dtype}")
    others = [(m, n) for a, (m, n) in enumerate(zip(indices.shape, x.shape, strict=False)) if a != axis]
    if indices.ndim != x.ndim or any(m not in (1, n) for m, n in others):
        raise ShapeError(
            f"take_along_axis: indices have shape {indices.shape}, x has {x.shape}; "
            f"they must have the same lengths, or 1, but for axis {axis}"
        )
    length = x.shape[axis]
    if isinstance(indices, np.ndarray) and indices.size and not -length <= indices.min() <= indices.max() < length:
        raise ShapeError(
            f"take_along_axis: indices must be in 0 ... {length - 1}, the length of axis {axis}, "
            f"got {indices.min()} ... {indices.max()}"
        )
    places = [to_device(indices, device_of(data)) if a == axis else _numbered(data, a) for a in range(x.ndim)]
    return getitem(x, tuple(places))


def _numbered(x: Array, axis: int) -> Array:
    """0, 1, ... along an axis of x, with length 1 along all others."""
    return xp_of(x).arange(x.shape[axis]).reshape([-1 if a == axis else 1 for a in range(x.ndim)])


@composed
def repeat(x: Values, repeats: int | Sequence[int], axis: int | None = None) -> Values:
    """Each element along `axis` so many times, one after another; of the flattened x by default.

    As in NumPy; in PyTorch this is `repeat_interleave`, and `repeat` there lays out whole copies.

    Args:
        x: of any shape.
        repeats: how many times: one number, or one for each element along `axis`.
        axis: see above.
    """
    if axis is None:
        return repeat(reshape(x, (-1,)), repeats, 0)
    axis = normalized_axis("repeat", axis, x.ndim)
    length = x.shape[axis]
    times = asarray(repeats, device="cpu")
    if times.dtype.kind not in "iu" or times.shape not in ((), (length,)) or (times < 0).any():
        raise ArgumentError(
            f"repeat: repeats: expected an integer >= 0, or {length} of them, one for each element along axis {axis}, "
            f"got {repeats!r}"
        )
    if times.ndim:
        return take(x, np.repeat(np.arange(len(times)), times), axis)
    copied, longer = list(x.shape), list(x.shape)
    copied.insert(axis + 1, int(times))
    longer[axis] *= int(times)
    return reshape(broadcast_to(expand_dims(x, axis + 1), tuple(copied)), tuple(longer))
