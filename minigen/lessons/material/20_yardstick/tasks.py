"""The exercises of lesson 20: on which inputs they are checked, and hints."""

import numpy as np

from minigen.data.small_digits import all_digits
from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth

LEVELS, PIXELS = 17, 64


def sizes(rng, count, least=2):
    """So many different whole numbers."""
    return (int(v) for v in rng.choice(np.arange(least, 8), count, replace=False))


def of_units(shuffled=False, same=False, one=False):
    """Inputs of made_masks: inputs and outputs in order or shuffled; same: all hidden degrees alike."""

    def draw(rng):
        inputs, hidden, outputs = sizes(rng, 3)
        below, above = np.arange(1, inputs + 1), np.arange(1, outputs + 1)
        degrees = rng.integers(1, max(inputs, outputs), hidden)
        if shuffled:
            below, above = rng.permutation(below), rng.permutation(above)
        if same:
            degrees[:] = int(rng.integers(2, 4))
        if one:
            below, degrees, above = below[:1], degrees[:1], above[:1]
        return {"below": below, "degrees": degrees, "outputs": above}

    return draw


def from_the_last(rng):
    """Inputs of made_masks, the last pixel first, with more units than pixels; the shapes are always the same."""
    return {"below": np.arange(20, 0, -1), "degrees": rng.integers(1, 20, 30), "outputs": np.arange(20, 0, -1)}


def repeated(rng):
    """Inputs of made_masks with several inputs and outputs for each pixel."""
    below = np.repeat(np.arange(1, 4), 2)
    return {"below": below, "degrees": rng.integers(1, 3, 7), "outputs": np.repeat(np.arange(1, 4), 3)}


def logits_of(size, one="", far=0.0):
    """Inputs of log_probability: logits of this size; one: the axis that has length 1. far: added to all of them."""

    def draw(rng):
        n, d, k = sizes(rng, 3)
        n, d, k = (1 if axis == one else length for axis, length in zip("ndk", (n, d, k), strict=True))
        logits = far + size * rng.standard_normal((n, d, k))
        return {"logits": logits, "levels": rng.integers(k, size=(n, d))}

    return draw


def many_levels(rng):
    """Inputs of log_probability with 17 levels, all of which occur, and some logits of 0."""
    levels = np.arange(34).reshape(2, 17) % 17
    logits = rng.standard_normal((2, 17, 17)) * (rng.random((2, 17, 17)) < 0.5)
    return {"logits": logits, "levels": levels}


def ruled_out(rng):
    """Inputs of log_probability: the true level is the likeliest by far, or the unlikeliest."""
    n, d, k = sizes(rng, 3)
    levels = rng.integers(k, size=(n, d))
    logits = rng.standard_normal((n, d, k))
    sign = np.where(np.arange(n) % 2, 1.0, -1.0)[:, None, None]
    return {"logits": logits + 900 * sign * (np.arange(k) == levels[..., None]), "levels": levels}


