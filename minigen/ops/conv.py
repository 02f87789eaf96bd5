"""Convolution, its transpose, and its weight gradient: three operations that are each other's gradients.

Images are (N, H, W, C), kernels (kh, kw, C, F). For stride s and dilation d, on an image padded with zeros,

    conv2d:              y[n,i,j,f]  = sum_{a,b,c}  x[n, s i + d a, s j + d b, c]  w[a,b,c,f]

This is linear in x and in w. Pairing it with an upstream gradient g defines the trilinear form

    T(x, w, g) = <conv2d(x, w), g> = sum_{n,i,j,f,a,b,c}  x[n, s i + d a, s j + d b, c]  w[a,b,c,f]  g[n,i,j,f]

and differentiating T by one argument gives a map of the other two:

    dT/dg = conv2d(x, w)     dT/dx = conv2d_transpose(g, w)     dT/dw = conv2d_weight_gradient(x, g)

So the gradient rules of all three are found among the three, to any order. The transposed convolution is the adjoint
of the convolution, <conv2d(x, w), g> = <x, conv2d_transpose(g, w)>: it is not an inverse.

Each is computed as matrix products. `windows` shows every window of the image as a row (in channels-last layout,
kw * C neighbours in a row are contiguous in memory); `add_windows` is its adjoint and adds rows back to where they
came from. The rows of a whole batch would be many times larger than the images; on a CPU a few images are taken at a
time (`_few_images`), so that their rows stay in the cache between being copied and being multiplied, and the batch
is split over the threads (`minigen.parallel`). The same three with plain loops: `minigen.ops.loops`.

Derived in lesson 7.
"""

import functools
import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from .. import fused, parallel
from ..autodiff import Tensor, differentiable
from ..backend import Array, xp_of
from ..errors import ArgumentError, ShapeError, is_whole

Pair = int | tuple[int, int]
Padding = str | Pair | tuple[tuple[int, int], tuple[int, int]]  # see `geometry`


class Geometry(NamedTuple):
    """How windows lie on an image: every field is a pair for (height, width)."""

    image: tuple[int, int]  # without padding
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[tuple[int, int], tuple[int, int]]  # (top, bottom), (left, right)
    dilation: tuple[int, int]
    output: tuple[int, int]  # number of windows


def pair(name: str, value: object, least: int) -> tuple[int, int]:
    """`value` as a pair (height, width) of integers, each at least `least`."""
    both = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2 or not all(is_whole(v) and v >= least for v in both):
        raise ArgumentError(f"{name}: expected an int >= {least} or a pair of them, got {value!r}")
    return int(both[0]), int(both[1])


