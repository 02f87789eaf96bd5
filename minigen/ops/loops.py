"""Dense, attention, recurrence and convolution with plain loops: slow, short, and straight from the definition.

The tests hold the fast versions to these. Each takes and returns NumPy arrays and understands numeric settings only.

Lesson 7 writes the convolutions in this way.
"""

import itertools
import math

import numpy as np


def dense(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """y[n,o] = sum_i x[n,i] w[i,o] + b[o]."""
    y = np.zeros((x.shape[0], w.shape[1]), x.dtype)
    for n, o in np.ndindex(*y.shape):
        y[n, o] = b[o]
        for i in range(w.shape[0]):
            y[n, o] += x[n, i] * w[i, o]
    return y


def dense_gradients(
    g: np.ndarray, x: np.ndarray, w: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dL/dx, dL/dw and dL/db from g = dL/dy: every product in `dense` hands g to each of its factors."""
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    for n, o in np.ndindex(*g.shape):
        db[o] += g[n, o]
        for i in range(w.shape[0]):
            dx[n, i] += g[n, o] * w[i, o]
            dw[i, o] += g[n, o] * x[n, i]
    return dx, dw, db


def attention(q: np.ndarray, k: np.ndarray, v: np.ndarray, causal: bool = True) -> np.ndarray:
    """y[n,i,h] = sum_j p[n,h,i,j] v[n,j,h], a vector of D numbers, over the keys j that query i sees."""
    y = np.zeros_like(q)
    for (n, i, h), p in _attention_weights(q, k, causal):
        for j, weight in enumerate(p):
            y[n, i, h] += weight * v[n, j, h]
    return y


def attention_gradients(
    g: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray, causal: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dL/dq, dL/dk and dL/dv from g = dL/dy: through the sum over the keys, the softmax and the inner products."""
    dq, dk, dv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
    scale = q.shape[-1] ** -0.5
    for (n, i, h), p in _attention_weights(q, k, causal):
        dp = [g[n, i, h] @ v[n, j, h] for j in range(len(p))]
        mean = sum(weight * d for weight, d in zip(p, dp, strict=True))
        for j, weight in enumerate(p):
            ds = weight * (dp[j] - mean)
            dq[n, i, h] += scale * ds * k[n, j, h]
            dk[n, j, h] += scale * ds * q[n, i, h]
            dv[n, j, h] += weight * g[n, i, h]
    return dq, dk, dv


def _attention_weights(q, k, causal):  # type: ignore[no-untyped-def]
    """For each query, its index (n, i, h) and its weights: one for each key that it sees, 1 in all."""
    for n, i, h in np.ndindex(*q.shape[:3]):
        seen = k.shape[1] - q.shape[1] + i + 1 if causal else k.shape[1]
        e = [math.exp(q[n, i, h] @ k[n, j, h] / math.sqrt(q.shape[-1])) for j in range(seen)]
        yield (n, i, h), [x / sum(e) for x in e]


def gru(p: np.ndarray, w: np.ndarray, b: np.ndarray, h: np.ndarray) -> np.ndarray:
    """h'[c] = (1 - z) n + z h[c], a step, an example and a feature at a time: see `minigen.ops.recurrence`."""
    size = w.shape[0]
    y = np.zeros((*p.shape[:2], size), p.dtype)
    for n, t in np.ndindex(*p.shape[:2]):
        before = h[n] if t == 0 else y[n, t - 1]
        for c in range(size):
            reset, update, new = (p[n, t, c + k * size] for k in range(3))
            past = b[c]
            for i in range(size):
                reset += before[i] * w[i, c]
                update += before[i] * w[i, c + size]
                past += before[i] * w[i, c + 2 * size]
            r, z = 1 / (1 + math.exp(-reset)), 1 / (1 + math.exp(-update))
            y[n, t, c] = (1 - z) * math.tanh(new + r * past) + z * before[c]
    return y


def conv2d(x: np.ndarray, w: np.ndarray, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1):  # type: ignore[no-untyped-def]
    """y[n,i,j,f] = sum_{a,b,c} x[n, s i + d a - p, s j + d b - p, c] w[a,b,c,f], zeros outside of the image."""
    y = np.zeros(_output_shape(x, w, stride, padding, dilation), x.dtype)
    for (n, i, j, f), (a, b, c), (row, column, channel) in _terms(x, w, y, stride, padding, dilation, groups):
        y[n, i, j, f] += x[n, row, column, channel] * w[a, b, c, f]
    return y


def conv2d_gradients(  # type: ignore[no-untyped-def]
    g: np.ndarray, x: np.ndarray, w: np.ndarray, stride: int = 1, padding: int = 0, dilation: int = 1, groups: int = 1
):
    """dL/dx and dL/dw from g = dL/dy: every product in `conv2d` hands g to each of its factors."""
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for (n, i, j, f), (a, b, c), (row, column, channel) in _terms(x, w, g, stride, padding, dilation, groups):
        dx[n, row, column, channel] += g[n, i, j, f] * w[a, b, c, f]
        dw[a, b, c, f] += g[n, i, j, f] * x[n, row, column, channel]
    return dx, dw


def conv2d_transpose(  # type: ignore[no-untyped-def]
    x: np.ndarray,
    w: np.ndarray,
    output_size: tuple[int, int],
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
):
    """Every input pixel stamps the kernel, scaled by its value, onto the output; stamps that overlap add up."""
    y = np.zeros((x.shape[0], *output_size, w.shape[2] * groups), x.dtype)
    for (n, i, j, f), (a, b, c), (row, column, channel) in _terms(y, w, x, stride, padding, dilation, groups):
        y[n, row, column, channel] += x[n, i, j, f] * w[a, b, c, f]
    return y


def _output_shape(x, w, stride, padding, dilation):  # type: ignore[no-untyped-def]
    spans = [dilation * (k - 1) + 1 for k in w.shape[:2]]
    size = [(n + 2 * padding - k) // stride + 1 for n, k in zip(x.shape[1:3], spans, strict=True)]
    return (x.shape[0], *size, w.shape[3])


def _terms(x, w, y, stride, padding, dilation, groups):  # type: ignore[no-untyped-def]
    """Every product that a convolution sums: the index of its output, of its weight, and of its pixel in x."""
    per_group = w.shape[3] // groups
    for n, i, j, f in np.ndindex(*y.shape):
        for a, b, c in itertools.product(*map(range, w.shape[:3])):
            row, column = i * stride + a * dilation - padding, j * stride + b * dilation - padding
            if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
                yield (n, i, j, f), (a, b, c), (row, column, f // per_group * w.shape[2] + c)
