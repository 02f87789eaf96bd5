"""Restoring images without learning: what a model has to beat.

Images y (N, H, W, C) in [0, 1], NumPy arrays throughout; bytes from 0 to 255 are refused.
"""

import numpy as np

from ..errors import whole
from ..ops import avg_pool2d
from .arrays import floats, unit_images


def mean_filter(y: np.ndarray) -> np.ndarray:
    """Each pixel replaced by the mean of the 3x3 around it, of those inside the image."""
    (y,) = unit_images(y=y)
    inside = avg_pool2d(np.ones_like(y[:1, :, :, :1]), 3, 1, 1)
    return np.asarray(avg_pool2d(y, 3, 1, 1) / inside)


def fill_with_mean(y: np.ndarray, known: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Missing pixels replaced by the mean that they have in the training images (M, H, W, C)."""
    (y, train), (known,) = unit_images(y=y, train=train), floats(known=known)
    return np.asarray(known * y + (1 - known) * train.mean(axis=0))


def fill_from_nearest(y: np.ndarray, known: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Missing pixels taken from the training image (M, H, W, C) that is nearest in the known ones.

    |known (y - t)|^2 = sum known y^2 - 2 sum (known y) t + sum known t^2: two matrix products for all pairs.
    """
    (y, train), (known,) = unit_images(y=y, train=train), floats(known=known)
    n, m = len(y), len(train)
    mask = np.broadcast_to(known, y.shape).reshape(n, -1)
    t = train.reshape(m, -1)
    distance = mask @ np.square(t).T - 2 * (mask * y.reshape(n, -1)) @ t.T  # (N, M), without what all t share
    return np.asarray(known * y + (1 - known) * train[distance.argmin(axis=1)])


def bicubic(y: np.ndarray, factor: int) -> np.ndarray:
    """Blocks of factor x factor equal pixels as one, enlarged again by cubic interpolation (Keys 1981)."""
    from PIL import Image

    (y,), factor = unit_images(y=y), whole("factor", factor)
    small = y[:, ::factor, ::factor]
    size = (y.shape[2], y.shape[1])
    planes = [
        np.asarray(Image.fromarray(plane, "F").resize(size, Image.Resampling.BICUBIC))
        for plane in np.moveaxis(small, 3, 1).reshape(-1, *small.shape[1:3]).astype(np.float32)
    ]
    n, h, w, c = y.shape
    return np.clip(np.moveaxis(np.stack(planes).reshape(n, c, h, w), 1, 3), 0, 1)
