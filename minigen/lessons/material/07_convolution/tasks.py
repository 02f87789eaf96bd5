"""The exercises of lesson 7: on which inputs they are checked, and hints."""

from typing import NamedTuple

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth


class Setting(NamedTuple):
    """A convolution. What is None is drawn: sizes are then all different, so that none passes for another."""

    stride: int
    padding: int
    rest: tuple[int, int] | None = None  # pixels left over at the end of each axis
    kernel: tuple[int, int] | None = None
    output: tuple[int, int] | None = None
    channels: tuple[int, int, int] | None = None  # N, C, F
    copies: bool = False  # whether the last image, and what comes back from it, is the first one again

    def sizes(self, rng):
        """(H, W) of the image, (kh, kw) and (OH, OW)."""
        h = w = 0
        while min(h, w) < 1 or (self.kernel is None and h == w):
            kh, kw = self.kernel or rng.choice([2, 3, 4], 2, replace=False)
            oh, ow = self.output or rng.choice([3, 4, 5], 2, replace=False)
            left = self.rest or rng.integers(self.stride, size=2)
            h, w = (
                (o - 1) * self.stride + k + r - 2 * self.padding for o, k, r in ((oh, kh, left[0]), (ow, kw, left[1]))
            )
        return (int(h), int(w)), (int(kh), int(kw)), (int(oh), int(ow))

    def arrays(self, rng):
        """x, w and g that belong together, and the sizes of the image and of the kernel."""
        image, kernel, output = self.sizes(rng)
        n, c, f = self.channels or (int(v) for v in rng.choice([2, 3, 4, 5], 3, replace=False))
        x = rng.standard_normal((n, *image, c))
        w = rng.standard_normal((*kernel, c, f))
        g = rng.standard_normal((n, *output, f))
        x, w, g = with_a_zero(rng, x), with_a_zero(rng, w), with_a_zero(rng, g)
        if self.copies:
            x[-1], g[-1] = x[0], g[0]
        return x, w, g, image, kernel


def with_a_zero(rng, values):
    """The array with a zero somewhere, if it has more than one entry."""
    if values.size > 1:
        values.reshape(-1)[rng.integers(values.size)] = 0
    return values


SETTINGS = {
    "stride 2, padding 1": Setting(2, 1),
    "stride 1, no padding": Setting(1, 0),
    "stride 1, padding 2": Setting(1, 2),
    "stride 2, no padding": Setting(2, 0),
    "stride 2, a column left over": Setting(2, 0, rest=(0, 1)),
    "stride 3, two rows left over": Setting(3, 1, rest=(2, 0)),
    "a stride longer than the kernel": Setting(4, 0, rest=(1, 3), kernel=(2, 3), output=(3, 2)),
    "more padding than kernel": Setting(2, 3, rest=(1, 0), kernel=(2, 2), output=(6, 5)),
    "stride and padding 101": Setting(101, 101, rest=(5, 0), kernel=(2, 3), output=(3, 4), channels=(2, 1, 3)),
    "all sizes equal": Setting(1, 1, kernel=(3, 3), output=(3, 3), channels=(3, 3, 3)),
    "one of everything": Setting(1, 0, kernel=(1, 1), output=(1, 1), channels=(1, 1, 1)),
    "stride 2, padding 1, again": Setting(2, 1),
    "a large kernel": Setting(1, 3, kernel=(9, 7), output=(4, 3), channels=(1, 2, 1)),
    "a kernel of one column": Setting(2, 1, kernel=(11, 1), output=(3, 2), channels=(2, 1, 3)),
    "a kernel of one row": Setting(1, 0, kernel=(1, 10), output=(2, 3), channels=(2, 3, 1)),
    "many images": Setting(1, 0, kernel=(2, 3), output=(2, 1), channels=(9, 1, 2)),
    "many channels": Setting(1, 0, kernel=(2, 1), output=(1, 2), channels=(1, 11, 13)),
    "an image that comes twice": Setting(1, 1, kernel=(3, 2), output=(3, 4), channels=(3, 2, 1), copies=True),
}


