"""Data sets, batches and transformations: NumPy arrays, no tensors."""

from pathlib import Path

from ..errors import ArgumentError, one_of
from .alphabet import PAD, decode, encode
from .catalogue import SOURCES
from .dataset import SPLITS, Dataset
from .loader import Loader
from .transforms import Standardizer, binarize, pixels, scale, unscale

DATASETS = {name: source.text for name, source in SOURCES.items()}


def kind_of(name: str) -> str:
    """What the examples of a data set are, such as 'images' or 'points'; see `minigen.data.catalogue`.

    Raises:
        ArgumentError: an unknown name.
    """
    one_of("data", name, SOURCES)
    return SOURCES[name].kind


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
    one_of("data", name, SOURCES)
    one_of("split", split, SPLITS)
    if folder and not SOURCES[name].from_files:
        raise ArgumentError(f"folder: {name!r} is not read from files; leave folder (--data-dir) out")
    return SOURCES[name].read(split, folder)


def locate(name: str, folder: str | Path | None = None) -> str:
    """Where a data set is found without downloading, in words; '' if nowhere."""
    one_of("data", name, SOURCES)
    place = SOURCES[name].place
    return place if isinstance(place, str) else str(place(folder) or "")


__all__ = [
    "DATASETS",
    "PAD",
    "SOURCES",
    "Dataset",
    "Loader",
    "Standardizer",
    "binarize",
    "decode",
    "encode",
    "kind_of",
    "load",
    "locate",
    "pixels",
    "scale",
    "unscale",
]
