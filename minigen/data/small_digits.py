"""The handwritten digits that come with scikit-learn: 1797 images of 8x8 pixels (Alpaydin & Kaynak 1998)."""

import numpy as np

from .dataset import Dataset

TRAIN = 1500  # the rest, 297, are for testing


def digits(split: str) -> Dataset:
    """1500 images to train on or 297 to test on, (N, 8, 8, 1); the split is random but always the same."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(0).permutation(len(bunch.images))
    chosen = order[:TRAIN] if split == "train" else order[TRAIN:]
    images = (bunch.images[chosen, :, :, None] / 16).astype(np.float32)  # 17 grey levels
    return Dataset("digits", images, bunch.target[chosen].astype(np.int64))
