"""Sums of many numbers, as exact over any axis as NumPy's are along a row.

Adding n rounded numbers one after the other can lose n units in the last place, which in float32 is everything at ten
million. Along a row NumPy adds in pairs, and loses about log2(n) units; over the rows of a matrix it adds one after the
other. So rows are added here in blocks, and then the sums of the blocks. A row of ones times a matrix is the sum of its
rows, and that product is the fastest way to it. On a GPU, sums are added in a tree anyway.
"""

import functools
import math

import numpy as np

from .backend import Array, xp_of

BLOCK = 64  # rows that are added one after the other; up to twice as many, if there are no more
NARROW = 16  # rows so short are turned into columns first


def row_sums(x: Array, factor: Array | None = None) -> Array:
    """The sum of the rows of x, or of x * factor of the same shape, in one pass: (..., n, W) -> (..., W)."""
    n, width = x.shape[-2:]
    if n <= 2 * BLOCK or xp_of(x) is not np:
        if factor is not None:
            return xp_of(x).einsum("...ij,...ij->...j", x, factor)
        return xp_of(x).ones(n, x.dtype) @ x
    if factor is None and width < NARROW:
        return np.ascontiguousarray(x.swapaxes(-1, -2)).sum(axis=-1)
    whole = n - n % BLOCK
    blocks = (*x.shape[:-2], whole // BLOCK, BLOCK, width)
    given = [a for a in (x, factor) if a is not None]
    sums = row_sums(*(a[..., :whole, :].reshape(blocks) for a in given))
    if whole < n:
        sums = np.concatenate([sums, row_sums(*(a[..., whole:, :] for a in given))[..., None, :]], axis=-2)
    return row_sums(sums)


@functools.lru_cache(maxsize=64)
def _ones(n: int, dtype: np.dtype) -> np.ndarray:
    """A column of ones, not to be written to: a short sum would spend its time on making it."""
    column = np.ones((n, 1), dtype)
    column.flags.writeable = False
    return column


def line_sums(x: Array, factor: Array | None = None) -> Array:
    """The sum along each row of x, or of x * factor of the same shape: (n, W) -> (n, 1)."""
    xp, width = xp_of(x), x.shape[1]
    if width > 2 * BLOCK or xp is not np:
        y: Array = (x if factor is None else x * factor).sum(axis=1, keepdims=True)
        return y
    return x @ _ones(width, x.dtype) if factor is None else np.einsum("ij,ij->i", x, factor)[:, None]


def total(x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """The sum over `axis`: x.sum(axis, keepdims=keepdims), but exact where that adds up more than a block of rows."""
    if not x.ndim and axis not in (None, ()):
        raise np.exceptions.AxisError(axis if isinstance(axis, int) else axis[0], 0)
    if type(x) is np.ndarray and x.size > 2 * BLOCK and x.dtype.kind == "f" and not (axis is None and x.flags.forc):
        for a in _slow_axes(x, axis):
            before, after = x.shape[:a], x.shape[a + 1 :]
            rows = x.reshape(math.prod(before), x.shape[a], math.prod(after))
            x = row_sums(rows).reshape(*before, 1, *after)
    return x.sum(axis=axis, keepdims=keepdims)


def _slow_axes(x: np.ndarray, axis: int | tuple[int, ...] | None) -> list[int]:
    """The axes of a sum over which NumPy would add one by one: all but that of neighbours in memory."""
    if isinstance(axis, int) and -x.ndim <= axis < x.ndim and x.shape[axis] <= 2 * BLOCK:
        return []
    given = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    try:
        axes = {range(x.ndim)[a] for a in given}
    except (IndexError, TypeError):
        return []  # it is no axis, as x.sum will say
    along = min((a for a in range(x.ndim) if x.shape[a] > 1), key=lambda a: abs(x.strides[a]), default=None)
    slow = [a for a in sorted(axes, reverse=True) if a != along and x.shape[a] > 1]
    return slow if math.prod(x.shape[a] for a in slow) > 2 * BLOCK else []
