"""What each kernel of `minigen.fused` computes, in NumPy, with the kernel's own parameters (all arrays flat).

`step` is the number of threads: thread i takes every step-th element from i on. The twins know it only where it shows
in the result.
"""

import numpy as np


def adam(size, step, w, g, m, v, beta1, rest1, beta2, rest2, eps, rate, keep):
    m[...] = beta1 * m + rest1 * g
    v[...] = beta2 * v + rest2 * g**2
    w[...] = keep * w - rate * (m / (np.sqrt(v) + eps))


def bias_activation(size, step, channels, x, b, y, activation, slope):
    z = (x.reshape(-1, channels) + b).ravel()
    y[...] = [
        lambda: z,
        lambda: np.maximum(z, 0),
        lambda: np.where(z < 0, slope * z, z),
        lambda: np.tanh(z),
        lambda: 1 / (1 + np.exp(-z)),
    ][activation]()


def activation_gradient(size, step, g, y, dx, activation, slope):
    factors = [1, y > 0, np.where(y > 0, 1, slope), 1 - y**2, y * (1 - y)]
    dx[...] = g * factors[activation]


def _by_thread(values, step):
    """The sum over each thread's elements."""
    rows = np.zeros((-(-values.size // step), step), values.dtype)
    rows.ravel()[: values.size] = values
    return rows.sum(axis=0)


def channel_sums(size, step, x, sums):
    sums[...] = _by_thread(x, step)


def channel_squares(size, step, channels, x, mean, sums):
    sums[...] = _by_thread(((x.reshape(-1, channels) - mean) ** 2).ravel(), step)


def channel_products(size, step, channels, g, x, mean, sums):
    products = (g.reshape(-1, channels) * (x.reshape(-1, channels) - mean)).ravel()
    pairs = sums.reshape(-1, 2, channels)
    pairs[:, 0] = _by_thread(g, step).reshape(-1, channels)
    pairs[:, 1] = _by_thread(products, step).reshape(-1, channels)


def batch_norm(size, step, channels, x, mean, var, gamma, beta, y, eps):
    y[...] = ((x.reshape(-1, channels) - mean) / np.sqrt(var + eps) * gamma + beta).ravel()


def batch_norm_gradient(size, step, channels, g, x, mean, var, gamma, sums, dx, dgamma, eps):
    rows, (sum_g, sum_gd), deviation = size // channels, sums.reshape(2, channels), np.sqrt(var + eps)
    xhat = (x.reshape(-1, channels) - mean) / deviation
    dgamma[...] = sum_gd / deviation
    dx[...] = (gamma / deviation * (g.reshape(-1, channels) - sum_g / rows - xhat * dgamma / rows)).ravel()


def bce_with_logits(size, step, logits, targets, y):
    y[...] = np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))


def bce_with_logits_gradient(size, step, g, g_step, logits, targets, dl):
    dl[...] = (g if g_step else g[0]) * (1 / (1 + np.exp(-logits)) - targets)


def _taps(h, w, oh, ow, kh, kw, sh, sw, dh, dw, top, left):
    """For each tap (a, b) of the kernel: the windows whose tap lies inside of the image, and the pixels it lies on."""
    for a, b in np.ndindex(kh, kw):
        lines, columns = np.arange(oh) * sh + a * dh - top, np.arange(ow) * sw + b * dw - left
        i, j = np.flatnonzero((lines >= 0) & (lines < h)), np.flatnonzero((columns >= 0) & (columns < w))
        yield a, b, np.ix_(i, j), np.ix_(lines[i], columns[j])


def windows(rows, h, w, c, oh, ow, kh, kw, *rest):
    *geometry, x, cols = rest
    x, cols = x.reshape(-1, h, w, c), cols.reshape(-1, oh, ow, kh, kw, c)
    cols[...] = 0
    for a, b, here, there in _taps(h, w, oh, ow, kh, kw, *geometry):
        cols[:, *here, a, b] = x[:, *there]


def add_windows(rows, h, w, c, oh, ow, kh, kw, *rest):
    *geometry, cols, x = rest
    x, cols = x.reshape(-1, h, w, c), cols.reshape(-1, oh, ow, kh, kw, c)
    x[...] = 0
    for a, b, here, there in _taps(h, w, oh, ow, kh, kw, *geometry):
        x[:, *there] += cols[:, *here, a, b]


TWINS = {name: function for name, function in globals().items() if callable(function) and not name.startswith("_")}
