"""The Fréchet distance of two sets of features (Heusel et al. 2017), and its floor.

Both sets are treated as Gaussians, and the squared 2-Wasserstein distance of two Gaussians is (their equation 6)

    d^2 = |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))

With the features of Inception-v3 this is the FID. With another network's features it is another measure: the number
here, of a classifier that minigen trains, is called FID-cls and cannot be compared with any published FID.

Means and covariances of few samples are off, which makes d^2 too large, by about D^2 / N in order of magnitude. So too
few are refused, and the distance of one half of the real data to the other is reported beside it: no model does better.
"""

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..random import Generator
from .arrays import floats

SAMPLES_PER_FEATURE = 10


def frechet_distance(mean1: np.ndarray, cov1: np.ndarray, mean2: np.ndarray, cov2: np.ndarray) -> float:
    """The squared Fréchet distance of N(mean1, cov1) and N(mean2, cov2): (D,) and (D, D) each.

    tr (C1 C2)^(1/2) is the sum of the roots of the eigenvalues of C1^(1/2) C2 C1^(1/2), which is symmetric.
    """
    mean1, cov1, mean2, cov2 = floats(mean1=mean1, cov1=cov1, mean2=mean2, cov2=cov2)
    values, vectors = np.linalg.eigh(cov1)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    inner = np.linalg.eigvalsh(root @ cov2 @ root)
    difference = mean1 - mean2
    trace = np.trace(cov1) + np.trace(cov2) - 2 * np.sqrt(np.maximum(inner, 0)).sum()
    return float(max(0.0, difference @ difference + trace))


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """The squared Fréchet distance of two sets of features (N, D) and (M, D), by their means and covariances.

    Raises:
        ArgumentError: fewer than ten rows for each feature, too few to estimate covariances.
    """
    a, b = floats(a=a, b=b)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ShapeError(f"frechet: expected features (N, D) and (M, D), got shapes {a.shape} and {b.shape}")
    least = SAMPLES_PER_FEATURE * a.shape[1]
    if min(len(a), len(b)) < least:
        raise ArgumentError(
            f"samples: {min(len(a), len(b))} are too few for a Fréchet distance of {a.shape[1]} features; "
            f"draw at least {least}"
        )
    a, b = a.astype(np.float64), b.astype(np.float64)
    return frechet_distance(a.mean(0), np.atleast_2d(np.cov(a.T)), b.mean(0), np.atleast_2d(np.cov(b.T)))


def floor(real: np.ndarray, rng: Generator) -> float:
    """The distance of one half of the real features (N, D) to the other: what a perfect model of N/2 samples has."""
    (real,) = floats(real=real)
    order = rng.permutation(len(real))
    half = len(real) // 2
    return frechet(real[order[:half]], real[order[half : 2 * half]])
