"""Lesson 6: the variational autoencoder. Six functions to write, in plain NumPy.

The encoder gives a mean and a log-variance for each latent: q(z|x) = N(mean, e^log_var). N examples, D latents.
Use NumPy and Python's own library, and nothing else. Check your work with `check("06.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 06`.
"""

import numpy as np


def gaussian_kl(mean: np.ndarray, log_var: np.ndarray) -> np.ndarray:
    """KL(N(mean, e^log_var) || N(0, 1)) of each example, in nats.

    Latents are independent, so their divergences add up:

        KL[n] = 1/2 sum_d ( mean[n, d]^2 + e^log_var[n, d] - 1 - log_var[n, d] )

    Args:
        mean, log_var: (N, D). log_var may be any number, of -600 or 600 too: nothing is clipped.

    Returns:
        (N,).
    """
    # answer
    return 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)
    # end


def sample_code(mean: np.ndarray, log_var: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """A code z ~ N(mean, e^log_var) made from noise ~ N(0, 1), so that gradients can pass to mean and log_var.

    A deviation is the square root of a variance; log_var is the logarithm of the variance.

    Args:
        mean, log_var, noise: (N, D). log_var may be any number, of -600 or 600 too: nothing is clipped.

    Returns:
        z: (N, D).
    """
    # answer
    return mean + np.exp(log_var / 2) * noise
    # end


def sample_code_backward(g: np.ndarray, log_var: np.ndarray, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of a loss L through z = sample_code(mean, log_var, noise), given G = dL/dz.

        dL/dmean = G * dz/dmean,    dL/dlog_var = G * dz/dlog_var,    all entry by entry

    Args:
        g: dL/dz, (N, D). log_var, noise: (N, D), as they went into sample_code.

    Returns:
        (dmean, dlog_var), each (N, D).
    """
    # answer
    return g.copy(), g * noise * np.exp(log_var / 2) / 2
    # end


def negative_elbo(x: np.ndarray, logits: np.ndarray, mean: np.ndarray, log_var: np.ndarray) -> float:
    """The loss of a VAE with a Bernoulli decoder: -ELBO in nats per example, from one z for each.

    With p = sigmoid(logits), and summed over all pixels j of an example,

        log p(x[n] | z[n])  =  sum_j  x log p + (1 - x) log(1 - p)
        loss                =  1/N sum_n  ( -log p(x[n] | z[n]) + KL[n] )

    A white pixel (x = 1) costs -log p = log(1 + e^-logit), a black one (x = 0) costs -log(1 - p) = log(1 + e^logit).
    The loss has to be exact for every logit: for +-1000, and also for pixels that the decoder is sure of and right
    about. Such a pixel costs about e^-|logit|, which is little, but not 0. np.logaddexp(0, s) is log(1 + e^s), exact
    and without overflow.

    Args:
        x: zeros and ones, (N, ...): N examples of any shape. logits: the decoder's output, of x's shape.
        mean, log_var: the encoder's output, (N, D). `gaussian_kl` is yours to use.

    Returns:
        One number, a float.
    """
    # answer
    cost = np.logaddexp(0, (1 - 2 * x) * logits).reshape(len(x), -1).sum(axis=1)
    return float((cost + gaussian_kl(mean, log_var)).mean())
    # end


def kl_between(mean_q: np.ndarray, log_var_q: np.ndarray, mean_p: np.ndarray, log_var_p: np.ndarray) -> np.ndarray:
    """The divergence of two Gaussians, KL(q || p) = E_q[log q - log p], of each example, in nats.

    q = N(mean_q, e^log_var_q) and p = N(mean_p, e^log_var_p) for each latent, and the latents are independent. With
    mean_p = 0 and log_var_p = 0 it is `gaussian_kl`; for equal distributions it is 0.

    Args:
        mean_q, log_var_q, mean_p, log_var_p: (N, D). The log-variances may be large: both +800 or -800, for example.

    Returns:
        (N,).
    """
    # answer
    ratio = np.exp(log_var_q - log_var_p)
    distance = (mean_q - mean_p) * np.exp(-log_var_p / 2)
    return 0.5 * (ratio + distance**2 - 1 - log_var_q + log_var_p).sum(axis=1)
    # end


def slopes_from_values(f: np.ndarray, noise: np.ndarray, std: np.ndarray, seed: int) -> np.ndarray:
    """An open task: the derivatives of E[f(mean + std noise)] with respect to the mean, from values of f alone.

    There are R functions f that nobody knows, each smooth, with a large constant, and S values of each, at
    z = mean + std noise. For each function, estimate the D derivatives of E[f] with respect to the mean. The score
    function's estimate is the mean of f noise / std over the samples; it is right on average, and scatters much.

    The measure is the mean squared error (std times each derivative, over all functions and latents), divided by that
    of the score function with a baseline: from each value of f, the mean of the other S - 1 values of this function is
    subtracted. The goal is 0.5 at most. A small bias is allowed.

    Args:
        f: (R, S), the values: S = 64 for each function. noise: (R, S, D), drawn from N(0, 1). std: (D,). seed: for
            random numbers, if you need any.

    Returns:
        (R, D), the derivatives with respect to the means.
    """
    # answer
    estimates = []
    for values, e in zip(f, noise, strict=True):
        # A control variate: the best linear function of the noise. Its own gradient is known: its coefficients.
        columns = np.concatenate([e, np.ones((len(e), 1))], axis=1)
        coefficients = np.linalg.lstsq(columns, values, rcond=None)[0]
        rest = values - columns @ coefficients
        estimates.append(coefficients[:-1] + (rest[:, None] * e).mean(axis=0))
    return np.array(estimates) / std
    # end
