"""The exercises of lesson 10: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


def batch(rng, image, constant=False):
    """x with channels of different means and deviations; with `constant` all values of channel 0 are one."""
    n, h, w, c = (int(v) for v in rng.choice([2, 3, 4, 5, 6], 4, replace=False))
    x = rng.standard_normal((n, h, w, c) if image else (n + 3, c))
    x = x * rng.uniform(0.5, 2.0, c) + rng.uniform(1.0, 3.0, c) * rng.choice([-1, 1], c)
    if constant:
        x[..., 0] = 0.75
    return x


def channels(rng, c):
    """Numbers for each channel, away from 0 and 1."""
    return rng.uniform(1.2, 3.0, c) * rng.choice([-1, 1], c)


def forward(image, eps, constant=False):
    """Inputs of batch_norm."""

    def draw(rng):
        x = batch(rng, image, constant)
        return {"x": x, "gamma": channels(rng, x.shape[-1]), "beta": channels(rng, x.shape[-1]), "eps": eps}

    return draw


def backward(image, eps):
    """Inputs of batch_norm_backward."""

    def draw(rng):
        x = batch(rng, image)
        return {"g": rng.standard_normal(x.shape) + 0.5, "x": x, "gamma": channels(rng, x.shape[-1]), "eps": eps}

    return draw


def running(image, momentum):
    """Inputs of update_running."""

    def draw(rng):
        x = batch(rng, image)
        c = x.shape[-1]
        return {"mean": channels(rng, c), "var": rng.uniform(0.5, 3.0, c), "x": x, "momentum": momentum}

    return draw


def layers(eps):
    """Inputs of fold."""

    def draw(rng):
        kh, kw, c, f = (int(v) for v in rng.choice([2, 3, 4, 5, 6], 4, replace=False))
        numbers = {name: channels(rng, f) for name in ("gamma", "beta", "mean")}
        return {"w": rng.standard_normal((kh, kw, c, f)), **numbers, "var": rng.uniform(0.2, 3.0, f), "eps": eps}

    return draw


def of_batch_norm(reference, inputs):
    """<g, batch_norm(x, gamma, beta)> as a function of x, of gamma and of beta."""
    g, x, gamma, eps = inputs.values()
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
        cases={"a layer": layers(0.01), "another": layers(0.1), "and another": layers(1e-5)},
        hints=(
            "Multiply the right side of the equation out: what stands in front of conv(x, w), and what is left that "
            "does not depend on x?",
            "With scale = gamma / sqrt(var + eps) it is scale conv(x, w) + (beta - mean scale). A convolution is "
            "linear in w: scale conv(x, w) = conv(x, scale w).",
            "w * scale broadcasts over the last axis, F, as it should; b' = beta - mean * scale.",
        ),
    ),
]
