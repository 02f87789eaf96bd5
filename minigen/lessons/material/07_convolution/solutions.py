"""Lesson 7: convolution and its transpose. Four functions to write, in plain NumPy.

Images are (N, H, W, C), kernels (kh, kw, C, F), and for stride s and padding p, with x zero outside of the image,

    y[n, i, j, f] = sum_{a,b,c}  x[n, s i + a - p, s j + b - p, c]  w[a, b, c, f]

Loops over i, j, a and b are welcome: it is the indices that matter here, not the speed.
Use NumPy and Python's own library, and nothing else. Check your work with `check("07.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 07`.
"""

import numpy as np


def output_size(n: int, k: int, stride: int, padding: int) -> int:
    """How many places a kernel finds on an axis.

    The kernel covers k neighbouring pixels, the first place starts at pixel -padding, each next one `stride` further,
    and the last must not reach beyond pixel n - 1 + padding.

    Args:
        n: pixels on the axis. k: the kernel's length. stride: >= 1. padding: zeros added on *each* side.

    Returns:
        An int, the number of places.
    """
    # answer
    return (n + 2 * padding - k) // stride + 1
    # end


def conv_forward(x: np.ndarray, w: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """The convolution (correlation) of images with kernels.

        y[n, i, j, f] = sum_{a,b,c}  x[n, s i + a - p, s j + b - p, c]  w[a, b, c, f]

    Args:
        x: (N, H, W, C). w: (kh, kw, C, F). stride: s. padding: p zeros on each of the four sides.

    Returns:
        (N, OH, OW, F), with OH = output_size(H, kh, s, p) and OW = output_size(W, kw, s, p).
    """
    # answer
    kh, kw = w.shape[:2]
    oh, ow = output_size(x.shape[1], kh, stride, padding), output_size(x.shape[2], kw, stride, padding)
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    y = np.zeros((x.shape[0], oh, ow, w.shape[3]), x.dtype)
    for a in range(kh):
        for b in range(kw):
            y += x[:, a : a + stride * oh : stride, b : b + stride * ow : stride] @ w[a, b]  # (N, OH, OW, C) @ (C, F)
    return y
    # end


def conv_dx(g: np.ndarray, w: np.ndarray, stride: int, padding: int, size: tuple[int, int]) -> np.ndarray:
    """The gradient of a loss with respect to the image: the transposed convolution of g with w.

    Given g = dL/dy, every y[n, i, j, f] sends g w[a, b, c, f] back to the pixel it looked at:

        dx[n, s i + a - p, s j + b - p, c]  +=  sum_f  g[n, i, j, f]  w[a, b, c, f]

    Args:
        g: (N, OH, OW, F). w: (kh, kw, C, F). stride: s. padding: p.
        size: (H, W) of the image; with a stride, several sizes lead to the same OH and OW.

    Returns:
        dx: (N, H, W, C).
    """
    # answer
    kh, kw, channels, _ = w.shape
    n, oh, ow, _ = g.shape
    height, width = size
    dx = np.zeros((n, height + 2 * padding, width + 2 * padding, channels), g.dtype)
    for a in range(kh):
        for b in range(kw):
            dx[:, a : a + stride * oh : stride, b : b + stride * ow : stride] += g @ w[a, b].T
    return dx[:, padding : padding + height, padding : padding + width]
    # end


def conv_dw(x: np.ndarray, g: np.ndarray, kernel: tuple[int, int], stride: int, padding: int) -> np.ndarray:
    """The gradient of a loss with respect to the kernel.

    Each weight took part at every place of every image, and collects from all of them:

        dw[a, b, c, f] = sum_{n,i,j}  x[n, s i + a - p, s j + b - p, c]  g[n, i, j, f]

    Args:
        x: (N, H, W, C). g: (N, OH, OW, F), dL/dy. kernel: (kh, kw). stride: s. padding: p.

    Returns:
        dw: (kh, kw, C, F).
    """
    # answer
    kh, kw = kernel
    oh, ow, filters = g.shape[1:]
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    dw = np.zeros((kh, kw, x.shape[3], filters), x.dtype)
    for a in range(kh):
        for b in range(kw):
            seen = x[:, a : a + stride * oh : stride, b : b + stride * ow : stride]
            dw[a, b] = np.tensordot(seen, g, axes=((0, 1, 2), (0, 1, 2)))  # sum over n, i, j: (C, F)
    return dw
    # end
