"""The exercises of lesson 6: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


def sizes(rng):
    """N and D, different and above 1."""
    return tuple(int(v) for v in rng.choice([2, 3, 4, 5, 6], 2, replace=False))


def posteriors(spread):
    """Inputs of gaussian_kl: log-variances of both signs, with this spread."""

    def draw(rng):
        shape = sizes(rng)
        return {"mean": 2 * rng.standard_normal(shape), "log_var": spread * rng.standard_normal(shape)}

    return draw


def codes(spread):
    """Inputs of sample_code."""

    def draw(rng):
        shape = sizes(rng)
        mean, noise = rng.standard_normal((2, *shape))
        return {"mean": mean, "log_var": spread * rng.standard_normal(shape), "noise": noise}

    return draw


def upstream(spread):
    """Inputs of sample_code_backward."""

    def draw(rng):
        shape = sizes(rng)
        g, noise = rng.standard_normal((2, *shape))
        return {"g": g, "log_var": spread * rng.standard_normal(shape), "noise": noise}

    return draw


def images(axes, size):
    """Inputs of negative_elbo: examples with that many axes, and logits of that size."""

    def draw(rng):
        n, d = sizes(rng)
        shape = (n, *(int(v) for v in rng.integers(2, 5, axes)))
        x = (rng.uniform(size=shape) < 0.4).astype(np.float64)
        logits = size * rng.standard_normal(shape)
        return {"x": x, "logits": logits, "mean": rng.standard_normal((n, d)), "log_var": rng.standard_normal((n, d))}

    return draw


SPREADS = {"log-variances about 0": 1.0, "small and large variances": 3.0, "again": 1.0}


def loss_of_the_encoder(reference, inputs):
    """L = sum of g z, as a function of the mean and of the log-variance."""
    g, log_var, noise = inputs.values()
    mean = np.zeros_like(g)
    return [
        (lambda mean: float((g * reference["sample_code"](mean, log_var, noise)).sum()), mean),
        (lambda log_var: float((g * reference["sample_code"](mean, log_var, noise)).sum()), log_var),
    ]


EXERCISES = [
    Exercise(
        key="06.1",
        function="gaussian_kl",
        section="The divergence of two Gaussians",
        cases={name: posteriors(spread) for name, spread in SPREADS.items()},
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
        cases={name: codes(spread) for name, spread in SPREADS.items()},
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
        cases={name: upstream(spread) for name, spread in SPREADS.items()},
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
        },
        hints=(
            "Two numbers for each example: log p(x|z), summed over all its pixels, and the KL. Which of them should "
            "be large, which small? The loss is what should be small.",
            "x * logits - np.logaddexp(0, logits) has x's shape. Sum over all axes but the first: "
            ".reshape(len(x), -1).sum(axis=1). The mean comes last, over the examples only.",
            "float((gaussian_kl(mean, log_var) - log_likelihood).mean()), where log_likelihood is (N,).",
        ),
    ),
]