def forward(setting):
    """Inputs of conv_forward."""

    def draw(rng):
        x, w, *_ = setting.arrays(rng)
        return {"x": x, "w": w, "stride": setting.stride, "padding": setting.padding}

    return draw


def to_image(setting):
    """Inputs of conv_dx."""

    def draw(rng):
        _, w, g, image, _ = setting.arrays(rng)
        return {"g": g, "w": w, "stride": setting.stride, "padding": setting.padding, "size": image}

    return draw


def to_kernel(setting):
    """Inputs of conv_dw."""

    def draw(rng):
        x, _, g, _, kernel = setting.arrays(rng)
        return {"x": x, "g": g, "kernel": kernel, "stride": setting.stride, "padding": setting.padding}

    return draw


def cases(draw):
    """One case for each of SETTINGS."""
    return {name: draw(setting) for name, setting in SETTINGS.items()}


def counting(stride, rest, padding=0, places=None, least=1):
    """Inputs of output_size: `rest` pixels are left over at the end, or missing; the kernel has at least `least`."""

    def draw(rng):
        number = int(rng.integers(3, 12)) if places is None else places
        n = 0
        while n < 1:
            k = int(rng.integers(least, least + 7)) + (2 * padding if number <= 1 else 0)
            n = max(number - 1, 0) * stride + k + rest - 2 * padding
        return {"n": n, "k": k, "stride": stride, "padding": padding}

    return draw


COUNTS = {
    "stride 1": counting(1, 0),
    "stride 1, padding": counting(1, 0, padding=2),
    "stride 2, nothing left over": counting(2, 0),
    "stride 2, one pixel left over": counting(2, 1, padding=1),
    "stride 3, nothing left over": counting(3, 0, padding=1),
    "stride 3, one pixel left over": counting(3, 1),
    "stride 3, two pixels left over": counting(3, 2),
    "stride 5, three pixels left over": counting(5, 3, padding=2),
    "a large image, and all else large": counting(150, 120, padding=251, least=401),
    "one place": counting(2, 0, places=1),
    "one place, and nearly a second": counting(4, 3, padding=1, places=1),
    "the kernel is one pixel too long": counting(2, -1, places=0),
    "the kernel is one pixel too long, in spite of padding": counting(3, -1, padding=1, places=0),
    "the kernel is much too long": counting(1, -4, places=0),
    "a million places": counting(7, 3, padding=1000, places=1_000_003),
}


def in_a_row(stride, first=None, second=None, channels=None):
    """Inputs of one_kernel; sizes that are not given are drawn, and differ."""

    def draw(rng):
        kernel = first or tuple(int(v) for v in rng.choice([2, 3, 4], 2, replace=False))
        other = second or tuple(int(v) for v in rng.choice([2, 3, 4], 2, replace=False))
        c, e, f = channels or (int(v) for v in rng.choice([2, 3, 4, 5], 3, replace=False))
        return {
            "first": with_a_zero(rng, rng.standard_normal((*kernel, c, e))),
            "second": with_a_zero(rng, rng.standard_normal((*other, e, f))),
            "stride": stride,
        }

    return draw


def lines(rng, count, size=16):
    """Grey images (N, size, size, 1) of two lines each, two to three pixels wide."""
    v, u = np.mgrid[:size, :size] - (size - 1) / 2
    angle = rng.uniform(0, np.pi, (2, count, 1, 1))
    offset = rng.uniform(-size / 3, size / 3, (2, count, 1, 1))
    distance = np.abs(np.cos(angle) * u + np.sin(angle) * v - offset)
    return np.clip(2 - distance, 0, 1).max(axis=0)[..., None]


def shrunk(large):
    """The means of 2 x 2 pixels."""
    n, h, w, c = large.shape
    return large.reshape(n, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))


