"""The gated recurrent unit over all of a sequence, as one operation with its gradient (Cho et al. 2014, section 2.3).

At each step the state h (N, C) meets three gates, made of the inputs p and of the state before:

    r = sigmoid(p_r + h W_r)                 reset: how much of the past the candidate sees
    z = sigmoid(p_z + h W_z)                 update: how much of the past stays
    m = h W_n + b,   n = tanh(p_n + r m)     candidate
    h' = (1 - z) n + z h

Cho et al. reset the state before its product, (r h) W_n; here the product is reset, r (h W_n + b), as in cuDNN and so
in PyTorch: the three products with the state are then one, h W, with W (C, 3C). What does not depend on the state, p,
is made for all steps at once by whoever calls.

Backwards, all gates are known, and what is left is linear: with d = dL/dh' (what comes from above and from the later
steps together),

    dn = d (1 - z) (1 - n^2)        dz = d (h - n) z (1 - z)        dr = dn m r (1 - r)
    da = (dr, dz, dn r)                              the gradient with respect to h W + (0, 0, b)
    dL/dh = d z + da W^T                             goes to the step before

Each of da's parts is d times a number that is known: these numbers are computed for all steps at once. Then
dL/dp = (dr, dz, dn), dL/dW = sum over the steps of h^T da, which is one product, and dL/db = the sum of dn r.

Why one operation? As some fifteen operations a step, each recorded, a sequence of 100 steps takes three times as long.

Derived in lesson 18.
"""

from ..autodiff import Tensor, Values, composed, differentiable, float_valued
from ..autodiff.tensors import mode
from ..backend import Array, errstate, xp_of
from ..errors import ShapeError
from .elementwise import sigmoid, tanh
from .linalg import matmul
from .shape import concatenate, expand_dims, getitem, reshape, stack, swap_last


@composed
def gru(p: Values, w: Values, b: Values, h: Values) -> Values:
    """The states of a gated recurrent unit after each step.

    Args:
        p: what the inputs add to reset, update and candidate, side by side, (N, T, 3C).
        w: from the state to the same three, (C, 3C).
        b: what is added to the state's part of the candidate before the reset, (C,).
        h: the state before the first step, (N, C).

    Returns:
        (N, T, C).

    Raises:
        ShapeError: shapes that do not fit each other.

    Source: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014, equations 5 to 8; see above.
    """
    shapes = [tuple(getattr(x, "shape", ())) for x in (p, w, b, h)]
    n, t, c3 = shapes[0] if len(shapes[0]) == 3 else (-1, 0, 0)
    c = c3 // 3
    if n < 0 or not t or not c or shapes != [(n, t, 3 * c), (c, 3 * c), (c,), (n, c)]:
        raise ShapeError(
            f"gru: p, w, b and h have shapes {shapes[0]}, {shapes[1]}, {shapes[2]} and {shapes[3]}; "
            "expected (N, T, 3C), (C, 3C), (C,) and (N, C), with T and C of 1 or more"
        )
    return _gru(p, w, b, h, Steps())


class Steps:
    """What the forward pass computes and its backward pass needs again: r, z, n and m of all steps, (N, T, C) each."""

    gates: tuple[Array, Array, Array, Array]
    _of: tuple[int, Array] | None = None  # the backward pass, and g
    _gradients: tuple[Array, Array, Array]

    def gradients(self, g: Array, y: Array, w: Array, h: Array) -> tuple[Array, Array, Array]:
        """See `_backward`; computed once in a pass for all four rules."""
        if self._of is None or self._of[0] != mode.passes or self._of[1] is not g:
            self._gradients = _backward(g, _before(y, h), w, *self.gates)
            self._of = mode.passes, g
        return self._gradients


