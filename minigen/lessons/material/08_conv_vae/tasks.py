"""The exercises of lesson 8: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth


def sizes(rng, count):
    """N, K, ...: different, and above 1."""
    return tuple(int(v) for v in rng.choice([2, 3, 4, 5, 6], count, replace=False))


def with_a_zero(rng, values):
    """The array with a zero somewhere, if it has more than one entry."""
    if values.size > 1:
        values.reshape(-1)[rng.integers(values.size)] = 0
    return values


def far(rng, shape):
    """Numbers from 150 to 300 with either sign."""
    return rng.choice([-1, 1], shape) * rng.uniform(150, 300, shape)


def coded(spread=1.0, count=None, log_variances=None, means=None, zeros=True):
    """Inputs of log_weights: codes from the encoder. Log-variances have this spread, or are from those given."""

    def draw(rng):
        n, k, d = count or sizes(rng, 3)
        mean = rng.standard_normal((n, d)) if means is None else means(rng, (n, d))
        log_var = spread * rng.standard_normal((n, d)) if log_variances is None else rng.choice(log_variances, (n, d))
        z = mean[:, None] + np.exp(np.minimum(log_var, 1) / 2)[:, None] * rng.standard_normal((n, k, d))
        inputs = {
            "log_likelihood": -90 + 5 * rng.standard_normal((n, k)),
            "z": z,
            "mean": mean,
            "log_var": log_var,
        }
        return {name: with_a_zero(rng, values) for name, values in inputs.items()} if zeros else inputs

    return draw


def nothing(rng, shape):
    """Zeros."""
    return np.zeros(shape)


def any_size(rng, shape, most=600.0):
    """Numbers from 1 to `most` on a log scale, with either sign; the first and the last are about the largest."""
    values = most ** rng.uniform(0, 1, shape) * rng.choice([-1, 1], shape)
    values.reshape(-1)[[0, -1]] = most * rng.uniform(-1, -0.95), most * rng.uniform(0.95, 1)
    return values


def coded_at_any_size(rng):
    """Inputs of log_weights: log-variances from -600 to 600."""
    n, k, d = sizes(rng, 3)
    log_var = any_size(rng, (n, d))
    z = np.exp(np.minimum(log_var, 1) / 2)[:, None] * rng.standard_normal((n, k, d))
    return {
        "log_likelihood": -90 + 5 * rng.standard_normal((n, k)),
        "z": z,
        "mean": np.zeros((n, d)),
        "log_var": log_var,
    }


def weights_of_any_size(rng):
    """Inputs of log_mean_exp: each example's log-weights are of another size, up to 1e12 with either sign."""
    n, k = sizes(rng, 2)
    return {"log_w": any_size(rng, (n, 1), 1e12) + 2.0 * rng.standard_normal((n, k))}


def weights(around, apart, within=2.0, count=None):
    """Inputs of log_mean_exp: log-weights around that many nats; how far examples and the codes of one are apart."""

    def draw(rng):
        n, k = count or sizes(rng, 2)
        return {"log_w": around + apart * np.arange(n)[:, None] + within * rng.standard_normal((n, k))}

    return draw


def about_one(rng):
    """Inputs of log_mean_exp: weights about 1, one of them exactly."""
    return {"log_w": with_a_zero(rng, weights(0.0, 0.0)(rng)["log_w"])}


def rising(rng):
    """Inputs of log_mean_exp: in each example the first code has much the smallest weight, the last the largest."""
    n, k = sizes(rng, 2)
    return {"log_w": np.sort(1500 * rng.standard_normal((n, k)), axis=1)}


def one_of_many(rng):
    """Inputs of log_mean_exp: of 1000 codes one counts. What e^-30 would leave of the others is seen."""
    log_w = np.full((1, 1000), -1000.0)
    log_w[0, rng.integers(1, 1000)] = rng.uniform(-3, 3)
    return {"log_w": log_w}


def tied(rng):
    """Inputs of log_mean_exp: the same weight for all codes of an example."""
    n, k = sizes(rng, 2)
    return {"log_w": np.repeat(-100 * rng.standard_normal((n, 1)), k, axis=1)}


def upstream(draw, size=1.0):
    """Inputs of log_mean_exp_backward; the gradient has this size."""

    def both(rng):
        log_w = draw(rng)["log_w"]
        return {
            "g": with_a_zero(rng, size * rng.uniform(0.5, 2, len(log_w)) * rng.choice([-1, 1], len(log_w))),
            "log_w": log_w,
        }

    return both


def logits(size, zeros=0):
    """Inputs of log_mass: arrays with one to three axes, the first entries 0."""

    def draw(rng):
        values = size * rng.standard_normal(tuple(int(v) for v in rng.integers(2, 5, int(rng.integers(1, 4)))))
        values.reshape(-1)[:zeros] = 0
        return {"logits": values}

    return draw


