"""The Parzen-window log-likelihood (Breuleux et al. 2011; Goodfellow et al. 2014, section 5).

A model that cannot say p(x) is given one by its samples: a Gaussian of width sigma around each, equally weighted,

    log p(x) = log 1/N sum_n N(x; s_n, sigma^2 1)

with the sigma that suits validation data best. It is kept for comparison with old papers, and it misleads: in 784
dimensions no number of samples fills the space, so the centres of clusters score better than real images do, and a
model that scores well need not look well (Theis et al. 2016, section 5.1).
"""

import math
from typing import NamedTuple

import numpy as np

from ..errors import ShapeError
from ..optim.check import positive
from .arrays import floats

SIGMAS = np.logspace(-1, 0, 10)


class Parzen(NamedTuple):
    """In nats per example: the mean over the test set, its standard error; and the width that was chosen."""

    log_likelihood: float
    standard_error: float
    sigma: float


def parzen_log_likelihood(x: np.ndarray, samples: np.ndarray, sigma: float, block: int = 250) -> np.ndarray:
    """log p(x) of each row of x (M, D), in nats, under Gaussians of deviation sigma around samples (N, D): (M,)."""
    x, samples = floats(x=x, samples=samples)
    if x.shape[1:] != samples.shape[1:]:
        raise ShapeError(f"parzen: expected rows of one shape, got shapes {x.shape} and {samples.shape}")
    positive("sigma", sigma)
    x, samples = x.reshape(len(x), -1).astype(np.float64), samples.reshape(len(samples), -1).astype(np.float64)
    constant = math.log(len(samples)) + x.shape[1] / 2 * math.log(2 * math.pi * sigma**2)
    norms = (samples * samples).sum(axis=1)
    parts = []
    for start in range(0, len(x), block):
        rows = x[start : start + block]
        squared = (rows * rows).sum(axis=1)[:, None] - 2 * (rows @ samples.T) + norms
        exponent = -np.maximum(squared, 0) / (2 * sigma**2)
        most = exponent.max(axis=1)
        parts.append(most + np.log(np.exp(exponent - most[:, None]).sum(axis=1)) - constant)
    return np.concatenate(parts)


def parzen(samples: np.ndarray, validation: np.ndarray, test: np.ndarray, sigmas: np.ndarray = SIGMAS) -> Parzen:
    """The test data's mean log-likelihood, with the sigma of which the validation data are likeliest.

    Args:
        samples, validation, test: (N, ...), (V, ...) and (M, ...). (The papers: 10 000, 1000 and 10 000 images.)
        sigmas: the widths to choose from.
    """
    (sigmas,) = floats(sigmas=sigmas)
    best = max(sigmas, key=lambda sigma: parzen_log_likelihood(validation, samples, sigma).mean())
    nats = parzen_log_likelihood(test, samples, best)
    return Parzen(float(nats.mean()), float(nats.std() / math.sqrt(len(nats))), float(best))
