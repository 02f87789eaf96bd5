"""Lesson 21: diffusion. Six functions to write, in plain NumPy.

A noisy example is x_t = a x + s z with z ~ N(0, 1) and a^2 + s^2 = 1. A guess at the example x behind x_t is written
x', a guess at the noise z', and v is a z - s x.

Use NumPy and Python's own library, and nothing else. Check your work with `check("21.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 21`.
"""

import numpy as np


def signal_and_deviation(beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How much signal and how much noise there is after each step of a schedule.

        x_t = sqrt(1 - beta_t) x_(t-1) + sqrt(beta_t) noise,    t = 1 ... T;    x_t = a_t x_0 + s_t z

    Args:
        beta: (T,), from 0 (a step that changes nothing) to 0.999, in any order.

    Returns:
        (a, s): (T + 1,) each, for t = 0 ... T. At t = 0 they are 1 and 0.
    """
    # answer
    squared = np.concatenate([[1.0], np.cumprod(1 - beta)])
    return np.sqrt(squared), np.sqrt(1 - squared)
    # end


def best_guess(x_t: np.ndarray, centres: np.ndarray, sigma: float, a: float, s: float) -> np.ndarray:
    """E[x|x_t] for data from a mixture of K equally likely Gaussians N(c_k, sigma^2), at one noise level.

        w_k proportional to exp(-|x_t - a c_k|^2 / (2 (a^2 sigma^2 + s^2))),    their sum 1
        E[x|x_t] = sum_k w_k (c_k + a sigma^2 / (a^2 sigma^2 + s^2) (x_t - a c_k))

    Far from all centres every one of the exponentials may be 0 to the computer; the weights are not.

    Args:
        x_t: (N, D). centres: (K, D). sigma: at least 0. a: from 0 to 1. s: more than 0. Both may be any such numbers.

    Returns:
        (N, D).
    """
    # answer
    variance = a**2 * sigma**2 + s**2
    log_w = -((x_t[:, None] - a * centres) ** 2).sum(axis=2) / (2 * variance)
    w = np.exp(log_w - log_w.max(axis=1, keepdims=True))
    mean = w @ centres / w.sum(axis=1, keepdims=True)
    return mean + a * sigma**2 / variance * (x_t - a * mean)
    # end


def step_back(x_t: np.ndarray, guess: np.ndarray, fresh: np.ndarray, a_t: float, a_s: float, eta: float) -> np.ndarray:
    """One step of sampling, from the noise level t to an earlier one, s.

        x_s = a_s x' + sqrt(s_s^2 - c^2) z' + c fresh,    c = eta (s_s / s_t) sqrt(1 - a_t^2 / a_s^2)

    z' is the noise in x_t, if x' is right.

    Args:
        x_t, guess, fresh: (N, D): where we are, x', and draws from N(0, 1).
        a_t, a_s: the signal at t and at s, with 0 <= a_t < a_s <= 1. eta: from 0 (DDIM) to 1 (DDPM).

    Returns:
        x_s, (N, D).
    """
    # answer
    s_t, s_s = np.sqrt(1 - a_t**2), np.sqrt(1 - a_s**2)
    c = eta * s_s / s_t * np.sqrt(1 - (a_t / a_s) ** 2)
    return a_s * guess + np.sqrt(s_s**2 - c**2) * (x_t - a_t * guess) / s_t + c * fresh
    # end


def with_block_means(guess: np.ndarray, means: np.ndarray, f: int) -> np.ndarray:
    """The guess at images, changed as little as can be, so that each block of f x f pixels has the mean it must have.

        x' + A^+ (y - A x')        A: the mean of each block;  A^+: each pixel of a block gets the block's number

    Args:
        guess: x', (N, H, W), sides divisible by f. means: y, (N, H / f, W / f). f: the pixels of a block's side.

    Returns:
        (N, H, W).
    """
    # answer
    n, rows, columns = means.shape
    blocks = guess.reshape(n, rows, f, columns, f)
    missing = means - blocks.mean(axis=(2, 4))
    return (blocks + missing[:, :, None, :, None]).reshape(guess.shape)
    # end


def score_of_v(x_t: np.ndarray, v: np.ndarray, a: float) -> np.ndarray:
    """The score of the noisy data at x_t, from a network's guess at v = a z - s x.

    With E[v|x_t] as the guess this is the gradient of log p_t at x_t. Find the formula from Tweedie's and from the two
    equations that x_t and v are made by.

    Args:
        x_t, v: (N, D). a: the signal, from 0 to 0.999.

    Returns:
        (N, D).
    """
    # answer
    s = np.sqrt(1 - a**2)
    return -x_t - a / s * v  # z' = s x_t + a v, and the score is -z' / s
    # end


def denoise(x: np.ndarray, x_t: np.ndarray, a: float, s: float, seed: int) -> np.ndarray:
    """Guess what is behind noisy points, from few clean ones. An open task: every way to a good guess is right.

    The clean points were drawn from a few round clusters; how many there are and how wide they are is not told, but all
    clusters are equally wide. The noisy points are a x + s z, with new x of the same kind.

    The goal: your guesses are near to E[x|x_t] of the true clusters. The mean square distance is at most 0.15 of the
    error that nobody can avoid, the mean of |x - E[x|x_t]|^2.

    Args:
        x: (M, 2), clean points. x_t: (N, 2), noisy ones. a, s: the signal and the deviation of the noise.
        seed: an integer, for whatever you draw.

    Returns:
        (N, 2).
    """
    # answer
    squares = ((x[:, None] - x) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)  # each point is judged by the others
    widths = np.sqrt(squares.min(axis=1).mean()) * np.geomspace(0.3, 6, 25)
    fits = [np.logaddexp.reduce(-squares / (2 * h**2), axis=1).mean() - 2 * np.log(h) for h in widths]
    return best_guess(x_t, x, float(widths[np.argmax(fits)]), a, s)
    # end
