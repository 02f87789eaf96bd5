"""Standardising: subtract the mean, divide by the standard deviation. The heart of batch and group normalisation.

For one group of n values, y_i = (x_i - m) r with m = mean(x) and r = 1 / sqrt(var(x) + eps). Both m and r depend on
every x_j: dm/dx_j = 1/n and dr/dx_j = -r^2 y_j / n. With the upstream gradient g,

    dL/dx_j = sum_i g_i (delta_ij - 1/n) r  +  sum_i g_i (x_i - m) (-r^2 y_j / n)
            = r (g_j - mean(g) - y_j mean(g y)).

The gradient has mean zero and is (for eps -> 0) orthogonal to y: shifting or stretching the inputs changes nothing.
Treating the statistics as constants would leave only r g_j. An upstream gradient of all ones gives exactly zero.

Derived in lesson 10.
"""

import functools
import math
import operator

import numpy as np

from .. import fused, parallel
from ..autodiff import Tensor, Values, composed, differentiable, float_valued, raw
from ..autodiff.tensors import mode
from ..backend import Array, xp_of
from ..errors import ArgumentError, ShapeError
from ..sums import row_sums
from .reduce import mean, var
from .shape import floating, normalized_axis, reshape


@float_valued
@differentiable
def _standardize(x: Array, /, axes: tuple[int, ...], eps: float, moments: tuple[Array, Array]) -> Array:
    m, r = moments
    return (x - m) * r


def _standardize_gradient(
    g: Values, y: Values, x: Values, axes: tuple[int, ...], eps: float, moments: tuple[Array, Array]
) -> Values:
    # While a graph is recorded (second order), r must be seen as a function of x.
    r = (var(x, axes, keepdims=True) + eps) ** -0.5 if isinstance(x, Tensor) else moments[1]
    return r * (g - mean(g, axes, keepdims=True) - y * mean(g * y, axes, keepdims=True))


_standardize.gradients(_standardize_gradient)
_standardize.name = "standardize"


@composed
def standardize(x: Values, axes: tuple[int, ...], eps: float = 1e-5) -> tuple[Values, Array, Array]:
    """x with mean 0 and variance 1 over `axes`, together with the mean and variance that were taken out.

    Returns:
        (y, mean, var): y of x's shape; the statistics are arrays without a gradient, of length 1 along `axes`.
    """
    x = floating(x)
    data = raw(x)
    xp = xp_of(data)
    axes = tuple(normalized_axis("standardize", a, x.ndim) for a in axes)
    m = mean(data, axes, keepdims=True)
    v = var(data, axes, keepdims=True)
    return _standardize(x, axes, eps, (m, 1 / xp.sqrt(v + eps))), m, v


def check_channels(operation: str, x: Values, gamma: Values, beta: Values) -> None:
    """Raise unless gamma and beta have one entry for each channel of x (..., C)."""
    for name, vector in (("gamma", gamma), ("beta", beta)):
        if vector.shape != x.shape[-1:]:
            raise ShapeError(
                f"{operation}: {name} has shape {vector.shape}, x has {x.shape}; "
                f"{name} needs one entry for each entry of the last axis of x"
            )


@composed
def batch_norm(x: Values, gamma: Values, beta: Values, eps: float = 1e-5) -> tuple[Values, Array, Array]:
    """Each channel (last axis) of a batch standardised, then scaled and shifted (Ioffe & Szegedy 2015, algorithm 1).

    Args:
        x: (N, C) or (N, H, W, C). gamma, beta: (C,).

    Returns:
        (y, mean, var): the batch's statistics over all axes but the last, (1, ..., C), for the running averages.
    """
    check_channels("batch_norm", x, gamma, beta)
    moments = Moments()
    y = _batch_norm(x, gamma, beta, eps, moments)
    shape = (1,) * (x.ndim - 1) + (-1,)
    return y, moments.mean.reshape(shape).copy(), moments.var.reshape(shape).copy()  # the backward pass needs them, too


class Moments:
    """What the forward pass of a batch norm computes and its backward pass needs, each (C,)."""

    mean: Array
    var: Array
    r: Array  # 1 / sqrt(var + eps)
    _sums_of: tuple[int, Array] | None = None  # the backward pass, and g
    _sums: tuple[Array, Array]

    def sums(self, g: Array, x: Array) -> tuple[Array, Array]:
        """sum(g) and sum(g (x - mean)) of each channel, (C,): added up once in a pass for all three gradients."""
        if self._sums_of is None or self._sums_of[0] != mode.passes or self._sums_of[1] is not g:
            xp = xp_of(x)
            rows, gs, m = parallel.by_channel(x, g, self.mean)

            def add_up(n: slice) -> Array:
                return xp.stack([row_sums(gs[n]), row_sums(gs[n], rows[n] - m)])

            total = _total(parallel.run_by_rows(add_up, rows))
            self._sums = tuple(total.reshape(2, -1, x.shape[-1]).sum(axis=1))
            self._sums_of = mode.passes, g
        return self._sums


def _total(parts: list[Array]) -> Array:
    return functools.reduce(operator.add, parts)


