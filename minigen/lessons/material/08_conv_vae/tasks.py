"""The exercises of lesson 8: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


def sizes(rng, count):
    """N, K, ...: different, and above 1."""
    return tuple(int(v) for v in rng.choice([2, 3, 4, 5, 6], count, replace=False))


def coded(spread):
    """Inputs of log_weights: log-variances with this spread."""

    def draw(rng):
        n, k, d = sizes(rng, 3)
        mean, log_var = rng.standard_normal((2, n, d))
        return {
            "log_likelihood": -90 + 5 * rng.standard_normal((n, k)),
            "z": rng.standard_normal((n, k, d)),
            "mean": mean,
            "log_var": spread * log_var,
        }

    return draw


def weights(around, apart):
    """Inputs of log_mean_exp: log-weights around that many nats, the examples that far apart."""

    def draw(rng):
        n, k = sizes(rng, 2)
        return {"log_w": around + apart * np.arange(n)[:, None] + 2 * rng.standard_normal((n, k))}

    return draw


def upstream(around, apart):
    """Inputs of log_mean_exp_backward."""

    def draw(rng):
        log_w = weights(around, apart)(rng)["log_w"]
        return {"g": rng.standard_normal(len(log_w)), "log_w": log_w}

    return draw


def logits(size, zeros=0):
    """Inputs of log_mass: arrays with two or three axes, the first entries 0."""

    def draw(rng):
        values = size * rng.standard_normal(tuple(int(v) for v in rng.integers(2, 5, int(rng.integers(2, 4)))))
        values.reshape(-1)[:zeros] = 0
        return {"logits": values}

    return draw


WEIGHTS = {
    "weights about 1": (0.0, 0.0),
    "weights like e^-90": (-90.0, 1.0),
    "weights like e^-2000, one example far from the next": (-2000.0, 800.0),
    "weights like e^900": (900.0, 0.0),
}


def loss_of_the_weights(reference, inputs):
    """L = sum of g log_mean_exp(log_w); the bound moves with its weights, so it is measured near 0."""
    g, log_w = inputs.values()
    near = log_w - log_w.max(axis=1, keepdims=True)
    return [(lambda log_w: float((g * reference["log_mean_exp"](log_w)).sum()), near)]


EXERCISES = [
    Exercise(
        key="08.1",
        function="log_weights",
        section="Importance sampling",
        cases={"log-variances about 0": coded(1.0), "narrow and wide": coded(2.0), "again": coded(1.0)},
        hints=(
            "Three logarithms: one is given, two are of Gaussians. Which of the two is of N(0, 1)? Over which axis do "
            "the latents add up?",
            "mean[:, None] has shape (N, 1, D), and so goes with every one of the K codes. Compute both Gaussians with "
            "shape (N, K, D), then sum over axis 2.",
            "log_likelihood + (log_prior - log_q).sum(axis=2), where log_prior = -0.5 * (np.log(2 * np.pi) + z**2) and "
            "log_q is the formula of the docstring with mean[:, None] and log_var[:, None].",
        ),
    ),
    Exercise(
        key="08.2",
        function="log_mean_exp",
        section="Importance sampling",
        cases={name: weights(*setting) for name, setting in WEIGHTS.items()},
        hints=(
            "What is np.exp(-2000)? And what is np.exp(-2000 - m), if m is the largest log-weight of the same example?",
            "m = log_w.max(axis=1, keepdims=True) is one number for each example. Take it off before np.exp and add it "
            "after np.log. It is the mean of the weights, not their sum.",
            "return m[:, 0] + np.log(np.exp(log_w - m).mean(axis=1))",
        ),
    ),
    Exercise(
        key="08.3",
        function="log_mean_exp_backward",
        section="Training on a better bound",
        cases={name: upstream(*setting) for name, setting in WEIGHTS.items()},
        measured=loss_of_the_weights,
        hints=(
            "(log s)' = s'/s, where s is the sum of the weights. What is the derivative of s with respect to one "
            "log_w? What happens to the 1/K?",
            "The shares w / sum w do not change if all log_w of an example are lowered by the same number: lower them "
            "by their maximum, so that np.exp neither overflows nor gives zeros only.",
            "w = np.exp(log_w - log_w.max(axis=1, keepdims=True)); return g[:, None] * w / w.sum(axis=1, "
            "keepdims=True).",
        ),
    ),
    Exercise(
        key="08.4",
        function="log_mass",
        section="Grey pixels",
        cases={
            "logits of ordinary size": logits(3.0),
            "some are 0": logits(3.0, zeros=2),
            "up to thousands": logits(1000.0),
        },
        hints=(
            "At l = 0 the formula reads 0 / 0, and the limit is given. How can one entry be treated differently from "
            "the others without a loop?",
            "np.where(condition, a, b) computes both a and b everywhere. So put a harmless number in the place of the "
            "zeros first, compute, and then put log 1/2 there.",
            "safe = np.where(logits == 0, 1.0, logits); return np.where(logits == 0, -np.log(2), "
            "np.log(np.tanh(safe / 2) / safe)).",
        ),
    ),
]
