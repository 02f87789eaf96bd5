"""Classic wrong answers to the exercises of lesson 20."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


AT_LEAST_1 = "the sum holds e^0, so its logarithm is one of a number that is at least 1"
EQUIVALENT = {
    "made_masks: result at least 0": "a mask holds zeros and ones",
    "log_probability: np.nan_to_num(np.log(...)) for np.log(np.exp(shifted).sum(axis=2, keepdims=True))": AT_LEAST_1,
    "log_probability: np.log(np.maximum(..., 1e-8)) for np.log(np.exp(shifted).sum(axis=2, keepdims=True))": AT_LEAST_1,
    "log_probability: np.exp(np.clip(..., -50, 50)) for np.exp(shifted)": "beside e^0, e^-50 is less than rounding",
    "log_probability: axis dropped in np.take_along_axis(log_p, levels[:, :, None], axis=2)": (
        "the last axis is taken where none is named"
    ),
    "dequantised_bound: np.nan_to_num(np.log(...)) for np.log(levels)": "there is at least one level",
    "dequantised_bound: np.log(np.maximum(..., 1e-8)) for np.log(levels)": "there is at least one level",
    "dequantised_bound: pixels at least 1": "there is at least one pixel",
    "dequantised_bound: levels at least 1": "there is at least one level",
    "uniform_bound: np.nan_to_num(np.log(...)) for np.log(deviation)": "deviations are positive",
    "uniform_bound: np.log(np.maximum(..., 1e-8)) for np.log(deviation)": (
        "the logarithm of a deviation below 1e-8 is less than rounding beside 1/12 / (2 deviation^2)"
    ),
    "uniform_bound: deviation zeros replaced by 0.001": "deviations are positive",
    "uniform_bound: deviation negative entries set to 0": "deviations are positive",
}


# ---------------------------------------------------------------------------------------------------- made_masks


@wrong("made_masks", "the first mask leaves out equal degrees: a hidden unit may see the input of its own degree")
def strict_inside(below, degrees, outputs):
    return (degrees > below[:, None]).astype(float), ref.made_masks(below, degrees, outputs)[1]


@wrong("made_masks", "the last mask allows equal degrees: then an output sees its own pixel")
def leak(below, degrees, outputs):
    return ref.made_masks(below, degrees, outputs)[0], (outputs >= degrees[:, None]).astype(float)


@wrong("made_masks", "the masks are turned over: rows are where a weight comes from, columns where it goes")
def transposed(below, degrees, outputs):
    inside, last = ref.made_masks(below, degrees, outputs)
    return inside.T, last.T


@wrong("made_masks", "the comparison is the wrong way round: a hidden unit sees inputs of lower or equal degree")
def turned(below, degrees, outputs):
    return (degrees <= below[:, None]).astype(float), (outputs < degrees[:, None]).astype(float)


@wrong("made_masks", "the units are taken to be in order: compare the degrees that are given")
def positions(below, degrees, outputs):
    return ref.made_masks(np.arange(1, len(below) + 1), degrees, np.arange(1, len(outputs) + 1))


@wrong("made_masks", "both masks are full: then every output sees every input")
def full(below, degrees, outputs):
    return np.ones((len(below), len(degrees))), np.ones((len(degrees), len(outputs)))


@wrong("made_masks", "calls the reference itself", compared=False)
def of_the_answer(below, degrees, outputs):
    return cheat.made_masks(below, degrees, outputs)


# ----------------------------------------------------------------------------------------------- log_probability


@wrong("log_probability", "that is the mean over the pixels: log-probabilities of pixels add up")
def mean_over_pixels(logits, levels):
    return ref.log_probability(logits, levels) / levels.shape[1]


@wrong("log_probability", "the sign is flipped: a log-probability is never above 0")
def negative(logits, levels):
    return -ref.log_probability(logits, levels)


@wrong("log_probability", "the logits of the levels are added, without the logarithm of the sum: not normalised")
def not_normalised(logits, levels):
    return np.take_along_axis(logits, levels[:, :, None], axis=2)[:, :, 0].sum(axis=1)


@wrong("log_probability", "e^logit overflows or vanishes: subtract the largest logit of each pixel first")
def overflowing(logits, levels):
    with np.errstate(all="ignore"):
        p = np.exp(logits)
        p = p / p.sum(axis=2, keepdims=True)
        return np.log(np.take_along_axis(p, levels[:, :, None], axis=2)[:, :, 0]).sum(axis=1)


@wrong("log_probability", "these are probabilities of the likeliest levels: take the level that is there")
def likeliest(logits, levels):
    return ref.log_probability(logits, logits.argmax(axis=2))


@wrong("log_probability", "the sum is over the images: each image has a number of its own")
def over_images(logits, levels):
    shifted = logits - logits.max(axis=2, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
    return np.take_along_axis(log_p, levels[:, :, None], axis=2)[:, :, 0].sum(axis=0)


@wrong("log_probability", "calls minigen", compared=False)
def of_the_library(logits, levels):
    return mg.distributions.Categorical(mg.tensor(logits)).log_prob(levels).numpy().sum(axis=1)


# --------------------------------------------------------------------------------------------- dequantised_bound


@wrong("dequantised_bound", "the unit is missing: v lies in (0, 1), so pixels * log(levels) is subtracted")
def without_unit(log_density, log_q, pixels, levels):
    return (log_density - log_q).mean(axis=1)


@wrong("dequantised_bound", "the unit has the wrong sign")
def unit_added(log_density, log_q, pixels, levels):
    return (log_density - log_q).mean(axis=1) + pixels * np.log(levels)


@wrong("dequantised_bound", "one log(levels) is subtracted: it is one for each pixel")
def unit_of_one_pixel(log_density, log_q, pixels, levels):
    return (log_density - log_q).mean(axis=1) - np.log(levels)


@wrong("dequantised_bound", "the density of the noise is added: it is subtracted, as the code's is in the ELBO")
def noise_added(log_density, log_q, pixels, levels):
    return (log_density + log_q).mean(axis=1) - pixels * np.log(levels)


@wrong("dequantised_bound", "the density of the noise is left out: only of uniform noise is it 0")
def noise_forgotten(log_density, log_q, pixels, levels):
    return log_density.mean(axis=1) - pixels * np.log(levels)


@wrong(
    "dequantised_bound",
    "that is the logarithm of the mean: a tighter bound, from many draws; the mean of logarithms is asked",
)
def many_draws(log_density, log_q, pixels, levels):
    terms = log_density - log_q
    return np.logaddexp.reduce(terms, axis=1) - np.log(terms.shape[1]) - pixels * np.log(levels)


@wrong("dequantised_bound", "the draws are summed: take their mean")
def summed(log_density, log_q, pixels, levels):
    return (log_density - log_q).sum(axis=1) - pixels * np.log(levels)


@wrong("dequantised_bound", "calls the reference itself", compared=False)
def bound_of_the_answer(log_density, log_q, pixels, levels):
    return cheat.dequantised_bound(log_density, log_q, pixels, levels)


# --------------------------------------------------------------------------------------------- paired_difference


@wrong("paired_difference", "the difference has the wrong sign: first less second")
def other_way(first, second):
    difference, error = ref.paired_difference(first, second)
    return -difference, error


@wrong("paired_difference", "the errors of the two means are combined, as if the images were different ones")
def unpaired(first, second):
    error = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / len(first))
    return float((first - second).mean()), float(error)


@wrong("paired_difference", "that is the deviation of a single difference: the error of the mean is smaller by sqrt(N)")
def of_one_image(first, second):
    return float((first - second).mean()), float((first - second).std(ddof=1))


@wrong("paired_difference", "the deviation divides by N: N - 1 is asked")
def divided_by_n(first, second):
    return float((first - second).mean()), float((first - second).std() / np.sqrt(len(first)))


@wrong("paired_difference", "the error is squared: that is the variance of the mean, and its root is asked")
def variance_of_the_mean(first, second):
    return float((first - second).mean()), float((first - second).var(ddof=1) / len(first))


@wrong("paired_difference", "the deviation is divided by N: the error of a mean falls with sqrt(N)")
def divided_too_often(first, second):
    return float((first - second).mean()), float((first - second).std(ddof=1) / len(first))


@wrong("paired_difference", "calls the reference itself", compared=False)
def difference_of_the_answer(first, second):
    return cheat.paired_difference(first, second)


# ------------------------------------------------------------------------------------------------- uniform_bound


@wrong("uniform_bound", "the variance of the noise is missing: (u - 1/2)^2 has the mean 1/12")
def at_the_middle(levels, mean, deviation):
    squared = (levels + 0.5 - mean) ** 2
    return -(squared / (2 * deviation**2) + np.log(deviation) + 0.5 * np.log(2 * np.pi)).sum(axis=1)


@wrong("uniform_bound", "that is the density at the lower end of each cell: the noise has the mean 1/2")
def at_the_level(levels, mean, deviation):
    squared = (levels - mean) ** 2 + 1 / 12
    return -(squared / (2 * deviation**2) + np.log(deviation) + 0.5 * np.log(2 * np.pi)).sum(axis=1)


@wrong(
    "uniform_bound", "E[u^2] = 1/3 is added to the square at the lower end: the mixed term 2 (k - mean) E[u] is missing"
)
def without_mixed_term(levels, mean, deviation):
    squared = (levels - mean) ** 2 + 1 / 3
    return -(squared / (2 * deviation**2) + np.log(deviation) + 0.5 * np.log(2 * np.pi)).sum(axis=1)


@wrong("uniform_bound", "the constant 1/2 log(2 pi) of each pixel is missing")
def without_constant(levels, mean, deviation):
    return ref.uniform_bound(levels, mean, deviation) + levels.shape[1] * 0.5 * np.log(2 * np.pi)


@wrong("uniform_bound", "the sign is flipped: that is the cost, the bound is its negative")
def cost(levels, mean, deviation):
    return -ref.uniform_bound(levels, mean, deviation)


@wrong("uniform_bound", "is wrong in", compared=False)
def drawn(levels, mean, deviation):
    noise = np.random.default_rng(0).random((200, *levels.shape))
    z = (levels + noise - mean) / deviation
    log_p = -(0.5 * z**2 + np.log(deviation) + 0.5 * np.log(2 * np.pi))
    return log_p.mean(axis=0).sum(axis=1)


@wrong("uniform_bound", "the terms of the pixels are averaged: log-probabilities of independent pixels add up")
def mean_over_the_pixels(levels, mean, deviation):
    return ref.uniform_bound(levels, mean, deviation) / levels.shape[1]


@wrong("uniform_bound", "calls the reference itself", compared=False)
def closed_form_of_the_answer(levels, mean, deviation):
    return cheat.uniform_bound(levels, mean, deviation)


# ---------------------------------------------------------------------------------------------------- next_pixel


def shares_of(train, smoothing=0.3):
    counts = np.stack([(train == k).sum(axis=0) for k in range(17)], axis=1) + smoothing
    return counts / counts.sum(axis=1, keepdims=True)


@wrong("next_pixel", "does not reach the goal", compared=False)
def independent(train, images, pixel, seed):
    return np.maximum(shares_of(train)[pixel], 1e-6)


@wrong("next_pixel", "does not reach the goal", compared=False)
def uniform(train, images, pixel, seed):
    return np.full((len(pixel), 17), 1 / 17)


@wrong("next_pixel", "does not reach the goal", compared=False)
def like_the_left_one(train, images, pixel, seed):
    left = images[np.arange(len(pixel)), pixel - 1]
    near = np.exp(-0.5 * (np.arange(17) - left[:, None]) ** 2 / 9) + 0.05
    return near / near.sum(axis=1, keepdims=True)


@wrong("next_pixel", "does not reach the goal", compared=False)
def peeking(train, images, pixel, seed):
    """Independent pixels, but where another image begins alike and is known further on, the level that stands there."""
    p = shares_of(train)[pixel]
    for n, place in enumerate(pixel):
        alike = (images[:, :place] == images[n, :place]).all(axis=1) & (pixel > place)
        p[n] += np.bincount(images[alike, place], minlength=17)
    return np.maximum(p / p.sum(axis=1, keepdims=True), 1e-6)


@wrong("next_pixel", "no probabilities", compared=False)
def counts_only(train, images, pixel, seed):
    return shares_of(train)[pixel] * 1000


@wrong("next_pixel", "below 1e-6", compared=False)
def nearest_image(train, images, pixel, seed):
    known = images >= 0
    distance = ((train[None] - images[:, None]) ** 2 * known[:, None]).sum(axis=2)
    return np.eye(17)[train[distance.argmin(axis=1), pixel]]


@wrong("next_pixel", "a row of 17 probabilities an image", compared=False)
def guesses(train, images, pixel, seed):
    return shares_of(train)[pixel].argmax(axis=1)
