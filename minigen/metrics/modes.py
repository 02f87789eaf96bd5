"""Counting modes: which of the known clusters do the samples reach?"""

from typing import NamedTuple

import numpy as np


class Modes(NamedTuple):
    """How many modes were found, and the share of samples that are of high quality."""

    found: int
    high_quality: float


def modes_found(samples: np.ndarray, centres: np.ndarray, sigma: float) -> Modes:
    """Count the centres that at least one high-quality sample belongs to.

    A sample is of high quality if it lies within 3 sigma of the nearest centre (Srivastava et al. 2017, section 4.1).

    Args:
        samples: (N, D). centres: (K, D). sigma: the standard deviation of each cluster along each axis.
    """
    distance = np.linalg.norm(samples[:, None] - centres, axis=2)  # (N, K)
    nearest = distance.argmin(axis=1)
    good = distance.min(axis=1) < 3 * sigma
    return Modes(len(np.unique(nearest[good])), float(good.mean()))
