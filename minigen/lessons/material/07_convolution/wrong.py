"""Classic wrong answers to the exercises of lesson 7."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)

LARGER = "what is beyond the image and its padding is cut off in the end"
EQUIVALENT = {
    **{
        f"{name}: {argument} at least 1": "an axis, a kernel and a stride have at least 1"
        for name, arguments in {
            "output_size": ("n", "k", "stride"),
            "conv_forward": ("stride",),
            "conv_dx": ("stride",),
            "conv_dw": ("stride",),
            "one_kernel": ("stride",),
        }.items()
        for argument in arguments
    },
    "output_size: result at least 0": "a number of places is never negative",
    "conv_dx: 3 for 2 in dx = np.zeros((n, height + 2 * padding, width + 2 * padding, channels), g.dtype)": LARGER,
    "conv_dx: 3 for 2 in dx = np.zeros((n, height + 2 * padding, width + 2 * padding, channels), g.dtype) (2)": LARGER,
}

# ------------------------------------------------------------------------------------------------ output_size


@wrong("output_size", "the padding is missing: the axis has n + 2 padding pixels")
def no_padding(n, k, stride, padding):
    return (n - k) // stride + 1


@wrong("output_size", "the padding is counted once: it stands on both sides, n + 2 padding")
def padding_once(n, k, stride, padding):
    return (n + padding - k) // stride + 1


@wrong("output_size", "the first place is not counted: starts 0, s, 2s, ... up to m are m // s + 1")
def no_first_place(n, k, stride, padding):
    return (n + 2 * padding - k) // stride


@wrong("output_size", "you round up: the last place would reach beyond the image; use //")
def rounded_up(n, k, stride, padding):
    return -(-(n + 2 * padding - k) // stride) + 1


@wrong("output_size", "the kernel's length is missing: a place that starts at the last pixel does not fit")
def no_kernel(n, k, stride, padding):
    return (n + 2 * padding) // stride


@wrong("output_size", "that is the size of padding='same', which chooses the padding itself; here it is given")
def same_size(n, k, stride, padding):
    return -(-n // stride)


@wrong("output_size", "that goes the other way: it is the size of the *transposed* convolution")
def size_of_the_transpose(n, k, stride, padding):
    return stride * (n - 1) + k - 2 * padding


@wrong("output_size", "a negative number of places: a kernel that is longer than the padded axis has none, 0")
def negative_places(n, k, stride, padding):
    return (n + 2 * padding - k) // stride + 1


@wrong("output_size", "int() rounds towards 0, so that -1/2 becomes 0 and not -1: use //")
def rounded_towards_zero(n, k, stride, padding):
    return max(0, int((n + 2 * padding - k) / stride) + 1)


@wrong("output_size", "a kernel that does not fit has no place at all, not one")
def at_least_one(n, k, stride, padding):
    return max(1, ref.output_size(n, k, stride, padding))


@wrong("output_size", "the 1 is inside the division: starts 0, s, 2s, ... up to m are m // s + 1, not (m + 1) // s")
def one_inside(n, k, stride, padding):
    return (n + 2 * padding - k + 1) // stride


@wrong("output_size", "you round to the nearest: what is left over at the end is not seen, so use //")
def rounded_to_nearest(n, k, stride, padding):
    return max(0, round((n + 2 * padding - k) / stride) + 1)


@wrong("output_size", "use // for the division", compared=False)
def true_division(n, k, stride, padding):
    return (n + 2 * padding - k) / stride + 1


@wrong("output_size", "calls minigen.ops.conv.geometry", compared=False)
def of_the_library(n, k, stride, padding):
    return mg.ops.conv.geometry((n, n), (k, k), stride, padding, 1).output[0]


# ----------------------------------------------------------------------------------------------- conv_forward


def _taps(x, w, stride, padding):
    """For each tap (a, b), the pixels that it sees in all places (N, OH, OW, C)."""
    kh, kw = w[:2]
    oh = ref.output_size(x.shape[1], kh, stride, padding)
    ow = ref.output_size(x.shape[2], kw, stride, padding)
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    for a, b in np.ndindex(kh, kw):
        yield a, b, x[:, a : a + stride * oh : stride, b : b + stride * ow : stride]


@wrong("conv_forward", "the kernel is turned by 180 degrees; deep learning's convolution does not turn it")
def turned(x, w, stride, padding):
    return ref.conv_forward(x, w[::-1, ::-1], stride, padding)


@wrong("conv_forward", "the kernel's rows and columns are exchanged: w[a, b], not w[b, a]")
def rows_and_columns(x, w, stride, padding):
    return ref.conv_forward(x, w.swapaxes(0, 1), stride, padding)


@wrong("conv_forward", "the stride is ignored: place i starts at pixel s i - p")
def no_stride(x, w, stride, padding):
    return ref.conv_forward(x, w, 1, padding)


@wrong("conv_forward", "the stride counts the places and does not step: slices [a : a + stride * oh : stride]")
def steps_of_one(x, w, stride, padding):
    oh = ref.output_size(x.shape[1], w.shape[0], stride, padding)
    ow = ref.output_size(x.shape[2], w.shape[1], stride, padding)
    return ref.conv_forward(x, w, 1, padding)[:, :oh, :ow]


@wrong("conv_forward", "the padding is ignored")
def no_padding_of_x(x, w, stride, padding):
    return ref.conv_forward(x, w, stride, 0)


@wrong("conv_forward", "the zeros are all at the bottom and right: the first place starts at pixel -p")
def padded_behind(x, w, stride, padding):
    return ref.conv_forward(np.pad(x, ((0, 0), (0, 2 * padding), (0, 2 * padding), (0, 0))), w, stride, 0)


@wrong("conv_forward", "the image is continued by its edge: outside of it there are zeros")
def edges_repeated(x, w, stride, padding):
    widths = ((0, 0), (padding, padding), (padding, padding), (0, 0))
    return ref.conv_forward(np.pad(x, widths, mode="edge"), w, stride, 0)


@wrong("conv_forward", "only the last tap is left: the taps are added up, y += ..., not y = ...")
def last_tap(x, w, stride, padding):
    return [seen @ w[a, b] for a, b, seen in _taps(x, w.shape, stride, padding)][-1]


@wrong("conv_forward", "only channel 0 is used: sum over all channels c")
def first_channel(x, w, stride, padding):
    return ref.conv_forward(x[..., :1], w[:, :, :1], stride, padding)


@wrong("conv_forward", "you take the mean over the window: the taps are summed")
def mean_of_window(x, w, stride, padding):
    return ref.conv_forward(x, w, stride, padding) / w[..., 0].size


@wrong("conv_forward", "a kernel of 3x3 is written into the code: take kh, kw from w.shape")
def three_by_three(x, w, stride, padding):
    kh, kw = min(3, w.shape[0]), min(3, w.shape[1])
    y = ref.conv_forward(x, w, stride, padding)
    return sum((seen @ w[a, b] for a, b, seen in _taps(x, w.shape, stride, padding) if a < kh and b < kw), 0 * y)


@wrong("conv_forward", "changes its input w", compared=False)
def changes_the_kernel(x, w, stride, padding):
    y = ref.conv_forward(x, w, stride, padding)
    w *= 2
    return y


@wrong("conv_forward", "calls minigen", compared=False)
def conv_of_the_library(x, w, stride, padding):
    return mg.conv2d(x, w, stride, padding)


@wrong("conv_forward", "keep the type of the inputs", compared=False)
def in_float32(x, w, stride, padding):
    return ref.conv_forward(x, w, stride, padding).astype(np.float32)


# ---------------------------------------------------------------------------------------------------- conv_dx


def _stamp(g, w, stride, padding, size, add):
    """The loops of conv_dx; `add(dx, place, value)` puts what one tap sends back."""
    (n, oh, ow, _), (kh, kw, c, _) = g.shape, w.shape
    dx = np.zeros((n, size[0] + 2 * padding, size[1] + 2 * padding, c))
    for a, b in np.ndindex(kh, kw):
        place = np.s_[:, a : a + stride * oh : stride, b : b + stride * ow : stride]
        add(dx, place, g @ w[a, b].T)
    return dx[:, padding : padding + size[0], padding : padding + size[1]]


@wrong("conv_dx", "you assign with = where you need +=: a pixel gets something from every window it lies in")
def assigns(g, w, stride, padding, size):
    return _stamp(g, w, stride, padding, size, lambda dx, place, value: dx.__setitem__(place, value))


@wrong("conv_dx", "the upstream gradient is ignored: multiply by g")
def ignores_upstream(g, w, stride, padding, size):
    return ref.conv_dx(np.ones_like(g), w, stride, padding, size)


@wrong("conv_dx", "the kernel is turned by 180 degrees: that belongs to the form that reads g, not to adding to dx")
def turned_kernel(g, w, stride, padding, size):
    return ref.conv_dx(g, w[::-1, ::-1], stride, padding, size)


@wrong("conv_dx", "the sign is flipped")
def negative(g, w, stride, padding, size):
    return -ref.conv_dx(g, w, stride, padding, size)


@wrong("conv_dx", "it is zero everywhere: nothing is ever added to dx")
def zeros(g, w, stride, padding, size):
    return np.zeros((g.shape[0], *size, w.shape[2]))


@wrong("conv_dx", "the padding is not cut off: dx belongs to the image without it")
def padding_kept(g, w, stride, padding, size):
    return ref.conv_dx(g, w, stride, 0, (size[0] + 2 * padding, size[1] + 2 * padding))


@wrong("conv_dx", "the padding is cut off at the end, not on both sides: the image starts at row and column p")
def cut_behind(g, w, stride, padding, size):
    whole = ref.conv_dx(g, w, stride, 0, (size[0] + 2 * padding, size[1] + 2 * padding))
    return whole[:, : size[0], : size[1]].copy()


@wrong("conv_dx", "the stride is ignored: place i starts at pixel s i - p")
def stamps_side_by_side(g, w, stride, padding, size):
    dense = np.zeros((g.shape[0], size[0] + 2 * padding, size[1] + 2 * padding, w.shape[2]))
    for a, b in np.ndindex(*w.shape[:2]):
        dense[:, a : a + g.shape[1], b : b + g.shape[2]] += g @ w[a, b].T
    return dense[:, padding : padding + size[0], padding : padding + size[1]]


@wrong("conv_dx", "`size` is not used: (OH - 1) s + kh - 2p is only the smallest image that has OH places")
def smallest_image(g, w, stride, padding, size):
    smallest = [stride * (o - 1) + k - 2 * padding for o, k in zip(g.shape[1:3], w.shape[:2], strict=True)]
    return ref.conv_dx(g, w, stride, padding, tuple(smallest))


@wrong("conv_dx", "only filter 0 sends something back: sum over all filters f")
def first_filter(g, w, stride, padding, size):
    return ref.conv_dx(g[..., :1], w[..., :1], stride, padding, size)


@wrong("conv_dx", "it is divided by the number of images: g already holds what each one contributes")
def averaged(g, w, stride, padding, size):
    return ref.conv_dx(g, w, stride, padding, size) / g.shape[0]


@wrong("conv_dx", "changes its input g", compared=False)
def changes_upstream(g, w, stride, padding, size):
    dx = ref.conv_dx(g, w, stride, padding, size)
    g[...] = 0
    return dx


@wrong("conv_dx", "calls minigen", compared=False)
def transpose_of_the_library(g, w, stride, padding, size):
    return mg.conv2d_transpose(g, w, stride, padding, output_size=size)


@wrong("conv_dx", "calls the reference itself", compared=False)
def the_reference(g, w, stride, padding, size):
    return cheat.conv_dx(g, w, stride, padding, size)


@wrong("conv_dx", "numeric differentiation", compared=False)
def measured(g, w, stride, padding, size):
    return _differences(
        lambda x: (cheat.conv_forward(x, w, stride, padding) * g).sum(), np.ones((g.shape[0], *size, w.shape[2]))
    )


def _differences(f, x, h=1e-5):
    gradient = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        kept = x[index]
        x[index] = kept + h
        above = f(x)
        x[index] = kept - h
        below = f(x)
        x[index] = kept
        gradient[index] = (above - below) / (2 * h)
    return gradient


# ---------------------------------------------------------------------------------------------------- conv_dw


def _per_image(x, g, kernel, stride, padding):
    """The gradient of the kernel from each image alone: (N, kh, kw, C, F)."""
    return np.stack([ref.conv_dw(x[i : i + 1], g[i : i + 1], kernel, stride, padding) for i in range(len(x))])


@wrong("conv_dw", "you take the mean over the batch: every image adds its share, and g already holds any 1/N")
def mean_of_batch(x, g, kernel, stride, padding):
    return _per_image(x, g, kernel, stride, padding).mean(axis=0)


@wrong("conv_dw", "only the last image counts: the sum over the batch n is missing (= instead of +=?)")
def last_image(x, g, kernel, stride, padding):
    return _per_image(x, g, kernel, stride, padding)[-1]


@wrong("conv_dw", "the batch axis is left: sum over n too")
def batch_left(x, g, kernel, stride, padding):
    return _per_image(x, g, kernel, stride, padding)


@wrong("conv_dw", "channels and filters are exchanged: dw is (kh, kw, C, F)")
def exchanged(x, g, kernel, stride, padding):
    return ref.conv_dw(x, g, kernel, stride, padding).swapaxes(2, 3).copy()


@wrong("conv_dw", "it is turned by 180 degrees: dw[a, b] belongs to the tap w[a, b]")
def turned_gradient(x, g, kernel, stride, padding):
    return ref.conv_dw(x, g, kernel, stride, padding)[::-1, ::-1].copy()


@wrong("conv_dw", "the upstream gradient is ignored: multiply by g")
def without_upstream(x, g, kernel, stride, padding):
    return ref.conv_dw(x, np.ones_like(g), kernel, stride, padding)


@wrong("conv_dw", "the stride is ignored: place i starts at pixel s i - p")
def neighbours(x, g, kernel, stride, padding):
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    return ref.conv_dw(x[:, : g.shape[1] + kernel[0] - 1, : g.shape[2] + kernel[1] - 1], g, kernel, 1, 0)


@wrong("conv_dw", "the padding is ignored: place 0 starts at pixel -p")
def unpadded(x, g, kernel, stride, padding):
    room = ((0, 0), (0, 2 * padding), (0, 2 * padding), (0, 0))
    return ref.conv_dw(np.pad(x, room), g, kernel, stride, 0)


@wrong("conv_dw", "the sign is flipped")
def negative_kernel(x, g, kernel, stride, padding):
    return -ref.conv_dw(x, g, kernel, stride, padding)


@wrong("conv_dw", "it is zero everywhere: nothing is ever added to dw")
def zero_kernel(x, g, kernel, stride, padding):
    return np.zeros((*kernel, x.shape[3], g.shape[3]))


@wrong("conv_dw", "the precision of numeric differentiation", compared=False)
def measured_by_own_convolution(x, g, kernel, stride, padding):
    return _differences(
        lambda w: (ref.conv_forward(x, w, stride, padding) * g).sum(), np.ones((*kernel, x.shape[3], g.shape[3]))
    )


@wrong("conv_dw", "broadcast", compared=False)
def hard_coded(x, g, kernel, stride, padding):
    dw = np.zeros((3, 3, 1, 1))
    dw += ref.conv_dw(x, g, kernel, stride, padding)
    return dw


@wrong("conv_dw", "calls minigen", compared=False)
def weight_gradient_of_the_library(x, g, kernel, stride, padding):
    return mg.ops.conv.conv2d_weight_gradient(x, g, kernel, stride, padding)


@wrong("conv_dw", "numeric differentiation", compared=False)
def measured_kernel(x, g, kernel, stride, padding):
    return _differences(
        lambda w: (cheat.conv_forward(x, w, stride, padding) * g).sum(), np.ones((*kernel, x.shape[3], g.shape[3]))
    )


# ------------------------------------------------------------------------------------------------- one_kernel


def _stamped(first, second, step, place=lambda w, rows, columns, value: w.__setitem__((rows, columns), value)):
    """The loops of one_kernel with the second kernel's taps `step` pixels apart; assigns, unless `place` does more."""
    (kh, kw), (lh, lw) = first.shape[:2], second.shape[:2]
    w = np.zeros((kh + step * (lh - 1), kw + step * (lw - 1), first.shape[2], second.shape[3]))
    for a, b in np.ndindex(lh, lw):
        place(w, np.s_[step * a : step * a + kh], np.s_[step * b : step * b + kw], first @ second[a, b])
    return w


