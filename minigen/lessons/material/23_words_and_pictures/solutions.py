"""Lesson 23: words and pictures. Six functions to write, in plain NumPy.

Everywhere below, log is the natural logarithm. A picture and its name are a pair.

Use NumPy and Python's own library, and nothing else. Check your work with `check("23.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 23`.
"""

import numpy as np


def contrastive_loss(pictures: np.ndarray, names: np.ndarray, temperature: float) -> float:
    """The loss of N pairs: each picture has to find its name among the N, and each name its picture.

    Row i of both arrays belongs together. With u_i and v_j the rows divided by their lengths:

        s_ij = <u_i, v_j> / temperature
        loss = 1/2 mean_i [-log softmax_j(s_ij) at j = i]  +  1/2 mean_j [-log softmax_i(s_ij) at i = j]

    Args:
        pictures, names: what the two encoders made, (N, D), N at least 1; no row is all zeros.
        temperature: from 0.001 to 100. s may be so large that e^s is infinite; the loss is not.

    Returns:
        the loss, in nats.
    """
    # answer
    u, v = (a / np.sqrt((a**2).sum(axis=1, keepdims=True)) for a in (pictures, names))
    s = u @ v.T / temperature
    right, total = np.diag(s), 0.0
    for scores in (s, s.T):
        top = scores.max(axis=1)
        log_sum = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
        total += (log_sum - right).mean() / 2
    return total
    # end


def recall_at(similarities: np.ndarray, right: np.ndarray, k: int) -> float:
    """The share of queries whose right item is among the k items most similar to it.

    Items that are equally similar to a query stand in random order. Then a right item is among the first k with some
    probability, which counts in place of 0 or 1: so return what the share is on average over these orders.

    Args:
        similarities: of N queries to M items, (N, M). right: which item is each query's, integers (N,).
        k: from 1 to M.

    Returns:
        the share.
    """
    # answer
    its = similarities[np.arange(len(right)), right][:, None]
    before, equal = (similarities > its).sum(axis=1), (similarities == its).sum(axis=1)
    return float(np.clip((k - before) / equal, 0, 1).mean())
    # end


def product_of_experts(means: np.ndarray, log_vars: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The product of E Gaussian experts and the prior N(0, 1), scaled to a density, in each of D numbers of z.

    An expert that is absent says nothing: the product is taken without it. What stands in its place may be anything,
    NaN as well. If all are absent, the prior is left.

    Args:
        means, log_vars: the mean and the logarithm of the variance of each expert, (E, N, D), log_vars from -30 to 30.
        present: whether the expert has something to say of the example, (E, N) of bool.

    Returns:
        (mean, log_var) of the product, (N, D) each.
    """
    # answer
    here = present[:, :, None]
    precisions = np.where(here, np.exp(-log_vars), 0)
    total = 1 + precisions.sum(axis=0)
    mean = (precisions * np.where(here, means, 0)).sum(axis=0) / total
    return mean, -np.log(total)
    # end


def guided_score(
    x: np.ndarray, centres: np.ndarray, classes: np.ndarray, sigma: float, label: int, w: float
) -> np.ndarray:
    """The guided score of a mixture of K Gaussians that all have the same weight.

        p(x)      =  mean over all k of N(x; centre_k, sigma^2)
        p(x|y)    =  mean over the k of class y of N(x; centre_k, sigma^2)
        guided    =  grad log p(x|y)  +  w (grad log p(x|y) - grad log p(x))

    Args:
        x: (N, D), near the centres or so far that every density rounds to 0. centres: (K, D).
        classes: of each centre, integers (K,). sigma: the deviation, at least 0.00001. label: y, one of the classes.
        w: any number that is at least 0.

    Returns:
        (N, D).
    """
    # answer
    d = centres - x[:, None]
    log_p = -0.5 * (d**2).sum(axis=2) / sigma**2
    log_told = np.where(classes == label, log_p, -np.inf)
    scores = []
    for logs in (log_told, log_p):
        share = np.exp(logs - logs.max(axis=1, keepdims=True))
        share = share / share.sum(axis=1, keepdims=True)
        scores.append((share[:, :, None] * d).sum(axis=1) / sigma**2)
    return scores[0] + w * (scores[0] - scores[1])
    # end


def least_loss(n: int, temperature: float) -> float:
    """The smallest value that `contrastive_loss` of n pairs can have at this temperature, whatever the vectors are.

    The vectors may have as many dimensions as they like. Find a formula; do not search for it with the computer.

    Args:
        n: pairs, at least 2 and at most a million. temperature: from 0.01 to 100.

    Returns:
        the smallest loss, in nats. It may be as small as 1e-40, and is not 0 then.
    """
    # answer
    return float(np.log1p((n - 1) * np.exp(-n / ((n - 1) * temperature))))
    # end


def match_names(
    known_pictures: np.ndarray, known_names: np.ndarray, pictures: np.ndarray, names: np.ndarray
) -> np.ndarray:
    """How well does each new picture suit each new name? An open task: every way to find it is right.

    A name consists of words, and a picture is a list of D numbers here. Each word adds a vector of its own to the
    picture; nobody tells you which. Besides, there is light of changing colours in all pictures, which is stronger
    than the words, and some noise. The new names are new compositions: each of their words is known, and none of the
    names.

    The goal: 80 % of the new pictures suit their own name best.

    Args:
        known_pictures, known_names: pairs, (K, D), and (K, V) of 0 and 1: which words the name has.
        pictures, names: new ones, (M, D) and (M, V), in orders that have nothing to do with each other.

    Returns:
        (M, M), larger where picture i suits name j better.
    """
    # answer
    rows = np.concatenate([known_names, np.ones((len(known_names), 1))], axis=1)
    added = np.linalg.lstsq(rows, known_pictures, rcond=None)[0]  # by each word, and by none
    rest = known_pictures - rows @ added
    covariance = np.cov(rest.T) + 1e-9 * np.trace(np.cov(rest.T)) * np.eye(rest.shape[1])
    guesses = np.concatenate([names, np.ones((len(names), 1))], axis=1) @ added
    difference = pictures[:, None] - guesses
    return -np.einsum("ijd,de,ije->ij", difference, np.linalg.inv(covariance), difference)  # 2 log p(picture | name)
    # end
