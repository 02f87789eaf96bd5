"""The peak signal-to-noise ratio of restored images."""

import numpy as np

from ..errors import ArgumentError, ShapeError
from .arrays import floats, unit_images


def psnr(x: np.ndarray, restored: np.ndarray, where: np.ndarray | None = None) -> float:
    """10 log10(1 / MSE) in decibels, of images in [0, 1]; the mean square is over all images and pixels.

    Args:
        x: the originals, (N, H, W, C).
        restored: the same shape.
        where: (N, H, W, 1), 1 at the pixels that count; default: all.

    Raises:
        ShapeError: the shapes differ. ArgumentError: bytes from 0 to 255, NaN, or no pixel that counts.
    """
    x, restored = unit_images(x=x, restored=restored)
    if x.shape != restored.shape:
        raise ShapeError(f"restored: expected the shape {x.shape} of the originals, got {restored.shape}")
    weight = np.ones_like(x) if where is None else np.broadcast_to(floats(where=where)[0], x.shape)
    if not (weight.min() >= 0 and weight.any()):
        raise ArgumentError("where: expected numbers >= 0, 1 at the pixels that count, got none of these")
    mse = np.sum(weight * np.square(x - restored), dtype=np.float64) / np.sum(weight, dtype=np.float64)
    return float(np.inf if mse == 0 else 10 * np.log10(1 / mse))
