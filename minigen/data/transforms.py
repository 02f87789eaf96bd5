"""Scaling, standardising and binarising, each undone as easily as done."""

import numpy as np

from ..backend import device_of
from ..errors import ArgumentError, DTypeError, ShapeError
from ..random import Generator


def _check_float(x: np.ndarray) -> None:
    if x.dtype.kind != "f":
        raise DTypeError(f"x: expected floats, got {x.dtype}; bytes 0 ... 255 become pixels by data.pixels(x)")


def pixels(x: np.ndarray) -> np.ndarray:
    """Bytes 0 ... 255 as float32 in [0, 1]; floats stay as they are. For batches of data on the disk."""
    if x.dtype == np.uint8:
        x = np.asarray(x) if isinstance(x, np.memmap) else x
        return x.astype(np.float32) / np.float32(255)
    _check_float(x)
    return x


def scale(x: np.ndarray, low: float, high: float = 1.0) -> np.ndarray:
    """Pixels from [0, 1] to [low, high]; a generator that ends in tanh wants [-1, 1]."""
    _check_float(x)
    if not low < high:
        raise ArgumentError(f"low: expected a number below high = {high}, got {low}")
    return x * x.dtype.type(high - low) + x.dtype.type(low)


def unscale(x: np.ndarray, low: float, high: float = 1.0) -> np.ndarray:
    """Pixels from [low, high] back to [0, 1]."""
    _check_float(x)
    if not low < high:
        raise ArgumentError(f"low: expected a number below high = {high}, got {low}")
    return (x - x.dtype.type(low)) / x.dtype.type(high - low)


class Standardizer:
    """Each feature shifted to mean 0 and stretched to deviation 1, by the statistics of the data it is made from.

    Args:
        x: (N, ...) floats; constant features are shifted only.
    """

    def __init__(self, x: np.ndarray) -> None:
        _check_float(x)
        if not len(x):
            raise ShapeError("Standardizer: x is empty; at least one example is needed")
        constant = (x == x[0]).all(axis=0)  # rounding can give these a deviation of 1e-17 instead of 0
        self.mean = np.where(constant, x[0], x.mean(axis=0, dtype=np.float64)).astype(x.dtype)
        std = x.std(axis=0, dtype=np.float64).astype(x.dtype)
        self.std = np.where(constant | (std == 0), 1, std).astype(x.dtype)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Standardise (M, ...)."""
        return (x - self.mean) / self.std

    def inverse(self, z: np.ndarray) -> np.ndarray:
        """Undo it."""
        return z * self.std + self.mean


def binarize(x: np.ndarray, rng: Generator) -> np.ndarray:
    """Each pixel 1 with the probability that its grey level gives, else 0; drawn anew at every call. NaN stays NaN.

    Args:
        x: grey levels in [0, 1].
        rng: where the draws come from.

    Raises:
        ArgumentError: x goes beyond [0, 1]; looked for on the host only, as on a GPU it would mean to wait for it.
    """
    _check_float(x)
    if isinstance(x, np.ndarray) and x.size and ((x < 0) | (x > 1)).any():
        raise ArgumentError(
            f"x: expected grey levels in [0, 1], got {np.nanmin(x):g} ... {np.nanmax(x):g}; scale the pixels first"
        )
    return (rng.uniform(x.shape, device=device_of(x)) < x).astype(x.dtype) + 0 * x