def pairs(count, size):
    """Inputs of enlarging_kernel: so many images of this size."""

    def draw(rng):
        large, new = lines(rng, count, size), lines(rng, 100, size)
        return WithTruth({"small": shrunk(large), "large": large}, new=new)

    return draw


def enlarged(small, w):
    """What conv_dx makes of small images with this kernel, at twice the size."""
    k, (n, h, width, _) = w.shape[0], small.shape
    out = np.zeros((n, 2 * h + k - 2, 2 * width + k - 2, 1))
    for a in range(k):
        for b in range(k):
            out[:, a : a + 2 * h : 2, b : b + 2 * width : 2] += small * w[a, b, 0, 0]
    edge = k // 2 - 1
    return out[:, edge : edge + 2 * h, edge : edge + 2 * width]


def decibels_gained(inputs, answer):
    """The error of the enlarged images beside that of repeating each pixel, on images not seen before."""
    w = np.asarray(answer)
    if w.ndim != 4 or w.shape[0] != w.shape[1] or w.shape[2:] != (1, 1) or w.shape[0] not in (2, 4, 6, 8):
        raise ArgumentError(f"returns shape {w.shape}: expected (k, k, 1, 1) with k one of 2, 4, 6, 8")
    if w.dtype.kind not in "fiu" or not np.isfinite(w).all():
        raise ArgumentError("returns weights that are not all finite numbers")
    large = inputs.truth["new"]
    small = shrunk(large)
    errors = [((enlarged(small, kernel) - large) ** 2).mean() for kernel in (np.ones((2, 2, 1, 1)), w)]
    return Measure(float(10 * np.log10(errors[0] / errors[1])), 2.0, "decibels gained over repeating each pixel")


def loss_of_image(reference, inputs):
    """L(x) = <conv(x, w), g>, whose gradient is conv_dx; convolution is linear, so it is the same at every x."""
    g, w, stride, padding, size = inputs.values()
    x = np.ones((g.shape[0], *size, w.shape[2]))
    return [(lambda x: float((reference["conv_forward"](x, w, stride, padding) * g).sum()), x)]


def loss_of_kernel(reference, inputs):
    """L(w) = <conv(x, w), g>, whose gradient is conv_dw."""
    x, g, kernel, stride, padding = inputs.values()
    w = np.ones((*kernel, x.shape[3], g.shape[3]))
    return [(lambda w: float((reference["conv_forward"](x, w, stride, padding) * g).sum()), w)]


