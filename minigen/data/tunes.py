"""Tunes and chorales written as lines, so that models of text can read and write them.

Each of the piano's 88 keys has a character; '-' is silence, '.' a tone that goes on, '|' the end of what is given.

    melodies    one character a frame, 32 frames of an eighth note:     J..LN...-  =  C4 held, D4, E4 held, silence
                the highest voice of Nottingham's tunes, four bars of 4/4 or five and a third of 6/8
    chorales    16 frames of a quarter note: the soprano, '|', then alto, tenor and bass of frame 1, of frame 2, ...
                SSSSSSSSSSSSSSSS|ATBATBATB...     so that the harmony is what follows when a melody is given

A key that sounds in two frames in a row is taken as held: a roll does not tell a held tone from a repeated one. A frame
of a chorale with fewer than four tones has voices in unison: of three tones alto and tenor share the middle one, of two
the soprano and alto the upper one; so no tone is lost or added. The melodies of MusicVAE (Roberts et al. 2018) are
written in a similar way, in frames of a sixteenth note. Lesson 18 draws such lines.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError
from .alphabet import pack
from .dataset import Dataset
from .music import KEYS, MUSIC, pieces

REST, HOLD, BAR = "-.|"
CHARACTERS = "".join(c for c in map(chr, range(33, 127)) if c not in REST + HOLD + BAR)[:KEYS]  # of key 0 ... 87
MELODY_FRAMES = 32
CHORALE_FRAMES = 16
STEPS = {"melodies": 8, "chorales": 8}  # frames from one window of the training part to the next: a bar, two bars
TRANSPOSED = range(-5, 7)  # semitones: chorales to train on are in all twelve keys, as a soprano may be


def load_tunes(name: str, split: str, folder: str | Path | None = None) -> Dataset:
    """'melodies' or 'chorales': symbols of lines, bytes (N, longest + 2), and their alphabet.

    To train on, windows overlap, and chorales are transposed to all twelve keys. To test on, they follow one another,
    in the key of the file; what is left at the end of a piece is left out.

    Raises:
        DataError: the file is not in `folder`, is damaged, or cannot be downloaded.
    """
    forms: dict[str, tuple[str, int, Callable[[np.ndarray], list[Any]], Callable[[list[Any]], str]]] = {
        "melodies": ("nottingham", MELODY_FRAMES, _highest, _melody),
        "chorales": ("jsb", CHORALE_FRAMES, _voices, _chorale),
    }
    source, frames, read, written = forms[name]
    lines = {}
    for part in ("train", "test"):
        step = STEPS[name] if part == "train" else frames
        lines[part] = [
            written(voices[start : start + frames])
            for voices in map(read, pieces(source, part, folder))
            for start in range(0, len(voices) - frames + 1, step)
        ]
        if not lines[part]:
            raise DataError(f"{MUSIC[source].path(folder)}: no piece in {part!r} has {frames} frames; fetch it again")
    if name == "chorales":
        lines["train"] = [line.translate(_moved(key)) for key in TRANSPOSED for line in lines["train"]]
    alphabet = "\n" + "".join(sorted(set().union(*lines["train"], *lines["test"])))
    return Dataset(name, pack(lines[split], alphabet, len(lines[split][0])), alphabet=alphabet)


def melody_of(roll: np.ndarray) -> str:
    """The highest voice of a roll (L, 88) as a line, a character a frame."""
    return _melody(_highest(roll))


def roll_of_melody(line: str) -> np.ndarray:
    """The roll (L, 88) of a melody; a HOLD with nothing to hold is silence.

    Raises:
        ArgumentError: a character that is no key, REST or HOLD.
    """
    roll = np.zeros((len(line), KEYS), np.uint8)
    key = -1
    for t, character in enumerate(line):
        if character != HOLD:
            key = _key(character, t)
        if key >= 0:
            roll[t, key] = 1
    return roll


def chorale_of(roll: np.ndarray) -> str:
    """A roll (L, 88) of at most four voices as a line of 4 L + 1 characters: the soprano, BAR, the other voices."""
    return _chorale(_voices(roll))


def roll_of_chorale(line: str) -> np.ndarray:
    """The roll (L, 88) of a chorale; a line that was broken off has the frames whose four voices are there.

    Raises:
        ArgumentError: a character that is no key or REST, or there is no BAR.
    """
    soprano, bar, others = line.partition(BAR)
    if not bar:
        raise ArgumentError(f"line: expected the soprano, {BAR!r} and the other voices, got {line[:80]!r}")
    frames = min(len(soprano), len(others) // 3)
    roll = np.zeros((frames, KEYS), np.uint8)
    for t in range(frames):
        for character in soprano[t] + others[3 * t : 3 * t + 3]:
            if (key := _key(character, t)) >= 0:
                roll[t, key] = 1
    return roll


def _highest(roll: np.ndarray) -> list[int]:
    """The highest key of each frame, -1 in silence."""
    found = roll.shape[1] - 1 - roll[:, ::-1].argmax(axis=1)
    return [int(key) for key in np.where(roll.any(axis=1), found, -1)]


def _melody(keys: list[int]) -> str:
    return "".join(
        REST if key < 0 else HOLD if t and key == keys[t - 1] else CHARACTERS[key] for t, key in enumerate(keys)
    )


def _voices(roll: np.ndarray) -> list[str]:
    """The four voices of each frame."""
    return [_four(np.flatnonzero(frame)[::-1]) for frame in roll]


def _chorale(voices: list[str]) -> str:
    return "".join(frame[0] for frame in voices) + BAR + "".join(frame[1:] for frame in voices)


def _moved(semitones: int) -> dict[int, str]:
    """For `str.translate`: each key that many semitones higher; beyond an end of the keyboard, an octave back."""
    keys = np.arange(KEYS) + semitones
    keys += 12 * (keys < 0) - 12 * (keys >= KEYS)
    return {ord(c): CHARACTERS[key] for c, key in zip(CHARACTERS, keys, strict=True)}


def _four(keys: np.ndarray) -> str:
    """Four voices, from above, that sing these keys, given from above; of more than four, three and the lowest."""
    tones = [CHARACTERS[key] for key in keys]
    if len(tones) > 4:
        tones = [*tones[:3], tones[-1]]
    share = {0: (), 1: (0, 0, 0, 0), 2: (0, 0, 1, 1), 3: (0, 1, 1, 2), 4: (0, 1, 2, 3)}[len(tones)]
    return "".join(tones[i] for i in share) or 4 * REST


def _key(character: str, t: int) -> int:
    """The key of a character, -1 for REST."""
    if character == REST:
        return -1
    if character not in CHARACTERS:
        raise ArgumentError(f"line: expected a key, {REST!r} or {HOLD!r}, got {character!r} in frame {t}")
    return CHARACTERS.index(character)
