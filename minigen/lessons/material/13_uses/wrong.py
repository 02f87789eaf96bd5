"""Classic wrong answers to the exercises of lesson 13."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of
from minigen.metrics import psnr

EQUIVALENT = {
    "posterior_mean: np.exp(np.clip(..., -50, 50)) for np.exp(exponents - exponents.max(axis=1, keepdims=True))": (
        "weights below e^-50 are lost in the last digit of the sum"
    ),
    "posterior_mean: sigma at least 1e-6": "the nearest image has all of the weight long before",
    "psnr_unknown: known zeros replaced by 0.001": "the factor 0.999 of all squares cancels in their mean",
    "psnr_unknown: x and restored exchanged": "the square is symmetric",
    "restoration_loss: x and guess exchanged": "the square is symmetric",
    "restoration_loss: np.nan_to_num(np.log(...)) for np.log(2 * np.pi * mse)": "some unknown pixel differs",
    "least_absolute: >= in below > 0.5": "no set of images has exactly half of the probability",
}

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


def _unknown(x, known):
    return np.broadcast_to(1 - known, x.shape)


def _mse(x, other, known):
    return (_unknown(x, known) * (x - other) ** 2).sum() / _unknown(x, known).sum()


# ------------------------------------------------------------------------------------------------ psnr_unknown


@wrong("psnr_unknown", "the sign is flipped: 10 log10(1 / MSE); a smaller error is a larger PSNR")
def negative(x, restored, known):
    return -ref.psnr_unknown(x, restored, known)


@wrong("psnr_unknown", "that is the natural logarithm: decibels take log10")
def natural(x, restored, known):
    return float(10 * np.log(1 / _mse(x, restored, known)))


@wrong("psnr_unknown", "the factor of the logarithm is 10: 20 belongs to the root of the MSE")
def twenty(x, restored, known):
    return 2 * ref.psnr_unknown(x, restored, known)


@wrong("psnr_unknown", "the error is averaged over all pixels: only the unknown ones count, in the divisor too")
def over_all(x, restored, known):
    return float(-10 * np.log10((_unknown(x, known) * (x - restored) ** 2).mean()))


@wrong("psnr_unknown", "known pixels are counted with the others: multiply the error by 1 - known")
def mask_ignored(x, restored, known):
    return float(-10 * np.log10(((x - restored) ** 2).mean()))


@wrong("psnr_unknown", "the mask is the wrong way round: known is 1 where a pixel does not count")
def known_only(x, restored, known):
    return ref.psnr_unknown(x, restored, 1 - known)


@wrong("psnr_unknown", "the divisor counts pixels without their channels: broadcast the mask to x.shape first")
def without_channels(x, restored, known):
    return float(-10 * np.log10((_unknown(x, known) * (x - restored) ** 2).sum() / (1 - known).sum()))


@wrong("psnr_unknown", "the PSNR of each image is taken, and then the mean: average the squares first")
def mean_of_decibels(x, restored, known):
    values = [ref.psnr_unknown(x[i : i + 1], restored[i : i + 1], known[i : i + 1]) for i in range(len(x))]
    return float(np.mean(values))


@wrong("psnr_unknown", "the error is not squared")
def absolute(x, restored, known):
    unknown = _unknown(x, known)
    return float(-10 * np.log10((unknown * abs(x - restored)).sum() / unknown.sum()))


@wrong("psnr_unknown", "calls minigen", compared=False)
def of_the_library(x, restored, known):
    return psnr(x, restored, 1 - known)


# ----------------------------------------------------------------------------------------------- posterior_mean


def _mean(y, train, exponents):
    w = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    return w / w.sum(axis=1, keepdims=True) @ train


def _squares(y, train):
    return ((y[:, None] - train) ** 2).sum(axis=2)


@wrong("posterior_mean", "the nearest training image has the least weight: the exponent is negative")
def farthest(y, train, sigma):
    return _mean(y, train, _squares(y, train) / (2 * sigma**2))


@wrong("posterior_mean", "the 2 in 2 sigma^2 is missing")
def no_two(y, train, sigma):
    return _mean(y, train, -_squares(y, train) / sigma**2)


@wrong("posterior_mean", "sigma is not squared: the exponent is -|y - t|^2 / (2 sigma^2)")
def sigma_not_squared(y, train, sigma):
    return _mean(y, train, -_squares(y, train) / (2 * sigma))


@wrong("posterior_mean", "the distance is not squared")
def plain_distance(y, train, sigma):
    return _mean(y, train, -np.sqrt(_squares(y, train)) / (2 * sigma**2))


@wrong("posterior_mean", "the squares are averaged over the pixels: sum them, each pixel is evidence of its own")
def mean_of_squares(y, train, sigma):
    return _mean(y, train, -_squares(y, train) / y.shape[1] / (2 * sigma**2))


@wrong("posterior_mean", "all training images have the same weight: that is the prior, before y was seen")
def prior_mean(y, train, sigma):
    return np.tile(train.mean(axis=0), (len(y), 1))


@wrong("posterior_mean", "that is the most probable image, not the mean: sum over all of them with their weights")
def most_probable(y, train, sigma):
    return train[_squares(y, train).argmin(axis=1)]


@wrong("posterior_mean", "the weights are normalised over the wrong axis: for each y they sum to 1 over the images")
def wrong_axis(y, train, sigma):
    exponents = -_squares(y, train) / (2 * sigma**2)
    w = np.exp(exponents - exponents.max(axis=0))
    return w / w.sum(axis=0) @ train


@wrong("posterior_mean", "all weights of a row round to 0, and 0 / 0 is NaN: subtract the largest exponent first")
def underflow(y, train, sigma):
    w = np.exp(-_squares(y, train) / (2 * sigma**2))
    return w / w.sum(axis=1, keepdims=True) @ train


@wrong("posterior_mean", "the weights do not sum to 1: divide them by their sum")
def not_normalised(y, train, sigma):
    return np.exp(-_squares(y, train) / (2 * sigma**2)) @ train


@wrong("posterior_mean", "calls minigen", compared=False)
def softmax_of_the_library(y, train, sigma):
    return mg.softmax(-_squares(y, train) / (2 * sigma**2)) @ train


# ------------------------------------------------------------------------------------------------ restoration_loss


@wrong("restoration_loss", "it is summed over the batch: divide by N, the loss is in nats per image")
def of_the_batch(x, guess, known):
    return ref.restoration_loss(x, guess, known) * len(x)


@wrong("restoration_loss", "the factor 1/2 is missing")
def not_halved(x, guess, known):
    return 2 * ref.restoration_loss(x, guess, known)


@wrong("restoration_loss", "the sign is flipped: that is log p, and a loss is minimised")
def log_likelihood(x, guess, known):
    return -ref.restoration_loss(x, guess, known)


@wrong("restoration_loss", "the + 1 is missing: the mean of (x - guess)^2 / MSE over the unknown pixels")
def without_one(x, guess, known):
    return float(ref.restoration_loss(x, guess, known) - _unknown(x, known).sum() / (2 * len(x)))


@wrong("restoration_loss", "the logarithm is of the root of the MSE: it should be of the variance")
def deviation(x, guess, known):
    unknown, mse = _unknown(x, known).sum(), _mse(x, guess, known)
    return float(unknown / (2 * len(x)) * (np.log(2 * np.pi * np.sqrt(mse)) + 1))


@wrong("restoration_loss", "the 2 pi is missing")
def no_two_pi(x, guess, known):
    unknown, mse = _unknown(x, known).sum(), _mse(x, guess, known)
    return float(unknown / (2 * len(x)) * (np.log(mse) + 1))


@wrong("restoration_loss", "known pixels are counted: their error is 0 by definition, and the scale would be too small")
def all_pixels(x, guess, known):
    return ref.restoration_loss(x, guess, np.zeros_like(known))


@wrong("restoration_loss", "U counts pixels without their channels: broadcast the mask to x.shape first")
def pixels_only(x, guess, known):
    return ref.restoration_loss(x, guess, known) / x.shape[3]


@wrong("restoration_loss", "each image has a scale of its own: the MSE is that of the whole batch")
def own_scales(x, guess, known):
    return float(
        np.mean([ref.restoration_loss(x[i : i + 1], guess[i : i + 1], known[i : i + 1]) for i in range(len(x))])
    )


@wrong("restoration_loss", "calls the reference itself", compared=False)
def the_reference(x, guess, known):
    return cheat.restoration_loss(x, guess, known)


# --------------------------------------------------------------------------------------- restoration_gradient


@wrong("restoration_gradient", "the sign is flipped: the loss falls towards x, so its gradient points away from it")
def towards(x, guess, known):
    return -ref.restoration_gradient(x, guess, known)


@wrong("restoration_gradient", "the factor 2 is left over: the 1/2 of the loss takes the 2 of the square away")
def twice(x, guess, known):
    return 2 * ref.restoration_gradient(x, guess, known)


@wrong("restoration_gradient", "the division by the MSE is missing: that is the gradient with a scale of 1")
def fixed_scale(x, guess, known):
    return _unknown(x, known) * (guess - x) / len(x)


@wrong("restoration_gradient", "that is the gradient of the MSE: the loss has its logarithm, times U / 2N")
def of_the_mse(x, guess, known):
    unknown = _unknown(x, known)
    return 2 * unknown * (guess - x) / unknown.sum()


@wrong("restoration_gradient", "known pixels get a gradient: the guess is not used there")
def everywhere(x, guess, known):
    return (guess - x) / (len(x) * _mse(x, guess, known))


@wrong("restoration_gradient", "the division by N is missing: the loss is the mean over the images")
def of_the_sum(x, guess, known):
    return ref.restoration_gradient(x, guess, known) * len(x)


@wrong("restoration_gradient", "it is divided by U as well: the U in the loss takes the 1/U of the mean away")
def divided_by_u(x, guess, known):
    return ref.restoration_gradient(x, guess, known) / _unknown(x, known).sum()


@wrong("restoration_gradient", "the MSE counts known pixels in its divisor: there are U unknown ones")
def mse_over_all(x, guess, known):
    unknown = _unknown(x, known)
    return unknown * (guess - x) / (len(x) * (unknown * (x - guess) ** 2).mean())


@wrong("restoration_gradient", "each image is divided by its own MSE: the scale is that of the whole batch")
def own_mse(x, guess, known):
    unknown = _unknown(x, known)
    mse = (unknown * (x - guess) ** 2).sum(axis=(1, 2, 3), keepdims=True) / unknown.sum(axis=(1, 2, 3), keepdims=True)
    return unknown * (guess - x) / (len(x) * mse)


@wrong("restoration_gradient", "numeric differentiation", compared=False)
def measured(x, guess, known):
    gradient, h = np.zeros_like(guess), 1e-5
    for index in np.ndindex(*guess.shape):
        step = np.zeros_like(guess)
        step[index] = h
        gradient[index] = cheat.restoration_loss(x, guess + step, known) - cheat.restoration_loss(
            x, guess - step, known
        )
    return gradient / (2 * h)


@wrong("restoration_gradient", "changes its input guess", compared=False)
def in_place(x, guess, known):
    mse = _mse(x, guess, known)
    guess -= x
    guess *= _unknown(x, known) / (len(x) * mse)
    return guess


@wrong("restoration_gradient", "calls the reference itself", compared=False)
def gradient_of_the_reference(x, guess, known):
    return cheat.restoration_gradient(x, guess, known)


# --------------------------------------------------------------------------------------------- least_absolute


def _value_at(w, images, share):
    """For each row of w and each pixel, the value below which this share of the probability lies."""
    order = images.argsort(axis=0)
    at = (np.cumsum(w[:, order], axis=1) > share).argmax(axis=1)
    return np.take_along_axis(np.take_along_axis(images, order, axis=0), at, axis=0)


@wrong("least_absolute", "that is the mean, the best answer for the square; the absolute error has another one")
def mean_again(w, images):
    return w @ images


@wrong("least_absolute", "the median of the images without their probabilities: count each value with its weight")
def unweighted(w, images):
    return np.tile(np.quantile(images, 0.5, axis=0, method="lower"), (len(w), 1))


@wrong("least_absolute", "that is the most probable image: the best value of each pixel may come from another image")
def most_probable_image(w, images):
    return images[w.argmax(axis=1)]


@wrong("least_absolute", "one of the images is chosen for all pixels: each pixel has a median of its own")
def best_of_the_images(w, images):
    errors = w @ np.abs(images[:, None] - images).sum(axis=2)
    return images[errors.argmin(axis=1)]


@wrong("least_absolute", "the first quarter is taken: the sum of the probabilities must exceed 1/2")
def quarter(w, images):
    return _value_at(w, images, 0.25)


@wrong("least_absolute", "the value before the one at which the sum of the probabilities exceeds 1/2 is taken")
def one_too_early(w, images):
    order = images.argsort(axis=0)
    at = np.maximum((np.cumsum(w[:, order], axis=1) > 0.5).argmax(axis=1) - 1, 0)
    return np.take_along_axis(np.take_along_axis(images, order, axis=0), at, axis=0)


@wrong("least_absolute", "the probabilities are added up in the images' own order: sort them with the pixel's values")
def weights_not_sorted(w, images):
    at = (np.cumsum(w, axis=1) > 0.5).argmax(axis=1)
    return np.sort(images, axis=0)[at]


@wrong("least_absolute", "calls the reference itself", compared=False)
def median_of_the_reference(w, images):
    return cheat.least_absolute(w, images)


# -------------------------------------------------------------------------------------------------- fill_hole


def _squares_known(y, known, train):
    """Square errors over the known pixels: (N, M)."""
    return ((known[:, None] * (y[:, None] - train)) ** 2).sum(axis=(2, 3, 4))


@wrong("fill_hole", "does not reach the goal", compared=False)
def nearest_image(y, known, train):
    return train[_squares_known(y, known, train).argmin(axis=1)]


@wrong("fill_hole", "does not reach the goal", compared=False)
def mean_image(y, known, train):
    return np.broadcast_to(train.mean(axis=0), y.shape)


@wrong("fill_hole", "does not reach the goal", compared=False)
def left_empty(y, known, train):
    return y


@wrong("fill_hole", "does not reach the goal", compared=False)
def all_alike(y, known, train):
    w = np.exp(-_squares_known(y, known, train) / (2 * 4.0**2))
    return np.einsum("nm,mhwc->nhwc", w / w.sum(axis=1, keepdims=True), train)


@wrong("fill_hole", "expected finite numbers of shape", compared=False)
def flattened(y, known, train):
    return train[_squares_known(y, known, train).argmin(axis=1)].reshape(len(y), -1)
