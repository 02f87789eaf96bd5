"""Data sets, batches and transformations: NumPy arrays, no tensors."""

from pathlib import Path
from types import ModuleType

from ..errors import ArgumentError, unknown_name
from . import brain, orl
from .alphabet import PAD, decode, encode
from .car_following import load_series
from .dataset import LINES, OF_LINES, TUNES, Dataset
from .emoji import load_emoji
from .emoji import located as located_font
from .lines import MAKEMORE, load_lines
from .loader import Loader
from .mnist import located, mnist_like
from .movielens import load_movielens
from .movielens import located as located_ratings
from .moving import SCENES, load_clips
from .music import MUSIC, load_rolls
from .small_digits import digits
from .stacked import stacked_mnist
from .tastes import load_tastes
from .text import SHAKESPEARE, load_text
from .toys import TOYS, toy
from .transforms import Standardizer, binarize, pixels, scale, unscale
from .tunes import load_tunes

DATASETS = {
    "digits": "1797 handwritten digits of 8x8 pixels, part of minigen",
    "mnist": "70 000 handwritten digits of 28x28 pixels",
    "fashion_mnist": "70 000 pieces of clothing of 28x28 pixels",
    "stacked_mnist": "70 000 images of three of these digits as red, green and blue: 1000 classes",
    "cifar10": "60 000 colour photographs of 32x32 pixels",
    "celeba": "202 599 faces cut to 64x64 pixels; to be downloaded by hand",
    "orl32": "400 photographs of 40 faces, cut to 32x32 grey pixels; to be put into a folder by hand",
    "orl64": "the same at 64x64 pixels",
    "brain": "168 slices of one average brain, 64x64 grey pixels, that come with nilearn",
    "emoji": "pairs: 1391 emoji of 32x32 pixels and their names, drawn from the font Noto Color Emoji",
    "ring": "points: eight Gaussians on a circle",
    "grid": "points: twenty-five Gaussians on a square grid",
    "swiss_roll": "points: a spiral",
    "moons": "points: two half circles",
    "sonnets": "text: Shakespeare's sonnets, 96 000 characters, part of minigen",
    "shakespeare": "text: 1.1 million characters of Shakespeare's plays",
    "names": "lines: 5163 first names, part of minigen",
    "makemore-names": "lines: 32 033 first names",
    "adder": "lines: the 10 000 sums of two numbers of two digits, as text",
    "melodies": "lines: four bars of melody of the tunes of nottingham, an eighth note a character",
    "chorales": "lines: four bars of the chorales of jsb, the soprano first, then the other voices",
    "jsb": "piano rolls: 382 chorales of Bach, a quarter note a frame",
    "nottingham": "piano rolls: 1037 folk tunes with chords, an eighth note a frame",
    "tastes": "likes: what 1000 computed users like of 200 items, by their tastes",
    "movielens": "likes: films that users of MovieLens rated well; to be downloaded by hand",
    "car-following": "series: 30 000 times a driver behind a car that brakes, 15 seconds each",
    "moving-digits": "clips: 11 000 of ten frames, a digit of 8x8 pixels that bounces in 16x16",
    "moving-mnist": "clips: 6000 of ten frames, two digits of mnist that bounce in 32x32 pixels",
}
TEXTS = ("sonnets", "shakespeare")
OF_ROLLS = tuple(MUSIC)
LIKES = ("tastes", "movielens")
PAIRS = ("emoji",)
SERIES, CLIPS = ("car-following",), tuple(SCENES)
OF_MNIST = ("stacked_mnist", "moving-mnist")
EMBEDDED = ("digits", "sonnets", "names")
COMPUTED = (*TOYS, "adder", "tastes", *SERIES, "moving-digits")
PINNED = {"shakespeare": SHAKESPEARE, "makemore-names": MAKEMORE, **MUSIC}


def kind_of(name: str) -> str:
    """What the examples of a data set are.

    Returns:
        'images' (N, H, W, C); 'points' (N, D); 'text', symbols (N, T + 1) of a text that goes on; 'lines', symbols
        (N, T + 1) of a line each, filled with PAD; 'rolls', piano rolls (N, T + 1, 88); 'likes', what users like of
        some items (N, items); 'pairs', images (N, H, W, C) with names; 'series', numbers
        (N, T + 1, channels); 'clips', frames (N, T, H, W, C).

    Raises:
        ArgumentError: an unknown name.
    """
    if name not in DATASETS:
        raise unknown_name("data", name, DATASETS)
    kinds = {
        "points": TOYS,
        "text": TEXTS,
        "lines": OF_LINES,
        "rolls": OF_ROLLS,
        "likes": LIKES,
        "pairs": PAIRS,
        "series": SERIES,
        "clips": CLIPS,
    }
    return next((kind for kind, names in kinds.items() if name in names), "images")


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
    if name not in DATASETS:
        raise unknown_name("data", name, DATASETS)
    if split not in ("train", "test"):
        raise unknown_name("split", split, ("train", "test"))
    if folder and (name in EMBEDDED or name in COMPUTED):
        raise ArgumentError(f"folder: {name!r} is not read from files; leave folder (--data-dir) out")
    if name in TEXTS:
        return load_text(name, split, folder)
    if name in LINES:
        return load_lines(name, split, folder)
    if name in TUNES:
        return load_tunes(name, split, folder)
    if name in MUSIC:
        return load_rolls(name, split, folder)
    if name in SERIES:
        return load_series(name, split)
    if name in CLIPS:
        return load_clips(name, split, folder)
    if name in TOYS:
        return toy(name, split)
    if name in LIKES:
        return load_tastes(split) if name == "tastes" else load_movielens(split, folder)
    if name == "digits":
        return digits(split)
    if name == "emoji":
        return load_emoji(split, folder)
    if name == "stacked_mnist":
        return stacked_mnist(split, folder)
    if name in orl.SIZES:
        return orl.load_faces(name, split, folder)
    if name == "brain":
        return brain.load_slices(name, split, folder)
    if name in ("cifar10", "celeba"):
        dataset: Dataset = _photographs(name).read(split, folder)
        return dataset
    return mnist_like(name, split, folder)


def _photographs(name: str) -> ModuleType:
    """The module that reads a data set of photographs; importing it takes longer than importing all the others."""
    if name == "cifar10":
        from . import cifar

        return cifar
    from . import celeba

    return celeba


def locate(name: str, folder: str | Path | None = None) -> str:
    """Where a data set is found without downloading, in words; '' if nowhere."""
    if name not in DATASETS:
        raise unknown_name("data", name, DATASETS)
    if name in EMBEDDED:
        return "part of minigen"
    if name in COMPUTED:
        return "computed"
    if name == "emoji":
        return str(located_font(folder) or "")
    if name in PINNED or name in TUNES:
        return str(PINNED[TUNES.get(name, name)].located(folder) or "")
    if name in (*orl.SIZES, "brain"):
        return str((brain if name == "brain" else orl).located(folder) or "")
    if name in ("cifar10", "celeba"):
        return str(_photographs(name).located(folder) or "")
    if name == "movielens":
        return str(located_ratings(folder) or "")
    return str(located("mnist" if name in OF_MNIST else name, folder) or "")


__all__ = [
    "DATASETS",
    "PAD",
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
