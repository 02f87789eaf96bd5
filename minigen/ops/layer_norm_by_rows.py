"""Layer normalisation: each example standardised over its last axis, then scaled and shifted (Ba et al. 2016).

For one row x of C numbers, with m = mean(x), r = 1 / sqrt(var(x) + eps) and s = (x - m) r,

    y = gamma s + beta

The rule of standardising is that of `minigen.ops.normalize`, with h = g gamma in the place of g, as that is what comes
to s. The gradients of gamma and beta are sums over all rows n:

    dL/dx = r (h - mean(h) - s mean(h s))      dL/dgamma = sum_n g[n] s[n]      dL/dbeta = sum_n g[n]

One operation instead of a standardisation, a product and a sum: m and r are kept, a number for each row, and s is
computed anew; all three gradients come from one walk over the rows.

Lesson 10 derives the gradient of standardising.
"""

import functools
import operator

from .. import parallel
from ..autodiff import Tensor, Values, composed, differentiable, float_valued
from ..autodiff.tensors import mode
from ..backend import Array, xp_of
from ..sums import line_sums, row_sums
from .normalize import check_channels
from .reduce import mean, var


@composed
def layer_norm(x: Values, gamma: Values, beta: Values, eps: float = 1e-5) -> Values:
    """Each example standardised over its last axis, then scaled and shifted (Ba et al. 2016).

    Args:
        x: (..., C). gamma, beta: (C,).
    """
    check_channels("layer_norm", x, gamma, beta)
    return _layer_norm(x, gamma, beta, eps, Kept())


class Kept:
    """What the forward pass computes and its backward pass needs, (N, 1) each for the N rows of x."""

    mean: Array
    r: Array  # 1 / sqrt(var + eps)
    _of: tuple[int, Array] | None = None  # the backward pass, and g
    _gradients: tuple[Array, Array, Array]

    def gradients(self, g: Array, x: Array, gamma: Array) -> tuple[Array, Array, Array]:
        """dL/dx, dL/dgamma and dL/dbeta, computed once in a pass for all three rules."""
        if self._of is None or self._of[0] != mode.passes or self._of[1] is not g:
            xp, channels = xp_of(x), x.shape[-1]
            g_rows, rows = g.reshape(-1, channels), x.reshape(-1, channels)
            dx = xp.empty_like(rows)

            def work(n: slice) -> Array:
                s = xp.subtract(rows[n], self.mean[n])
                s *= self.r[n]
                d = xp.multiply(g_rows[n], gamma, out=dx[n])  # h
                mean_h, mean_hs = line_sums(d) / channels, line_sums(d, s) / channels
                sums = xp.stack([row_sums(g_rows[n], s), row_sums(g_rows[n])])
                s *= mean_hs
                d -= s
                d -= mean_h
                d *= self.r[n]
                return sums

            dgamma, dbeta = functools.reduce(operator.add, parallel.run_by_rows(work, rows))
            self._of, self._gradients = (mode.passes, g), (dx.reshape(x.shape), dgamma, dbeta)
        return self._gradients


@float_valued
@differentiable
def _layer_norm(x: Array, gamma: Array, beta: Array, /, eps: float, kept: Kept) -> Array:
    xp, channels = xp_of(x), x.shape[-1]
    rows = x.reshape(-1, channels)
    y = xp.empty(rows.shape, xp.result_type(x, gamma, beta))

    def work(n: slice) -> tuple[Array, Array]:
        m = line_sums(rows[n]) / channels
        d = xp.subtract(rows[n], m, out=y[n])
        r = line_sums(d, d) / channels
        r += eps
        xp.sqrt(r, out=r)
        xp.divide(1, r, out=r)
        d *= r
        d *= gamma
        d += beta
        return m, r

    moments = parallel.run_by_rows(work, rows)
    kept.mean, kept.r = moments[0] if len(moments) == 1 else map(xp.concatenate, zip(*moments, strict=True))
    return y.reshape(x.shape)


# Each rule comes twice. Arrays take the fast way, with the moments that are known. While a graph is recorded (second
# order), the moments must be seen as functions of x, and the rule is what the module's text derives.


def _standardized(x: Values, eps: float) -> tuple[Values, Values]:
    """s and r."""
    r = (var(x, -1, keepdims=True) + eps) ** -0.5
    return (x - mean(x, -1, keepdims=True)) * r, r


def _x_gradient(g: Values, y: Values, x: Values, gamma: Values, beta: Values, eps: float, kept: Kept) -> Values:
    if isinstance(g, Tensor):
        h, (s, r) = g * gamma, _standardized(x, eps)
        return r * (h - mean(h, -1, keepdims=True) - s * mean(h * s, -1, keepdims=True))
    return kept.gradients(g, x, gamma)[0]


def _gamma_gradient(g: Values, y: Values, x: Values, gamma: Values, beta: Values, eps: float, kept: Kept) -> Values:
    if isinstance(g, Tensor):
        return g * _standardized(x, eps)[0]
    return kept.gradients(g, x, gamma)[1]


def _beta_gradient(g: Values, y: Values, x: Values, gamma: Values, beta: Values, eps: float, kept: Kept) -> Values:
    if isinstance(g, Tensor):
        return g  # the engine sums over the rows
    return kept.gradients(g, x, gamma)[2]


_layer_norm.gradients(_x_gradient, _gamma_gradient, _beta_gradient)
_layer_norm.name = "layer_norm"
