"""Lesson 22: flow matching. Six functions to write, in plain NumPy.

Time runs from 0, where there is noise x_0 ~ N(0, 1), to 1, where there are data x_1. On the line between the two
x_t = (1 - t) x_0 + t x_1.

Use NumPy and Python's own library, and nothing else. Check your work with `check("22.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 22`.
"""

from itertools import pairwise

import numpy as np


def interpolate(x_0: np.ndarray, x_1: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a network of flow matching is shown, and what it should answer.

        x_t = (1 - t) x_0 + t x_1,    the velocity dx_t/dt        for each example, which has its own t

    Args:
        x_0, x_1: (N, ...), noise and examples: points (N, D), or images (N, H, W, C). t: (N,), from 0 to 1.

    Returns:
        (x_t, velocity): each of the shape of x_0.
    """
    # answer
    t = t.reshape(len(t), *[1] * (x_0.ndim - 1))
    return (1 - t) * x_0 + t * x_1, x_1 - x_0
    # end


def mixture_velocity(x: np.ndarray, t: float, centres: np.ndarray, sigma: float, shares: np.ndarray) -> np.ndarray:
    """The best answer of all, E[x_1 - x_0 | x_t = x], where the data are a mixture of Gaussians.

    An example is in cluster k with the probability shares[k], and there it is N(centres[k], sigma^2) in each of its
    D numbers. The noise x_0 is N(0, 1) and independent of it.

    Args:
        x: (N, D), places; they may lie far from everything. t: the time, from 0 to 1. centres: (K, D). sigma: above 0.
        shares: (K,), above 0; their sum is 1.

    Returns:
        (N, D).
    """
    # answer
    variance = (1 - t) ** 2 + (t * sigma) ** 2  # of x_t, in a cluster
    away = x[:, None] - t * centres  # (N, K, D)
    log_p = np.log(shares) - (away**2).sum(axis=2) / (2 * variance)
    p = np.exp(log_p - log_p.max(axis=1)[:, None])
    p = p / p.sum(axis=1)[:, None]
    slope = (t * sigma**2 - (1 - t)) / variance  # of x_1 - x_0 on x_t, in a cluster
    return (p[:, :, None] * (centres + slope * away)).sum(axis=1)
    # end


def heun(x: np.ndarray, matrix: np.ndarray, drift: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Heun's rule along the velocity u(x, t) = tanh(x @ matrix) + t drift, one step from each time to the next.

    A step of length h goes along the mean of two velocities: the one where it begins, and the one at the time t + h
    where Euler's step would end.

    Args:
        x: (N, D), where the points are at times[0]. matrix: (D, D). drift: (D,). times: (S + 1,), rising.

    Returns:
        (N, D), where they are at times[-1].
    """
    # answer
    for t, s in pairwise(times):
        first = np.tanh(x @ matrix) + t * drift
        second = np.tanh((x + (s - t) * first) @ matrix) + s * drift
        x = x + (s - t) * (first + second) / 2
    return x
    # end


def velocity_of_guess(
    y: np.ndarray, a: np.ndarray, s: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the network of lesson 21 says of flow matching.

    A diffusion model looks at y = a x_1 + s x_0, where a^2 + s^2 = 1, and guesses the noise: E[x_0 | y]. Divide y by
    the right number, and it lies on the line between x_0 and x_1. At which time, at which place, and what is the best
    velocity there?

    Args:
        y: (N, D). a, s: (N,), above 0. noise: (N, D), the guesses of x_0.

    Returns:
        (t, x, velocity): (N,), (N, D) and (N, D).
    """
    # answer
    total, a, s = (a + s)[:, None], a[:, None], s[:, None]
    return (a / total)[:, 0], y / total, (y - s * noise) / a - noise
    # end


def pair_on_a_line(x_0: np.ndarray, x_1: np.ndarray) -> tuple[np.ndarray, float]:
    """The optimal pairs of numbers, and the Wasserstein-2 distance of the two sets.

    On a line the sum of squared distances is smallest if the smallest number has the smallest, the second smallest the
    second smallest, and so on. W2 is the root of the mean squared distance of these pairs.

    Args:
        x_0, x_1: (N,), each without equal numbers.

    Returns:
        (order, w2): (N,) integers, such that x_0[order[i]] is paired with x_1[i]; and a number.
    """
    # answer
    order = np.empty(len(x_0), int)
    order[np.argsort(x_1)] = np.argsort(x_0)
    return order, float(np.sqrt(((x_0[order] - x_1) ** 2).mean()))
    # end


def nearly_optimal_pairs(x_0: np.ndarray, x_1: np.ndarray, seed: int) -> np.ndarray:
    """Pairs of points in the plane, or in space, with short lines. An open task: every way to find them is right.

    The goal: the mean squared distance of x_0[order[i]] and x_1[i] is at most 5 % above the smallest that there is.

    Args:
        x_0, x_1: (N, D), for N of some 80. seed: an integer, for whatever you draw.

    Returns:
        order: (N,) integers, each of 0 ... N - 1 once.
    """
    # answer
    cost = ((x_1[:, None] - x_0) ** 2).sum(axis=2)
    rng, tries = np.random.default_rng(seed), []
    for _ in range(4):  # exchanges of two may end where only an exchange of three would help: begin anew
        order, best = rng.permutation(len(x_0)), np.inf
        while best > 1e-9:
            now = cost[:, order]  # row i, column j: x_1[i] with what x_1[j] has
            gain = now.diagonal()[:, None] + now.diagonal() - now - now.T  # of exchanging the ends of i and j
            i, j = np.unravel_index(gain.argmax(), gain.shape)
            best = gain[i, j]
            if best > 1e-9:
                order[[i, j]] = order[[j, i]]
        tries.append((now.trace(), order))
    return min(tries, key=lambda found: found[0])[1]
    # end
