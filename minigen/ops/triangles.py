"""Triangles of matrices: what lies above, or below, a diagonal becomes 0.

Each keeps some elements and drops the others, a projection: it is its own adjoint, hence its own gradient.

Lesson 7 tests such pairs, a map and its transpose, with random numbers.
"""

import numpy as np

from ..autodiff import differentiable
from ..backend import Array, xp_of
from ..errors import ArgumentError, ShapeError


@differentiable
def tril(x: Array, /, k: int = 0) -> Array:
    """The lower triangle of the matrices in the last two axes, up to the k-th diagonal (0: the main one, 1: above)."""
    _check("tril", x, k)
    return xp_of(x).tril(x, k)


@differentiable
def triu(x: Array, /, k: int = 0) -> Array:
    """The upper triangle of the matrices in the last two axes, from the k-th diagonal on."""
    _check("triu", x, k)
    return xp_of(x).triu(x, k)


def _check(operation: str, x: Array, k: object) -> None:
    if x.ndim < 2:
        raise ShapeError(f"{operation}: x has shape {x.shape}, expected matrices (..., rows, columns)")
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)):
        raise ArgumentError(f"{operation}: k: expected an integer, the number of a diagonal, got {k!r}")


tril.gradients(lambda g, y, x, k=0: tril(g, k))
triu.gradients(lambda g, y, x, k=0: triu(g, k))
