"""Scaled dot-product attention, causal or not, as one operation with its gradient (Vaswani et al. 2017, equation 1).

For one head of one example, with queries Q (Tq, D), keys K (Tk, D) and values V (Tk, D),

    S = Q K^T / sqrt(D)        P = softmax(S), row by row        Y = P V

and S[i, j] = -infinity where query i may not see key j, so that P[i, j] is exactly 0 there. Backwards, with G = dL/dY,
the two products have the rule of any product, and the softmax its own, on each row:

    dV = P^T G        dP = G V^T        dS[i,j] = P[i,j] (dP[i,j] - r[i]),   r[i] = sum_j P[i,j] dP[i,j]
    dQ = dS K / sqrt(D)                 dK = dS^T Q / sqrt(D)

Since dP[i,j] = sum_d G[i,d] V[j,d], the sum over j can be done first: r[i] = sum_d G[i,d] sum_j P[i,j] V[j,d] =
sum_d G[i,d] Y[i,d], which takes D terms instead of Tk (Dao et al. 2022, equation 4).

Why one operation, and not matmul, where, softmax and matmul? The three gradients share dS, which is computed once. Of
the (Tq, Tk) arrays only P is kept for the backward pass, where the parts keep S as well and make a new array at each
step. And half of a causal P is zeros by rule: here the rows are taken in blocks, and the products of a block end at
the last key that its last row sees. The parts, as a reader would write them, are `attention_weights`.

Derived in lesson 17.
"""

import math

import numpy as np

from .. import parallel
from ..autodiff import Tensor, Values, composed, differentiable, float_valued, raw
from ..autodiff.tensors import mode
from ..backend import Array, xp_of
from ..errors import ShapeError
from .elementwise import where
from .linalg import matmul
from .reduce import softmax, sum
from .shape import floating, swap_last, transpose

ROWS = 32  # queries in a block: fewer would skip more of what is not seen, in products too small to be fast


@composed
def attention(q: Values, k: Values, v: Values, causal: bool = True) -> Values:
    """softmax(q k^T / sqrt(D)) v, for each example and each head on its own.

    Args:
        q: queries (N, Tq, H, D), for H heads.
        k, v: keys and values (N, Tk, H, D).
        causal: whether a query sees only the keys up to its own place. The queries are the last Tq of Tk places:
            query i sees the keys 0 ... Tk - Tq + i.

    Returns:
        (N, Tq, H, D).

    Raises:
        ShapeError: shapes that do not fit each other; or, if causal, more queries than keys.

    Source: Vaswani et al., Attention Is All You Need, 2017, equation 1.
    """
    _check_shapes("attention", q, k, v, causal)
    return _attention(q, k, v, causal, Kept())


@composed
def attention_weights(q: Values, k: Values, causal: bool = True) -> Values:
    """How much each query takes from each key: softmax(q k^T / sqrt(D)), in rows that sum to 1.

    Args:
        q: queries (N, Tq, H, D). k: keys (N, Tk, H, D). causal: see `attention`.

    Returns:
        (N, H, Tq, Tk).
    """
    _check_shapes("attention_weights", q, k, k, causal)
    q, k = floating(q), floating(k)
    scores = matmul(_by_head(q), swap_last(_by_head(k))) / math.sqrt(q.shape[-1])  # (N, H, Tq, Tk)
    if causal:
        xp, queries, keys = xp_of(raw(q)), q.shape[1], k.shape[1]
        scores = where(xp.tri(queries, keys, keys - queries, dtype=bool), scores, -math.inf)
    return softmax(scores, axis=-1)


def _check_shapes(operation: str, q: Values, k: Values, v: Values, causal: bool) -> None:
    shapes = [tuple(getattr(x, "shape", ())) for x in (q, k, v)]
    (n, queries, *heads), (_, keys, *_) = (shape if len(shape) == 4 else (-1, -1) for shape in shapes[:2])
    if n < 0 or shapes[1] != (n, keys, *heads) or shapes[2] != shapes[1] or 0 in (keys, heads[1]):
        raise ShapeError(
            f"{operation}: q, k and v have shapes {shapes[0]}, {shapes[1]} and {shapes[2]}; "
            "expected (N, Tq, H, D) and twice (N, Tk, H, D), with Tk and D of 1 or more"
        )
    if causal and queries > keys:
        raise ShapeError(
            f"{operation}: {queries} queries for {keys} keys; the queries are the last ones of the keys, so there "
            "cannot be more of them; or pass causal=False"
        )


def _by_head(x: Values) -> Values:
    """(N, T, H, D) as (N, H, T, D): matrices in the last two axes."""
    return transpose(x, (0, 2, 1, 3))


class Kept:
    """What the forward pass computes and its backward pass needs again: the weights P, in blocks of rows."""

    parts: list[tuple[slice, list[Array]]]  # some examples n, and their blocks (n, H, rows, keys that these see)
    _of: tuple[int, Array] | None = None  # the backward pass, and g
    _gradients: tuple[Array, Array, Array]

    def gradients(self, g: Array, y: Array, q: Array, k: Array, v: Array) -> tuple[Array, Array, Array]:
        """dL/dq, dL/dk and dL/dv, computed once in a pass for all three rules."""
        if self._of is None or self._of[0] != mode.passes or self._of[1] is not g:
            xp = xp_of(g)
            # zeros where there is no query, and so nothing that would write
            dq, dk, dv = (xp.empty_like(x) if q.size else xp.zeros_like(x) for x in (q, k, v))
            parallel.run(
                lambda part: _backward(part[1], *(x[part[0]] for x in (g, y, q, k, v, dq, dk, dv))), self.parts
            )
            self._of, self._gradients = (mode.passes, g), (dq, dk, dv)
        return self._gradients


