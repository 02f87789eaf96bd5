"""The exercises of lesson 13: on which inputs they are checked, and hints."""

import numpy as np

from minigen.data import load
from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth
from minigen.metrics import fill_from_nearest, psnr


def images(name, scale, shape=None, share=0.5):
    """Inputs x, `name` and known: images, others that differ by about `scale`, and a mask.

    Args:
        shape: by default four different sizes. share: of the pixels that are known. In the first image one is not.
    """

    def draw(rng):
        n, h, w, c = shape or (int(v) for v in rng.choice([2, 3, 4, 5, 6], 4, replace=False))
        known = (rng.random((n, h, w, 1)) < share).astype(float)
        known[0, 0, 0] = 0
        if h * w > 1:
            known[:, -1, -1] = share > 0
        x = rng.random((n, h, w, c))
        x[0, 0, 0, 0] = 0
        other = x + scale * rng.standard_normal(x.shape)
        if c > 1:
            other[0, 0, 0, -1] = 0
        return {"x": x, name: other, "known": known}

    return draw


def nearly_black(name, brightest):
    """Inputs x, `name` and known: images so dark that the largest possible error is tiny."""

    def draw(rng):
        scale = brightest * rng.uniform(0.6, 1)
        x, other = scale * rng.random((3, 4, 5, 1)), scale * rng.uniform(0.1, 1, (3, 4, 5, 1))
        known = (rng.random(x.shape) < 0.5).astype(float)
        known[0, 0, 0] = 0
        return {"x": x, name: other, "known": known}

    return draw


def cases_of(name, tiny=1e-5, dark=1e-8):
    """The cases of psnr_unknown, of restoration_loss and of its gradient; `name`: of the second argument.

    tiny: the size of tiny errors; dark: of the pixels of nearly black images. A gradient is also measured, by steps
    that have to be smaller than both.
    """
    return {
        "small errors": images(name, 0.1),
        "tiny errors": images(name, tiny, (3, 4, 5, 1)),
        "errors above 1": images(name, 100.0),
        "nothing is known": images(name, 0.3, share=0.0),
        "one image, few unknown pixels": images(name, 0.3, (1, 4, 4, 1), share=0.8),
        "images without unknown pixels": images(name, 0.3, (3, 3, 3, 3), share=1.0),
        "one pixel": images(name, 0.3, (1, 1, 1, 2)),
        "one pixel, one channel": images(name, 0.3, (1, 1, 1, 1)),
        "nearly black": nearly_black(name, dark),
    }


def noisy(sigma, sizes=None):
    """Inputs of posterior_mean: training images, some of them with noise. sizes: N, M, D; by default all different."""

    def draw(rng):
        n, m, d = sizes or (int(v) for v in rng.choice(np.arange(3, 10), 3, replace=False))
        train = rng.random((m, d))
        y = train[rng.integers(m, size=n)] + max(sigma, 0.3) * rng.standard_normal((n, d))
        return {"y": y, "train": train, "sigma": sigma}

    return draw


def any_numbers(rng):
    """Inputs of posterior_mean of any sign and size, some of them 0."""
    train, y = 100 * rng.standard_normal((6, 4)), 150 * rng.standard_normal((5, 4))
    train[0, 0] = train[3, 1] = y[:, 0] = y[2, 3] = 0
    return {"y": y, "train": train, "sigma": 120.0}


def between(rng):
    """Inputs of posterior_mean: y exactly between two training images, of which one is there twice; one far away."""
    a, step = rng.random(4), np.array([0.5, 0.0, 0.25, 0.0])
    return {"y": (a + step)[None], "train": np.stack([a, a + 2 * step, a, a + 40]), "sigma": 0.25}


def of_loss(reference, inputs):
    """The loss, as a function of the guess."""
    x, guess, known = inputs.values()
    return [(lambda g: reference["restoration_loss"](x, g, known), guess)]


def weighted(n, m, d, equal=False):
    """Inputs of least_absolute. If `equal`, some images have the same pixels and some have no probability."""

    def draw(rng):
        images = rng.integers(3, size=(m, d)) / 2 if equal else rng.standard_normal((m, d))
        w = rng.random((n, m))
        if equal:
            w[:, 0] = 0
        return {"w": w / w.sum(axis=1, keepdims=True), "images": images}

    return draw


def nearly_even(rng):
    """Inputs of least_absolute: of twelve images, two are possible, and one of them hardly more than the other."""
    inputs = weighted(2, 12, 7)(rng)
    w = np.zeros((2, 12))
    w[:, rng.permutation(12)[:2]] = 0.4999, 0.5001
    return inputs | {"w": w}


def likely_one(rng):
    """Inputs of least_absolute where one image has more than half of the probability."""
    inputs = weighted(3, 5, 4)(rng)
    w = 0.4 * inputs["w"]
    w[:, 2] += 0.6
    return inputs | {"w": w}


def holes(rng):
    """Inputs of fill_hole: 8x8 digits with holes of half the side, and 500 others."""
    train, test = load("digits", "train").x, load("digits", "test").x
    x = test[rng.permutation(len(test))[:250]].astype(float)
    known = np.ones(x.shape)
    for image, (row, column) in zip(known, rng.integers(5, size=(len(x), 2)), strict=True):
        image[row : row + 4, column : column + 4] = 0
    chosen = train[rng.permutation(len(train))[:500]].astype(float)
    return WithTruth({"y": x * known, "known": known, "train": chosen}, x=x)


