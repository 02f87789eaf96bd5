"""Data sets, batches and transformations: NumPy arrays, no tensors."""

from pathlib import Path

from ..errors import ArgumentError, unknown_name
from .dataset import Dataset
from .digits import digits
from .loader import Loader
from .mnist import located, mnist_like
from .toys import TOYS, toy
from .transforms import Standardizer, binarize, scale, unscale

DATASETS = {
    "digits": "1797 handwritten digits of 8x8 pixels, part of scikit-learn",
    "mnist": "70 000 handwritten digits of 28x28 pixels",
    "fashion_mnist": "70 000 pieces of clothing of 28x28 pixels",
    "ring": "points: eight Gaussians on a circle",
    "grid": "points: twenty-five Gaussians on a square grid",
    "swiss_roll": "points: a spiral",
    "moons": "points: two half circles",
}


def load(name: str, split: str = "train", *, folder: str | Path | None = None) -> Dataset:
    """A data set by name.

    Args:
        name: a name in DATASETS.
        split: 'train' or 'test'.
        folder: for 'mnist' and 'fashion_mnist', the folder that holds the files (or a subfolder of that name).

    Raises:
        ArgumentError: an unknown name or split.
        DataError: files that are missing, damaged or not to be had.
    """
    if name not in DATASETS:
        raise unknown_name("data", name, DATASETS)
    if split not in ("train", "test"):
        raise unknown_name("split", split, ("train", "test"))
    if name in TOYS or name == "digits":
        if folder:
            raise ArgumentError(f"folder: {name!r} is not read from files; leave folder (--data-dir) out")
        return digits(split) if name == "digits" else toy(name, split)
    return mnist_like(name, split, folder)


def locate(name: str, folder: str | Path | None = None) -> str:
    """Where a data set is found without downloading, in words; '' if nowhere."""
    if name not in DATASETS:
        raise unknown_name("data", name, DATASETS)
    if name == "digits":
        return "part of scikit-learn"
    if name in TOYS:
        return "computed"
    return str(located(name, folder) or "")


__all__ = [
    "DATASETS",
    "Dataset",
    "Loader",
    "Standardizer",
    "binarize",
    "load",
    "locate",
    "scale",
    "unscale",
]
