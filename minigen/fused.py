"""CUDA kernels of our own: what takes CuPy ten launches, in one.

Each CuPy operation is a kernel launch, which costs the host about 10 microseconds, and a pass over memory, which costs
the device most of its time. So the steps of a training step that are chains of element-wise operations are written
here once more, as CUDA: Adam, bias and activation, batch normalisation, binary cross-entropy, and the copying of
convolution windows. Each function is an optional acceleration: whoever calls it has the same thing in array operations
beside it, for NumPy and for the arrays that `takes` refuses.

`SOURCE` is compiled by CuPy at the first use, for float and for double. A thread of a CUDA grid knows its number; as
a rule, thread i takes the elements i, i + step, i + 2 step, ... In the kernels that know channels (the last axis),
step is a multiple of their number, so a thread stays in one channel. Nothing here waits for the device, no sum depends
on which thread comes first, and with `--fmad=false` every + - * / and square root rounds as it does in NumPy.

The tests compare it, compiled for the CPU, with the library's results; it has not been run or timed on a device yet.
"""

import functools
import math
from types import ModuleType
from typing import Any

import numpy as np

from .backend import Array, xp_of
from .errors import ArgumentError, DTypeError, ShapeError, one_of

ACTIVATIONS = ("none", "relu", "leaky_relu", "tanh", "sigmoid")