@float_valued
@differentiable
def _gru(p: Array, w: Array, b: Array, h: Array, /, steps: Steps) -> Array:
    xp, (n, t, _), c = xp_of(p, w, b, h), p.shape, w.shape[0]
    dtype = xp.result_type(p, w, b, h)
    y, rz, new, m = (xp.empty((n, t, k * c), dtype) for k in (1, 2, 1, 1))
    with errstate(xp):  # e^-x may overflow: the gate is 0 then
        for i in range(t):
            a = h @ w  # (N, 3C)
            rz[:, i] = 1 / (1 + xp.exp(-p[:, i, : 2 * c] - a[:, : 2 * c]))
            r, z = rz[:, i, :c], rz[:, i, c:]
            m[:, i] = a[:, 2 * c :] + b
            new[:, i] = xp.tanh(p[:, i, 2 * c :] + r * m[:, i])
            y[:, i] = h = new[:, i] + z * (h - new[:, i])
    steps.gates = rz[..., :c], rz[..., c:], new, m
    return y


def _before(y: Values, h: Values) -> Values:
    """The states before each step, (N, T, C), from those after it and the first."""
    return concatenate([expand_dims(h, 1), getitem(y, (slice(None), slice(None, -1)))], axis=1)


def _gates(p: Values, w: Values, b: Values, before: Values) -> tuple[Values, Values, Values, Values]:
    """r, z, n and m of all steps, from the states before them."""
    c = w.shape[0]
    a = matmul(before, w)
    r, z = (sigmoid(p[..., part] + a[..., part]) for part in (slice(0, c), slice(c, 2 * c)))
    m = a[..., 2 * c :] + b
    return r, z, tanh(p[..., 2 * c :] + r * m), m


def _backward(
    g: Values, before: Values, w: Values, r: Values, z: Values, new: Values, m: Values
) -> tuple[Values, Values, Values]:
    """dL/dp (N, T, 3C), da (N, T, 3C), and dL/dh (N, C) before the first step; arrays, or tensors that are recorded."""
    n, t, c = g.shape
    dn = (1 - z) * (1 - new * new)  # each a factor of d
    dr, dz = dn * m * r * (1 - r), (before - new) * z * (1 - z)
    factors = stack([dr, dz, dn * r], axis=2)  # (N, T, 3, C)
    back, steps, later = swap_last(w), [], g[:, 0] * 0
    for i in reversed(range(t)):
        steps.append(g[:, i] + later)
        later = steps[-1] * z[:, i] + reshape(factors[:, i] * steps[-1][:, None], (n, 3 * c)) @ back
    d = expand_dims(stack(steps[::-1], axis=1), 2)  # (N, T, 1, C)
    dp = reshape(stack([dr, dz, dn], axis=2) * d, (n, t, 3 * c))
    return dp, reshape(factors * d, (n, t, 3 * c)), later


def _gradients(
    g: Values, y: Values, p: Values, w: Values, b: Values, h: Values, steps: Steps
) -> tuple[Values, Values, Values]:
    """`_backward`. While a graph is recorded (second order), the gates must be seen as functions of the inputs."""
    if not isinstance(g, Tensor):
        return steps.gradients(g, y, w, h)
    before = _before(y, h)
    return _backward(g, before, w, *_gates(p, w, b, before))


def _weight_gradient(
    g: Values, y: Values, p: Values, w: Values, b: Values, h: Values, steps: Steps, into: Array | None = None
) -> Values:
    da = _gradients(g, y, p, w, b, h, steps)[1]
    rows = reshape(_before(y, h), (-1, w.shape[0]))
    return matmul(swap_last(rows), reshape(da, (-1, w.shape[1])), into)


_gru.gradients(
    lambda g, y, p, w, b, h, steps: _gradients(g, y, p, w, b, h, steps)[0],
    _weight_gradient,
    lambda g, y, p, w, b, h, steps: _gradients(g, y, p, w, b, h, steps)[1][..., -w.shape[0] :],  # the engine sums
    lambda g, y, p, w, b, h, steps: _gradients(g, y, p, w, b, h, steps)[2],
)
_gru.name = "gru"
