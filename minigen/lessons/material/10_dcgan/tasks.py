"""The exercises of lesson 10: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure


def batch(rng, image, constant=False, shape=None):
    """x with channels of different means and deviations; with `constant` all values of channel 0 are one."""
    n, h, w, c = shape or (int(v) for v in rng.choice([2, 3, 4, 5, 6], 4, replace=False))
    x = rng.standard_normal((n, h, w, c) if image else (n + 3, c))
    x = x * rng.uniform(0.5, 2.0, c) + rng.uniform(1.0, 3.0, c) * rng.choice([-1, 1], c)
    if constant:
        x[..., 0] = 0.75
    return x


def channels(rng, c):
    """Numbers for each channel, away from 0 and 1."""
    return rng.uniform(1.2, 3.0, c) * rng.choice([-1, 1], c)


def forward(image, eps, constant=False, shape=None):
    """Inputs of batch_norm."""

    def draw(rng):
        x = batch(rng, image, constant, shape)
        return {"x": x, "gamma": channels(rng, x.shape[-1]), "beta": channels(rng, x.shape[-1]), "eps": eps}

    return draw


def far(draw):
    """The inputs with means of about a thousand."""

    def drawn(rng):
        inputs = draw(rng)
        return inputs | {"x": inputs["x"] + 1e3 * rng.choice([-1, 1], inputs["x"].shape[-1])}

    return drawn


def one_value(eps):
    """Inputs of batch_norm: a batch of one."""

    def draw(rng):
        c = int(rng.integers(2, 6))
        return {"x": rng.standard_normal((1, c)), "gamma": channels(rng, c), "beta": channels(rng, c), "eps": eps}

    return draw


def small(draw):
    """The inputs with a variance of about 1e-8."""

    def drawn(rng):
        inputs = draw(rng)
        return inputs | {"x": 1e-4 * rng.standard_normal(inputs["x"].shape)}

    return drawn


def zeros(draw, *names):
    """The inputs with zeros in some places of these arrays, as a ReLU makes them."""

    def drawn(rng):
        inputs = draw(rng)
        for name in names:
            flat = inputs[name].reshape(-1)
            flat[:: max(2, len(flat) // 5)] = 0.0
        return inputs

    return drawn


def of_a_constant(eps):
    """Inputs of batch_norm_backward with a channel that is constant, and one that gets no gradient."""

    def draw(rng):
        inputs = backward(False, eps)(rng)
        inputs["x"][:, 0] = 0.75
        inputs["g"][:, 1] = 0.0
        return inputs

    return draw


def backward(image, eps, shape=None):
    """Inputs of batch_norm_backward."""

    def draw(rng):
        x = batch(rng, image, shape=shape)
        return {"g": rng.standard_normal(x.shape) + 0.5, "x": x, "gamma": channels(rng, x.shape[-1]), "eps": eps}

    return draw


def running(image, momentum, shape=None):
    """Inputs of update_running."""

    def draw(rng):
        x = batch(rng, image, shape=shape)
        c = x.shape[-1]
        return {"mean": channels(rng, c), "var": rng.uniform(0.5, 3.0, c), "x": x, "momentum": momentum}

    return draw


def layers(eps, shape=None, variances=None):
    """Inputs of fold; the variances lie between 10 to the powers of `variances`."""

    def draw(rng):
        kh, kw, c, f = shape or (int(v) for v in rng.choice([2, 3, 4, 5, 6], 4, replace=False))
        numbers = {name: channels(rng, f) for name in ("gamma", "beta", "mean")}
        var = 10 ** rng.uniform(*variances, f) if variances else rng.uniform(0.2, 3.0, f)
        return {"w": rng.standard_normal((kh, kw, c, f)), **numbers, "var": var, "eps": eps}

    return draw


def two_batches(n1, n2, mean=0.0, constant=False, channels=None):
    """Inputs of mixed_statistics; with `constant` channel 0 has no variance, and channel 1 twice the same mean."""

    def draw(rng):
        c = channels or int(rng.integers(3, 7))
        m1, m2 = (mean + rng.standard_normal(c) for _ in range(2))
        v1, v2 = (np.where(n > 1, rng.uniform(0.1, 2.0, c), 0.0) for n in (n1, n2))
        if constant:
            v1[0] = v2[0] = 0.0
            m2[1] = m1[1]
        return {"n1": n1, "m1": m1, "v1": v1, "n2": n2, "m2": m2, "v2": v2}

    return draw


def companies(counts, spread=1.0):
    """Inputs of `alone`: batches whose images are drawn from the same few, one of which stands in all."""

    def draw(rng):
        h, w, c = (int(v) for v in rng.choice([4, 5, 6, 7], 3, replace=False))
        images = rng.standard_normal((8, h, w, c)) * rng.uniform(0.5, 2.0, (8, 1, 1, c))
        images += spread * rng.standard_normal((8, 1, 1, c))
        rows = [np.append(0, rng.choice(np.arange(1, 8), n - 1, replace=False)) for n in counts]
        return {"batches": [images[rng.permutation(row)] for row in rows]}

    return draw


def largest_fault(inputs, answer):
    """The measure of `alone`."""
    batches = inputs["batches"]
    if not isinstance(answer, (list, tuple)) or len(answer) != len(batches):
        raise ArgumentError(f"alone: expected a list of {len(batches)} arrays, one for each batch")
    answer = [np.asarray(y, np.float64) for y in answer]
    for x, y in zip(batches, answer, strict=True):
        if x.shape != y.shape:
            raise ArgumentError(f"alone: expected a batch of shape {x.shape} as it went in, got {y.shape}")
    seen, faults = {}, []
    for x, y in zip(batches, answer, strict=True):
        faults += [np.abs(y.mean(axis=(1, 2, 3))).max(), np.abs(y.std(axis=(1, 2, 3)) - 1).max()]
        for before, after in zip(x, y, strict=True):
            faults.append(np.abs(after - seen.setdefault(before.tobytes(), after)).max())
            a, b = before - before.mean(axis=(0, 1)), after - after.mean(axis=(0, 1))
            sizes = np.sqrt((a * a).sum(axis=(0, 1)) * (b * b).sum(axis=(0, 1)))
            faults.append(1 - ((a * b).sum(axis=(0, 1)) / np.maximum(sizes, 1e-300)).min())
    return Measure(float(np.max(faults)), 0.02, "largest fault", better="lower")


def of_batch_norm(reference, inputs):
    """<g, batch_norm(x, gamma, beta)> as a function of x, of gamma and of beta.

    A batch norm takes the mean off, so it is measured near 0, where differences are exact.
    """
    g, x, gamma, eps = inputs.values()
    x = x - x.mean(axis=tuple(range(x.ndim - 1)))
    beta = np.zeros_like(gamma)

    def loss(x, gamma, beta):
        return float((g * reference["batch_norm"](x, gamma, beta, eps)[0]).sum())

    return [
        (lambda x: loss(x, gamma, beta), x),
        (lambda gamma: loss(x, gamma, beta), gamma),
        (lambda beta: loss(x, gamma, beta), beta),
    ]


EXERCISES = [
    Exercise(
        key="10.1",
        function="batch_norm",
        section="Batch normalisation",
        results=("y", "m", "v"),
        cases={
            "images": forward(True, 0.01),
            "vectors": forward(False, 0.1),
            "a constant channel": forward(True, 0.001, constant=True),
            "a constant channel, eps 0.1": forward(False, 0.1, constant=True),
            "means of a thousand": far(forward(True, 1e-5)),
            "a batch of one": one_value(0.01),
            "zeros": zeros(forward(True, 0.01), "x", "gamma", "beta"),
            "a constant channel, eps 1e-8": forward(False, 1e-8, constant=True),
            "little variance, eps 1e-8": small(forward(False, 1e-8)),
            "one channel": forward(True, 0.01, shape=(3, 4, 2, 1)),
            "one image": forward(True, 0.01, shape=(1, 4, 2, 3)),
            "one image, one pixel high": forward(True, 0.01, shape=(1, 1, 5, 3)),
            "vectors of one channel": forward(False, 0.01, shape=(3, 1, 1, 1)),
        },
        hints=(
            "Over which axes of (N, H, W, C) do you take the mean, so that one number is left for each channel? And "
            "of (N, C)?",
            "All but the last: axes = tuple(range(x.ndim - 1)). Then m and v are (C,), and broadcast against x without "
            "further ado. NumPy's var has the divisor n.",
            "m, v = x.mean(axis=axes), x.var(axis=axes); y = gamma * (x - m) / np.sqrt(v + eps) + beta. Return all "
            "three.",
        ),
    ),
    Exercise(
        key="10.2",
        function="batch_norm_backward",
        section="Its gradient, in full",
        results=("dx", "dgamma", "dbeta"),
        measured=of_batch_norm,
        cases={
            "images": backward(True, 0.01),
            "vectors": backward(False, 0.1),
            "images, small eps": backward(True, 1e-5),
            "a constant channel, and one without gradient": of_a_constant(0.05),
            "zeros": zeros(backward(True, 0.01), "x", "gamma", "g"),
            "eps 1e-8": backward(False, 1e-8),
            "means of a thousand": far(backward(True, 1e-5)),
            "one channel": backward(True, 0.01, shape=(3, 4, 2, 1)),
            "one image": backward(True, 0.01, shape=(1, 4, 2, 3)),
            "vectors of one channel": backward(False, 0.01, shape=(3, 1, 1, 1)),
        },
        hints=(
            "First compute r and xhat as in the forward pass. What does beta's gradient collect, if beta is added to "
            "every value of its channel?",
            "Gradients of what is shared are sums, over all axes but the last: dbeta = sum g, dgamma = sum g xhat. In "
            "dx there are two means over the same axes.",
            "dx = gamma * r * (g - g.mean(axis=axes) - xhat * (g * xhat).mean(axis=axes)).",
        ),
    ),
    Exercise(
        key="10.3",
        function="update_running",
        section="Two modes",
        results=("mean", "var"),
        cases={
            "images": running(True, 0.9),
            "vectors": running(False, 0.8),
            "images, momentum 0.99": running(True, 0.99),
            "momentum 0": running(True, 0.0),
            "zeros": zeros(running(False, 0.7), "mean", "var", "x"),
            "momentum 0.5": running(False, 0.5),
            "means of a thousand": far(running(True, 0.6)),
            "momentum 0.9995": running(True, 0.9995),
            "one channel": running(True, 0.9, shape=(3, 4, 2, 1)),
            "one image": running(True, 0.9, shape=(1, 4, 2, 3)),
            "vectors of one channel": running(False, 0.9, shape=(3, 1, 1, 1)),
        },
        hints=(
            "With momentum 0.9, how much of the old average stays, and how much of the new batch comes in?",
            "The batch's statistics are over all axes but the last. For the divisor n - 1, look at the `ddof` of "
            "NumPy's var. Make new arrays; no += on mean and var.",
            "momentum * mean + (1 - momentum) * x.mean(axis=axes), and the same of var with x.var(axis=axes, ddof=1).",
        ),
    ),
    Exercise(
        key="10.4",
        function="fold",
        section="Two modes",
        results=("w'", "b'"),
        cases={
            "a layer": layers(0.01),
            "another": layers(0.1),
            "and another": layers(1e-5),
            "zeros": zeros(layers(0.01), "w", "mean", "beta"),
            "other zeros": zeros(layers(0.01), "gamma", "beta", "var"),
            "a variance of 0, eps 1e-8": zeros(layers(1e-8), "var"),
            "small variances": layers(1e-8, variances=(-3, -1)),
            "tiny variances": layers(1e-8, variances=(-8, -6)),
            "large variances": layers(1e-3, variances=(3, 4)),
            "huge variances": layers(1e-3, variances=(9, 10)),
            "a kernel of one pixel": layers(0.01, shape=(1, 1, 3, 2)),
            "one channel goes in": layers(0.01, shape=(3, 2, 1, 4)),
            "one channel comes out": layers(0.01, shape=(3, 2, 4, 1)),
        },
        hints=(
            "Multiply the right side of the equation out: what stands in front of conv(x, w), and what is left that "
            "does not depend on x?",
            "With scale = gamma / sqrt(var + eps) it is scale conv(x, w) + (beta - mean scale). A convolution is "
            "linear in w: scale conv(x, w) = conv(x, scale w).",
            "w * scale broadcasts over the last axis, F, as it should; b' = beta - mean * scale.",
        ),
    ),
    Exercise(
        key="10.5",
        function="mixed_statistics",
        section="One batch for real and fake?",
        level=2,
        results=("m", "v"),
        cases={
            "equal sizes": two_batches(64, 64),
            "different sizes": two_batches(12, 40),
            "the first is larger": two_batches(33, 8),
            "one value beside many": two_batches(1, 20),
            "two values": two_batches(1, 1),
            "many values": two_batches(700, 5000),
            "zeros": zeros(two_batches(8, 12), "m1", "m2"),
            "other zeros": zeros(two_batches(8, 12), "m1"),
            "constant channels": two_batches(10, 6, constant=True),
            "means of a thousand": two_batches(16, 24, mean=1e3),
            "one channel": two_batches(12, 30, channels=1),
            "a million values, and three": two_batches(1000000, 3),
            "a hundred values, and a hundred thousand": two_batches(100, 100000),
        },
        hints=(
            "The mean of all values: how much does each batch contribute? For the variance, first ask: how far are the "
            "values of the first batch, on average and squared, from the new mean m, instead of from their own m1?",
            "The mean of (x - m)^2 over the first batch is v1 + (m1 - m)^2, since the mean of x - m1 is 0. Do the same "
            "for the second, and weight both with their shares of the values.",
            "With a = n1 / (n1 + n2) and b = 1 - a: m = a m1 + b m2, so m1 - m = b (m1 - m2) and m2 - m = a (m2 - m1). "
            "Put these in: v = a v1 + b v2 + a b (m1 - m2)^2.",
        ),
    ),
    Exercise(
        key="10.6",
        function="alone",
        section="Two modes",
        level=3,
        measure=largest_fault,
        cases={
            "three batches": companies((4, 6, 2)),
            "a batch of one": companies((1, 8)),
            "channels far apart": companies((3, 5, 7), spread=20.0),
            "eight batches": companies((2, 3, 4, 5, 6, 7, 8, 3)),
        },
        hints=(
            "Over which axes of (N, H, W, C) may you take a mean, if images must not know of each other?",
            "Any but the first. Over height and width alone, each channel of each image gets a mean and a deviation of "
            "its own; over height, width and channels, each image gets one of each.",
            "(x - x.mean(axis=(1, 2), keepdims=True)) / x.std(axis=(1, 2), keepdims=True) is one way; axis=(1, 2, 3) "
            "is another.",
        ),
    ),
]
