"""Scaling, standardising and binarising, each undone as easily as done."""

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..random import Generator


def scale(x: np.ndarray, low: float, high: float = 1.0) -> np.ndarray:
    """Pixels from [0, 1] to [low, high]; a generator that ends in tanh wants [-1, 1]."""
    if not low < high:
        raise ArgumentError(f"low: expected a number below high = {high}, got {low}")
    return x * x.dtype.type(high - low) + x.dtype.type(low)


def unscale(x: np.ndarray, low: float, high: float = 1.0) -> np.ndarray:
    """Pixels from [low, high] back to [0, 1]."""
    if not low < high:
        raise ArgumentError(f"low: expected a number below high = {high}, got {low}")
    return (x - x.dtype.type(low)) / x.dtype.type(high - low)


class Standardizer:
    """Each feature shifted to mean 0 and stretched to deviation 1, by the statistics of the data it is made from.

    Args:
        x: (N, ...); constant features are shifted only.
    """

    def __init__(self, x: np.ndarray) -> None:
        if not len(x):
            raise ShapeError("Standardizer: x is empty; at least one example is needed")
        self.mean = x.mean(axis=0, dtype=np.float64).astype(x.dtype)
        std = x.std(axis=0, dtype=np.float64).astype(x.dtype)
        self.std = np.where(std > 0, std, 1).astype(x.dtype)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Standardise (M, ...)."""
        return (x - self.mean) / self.std

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """Undo it."""
        return z * self.std + self.mean


def binarize(x: np.ndarray, rng: Generator) -> np.ndarray:
    """Each pixel 1 with the probability that its grey level in [0, 1] gives, else 0; drawn anew at every call."""
    return (rng.uniform(x.shape, device="cpu") < x).astype(x.dtype)
