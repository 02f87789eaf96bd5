"""Changing the resolution of images (N, H, W, C): pooling and up-sampling.

`unfold` lays out every window of an image, `fold` adds windows back; they are each other's adjoint, hence each
other's gradient. Pooling is a reduction of the unfolded windows, and up-sampling is repeating or a matrix product,
so their gradients need no rules of their own.

Lesson 7 derives the adjoint of taking windows.
"""

import numpy as np

from ..autodiff import Tensor, Values, broadcast_to, composed, differentiable, raw
from ..backend import Array, xp_of
from ..errors import ArgumentError, ShapeError
from .conv import Padding, Pair, add_windows, check_images, geometry, pair, windows
from .linalg import matmul
from .reduce import max, mean
from .shape import pad, reshape


@differentiable
def unfold(x: Array, /, kernel: Pair, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1) -> Array:
    """The windows of x (N, H, W, C): (N, OH, OW, kh, kw, C)."""
    check_images("unfold", x=x)
    return windows(x, geometry(x.shape[1:3], pair("kernel", kernel, 1), stride, padding, dilation)).copy()


@differentiable
def fold(cols: Array, /, image: tuple[int, int], stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1) -> Array:
    """Add the windows `cols` (N, OH, OW, kh, kw, C) to their places in images (N, H, W, C) of size `image`."""
    geo = geometry(image, cols.shape[3:5], stride, padding, dilation) if cols.ndim == 6 else None
    if geo is None or cols.shape[1:3] != geo.output:
        raise ShapeError(f"fold: cols {cols.shape} must be (N, OH, OW, kh, kw, C), as unfold makes of {image} pixels")
    return add_windows(cols, geo)


unfold.gradients(
    lambda g, y, x, kernel, stride=1, padding=0, dilation=1: fold(g, x.shape[1:3], stride, padding, dilation)
)
fold.gradients(
    lambda v, y, cols, image, stride=1, padding=0, dilation=1: unfold(v, cols.shape[3:5], stride, padding, dilation)
)


@composed
def max_pool2d(x: Values, kernel: Pair = 2, stride: Pair | None = None, padding: Pair = 0) -> Values:
    """The largest value in each window; `stride` is the kernel size by default.

    The padding is -inf, for integers their least value: it is never larger than a pixel. Where it ties with one, they
    share the gradient, as all ties do.
    """
    check_images("max_pool2d", x=x)
    (height, width), (kh, kw) = pair("padding", padding, 0), pair("kernel", kernel, 1)
    if 2 * height > kh or 2 * width > kw:
        raise ArgumentError(f"max_pool2d: padding {padding} is more than half of the kernel {kernel}; make it smaller")
    if height or width:
        x = pad(x, ((0, 0), (height, height), (width, width), (0, 0)), value=_least(x.dtype))
    return max(unfold(x, kernel, kernel if stride is None else stride), axis=(3, 4))


def _least(dtype: np.dtype) -> float:
    """The least value of a type."""
    return -np.inf if dtype.kind == "f" else int(np.iinfo(dtype).min) if dtype.kind in "iu" else 0


@composed
def avg_pool2d(x: Values, kernel: Pair = 2, stride: Pair | None = None, padding: Pair = 0) -> Values:
    """The mean of each window, zeros of the padding included; `stride` is the kernel size by default."""
    check_images("avg_pool2d", x=x)
    return mean(unfold(x, kernel, kernel if stride is None else stride, padding), axis=(3, 4))


@composed
def upsample_nearest(x: Values, factor: Pair = 2) -> Values:
    """Each pixel of x (N, H, W, C) repeated into a block of `factor`: (N, H f, W f, C)."""
    check_images("upsample_nearest", x=x)
    fh, fw = pair("factor", factor, 1)
    n, h, w, c = x.shape
    return reshape(broadcast_to(reshape(x, (n, h, 1, w, 1, c)), (n, h, fh, w, fw, c)), (n, h * fh, w * fw, c))


@composed
def upsample_bilinear(x: Values, factor: Pair = 2) -> Values:
    """x (N, H, W, C) interpolated linearly along each axis: (N, H f, W f, C).

    Pixels are areas, so the centre of output pixel i lies at (i + 1/2) / f - 1/2 of the input, and the border is
    extended (`align_corners=False` elsewhere). Interpolation along an axis is a product with a matrix.
    """
    check_images("upsample_bilinear", x=x)
    fh, fw = pair("factor", factor, 1)
    n, h, w, c = x.shape
    rows = _interpolation(h, fh, x)  # (H fh, H)
    columns = _interpolation(w, fw, x)  # (W fw, W)
    x = reshape(matmul(rows, reshape(x, (n, h, w * c))), (n * h * fh, w, c))
    return reshape(matmul(columns, x), (n, h * fh, w * fw, c))


def _interpolation(length: int, factor: int, like: Tensor | Array) -> Array:
    """The matrix (length * factor, length) that interpolates linearly between `length` points."""
    xp = xp_of(raw(like))
    position = xp.clip((xp.arange(length * factor) + 0.5) / factor - 0.5, 0, length - 1)
    distance = xp.abs(position[:, None] - xp.arange(length))
    return xp.maximum(1 - distance, 0).astype(like.dtype if like.dtype.kind == "f" else np.float32)
