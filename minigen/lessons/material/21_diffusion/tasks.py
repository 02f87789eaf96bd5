"""The exercises of lesson 21: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth

NEW = 1500  # noisy points of the open task


def sizes(rng, count):
    """So many different sizes."""
    return [int(n) for n in rng.choice(np.arange(3, 9), count, replace=False)]


def schedule(low=1e-3, high=0.5, n=None, zeros=False):
    """Inputs of signal_and_deviation."""

    def draw(rng):
        beta = rng.uniform(low, high, n or int(rng.integers(5, 30)))
        if zeros:
            beta[::3] = 0
        return {"beta": beta}

    return draw


def mixture(n=None, k=None, d=None, sigma=0.3, a=0.6, far=0.0, spread=1.0):
    """Inputs of best_guess; far: how far away from everything the noisy points are."""

    def draw(rng):
        rows, parts, columns = sizes(rng, 3)
        s = float(np.sqrt(1 - a**2))
        centres = spread * rng.standard_normal((k or parts, d or columns))
        x_t = a * centres[rng.integers(len(centres), size=n or rows)]
        x_t = x_t + np.hypot(a * sigma, s) * rng.standard_normal(x_t.shape) + far
        return {"x_t": x_t, "centres": centres, "sigma": sigma, "a": a, "s": s}

    return draw


def given(draw, **values):
    """The inputs of `draw`, with some of them replaced."""
    return lambda rng: draw(rng) | values


def some_zeros(draw, name):
    """The inputs of `draw`, with zeros in one of them."""

    def drawn(rng):
        inputs = draw(rng)
        inputs[name][..., ::2] = 0
        return inputs

    return drawn


def nearly_clean(sigma):
    """Inputs of best_guess with hardly any noise: s = 1e-9, and the points where their centres are."""

    def draw(rng):
        inputs = mixture(a=1.0, sigma=0.0)(rng)
        rows = rng.integers(len(inputs["centres"]), size=len(inputs["x_t"]))
        x_t = inputs["centres"][rows] + 1e-9 * rng.standard_normal(inputs["x_t"].shape)
        return inputs | {"x_t": x_t, "sigma": sigma, "s": 1e-9}

    return draw


def back(a_t=0.3, a_s=0.7, eta=1.0, n=None, d=None, size=1.0):
    """Inputs of step_back."""

    def draw(rng):
        rows, columns = sizes(rng, 2)
        x_t, guess, fresh = size * rng.standard_normal((3, n or rows, d or columns))
        return {"x_t": x_t, "guess": guess, "fresh": fresh, "a_t": a_t, "a_s": a_s, "eta": eta}

    return draw


def blocks(f=2, n=None, rows=None, columns=None):
    """Inputs of with_block_means."""

    def draw(rng):
        images, down, right = sizes(rng, 3)
        shape = n or images, rows or down, columns or right
        guess = rng.standard_normal((shape[0], f * shape[1], f * shape[2]))
        return {"guess": guess, "means": rng.standard_normal(shape), "f": f}

    return draw


def of_network(a=0.6, n=None, d=None, size=1.0):
    """Inputs of score_of_v."""

    def draw(rng):
        rows, columns = sizes(rng, 2)
        x_t, v = size * rng.standard_normal((2, n or rows, d or columns))
        return {"x_t": x_t, "v": v, "a": a}

    return draw


def mean_of(x_t, centres, sigma, a, s):
    """E[x|x_t] of equally likely clusters."""
    variance = (a * sigma) ** 2 + s**2
    log_w = -((x_t[:, None] - a * centres) ** 2).sum(axis=2) / (2 * variance)
    w = np.exp(log_w - log_w.max(axis=1, keepdims=True))
    mean = w @ centres / w.sum(axis=1, keepdims=True)
    return mean + a * sigma**2 / variance * (x_t - a * mean)


def clusters(parts, unit=1.0, centre=0.0):
    """Inputs of denoise: twenty clean points of each of `parts` clusters on a grid, moved at random."""

    def draw(rng):
        sigma = 0.15 * unit
        places = rng.permutation(9)[:parts]
        centres = np.stack([places // 3, places % 3], axis=1) - 1 + rng.uniform(-0.2, 0.2, (parts, 2))
        centres = unit * centres + centre
        x = np.repeat(centres, 20, axis=0) + sigma * rng.standard_normal((20 * parts, 2))
        ratio = rng.uniform(0.6, 0.75) * sigma  # of noise to signal
        a = float(1 / np.sqrt(1 + ratio**2))
        s = a * float(ratio)
        clean = centres[rng.integers(parts, size=NEW)] + sigma * rng.standard_normal((NEW, 2))
        x_t = a * clean + s * rng.standard_normal(clean.shape)
        best = mean_of(x_t, centres, sigma, a, s)
        inputs = {"x": rng.permutation(x), "x_t": x_t, "a": a, "s": s, "seed": int(rng.integers(1 << 30))}
        return WithTruth(inputs, clean=clean, best=best)

    return draw


def excess(inputs, answer):
    """The measure of `denoise`: how far the guesses are from the best ones, beside the error of the best ones."""
    clean, best = inputs.truth.values()
    try:
        guess = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise ArgumentError("denoise: expected an array of numbers") from None
    if guess.shape != best.shape:
        raise ArgumentError(f"has shape {guess.shape}, expected {best.shape}: a guess for each noisy point")
    value = ((guess - best) ** 2).mean() / ((clean - best) ** 2).mean()
    return Measure(float(value), 0.15, "distance from the best guesses, by their own error", better="lower")


EXERCISES = [
    Exercise(
        key="21.1",
        function="signal_and_deviation",
        section="Noise, a little at a time",
        results=("a", "s"),
        tolerance=1e-10,
        cases={
            "some steps": schedule(),
            "little noise": schedule(1e-4, 2e-2, n=200),
            "much noise": schedule(0.5, 0.999),
            "one step": schedule(n=1),
            "two steps": schedule(n=2),
            "steps that change nothing": schedule(zeros=True),
        },
        hints=(
            "a_t^2 is a product of t factors. Which function of NumPy gives all of these products at once?",
            "np.cumprod(1 - beta) are a_1^2 ... a_T^2. What stands before them, for t = 0?",
            "squared = np.concatenate([[1.0], np.cumprod(1 - beta)]); return np.sqrt(squared), np.sqrt(1 - squared).",
        ),
    ),
    Exercise(
        key="21.2",
        function="best_guess",
        section="The best denoiser, at every noise level",
        tolerance=1e-10,
        cases={
            "some points": mixture(),
            "one cluster": mixture(k=1),
            "one point": mixture(n=1),
            "one number each": mixture(d=1),
            "much noise": mixture(a=0.05),
            "nothing but noise": given(mixture(), a=0.0, s=1.0),
            "little noise": mixture(a=0.999, sigma=0.05),
            "clusters that are points": mixture(sigma=0.0),
            "wide clusters": mixture(sigma=5.0),
            "far from all centres": mixture(a=0.99, far=2000.0),
            "centres far apart": mixture(a=0.9, spread=500.0),
            "hardly any noise": nearly_clean(0.0),
            "hardly any noise, and narrow clusters": nearly_clean(1e-9),
            "zeros among the noisy points": some_zeros(mixture(), "x_t"),
            "zeros among the centres": some_zeros(mixture(), "centres"),
        },
        hints=(
            "First the weights, (N, K), from the squared distances of each noisy point to each a c_k. x_t[:, None] has "
            "the shape (N, 1, D), and x_t[:, None] - a * centres the shape (N, K, D).",
            "Subtract the largest exponent of each row before you take exp: the weights stay the same, and one of them "
            "is 1. Then the sum over k of w_k c_k is a matrix product.",
            "With m = w @ centres the rest is the same for all k: m + a sigma^2 / variance (x_t - a m).",
        ),
    ),
    Exercise(
        key="21.3",
        function="step_back",
        section="Back, a step at a time",
        tolerance=1e-10,
        cases={
            "fresh noise": back(),
            "no fresh noise": back(eta=0.0),
            "some fresh noise": back(eta=0.4),
            "from pure noise": back(a_t=0.0),
            "from pure noise to hardly less": back(a_t=0.0, a_s=1e-8, eta=0.5),
            "to the example": back(a_s=1.0),
            "to the example, without fresh noise": back(a_s=1.0, eta=0.0),
            "a small step": back(a_t=0.9, a_s=0.91),
            "one point": back(n=1),
            "one number each": back(d=1),
            "large numbers": back(size=300.0),
            "zeros in x_t": some_zeros(back(), "x_t"),
            "zeros in the guess": some_zeros(back(), "guess"),
            "zeros in the fresh noise": some_zeros(back(), "fresh"),
        },
        hints=(
            "Three parts: a share of the guess, a share of the noise that is there, and fresh noise. What is z', from "
            "x_t = a_t x' + s_t z'?",
            "s_t = sqrt(1 - a_t^2), and s_s likewise; z' = (x_t - a_t guess) / s_t.",
            "c = eta * s_s / s_t * np.sqrt(1 - (a_t / a_s)**2); return a_s * guess + np.sqrt(s_s**2 - c**2) * z + c * "
            "fresh.",
        ),
    ),
    Exercise(
        key="21.4",
        function="with_block_means",
        section="Holes",
        tolerance=1e-11,
        cases={
            "blocks of 2": blocks(),
            "blocks of 3": blocks(3),
            "blocks of one pixel": blocks(1),
            "blocks of 12": blocks(12, n=2),
            "blocks of 101": blocks(101, n=1, rows=1, columns=2),
            "one image": blocks(n=1),
            "one block": blocks(4, rows=1, columns=1),
            "zeros in the guess": some_zeros(blocks(), "guess"),
            "zeros among the means": some_zeros(blocks(), "means"),
        },
        hints=(
            "What is the mean of each block of the guess now, and what is missing to the mean that it must have?",
            "guess.reshape(n, rows, f, columns, f) has a block's pixels on the axes 2 and 4.",
            "missing = means - blocks.mean(axis=(2, 4)); add missing[:, :, None, :, None], and reshape back.",
        ),
    ),
    Exercise(
        key="21.5",
        function="score_of_v",
        section="The loss, from a bound",
        level=2,
        tolerance=1e-11,
        cases={
            "some points": of_network(),
            "hardly any signal": of_network(a=0.001),
            "nothing but noise": of_network(a=0.0),
            "little noise": of_network(a=0.999),
            "one point": of_network(n=1),
            "one number each": of_network(d=1),
            "large numbers": of_network(size=300.0),
            "zeros in x_t": some_zeros(of_network(), "x_t"),
            "zeros in v": some_zeros(of_network(), "v"),
        },
        hints=(
            "The score is -z'/s. So the question is which z' belongs to x_t and v'.",
            "x_t = a x + s z and v = a z - s x are two equations for x and z. Multiply the first by s and the second "
            "by a, and add them.",
            "z' = s x_t + a v', as a^2 + s^2 = 1. The score is -(s x_t + a v') / s.",
        ),
    ),
    Exercise(
        key="21.6",
        function="denoise",
        section="What the loss really asks for",
        level=3,
        measure=excess,
        cases={
            "three clusters": clusters(3),
            "four clusters": clusters(4),
            "other four": clusters(4),
            "in small units": clusters(3, unit=0.1),
            "far from 0": clusters(4, centre=3.0),
        },
        hints=(
            "Begin with best_guess, with x as the centres and sigma = 0: the perfect minimum of the loss. Why is it "
            "too sure where points are few?",
            "Give each clean point a width: sigma = h. The density of the data is then a sum of small hills. Which h "
            "is right? Ask how likely each clean point is under the hills of the others.",
            "For some h from a third to six times the distance of neighbours, take the mean over i of log of the mean "
            "over j != i of N(x_i; x_j, h^2), and choose the h that makes it largest.",
        ),
    ),
]
