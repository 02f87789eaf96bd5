"""Small handwritten digits, part of minigen: 1797 images of 8x8 pixels in 17 grey levels (Alpaydin & Kaynak 1998)."""

from pathlib import Path

import numpy as np

from .dataset import Dataset

TRAIN = 1500  # the rest, 297, are for testing
FILE = Path(__file__).parent / "embedded" / "digits.npz"


def all_digits() -> tuple[np.ndarray, np.ndarray]:
    """All images (1797, 8, 8), bytes 0 ... 16, and labels (1797,), in the order of scikit-learn's `load_digits`."""
    with np.load(FILE, allow_pickle=False) as arrays:
        return arrays["images"], arrays["labels"]


def digits(split: str) -> Dataset:
    """1500 images to train on or 297 to test on, (N, 8, 8, 1); the split is random but always the same."""
    images, labels = all_digits()
    order = np.random.default_rng(0).permutation(len(images))
    chosen = order[:TRAIN] if split == "train" else order[TRAIN:]
    return Dataset("digits", images[chosen, :, :, None] / np.float32(16), labels[chosen].astype(np.int64))