def of_shape(*shape):
    """Inputs of log_mass: of this shape."""
    return lambda rng: {"logits": 3.0 * rng.standard_normal(shape)}


def logits_of_any_size(rng):
    """Inputs of log_mass: numbers from 1e-5 to 1e100 with either sign."""
    return {"logits": rng.choice([-1, 1], (3, 5)) * 10 ** rng.uniform(-5, 100, (3, 5))}


def near_zero(rng):
    """Inputs of log_mass: numbers from 1e-5 to 1e-2 with either sign, where the mass is nearly 1/2 but not quite."""
    return {"logits": rng.choice([-1, 1], (3, 4)) * 10 ** rng.uniform(-5, -2, (3, 4))}


def gaussians(wider, apart=0.5, count=None, around=0.0, mean=None):
    """Inputs of effective_share.

    Args:
        wider: how many times the posterior's variance q's is, drawn from these.
        apart: the distance of the means, in deviations of q. around: of the log-variances. mean: draws the posterior's.
    """

    def draw(rng):
        n, d = count or sizes(rng, 2)
        log_var = around + rng.standard_normal((n, d))
        true_mean = rng.standard_normal((n, d)) if mean is None else mean(rng, (n, d))
        return {
            "mean": true_mean + apart * np.exp(log_var / 2) * rng.standard_normal((n, d)),
            "log_var": log_var,
            "true_mean": true_mean,
            "true_log_var": log_var - np.log(rng.choice(wider, (n, d))),
        }

    return draw


def one_too_narrow(rng):
    """Inputs of effective_share: in one latent of the first example q is too narrow, and nowhere else."""
    inputs = gaussians((0.8, 2.0))(rng)
    inputs["true_log_var"][0, 0] = inputs["log_var"][0, 0] + 1.5
    return inputs


def with_zeros(rng):
    """Inputs of effective_share: a zero in each array, where q is wide enough for it."""
    inputs = gaussians((1.5, 2.0), count=(3, 4))(rng)
    inputs["mean"][0, 0] = inputs["true_mean"][1, 1] = inputs["log_var"][2, 2] = inputs["true_log_var"][2, 1] = 0
    inputs["true_log_var"][2, 2], inputs["log_var"][2, 1] = -0.5, 0.5
    return inputs


def parts_of_lines(rng, count):
    """Patches (count, 9) of 3 x 3 pixels: 1 where a line passes, 2 % of the pixels wrong."""
    v, u = np.divmod(np.arange(9), 3)
    angle, offset, width = (rng.uniform(*ends, (count, 1)) for ends in ((0, 2 * np.pi), (-2.5, 2.5), (0.4, 1.0)))
    line = np.abs(np.cos(angle) * (u - 1) + np.sin(angle) * (v - 1) - offset) < width
    return (line ^ (rng.random((count, 9)) < 0.02)).astype(int)


PATTERNS = (np.arange(512)[:, None] >> np.arange(9)) & 1


def some_patches(rng):
    """Inputs of pattern_probabilities."""
    inputs = {"patches": parts_of_lines(rng, 200), "patterns": PATTERNS.copy()}
    return WithTruth(inputs, new=parts_of_lines(rng, 3000))


def in_another_order(rng):
    """Inputs of pattern_probabilities: the patterns do not count upwards."""
    inputs = some_patches(rng)
    return WithTruth({**inputs, "patterns": PATTERNS[rng.permutation(512)]}, **inputs.truth)


def nats_gained(inputs, answer):
    """Beside independent pixels, on images not seen before."""
    p, patches = np.asarray(answer), inputs["patches"]
    if p.shape != (512,):
        raise ArgumentError(f"returns shape {p.shape}: expected (512,), a probability of each pattern")
    if p.dtype.kind not in "fiu" or not np.isfinite(p).all() or p.min() < 0:
        raise ArgumentError("returns something other than probabilities: they are finite, and none is negative")
    if abs(p.sum() - 1) > 1e-6:
        raise ArgumentError(f"the probabilities add up to {p.sum():.6g}: expected 1")
    new = inputs.truth["new"]
    row = np.argsort(inputs["patterns"] @ (1 << np.arange(9)))  # of each pattern, which may come in any order
    seen = p[row[new @ (1 << np.arange(9))]]
    if seen.min() == 0:
        raise ArgumentError("a pattern that occurs has probability 0: it costs infinitely many nats")
    ones = (patches.sum(axis=0) + 1) / (len(patches) + 2)
    independent = np.where(new, ones, 1 - ones).prod(axis=1)
    return Measure(float(np.log(seen / independent).mean()), 0.5, "nats gained over independent pixels")


