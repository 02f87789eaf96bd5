"""Data sets, batches and transformations: NumPy arrays, no tensors."""

from pathlib import Path
from types import ModuleType

from ..errors import ArgumentError, unknown_name
from .dataset import Dataset
from .loader import Loader
from .mnist import located, mnist_like
from .small_digits import digits
from .stacked import stacked_mnist
from .toys import TOYS, toy
from .transforms import Standardizer, binarize, pixels, scale, unscale

DATASETS = {
    "digits": "1797 handwritten digits of 8x8 pixels, part of scikit-learn",
    "mnist": "70 000 handwritten digits of 28x28 pixels",
    "fashion_mnist": "70 000 pieces of clothing of 28x28 pixels",
    "stacked_mnist": "70 000 images of three of these digits as red, green and blue: 1000 classes",
    "cifar10": "60 000 colour photographs of 32x32 pixels",
    "celeba": "202 599 faces cut to 64x64 pixels; to be downloaded by hand",
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
        folder: for what is read from files, the folder that holds them (or a subfolder of the data set's name).

    Raises:
        ArgumentError: an unknown name or split.
        DataError: files that are missing, damaged, or cannot be downloaded.
    """
    if name not in DATASETS:
        raise unknown_name("data", name, DATASETS)
    if split not in ("train", "test"):
        raise unknown_name("split", split, ("train", "test"))
    if name in TOYS or name == "digits":
        if folder:
            raise ArgumentError(f"folder: {name!r} is not read from files; leave folder (--data-dir) out")
        return digits(split) if name == "digits" else toy(name, split)
    if name == "stacked_mnist":
        return stacked_mnist(split, folder)
    if name in ("cifar10", "celeba"):
        dataset: Dataset = _photographs(name).read(split, folder)
        return dataset
    return mnist_like(name, split, folder)


def _photographs(name: str) -> ModuleType:
    """The module that reads a data set of photographs; importing it takes longer than importing all the others."""
    if name == "cifar10":
        from . import cifar

        return cifar
    from . import celeba

    return celeba


def locate(name: str, folder: str | Path | None = None) -> str:
    """Where a data set is found without downloading, in words; '' if nowhere."""
    if name not in DATASETS:
        raise unknown_name("data", name, DATASETS)
    if name == "digits":
        return "part of scikit-learn"
    if name in TOYS:
        return "computed"
    if name in ("cifar10", "celeba"):
        return str(_photographs(name).located(folder) or "")
    return str(located("mnist" if name == "stacked_mnist" else name, folder) or "")


__all__ = [
    "DATASETS",
    "Dataset",
    "Loader",
    "Standardizer",
    "binarize",
    "load",
    "locate",
    "pixels",
    "scale",
    "unscale",
]
