"""Lesson 13: restoring images. Six functions to write, in plain NumPy.

Originals x and restored images are (N, H, W, C) in [0, 1]. What is known of a damaged image is said by a mask
(N, H, W, 1): 1 where a pixel is as it was, 0 where it is not; it holds for all C channels of a pixel. Some pixel of the
batch is unknown, but not necessarily one of each image, and some unknown pixel differs.

Use NumPy and Python's own library, and nothing else. Check your work with `check("13.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 13`.
"""

import numpy as np


def posterior_mean(y: np.ndarray, train: np.ndarray, sigma: float) -> np.ndarray:
    """The best guess at originals in the sense of the mean square, if an original is one of the training images.

    With y = x + sigma noise, noise ~ N(0, 1), and the prior 1/M for each training image t_m, by Bayes' theorem

        p(t_m | y) = w_m / sum_k w_k,    w_m = e^(-|y - t_m|^2 / (2 sigma^2)),       E[x|y] = sum_m p(t_m | y) t_m

    where |.|^2 is summed over pixels. It is a softmax: subtract the largest exponent, or all w_m round to 0.

    Args:
        y: (N, D), noisy images as rows. train: (M, D), any numbers. sigma: the noise's deviation.

    Returns:
        E[x|y]: (N, D).
    """
    # answer
    squares = ((y[:, None] - train) ** 2).sum(axis=2)  # (N, M)
    exponents = -squares / (2 * sigma**2)
    w = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    return w / w.sum(axis=1, keepdims=True) @ train
    # end


def psnr_unknown(x: np.ndarray, restored: np.ndarray, known: np.ndarray) -> float:
    """The peak signal-to-noise ratio over the pixels that were not known, in decibels.

        PSNR = 10 log10(1 / MSE),    MSE = the mean of (x - restored)^2 over all unknown pixels and their channels

    Args:
        x, restored: (N, H, W, C). known: (N, H, W, 1), 1 or 0.

    Returns:
        A number, in dB.
    """
    # answer
    unknown = np.broadcast_to(1 - known, x.shape)
    mse = (unknown * (x - restored) ** 2).sum() / unknown.sum()
    return float(10 * np.log10(1 / mse))
    # end


def restoration_loss(x: np.ndarray, guess: np.ndarray, known: np.ndarray) -> float:
    """-log p(x|guess) in nats per image, p a Gaussian around the guess with the scale that suits the batch best.

    Only unknown pixels count. There are U of them in the batch (times C channels), and

        loss = U / (2N) (log(2 pi MSE) + 1),    MSE = 1/U sum over them of (x - guess)^2

    Args:
        x, guess: (N, H, W, C). known: (N, H, W, 1), 1 or 0.

    Returns:
        A number.
    """
    # answer
    unknown = np.broadcast_to(1 - known, x.shape)
    mse = (unknown * (x - guess) ** 2).sum() / unknown.sum()
    return float(unknown.sum() / (2 * len(x)) * (np.log(2 * np.pi * mse) + 1))
    # end


def restoration_gradient(x: np.ndarray, guess: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The gradient of `restoration_loss` with respect to the guess. (The MSE depends on the guess too.)

    Args:
        x, guess: (N, H, W, C). known: (N, H, W, 1), 1 or 0.

    Returns:
        (N, H, W, C), zero at known pixels.
    """
    # answer
    unknown = np.broadcast_to(1 - known, x.shape)
    mse = (unknown * (x - guess) ** 2).sum() / unknown.sum()
    return unknown * (guess - x) / (len(x) * mse)
    # end


def least_absolute(w: np.ndarray, images: np.ndarray) -> np.ndarray:
    """The answer with the lowest expected absolute error. (Derive it: the lesson shows the one for the square.)

    The original is image m with probability w[n, m]. Of all answers a (D,), real numbers, find the one for which

        E sum_d |x_d - a_d|,    x drawn from the images with these probabilities

    is smallest. The inputs leave no choice: no set of images has exactly half of the probability.

    Args:
        w: (N, M), probabilities; each row sums to 1. images: (M, D).

    Returns:
        The best answer for each row of w: (N, D).
    """
    # answer
    order = images.argsort(axis=0)  # (M, D)
    ordered = np.take_along_axis(images, order, axis=0)
    below = np.cumsum(w[:, order], axis=1)  # (N, M, D): the probability of this value or a smaller one
    at = (below > 0.5).argmax(axis=1)  # (N, D)
    return np.take_along_axis(ordered, at, axis=0)
    # end


def fill_hole(y: np.ndarray, known: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Digits with a hole, filled. Any method may be used; the goal is a PSNR over the hole.

    It has to be 1 dB higher than with the hole of the nearest training image, the one with the smallest square error
    over the known pixels.

    Args:
        y: (N, H, W, 1) in [0, 1], with 0 in the hole. known: (N, H, W, 1), 1 or 0; 0 in the hole.
        train: (M, H, W, 1), other digits, without holes.

    Returns:
        Restored images: (N, H, W, 1). What stands at known pixels does not count.
    """
    # answer
    n, m, sigma = len(y), len(train), 0.4
    mask, t = known.reshape(n, -1), train.reshape(m, -1)
    squares = mask @ (t**2).T - 2 * (mask * y.reshape(n, -1)) @ t.T  # (N, M), without what all t share
    w = np.exp(-(squares - squares.min(axis=1, keepdims=True)) / (2 * sigma**2))
    w /= w.sum(axis=1, keepdims=True)
    return (w @ t).reshape(y.shape)
    # end