WEIGHTS = {
    "weights about 1": about_one,
    "weights like e^-90": weights(-90.0, 1.0),
    "weights like e^-2000, one example far from the next": weights(-2000.0, 800.0),
    "weights like e^900": weights(900.0, 0.0),
    "the weights of one example far apart": weights(0.0, 0.0, within=1500.0),
    "the first code the worst by far": rising,
    "1000 codes of which one counts": one_of_many,
    "all codes alike": tied,
    "as many codes as examples": weights(-90.0, 1.0, count=(3, 3)),
    "one code": weights(-90.0, 1.0, count=(3, 1)),
    "one example": weights(-90.0, 1.0, count=(1, 4)),
    "log-weights of any size": weights_of_any_size,
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
        cases={
            "log-variances about 0": coded(),
            "narrow and wide": coded(spread=2.0),
            "log-variances of -60": coded(log_variances=(-60.0, 0.5), means=nothing, zeros=False),
            "log-variances of -120": coded(log_variances=(-120.0, 0.5), means=nothing, zeros=False),
            "log-variances of 60 and 120": coded(log_variances=(60.0, 120.0), zeros=False),
            "means of hundreds": coded(means=far),
            "all sizes equal": coded(count=(3, 3, 3)),
            "one of everything": coded(count=(1, 1, 1)),
            "log-variances of any size": coded_at_any_size,
        },
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
        cases=WEIGHTS,
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
        cases={name: upstream(draw) for name, draw in WEIGHTS.items() if draw != weights_of_any_size}
        | {"a large upstream gradient": upstream(about_one, size=300.0)},
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
            "up to billions": logits(1e10),
            "near 0": near_zero,
            "one logit": of_shape(1),
            "axes of length 1": of_shape(1, 3, 1),
            "four axes": of_shape(2, 1, 3, 2),
            "of any size": logits_of_any_size,
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
    Exercise(
        key="08.5",
        function="effective_share",
        section="How many codes count",
        level=2,
        cases={
            "q wider than the posterior": gaussians((1.5, 4.0, 9.0)),
            "a little narrower, some wider": gaussians((0.6, 0.9, 2.0)),
            "in one latent too narrow": one_too_narrow,
            "in some latents too narrow": gaussians((0.3, 1.0, 2.0)),
            "zeros among the numbers": with_zeros,
            "q is wider by far": gaussians((np.exp(60.0),), count=(3, 1)),
            "q is wider by far, in several latents": gaussians((np.exp(40.0),), count=(2, 4)),
            "log-variances of -120": gaussians((0.7, 3.0), around=-120.0, mean=nothing),
            "log-variances of 120": gaussians((0.7, 3.0), around=120.0),
            "means of hundreds": gaussians((0.7, 3.0), mean=far),
            "exactly half the variance": gaussians((0.5, 2.0)),
            "q is the posterior": gaussians((1.0,), apart=0.0),
            "means far apart": gaussians((2.0, 4.0), apart=3.0),
            "one latent": gaussians((0.7, 3.0), count=(4, 1)),
            "one example": gaussians((0.7, 3.0), count=(1, 4)),
            "as many latents as examples": gaussians((0.7, 3.0), count=(3, 3)),
            "log-variances of -400": gaussians((0.7, 3.0), around=-400.0, mean=nothing),
            "log-variances of 400": gaussians((0.7, 3.0), around=400.0),
            "log-variances of -600": gaussians((0.7, 3.0), around=-600.0, mean=nothing),
            "log-variances of 600": gaussians((0.7, 3.0), around=600.0),
        },
        hints=(
            "E_q[w] is p(x), so only E_q[(posterior / q)^2] is wanted. Write it as an integral over z: one of the q "
            "cancels. Latents are independent: what becomes of the integral over all of them?",
            "For one latent, with the variances s of q and v of the posterior: the integrand posterior^2 / q is "
            "e^(quadratic in z), with z^2 times -(1/v - 1/(2 s)). When is the integral finite? Complete the square.",
            "For each latent the share is sqrt(v (2 s - v)) / s * e^(-(m - m')^2 / (2 s - v)), and 0 unless 2 s > v. "
            "Multiply over the latents, or add up the logarithms.",
        ),
    ),
    Exercise(
        key="08.6",
        function="pattern_probabilities",
        section="The likelihood of digits",
        level=3,
        cases={"parts of lines": some_patches, "others": some_patches, "patterns in another order": in_another_order},
        measure=nats_gained,
        hints=(
            "There are 512 patterns and 200 images, so most patterns were never seen, and some of them will come. What "
            "does a probability of 0 cost then? Start with counts + 0.1, divided by their sum.",
            "The more a pattern differs from all that was seen, the less probable it is. How could an image that was "
            "seen give a little of its probability to the patterns that differ from it in one pixel?",
            "Let each image seen stand for itself with its pixels wrong with probability 0.05: a pattern that differs "
            "in d pixels gets 0.05^d 0.95^(9 - d). Take the mean over the images. Or: a mixture of Bernoullis.",
        ),
    ),
]
