"""All data sets by name: what they are, how they are read, where they are found. A new one needs a line here.

The kinds of examples:

    images   (N, H, W, C)                                 likes    what users like of some items (N, items)
    points   (N, D)                                       pairs    images (N, H, W, C) with names
    text     symbols (N, T + 1) of a text that goes on    series   numbers (N, T + 1, channels)
    lines    symbols (N, T + 1) of a line each            clips    frames (N, T, H, W, C)
    rolls    piano rolls (N, T + 1, 88)
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from . import brain, orl
from .car_following import load_series
from .dataset import TUNES, Dataset
from .emoji import load_emoji
from .emoji import located as located_font
from .lines import MAKEMORE, load_lines
from .mnist import located, mnist_like
from .movielens import load_movielens
from .movielens import located as located_ratings
from .moving import load_clips
from .music import MUSIC, load_rolls
from .small_digits import digits
from .stacked import stacked_mnist
from .tastes import load_tastes
from .text import SHAKESPEARE, load_text
from .toys import toy
from .tunes import load_tunes

Folder = str | Path | None
EMBEDDED, COMPUTED = "part of minigen", "computed"


@dataclass(frozen=True)
class Source:
    """Where a data set comes from.

    Attributes:
        kind: of its examples. text: what they are, for `python -m minigen list`.
        read: (split, folder) -> the data set.
        place: EMBEDDED or COMPUTED; or folder -> the path where its files are without a download, None if nowhere.
        folder: the name of the folder that its files may lie in.
        remedy: how to get the files, where it is not by a download on first use.
    """

    kind: str
    text: str
    read: Callable[[str, Folder], Dataset]
    place: str | Callable[[Folder], Path | None]
    folder: str = ""
    remedy: str = ""

    @property
    def from_files(self) -> bool:
        """Whether it is read from files of somebody else."""
        return not isinstance(self.place, str)


def _named(read: Callable[..., Dataset], name: str) -> Callable[[str, Folder], Dataset]:
    """A reader of several data sets, for one of them."""
    return lambda split, folder: read(name, split, folder)


def _computed(kind: str, text: str, read: Callable[[str], Dataset], place: str = COMPUTED) -> Source:
    return Source(kind, text, lambda split, folder: read(split), place)


def _toy(name: str, text: str) -> Source:
    return _computed("points", text, lambda split: toy(name, split))


def _mnist(name: str, text: str) -> Source:
    return Source("images", text, _named(mnist_like, name), lambda folder: located(name, folder), name)


def _pinned(kind: str, name: str, text: str, read: Callable[..., Dataset]) -> Source:
    """One that is downloaded as a single file, or made of such a one."""
    file = {"shakespeare": SHAKESPEARE, "makemore-names": MAKEMORE, **MUSIC}[TUNES.get(name, name)]
    return Source(kind, text, _named(read, name), file.located, "music" if TUNES.get(name, name) in MUSIC else "text")


def _photographs(module: Callable[[], ModuleType], text: str, name: str, remedy: str = "") -> Source:
    """Of a module that takes longer to import than all the others together."""

    def read(split: str, folder: Folder) -> Dataset:
        found: Dataset = module().read(split, folder)
        return found

    def place(folder: Folder) -> Any:
        return module().located(folder)

    return Source("images", text, read, place, name, remedy)


def _cifar() -> ModuleType:
    from . import cifar

    return cifar


def _celeba() -> ModuleType:
    from . import celeba

    return celeba


def _faces(name: str, text: str) -> Source:
    return Source("images", text, _named(orl.load_faces, name), orl.located, "orl", BY_HAND)


BY_HAND, WITH_NILEARN = "by hand:", "pip install nilearn; or"
WITH_FONT = "install the font Noto Color Emoji (Debian: apt install fonts-noto-color-emoji); or"

SOURCES = {
    "digits": _computed("images", "1797 handwritten digits of 8x8 pixels, part of minigen", digits, EMBEDDED),
    "mnist": _mnist("mnist", "70 000 handwritten digits of 28x28 pixels"),
    "fashion_mnist": _mnist("fashion_mnist", "70 000 pieces of clothing of 28x28 pixels"),
    "stacked_mnist": Source(
        "images",
        "70 000 images of three of these digits as red, green and blue: 1000 classes",
        stacked_mnist,
        lambda folder: located("mnist", folder),
        "mnist",
    ),
    "cifar10": _photographs(_cifar, "60 000 colour photographs of 32x32 pixels", "cifar10"),
    "celeba": _photographs(_celeba, "202 599 faces cut to 64x64 pixels; to be downloaded by hand", "celeba", BY_HAND),
    "orl32": _faces("orl32", "400 photographs of 40 faces, cut to 32x32 grey pixels; to be put into a folder by hand"),
    "orl64": _faces("orl64", "the same at 64x64 pixels"),
    "brain": Source(
        "images",
        "168 slices of one average brain, 64x64 grey pixels, that come with nilearn",
        _named(brain.load_slices, "brain"),
        brain.located,
        "brain",
        WITH_NILEARN,
    ),
    "emoji": Source(
        "pairs",
        "pairs: 1391 emoji of 32x32 pixels and their names, drawn from the font Noto Color Emoji",
        load_emoji,
        located_font,
        "emoji",
        WITH_FONT,
    ),
    "ring": _toy("ring", "points: eight Gaussians on a circle"),
    "grid": _toy("grid", "points: twenty-five Gaussians on a square grid"),
    "swiss_roll": _toy("swiss_roll", "points: a spiral"),
    "moons": _toy("moons", "points: two half circles"),
    "sonnets": Source(
        "text",
        "text: Shakespeare's sonnets, 96 000 characters, part of minigen",
        _named(load_text, "sonnets"),
        EMBEDDED,
    ),
    "shakespeare": _pinned("text", "shakespeare", "text: 1.1 million characters of Shakespeare's plays", load_text),
    "names": Source("lines", "lines: 5163 first names, part of minigen", _named(load_lines, "names"), EMBEDDED),
    "makemore-names": _pinned("lines", "makemore-names", "lines: 32 033 first names", load_lines),
    "adder": Source(
        "lines",
        "lines: the 10 000 sums of two numbers of two digits, as text",
        _named(load_lines, "adder"),
        COMPUTED,
    ),
    "melodies": _pinned(
        *("lines", "melodies"),
        "lines: four bars of melody of the tunes of nottingham, an eighth note a character",
        load_tunes,
    ),
    "chorales": _pinned(
        *("lines", "chorales"),
        "lines: four bars of the chorales of jsb, the soprano first, then the other voices",
        load_tunes,
    ),
    "jsb": _pinned("rolls", "jsb", "piano rolls: 382 chorales of Bach, a quarter note a frame", load_rolls),
    "nottingham": _pinned(
        "rolls", "nottingham", "piano rolls: 1037 folk tunes with chords, an eighth note a frame", load_rolls
    ),
    "tastes": _computed("likes", "likes: what 1000 computed users like of 200 items, by their tastes", load_tastes),
    "movielens": Source(
        "likes",
        "likes: films that users of MovieLens rated well; to be downloaded by hand",
        load_movielens,
        located_ratings,
        "movielens",
        BY_HAND,
    ),
    "car-following": _computed(
        "series",
        "series: 30 000 times a driver behind a car that brakes, 15 seconds each",
        lambda split: load_series("car-following", split),
    ),
    "moving-digits": Source(
        "clips",
        "clips: 11 000 of ten frames, a digit of 8x8 pixels that bounces in 16x16",
        _named(load_clips, "moving-digits"),
        COMPUTED,
    ),
    "moving-mnist": Source(
        "clips",
        "clips: 6000 of ten frames, two digits of mnist that bounce in 32x32 pixels",
        _named(load_clips, "moving-mnist"),
        lambda folder: located("mnist", folder),
        "mnist",
    ),
}
