"""Lesson 10: batch normalisation. Six functions to write, in plain NumPy.

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

    It must be right to 12 digits for channels with a mean of a thousand, too: take v from the definition above.

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

    As before, channels may have a mean of a thousand: take v from its definition.

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

    The batch's variance is taken with divisor n - 1 here, as an unbiased estimate. As before, channels may have a mean
    of a thousand: take it from the squares of x - m.

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


def mixed_statistics(
    n1: int, m1: np.ndarray, v1: np.ndarray, n2: int, m2: np.ndarray, v2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of two batches put together, when only the statistics of each are known.

    It is what a batch norm sees if real images and fakes pass it in one batch. Both variances have the divisor n, the
    number of values, and so has the result. It must be right to 12 digits for means of a thousand, too.

    Args:
        n1, n2: how many values a channel has in the first and in the second batch, at least 1; they may differ.
        m1, m2: the means of each channel, (C,). v1, v2: the variances, (C,), 0 or more.

    Returns:
        (m, v): mean and variance of each channel over all n1 + n2 values, (C,) each.
    """
    # answer
    a, b = n1 / (n1 + n2), n2 / (n1 + n2)
    return m1 + b * (m2 - m1), a * v1 + b * v2 + a * b * (m1 - m2) ** 2
    # end


def alone(batches: list[np.ndarray]) -> list[np.ndarray]:
    """A normalisation without neighbours. An open task: many answers are right.

    Normalise the images of each batch so that an image comes out the same in any company. What is asked of your images:

    - in every batch in which an image stands, at any place of it, it comes out the same;
    - over all its values, each image has the mean 0 and the deviation 1;
    - within each channel of each image, what comes out is a straight line in what went in, with a positive slope.

    The goal: no fault larger than 0.02. The check compares images that stand in several of the batches, and measures
    the differences, the means, the deviations minus 1, and 1 minus the correlations.

    Args:
        batches: arrays (N, H, W, C), of different N, with the same H, W and C. No channel of an image is constant.

    Returns:
        As many arrays, of the same shapes.
    """
    # answer
    answers = []
    for x in batches:
        m, v = x.mean(axis=(1, 2), keepdims=True), x.var(axis=(1, 2), keepdims=True)  # of each channel of each image
        answers.append((x - m) / np.sqrt(v))
    return answers
    # end
