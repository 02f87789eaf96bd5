"""The exercises of lesson 6: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth


def sizes(rng):
    """N and D, different and above 1."""
    return tuple(int(v) for v in rng.choice([2, 3, 4, 5, 6], 2, replace=False))


def with_zeros(draw):
    """The same inputs, with zeros in every array, each at other places."""

    def drawn(rng):
        inputs = draw(rng)
        for i, value in enumerate(inputs.values()):
            if isinstance(value, np.ndarray):
                value.flat[i::5] = 0
        return inputs

    return drawn


def part(draw, examples, latents):
    """The same inputs for the first so many examples and latents; -1 is all of them."""
    place = np.s_[: examples if examples > 0 else None, : latents if latents > 0 else None]
    return lambda rng: {name: value[place].copy() for name, value in draw(rng).items()}


def with_copies(draw):
    """The same inputs with examples that come again, each right after itself."""
    return lambda rng: {name: np.repeat(value, 2, axis=0) for name, value in draw(rng).items()}


def posteriors(spread, about=0.0, far=2.0):
    """Inputs of gaussian_kl: log-variances with this spread about this value; far: the size of the means."""

    def draw(rng):
        shape = sizes(rng)
        return {"mean": far * rng.standard_normal(shape), "log_var": about + spread * rng.standard_normal(shape)}

    return draw


def codes(spread, about=0.0, far=1.0, noisy=1.0):
    """Inputs of sample_code; far: the size of the means. noisy: that of the noise."""

    def draw(rng):
        shape = sizes(rng)
        mean, noise = rng.standard_normal((2, *shape))
        return {"mean": far * mean, "log_var": about + spread * rng.standard_normal(shape), "noise": noisy * noise}

    return draw


def upstream(spread, about=0.0, steep=1.0):
    """Inputs of sample_code_backward; steep: the size of g and of the noise."""

    def draw(rng):
        shape = sizes(rng)
        g, noise = steep * rng.standard_normal((2, *shape))
        return {"g": g, "log_var": about + spread * rng.standard_normal(shape), "noise": noise}

    return draw


def images(axes, size, far=1.0, spread=1.0):
    """Inputs of negative_elbo: examples with that many axes; how large logits, means and log-variances are."""

    def draw(rng):
        n, d = sizes(rng)
        shape = (n, *(int(v) for v in rng.integers(2, 5, axes)))
        x = (rng.uniform(size=shape) < 0.4).astype(np.float64)
        logits = size * rng.standard_normal(shape)
        return {
            "x": x,
            "logits": logits,
            "mean": far * rng.standard_normal((n, d)),
            "log_var": spread * rng.standard_normal((n, d)),
        }

    return draw


def sure(right, low, high):
    """Inputs of negative_elbo: logits of this size, right or wrong about every pixel, and a KL of 0."""

    def draw(rng):
        n, d = sizes(rng)
        x = (rng.permutation(4 * n) % 2).astype(np.float64).reshape(n, 2, 2)
        logits = (2 * x - 1) * rng.uniform(low, high, x.shape) * (1 if right else -1)
        return {"x": x, "logits": logits, "mean": np.zeros((n, d)), "log_var": np.zeros((n, d))}

    return draw


def two_gaussians(spread=1.0, about=0.0, far=1.0, where=1.0, apart=0.0):
    """Inputs of kl_between: both log-variances about a value; far: how many deviations the means differ by, or so.

    where: the size of the means themselves. apart: by how much q's log-variances are larger.
    """

    def draw(rng):
        shape = sizes(rng)
        log_var_q, log_var_p = about + spread * rng.standard_normal((2, *shape))
        log_var_q = log_var_q + apart
        mean_p = where * rng.standard_normal(shape)
        mean_q = mean_p + (far * np.exp(about / 2) if far else 0.0) * rng.standard_normal(shape)
        return {"mean_q": mean_q, "log_var_q": log_var_q, "mean_p": mean_p, "log_var_p": log_var_p}

    return draw


def two_equal(rng):
    """Inputs of kl_between whose divergence is 0, but for one latent."""
    mean, log_var = rng.standard_normal((2, *sizes(rng)))
    other = log_var.copy()
    other[0, 0] += 1.0
    return {"mean_q": mean, "log_var_q": log_var, "mean_p": mean.copy(), "log_var_p": other}


def unknown_functions(rng, rows=60, samples=64, latents=4):
    """Values of smooth functions at random noise, and the derivatives that are wanted.

    f(e) = c + a.e + 1/2 e.H e + cos(w.e + phase), whose mean has the gradient a - w sin(phase) e^(-|w|^2 / 2) in e.
    """
    a, w = rng.standard_normal((2, rows, latents)) * [[[2.0]], [[1.0]]]
    h = rng.standard_normal((rows, latents, latents))
    phase, c = rng.uniform(0, 2 * np.pi, (rows, 1)), rng.uniform(-200, -100, (rows, 1))
    noise, std = rng.standard_normal((rows, samples, latents)), rng.uniform(0.05, 0.5, latents)
    f = c + np.einsum("rsd,rd->rs", noise, a) + np.einsum("rsd,rde,rse->rs", noise, h, noise) / 4
    f += np.cos(np.einsum("rsd,rd->rs", noise, w) + phase)
    wanted = (a - w * np.sin(phase) * np.exp(-0.5 * (w**2).sum(axis=1, keepdims=True))) / std
    return f, noise, std, wanted


def loss_of_the_encoder(reference, inputs):
    """L = sum of g z, as a function of the mean and of the log-variance."""
    g, log_var, noise = inputs.values()
    mean = np.zeros_like(g)
    return [
        (lambda mean: float((g * reference["sample_code"](mean, log_var, np.zeros_like(g))).sum()), mean),
        (lambda log_var: float((g * reference["sample_code"](mean, log_var, noise)).sum()), log_var),
    ]


def values_of_unknown_functions(rows=60, latents=4):
    """Inputs of slopes_from_values."""

    def draw(rng):
        f, noise, std, wanted = unknown_functions(rng, rows, latents=latents)
        return WithTruth({"f": f, "noise": noise, "std": std, "seed": int(rng.integers(2**31))}, wanted=wanted)

    return draw


def error_of_the_gradient(inputs, answer):
    """The mean squared error of the derivatives, relative to that of the score function with a baseline."""
    f, noise, std, _ = inputs.values()
    mine = np.asarray(answer, np.float64)
    if mine.shape != noise.shape[::2]:
        raise ArgumentError(f"has shape {mine.shape}, expected {noise.shape[::2]}: a row for each function")
    if not np.isfinite(mine).all():
        raise ArgumentError("has derivatives that are not finite")
    wanted = inputs.truth["wanted"]
    others = (f.sum(axis=1, keepdims=True) - f) / (f.shape[1] - 1)
    with_baseline = ((f - others)[..., None] * noise).mean(axis=1) / std
    errors = [((std * (estimate - wanted)) ** 2).mean() for estimate in (mine, with_baseline)]
    return Measure(errors[0] / errors[1], 0.5, "squared error, relative to the score function's", better="lower")


EXERCISES = [
    Exercise(
        key="06.1",
        function="gaussian_kl",
        section="The divergence of two Gaussians",
        cases={
            "log-variances about 0": posteriors(1.0),
            "small and large variances": posteriors(3.0),
            "variances near 0": posteriors(20.0, about=-200.0),
            "variances that are huge": posteriors(20.0, about=200.0),
            "variances near 1": posteriors(1e-3),
            "means far from 0": posteriors(1.0, far=300.0),
            "zeros": with_zeros(posteriors(1.0)),
            "one example": part(posteriors(1.0), 1, -1),
            "one latent": part(posteriors(1.0), -1, 1),
            "examples that come twice": with_copies(posteriors(1.0)),
            "variances near the smallest number": posteriors(20.0, about=-600.0),
            "variances near the largest number": posteriors(20.0, about=600.0),
        },
        hints=(
            "Four terms for each latent, a factor of 1/2, and one sum. Over which axis: that of the examples or that "
            "of the latents?",
            "np.exp(log_var) is the variance. Build the array (N, D) of the terms first; then sum over axis 1, so that "
            "one number for each example is left.",
            "0.5 * (mean**2 + np.exp(log_var) - 1 - log_var) has shape (N, D): return its .sum(axis=1).",
        ),
    ),
    Exercise(
        key="06.2",
        function="sample_code",
        section="A gradient through a random number",
        cases={
            "log-variances about 0": codes(1.0),
            "small and large variances": codes(3.0),
            "variances near 0": codes(20.0, about=-200.0, far=0.0),
            "variances that are huge": codes(20.0, about=200.0),
            "means and noise far from 0": codes(1.0, far=300.0, noisy=300.0),
            "zeros": with_zeros(codes(1.0)),
            "one example": part(codes(1.0), 1, -1),
            "one latent": part(codes(1.0), -1, 1),
            "variances near the smallest number": codes(20.0, about=-600.0, far=0.0),
            "variances near the largest number": codes(20.0, about=600.0),
        },
        hints=(
            "How does one get a number with mean 3 and deviation 2 from one with mean 0 and deviation 1?",
            "z = mean + deviation * noise. The encoder gives the logarithm of the *variance*: what is the deviation?",
            "The deviation is the root of e^log_var, which is np.exp(log_var / 2).",
        ),
    ),
    Exercise(
        key="06.3",
        function="sample_code_backward",
        section="A gradient through a random number",
        cases={
            "log-variances about 0": upstream(1.0),
            "small and large variances": upstream(3.0),
            "variances near 0": upstream(20.0, about=-200.0),
            "variances that are huge": upstream(0.5, about=200.0),
            "a steep loss": upstream(1.0, steep=300.0),
            "zeros": with_zeros(upstream(1.0)),
            "one example": part(upstream(1.0), 1, -1),
            "one latent": part(upstream(1.0), -1, 1),
            "variances near the smallest number": upstream(20.0, about=-600.0),
            "variances near the largest number": upstream(0.5, about=600.0),
        },
        results=("dmean", "dlog_var"),
        measured=loss_of_the_encoder,
        hints=(
            "z = mean + e^(log_var / 2) noise, entry by entry. If the mean is raised by a little, by how much does z "
            "rise? And if log_var is?",
            "dz/dmean = 1. The noise is a constant here, and (e^(v/2))' = 1/2 e^(v/2). Both are multiplied by g.",
            "dmean is g itself (a copy), and dlog_var = g * noise * np.exp(log_var / 2) / 2.",
        ),
    ),
    Exercise(
        key="06.4",
        function="negative_elbo",
        section="Bernoulli and Gaussian decoders",
        cases={
            "images with two axes": images(2, 2.0),
            "flat examples": images(1, 2.0),
            "images with channels": images(3, 2.0),
            "logits up to thousands": images(2, 1000.0),
            "means far from 0": images(2, 2.0, far=300.0),
            "log-variances far from 0": images(2, 2.0, spread=150.0),
            "zeros": with_zeros(images(1, 2.0)),
            "a decoder that is sure and wrong": sure(False, 20, 27),
            "a decoder that is sure and right": sure(True, 20, 60),
            "surer still": sure(True, 650, 700),
            "sure and wrong by a million": sure(False, 1e6, 1e9),
            "examples that come twice": with_copies(images(2, 2.0)),
            "more axes": images(4, 2.0),
            "one example": part(images(1, 2.0), 1, -1),
            "one latent, and one pixel": part(images(1, 2.0), -1, 1),
        },
        tolerance=1e-13,
        hints=(
            "Two numbers for each example: -log p(x|z), summed over all its pixels, and the KL. Both are costs, and "
            "the loss is their sum, averaged over the examples.",
            "A pixel costs log(1 + e^s), with s = -logit where x is 1 and s = logit where it is 0: s = (1 - 2 x) "
            "logits. np.logaddexp(0, s) has x's shape. Sum over all axes but one: reshape(len(x), -1).sum(axis=1).",
            "cost = np.logaddexp(0, (1 - 2 * x) * logits).reshape(len(x), -1).sum(axis=1), and "
            "float((cost + gaussian_kl(mean, log_var)).mean()).",
        ),
    ),
    Exercise(
        key="06.5",
        function="kl_between",
        section="The divergence of two Gaussians",
        level=2,
        cases={
            "log-variances about 0": two_gaussians(),
            "small and large variances": two_gaussians(spread=3.0),
            "both near 0": two_gaussians(about=-200.0, where=0.0),
            "both huge": two_gaussians(about=800.0, far=0.0),
            "far apart": two_gaussians(far=1000.0),
            "very different variances": two_gaussians(spread=80.0),
            "far from 0": two_gaussians(where=300.0),
            "zeros": with_zeros(two_gaussians()),
            "equal": two_equal,
            "both huge, and apart": two_gaussians(about=800.0, where=0.0),
            "both tiny, and apart": two_gaussians(about=-800.0, where=0.0),
            "both tiny, with equal means": two_gaussians(about=-800.0, far=0.0),
            "q much wider": two_gaussians(spread=10.0, apart=600.0),
            "q much narrower": two_gaussians(spread=10.0, apart=-600.0),
            "one example": part(two_gaussians(), 1, -1),
            "one latent": part(two_gaussians(), -1, 1),
            "examples that come twice": with_copies(two_gaussians()),
        },
        hints=(
            "Do as in the lesson: write z = mean_q + s_q e with E[e] = 0 and E[e^2] = 1, and take the expectation of "
            "log q(z) and of log p(z).",
            "log p(z) holds (z - mean_p)^2 / s_p^2. Its expectation is ((mean_q - mean_p)^2 + s_q^2) / s_p^2, because "
            "the mixed term has the mean 0. The logarithms of the two deviations stay, with opposite signs.",
            "1/2 sum_d (e^(v - w) + (difference of the means)^2 e^-w - 1 - v + w), with v = log_var_q and w = "
            "log_var_p. Write e^(v - w) and not e^v / e^w.",
        ),
    ),
    Exercise(
        key="06.6",
        function="slopes_from_values",
        section="A gradient through a random number",
        level=3,
        measure=error_of_the_gradient,
        cases={
            "some functions": values_of_unknown_functions(),
            "others": values_of_unknown_functions(),
            "fewer, of other sizes": values_of_unknown_functions(45, 3),
        },
        hints=(
            "A baseline takes off a constant. What else could be taken off f, so that you know what it "
            "contributes to the gradient?",
            "Most of f near the mean is linear in the noise: f = c + a . noise + rest. If you knew a, the gradient of "
            "the linear part would be a / std exactly, and only the rest would scatter.",
            "Fit c and a to the 64 values by least squares: np.linalg.lstsq of the columns [noise, 1]. Squares and "
            "products of the noise as further columns take off even more.",
        ),
    ),
]
