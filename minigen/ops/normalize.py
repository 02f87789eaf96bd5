"""Standardising: subtract the mean, divide by the standard deviation. The heart of batch and layer normalisation.

For one group of n values, y_i = (x_i - m) r with m = mean(x) and r = 1 / sqrt(var(x) + eps). Both m and r depend on
every x_j: dm/dx_j = 1/n and dr/dx_j = -r^2 y_j / n. With the upstream gradient g,

    dL/dx_j = sum_i g_i (delta_ij - 1/n) r  +  sum_i g_i (x_i - m) (-r^2 y_j / n)
            = r (g_j - mean(g) - y_j mean(g y)).

The gradient has mean zero and is (for eps -> 0) orthogonal to y: shifting or stretching the inputs changes nothing.
Treating the statistics as constants would leave only r g_j. An upstream gradient of all ones gives exactly zero.

Derived in lesson 10.
"""

from .. import fused, parallel
from ..autodiff import Tensor, Values, differentiable, raw
from ..backend import Array, xp_of
from ..errors import ShapeError
from .reduce import mean, var
from .shape import normalized_axis


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


def standardize(x: Values, axes: tuple[int, ...], eps: float = 1e-5) -> tuple[Values, Array, Array]:
    """x with mean 0 and variance 1 over `axes`, together with the mean and variance that were taken out.

    Returns:
        (y, mean, var): y of x's shape; the statistics are arrays without a gradient, of length 1 along `axes`.
    """
    data = raw(x)
    xp = xp_of(data)
    axes = tuple(normalized_axis("standardize", a, x.ndim) for a in axes)
    m = xp.mean(data, axis=axes, keepdims=True)
    v = xp.var(data, axis=axes, keepdims=True)
    return _standardize(x, axes, eps, (m, 1 / xp.sqrt(v + eps))), m, v


def _check_channels(operation: str, x: Values, gamma: Values, beta: Values) -> None:
    for name, vector in (("gamma", gamma), ("beta", beta)):
        if vector.shape != x.shape[-1:]:
            raise ShapeError(
                f"{operation}: {name} has shape {vector.shape}, x has {x.shape}; "
                f"{name} needs one entry for each entry of the last axis of x"
            )


def batch_norm(x: Values, gamma: Values, beta: Values, eps: float = 1e-5) -> tuple[Values, Array, Array]:
    """Each channel (last axis) of a batch standardised, then scaled and shifted (Ioffe & Szegedy 2015, algorithm 1).

    Args:
        x: (N, C) or (N, H, W, C). gamma, beta: (C,).

    Returns:
        (y, mean, var): the batch's statistics over all axes but the last, (1, ..., C), for the running averages.
    """
    _check_channels("batch_norm", x, gamma, beta)
    moments = Moments()
    y = _batch_norm(x, gamma, beta, eps, moments)
    shape = (1,) * (x.ndim - 1) + (-1,)
    return y, moments.mean.reshape(shape), moments.var.reshape(shape)


class Moments:
    """What the forward pass of a batch norm computes and its backward pass needs, each (C,)."""

    mean: Array
    var: Array
    r: Array  # 1 / sqrt(var + eps)


@differentiable
def _batch_norm(x: Array, gamma: Array, beta: Array, /, eps: float, moments: Moments) -> Array:
    if fused.takes(x, gamma, beta):
        y, moments.mean, moments.var = fused.batch_norm(x, gamma, beta, eps)
        moments.r = 1 / xp_of(x).sqrt(moments.var + eps)
        return y
    count = x.size // x.shape[-1]
    moments.mean = parallel.channel_sums(x) / count
    y = _deviation(x, moments)
    moments.var = parallel.channel_sums(y, y) / count
    moments.r = 1 / xp_of(x).sqrt(moments.var + eps)
    y, scale, beta = parallel.by_channel(y, gamma * moments.r, beta)
    y *= scale
    y += beta
    return y.reshape(x.shape)


def _deviation(x: Array, moments: Moments) -> Array:
    """x - mean, a new array."""
    rows, m = parallel.by_channel(x, moments.mean)
    return (rows - m).reshape(x.shape)


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
    count = x.size // x.shape[-1]
    dx = _deviation(x, moments)
    slope = parallel.channel_sums(dx, g) * (moments.r * moments.r / count)
    mean_g = parallel.channel_sums(g) / count
    dx, g, slope, mean_g, scale = parallel.by_channel(dx, g, slope, mean_g, gamma * moments.r)
    dx *= -slope
    dx -= mean_g
    dx += g
    dx *= scale
    return dx.reshape(x.shape)


def _gamma_gradient(
    g: Values, y: Values, x: Values, gamma: Values, beta: Values, eps: float, moments: Moments
) -> Values:
    if isinstance(x, Tensor):
        return g * _standardized(x, eps)[0]
    return parallel.channel_sums(_deviation(x, moments), g) * moments.r


_batch_norm.gradients(
    _batch_norm_gradient,
    _gamma_gradient,
    lambda g, y, x, gamma, beta, eps, moments: g,
)
_batch_norm.name = "batch_norm"


def layer_norm(x: Values, gamma: Values, beta: Values, eps: float = 1e-5) -> Values:
    """Each example standardised over its last axis, then scaled and shifted (Ba et al. 2016)."""
    _check_channels("layer_norm", x, gamma, beta)
    y, _, _ = standardize(x, (x.ndim - 1,), eps)
    return y * gamma + beta
