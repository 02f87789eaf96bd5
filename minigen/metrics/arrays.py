"""What the measures compute with: plain arrays of float32 or float64, whatever they are given.

Differences of bytes wrap round at 0, and their squares at 256, so integers and booleans are taken as float32.

Nothing is measured of numbers that are none: comparisons with NaN are all false, so samples of a model that has
diverged would pass for copies of nothing, or for traffic without a collision. Nor is anything of an empty set.
"""

from typing import Any

import numpy as np

from ..autodiff import asarray
from ..errors import ArgumentError, ShapeError


def floats(**arrays: Any) -> list[np.ndarray]:
    """Each as a NumPy array of floats: arrays of integers, tensors and lists too (`autodiff.arrays` says which).

    Raises:
        ArgumentError: one holds NaN or an infinity. ShapeError: one is empty.
    """
    found = [as_floats(array) for array in arrays.values()]
    for name, array in zip(arrays, found, strict=True):
        not_empty(name, array)
        if not np.isfinite(array).all():
            raise ArgumentError(
                f"{name}: expected finite numbers, got NaN or infinity; a model that gives such has diverged"
            )
    return found


def as_floats(array: Any) -> np.ndarray:
    """An array of floats, whatever it holds: for scores, where an infinity says 'never'."""
    found = asarray(array, device="cpu")
    return found if found.dtype.kind == "f" else found.astype(np.float32)


def not_empty(name: str, array: np.ndarray) -> None:
    """Refuse an empty set, of which there is no mean.

    Raises:
        ShapeError: names it.
    """
    if not array.size:
        raise ShapeError(f"{name}: expected one or more, got an array of shape {array.shape}")


def whole_numbers(*arrays: Any) -> list[np.ndarray]:
    """Each as a NumPy array: of int64, if it holds integers, which then have room to be counted from."""
    found = [asarray(array, device="cpu") for array in arrays]
    return [array.astype(np.int64) if array.dtype.kind in "iu" else array for array in found]


def unit_images(**arrays: Any) -> list[np.ndarray]:
    """Images as `floats`; an ArgumentError if they are bytes from 0 to 255, as all measures of images take [0, 1]."""
    for name, image in ((name, asarray(array, device="cpu")) for name, array in arrays.items()):
        if image.dtype.kind in "iu" and image.size and not 0 <= image.min() <= image.max() <= 1:
            raise ArgumentError(
                f"{name}: expected images in [0, 1], got integers from {image.min()} to {image.max()}; "
                "divide bytes by 255"
            )
    return floats(**arrays)