def gain_over_the_nearest(inputs, answer):
    """How many decibels the filled holes are better than those of the nearest neighbour."""
    y, known, train = inputs.values()
    try:
        filled = np.asarray(answer, float)
    except (TypeError, ValueError):
        filled = np.empty(0)
    if filled.shape != y.shape or not np.isfinite(filled).all():
        raise ArgumentError(f"fill_hole: expected finite numbers of shape {y.shape}, got shape {filled.shape}")
    x = inputs.truth["x"]
    theirs = psnr(x, fill_from_nearest(y, known, train), 1 - known)
    return Measure(psnr(x, filled, 1 - known) - theirs, 1.0, what="dB above the nearest neighbour")


EXERCISES = [
    Exercise(
        key="13.1",
        function="posterior_mean",
        section="What was lost can only be guessed",
        cases={
            "much noise": noisy(0.7),
            "some noise": noisy(0.4),
            "hardly any noise": noisy(0.004),
            "noise above all": noisy(300.0),
            "any numbers": any_numbers,
            "equal sizes": noisy(0.5, (4, 4, 4)),
            "one of each": noisy(0.5, (1, 1, 1)),
            "between two images": between,
        },
        hints=(
            "First the squared distances of every y to every training image, (N, M). Which is larger, a weight of a "
            "near one or of a far one?",
            "y[:, None] - train is (N, M, D); square it and sum over the last axis. Divide by -2 sigma^2, subtract "
            "the largest of each row, take exp, and divide each row by its sum.",
            "With w of shape (N, M), whose rows sum to 1, the mean of the training images is the matrix product "
            "w @ train.",
        ),
    ),
    Exercise(
        key="13.2",
        function="psnr_unknown",
        section="How good is it?",
        cases=cases_of("restored"),
        hints=(
            "Which pixels count? And how many numbers are that, in all images together, with all channels?",
            "unknown = np.broadcast_to(1 - known, x.shape) is 1 where a number counts. The sum of the squared errors "
            "there, over the sum of unknown, is the MSE.",
            "mse = (unknown * (x - restored) ** 2).sum() / unknown.sum(); return float(10 * np.log10(1 / mse))",
        ),
    ),
    Exercise(
        key="13.3",
        function="restoration_loss",
        section="A model of the guesses",
        cases=cases_of("guess"),
        hints=(
            "Which numbers enter the MSE, and by how many is the sum divided? By how many the loss at the end?",
            "The MSE is that of 13.2. U = unknown.sum() with unknown broadcast to x.shape, so that channels count.",
            "return float(unknown.sum() / (2 * len(x)) * (np.log(2 * np.pi * mse) + 1))",
        ),
    ),
    Exercise(
        key="13.4",
        function="restoration_gradient",
        section="A model of the guesses",
        cases=cases_of("guess", tiny=0.02, dark=4e-3),
        measured=of_loss,
        hints=(
            "The loss is U / 2N times log MSE, and constants. What is the derivative of log MSE with respect to the "
            "MSE, and of the MSE with respect to one entry of the guess?",
            "d log MSE = d MSE / MSE, and d MSE / d guess = 2 (guess - x) / U at unknown pixels. Multiply the factors: "
            "U and 2 cancel.",
            "unknown * (guess - x) / (len(x) * mse), with the mse of the whole batch.",
        ),
    ),
    Exercise(
        key="13.5",
        function="least_absolute",
        section="A misconception, put to the test",
        level=2,
        cases={
            "few images": weighted(4, 3, 5),
            "many images": weighted(3, 20, 6),
            "one likely image": likely_one,
            "two possible images": nearly_even,
            "equal pixels": weighted(5, 8, 6, equal=True),
            "one image": weighted(3, 1, 4),
            "one row": weighted(1, 4, 3),
            "one pixel": weighted(3, 4, 1),
            "one of each": weighted(1, 1, 1),
        },
        hints=(
            "The sum over pixels is smallest if each pixel's own expected error is. So take one pixel: images have the "
            "values v_1 < v_2 < ... with chances w_1, w_2, ... What slope has sum_m w_m |v_m - a| in a?",
            "Each image with a value below a adds +w_m to the slope, each above adds -w_m. The slope changes its sign "
            "where the probability below and the one above are equal. What is such a value called?",
            "The weighted median, pixel by pixel: sort the M values of a pixel, add their probabilities in that order, "
            "and take the first value at which the sum exceeds 1/2.",
        ),
    ),
    Exercise(
        key="13.6",
        function="fill_hole",
        section="How good is it?",
        level=3,
        cases={"holes": holes, "other holes": holes},
        measure=gain_over_the_nearest,
        hints=(
            "The nearest training image is one guess. What did the lesson say about one guess and the mean of many?",
            "Take the posterior of 13.1 with the known pixels alone: the weight of a training image falls with its "
            "square error over them.",
            "w = e^(-squares / (2 sigma^2)), divided by its sum over the training images, and the weighted mean of "
            "these. sigma is yours to choose; between 0.3 and 0.5 works.",
        ),
    ),
]
