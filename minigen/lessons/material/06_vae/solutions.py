"""Lesson 6: the variational autoencoder. Four functions to write, in plain NumPy.

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
        mean, log_var: (N, D).

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
        mean, log_var, noise: (N, D).

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

        log p(x[n] | z[n])  =  sum_j  x log p + (1 - x) log(1 - p)  =  sum_j  x logits - log(1 + e^logits)
        loss                =  1/N sum_n  ( -log p(x[n] | z[n]) + KL[n] )

    Must be finite for logits of +-1000: np.logaddexp(0, l) is log(1 + e^l) without overflow.

    Args:
        x: zeros and ones, (N, ...): N examples of any shape. logits: the decoder's output, of x's shape.
        mean, log_var: the encoder's output, (N, D). `gaussian_kl` is yours to use.

    Returns:
        One number, a float.
    """
    # answer
    log_likelihood = (x * logits - np.logaddexp(0, logits)).reshape(len(x), -1).sum(axis=1)
    return float((gaussian_kl(mean, log_var) - log_likelihood).mean())
    # end