@wrong("one_kernel", "neighbours of the second convolution are `stride` pixels of x apart, not one")
def stride_ignored(first, second, stride):
    return ref.one_kernel(first, second, 1)


@wrong("one_kernel", "it is assigned, not added up: several pairs of taps look at the same pixel")
def assigned(first, second, stride):
    return _stamped(first, second, stride)


@wrong("one_kernel", "the second kernel is turned by 180 degrees: here both kernels are read in the same direction")
def second_turned(first, second, stride):
    return ref.one_kernel(first, second[::-1, ::-1], stride)


@wrong("one_kernel", "the first kernel is turned by 180 degrees: here both kernels are read in the same direction")
def first_turned(first, second, stride):
    return ref.one_kernel(first[::-1, ::-1], second, stride)


@wrong("one_kernel", "only channel 0 between the two is used: sum over all channels e")
def first_channel_between(first, second, stride):
    return ref.one_kernel(first[..., :1], second[:, :, :1], stride)


@wrong("one_kernel", "the mean over the channels between the two is taken: they are summed")
def mean_between(first, second, stride):
    return ref.one_kernel(first, second, stride) / first.shape[3]


@wrong("one_kernel", "it is larger than it has to be: the last rows and columns are 0 for all kernels")
def too_large(first, second, stride):
    w = ref.one_kernel(first, second, stride)
    (kh, kw), (lh, lw) = first.shape[:2], second.shape[:2]
    return np.pad(w, ((0, kh + stride * lh - len(w)), (0, kw + stride * lw - w.shape[1]), (0, 0), (0, 0)))


