"""Slices of one brain: the average of 152 people that is called MNI152 (Fonov et al. 2011), 64x64 grey pixels.

Three volumes of 1 mm, made to fit each other: what a T1-weighted scan shows, and how likely each place is grey matter,
and white matter. They come with nilearn, and are read from where that is installed.

The volumes are the same to the left and to the right: this template was made symmetric. So slices across the midline
(axial, coronal) would hold each half twice, and a hole in the one could be filled from the other without any learning.
Ours run along it (sagittal), through one half, 0 ... 71 mm from the midline. Each pixel is the mean of 3x3 mm, rounded
to one of 256 levels as the scans are.

Neighbouring slices are nearly the same, so whole slabs are held out, with slices between that are in neither part:

    mm, modulo 36     0 ... 10   11 ... 14   15 ... 20   21 ... 24   25 ... 35
                      train      left out    test        left out    train

A slice to test on is thus 5 mm or more from any to train on.

It is one brain, and an average: no patient has it, and nothing in it is unusual. A model learns this brain, and not
brains; what it does with held-out slices is to go from one part of it to the next.
"""

import os
from pathlib import Path

import numpy as np

from ..errors import DataError
from .dataset import Dataset
from .nifti import LARGEST, read_volume
from .pinned import check_different
from .places import in_package, places

MAPS = ("t1", "gm", "wm")  # the labels 0, 1, 2: T1, grey matter, white matter
FILES = tuple(f"mni_icbm152_{name}_tal_nlin_sym_09a_converted.nii.gz" for name in MAPS)
SHAPE = (197, 233, 189)  # mm: from left to right, from the back to the front, upwards
MIDLINE, SLICES = 98, 72
BLOCK, SIDE = 3, 64  # mm to a pixel, pixels
BACK, BELOW = 21, 18  # mm: where the pictures begin; and how much nothing is added below
PERIOD, GAP, TESTED = 36, 4, range(15, 21)


def load_slices(name: str, split: str, folder: str | Path | None = None) -> Dataset:
    """The slices of all three volumes: images (132, 64, 64, 1) to train on and 36 to test on; the label is the volume.

    Raises:
        DataError: a volume is missing, damaged, blank, there under two names, or another one.
    """
    place = located(folder)
    if not place:
        lacking = _lacking(folder)
        where = f"neither {Path(folder) / name} nor {folder} holds" if folder else "there is no"
        raise DataError(
            f"{name}: {where} {lacking}; `pip install nilearn` brings it along, or put its three files into "
            f"FOLDER/{name} and set MINIGEN_DATA=FOLDER or pass --data-dir FOLDER"
        )
    kept = [mm for mm in range(SLICES) if part_of(mm) == split]
    x = np.concatenate([slices(place / file)[kept] for file in FILES])
    check_different((place / file for file in FILES), LARGEST)
    return Dataset(name, x, np.repeat(np.arange(len(MAPS)), len(kept)))


def located(folder: str | Path | None = None) -> Path | None:
    """The folder that holds all three volumes."""
    found = places("brain", folder) + ([] if folder else in_package("nilearn", "datasets/data"))
    return next((place for place in found if not _missing(place)), None)


def _missing(place: Path) -> list[str]:
    """The files that are not in a folder, or are no files."""
    return [file for file in FILES if not os.path.isfile(place / file)]


def _lacking(folder: str | Path | None) -> str:
    """The first file that is missing where most of them are."""
    return min(map(_missing, places("brain", folder)), key=len, default=list(FILES))[0]


def part_of(mm: int) -> str:
    """The part that a slice so far from the midline belongs to: 'train', 'test', or ''."""
    at = mm % PERIOD
    if at in TESTED:
        return "test"
    return "" if TESTED.start - GAP <= at < TESTED.stop + GAP else "train"


def slices(path: Path) -> np.ndarray:
    """The slices of a volume from the midline on, the front to the right, the top above: (72, 64, 64, 1) in [0, 1].

    Raises:
        DataError: the file is damaged, or holds another volume.
    """
    volume = read_volume(path)
    if volume.shape != SHAPE:
        raise DataError(f"{path}: holds a volume of {volume.shape}, expected {SHAPE}; give the file of nilearn")
    if volume.min() == volume.max():
        raise DataError(f"{path}: is {volume.max()} everywhere, expected a brain; fetch it again")
    half = volume[MIDLINE - SLICES + 1 : MIDLINE + 1][::-1]  # (72, 233, 189)
    length = SIDE * BLOCK
    window = np.zeros((SLICES, length, length), np.float32)  # what lies above the brain is cut off
    window[:, :, BELOW:] = half[:, BACK : BACK + length, : length - BELOW]
    means = np.rint(window.reshape(SLICES, SIDE, BLOCK, SIDE, BLOCK).mean(axis=(2, 4))) / np.float32(255)
    return np.ascontiguousarray(means.transpose(0, 2, 1)[:, ::-1, :, None])  # rows from the top
