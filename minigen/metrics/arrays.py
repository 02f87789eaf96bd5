"""What the measures compute with: plain arrays of float32 or float64, whatever they are given.

Differences of bytes wrap round at 0, and their squares at 256, so integers and booleans are taken as float32.
"""

from typing import Any

import numpy as np

from ..autodiff import asarray
from ..errors import ArgumentError


def floats(*arrays: Any) -> list[np.ndarray]:
    """Each as a NumPy array of floats: arrays of integers, tensors and lists too (`autodiff.arrays` says which)."""
    found = [asarray(array, device="cpu") for array in arrays]
    return [array if array.dtype.kind == "f" else array.astype(np.float32) for array in found]


def whole_numbers(*arrays: Any) -> list[np.ndarray]:
    """Each as a NumPy array: of int64, if it holds integers, which then have room to be counted from."""
    found = [asarray(array, device="cpu") for array in arrays]
    return [array.astype(np.int64) if array.dtype.kind in "iu" else array for array in found]


def unit_images(*arrays: Any) -> list[np.ndarray]:
    """Images as `floats`; an ArgumentError if they are bytes from 0 to 255, as all measures of images take [0, 1]."""
    for image in (asarray(array, device="cpu") for array in arrays):
        if image.dtype.kind in "iu" and image.size and not 0 <= image.min() <= image.max() <= 1:
            raise ArgumentError(
                f"images: expected values in [0, 1], got integers from {image.min()} to {image.max()}; "
                "divide bytes by 255"
            )
    return floats(*arrays)
