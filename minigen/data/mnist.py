"""MNIST (LeCun et al. 1998) and Fashion-MNIST (Xiao et al. 2017): 60 000 + 10 000 grey images of 28x28 in 10 classes.

The files are looked for in a folder given by the caller, in the folder that MINIGEN_DATA names, and in the cache; if
they are in none, they are downloaded into the cache and compared with the SHA-256 of the official files. The files of a
folder that the caller gave are not compared.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError
from .dataset import Dataset
from .download import cache_folder, download
from .idx import read_idx
from .places import places

STEMS = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}


@dataclass(frozen=True)
class Source:
    """Where the files of a data set come from, and what they must be."""

    mirrors: tuple[str, ...]
    sha256: dict[str, str]


SOURCES = {
    "mnist": Source(
        (
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        {
            "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        },
    ),
    "fashion_mnist": Source(
        (
            "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        {
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    ),
}


def mnist_like(name: str, split: str, folder: str | Path | None = None) -> Dataset:
    """'mnist' or 'fashion_mnist': images (N, 28, 28, 1) and labels.

    Raises:
        DataError: the files are not in `folder`, are damaged, or cannot be downloaded.
    """
    paths = _found(name, STEMS[split], folder)
    if not paths and folder:
        files = f"{STEMS[split][0]}.gz and {STEMS[split][1]}.gz"
        raise DataError(f"folder: neither {Path(folder) / name} nor {folder} holds {files}; put the files there")
    image_path, label_path = paths or _downloaded(name, STEMS[split])
    images, labels = read_idx(image_path, 3), read_idx(label_path, 1)
    if len(images) != len(labels):
        raise DataError(
            f"{image_path.parent}: {len(images)} images and {len(labels)} labels in {split}; the two files do not "
            "belong together: remove them and fetch them again"
        )
    return Dataset(name, np.divide(images[..., None], 255, dtype=np.float32), labels.astype(np.int64))


def located(name: str, folder: str | Path | None = None) -> Path | None:
    """The folder that holds all four files, if there is one already."""
    paths = _found(name, STEMS["train"] + STEMS["test"], folder)
    return paths[0].parent if paths else None


def _found(name: str, stems: tuple[str, ...], folder: str | Path | None) -> list[Path]:
    """All these files, from the first folder that holds all: images and labels never come from different places."""
    for place in _places(name, folder):
        paths = [path for stem in stems if (path := _in_folder(place, stem))]
        if len(paths) == len(stems):
            return paths
    return []


def _places(name: str, folder: str | Path | None) -> list[Path]:
    """Where to look; MINIGEN_DATA itself may hold MNIST's files, which have the same names as Fashion-MNIST's."""
    found = places(name, folder)
    if name != "mnist" and not folder and os.environ.get("MINIGEN_DATA"):
        return [place for place in found if place != Path(os.environ["MINIGEN_DATA"])]
    return found


def _in_folder(place: Path, stem: str) -> Path | None:
    for candidate in (place / f"{stem}.gz", place / stem):
        if os.path.isfile(candidate):
            return candidate
    return None


def _downloaded(name: str, stems: tuple[str, ...]) -> list[Path]:
    """These files in the cache; those that it lacks are downloaded."""
    place, source = cache_folder() / name, SOURCES[name]
    advice = f"put the four *-ubyte.gz files into FOLDER/{name} and set MINIGEN_DATA=FOLDER or pass --data-dir FOLDER"
    paths = []
    for stem in stems:
        file = f"{stem}.gz"
        urls = [mirror + file for mirror in source.mirrors]
        paths.append(_in_folder(place, stem) or download(urls, source.sha256[file], place / file, advice))
    return paths