EXERCISES = [
    Exercise(
        key="07.1",
        function="output_size",
        section="The arithmetic of sizes",
        cases=COUNTS,
        hints=(
            "Draw an axis of 7 pixels and a kernel of 3. With stride 1, at which pixels can the kernel start? "
            "And with stride 2?",
            "The padded axis has n + 2 padding pixels. The last place may start at (n + 2 padding - k); the places "
            "start at 0, s, 2s, ... How many of these are not larger than that?",
            "The numbers 0, s, 2s, ... up to m are m // s + 1. The division is by //, which rounds down: what is left "
            "over at the end is not seen.",
        ),
    ),
    Exercise(
        key="07.2",
        function="conv_forward",
        section="Convolution",
        cases=cases(forward),
        hints=(
            "Pad x first, with np.pad: then no index is ever outside. Make y with np.zeros, of the right shape.",
            "Two loops, over a and b, suffice. For one tap (a, b), all the pixels that it sees in all places are one "
            "slice of the padded x, with a step of `stride` in both directions.",
            "xs = x[:, a : a + stride * oh : stride, b : b + stride * ow : stride] is (N, OH, OW, C); w[a, b] is "
            "(C, F). Their matrix product xs @ w[a, b] sums over c. Add it to y.",
        ),
    ),
    Exercise(
        key="07.3",
        function="conv_dx",
        section="The gradient with respect to the image",
        cases=cases(to_image),
        measured=loss_of_image,
        hints=(
            "Write the loops of the convolution, and exchange the roles of x and y: where the convolution reads x and "
            "adds to y, read g and add to dx.",
            "Make dx with the padding: (N, H + 2p, W + 2p, C). Add to it with += for every tap (a, b); at the end cut "
            "the padding off. Windows overlap, so a pixel gets something from several of them.",
            "For one tap: dx[:, a : a + stride * oh : stride, b : b + stride * ow : stride] += g @ w[a, b].T, as "
            "(N, OH, OW, F) @ (F, C). Then return dx[:, p : p + H, p : p + W].",
        ),
    ),
    Exercise(
        key="07.4",
        function="conv_dw",
        section="The gradient with respect to the kernel",
        cases=cases(to_kernel),
        measured=loss_of_kernel,
        hints=(
            "Ask for a single weight w[a, b, c, f]: which pixels was it multiplied with, and which outputs did the "
            "products go into?",
            "For one tap (a, b), the pixels it saw are the slice xs (N, OH, OW, C) of the padded x, as in "
            "conv_forward. dw[a, b] is (C, F): sum xs[..., c] * g[..., f] over n, i and j.",
            "dw[a, b] = np.tensordot(xs, g, axes=((0, 1, 2), (0, 1, 2))); or reshape both to (N OH OW, C) and "
            "(N OH OW, F) and multiply matrices: xs.T @ g.",
        ),
    ),
    Exercise(
        key="07.5",
        function="one_kernel",
        section="Two convolutions in a row",
        level=2,
        cases={
            "stride 1": in_a_row(1),
            "stride 2": in_a_row(2),
            "stride 3, again other sizes": in_a_row(3),
            "the first kernel 1 x 1": in_a_row(2, first=(1, 1)),
            "the second kernel 1 x 1": in_a_row(2, second=(1, 1)),
            "a stride longer than the first kernel": in_a_row(3, first=(2, 2)),
            "stride 101": in_a_row(101, (2, 3), (2, 2), (1, 2, 3)),
            "all sizes equal": in_a_row(1, (2, 2), (2, 2), (2, 2, 2)),
            "one of everything": in_a_row(1, (1, 1), (1, 1), (1, 1, 1)),
            "large kernels": in_a_row(2, (5, 8), (7, 6), (1, 2, 1)),
            "many channels": in_a_row(1, (1, 2), (2, 1), (9, 13, 11)),
            "a column and a row": in_a_row(3, (9, 1), (1, 9), (2, 1, 3)),
        },
        hints=(
            "Write the convolution's formula for the second kernel, and put the formula for the first in place of "
            "its x (with other letters for the taps). Which pixel of x does each product look at?",
            "The tap (a', b') of the second kernel and (a, b) of the first look at pixel s i + s a' + a. So their "
            "product belongs to the tap s a' + a of w: what is the largest such number? Several pairs meet in one tap.",
            "For each tap of the second kernel, stamp the first kernel onto w: w[s a' : s a' + kh, s b' : s b' + kw] "
            "+= first @ second[a', b'], with w of zeros, (kh + s (lh - 1), kw + s (lw - 1), C, F).",
        ),
    ),
    Exercise(
        key="07.6",
        function="enlarging_kernel",
        section="Checkerboards",
        level=3,
        cases={"lines": pairs(60, 16), "other lines": pairs(60, 16), "larger images": pairs(40, 22)},
        measure=decibels_gained,
        hints=(
            "How many pixels of the small image does a pixel of the large one depend on, for k = 2, 4 and 6? With "
            "k = 4, try [1, 3, 3, 1] / 4 along each axis: why is it not enough, though it looks smooth?",
            "The means of 2 x 2 pixels have blurred the image, so a good kernel sharpens: its outer weights are "
            "negative. You can look for a formula (cubic interpolation), or let the examples decide.",
            "The enlarged image is linear in the k^2 weights. Enlarge the examples with each kernel that has a single "
            "1: these are the columns of a matrix. np.linalg.lstsq finds the weights with the smallest squared error.",
        ),
    ),
]
