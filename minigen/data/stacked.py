"""Stacked MNIST (Metz et al. 2017, section 3.3.1; Srivastava et al. 2017): three digits as red, green and blue.

1000 classes, all about equally frequent, which a classifier of single digits can tell apart: how many does a GAN make?
"""

from pathlib import Path

import numpy as np

from .dataset import Dataset
from .mnist import mnist_like

CLASSES = 1000
SEEDS = {"train": 0, "test": 1}  # the same triples at every load


def stacked_mnist(split: str, folder: str | Path | None = None) -> Dataset:
    """Bytes (N, 28, 28, 3) of three random digits each, as many as MNIST has; the label 567 is red 5, green 6, blue 7.

    Raises:
        DataError: MNIST is missing, damaged, or cannot be downloaded.
    """
    digits = mnist_like("mnist", split, folder)
    assert digits.y is not None
    rng = np.random.default_rng(SEEDS[split])
    triples = rng.integers(len(digits), size=(len(digits), 3))
    images = np.rint(255 * digits.x[..., 0]).astype(np.uint8)
    return Dataset(
        "stacked_mnist", np.stack([images[triples[:, c]] for c in range(3)], axis=3), digits.y[triples] @ [100, 10, 1]
    )
