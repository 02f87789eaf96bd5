"""The exercises of lesson 12: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure


def labelled(rng):
    """Images with N, H, W, C and K all different, and labels that leave out the last class."""
    n, h, w, c, k = (int(size) for size in rng.choice([2, 3, 4, 5, 6, 7], 5, replace=False))
    labels = rng.integers(k - 1, size=n)
    labels[0] = k - 2
    return {"x": rng.standard_normal((n, h, w, c)), "labels": labels, "classes": k}


def many_classes(k):
    """Images with zeros, and that many classes."""

    def draw(rng):
        x = rng.standard_normal((3, 2, 4, 2))
        x[0] = 0
        labels = rng.integers(k, size=3)
        labels[0] = k - 1
        return {"x": x, "labels": labels, "classes": k}

    return draw


def many_readings(rng):
    """Fourteen categories, the last of which occurs, and logits among which zeros stand."""
    logits, codes = rng.standard_normal((5, 14)), rng.integers(14, size=5)
    logits[:, ::3], codes[0] = 0, 13
    return {"logits": logits, "codes": codes}


def in_float32(rng):
    """The same in float32."""
    inputs = labelled(rng)
    return inputs | {"x": inputs["x"].astype(np.float32)}


def one_pixel(rng):
    """One image with one pixel, and one class."""
    return {"x": rng.standard_normal((1, 1, 1, 1)), "labels": np.zeros(1, int), "classes": 1}


def readings(size, sizes=None):
    """Logits of that size, and codes of which at least one is not the likeliest. sizes: N, K; by default different."""

    def draw(rng):
        n, k = sizes or (int(m) for m in rng.choice([3, 4, 5, 6, 7], 2, replace=False))
        logits = size * rng.standard_normal((n, k))
        codes = rng.integers(k, size=n)
        codes[0] = logits[0].argmin()
        return {"logits": logits, "codes": codes}

    return draw


def repeated_readings(rng):
    """Logits and codes of which one row comes four times, and another one twice."""
    logits, codes = rng.standard_normal((3, 5)), rng.integers(5, size=3)
    rows = rng.permutation([0, 0, 0, 0, 1, 1, 2])
    return {"logits": logits[rows], "codes": codes[rows]}


def bound(reference, inputs):
    """information_bound as a function of the logits."""
    logits, codes = inputs.values()
    return [(lambda logits: reference["information_bound"](logits, codes), logits)]


def styled(eps, sizes=None, far=0.0):
    """Images whose channels have a mean and a deviation of their own, and a style for each image.

    Args:
        sizes: N, H, W, C; by default all different. far: how far from 0 the means are, at least.
    """

    def draw(rng):
        n, h, w, c = sizes or (int(size) for size in rng.choice([2, 3, 4, 5, 6], 4, replace=False))
        own = far + rng.uniform(-2, 2, (n, 1, 1, c)), rng.uniform(0.5, 2, (n, 1, 1, c))
        x = own[0] + own[1] * rng.standard_normal((n, h, w, c))
        return {"x": x, "scale": rng.standard_normal((n, c)), "shift": rng.standard_normal((n, c)), "eps": eps}

    return draw


def read_off(error, bias=0.0):
    """Continuous codes, and means that miss them by about `error`, and on the whole by `bias`."""

    def draw(rng):
        codes = rng.uniform(-1, 1, int(rng.integers(4, 12)))
        return {"codes": codes, "means": codes + bias + error * rng.standard_normal(len(codes))}

    return draw


def repeated_codes(rng):
    """Codes of which one comes four times, with the same mean, and another one twice."""
    codes, means = rng.uniform(-1, 1, 3), rng.uniform(-1, 1, 3)
    which = rng.permutation([0, 0, 0, 0, 1, 1, 2])
    return {"codes": codes[which], "means": means[which]}


def one_code(rng):
    """A single code."""
    return {"codes": rng.uniform(-1, 1, 1), "means": rng.uniform(1.5, 2, 1)}


def drawings(d, pixels):
    """A decoder of codes of length d, and the pixels that a user drew of one of its images."""

    def draw(rng):
        w1, b1 = rng.standard_normal((d, 16)), 0.5 * rng.standard_normal(16)
        w2, b2 = rng.standard_normal((16, 64)) / 4, 0.3 * rng.standard_normal(64)
        z = rng.standard_normal(d)
        z *= rng.uniform(1, 2) / np.sqrt(z @ z)
        drawn = np.zeros(64, bool)
        drawn[rng.choice(64, pixels, replace=False)] = True
        wanted = np.where(drawn, np.tanh(z @ w1 + b1) @ w2 + b2, 0)
        return {"w1": w1, "b1": b1, "w2": w2, "b2": b2, "wanted": wanted, "drawn": drawn}

    return draw


def misses(inputs, answer):
    """By how much the image of z misses what was drawn."""
    w1, b1, w2, b2, wanted, drawn = inputs.values()
    try:
        z = np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        raise ArgumentError("expected z, an array of numbers") from None
    if z.shape != (len(w1),) or not np.isfinite(z).all():
        raise ArgumentError(f"expected z with {len(w1)} finite numbers, got an array of shape {z.shape}")
    if np.sqrt(z @ z) > 4:
        raise ArgumentError(f"z is {np.sqrt(z @ z):.2f} long; 4 is the longest that is allowed")
    error, at_zero = (
        (((np.tanh(code @ w1 + b1) @ w2 + b2 - wanted)[drawn]) ** 2).sum() for code in (z, np.zeros(len(w1)))
    )
    return Measure(float(error / at_zero), 0.01, "error, as a share of that of z = 0", better="lower")


def with_zeros(rng):
    """A channel that is the same everywhere, zeros, and a style that changes nothing."""
    x, scale, shift = rng.standard_normal((2, 3, 4, 3)), rng.standard_normal((2, 3)), rng.standard_normal((2, 3))
    x[0, :, :, 0], x[:, 0, 0, 1], scale[1], shift[1] = 2.0, 0, 0, 0
    return {"x": x, "scale": scale, "shift": shift, "eps": 1e-8}


def zeros_and_far_off(rng):
    """Codes and means that are 0, and means that are far away."""
    codes, means = rng.uniform(-1, 1, 6), rng.uniform(-1, 1, 6)
    codes[0], means[1], means[2] = 0, 0, 300
    return {"codes": codes, "means": means}


EXERCISES = [
    Exercise(
        key="12.1",
        function="with_class_planes",
        section="Told the class",
        cases={
            "some sizes": labelled,
            "other sizes": labelled,
            "one class": many_classes(1),
            "12 classes": many_classes(12),
            "120 classes": many_classes(120),
            "in float32": in_float32,
            "one of each": one_pixel,
        },
        hints=(
            "First make the one-hot vectors, (N, K). What does `labels[:, None] == np.arange(classes)` give?",
            "Give them two axes more, one_hot[:, None, None, :], (N, 1, 1, K), and repeat them for every pixel with "
            "np.broadcast_to. Then put both behind each other along the last axis.",
            "np.concatenate([x, np.broadcast_to(one_hot[:, None, None, :], (*x.shape[:3], classes))], axis=3), with "
            "one_hot of x's type: .astype(x.dtype).",
        ),
    ),
    Exercise(
        key="12.2",
        function="information_bound",
        section="A bound on mutual information",
        cases={
            "logits of size 1": readings(1.0),
            "of size 3": readings(3.0),
            "of size 1000": readings(1000.0),
            "zeros": many_readings,
            "repeated rows": repeated_readings,
            "one fake": readings(1.0, (1, 4)),
            "one category": readings(1.0, (4, 1)),
        },
        hints=(
            "If Q guesses, with all logits equal, log Q is -log K and the bound is 0. If Q is certain and right it is "
            "log K. Check these two first.",
            "log Q(k) = logits[k] - log sum_j e^logits[j]. Subtract the row's largest logit from all of the row before "
            "exp; for each row pick the entry of its code.",
            "s = logits - logits.max(axis=1, keepdims=True); log_q = s - np.log(np.exp(s).sum(axis=1, keepdims=True)); "
            "then np.log(k) + log_q[np.arange(n), codes].mean(), as a float.",
        ),
    ),
    Exercise(
        key="12.3",
        function="information_gradient",
        section="A bound on mutual information",
        measured=bound,
        cases={
            "logits of size 1": readings(1.0),
            "of size 30": readings(30.0),
            "of size 1000": readings(1000.0),
            "zeros": many_readings,
            "repeated rows": repeated_readings,
            "one fake": readings(1.0, (1, 4)),
            "one category": readings(1.0, (4, 1)),
        },
        hints=(
            "For one row, log Q(c) = logits[c] - log sum_j e^logits[j]. Differentiate both terms with respect to "
            "logits[k].",
            "The first gives 1 for k = c and 0 otherwise: a one-hot vector. The second gives -e^logits[k] / sum, which "
            "is -Q(k). The mean over rows gives 1/N.",
            "With q the softmax over axis 1: return ((codes[:, None] == np.arange(k)) - q) / n.",
        ),
    ),
    Exercise(
        key="12.4",
        function="adain",
        section="Style",
        cases={
            "eps 1e-5": styled(1e-5),
            "eps 0.1": styled(0.1),
            "eps 1e-3": styled(1e-3),
            "zeros": with_zeros,
            "means far from 0": styled(1e-5, far=500.0),
            "one image": styled(1e-5, (1, 3, 4, 2)),
            "one channel": styled(1e-5, (3, 2, 4, 1)),
            "one row": styled(1e-5, (2, 1, 5, 3)),
            "one column": styled(1e-5, (2, 5, 1, 3)),
            "one pixel": styled(1e-5, (2, 1, 1, 3)),
        },
        hints=(
            "Batch norm takes the mean over axes 0, 1 and 2: one for each channel. Here each image has its own: over "
            "which axes?",
            "Over (1, 2), with keepdims=True, so that m is (N, 1, 1, C) and x - m broadcasts. scale and shift are "
            "(N, C): give them the same two axes.",
            "(1 + scale[:, None, None]) * (x - m) / np.sqrt(var + eps) + shift[:, None, None], with "
            "var = x.var(axis=(1, 2), keepdims=True).",
        ),
    ),
    Exercise(
        key="12.5",
        function="continuous_bound",
        section="A bound on mutual information",
        level=2,
        cases={
            "means that are near": read_off(0.1),
            "too high on the whole": read_off(0.2, 0.5),
            "far off": read_off(3.0),
            "nearly exact": read_off(1e-6),
            "exact but for rounding": read_off(1e-13),
            "repeated codes": repeated_codes,
            "zeros, and far off": zeros_and_far_off,
            "one code": one_code,
        },
        hints=(
            "Write log Q out: the logarithm of the normal density with mean m and standard deviation s. Which s makes "
            "its average largest? And what is the density of a code that is uniform between -1 and 1?",
            "The average is -log s - log(2 pi)/2 - E/(2 s^2), where E is the mean of (c - m)^2. Set its derivative "
            "with respect to s to zero.",
            "The best s^2 is E itself, so the last term is -1/2. The density is 1/2, and H(c) is minus its logarithm.",
        ),
    ),
    Exercise(
        key="12.6",
        function="find_code",
        section="Style",
        level=3,
        measure=misses,
        cases={
            "two numbers, 24 pixels": drawings(2, 24),
            "three numbers, 24 pixels": drawings(3, 24),
            "three numbers, 40 pixels": drawings(3, 40),
        },
        hints=(
            "Write the error as a function of z first, and try some hundred random z. How far does the best go?",
            "From a good start go down the error's gradient. By the chain rule it is 2 (image - wanted) on the drawn "
            "pixels, back through w2, through the slope 1 - tanh^2, and through w1.",
            "The error can have several valleys, so descend from several starts and keep the best end. Small steps, or "
            "steps that are halved until the error falls, do not run away.",
        ),
    ),
]