SOURCE = r"""
typedef long long i64;
#define THREAD (blockIdx.x * (i64)blockDim.x + threadIdx.x)
#define EACH(i) for (i64 i = THREAD < step ? THREAD : size; i < size; i += step)
#define CHANNEL (THREAD % channels)

extern "C" {
__global__ void adam(i64 size, i64 step, real* w, const real* g, real* m, real* v, real beta1, real rest1, real beta2,
                     real rest2, real eps, real rate, real keep) {
    EACH(i) {
        m[i] = m[i] * beta1 + g[i] * rest1;
        v[i] = v[i] * beta2 + g[i] * g[i] * rest2;
        w[i] = w[i] * keep - m[i] / (sqrt(v[i]) + eps) * rate;
    }
}

enum { NONE, RELU, LEAKY_RELU, TANH, SIGMOID };

__global__ void bias_activation(i64 size, i64 step, i64 channels, const real* x, const real* b, real* y, int activation,
                                real slope) {
    const real bias = b[CHANNEL];
    EACH(i) {
        const real z = x[i] + bias;
        switch (activation) {
            case RELU: y[i] = z < 0 ? 0 : z; break;  // written so that a NaN stays one
            case LEAKY_RELU: y[i] = z < 0 ? z * slope : z; break;
            case TANH: y[i] = tanh(z); break;
            case SIGMOID: y[i] = 1 / (1 + exp(-z)); break;
            default: y[i] = z;
        }
    }
}

__global__ void activation_gradient(i64 size, i64 step, const real* g, const real* y, real* dx, int activation,
                                    real slope) {
    EACH(i) {
        switch (activation) {
            case RELU: dx[i] = g[i] * (y[i] > 0 ? 1 : 0); break;
            case LEAKY_RELU: dx[i] = g[i] * (y[i] > 0 ? 1 : slope); break;
            case TANH: dx[i] = g[i] * (1 - y[i] * y[i]); break;
            case SIGMOID: dx[i] = g[i] * y[i] * (1 - y[i]); break;
            default: dx[i] = g[i];
        }
    }
}

// Sums over the rows of x (rows, channels), some by each thread: of each channel, step / channels sums are left.
__global__ void channel_sums(i64 size, i64 step, const real* x, real* sums) {
    real sum = 0;
    EACH(i) sum += x[i];
    if (THREAD < step) sums[THREAD] = sum;
}

__global__ void channel_squares(i64 size, i64 step, i64 channels, const real* x, const real* mean, real* sums) {
    const real m = mean[CHANNEL];
    real sum = 0;
    EACH(i) sum += (x[i] - m) * (x[i] - m);
    if (THREAD < step) sums[THREAD] = sum;
}

// Of g and of g (x - mean), side by side: sums is (step / channels, 2, channels).
__global__ void channel_products(i64 size, i64 step, i64 channels, const real* g, const real* x, const real* mean,
                                 real* sums) {
    const real m = mean[CHANNEL];
    real sum = 0, product = 0;
    EACH(i) {
        sum += g[i];
        product += g[i] * (x[i] - m);
    }
    if (THREAD < step) {
        sums[2 * THREAD - CHANNEL] = sum;
        sums[2 * THREAD - CHANNEL + channels] = product;
    }
}

__global__ void batch_norm(i64 size, i64 step, i64 channels, const real* x, const real* mean, const real* var,
                           const real* gamma, const real* beta, real* y, real eps) {
    const real m = mean[CHANNEL], scale = gamma[CHANNEL] * (1 / sqrt(var[CHANNEL] + eps)), shift = beta[CHANNEL];
    EACH(i) y[i] = (x[i] - m) * scale + shift;
}

// The gradient is scale (g - mean(g) - xhat mean(g xhat)), with xhat = (x - mean) r.
__global__ void batch_norm_gradient(i64 size, i64 step, i64 channels, const real* g, const real* x, const real* mean,
                                    const real* var, const real* gamma, const real* sums, real* dx, real* dgamma,
                                    real eps) {
    const real rows = size / channels, r = 1 / sqrt(var[CHANNEL] + eps), scale = gamma[CHANNEL] * r;
    const real m = mean[CHANNEL], mean_g = sums[CHANNEL] / rows, slope = sums[channels + CHANNEL] / rows * r * r;
    EACH(i) dx[i] = (g[i] - mean_g - (x[i] - m) * slope) * scale;
    if (THREAD < channels) dgamma[THREAD] = sums[channels + THREAD] * r;
}

__global__ void bce_with_logits(i64 size, i64 step, const real* logits, const real* targets, real* y) {
    EACH(i) y[i] = (logits[i] > 0 ? logits[i] : 0) - logits[i] * targets[i] + log1p(exp(-fabs(logits[i])));
}

// g_step is 1, or 0 where one number is the upstream gradient of all.
__global__ void bce_with_logits_gradient(i64 size, i64 step, const real* g, i64 g_step, const real* logits,
                                         const real* targets, real* dl) {
    EACH(i) dl[i] = g[i * g_step] * (1 / (1 + exp(-logits[i])) - targets[i]);
}

// Windows (n, oh, ow, kh, kw, c) of images (n, h, w, c): blockDim.x threads walk along a row together, and a block has
// blockDim.y rows.
#define ROW (blockIdx.x * (i64)blockDim.y + threadIdx.y)

// A row here is one line of a window, (n, i, j, a): kw * c numbers.
__global__ void windows(int rows, int h, int w, int c, int oh, int ow, int kh, int kw, int sh, int sw, int dh, int dw,
                        int top, int left, const real* x, real* cols) {
    if (ROW >= rows) return;
    const int row = ROW, a = row % kh, j = row / kh % ow, i = row / kh / ow % oh, n = row / kh / ow / oh;
    const int line = i * sh + a * dh - top;
    for (int e = threadIdx.x; e < kw * c; e += blockDim.x) {
        const int column = j * sw - left + e / c * dw;
        const bool inside = line >= 0 && line < h && column >= 0 && column < w;
        cols[(i64)row * kw * c + e] = inside ? x[(((i64)n * h + line) * w + column) * c + e % c] : 0;
    }
}

// A row here is a pixel: c numbers. Each adds up what the windows that lie on it hold for it, tap after tap.
__global__ void add_windows(int rows, int h, int w, int c, int oh, int ow, int kh, int kw, int sh, int sw, int dh,
                            int dw, int top, int left, const real* cols, real* x) {
    if (ROW >= rows) return;
    const int row = ROW, column = row % w, line = row / w % h, n = row / w / h;
    for (int e = threadIdx.x; e < c; e += blockDim.x) {
        real sum = 0;
        for (int a = 0; a < kh; a++) {
            const int down = line + top - a * dh, i = down / sh;
            if (down < 0 || down % sh || i >= oh) continue;
            for (int b = 0; b < kw; b++) {
                const int across = column + left - b * dw, j = across / sw;
                if (across < 0 || across % sw || j >= ow) continue;
                sum += cols[(((((i64)n * oh + i) * ow + j) * kh + a) * kw + b) * c + e];
            }
        }
        x[(i64)row * c + e] = sum;
    }
}

}
"""

