"""Matrix products: `matmul`, and `dense`, the affine map of a fully connected layer with its hand-derived gradient.

Lesson 1 derives the rule of the matrix product, lesson 3 uses the layer.
"""

import numpy as np

from .. import fused, parallel
from ..autodiff import Tensor, Values, differentiable
from ..backend import Array
from ..errors import ShapeError
from .reduce import sum
from .shape import expand_dims, getitem, reshape, swap_last


@differentiable
def matmul(a: Array, b: Array, /, out: Array | None = None) -> Array:
    """a @ b: (..., n, k) @ (..., k, m) -> (..., n, m); leading axes broadcast, 1-D arguments are vectors.

    `out` is where to write the product of two matrices, if no graph is recorded.

    For Y = A B:  dL = <G, dA B> + <G, A dB> = <G B^T, dA> + <A^T G, dB>,  so dL/dA = G B^T and dL/dB = A^T G.
    """
    if not getattr(a, "ndim", 0) or not getattr(b, "ndim", 0):
        raise ShapeError("matmul: a and b must have at least one axis; use * for scalars")
    if a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ShapeError(
            f"matmul: a has shape {a.shape} and b {b.shape}; the last axis of a ({a.shape[-1]}) must equal "
            f"the {'last but one' if b.ndim > 1 else 'only'} axis of b ({b.shape[-2 if b.ndim > 1 else 0]})"
        )
    if a.dtype.kind in "biu" and b.dtype.kind in "biu":  # sums of small integers need room, as in `sum`
        a, b = (x.astype(np.int64, copy=False) for x in (a, b))
    return parallel.matmul(a, b, out) if a.ndim == b.ndim == 2 else a @ b


def _matrices(g: Values, a: Values, b: Values) -> tuple[Values, Values, Values]:
    """g, a and b with vectors made into matrices: a row on the left, a column on the right."""
    if b.ndim == 1:
        g, b = expand_dims(g, g.ndim), expand_dims(b, 1)
    if a.ndim == 1:
        g, a = expand_dims(g, g.ndim - 1), expand_dims(a, 0)
    return g, a, b


def _left_gradient(g: Values, y: Values, a: Values, b: Values, out: None = None) -> Values:
    g, _, matrix_b = _matrices(g, a, b)
    return matmul(g, swap_last(matrix_b))  # for a vector (..., 1, k): the engine sums over the leading axes


def _right_gradient(g: Values, y: Values, a: Values, b: Values, out: None = None) -> Values:
    g, matrix_a, _ = _matrices(g, a, b)
    db = matmul(swap_last(matrix_a), g)
    return getitem(db, (..., 0)) if b.ndim == 1 else db


matmul.gradients(_left_gradient, _right_gradient)


@differentiable
def dense(x: Array, w: Array, b: Array, /) -> Array:
    """y = x w + b: x (..., I), w (I, O), b (O,) or None -> (..., O).

    Written out, y[n,o] = sum_i x[n,i] w[i,o] + b[o]. With G[n,o] = dL/dy[n,o] the chain rule gives

        dL/dx[n,i] = sum_o G[n,o] w[i,o]      dL/dx = G w^T
        dL/dw[i,o] = sum_n x[n,i] G[n,o]      dL/dw = x^T G
        dL/db[o]   = sum_n G[n,o]

    The same with loops: `minigen.ops.loops.dense`.
    """
    if x.ndim < 1 or w.ndim != 2 or x.shape[-1] != w.shape[0]:
        raise ShapeError(f"dense: x has shape {x.shape} and w {w.shape}; the last axis of x must equal the first of w")
    if getattr(b, "shape", w.shape[1:]) != w.shape[1:]:
        raise ShapeError(f"dense: b has shape {b.shape}, w has {w.shape}; b needs one entry for each of w's columns")
    y = parallel.matmul(x.reshape(-1, w.shape[0]), w, bias=b)
    return y.reshape(*x.shape[:-1], w.shape[1])


def _rows(x: Values) -> Values:
    """(..., I) as a matrix (N, I)."""
    return x if x.ndim == 2 else reshape(x, (-1, x.shape[-1]))


def _bias_gradient(g: Values, y: Values, x: Values, w: Values, b: Values) -> Values:
    if isinstance(g, Tensor):
        return sum(_rows(g), axis=0)
    return parallel.channel_sums(_rows(g))


dense.gradients(
    lambda g, y, x, w, b: dense(g, swap_last(w), None),
    lambda g, y, x, w, b, into=None: matmul(swap_last(_rows(x)), _rows(g), into),
    _bias_gradient,
)


@differentiable
def add_bias(x: Array, b: Array, /) -> Array:
    """x + b, one number of b (C,) for each channel of x (..., C)."""
    if b.shape != x.shape[-1:]:
        raise ShapeError(f"add_bias: b has shape {b.shape}, x has {x.shape}; b needs one entry for each channel of x")
    if fused.takes(x, b):
        return fused.bias_activation(x, b, "none")
    rows, b = parallel.by_channel(x, b)
    return (rows + b).reshape(x.shape)


add_bias.gradients(lambda g, y, x, b: g, lambda g, y, x, b: g)  # the engine sums over the places that got the same b
