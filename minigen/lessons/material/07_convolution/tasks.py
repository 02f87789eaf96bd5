"""The exercises of lesson 7: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


def sizes(rng, stride, padding):
    """Two axes on which a kernel of that stride fits, of different lengths and not always without a rest."""
    h = w = 0
    while min(h, w) < 2 or h == w:
        kh, kw = rng.choice([2, 3, 4], 2, replace=False)
        oh, ow = rng.choice([3, 4, 5], 2, replace=False)
        rest = rng.integers(stride, size=2)
        h, w = ((o - 1) * stride + k + r - 2 * padding for o, k, r in ((oh, kh, rest[0]), (ow, kw, rest[1])))
    return (int(h), int(w)), (int(kh), int(kw)), (int(oh), int(ow))


def counting(stride, padding):
    """Inputs of output_size; the rest of the division is not 0, so that rounding up and down differ."""

    def draw(rng):
        k, places = int(rng.integers(2, 6)), int(rng.integers(4, 12))
        rest = int(rng.integers(1, stride)) if stride > 1 else 0
        n = (places - 1) * stride + k + rest - 2 * padding
        return {"n": n, "k": k, "stride": stride, "padding": padding}

    return draw


def arrays(rng, stride, padding):
    """x, w and g that belong together, with N, C and F all different."""
    image, kernel, output = sizes(rng, stride, padding)
    n, c, f = (int(v) for v in rng.choice([2, 3, 4, 5], 3, replace=False))
    x = rng.standard_normal((n, *image, c))
    w = rng.standard_normal((*kernel, c, f))
    g = rng.standard_normal((n, *output, f))
    return x, w, g, image, kernel


def forward(stride, padding):
    """Inputs of conv_forward."""

    def draw(rng):
        x, w, *_ = arrays(rng, stride, padding)
        return {"x": x, "w": w, "stride": stride, "padding": padding}

    return draw


def to_image(stride, padding):
    """Inputs of conv_dx."""

    def draw(rng):
        _, w, g, image, _ = arrays(rng, stride, padding)
        return {"g": g, "w": w, "stride": stride, "padding": padding, "size": image}

    return draw


def to_kernel(stride, padding):
    """Inputs of conv_dw."""

    def draw(rng):
        x, _, g, _, kernel = arrays(rng, stride, padding)
        return {"x": x, "g": g, "kernel": kernel, "stride": stride, "padding": padding}

    return draw


SETTINGS = {
    "stride 2, padding 1": (2, 1),
    "stride 1, no padding": (1, 0),
    "stride 1, padding 2": (1, 2),
    "stride 2, no padding": (2, 0),
    "stride 3, padding 1": (3, 1),
    "stride 2, padding 1, again": (2, 1),
}


def cases(draw):
    """One case for each of SETTINGS."""
    return {name: draw(*setting) for name, setting in SETTINGS.items()}


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
        cases=cases(counting),
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
]
