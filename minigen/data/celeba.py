"""CelebA (Liu et al. 2015): 202 599 photographs of faces, aligned and cropped to 178x218, here cut to 64x64.

The centre square of 178x178 is scaled down to 64x64, once; the result is kept in the cache as one array of bytes on
the disk, which is read batch by batch: the images need not fit into memory. It is made anew when the source changes.

CelebA may not be downloaded by a program: get img_align_celeba.zip from its page, or put the JPEGs into a folder.
"""

import hashlib
import os
from pathlib import Path

import numpy as np

from ..errors import DataError
from .dataset import Dataset
from .download import cache_folder
from .files import locked, persist
from .photographs import SIZE, Photographs, photographs_at
from .places import places

PAGE = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
NAMES = ("img_align_celeba.zip", "img_align_celeba")
OFFICIAL, TRAIN, TEST = 202_599, 162_770, 19_962  # the rest, between the two, is for validation


def read(split: str, folder: str | Path | None = None) -> Dataset:
    """CelebA: images (N, 64, 64, 3) as bytes on the disk, no labels. `pixels` makes floats of a batch.

    The splits are the official ones; fewer images are split in the same proportions.

    Raises:
        DataError: the photographs are not there, one of them is damaged or not a photograph, or the cache is full.
    """
    source = located(folder)
    if not source:
        where = f"neither {Path(folder) / 'celeba'} nor {folder} holds" if folder else "there is no"
        raise DataError(
            f"celeba: {where} {NAMES[0]} or folder {NAMES[1]}; get it from {PAGE}, put it into FOLDER/celeba, "
            "and set MINIGEN_DATA=FOLDER or pass --data-dir FOLDER"
        )
    images = _cached(source)
    n = len(images)
    train, test = round(n * TRAIN / OFFICIAL), max(1, round(n * TEST / OFFICIAL))
    if not train:
        raise DataError(f"{source}: holds {n} images, too few to train and to test on; give all of them")
    return Dataset("celeba", images[:train] if split == "train" else images[n - test :])


def located(folder: str | Path | None = None) -> Path | None:
    """The archive or the folder of photographs, if there is one."""
    for place in places("celeba", folder):
        archive, images = (place / name for name in NAMES)
        if os.path.isfile(archive):
            return archive
        if os.path.isdir(images):
            return images
    return None


def _cached(source: Path) -> np.memmap:
    """All images of a source (N, 64, 64, 3), read-only, on the disk; decoded if they are not in the cache."""
    with photographs_at(source) as photographs:
        which = hashlib.sha256(os.fsencode(source.resolve())).hexdigest()[:16]
        path = cache_folder() / "celeba" / f"{which}-{photographs.identity()}.npy"
        try:
            with locked(path):
                if not path.exists():
                    _decode(photographs, path)
                    for old in path.parent.glob(f"{which}-*.npy"):  # what the source was before
                        if old != path:
                            old.unlink()
        except DataError:
            raise
        except OSError as error:
            raise DataError(f"cache: cannot write {path} ({error.strerror}); make room or set MINIGEN_CACHE") from error
    shape = (len(photographs), SIZE, SIZE, 3)
    start = path.stat().st_size - int(np.prod(shape))
    if start <= 0 or start > 1024:
        raise DataError(f"{path}: is not what was written there; remove it, and it is made anew")
    return np.memmap(path, np.uint8, "r", start, shape)


def _decode(photographs: Photographs, path: Path) -> None:
    """Write all images to `path`, a NumPy file, which is there when it is whole."""
    from tqdm import tqdm

    partial = path.with_name(f".{path.name}.part")
    header = {"descr": "|u1", "fortran_order": False, "shape": (len(photographs), SIZE, SIZE, 3)}
    try:
        with open(partial, "wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for image in tqdm(photographs, desc="celeba: decoding once", unit="image", leave=False):
                file.write(image.tobytes())
        persist(partial, path)
    finally:
        partial.unlink(missing_ok=True)