BLOCK = 256  # threads of a block
MOST_THREADS = 1 << 18  # of a launch: as many as the largest devices run at the same time
LONGEST_SUM = 128  # numbers that a thread adds one by one, rather than leave them to more threads and another launch


def takes(*arrays: Any) -> bool:
    """Whether the kernels can work on `arrays`: on a CUDA device, all float32 or all float64, C-contiguous, not empty.

    False for anything else, Tensors and numbers too. It looks at the arrays' headers and does not wait.
    """
    xp = xp_of(*arrays)
    if xp is np or not all(isinstance(array, xp.ndarray) for array in arrays):
        return False
    dtype = arrays[0].dtype
    return dtype.char in "fd" and all(a.dtype == dtype and a.size > 0 and a.flags.c_contiguous for a in arrays)


def _check(operation: str, **arrays: Array) -> ModuleType:
    """The arrays' module, after a check that they are fit for a kernel: it would read past their ends."""
    if not takes(*arrays.values()):
        found = ", ".join(f"{n}: {type(a).__name__} {getattr(a, 'dtype', '')}" for n, a in arrays.items())
        raise DTypeError(
            f"fused.{operation}: expected contiguous CuPy arrays of one dtype, float32 or float64, not empty; "
            f"got {found}; ask fused.takes(...) first"
        )
    return xp_of(*arrays.values())


def _check_shapes(operation: str, shape: tuple[int, ...], **arrays: Array) -> None:
    for name, array in arrays.items():
        if array.shape != shape:
            raise ShapeError(f"fused.{operation}: {name} must have shape {shape}, got {array.shape}")


def _activation(operation: str, activation: str, slope: float) -> np.int32:
    one_of("activation", activation, ACTIVATIONS)
    if slope < 0:
        raise ArgumentError(f"fused.{operation}: slope must be >= 0, got {slope}; y must show the sign of its input")
    return np.int32(ACTIVATIONS.index(activation))


@functools.cache
def _module(xp: ModuleType, real: str) -> Any:
    return xp.RawModule(code=f"typedef {real} real;\n{SOURCE}", options=("--fmad=false",))


@functools.cache
def _kernel(xp: ModuleType, name: str, char: str) -> Any:
    """The kernel `name` for float32 ('f') or float64 ('d'), made at the first use."""
    return _module(xp, {"f": "float", "d": "double"}[char]).get_function(name)


