"""Lesson 24: what a model remembers. Six functions to write, in plain NumPy.

Members are the examples that a model was trained on; others come from the same source, and it has never seen them.
All logarithms are natural. Use NumPy and Python's own library, and nothing else. Check your work with `check("24.1")`
in the lesson, or in a terminal with `python -m minigen.lessons check 24`.
"""

import math

import numpy as np


def auc_with_error(members: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    """The area under the ROC curve of some scores, and its standard error.

        right(x, y) = 1 if s(x) > s(y),    1/2 if they are equal,    else 0
        V_x = mean over the others y of right(x, y)             for each member x
        V_y = mean over the members x of right(x, y)            for each other y
        AUC = mean of all V_x
        error^2 = var(V_x) / M + var(V_y) / N                   with M - 1 and N - 1 under the sums of squares

    Args:
        members: (M,). others: (N,). Two or more scores of each kind; some may be equal.

    Returns:
        (auc, error), two numbers.
    """
    # answer
    right = (members[:, None] > others) + 0.5 * (members[:, None] == others)
    of_members, of_others = right.mean(axis=1), right.mean(axis=0)
    squared = of_members.var(ddof=1) / len(members) + of_others.var(ddof=1) / len(others)
    return float(right.mean()), float(np.sqrt(squared))
    # end


def most_found(named: np.ndarray, epsilon: float, delta: float) -> np.ndarray:
    """The largest share of members that any attack on an (epsilon, delta) private model may find.

    An attack names a share f of the others by mistake. Then it finds a share of the members that is at most

        e^epsilon f + delta,     1 - e^-epsilon (1 - delta - f),     and 1

    Args:
        named: the shares f, (N,), from 0 to 1. epsilon: from 0 to 40. delta: from 0 to 1.

    Returns:
        (N,).
    """
    # answer
    first = np.exp(epsilon) * named + delta
    second = 1 - np.exp(-epsilon) * (1 - delta - named)
    return np.minimum(np.minimum(first, second), 1.0)
    # end


def clipped_sum(x: np.ndarray, delta: np.ndarray, clip: float) -> np.ndarray:
    """The sum of the clipped gradients of a dense layer y = x W, without a loop over the examples.

        G_n = x_n^T delta_n,     ||G_n|| = |x_n| |delta_n|,     result = sum_n G_n min(1, C / ||G_n||)

    A gradient of 0 stays 0.

    Args:
        x: the layer's inputs, (N, I). delta: dL_n/dy_n, (N, O). clip: C, more than 0.

    Returns:
        (I, O).
    """
    # answer
    norms = np.sqrt((x**2).sum(axis=1) * (delta**2).sum(axis=1))
    factors = clip / np.maximum(norms, clip)
    return (x * factors[:, None]).T @ delta
    # end


def sampled_divergence(rate: float, noise: float, order: int) -> float:
    """The Renyi divergence of one step of DP-SGD, of a whole order a.

        A = sum_{i=0}^{a}  binom(a, i) (1 - q)^(a - i) q^i e^((i^2 - i) / (2 sigma^2)),      D = log A / (a - 1)

    The exponentials may be as large as e^30000: add up logarithms, and take the largest one out of the sum.

    Args:
        rate: q, with 0 < q < 1. noise: sigma, at least 0.05. order: a, at least 2.

    Returns:
        D, in nats.
    """
    # answer
    i = np.arange(order + 1)
    log_binomial = np.concatenate([[0.0], np.cumsum(np.log((order - i[:-1]) / (i[:-1] + 1)))])
    terms = log_binomial + (order - i) * np.log1p(-rate) + i * np.log(rate) + (i**2 - i) / (2 * noise**2)
    top = terms.max()
    return float((top + np.log(np.exp(terms - top).sum())) / (order - 1))
    # end


def least_delta(epsilon: np.ndarray, noise: float) -> np.ndarray:
    """The least delta with which one noisy sum is (epsilon, delta) private.

    One number z is seen. It is drawn from P_1 = N(1, sigma^2) with the example and from P_0 = N(0, sigma^2) without it.
    The least delta is the largest value that P_1(S) - e^epsilon P_0(S) has for any set S. Find a formula with the
    distribution function of N(0, 1); Python has it as math.erfc(-z / sqrt(2)) / 2.

    Args:
        epsilon: (N,), from 0 to 80. noise: sigma, at least 0.05.

    Returns:
        (N,).
    """
    # answer
    phi = np.vectorize(lambda z: math.erfc(-z / math.sqrt(2)) / 2)
    a = 1 / (2 * noise)
    return phi(a - epsilon * noise) - np.exp(epsilon) * phi(-a - epsilon * noise)
    # end


def tell_members(losses: np.ndarray, reference: np.ndarray, inside: np.ndarray, seed: int) -> np.ndarray:
    """An open task: a score for each example, higher for those that the attacked model was trained on.

    The attacked model was trained on about half of N digits, each of which was in or out by the toss of a coin. You see
    its loss of each of them. And you have trained K models of the same kind yourself, each on a half by coins of your
    own: you see their losses, and know which examples each of them was trained on.

    The measure is the area under the ROC curve of your scores. The goal is 0.8.

    Args:
        losses: of the attacked model, (N,), all above 0. reference: of your models, (K, N). inside: (K, N), True where
            the example was among those that the model was trained on. seed: for random numbers, if you need any.

    Returns:
        (N,), finite numbers.
    """
    # answer
    logs, known = np.log(losses), np.log(reference)  # losses are skewed, their logarithms less so
    count_in, count_out = inside.sum(axis=0) + 1e-9, (~inside).sum(axis=0) + 1e-9
    mean_in = (known * inside).sum(axis=0) / count_in
    mean_out = (known * ~inside).sum(axis=0) / count_out
    return (logs - mean_out) ** 2 - (logs - mean_in) ** 2  # log of the ratio of two Gaussians, but for a factor
    # end
