"""Lesson 8: how good is a VAE? Six functions to write, in plain NumPy.

N examples, K codes for each of them, D latents; everything is in nats.
Use NumPy and Python's own library, and nothing else. Check your work with `check("08.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 08`.
"""

import numpy as np


def log_weights(log_likelihood: np.ndarray, z: np.ndarray, mean: np.ndarray, log_var: np.ndarray) -> np.ndarray:
    """The logarithms of the importance weights of codes z ~ q(z|x) = N(mean, e^log_var).

        log w[n, k]  =  log p(x[n] | z[n, k])  +  log p(z[n, k])  -  log q(z[n, k] | x[n])

    with p(z) = N(0, 1), where for each latent

        log N(z; m, e^v)  =  -1/2 ( log 2 pi + v + (z - m)^2 / e^v )

    and the latents, being independent, add up.

    Args:
        log_likelihood: log p(x|z) of each code, (N, K). z: (N, K, D). mean, log_var: the encoder's output, (N, D);
            log-variances of any size from -600 to 600.

    Returns:
        (N, K).
    """
    # answer
    mean, log_var = mean[:, None], log_var[:, None]  # (N, 1, D): one encoder for all K codes
    log_prior = -0.5 * (np.log(2 * np.pi) + z**2)
    log_q = -0.5 * (np.log(2 * np.pi) + log_var + (z - mean) ** 2 / np.exp(log_var))
    return log_likelihood + (log_prior - log_q).sum(axis=2)
    # end


def log_mean_exp(log_w: np.ndarray) -> np.ndarray:
    """The logarithm of the mean weight of each example: the bound L_K, and for large K an estimate of log p(x).

        L[n]  =  log( 1/K sum_k e^log_w[n, k] )

    Weights are like e^-90 or e^-2000, which are 0 in floating point. With m[n] = max_k log_w[n, k],
    log sum_k e^log_w = m + log sum_k e^(log_w - m), and the largest term of the sum is 1.

    Args:
        log_w: (N, K), of any size; within an example, too, they may be thousands apart.

    Returns:
        (N,).
    """
    # answer
    largest = log_w.max(axis=1, keepdims=True)
    return largest[:, 0] + np.log(np.exp(log_w - largest).mean(axis=1))
    # end


def log_mean_exp_backward(g: np.ndarray, log_w: np.ndarray) -> np.ndarray:
    """The gradient of a loss through L = log_mean_exp(log_w), given G = dloss/dL.

    By the chain rule each code counts with its share of the weight:

        dloss/dlog_w[n, k]  =  G[n] * w[n, k] / sum_i w[n, i],        w = e^log_w

    As before, no weight may overflow or vanish: only ratios of weights matter.

    Args:
        g: (N,). log_w: (N, K).

    Returns:
        (N, K).
    """
    # answer
    w = np.exp(log_w - log_w.max(axis=1, keepdims=True))
    return g[:, None] * w / w.sum(axis=1, keepdims=True)
    # end


def log_mass(logits: np.ndarray) -> np.ndarray:
    """How much the Bernoulli formula p^x (1 - p)^(1 - x) gives in all, if x may be any grey level in [0, 1].

    Of a density it would be 1. With p = sigmoid(l) the formula is e^(l x) / (1 + e^l), and

        M(l)  =  integral from 0 to 1 of e^(l x) / (1 + e^l) dx  =  tanh(l / 2) / l,        M(0) = 1/2

    Args:
        logits: l, of any shape and any size: zeros, numbers near 0 (1e-5) and +-1e10 may be among them.

    Returns:
        log M(l) of each entry, of the same shape.
    """
    # answer
    zero = logits == 0
    safe = np.where(zero, 1.0, logits)
    return np.where(zero, -np.log(2.0), np.log(np.tanh(safe / 2) / safe))
    # end


def effective_share(
    mean: np.ndarray, log_var: np.ndarray, true_mean: np.ndarray, true_log_var: np.ndarray
) -> np.ndarray:
    """Which share of a very large number of codes counts, if the posterior is a Gaussian too.

    The codes are drawn from q = N(mean, e^log_var); the posterior is N(true_mean, e^true_log_var), and in both the D
    latents are independent. The weights are w = p(x) posterior(z) / q(z). Of K codes (sum w)^2 / sum w^2 count
    effectively. With more and more codes, the share of the K that counts becomes

        E_q[w]^2 / E_q[w^2]

    Find it in closed form. Where E_q[w^2] is infinite, the share is 0.

    Args:
        mean, log_var: of the encoder's Gaussian, (N, D). true_mean, true_log_var: of the posterior, (N, D).
            The log-variances may have any size from -605 to 605.

    Returns:
        (N,), numbers from 0 to 1.
    """
    # answer
    ratio = np.exp(true_log_var - log_var)  # v / s, with the variances s of q and v of the posterior
    room = np.maximum(2 - ratio, 0)  # the integral of posterior^2 / q is finite if 2 / v > 1 / s
    safe = np.where(room > 0, room, 1.0)
    log_share = 0.5 * np.log(ratio * safe) - (mean - true_mean) ** 2 / (np.exp(log_var) * safe)
    return np.where((room > 0).all(axis=1), np.exp(log_share.sum(axis=1)), 0.0)
    # end


def pattern_probabilities(patches: np.ndarray, patterns: np.ndarray) -> np.ndarray:
    """A model of small black and white images: how probable is each of the 512 patterns of 3 x 3 pixels?

    The images show parts of lines, with a few wrong pixels. You see 200 of them; the measure is the mean of -log p of
    others that you have not seen, in nats, beside the baseline of independent pixels: p is the product over pixels of
    how often the pixel was 1 (or 0) in your 200 images. The goal is to need 0.5 nats less than that. How you come to
    your probabilities is up to you.

    Args:
        patches: (200, 9), zeros and ones. patterns: (512, 9), all the patterns there are, in any order.

    Returns:
        The probability of each of the patterns, (512,): none is negative, and they add up to 1.
    """
    # answer
    wrong = 0.05  # each image seen stands for itself and, with wrong pixels of this probability, for its neighbours
    different = (patterns[:, None] != patches).sum(axis=2)  # (512, 200)
    return (wrong**different * (1 - wrong) ** (9 - different)).mean(axis=1)
    # end
