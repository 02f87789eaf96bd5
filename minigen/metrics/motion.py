"""How a clip goes on, without learning: what a model of video has to beat. Clips (N, T, H, W, C) in [0, 1].

    last frame     nothing moves any more
    mean frame     what the training frames are on average: the best guess of one who sees nothing
    last motion    the shift from the last frame but one to the last goes on: right for a single thing, until it bounces

The shift is the whole number of pixels, along both axes, with the smallest squared error.
"""

import numpy as np

from ..errors import ArgumentError, ShapeError
from .arrays import floats

FASTEST = 3  # pixels a frame, along an axis


def last_frame(x: np.ndarray, count: int) -> np.ndarray:
    """The last frame of each clip, `count` times: (N, T, H, W, C) -> (N, count, H, W, C)."""
    return np.repeat(_clips(x)[:, -1:], count, axis=1)


def mean_frame(x: np.ndarray, count: int, train: np.ndarray) -> np.ndarray:
    """The mean of all frames of the training clips (M, T, H, W, C), `count` times for each clip of x."""
    x = _clips(x)
    mean = _clips(train).mean(axis=(0, 1), dtype=np.float64).astype(x.dtype)
    return np.broadcast_to(mean, (len(x), count, *mean.shape))


def last_motion(x: np.ndarray, count: int, fastest: int = FASTEST) -> np.ndarray:
    """The last frame of each clip, shifted on and on as from the last but one to it; black comes in at the edges."""
    if _clips(x).shape[1] < 2:
        raise ArgumentError(f"x: expected clips of at least two frames, got {x.shape[1]}")
    shifts = [(dy, dx) for dy in range(-fastest, fastest + 1) for dx in range(-fastest, fastest + 1)]
    shifts.sort(key=lambda s: abs(s[0]) + abs(s[1]))  # of equal ones, the smallest
    errors = [np.square(shifted(x[:, -2], s) - x[:, -1]).sum(axis=(1, 2, 3)) for s in shifts]
    best = np.argmin(errors, axis=0)  # (N,)
    found = np.zeros((len(x), count, *x.shape[2:]), x.dtype)
    for i in np.unique(best):
        mine = best == i
        for t in range(count):
            dy, dx = shifts[i]
            found[mine, t] = shifted(x[mine, -1], ((t + 1) * dy, (t + 1) * dx))
    return found


def shifted(images: np.ndarray, by: tuple[int, int]) -> np.ndarray:
    """Images (N, H, W, C) moved down and to the right by so many pixels; what comes in is 0."""
    h, w = images.shape[1:3]
    found = np.zeros_like(images)
    dy, dx = by
    if abs(dy) < h and abs(dx) < w:
        found[:, max(0, dy) : h + min(0, dy), max(0, dx) : w + min(0, dx)] = images[
            :, max(0, -dy) : h + min(0, -dy), max(0, -dx) : w + min(0, -dx)
        ]
    return found


def _clips(x: np.ndarray) -> np.ndarray:
    (x,) = floats(x=x)
    if x.ndim != 5 or not x.shape[1]:
        raise ShapeError(f"x: expected clips (N, T, H, W, C), got the shape {x.shape}")
    return x