@wrong(
    "one_kernel", "the stride moves the first kernel's taps apart: it is the second's that are `stride` pixels apart"
)
def wrong_kernel_spread(first, second, stride):
    swapped = ref.one_kernel(second.swapaxes(2, 3), first.swapaxes(2, 3), stride)
    return swapped.swapaxes(2, 3)


@wrong("one_kernel", "calls minigen", compared=False)
def stamped_by_the_library(first, second, stride):
    size = [k + stride * (other - 1) for k, other in zip(first.shape[:2], second.shape[:2], strict=True)]
    w = mg.conv2d_transpose(second.transpose(3, 0, 1, 2), first, stride, 0, output_size=tuple(size))
    return w.transpose(1, 2, 3, 0)


# ------------------------------------------------------------------------------------------- enlarging_kernel


def _outer(v):
    return np.outer(v, v)[:, :, None, None]


@wrong("enlarging_kernel", "decibels gained over repeating each pixel: 0 (goal", compared=False)
def repeats(small, large):
    return np.ones((2, 2, 1, 1))


@wrong("enlarging_kernel", "decibels gained over repeating each pixel: 0.", compared=False)
def bilinear(small, large):
    return _outer(np.array([1, 3, 3, 1]) / 4)


@wrong("enlarging_kernel", "decibels gained over repeating each pixel: -", compared=False)
def brightness_lost(small, large):
    return _outer(np.array([1, 3, 3, 1]) / 8)


@wrong("enlarging_kernel", "expected (k, k, 1, 1) with k one of 2, 4, 6, 8", compared=False)
def odd_size(small, large):
    return _outer(np.array([0.5, 1, 0.5]))


@wrong("enlarging_kernel", "decibels gained over repeating each pixel: 1.", compared=False)
def fitted_but_too_small(small, large):
    units = np.eye(16).reshape(16, 4, 4, 1, 1)
    columns = [ref.conv_dx(small, unit, 2, 1, large.shape[1:3]).ravel() for unit in units]
    return np.linalg.lstsq(np.stack(columns, axis=1), large.ravel(), rcond=None)[0].reshape(4, 4, 1, 1)


@wrong("enlarging_kernel", "is NaN or infinite", compared=False)
def divided_by_zero(small, large):
    with np.errstate(all="ignore"):
        return np.ones((4, 4, 1, 1)) / np.zeros((4, 4, 1, 1))


@wrong("enlarging_kernel", "calls minigen", compared=False)
def enlarged_by_the_library(small, large):
    mg.conv2d_transpose(small, np.ones((2, 2, 1, 1)), 2)
    return np.ones((2, 2, 1, 1))
