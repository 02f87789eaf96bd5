"""Pictures with names: 1391 emoji as the font Noto Color Emoji draws them, 32x32 pixels in colour on white.

    U+1F638   grinning cat face with smiling eyes    ->   x: (32, 32, 3),   y: the places of its six words

The names are those of Unicode 14, from U+2000 on, and part of minigen; the pictures are drawn from the font of this
system, or of a folder. A name is a row of the places of its words, filled up with 0, the place of no word.

A tenth is held out to test on. Each word of their names stands in a name that is trained on too: what is new is the
picture, and mostly how the words are put together. Which are held out is random but always the same.
"""

import contextlib
import io
import os
import re
from collections import Counter
from pathlib import Path

import numpy as np

from ..errors import ArgumentError, DataError, in_words
from .dataset import Dataset
from .pinned import content_of
from .places import places
from .text import EMBEDDED, read_text

FONT, FAMILY = "NotoColorEmoji.ttf", "Noto Color Emoji"
SYSTEM = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
LARGEST = 64 << 20  # bytes of a font; this one has 10 million
DRAWN = 109  # the only size that the font has, in pixels
WIDTH, HEIGHT = 136, 128  # of a picture in that size
SIZE = 32
HELD_OUT = 139


def load_emoji(split: str, folder: str | Path | None = None) -> Dataset:
    """1252 pictures to train on or 139 to test on, float32 (N, 32, 32, 3), with their names (N, 11).

    Raises:
        DataError: the font is nowhere, damaged, or another one.
    """
    characters, names = emoji_names()
    x = drawn(font_of(folder), characters)
    words = words_of(names)
    tested = held_out(names)
    chosen = tested if split == "test" else ~tested
    return Dataset("emoji", x[chosen], encode_names(names, words)[chosen], words=words)


def emoji_names() -> tuple[list[str], list[str]]:
    """The characters, and the name of each, in the order of their code points."""
    lines = read_text(EMBEDDED / "emoji.txt").splitlines()
    codes, names = zip(*(line.split(" ", 1) for line in lines), strict=True)
    return [chr(int(code, 16)) for code in codes], list(names)


def split_name(name: str) -> list[str]:
    """The words of a name: 'clock face two-thirty' has four."""
    return re.findall(r"[a-z0-9]+", name.lower())


def words_of(names: list[str]) -> tuple[str, ...]:
    """The different words of the names, sorted; before them '', which fills up."""
    return ("", *sorted({word for name in names for word in split_name(name)}))


def encode_names(names: list[str], words: tuple[str, ...], longest: int = 0) -> np.ndarray:
    """The places of the words of each name, integers (N, T), filled up with 0; T is the longest's number of words.

    Args:
        longest: T, if it is to be more.

    Raises:
        ArgumentError: a name has no word, or one that is not known; says which.
    """
    place = {word: i for i, word in enumerate(words) if word}
    split = [split_name(name) for name in names]
    for name, found in zip(names, split, strict=True):
        if not found:
            raise ArgumentError(f"names: expected words of the letters a ... z or of digits, got {name[:80]!r}")
        if unknown := next((word for word in found if word not in place), ""):
            raise ArgumentError(f"names: {unknown[:80]!r} is none of the {len(place)} known words; take another")
    y = np.zeros((len(names), max([longest, *map(len, split)])), np.int64)
    for row, found in zip(y, split, strict=True):
        row[: len(found)] = [place[word] for word in found]
    return y


def decode_names(y: np.ndarray, words: tuple[str, ...]) -> list[str]:
    """The names whose words stand in the rows of y (N, T)."""
    return [" ".join(words[i] for i in row if i) for row in np.asarray(y).tolist()]


def held_out(names: list[str], most: int = HELD_OUT, seed: int = 0) -> np.ndarray:
    """Which are held out, (N,) of bool: in random order, each whose words all stand in a name that stays."""
    split = [set(split_name(name)) for name in names]
    left = Counter(word for words in split for word in words)  # names that stay and have the word
    out = np.zeros(len(names), bool)
    for i in np.random.default_rng(seed).permutation(len(names)):
        if out.sum() < most and all(left[word] > 1 for word in split[i]):
            left.subtract(split[i])
            out[i] = True
    return out


# --------------------------------------------------------------------------------------------------------- pictures


def located(folder: str | Path | None = None) -> Path | None:
    """The font, if it can be found."""
    for place in places("emoji", folder):
        if os.path.lexists(place / FONT):
            return place / FONT
    if folder:
        return None
    for root in SYSTEM:
        with contextlib.suppress(OSError, RuntimeError):  # a folder that cannot be read; a user without a home
            if found := sorted(Path(root).expanduser().rglob(FONT)):
                return found[0]
    return None


def font_of(folder: str | Path | None = None) -> Path:
    """The font.

    Raises:
        DataError: it is nowhere; says how to get it.
    """
    if found := located(folder):
        return found
    where = f"neither {Path(folder) / 'emoji'} nor {folder} holds" if folder else "no folder of fonts holds"
    raise DataError(
        f"emoji: {where} {FONT}; install it (apt install fonts-noto-color-emoji), or put it into FOLDER/emoji and set "
        "MINIGEN_DATA=FOLDER or pass --data-dir FOLDER"
    )


def drawn(path: Path, characters: list[str]) -> np.ndarray:
    """The pictures of characters as the font at `path` draws them on white: float32 (N, 32, 32, 3) in [0, 1].

    Raises:
        DataError: the file is no such font, is damaged, or lacks a character.
    """
    from PIL import Image, ImageDraw, ImageFont

    content = content_of(path, LARGEST)
    x = np.empty((len(characters), SIZE, SIZE, 3), np.float32)
    try:
        font = ImageFont.truetype(io.BytesIO(content), DRAWN, layout_engine=ImageFont.Layout.BASIC)
        if font.getname()[0] != FAMILY:
            raise DataError(f"{path}: is the font {str(font.getname()[0])[:80]!r}, expected {FAMILY!r}; give that one")
        for i, character in enumerate(characters):
            picture = Image.new("RGB", (WIDTH, WIDTH), "white")
            place = (0, (WIDTH - HEIGHT) // 2)
            ImageDraw.Draw(picture).text(place, character, "black", font, embedded_color=True)
            if picture.getextrema() == ((255, 255),) * 3:
                raise DataError(
                    f"{path}: draws nothing for U+{ord(character):X}; give a version of 2021 or later that holds "
                    "pictures (CBDT), not outlines (COLRv1)"
                )
            small = picture.resize((SIZE, SIZE), Image.Resampling.BILINEAR)  # a mean over all pixels that it covers
            x[i] = np.asarray(small, np.float32) / 255
    except DataError:
        raise
    except Exception as error:  # FreeType's many kinds, as Pillow passes them on
        raise DataError(
            f"{path}: is no whole font with pictures of {DRAWN} pixels ({in_words(error)}); get it again"
        ) from None
    return x
