"""Lesson 10: batch normalisation. Four functions to write, in plain NumPy.

A channel is an index of the last axis. x is (N, C), or (N, H, W, C): then a channel has n = N H W values, and its
statistics are over all of them,

    m = mean(x),    v = mean((x - m)^2),    r = 1 / sqrt(v + eps),    xhat = (x - m) r

Use NumPy and Python's own library, and nothing else. Check your work with `check("10.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 10`.
"""

import numpy as np


def batch_norm(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standardise each channel over the batch, then scale and shift it: what the layer does in training.

        y = gamma xhat + beta,    xhat = (x - m) / sqrt(v + eps)

    Args:
        x: (N, C) or (N, H, W, C). gamma, beta: (C,). eps: added to the variance.

    Returns:
        (y, m, v): y of x's shape; the mean m and the variance v (with divisor n) of each channel, (C,).
    """
    # answer
    axes = tuple(range(x.ndim - 1))
    m, v = x.mean(axis=axes), x.var(axis=axes)
    return gamma * (x - m) / np.sqrt(v + eps) + beta, m, v
    # end


def batch_norm_backward(
    g: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients of y = gamma xhat + beta; m and r depend on every x of the channel.

        dx = gamma r (g - mean(g) - xhat mean(g xhat)),    dgamma = sum g xhat,    dbeta = sum g

    Args:
        g: dL/dy, of x's shape. x: (N, C) or (N, H, W, C). gamma: (C,). eps: added to the variance.

    Returns:
        (dx, dgamma, dbeta): of x's shape, and (C,) twice.
    """
    # answer
    axes = tuple(range(x.ndim - 1))
    r = 1 / np.sqrt(x.var(axis=axes) + eps)
    xhat = (x - x.mean(axis=axes)) * r
    dx = gamma * r * (g - g.mean(axis=axes) - xhat * (g * xhat).mean(axis=axes))
    return dx, (g * xhat).sum(axis=axes), g.sum(axis=axes)
    # end


def update_running(mean: np.ndarray, var: np.ndarray, x: np.ndarray, momentum: float) -> tuple[np.ndarray, np.ndarray]:
    """The running averages after one more batch. They stand in for the batch's statistics when the model is used.

        running <- momentum running + (1 - momentum) batch

    The batch's variance is taken with divisor n - 1 here, as an unbiased estimate.

    Args:
        mean, var: the averages so far, (C,). x: the batch, (N, C) or (N, H, W, C).
        momentum: the share of the old average that is kept, as in Keras.

    Returns:
        (mean, var): the new averages, (C,). The old ones are not changed.
    """
    # answer
    axes = tuple(range(x.ndim - 1))
    new_mean = momentum * mean + (1 - momentum) * x.mean(axis=axes)
    return new_mean, momentum * var + (1 - momentum) * x.var(axis=axes, ddof=1)
    # end


def fold(
    w: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, var: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray]:
    """A convolution without bias and the batch norm after it, as one convolution with a bias; for use, not training.

    With the running statistics, batch norm is gamma (y - mean) / sqrt(var + eps) + beta for a fixed mean and var: it
    only rescales and shifts each output channel f of the convolution y = conv(x, w). So for every x

        conv(x, w') + b' = gamma (conv(x, w) - mean) / sqrt(var + eps) + beta

    Args:
        w: (kh, kw, C, F). gamma, beta, mean, var: (F,). eps: added to the variance.

    Returns:
        (w', b'): (kh, kw, C, F) and (F,).
    """
    # answer
    scale = gamma / np.sqrt(var + eps)
    return w * scale, beta - mean * scale
    # end