def geometry(
    image: tuple[int, int], kernel: tuple[int, int], stride: Pair, padding: Padding, dilation: Pair
) -> Geometry:
    """Check the settings and work out the sizes: output = floor((image + padding - d (kernel - 1) - 1) / s) + 1.

    Args:
        padding: an int, a pair (height, width), a pair of pairs ((top, bottom), (left, right)), 'valid' (none), or
            'same' (output = ceil(image / stride); an odd zero goes to the bottom and right).
    """
    stride, dilation = pair("stride", stride, 1), pair("dilation", dilation, 1)
    spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    if padding == "same":
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n, s, k in zip(image, stride, spans, strict=True)]
        pads = [(t // 2, t - t // 2) for t in total]
    elif padding == "valid":
        pads = [(0, 0), (0, 0)]
    elif isinstance(padding, str):
        raise ArgumentError(f"padding: expected 'same', 'valid' or numbers, got {padding!r}")
    elif isinstance(padding, (tuple, list)) and len(padding) == 2 and isinstance(padding[0], (tuple, list)):
        pads = [pair("padding", p, 0) for p in padding]
    else:
        pads = [(p, p) for p in pair("padding", padding, 0)]
    room = [n + sum(p) - k for n, p, k in zip(image, pads, spans, strict=True)]
    if min(room) < 0:
        raise ShapeError(
            f"convolution: a kernel that spans {spans} does not fit on an image of {image} with padding {tuple(pads)}; "
            "use a smaller kernel, more padding or padding='same'"
        )
    output = tuple(r // s + 1 for r, s in zip(room, stride, strict=True))
    return Geometry(image, kernel, stride, tuple(pads), dilation, output)  # type: ignore[arg-type]


def windows(x: Array, geo: Geometry) -> Array:
    """Every window of x (N, H, W, C): a view (N, OH, OW, kh, kw, C) of the padded image, copying nothing more."""
    xp = xp_of(x)
    (top, bottom), (left, right) = geo.padding
    if top or bottom or left or right:
        n, h, w, c = x.shape
        padded = xp.zeros((n, top + h + bottom, left + w + right, c), dtype=x.dtype)
        padded[:, top : top + h, left : left + w] = x
        x = padded
    n, h, w, c = x.strides
    (sh, sw), (dh, dw) = geo.stride, geo.dilation
    return xp.lib.stride_tricks.as_strided(
        x,
        shape=(x.shape[0], *geo.output, *geo.kernel, x.shape[3]),
        strides=(n, h * sh, w * sw, h * dh, w * dw, c),
    )


def add_windows(cols: Array, geo: Geometry) -> Array:
    """The adjoint of `windows`: add each window of `cols` (N, OH, OW, kh, kw, C) to its place in (N, H, W, C)."""
    if fused.takes(cols):
        return fused.add_windows(cols, geo)
    n, oh, ow, kh, kw, c = cols.shape
    beside = _taps_beside(geo, c)
    cols = cols.reshape(n, oh, ow, kh, kw // beside, beside * c)
    return _add_taps(lambda a, b: cols[:, :, :, a, b], cols, n, c, geo)


def _taps_beside(geo: Geometry, channels: int) -> int:
    """How many neighbouring taps of a kernel row can be added in one go: sw, if they never fall on one place."""
    (_, sw), (_, dw), (_, kw) = geo.stride, geo.dilation, geo.kernel
    return sw if dw == 1 and kw % sw == 0 and channels > 1 else 1


def _add_taps(tap: Callable[[int, int], Array], like: Array, n: int, channels: int, geo: Geometry) -> Array:
    """The sum of what each tap of the kernel gives to the windows, at the places where the tap looks: (N, H, W, C).

    The windows of one tap do not overlap, and neither do those of sw taps beside each other (`_taps_beside`).

    Args:
        tap: tap(a, b) are the numbers for the b-th group of taps in row a: (N, OH, OW, taps * C).
        like: an array of the same kind and precision.
    """
    xp, beside = xp_of(like), _taps_beside(geo, channels)
    (h, w), (oh, ow), (sh, sw), (dh, dw), (kh, kw) = geo.image, geo.output, geo.stride, geo.dilation, geo.kernel
    (top, bottom), (left, right) = geo.padding
    width, step = left + w + right, sw // beside
    width += -width % beside
    x = xp.zeros((n, top + h + bottom, width, channels), dtype=like.dtype)
    blocks = x.reshape(n, x.shape[1], width // beside, beside * channels)
    for a, b in np.ndindex(kh, kw // beside):
        i, j = a * dh, b * dw
        blocks[:, i : i + sh * oh : sh, j : j + step * ow : step] += tap(a, b)
    return x[:, top : top + h, left : left + w]


CACHE = 1 << 20  # bytes of window rows to work on at a time: about a core's second-level cache
ROWS = 256  # but at least so many rows, for the matrix product to be efficient
MANY_CHANNELS = 16  # from here on, the product with a single tap of the kernel is efficient


def _few_images(x: Array, geo: Geometry, kernel: tuple[int, ...], row: int | None = None) -> list[list[slice]]:
    """The images of x, a few at a time: a list for each thread; on a GPU, the whole batch.

    `row` is how many numbers are made of each window at a time: by default, all in a window.
    """
    batch, places, taps = x.shape[0], math.prod(geo.output), math.prod(kernel[:3])
    row = row or taps
    if xp_of(x) is not np or not batch:
        return [[slice(0, batch)]]
    step = max(1, max(ROWS, CACHE // max(1, row * x.itemsize)) // places)
    threads = parallel.split(batch, batch * places * taps * (kernel[3] + parallel.ONE_ELEMENT))
    return [[slice(n, min(n + step, t.stop)) for n in range(t.start, t.stop, step)] for t in threads]


def _for_each(work: Callable[[slice], None], shares: list[list[slice]]) -> None:
    """work(images) for each entry, on all threads."""

    def all_of(share: list[slice]) -> None:
        for images in share:
            work(images)

    parallel.run(all_of, shares)


def _sum_over(work: Callable[[slice], Array], shares: list[list[slice]]) -> Array:
    """The sum of work(images), a matrix, over all entries."""

    def sum_of(share: list[slice]) -> Array:
        total = work(share[0])
        for images in share[1:]:
            total += work(images)
        return total

    total, *others = parallel.run(sum_of, shares)
    for other in others:
        parallel.run_by_rows(functools.partial(_add_rows, total, other), total)
    return total


def _add_rows(total: Array, other: Array, rows: slice) -> None:
    total[rows] += other[rows]


def _each_group(channels: int, filters: int, groups: int) -> Iterator[tuple[slice, slice]]:
    """The (channels, filters) that belong together."""
    c, f = channels // groups, filters // groups
    for i in range(groups):
        yield slice(i * c, (i + 1) * c), slice(i * f, (i + 1) * f)


def _check_groups(operation: str, channels: int, kernel: tuple[int, ...], groups: int) -> None:
    if not is_whole(groups) or groups < 1 or kernel[3] % groups:
        raise ArgumentError(f"{operation}: groups={groups!r} must be an int >= 1 that divides {kernel[3]} filters")
    if channels != kernel[2] * groups:
        raise ShapeError(
            f"{operation}: the image has {channels} channels, the kernel {kernel} takes {kernel[2] * groups} "
            f"({kernel[2]} x {groups} groups); kernels are (kh, kw, C / groups, F) and images (N, H, W, C)"
        )


def check_images(operation: str, **arrays: Tensor | Array) -> None:
    """Raise unless every array has 4 axes, and images of a pixel at least."""
    for name, array in arrays.items():
        if array.ndim != 4:
            raise ShapeError(
                f"{operation}: {name} must have 4 axes, got shape {array.shape}; "
                "images are (N, H, W, C): give a single image a leading axis, grey images a last one"
            )
        if not all(array.shape[1:3]):
            raise ShapeError(f"{operation}: {name} has shape {array.shape}, which holds no pixel")


@differentiable
def conv2d(x: Array, w: Array, /, stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1, groups: int = 1) -> Array:
    """The convolution (in fact correlation, as everywhere in the field): x (N, H, W, C), w (kh, kw, C/groups, F).

    Args:
        stride, padding, dilation: see `geometry`.
        groups: split channels and filters into this many parts that do not see each other.

    Returns:
        (N, OH, OW, F).
    """
    check_images("conv2d", x=x, w=w)
    _check_groups("conv2d", x.shape[3], w.shape, groups)
    geo = geometry(x.shape[1:3], w.shape[:2], stride, padding, dilation)
    xp = xp_of(x)
    y = xp.empty((x.shape[0], *geo.output, w.shape[3]), dtype=np.result_type(x.dtype, w.dtype))

    def convolve(n: slice) -> None:
        for c, f in _each_group(x.shape[3], w.shape[3], groups):
            rows = _window_rows(x[n, ..., c], geo)
            if groups == 1:
                xp.matmul(rows, _matrix(w), out=_matrix(y[n]))
            else:
                y[n, ..., f] = (rows @ _matrix(w[..., f])).reshape(y[n, ..., f].shape)

    _for_each(convolve, _few_images(x, geo, w.shape))
    return y


def _window_rows(x: Array, geo: Geometry) -> Array:
    """The windows of x (N, H, W, C) as a matrix (N OH OW, kh kw C); this copies them."""
    cols = fused.windows(x, geo) if fused.takes(x) else windows(x, geo)
    n, oh, ow, kh, kw, c = cols.shape
    return cols.reshape(n * oh * ow, kh * kw * c)


def _matrix(w: Array) -> Array:
    """A kernel (kh, kw, C, F) as a matrix (kh kw C, F); or images (N, H, W, C) as (N H W, C)."""
    return w.reshape(-1, w.shape[3])


@differentiable
def conv2d_transpose(
    x: Array,
    w: Array,
    /,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
    output_size: Pair | None = None,
) -> Array:
    """The adjoint of `conv2d` with the same kernel and settings: x (N, OH, OW, F), w (kh, kw, C/groups, F).

    Args:
        output_size: (H, W) of the result. With stride s, s sizes lead to the same OH; the smallest is the default:
            s (OH - 1) + d (kh - 1) + 1 - padding, or s OH with padding='same'.

    Returns:
        (N, H, W, C).
    """
    check_images("conv2d_transpose", x=x, w=w)
    if x.shape[3] != w.shape[3]:
        raise ShapeError(
            f"conv2d_transpose: the image has {x.shape[3]} channels, the kernel {w.shape} takes {w.shape[3]}; "
            "kernels are (kh, kw, C_out / groups, C_in), as of the convolution that this is the adjoint of"
        )
    _check_groups("conv2d_transpose", w.shape[2] * groups, w.shape, groups)
    size = smallest_image(x.shape[1:3], w.shape[:2], stride, padding, dilation) if output_size is None else output_size
    geo = geometry(pair("output_size", size, 1), w.shape[:2], stride, padding, dilation)
    if geo.output != x.shape[1:3]:
        raise ShapeError(
            f"conv2d_transpose: output_size {geo.image} does not belong to an input of {x.shape[1:3]}: "
            f"the convolution would make {geo.output} of it; change output_size by less than the stride"
        )
    channels = w.shape[2] * groups
    y = xp_of(x).empty((x.shape[0], *geo.image, channels), dtype=np.result_type(x.dtype, w.dtype))
    tap_by_tap = xp_of(x) is np and w.shape[2] >= MANY_CHANNELS

    def stamp(n: slice) -> None:
        for c, f in _each_group(channels, w.shape[3], groups):
            if tap_by_tap:
                y[n, ..., c] = _stamp_taps(x[n, ..., f], w[..., f], geo)
            else:
                rows = _matrix(x[n, ..., f]) @ _matrix(w[..., f]).T  # (n OH OW, kh kw C/groups)
                y[n, ..., c] = add_windows(rows.reshape(-1, *geo.output, *w.shape[:3]), geo)

    row = _taps_beside(geo, w.shape[2]) * w.shape[2] if tap_by_tap else None
    _for_each(stamp, _few_images(x, geo, w.shape, row))
    return y


def _stamp_taps(x: Array, w: Array, geo: Geometry) -> Array:
    """`add_windows` of the product, but each tap's part of the product is made, added in long runs, and forgotten."""
    n, oh, ow, f = x.shape
    kh, kw, c, _ = w.shape
    beside = _taps_beside(geo, c)
    taps = w.reshape(kh, kw // beside, beside * c, f)
    part: Array = np.empty((n * oh * ow, beside * c), np.result_type(x.dtype, w.dtype))

    def tap(a: int, b: int) -> Array:
        return np.matmul(_matrix(x), taps[a, b].T, out=part).reshape(n, oh, ow, beside * c)

    return _add_taps(tap, part, n, c, geo)


def smallest_image(
    output: tuple[int, int], kernel: tuple[int, int], stride: Pair, padding: Padding, dilation: Pair
) -> tuple[int, ...]:
    """The size of the smallest image of which a convolution makes `output` windows."""
    stride, dilation = pair("stride", stride, 1), pair("dilation", dilation, 1)
    if padding == "same":
        return tuple(n * s for n, s in zip(output, stride, strict=True))
    spans = [s * (n - 1) + d * (k - 1) + 1 for n, k, s, d in zip(output, kernel, stride, dilation, strict=True)]
    pads = geometry((10**9, 10**9), kernel, stride, padding, dilation).padding
    size = tuple(n - sum(p) for n, p in zip(spans, pads, strict=True))
    if min(size) < 1:
        raise ShapeError(f"conv2d_transpose: padding {pads} leaves nothing of an output of {tuple(spans)}")
    return size


@differentiable
def conv2d_weight_gradient(
    x: Array,
    g: Array,
    /,
    kernel: tuple[int, int],
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    groups: int = 1,
    out: Array | None = None,
) -> Array:
    """dT/dw: x (N, H, W, C) and g (N, OH, OW, F) give (kh, kw, C/groups, F), for a kernel of (kh, kw).

    `out` is where to write it, if no graph is recorded and there is one group.
    """
    check_images("conv2d_weight_gradient", x=x, g=g)
    kernel = pair("kernel", kernel, 1)
    _check_groups("conv2d_weight_gradient", x.shape[3], (*kernel, x.shape[3] // max(1, groups), g.shape[3]), groups)
    geo = geometry(x.shape[1:3], kernel, stride, padding, dilation)
    if g.shape[:3] != (x.shape[0], *geo.output):
        raise ShapeError(f"conv2d_weight_gradient: g has shape {g.shape}, expected ({x.shape[0]}, *{geo.output}, F)")
    shape = (*geo.kernel, x.shape[3] // groups, g.shape[3])

    def correlate(n: slice) -> Array:
        if groups == 1:  # the first images' product may lie where the sum is wanted
            first = _matrix(out) if out is not None and not n.start else None
            return xp.matmul(_window_rows(x[n], geo).T, _matrix(g[n]), out=first)
        each = _each_group(x.shape[3], g.shape[3], groups)
        return xp.concatenate([_window_rows(x[n, ..., c], geo).T @ _matrix(g[n, ..., f]) for c, f in each], axis=1)

    xp = xp_of(x)
    dw = _sum_over(correlate, _few_images(x, geo, shape))
    return dw.reshape(shape) if out is None or groups > 1 else out


# Below, v is the upstream gradient where the name g is taken. Every line is one derivative of T.

conv2d.gradients(
    lambda g, y, x, w, stride=1, padding=0, dilation=1, groups=1: conv2d_transpose(
        g, w, stride, padding, dilation, groups, output_size=x.shape[1:3]
    ),
    lambda g, y, x, w, stride=1, padding=0, dilation=1, groups=1, into=None: conv2d_weight_gradient(
        x, g, w.shape[:2], stride, padding, dilation, groups, into
    ),
)
conv2d_transpose.gradients(
    lambda v, y, x, w, stride=1, padding=0, dilation=1, groups=1, output_size=None: conv2d(
        v, w, stride, padding, dilation, groups
    ),
    lambda v, y, x, w, stride=1, padding=0, dilation=1, groups=1, output_size=None, into=None: conv2d_weight_gradient(
        v, x, w.shape[:2], stride, padding, dilation, groups, into
    ),
)
conv2d_weight_gradient.gradients(
    lambda v, y, x, g, kernel, stride=1, padding=0, dilation=1, groups=1, out=None: conv2d_transpose(
        g, v, stride, padding, dilation, groups, output_size=x.shape[1:3]
    ),
    lambda v, y, x, g, kernel, stride=1, padding=0, dilation=1, groups=1, out=None: conv2d(
        x, v, stride, padding, dilation, groups
    ),
)
