"""Lesson 7: convolution and its transpose. Six functions to write, in plain NumPy.

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
        n: pixels on the axis, >= 1. k: the kernel's length, >= 1. stride: >= 1. padding: zeros added on *each* side.

    Returns:
        An int, the number of places: 0 if the kernel is longer than the axis with its padding.
    """
    # answer
    return max(0, (n + 2 * padding - k) // stride + 1)
    # end


def conv_forward(x: np.ndarray, w: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """The convolution (correlation) of images with kernels.

        y[n, i, j, f] = sum_{a,b,c}  x[n, s i + a - p, s j + b - p, c]  w[a, b, c, f]

    Args:
        x: (N, H, W, C). w: (kh, kw, C, F). stride: s. padding: p zeros on each of the four sides. The kernel fits at
            least once.

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


def one_kernel(first: np.ndarray, second: np.ndarray, stride: int) -> np.ndarray:
    """The one kernel that does the work of two convolutions in a row, with nothing between them and no padding.

    For every image x that is large enough, and with the conv_forward of 07.2,

        conv_forward(conv_forward(x, first, stride, 0), second, 1, 0)  =  conv_forward(x, w, stride, 0)

    Find w: its size (the smallest that is enough for all kernels of these two shapes) and its entries.

    Args:
        first: (kh, kw, C, E). second: (lh, lw, E, F). stride: s, of the first convolution; the second has stride 1.

    Returns:
        w, with the axes (height, width, C, F).
    """
    # answer
    (kh, kw), (lh, lw) = first.shape[:2], second.shape[:2]
    w = np.zeros((kh + stride * (lh - 1), kw + stride * (lw - 1), first.shape[2], second.shape[3]), first.dtype)
    for a in range(lh):
        for b in range(lw):  # the tap (a, b) looks at a result of the first kernel, `stride` pixels further for each
            w[stride * a : stride * a + kh, stride * b : stride * b + kw] += first @ second[a, b]
    return w
    # end


def enlarging_kernel(small: np.ndarray, large: np.ndarray) -> np.ndarray:
    """A kernel with which the transposed convolution doubles the height and width of images, as well as it can.

    Each pixel of a small image is the mean of 2 x 2 pixels of a large one. With your kernel w, (k, k, 1, 1), the small
    image is enlarged as in 07.3,

        conv_dx(small, w, stride=2, padding=k // 2 - 1, size=(2 H, 2 W))

    and compared with the large one, on images that your function has not seen. Repeating each pixel (k = 2, all
    weights 1) is the baseline. The goal: a mean squared error that is lower by at least 2 decibels, where the gain in
    decibels is 10 log10(baseline's error / your error).

    Args:
        small: (N, H, W, 1). large: (N, 2 H, 2 W, 1), what they were made from, as examples; use them or not.

    Returns:
        w: (k, k, 1, 1), k one of 2, 4, 6, 8.
    """
    # answer
    k, size = 6, large.shape[1:3]
    units = np.eye(k * k).reshape(k * k, k, k, 1, 1)  # a kernel with a single 1; the enlarged image is linear in it
    columns = [conv_dx(small, unit, 2, k // 2 - 1, size).ravel() for unit in units]
    return np.linalg.lstsq(np.stack(columns, axis=1), large.ravel(), rcond=None)[0].reshape(k, k, 1, 1)
    # end
