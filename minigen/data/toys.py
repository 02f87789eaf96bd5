"""Two-dimensional toys: distributions that can be drawn, and whose modes are known."""

from collections.abc import Callable

import numpy as np

from ..random import Generator
from .dataset import Dataset

SIZES = {"train": 50_000, "test": 10_000}

RING = np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], axis=1)  # (8, 2), radius 1
RING_SIGMA = 0.01
GRID = np.stack(np.meshgrid(np.arange(-4.0, 5.0, 2.0), np.arange(-4.0, 5.0, 2.0)), axis=-1).reshape(25, 2)
GRID_SIGMA = 0.05


def ring(n: int, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Eight Gaussians of deviation 0.01 on the unit circle (PacGAN, Lin et al. 2018, section 4.1)."""
    labels = rng.host.integers(8, size=n)
    return RING[labels] + RING_SIGMA * rng.host.standard_normal((n, 2)), labels


def grid(n: int, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Twenty-five Gaussians of deviation 0.05 on a square grid of spacing 2 (PacGAN, section 4.1)."""
    labels = rng.host.integers(25, size=n)
    return GRID[labels] + GRID_SIGMA * rng.host.standard_normal((n, 2)), labels


def swiss_roll(n: int, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
    """A spiral r = t / (4.5 pi) with t uniform in [1.5 pi, 4.5 pi] and noise of 0.02; labels: which third of it."""
    t = 1.5 * np.pi * (1 + 2 * rng.host.random(n))
    points = (t * np.stack([np.cos(t), np.sin(t)])).T / (4.5 * np.pi)
    thirds = np.minimum((t / (1.5 * np.pi) - 1) * 1.5, 2).astype(np.int64)
    return points + 0.02 * rng.host.standard_normal((n, 2)), thirds


def moons(n: int, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaved half circles of radius 1 with noise of 0.05, the second shifted by (1, 0.5); labels: which."""
    t, labels = np.pi * rng.host.random(n), rng.host.integers(2, size=n)
    upper = np.stack([np.cos(t), np.sin(t)], axis=1)
    lower = np.stack([1 - np.cos(t), 0.5 - np.sin(t)], axis=1)
    return np.where(labels[:, None] == 0, upper, lower) + 0.05 * rng.host.standard_normal((n, 2)), labels


TOYS: dict[str, Callable[[int, Generator], tuple[np.ndarray, np.ndarray]]] = {
    "ring": ring,
    "grid": grid,
    "swiss_roll": swiss_roll,
    "moons": moons,
}
MIXTURES = {"ring": (RING, RING_SIGMA), "grid": (GRID, GRID_SIGMA)}


def toy(name: str, split: str) -> Dataset:
    """50 000 points to train on or 10 000 to test on, always the same ones."""
    x, y = TOYS[name](SIZES[split], Generator(0 if split == "train" else 1))
    centres, sigma = MIXTURES.get(name, (None, 0.0))
    return Dataset(name, x.astype(np.float32), y, centres, sigma)
