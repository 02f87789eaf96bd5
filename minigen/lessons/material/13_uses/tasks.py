"""The exercises of lesson 13: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


def images(rng, names, scale=1.0):
    """Two batches of images under these names, all sizes different, and a mask that differs from image to image."""
    n, h, w, c = (int(v) for v in rng.choice([2, 3, 4, 5, 6], 4, replace=False))
    known = (rng.random((n, h, w, 1)) < 0.5).astype(float)
    known[:, 0, 0], known[:, -1, -1] = 0, 1
    x = rng.random((n, h, w, c))
    return {names[0]: x, names[1]: x + scale * rng.standard_normal(x.shape), "known": known}


def restored(scale):
    """Inputs of psnr_unknown, with errors of about this size."""
    return lambda rng: images(rng, ("x", "restored"), scale)


def guessed(scale):
    """Inputs of restoration_loss and of its gradient."""
    return lambda rng: images(rng, ("x", "guess"), scale)


def noisy(sigma):
    """Inputs of posterior_mean: training images, some of them with noise."""

    def draw(rng):
        n, m, d = (int(v) for v in rng.choice(np.arange(3, 10), 3, replace=False))
        train = rng.random((m, d))
        y = train[rng.integers(m, size=n)] + max(sigma, 0.3) * rng.standard_normal((n, d))
        return {"y": y, "train": train, "sigma": sigma}

    return draw


def of_loss(reference, inputs):
    """The loss, as a function of the guess."""
    x, guess, known = inputs.values()
    return [(lambda g: reference["restoration_loss"](x, g, known), guess)]


EXERCISES = [
    Exercise(
        key="13.1",
        function="posterior_mean",
        section="What was lost can only be guessed",
        cases={"much noise": noisy(0.7), "some noise": noisy(0.4), "hardly any noise": noisy(0.004)},
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
        cases={"small errors": restored(0.1), "large errors": restored(1.0), "others": restored(0.3)},
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
        cases={"small errors": guessed(0.1), "large errors": guessed(1.0), "others": guessed(0.3)},
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
        cases={"small errors": guessed(0.1), "large errors": guessed(1.0), "others": guessed(0.3)},
        measured=of_loss,
        hints=(
            "The loss is U / 2N times log MSE, and constants. What is the derivative of log MSE with respect to the "
            "MSE, and of the MSE with respect to one entry of the guess?",
            "d log MSE = d MSE / MSE, and d MSE / d guess = 2 (guess - x) / U at unknown pixels. Multiply the factors: "
            "U and 2 cancel.",
            "unknown * (guess - x) / (len(x) * mse), with the mse of the whole batch.",
        ),
    ),
]