@float_valued
@differentiable
def _batch_norm(x: Array, gamma: Array, beta: Array, /, eps: float, moments: Moments) -> Array:
    if fused.takes(x, gamma, beta):
        y, moments.mean, moments.var = fused.batch_norm(x, gamma, beta, eps)
        moments.r = 1 / xp_of(x).sqrt(moments.var + eps)
        return y
    xp, channels = xp_of(x), x.shape[-1]
    rows, gamma, beta = parallel.by_channel(x, gamma, beta)  # each of these columns is one of a channel's
    y = xp.empty_like(rows)

    def deviate(n: slice) -> tuple[slice, Array, Array]:
        m = row_sums(rows[n]) / (n.stop - n.start)
        d = xp.subtract(rows[n], m, out=y[n])
        return n, m, row_sums(d, d)

    def scale_and_shift(part: tuple[slice, Array, Array]) -> None:
        n, m, _ = part
        y[n] *= scale
        y[n] += (m - mean) * scale + beta

    parts = parallel.run_by_rows(deviate, rows)
    # From the parts' means and squared deviations to those of the whole (Chan, Golub & LeVeque 1979, equation 2.1)
    counts = xp.repeat(xp.asarray([n.stop - n.start for n, _, _ in parts], x.dtype), rows.shape[1] // channels)[:, None]
    means, squares = (xp.stack([part[i] for part in parts]).reshape(-1, channels) for i in (1, 2))
    count = x.size // channels
    moments.mean = (counts * means).sum(axis=0) / count
    moments.var = (squares.sum(axis=0) + (counts * (means - moments.mean) ** 2).sum(axis=0)) / count
    moments.r = 1 / xp.sqrt(moments.var + eps)
    _, mean, r = parallel.by_channel(x, moments.mean, moments.r)
    scale = gamma * r
    parallel.run(scale_and_shift, parts)
    return y.reshape(x.shape)


# Each rule comes twice. Arrays take the fast way: few passes, with the moments that are known. While a graph is
# recorded (second order), the moments must be seen as functions of x, and the rule is what the module's text derives.


def _standardized(x: Values, eps: float) -> tuple[Values, Values]:
    """(x - m) r, and r."""
    axes = tuple(range(x.ndim - 1))
    r = (var(x, axes, keepdims=True) + eps) ** -0.5
    return (x - mean(x, axes, keepdims=True)) * r, r


def _batch_norm_gradient(
    g: Values, y: Values, x: Values, gamma: Values, beta: Values, eps: float, moments: Moments
) -> Values:
    if isinstance(x, Tensor):
        axes = tuple(range(x.ndim - 1))
        standard, r = _standardized(x, eps)
        return gamma * r * (g - mean(g, axes, keepdims=True) - standard * mean(g * standard, axes, keepdims=True))
    if fused.takes(g, x, gamma):
        return fused.batch_norm_gradient(g, x, gamma, moments.mean, moments.var, eps)[0]
    xp, count = xp_of(x), x.size // x.shape[-1]
    sum_g, sum_gd = moments.sums(g, x)
    slope = sum_gd * (moments.r * moments.r / count)
    rows, g, m, slope, mean_g, scale = parallel.by_channel(x, g, moments.mean, slope, sum_g / count, gamma * moments.r)
    dx = xp.empty_like(rows)

    def work(n: slice) -> None:
        d = xp.subtract(rows[n], m, out=dx[n])
        d *= -slope
        d -= mean_g
        d += g[n]
        d *= scale

    parallel.run_by_rows(work, rows)
    return dx.reshape(x.shape)


def _gamma_gradient(
    g: Values, y: Values, x: Values, gamma: Values, beta: Values, eps: float, moments: Moments
) -> Values:
    if isinstance(x, Tensor):
        return g * _standardized(x, eps)[0]
    return moments.sums(g, x)[1] * moments.r


def _beta_gradient(
    g: Values, y: Values, x: Values, gamma: Values, beta: Values, eps: float, moments: Moments
) -> Values:
    if isinstance(x, Tensor) or fused.takes(g, x, gamma):
        return g  # the engine sums over the places that got the same beta
    return moments.sums(g, x)[0]


_batch_norm.gradients(_batch_norm_gradient, _gamma_gradient, _beta_gradient)
_batch_norm.name = "batch_norm"


@composed
def group_norm(x: Values, gamma: Values, beta: Values, groups: int, eps: float = 1e-5) -> Values:
    """Each example (N, ..., C) standardised within each of `groups` groups of channels (Wu & He 2018, equation 7).

    Then scaled and shifted, each channel on its own. With one group all channels and places of an example are one set.
    """
    check_channels("group_norm", x, gamma, beta)
    if x.ndim < 2:
        raise ShapeError(f"group_norm: x has shape {x.shape}, expected (N, ..., C)")
    if not isinstance(groups, (int, np.integer)) or groups < 1 or x.shape[-1] % groups:
        raise ArgumentError(
            f"group_norm: groups: expected an integer that divides {x.shape[-1]} channels, got {groups!r}"
        )
    places = math.prod(x.shape[1:-1])
    parts = reshape(x, (x.shape[0], places, groups, x.shape[-1] // groups))
    y, _, _ = standardize(parts, (1, 3), eps)
    return reshape(y, x.shape) * gamma + beta
