"""Clips of digits that move in a straight line and bounce off the edges (after Srivastava et al. 2015, section 4).

A digit that starts at p_0 and moves by v pixels a frame is, after t frames and along each axis, at

    p_t = min(q, 2 R - q),        q = (p_0 + v t) mod 2 R,        R = side of the picture - side of the digit

Where digits overlap, the brighter pixel is seen. Everything is drawn once: which digit, its place, its velocity. So a
few frames tell all that follow, and what a model makes of them can be held against the truth.

    moving-digits   one of the 8x8 digits in 16x16 pixels, 10 frames, up to 2 pixels a frame
    moving-mnist    two MNIST digits of half size, 14x14, in 32x32 pixels, 10 frames, up to 3 pixels a frame

Theirs are two MNIST digits of full size in 64x64 pixels, 20 frames, and v need not be whole: sixteen times as many
numbers, for which NumPy would take a day.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..random import Generator
from .dataset import Dataset
from .mnist import mnist_like
from .small_digits import digits

FRAMES, GIVEN = 10, 5  # of a clip, and those of them that a continuation starts from
SEEDS = {"train": 0, "test": 1}


class Scene(NamedTuple):
    """A picture of side x side pixels with so many digits, each `fastest` pixels a frame along an axis at most."""

    side: int
    digits: int
    fastest: int
    sizes: dict[str, int]


SCENES = {
    "moving-digits": Scene(16, 1, 2, {"train": 10_000, "test": 1000}),
    "moving-mnist": Scene(32, 2, 3, {"train": 5000, "test": 1000}),
}


def load_clips(name: str, split: str, folder: str | Path | None = None) -> Dataset:
    """'moving-digits' or 'moving-mnist': clips, bytes (N, 10, side, side, 1); digits of test clips are test digits.

    Raises:
        DataError: of moving-mnist, MNIST is missing, damaged, or cannot be downloaded.
    """
    if name == "moving-digits":
        images = digits(split).x[..., 0]
    else:
        full = mnist_like("mnist", split, folder).x[..., 0]
        images = full.reshape(len(full), 14, 2, 14, 2).mean(axis=(2, 4))
    scene = SCENES[name]
    clips = moving(np.rint(255 * images).astype(np.uint8), scene, scene.sizes[split], Generator(SEEDS[split]))
    return Dataset(name, clips)


def moving(images: np.ndarray, scene: Scene, n: int, rng: Generator, frames: int = FRAMES) -> np.ndarray:
    """n clips of digits from `images`, bytes (M, h, w): bytes (n, frames, side, side, 1)."""
    h, w = images.shape[1:]
    room = np.array([scene.side - h, scene.side - w])
    digit = images[rng.host.integers(len(images), size=(n, scene.digits))]  # (n, count, h, w)
    start = rng.host.integers(room + 1, size=(n, scene.digits, 2))
    velocities = np.array(list(np.ndindex(2 * scene.fastest + 1, 2 * scene.fastest + 1))) - scene.fastest
    moves = velocities[(velocities != 0).any(axis=1)]  # none stands still
    v = moves[rng.host.integers(len(moves), size=(n, scene.digits))]
    x = np.zeros((n, frames, scene.side, scene.side), np.uint8)
    row, column = np.arange(h)[None, :, None], np.arange(w)[None, None, :]
    for t in range(frames):
        top, left = np.moveaxis(bounced(start + v * t, room), -1, 0)[..., None, None]  # (n, count, 1, 1)
        for i in range(scene.digits):
            place = np.arange(n)[:, None, None], t, top[:, i] + row, left[:, i] + column
            x[place] = np.maximum(x[place], digit[:, i])
    return x[..., None]


def bounced(p: np.ndarray, room: np.ndarray) -> np.ndarray:
    """Where a point is that has moved to p (..., 2) but for the walls, which let it be at 0 ... room."""
    q = p % (2 * room)
    return np.minimum(q, 2 * room - q)