def _launch(name: str, like: Array, channels: int, *args: object) -> None:
    """Start a kernel of (size, step, ...) on the elements of `like`; the step is a multiple of `channels`."""
    step = max(channels, min(like.size, MOST_THREADS) // channels * channels)
    _kernel(xp_of(like), name, like.dtype.char)((-(-step // BLOCK),), (BLOCK,), (like.size, step, *args))


def adam(
    w: Array,
    g: Array,
    m: Array,
    v: Array,
    t: int,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float = 0.0,
) -> None:
    """One update of Adam, or of AdamW if `weight_decay` is not 0, in place: see `optim.Adam.update`.

    Args:
        w, g, m, v: parameters, their gradients, and the running means of g and g^2, all of one shape; g is only read.
        t: which update this is, from 1.
    """
    _check("adam", w=w, g=g, m=m, v=v)
    _check_shapes("adam", w.shape, g=g, m=m, v=v)
    (beta1, beta2), real = betas, w.dtype.type
    correction = math.sqrt(1 - beta2**t)
    rate = lr * correction / (1 - beta1**t)
    numbers = (beta1, 1 - beta1, beta2, 1 - beta2, eps * correction, rate, 1 - lr * weight_decay)
    _launch("adam", w, 1, w, g, m, v, *map(real, numbers))


def bias_activation(x: Array, b: Array, activation: str, slope: float = 0.2, out: Array | None = None) -> Array:
    """activation(x + b): x (..., C), b (C,) -> (..., C).

    Args:
        activation: one of `ACTIVATIONS`; 'none' adds the bias only.
        slope: of 'leaky_relu' where its input is negative; at least 0.
        out: where to write the result; may be x.
    """
    xp = _check("bias_activation", x=x, b=b)
    out = xp.empty_like(x) if out is None else out
    _check("bias_activation", x=x, out=out)
    _check_shapes("bias_activation", x.shape[-1:], b=b)
    _check_shapes("bias_activation", x.shape, out=out)
    kind = _activation("bias_activation", activation, slope)
    _launch("bias_activation", x, b.size, b.size, x, b, out, kind, x.dtype.type(slope))
    return out


def activation_gradient(g: Array, y: Array, activation: str, slope: float = 0.2) -> Array:
    """dL/dx of y = activation(x), from g = dL/dy and y alone. For the bias, take the `channel_sums` of the result."""
    xp = _check("activation_gradient", g=g, y=y)
    _check_shapes("activation_gradient", y.shape, g=g)
    dx = xp.empty_like(g)
    kind = _activation("activation_gradient", activation, slope)
    _launch("activation_gradient", g, 1, g, y, dx, kind, g.dtype.type(slope))
    return dx


def _summed(kernel: str, like: Array, channels: int, width: int, *args: object) -> Array:
    """What a kernel of sums gives, `width` numbers for each channel, added up: (width * channels,).

    Where there are many rows, the threads leave several sums of each channel. These are rows again, to be summed.
    (CuPy's own sum over rows would give all the work to one block of threads for every 32 channels.)
    """
    rows = like.size // channels
    slices = max(1, min(-(-rows // LONGEST_SUM), MOST_THREADS // channels))
    sums = xp_of(like).empty((slices, width * channels), dtype=like.dtype)
    step = slices * channels
    _kernel(xp_of(like), kernel, like.dtype.char)((-(-step // BLOCK),), (BLOCK,), (like.size, step, *args, sums))
    return sums[0] if slices == 1 else channel_sums(sums)


def channel_sums(x: Array) -> Array:
    """x (..., C) summed over all axes but the last: (C,)."""
    _check("channel_sums", x=x)
    return _summed("channel_sums", x, x.shape[-1], 1, x)


def batch_norm(x: Array, gamma: Array, beta: Array, eps: float) -> tuple[Array, Array, Array]:
    """(x - mean) / sqrt(var + eps) * gamma + beta: x (..., C), gamma and beta (C,).

    Returns:
        (y, mean, var): y like x, and the statistics of each channel, (C,).
    """
    _check("batch_norm", x=x, gamma=gamma, beta=beta)
    rows = x.size // x.shape[-1]
    mean = channel_sums(x)
    mean /= rows
    var = _summed("channel_squares", x, x.shape[-1], 1, x.shape[-1], x, mean)
    var /= rows
    return normalize(x, mean, var, gamma, beta, eps), mean, var


def normalize(x: Array, mean: Array, var: Array, gamma: Array, beta: Array, eps: float) -> Array:
    """The same with a mean and a variance that are given, each (C,)."""
    xp = _check("normalize", x=x, mean=mean, var=var, gamma=gamma, beta=beta)
    _check_shapes("normalize", x.shape[-1:], mean=mean, var=var, gamma=gamma, beta=beta)
    y = xp.empty_like(x)
    _launch("batch_norm", x, beta.size, beta.size, x, mean, var, gamma, beta, y, x.dtype.type(eps))
    return y


def batch_norm_gradient(
    g: Array, x: Array, gamma: Array, mean: Array, var: Array, eps: float
) -> tuple[Array, Array, Array]:
    """The gradients of `batch_norm` from g = dL/dy, with the mean and var that it returned: see `ops.normalize`.

    Returns:
        (dx, dgamma, dbeta): dx like x, the others (C,).
    """
    xp = _check("batch_norm_gradient", g=g, x=x, gamma=gamma, mean=mean, var=var)
    _check_shapes("batch_norm_gradient", x.shape, g=g)
    _check_shapes("batch_norm_gradient", x.shape[-1:], gamma=gamma, mean=mean, var=var)
    channels = gamma.size
    sums = _summed("channel_products", x, channels, 2, channels, g, x, mean)  # of g, then of g (x - mean)
    dx, dgamma = xp.empty_like(x), xp.empty_like(gamma)
    numbers = (channels, g, x, mean, var, gamma, sums, dx, dgamma, x.dtype.type(eps))
    _launch("batch_norm_gradient", x, channels, *numbers)
    return dx, dgamma, sums[:channels]


def bce_with_logits(logits: Array, targets: Array) -> Array:
    """-log of the Bernoulli likelihood of each target in [0, 1], in nats, from its logit: see `ops.bce_with_logits`."""
    xp = _check("bce_with_logits", logits=logits, targets=targets)
    _check_shapes("bce_with_logits", logits.shape, targets=targets)
    y = xp.empty_like(logits)
    _launch("bce_with_logits", logits, 1, logits, targets, y)
    return y


def bce_with_logits_gradient(g: Array, logits: Array, targets: Array) -> Array:
    """dL/dlogits = g (sigmoid(logits) - targets), from g = dL/dy of the same shape, in any layout.

    If g is one number broadcast to this shape, as it is after a mean over all, it is not written out.
    """
    xp = _check("bce_with_logits_gradient", logits=logits, targets=targets)
    _check_shapes("bce_with_logits_gradient", logits.shape, targets=targets, g=g)
    is_one_number = not any(g.strides)
    g = g[(0,) * g.ndim] if is_one_number else xp.ascontiguousarray(g)
    _check("bce_with_logits_gradient", logits=logits, g=g)
    dl = xp.empty_like(logits)
    _launch("bce_with_logits_gradient", logits, 1, g, 0 if is_one_number else 1, logits, targets, dl)
    return dl


def _launch_rows(name: str, rows: int, width: int, geo: Any, channels: int, *args: Array) -> None:
    """Start a kernel for `rows` rows of `width` numbers: as many threads along a row as it has numbers, up to BLOCK."""
    (top, _), (left, _) = geo.padding
    sizes = (*geo.image, channels, *geo.output, *geo.kernel, *geo.stride, *geo.dilation, top, left)
    along = min(BLOCK, 1 << (width - 1).bit_length())
    grid, block = (-(-rows // (BLOCK // along)),), (along, BLOCK // along)
    _kernel(xp_of(args[0]), name, args[0].dtype.char)(grid, block, (*map(np.int32, (rows, *sizes)), *args))


def windows(x: Array, geo: Any) -> Array:
    """Every window of x (N, H, W, C), with zeros outside of the image: a new array (N, OH, OW, kh, kw, C).

    Args:
        geo: an `ops.conv.Geometry` for images of (H, W).
    """
    xp = _check("windows", x=x)
    n, c = x.shape[0], x.shape[-1]
    _check_shapes("windows", (n, *geo.image, c), x=x)
    cols = xp.empty((n, *geo.output, *geo.kernel, c), dtype=x.dtype)
    _launch_rows("windows", n * math.prod(geo.output) * geo.kernel[0], geo.kernel[1] * c, geo, c, x, cols)
    return cols


def add_windows(cols: Array, geo: Any) -> Array:
    """The adjoint: windows (N, OH, OW, kh, kw, C) added up where they lie on each other, (N, H, W, C)."""
    xp = _check("add_windows", cols=cols)
    n, c = cols.shape[0], cols.shape[-1]
    _check_shapes("add_windows", (n, *geo.output, *geo.kernel, c), cols=cols)
    x = xp.empty((n, *geo.image, c), dtype=cols.dtype)
    _launch_rows("add_windows", n * math.prod(geo.image), c, geo, c, cols, x)
    return x