@float_valued
@differentiable
def _attention(q: Array, k: Array, v: Array, /, causal: bool, kept: Kept) -> Array:
    xp = xp_of(q, k, v)
    y = xp.empty(q.shape, xp.result_type(q, k, v))
    # each of q's numbers meets each key twice; an exponential takes as long as some 20 multiply-adds
    cost = 2 * (q.size + 20 * q.size // max(1, q.shape[-1])) * k.shape[1]

    def work(n: slice) -> tuple[slice, list[Array]]:
        return n, _forward(q[n], k[n], v[n], y[n], causal)

    kept.parts = parallel.run_split(work, len(q), cost) if xp is np else [work(slice(0, len(q)))]
    return y


def _forward(q: Array, k: Array, v: Array, y: Array, causal: bool) -> list[Array]:
    """Write y for some examples, all (n, T, H, D); returns the weights P of each block of rows."""
    xp = xp_of(q)
    queries, ahead = q.shape[1], k.shape[1] - q.shape[1]  # keys that all queries see
    q, k, v, y = (x.transpose(0, 2, 1, 3) for x in (q, k, v, y))  # views (n, H, T, D)
    rows = min(ROWS, queries) if causal else queries
    hidden = xp.where(xp.tri(rows, dtype=bool), 0, -math.inf).astype(y.dtype) if rows > 1 else None
    blocks = []
    for i in range(0, queries, max(1, rows)):
        j = min(i + rows, queries)
        seen = ahead + j if causal else k.shape[2]
        p = xp.matmul(q[:, :, i:j], k[:, :, :seen].swapaxes(2, 3))  # (n, H, j - i, seen)
        p *= q.shape[3] ** -0.5
        if causal and hidden is not None:
            p[..., ahead + i :] += hidden[: j - i, : j - i]
        p -= p.max(axis=3, keepdims=True)
        xp.exp(p, out=p)
        p /= xp.matmul(p, xp.ones((seen, 1), p.dtype))
        xp.matmul(p, v[:, :, :seen], out=y[:, :, i:j])
        blocks.append(p)
    return blocks


def _backward(
    blocks: list[Array], g: Array, y: Array, q: Array, k: Array, v: Array, dq: Array, dk: Array, dv: Array
) -> None:
    """Write dq, dk and dv for some examples, all (n, T, H, D); `blocks` are the weights, as `_forward` gave them."""
    xp = xp_of(g)
    r = xp.einsum("nthd,nthd->nht", g, y)[..., None]
    g, q, k, v, dq, dk, dv = (x.transpose(0, 2, 1, 3) for x in (g, q, k, v, dq, dk, dv))
    j = q.shape[2]
    for p in reversed(blocks):  # the last block sees all keys
        i, seen, last = j - p.shape[2], p.shape[3], j == q.shape[2]
        ds = xp.matmul(g[:, :, i:j], v[:, :, :seen].swapaxes(2, 3))  # dP
        ds -= r[:, :, i:j]
        ds *= p
        ds *= q.shape[3] ** -0.5
        xp.matmul(ds, k[:, :, :seen], out=dq[:, :, i:j])
        for d, weights, rows in ((dk, ds, q[:, :, i:j]), (dv, p, g[:, :, i:j])):
            if last:
                xp.matmul(weights.swapaxes(2, 3), rows, out=d)
            else:
                d[:, :, :seen] += xp.matmul(weights.swapaxes(2, 3), rows)
        j = i


# Each rule comes twice. Arrays take the fast way, with the weights that are kept. While a graph is recorded (second
# order), the weights must be seen as functions of q and k, and the rule is what the module's text derives.


def _score_gradient(g: Values, y: Values, q: Values, k: Values, v: Values, causal: bool) -> Values:
    """dS / sqrt(D), (N, H, Tq, Tk)."""
    p = attention_weights(q, k, causal)
    dp = matmul(_by_head(g), swap_last(_by_head(v)))
    r = sum(_by_head(g * y), axis=3, keepdims=True)
    return p * (dp - r) / math.sqrt(q.shape[-1])


def _query_gradient(g: Values, y: Values, q: Values, k: Values, v: Values, causal: bool, kept: Kept) -> Values:
    if isinstance(g, Tensor):
        return _by_head(matmul(_score_gradient(g, y, q, k, v, causal), _by_head(k)))
    return kept.gradients(g, y, q, k, v)[0]


def _key_gradient(g: Values, y: Values, q: Values, k: Values, v: Values, causal: bool, kept: Kept) -> Values:
    if isinstance(g, Tensor):
        return _by_head(matmul(swap_last(_score_gradient(g, y, q, k, v, causal)), _by_head(q)))
    return kept.gradients(g, y, q, k, v)[1]


def _value_gradient(g: Values, y: Values, q: Values, k: Values, v: Values, causal: bool, kept: Kept) -> Values:
    if isinstance(g, Tensor):
        return _by_head(matmul(swap_last(attention_weights(q, k, causal)), _by_head(g)))
    return kept.gradients(g, y, q, k, v)[2]


_attention.gradients(_query_gradient, _key_gradient, _value_gradient)
_attention.name = "attention"