def densities(size=1.0, uniform=False, draws=0, images=0, levels=0, noise=1.0, pixels=100):
    """Inputs of dequantised_bound; uniform: log_q is 0. draws, images, levels: fixed, if given.

    noise: the size of log_q. pixels: about so many.
    """

    def draw(rng):
        n, s = sizes(rng, 2)
        shape = images or n, draws or s
        log_q = np.zeros(shape) if uniform else noise * rng.standard_normal(shape)
        return {
            "log_density": size * rng.standard_normal(shape) + (50 if size else 0),
            "log_q": log_q,
            "pixels": int(rng.integers(pixels // 2, pixels)),
            "levels": levels or int(rng.integers(3, 256)),
        }

    return draw


def two_models(images=0, apart=1.0, size=10.0, alike=False):
    """Inputs of paired_difference: nats that share much; alike: the second is the first and a constant."""

    def draw(rng):
        n = images or int(rng.integers(5, 60))
        common = 100 + size * rng.standard_normal(n)
        other = common + (2.0 if alike else rng.standard_normal(n))
        return {"first": common + apart, "second": other}

    return draw


def with_zeros(rng):
    """Inputs of paired_difference: images that cost nothing under one of the models."""
    first, second = rng.uniform(0, 0.1, (2, 12))
    first[::3], second[1::3] = 0, 0
    return {"first": first, "second": second}


def gaussian_pixels(spread=1.0, scale=1.0, far=0.0, one=""):
    """Inputs of uniform_bound: deviations about `scale`; far: how far the means lie from the levels."""

    def draw(rng):
        n, d = sizes(rng, 2)
        n, d = (1 if one == "n" else n), (1 if one == "d" else d)
        return {
            "levels": rng.integers(0, LEVELS, (n, d)),
            "mean": rng.uniform(0, LEVELS, d) + far,
            "deviation": scale * np.exp(spread * rng.standard_normal(d)),
        }

    return draw


def amid_the_cells(rng):
    """Inputs of uniform_bound: every mean is in the middle of its level's cell, and deviations are small."""
    n, d = sizes(rng, 2)
    levels = rng.integers(0, LEVELS, d)
    return {"levels": np.tile(levels, (n, 1)), "mean": levels + 0.5, "deviation": rng.uniform(0.01, 0.02, d)}


def means_of_zero(rng):
    """Inputs of uniform_bound."""
    inputs = gaussian_pixels()(rng)
    inputs["mean"] *= 0
    return inputs


def unfinished(rng, count):
    """(train, images with what is not known yet at -1, the asked pixels, the true levels).

    Every image comes once: another pixel of it would tell what was asked here.
    """
    levels = all_digits()[0].reshape(-1, PIXELS).astype(np.int64)
    train, others = levels[:1000], levels[1000:]
    places = [8 * row + column for row in range(1, 8) for column in range(2, 7)]
    images, pixel = rng.permutation(others)[:count], rng.choice(places, count)
    truth = images[np.arange(count), pixel]
    images[np.arange(PIXELS) >= pixel[:, None]] = -1
    return train, images, pixel, truth


def unfinished_images(count):
    """Inputs of next_pixel."""

    def draw(rng):
        train, images, pixel, levels = unfinished(rng, count)
        inputs = {"train": train, "images": images, "pixel": pixel, "seed": int(rng.integers(2**31))}
        return WithTruth(inputs, levels=levels)

    return draw


def nats_of_guesses(inputs, answer):
    """The mean of -log p of the true levels, relative to that of independent pixels."""
    count = len(inputs["pixel"])
    p = np.asarray(answer, np.float64)
    if p.shape != (count, LEVELS):
        raise ArgumentError(f"has shape {p.shape}, expected {(count, LEVELS)}: a row of 17 probabilities an image")
    if not (p >= 1e-6).all():
        raise ArgumentError("has entries below 1e-6 or that are no numbers: add a little to each, then divide")
    if not np.allclose(p.sum(axis=1), 1, atol=1e-6):
        raise ArgumentError("has rows whose sum is not 1: these are no probabilities")
    train, pixel, truth = inputs["train"], inputs["pixel"], inputs.truth["levels"]
    shares = np.stack([(train == k).sum(axis=0) for k in range(LEVELS)], axis=1) + 0.3
    shares /= shares.sum(axis=1, keepdims=True)
    mine, plain = -np.log(p[np.arange(count), truth]).mean(), -np.log(shares[pixel, truth]).mean()
    return Measure(mine / plain, 0.88, "nats, relative to independent pixels", better="lower")


EXERCISES = [
    Exercise(
        key="20.1",
        function="made_masks",
        section="Exact, by the product rule",
        cases={
            "in order": of_units(),
            "in any order": of_units(shuffled=True),
            "hidden units of one degree": of_units(same=True),
            "several inputs and outputs of a pixel": repeated,
            "one of each": of_units(one=True),
            "from the last to the first": from_the_last,
            "other hidden units": from_the_last,
        },
        results=("inside", "last"),
        hints=(
            "The first mask has a row for each input and a column for each hidden unit. Which comparison decides an "
            "entry, and may both sides be equal?",
            "below[:, None] is a column (I, 1): compared with degrees (H,), it gives a table (I, H) of True and False.",
            "(degrees >= below[:, None]).astype(float), and (outputs > degrees[:, None]).astype(float).",
        ),
    ),
    Exercise(
        key="20.2",
        function="log_probability",
        section="Exact, by the product rule",
        cases={
            "logits about 0": logits_of(1.0),
            "large logits": logits_of(1000.0),
            "logits far from 0": logits_of(1.0, far=800.0),
            "logits far below 0": logits_of(1.0, far=-800.0),
            "sure, and right or wrong": ruled_out,
            "all logits alike": logits_of(0.0),
            "17 levels, and zeros": many_levels,
            "one image": logits_of(2.0, one="n"),
            "one pixel": logits_of(2.0, one="d"),
            "one level": logits_of(2.0, one="k"),
        },
        hints=(
            "The log-softmax is an array like the logits. Which entry of each pixel is wanted?",
            "With the largest logit of each pixel subtracted, log sum e^logit is safe. np.take_along_axis(log_p, "
            "levels[:, :, None], axis=2) picks the levels.",
            "s = logits - logits.max(axis=2, keepdims=True); log_p = s - np.log(np.exp(s).sum(axis=2, keepdims=True)); "
            "take the levels, and sum over the pixels.",
        ),
    ),
    Exercise(
        key="20.3",
        function="dequantised_bound",
        section="From a density to a probability",
        cases={
            "learned noise": densities(),
            "uniform noise": densities(uniform=True),
            "densities that differ much": densities(size=500.0),
            "much noise, many pixels": densities(noise=300.0, pixels=3000),
            "a density of 1": densities(size=0.0),
            "one draw": densities(draws=1),
            "one image": densities(images=1),
            "two levels": densities(levels=2),
            "one level": densities(levels=1),
        },
        hints=(
            "The bound is a mean of logarithms over the draws of each image. Which axis is that?",
            "From each log-density the logarithm of the noise's density is subtracted. The unit costs log K a pixel.",
            "(log_density - log_q).mean(axis=1) - pixels * np.log(levels).",
        ),
    ),
    Exercise(
        key="20.4",
        function="paired_difference",
        section="How sure is a difference?",
        cases={
            "two models": two_models(),
            "the first is better": two_models(apart=-3.0),
            "two images": two_models(images=2),
            "three images": two_models(images=3),
            "images that differ much": two_models(size=1000.0),
            "always the same difference": two_models(alike=True, apart=0.0),
            "many images": two_models(images=500),
            "images that cost nothing": with_zeros,
        },
        results=("difference", "error"),
        tolerance=1e-10,
        hints=(
            "Take the difference first, image by image; everything else is about this one array.",
            "Its standard deviation with N - 1 is .std(ddof=1); the error of a mean of N numbers is that over sqrt(N).",
            "d = first - second; float(d.mean()), float(d.std(ddof=1) / np.sqrt(len(d))).",
        ),
    ),
    Exercise(
        key="20.5",
        function="uniform_bound",
        section="From a density to a probability",
        level=2,
        cases={
            "deviations about 1": gaussian_pixels(),
            "all deviations alike": gaussian_pixels(spread=0.0),
            "narrow pixels": gaussian_pixels(scale=0.01),
            "deviations near 0": gaussian_pixels(spread=0.1, scale=1e-10),
            "means amid the cells": amid_the_cells,
            "means of 0": means_of_zero,
            "wide pixels": gaussian_pixels(scale=100.0),
            "means far away": gaussian_pixels(far=200.0),
            "means far below": gaussian_pixels(far=-200.0),
            "one image": gaussian_pixels(one="n"),
            "one pixel": gaussian_pixels(one="d"),
        },
        tolerance=1e-11,
        hints=(
            "Write the logarithm of the Gaussian density at k + u. Only one term of it holds u: which?",
            "E[(k + u - mean)^2]: write k + u - mean = (k + 1/2 - mean) + (u - 1/2). The mixed term has the mean 0, "
            "and the last one is the variance of a uniform number.",
            "That variance is 1/12. So: -sum_d (((k + 1/2 - mean)^2 + 1/12) / (2 s^2) + log s + 1/2 log(2 pi)).",
        ),
    ),
    Exercise(
        key="20.6",
        function="next_pixel",
        section="How sure is a difference?",
        level=3,
        measure=nats_of_guesses,
        cases={
            "some images": unfinished_images(500),
            "others": unfinished_images(500),
            "fewer": unfinished_images(400),
        },
        hints=(
            "Independent pixels count all training images alike. Which of them tell more about this image?",
            "Give each training image a weight that falls with its distance from this one, over the pixels that are "
            "known: those next to the asked pixel matter most. Then count with weights.",
            "weights = exp(-distance / 8), where the squares of the differences are divided by (1 + r^2)^1.5, with r "
            "the distance from the asked pixel. Let a level count a little for its neighbours, and add 1.5 times the "
            "plain shares, so that nothing is impossible.",
        ),
    ),
]
