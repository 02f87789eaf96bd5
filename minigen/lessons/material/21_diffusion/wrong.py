"""Classic wrong answers to the exercises of lesson 21."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)

# ---------------------------------------------------------------------------------------- signal_and_deviation


@wrong("signal_and_deviation", "the root of the product is missing: the variances multiply, and a is a deviation")
def no_root(beta):
    a, s = ref.signal_and_deviation(beta)
    return a**2, s**2


@wrong("signal_and_deviation", "s is sqrt(1 - a^2), not 1 - a: variances add up to 1, not deviations")
def deviations_add_up(beta):
    a, _ = ref.signal_and_deviation(beta)
    return a, 1 - a


@wrong("signal_and_deviation", "the product of the betas is taken: what stays of the signal is 1 - beta in each step")
def product_of_betas(beta):
    squared = np.concatenate([[1.0], np.cumprod(beta)])
    return np.sqrt(squared), np.sqrt(1 - squared)


@wrong("signal_and_deviation", "each step is taken by itself: a_t is a product over all the steps before it too")
def single_steps(beta):
    squared = np.concatenate([[1.0], 1 - beta])
    return np.sqrt(squared), np.sqrt(1 - squared)


@wrong("signal_and_deviation", "the losses of signal are added: they multiply")
def sums(beta):
    squared = np.maximum(np.concatenate([[1.0], 1 - np.cumsum(beta)]), 0)
    return np.sqrt(squared), np.sqrt(1 - squared)


@wrong("signal_and_deviation", "a and s have changed places: at t = 0 there is nothing but signal")
def changed_places(beta):
    return ref.signal_and_deviation(beta)[::-1]


@wrong("signal_and_deviation", "one step late: a_1 already has the factor 1 - beta_1")
def one_step_late(beta):
    a, s = ref.signal_and_deviation(beta)
    return np.insert(a[:-1], 0, 1.0), np.insert(s[:-1], 0, 0.0)


@wrong("signal_and_deviation", "a has shape", compared=False)
def without_t_0(beta):
    a, s = ref.signal_and_deviation(beta)
    return a[1:], s[1:]


@wrong("signal_and_deviation", "calls the reference itself", compared=False)
def the_reference_of_schedules(beta):
    return cheat.signal_and_deviation(beta)


# --------------------------------------------------------------------------------------------------- best_guess


def _weights(x_t, centres, variance, a):
    log_w = -((x_t[:, None] - a * centres) ** 2).sum(axis=2) / (2 * variance)
    w = np.exp(log_w - log_w.max(axis=1, keepdims=True))
    return w / w.sum(axis=1, keepdims=True)


@wrong("best_guess", "only the centres are averaged: where in its cluster the point lies is known too, a little")
def mean_of_centres(x_t, centres, sigma, a, s):
    return _weights(x_t, centres, (a * sigma) ** 2 + s**2, a) @ centres


@wrong("best_guess", "the nearest centre alone: all centres are possible, and the mean is asked for")
def nearest_centre(x_t, centres, sigma, a, s):
    variance = (a * sigma) ** 2 + s**2
    c = centres[((x_t[:, None] - a * centres) ** 2).sum(axis=2).argmin(axis=1)]
    return c + a * sigma**2 / variance * (x_t - a * c)


@wrong("best_guess", "that is x_t / a, as if there were no noise in it")
def only_divided(x_t, centres, sigma, a, s):
    return x_t / max(a, 1e-9)


@wrong("best_guess", "the weights know nothing of sigma: a noisy point has the variance a^2 sigma^2 + s^2")
def weights_without_sigma(x_t, centres, sigma, a, s):
    mean = _weights(x_t, centres, s**2, a) @ centres
    return mean + a * sigma**2 / ((a * sigma) ** 2 + s**2) * (x_t - a * mean)


@wrong("best_guess", "the centres are not shrunk: in x_t the centre k lies at a c_k")
def centres_not_shrunk(x_t, centres, sigma, a, s):
    mean = _weights(x_t, centres, (a * sigma) ** 2 + s**2, 1.0) @ centres
    return mean + a * sigma**2 / ((a * sigma) ** 2 + s**2) * (x_t - mean)


@wrong("best_guess", "exponentials that are all 0, and 0 / 0: subtract the largest exponent of each row first")
def no_maximum_subtracted(x_t, centres, sigma, a, s):
    variance = (a * sigma) ** 2 + s**2
    with np.errstate(all="ignore"):
        w = np.exp(-((x_t[:, None] - a * centres) ** 2).sum(axis=2) / (2 * variance))
        mean = w @ centres / w.sum(axis=1, keepdims=True)
        return mean + a * sigma**2 / variance * (x_t - a * mean)


@wrong("best_guess", "the factor is a sigma^2 / (a^2 sigma^2 + s^2): the covariance of x and x_t is a sigma^2")
def factor_without_a(x_t, centres, sigma, a, s):
    variance = (a * sigma) ** 2 + s**2
    mean = _weights(x_t, centres, variance, a) @ centres
    return mean + sigma**2 / variance * (x_t - a * mean)


@wrong("best_guess", "the exponent is divided by the variance: it is |x_t - a c_k|^2 / (2 variance)")
def two_forgotten(x_t, centres, sigma, a, s):
    variance = (a * sigma) ** 2 + s**2
    mean = _weights(x_t, centres, variance / 2, a) @ centres
    return mean + a * sigma**2 / variance * (x_t - a * mean)


@wrong("best_guess", "the weights of a point are not divided by their sum")
def weights_without_a_sum_of_1(x_t, centres, sigma, a, s):
    variance = (a * sigma) ** 2 + s**2
    w = _weights(x_t, centres, variance, a)
    mean = w / w.max(axis=1, keepdims=True) @ centres
    return mean + a * sigma**2 / variance * (x_t - a * mean)


@wrong("best_guess", "in the second term x_t is compared with c_k: its mean there is a c_k")
def second_term_not_shrunk(x_t, centres, sigma, a, s):
    variance = (a * sigma) ** 2 + s**2
    mean = _weights(x_t, centres, variance, a) @ centres
    return mean + a * sigma**2 / variance * (x_t - mean)


@wrong("best_guess", "calls minigen", compared=False)
def softmax_of_the_library(x_t, centres, sigma, a, s):
    variance = (a * sigma) ** 2 + s**2
    w = mg.softmax(mg.tensor(-((x_t[:, None] - a * centres) ** 2).sum(axis=2) / (2 * variance))).numpy()
    mean = w @ centres
    return mean + a * sigma**2 / variance * (x_t - a * mean)


# ---------------------------------------------------------------------------------------------------- step_back


@wrong("step_back", "all of the old noise is kept, and fresh noise is added: together that is more than s_s")
def too_much_noise(x_t, guess, fresh, a_t, a_s, eta):
    s_t, s_s = np.sqrt(1 - a_t**2), np.sqrt(1 - a_s**2)
    c = eta * s_s / s_t * np.sqrt(1 - (a_t / a_s) ** 2)
    return a_s * guess + s_s * (x_t - a_t * guess) / s_t + c * fresh


@wrong("step_back", "the guess alone, with fresh noise: the noise that is there says where we are")
def all_fresh(x_t, guess, fresh, a_t, a_s, eta):
    return a_s * guess + np.sqrt(1 - a_s**2) * fresh


@wrong("step_back", "eta is ignored: 0 means that no fresh noise comes in")
def always_ddpm(x_t, guess, fresh, a_t, a_s, eta):
    return ref.step_back(x_t, guess, fresh, a_t, a_s, 1.0)


@wrong("step_back", "no fresh noise comes in: that is DDIM, whatever eta is")
def always_ddim(x_t, guess, fresh, a_t, a_s, eta):
    return ref.step_back(x_t, guess, fresh, a_t, a_s, 0.0)


@wrong("step_back", "the noise is x_t - a_t x' without the division by s_t: z' has the deviation 1")
def noise_not_divided(x_t, guess, fresh, a_t, a_s, eta):
    s_t, s_s = np.sqrt(1 - a_t**2), np.sqrt(1 - a_s**2)
    c = eta * s_s / s_t * np.sqrt(1 - (a_t / a_s) ** 2)
    return a_s * guess + np.sqrt(s_s**2 - c**2) * (x_t - a_t * guess) + c * fresh


@wrong("step_back", "c is taken as a variance: it multiplies the fresh noise, and c^2 is the variance")
def c_as_variance(x_t, guess, fresh, a_t, a_s, eta):
    s_t, s_s = np.sqrt(1 - a_t**2), np.sqrt(1 - a_s**2)
    c = eta * s_s / s_t * np.sqrt(1 - (a_t / a_s) ** 2)
    return a_s * guess + np.sqrt(s_s**2 - c**2) * (x_t - a_t * guess) / s_t + c**2 * fresh


@wrong("step_back", "the root of s_s^2 - c^2 is not s_s - c")
def root_of_each(x_t, guess, fresh, a_t, a_s, eta):
    s_t, s_s = np.sqrt(1 - a_t**2), np.sqrt(1 - a_s**2)
    c = eta * s_s / s_t * np.sqrt(1 - (a_t / a_s) ** 2)
    return a_s * guess + (s_s - c) * (x_t - a_t * guess) / s_t + c * fresh


@wrong("step_back", "in c stands the root of 1 - a_t^2 / a_s^2, with the squares")
def ratio_not_squared(x_t, guess, fresh, a_t, a_s, eta):
    s_t, s_s = np.sqrt(1 - a_t**2), np.sqrt(1 - a_s**2)
    c = eta * s_s / s_t * np.sqrt(1 - a_t / a_s)
    return a_s * guess + np.sqrt(s_s**2 - c**2) * (x_t - a_t * guess) / s_t + c * fresh


@wrong("step_back", "the guess is shrunk by a_t: the step ends at s, where the signal is a_s")
def signal_of_before(x_t, guess, fresh, a_t, a_s, eta):
    return ref.step_back(x_t, guess, fresh, a_t, a_s, eta) + (a_t - a_s) * guess


@wrong("step_back", "the guess is returned: the step goes only to x_s, where there is noise still")
def the_guess_itself(x_t, guess, fresh, a_t, a_s, eta):
    return guess.copy()


@wrong("step_back", "calls the reference itself", compared=False)
def the_reference_of_steps(x_t, guess, fresh, a_t, a_s, eta):
    return cheat.step_back(x_t, guess, fresh, a_t, a_s, eta)


# --------------------------------------------------------------------------------------------- with_block_means


def _repeated(means, f):
    return means.repeat(f, axis=1).repeat(f, axis=2)


def _means(guess, f):
    n, h, w = guess.shape
    return guess.reshape(n, h // f, f, w // f, f).mean(axis=(2, 4))


@wrong("with_block_means", "those are the means themselves: nothing of the guess is left inside the blocks")
def means_alone(guess, means, f):
    return _repeated(means, f)


@wrong("with_block_means", "the means are added to the guess: only what is missing to them should be")
def means_added(guess, means, f):
    return guess + _repeated(means, f)


@wrong("with_block_means", "the sign is wrong: what is missing is y less the means of the guess")
def taken_away(guess, means, f):
    return guess - _repeated(means - _means(guess, f), f)


@wrong("with_block_means", "what is missing is spread over the pixels of a block: each pixel needs all of it")
def spread_over_the_block(guess, means, f):
    return guess + _repeated(means - _means(guess, f), f) / f**2


@wrong("with_block_means", "the blocks are scaled to their means: that is not the smallest change, and fails at 0")
def scaled(guess, means, f):
    with np.errstate(all="ignore"):
        return guess * _repeated(means / _means(guess, f), f)


@wrong("with_block_means", "only one pixel of each block is changed: the smallest change is the same for all of them")
def one_pixel(guess, means, f):
    changed = guess.copy()
    changed[:, ::f, ::f] += (means - _means(guess, f)) * f**2
    return changed


@wrong("with_block_means", "the blocks are taken from the wrong axes: (n, rows, f, columns, f) is the order")
def wrong_axes(guess, means, f):
    n, rows, columns = means.shape
    blocks = guess.reshape(n, f, rows, f, columns)
    return (blocks + (means - blocks.mean(axis=(1, 3)))[:, None, :, None, :]).reshape(guess.shape)


@wrong("with_block_means", "calls minigen", compared=False)
def pooled_by_the_library(guess, means, f):
    pooled = mg.ops.avg_pool2d(guess[..., None], f)[..., 0]
    return guess + _repeated(means - pooled, f)


# --------------------------------------------------------------------------------------------------- score_of_v


@wrong("score_of_v", "that is z', the noise: the score is -z' / s")
def the_noise(x_t, v, a):
    return np.sqrt(1 - a**2) * x_t + a * v


@wrong("score_of_v", "the sign is wrong: the score points out of the noise")
def into_the_noise(x_t, v, a):
    return -ref.score_of_v(x_t, v, a)


@wrong("score_of_v", "the division by s is missing: the score is -z' / s")
def not_divided(x_t, v, a):
    return ref.score_of_v(x_t, v, a) * np.sqrt(1 - a**2)


@wrong("score_of_v", "v is taken for the noise z: v = a z - s x")
def v_as_noise(x_t, v, a):
    return -v / np.sqrt(1 - a**2)


@wrong("score_of_v", "that is the guess x', where the arrow leads: the score is (a x' - x_t) / s^2")
def the_example(x_t, v, a):
    return a * x_t - np.sqrt(1 - a**2) * v


@wrong("score_of_v", "x' is not shrunk: the score is (a x' - x_t) / s^2")
def without_a(x_t, v, a):
    s = np.sqrt(1 - a**2)
    return (a * x_t - s * v - x_t) / s**2


@wrong("score_of_v", "v counts with the wrong sign: z' = s x_t + a v")
def v_with_the_wrong_sign(x_t, v, a):
    return -x_t + a / np.sqrt(1 - a**2) * v


@wrong("score_of_v", "z' is taken from v alone, divided by a, which is 0 / 0 without signal: put in x_t as well")
def divided_by_the_signal(x_t, v, a):
    s = np.sqrt(1 - a**2)
    with np.errstate(all="ignore"):
        return -(v + s * (a * x_t - s * v)) / a / s


@wrong("score_of_v", "calls the reference itself", compared=False)
def the_reference_of_scores(x_t, v, a):
    return cheat.score_of_v(x_t, v, a)


# ------------------------------------------------------------------------------------------------------ denoise


@wrong("denoise", "distance from the best guesses", compared=False)
def perfect_minimum(x, x_t, a, s, seed):
    """The mean over the clean points that are there: it trusts each of them too much."""
    return ref.best_guess(x_t, x, 0.0, a, s)


@wrong("denoise", "distance from the best guesses", compared=False)
def nearest_point(x, x_t, a, s, seed):
    return x[((x_t[:, None] / a - x) ** 2).sum(axis=2).argmin(axis=1)]


@wrong("denoise", "distance from the best guesses", compared=False)
def divided_by_a(x, x_t, a, s, seed):
    return x_t / a


@wrong("denoise", "distance from the best guesses", compared=False)
def one_gaussian(x, x_t, a, s, seed):
    return ref.best_guess(x_t, x.mean(axis=0, keepdims=True), float(x.std()), a, s)


@wrong("denoise", "expected (1500, 2)", compared=False)
def one_guess_for_all(x, x_t, a, s, seed):
    return x.mean(axis=0)


BESIDE_1 = "the largest weight is 1 before the division, and e^-50 beside it is below the tolerance"
EQUIVALENT = {
    "best_guess: np.exp(np.clip(..., -50, 50)) for np.exp(log_w - log_w.max(axis=1, keepdims=True))": BESIDE_1,
    "signal_and_deviation: result at least 0": "both results are roots, which are never negative",
    "with_block_means: f at least 1": "a block has at least one pixel to its side",
}
