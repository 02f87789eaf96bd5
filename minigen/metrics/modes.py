"""Counting modes: which of the known clusters do the samples reach, and how evenly?"""

from typing import NamedTuple

import numpy as np

from ..errors import ShapeError, whole
from ..optim.check import positive
from .arrays import floats, whole_numbers


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
    samples, centres = floats(samples=samples, centres=centres)
    positive("sigma", sigma)
    distance = np.linalg.norm(samples[:, None] - centres, axis=2)  # (N, K)
    nearest = distance.argmin(axis=1)
    good = distance.min(axis=1) < 3 * sigma
    return Modes(len(np.unique(nearest[good])), float(good.mean()))


def kl_to_uniform(modes: np.ndarray, count: int) -> float:
    """KL(p || uniform) in nats, p the shares of the samples in each of `count` modes: 0 if even, log(count) if one.

    Of samples that are uniform it is about (count - 1) / 2N, not 0 (PacGAN, Lin et al. 2018, section 4).

    Args:
        modes: (N,) integers, the mode of each sample: its nearest centre, or a classifier's label.
        count: how many modes there are.
    """
    (modes,), count = whole_numbers(modes), whole("count", count)
    if modes.ndim != 1 or modes.dtype != np.int64 or not len(modes) or not 0 <= modes.min() <= modes.max() < count:
        raise ShapeError(
            f"modes: expected integers (N,) in 0 ... {count - 1}, got {modes.dtype} of shape {modes.shape}"
        )
    share = np.bincount(modes, minlength=count) / len(modes)
    share = share[share > 0]
    return float((share * np.log(share * count)).sum())


def nearest_centre(samples: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The index of the nearest of the centres (K, D) to each sample (N, D): (N,)."""
    samples, centres = floats(samples=samples, centres=centres)
    return np.linalg.norm(samples[:, None] - centres, axis=2).argmin(axis=1)
