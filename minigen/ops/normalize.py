"""Standardising: subtract the mean, divide by the standard deviation. The heart of batch and layer normalisation.

For one group of n values, y_i = (x_i - m) r with m = mean(x) and r = 1 / sqrt(var(x) + eps). Both m and r depend on
every x_j: dm/dx_j = 1/n and dr/dx_j = -r^2 y_j / n. With the upstream gradient g,

    dL/dx_j = sum_i g_i (delta_ij - 1/n) r  +  sum_i g_i (x_i - m) (-r^2 y_j / n)
            = r (g_j - mean(g) - y_j mean(g y)).

The gradient has mean zero and is (for eps -> 0) orthogonal to y: shifting or stretching the inputs changes nothing.
Treating the statistics as constants would leave only r g_j. An upstream gradient of all ones gives exactly zero.
"""

from typing import Any

from .. import parallel
from ..autodiff import Tensor, differentiable, raw
from ..backend import Array, xp_of
from ..errors import ShapeError
from .reduce import mean, var
from .shape import normalized_axis


@differentiable
def _standardize(x: Array, /, axes: tuple[int, ...], eps: float, moments: tuple[Array, Array]) -> Array:
    m, r = moments
    return (x - m) * r


def _standardize_gradient(
    g: Any, y: Any, x: Any, axes: tuple[int, ...], eps: float, moments: tuple[Array, Array]
) -> Any:
    # While a graph is recorded (second order), r must be seen as a function of x.
    r = (var(x, axes, keepdims=True) + eps) ** -0.5 if isinstance(x, Tensor) else moments[1]
    return r * (g - mean(g, axes, keepdims=True) - y * mean(g * y, axes, keepdims=True))


_standardize.gradients(_standardize_gradient)
_standardize.name = "standardize"


def standardize(x: Any, axes: tuple[int, ...], eps: float = 1e-5) -> tuple[Any, Array, Array]:
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


def _check_channels(operation: str, x: Any, gamma: Any, beta: Any) -> None:
    for name, vector in (("gamma", gamma), ("beta", beta)):
        if vector.shape != x.shape[-1:]:
            raise ShapeError(
                f"{operation}: {name} has shape {vector.shape}, x has {x.shape}; "
                f"{name} needs one entry for each entry of the last axis of x"
            )


def batch_norm(x: Any, gamma: Any, beta: Any, eps: float = 1e-5) -> tuple[Any, Array, Array]:
    """Each channel (last axis) of a batch standardised, then scaled and shifted (Ioffe & Szegedy 2015, algorithm 1).

    Args:
        x: (N, C) or (N, H, W, C). gamma, beta: (C,).

    Returns:
        (y, mean, var): the batch's statistics over all axes but the last, (1, ..., C), for the running averages.
    """
    _check_channels("batch_norm", x, gamma, beta)
    data = raw(x)
    count = data.size // data.shape[-1]
    m = parallel.channel_sums(lambda x: x, data) / count
    v = parallel.channel_sums(lambda x, m: (x - m) * (x - m), data, m) / count
    y = _batch_norm(x, gamma, beta, eps, (m, 1 / xp_of(v).sqrt(v + eps)))
    shape = (1,) * (x.ndim - 1) + m.shape
    return y, m.reshape(shape), v.reshape(shape)


@differentiable
def _batch_norm(x: Array, gamma: Array, beta: Array, /, eps: float, moments: tuple[Array, Array]) -> Array:
    m, r = moments
    rows = parallel.by_channel(x, m, gamma * r, beta)
    return parallel.in_pieces(lambda x, m, scale, beta: (x - m) * scale + beta, *rows).reshape(x.shape)


# Each rule comes twice. Arrays take the fast way: few passes, with the moments that are known. While a graph is
# recorded (second order), the moments must be seen as functions of x, and the rule is what the module's text derives.


def _standardized(x: Any, eps: float) -> tuple[Any, Any]:
    """(x - m) r, and r."""
    axes = tuple(range(x.ndim - 1))
    r = (var(x, axes, keepdims=True) + eps) ** -0.5
    return (x - mean(x, axes, keepdims=True)) * r, r


def _batch_norm_gradient(
    g: Any, y: Any, x: Any, gamma: Any, beta: Any, eps: float, moments: tuple[Array, Array]
) -> Any:
    if isinstance(x, Tensor):
        axes = tuple(range(x.ndim - 1))
        standard, r = _standardized(x, eps)
        return gamma * r * (g - mean(g, axes, keepdims=True) - standard * mean(g * standard, axes, keepdims=True))
    m, r = moments
    count = x.size // x.shape[-1]
    mean_g = parallel.channel_sums(lambda g: g, g) / count
    slope = _gamma_gradient(g, y, x, gamma, beta, eps, moments) / count * r
    rows = parallel.by_channel(g, x, m, mean_g, slope, gamma * r)
    dx = parallel.in_pieces(lambda g, x, m, mean_g, slope, scale: (g - mean_g - (x - m) * slope) * scale, *rows)
    return dx.reshape(x.shape)


def _gamma_gradient(g: Any, y: Any, x: Any, gamma: Any, beta: Any, eps: float, moments: tuple[Array, Array]) -> Any:
    if isinstance(x, Tensor):
        return g * _standardized(x, eps)[0]
    m, r = moments
    return parallel.channel_sums(lambda g, x, m: g * (x - m), g, x, m) * r


_batch_norm.gradients(
    _batch_norm_gradient,
    _gamma_gradient,
    lambda g, y, x, gamma, beta, eps, moments: g,
)
_batch_norm.name = "batch_norm"


def layer_norm(x: Any, gamma: Any, beta: Any, eps: float = 1e-5) -> Any:
    """Each example standardised over its last axis, then scaled and shifted (Ba et al. 2016)."""
    _check_channels("layer_norm", x, gamma, beta)
    y, _, _ = standardize(x, (x.ndim - 1,), eps)
    return y * gamma + beta
