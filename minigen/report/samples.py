"""What `python -m minigen sample` writes: pictures or numbers, texts, or music, by what the model has learnt."""

import inspect
from pathlib import Path
from typing import Any

from ..data import load
from ..data.files import save_parts
from ..errors import ArgumentError
from ..models.sequences.sampling import Draw
from ..random import Generator
from . import playing
from .pictures import MOST_IMAGES, MOST_POINTS, Content, picture_of
from .trained import Trained
from .writing import texts

# Endings of a file, by the kind of data; the first where none is named. Lines that are music may be heard, too.
MUSIC = (".wav", ".mid", ".png")
SUFFIXES = {
    "images": (".png", ".npy"),
    "points": (".png", ".npy"),
    "text": (".txt",),
    "lines": (".txt",),
    "rolls": (*MUSIC, ".npy"),
    "series": (".png", ".npy"),
    "clips": (".png", ".npy"),
}
COUNTS = {"images": 100, "points": 100, "text": 1, "lines": 20, "rolls": 1, "series": 4, "clips": 10}
MOST = {"images": MOST_IMAGES, "points": MOST_POINTS, "series": 12, "clips": 100}  # in a picture
OF_DRAWING = ("temperature", "top_k", "top_p")
LACKS = {
    "label": "knows no classes",
    "truncation": "has no styles",
    "prompt": "writes no text",
    "length": "makes nothing of any length",
    **dict.fromkeys(OF_DRAWING, "draws no symbols here"),
}


def suffixes_of(trained: Trained) -> tuple[str, ...]:
    """How the name of a file of samples may end; the first where none is named."""
    tunes = trained.kind == "lines" and playing.is_music(trained.settings.data)
    return (*SUFFIXES[trained.kind], *(MUSIC if tunes else ()))


def check_how(trained: Trained, how: dict[str, Any]) -> None:
    """Refuse a way to sample that the model does not know.

    Raises:
        ArgumentError: names it, and says what the model lacks.
    """
    model = trained.settings.model
    if trained.recipe.damage:
        raise ArgumentError(f"folder: {model!r} restores damaged images and makes none from noise; see restored.png")
    takes = set(inspect.signature(trained.model.sample).parameters)
    if "draw" in takes:
        takes |= set(OF_DRAWING)
    if trained.kind == "rolls":
        takes.discard("prompt")  # frames, which no word says
    for name in how.keys() - takes:
        raise ArgumentError(f"{name}: {model!r} {LACKS[name]}; leave it out")


def sampled(
    trained: Trained, n: int | None, seed: int, suffix: str, folder: str | Path | None, how: dict[str, Any]
) -> tuple[str, Content]:
    """Samples in words, and the content of the file that is to hold them.

    Args:
        trained: the model. n: how many; by default what suits the kind of data. seed: of what is drawn.
        suffix: of the file's name. folder: that holds the data set's files, to draw points over those of the data.
        how: see `check_how`.
    """
    n, rng = n or COUNTS[trained.kind], Generator(seed)
    if suffix in MUSIC and playing.is_music(trained.settings.data):
        return _music(trained, n, rng, suffix, how)
    if trained.kind in ("text", "lines"):
        between = "\n" if trained.kind == "lines" else "\n\n----\n\n"
        return counted(n, "line" if trained.kind == "lines" else "text"), between.join(
            _written(trained, n, rng, how)
        ) + "\n"
    if trained.kind == "rolls":
        x = trained.symbols(n, rng, **how)
        return counted(n, "roll"), lambda path: save_parts(path, x.shape, [x])
    if suffix == ".npy":
        return counted(n, "sample"), lambda path: save_parts(path, (n, *trained.shape), trained.samples(n, rng, **how))
    most = MOST[trained.kind]
    told = counted(n, "sample")
    if n > most:
        told = f"the first {most} of {told}, as many as a picture shows; all are in a file --out NAME.npy"
    shown = load(trained.settings.data, "test", folder=folder) if trained.kind == "points" else None
    return told, picture_of(trained.sample(min(n, most), rng, **how), shown, f"{trained.title}, seed {seed}")


def counted(n: int, what: str) -> str:
    """'1 line', '2 lines'."""
    return f"{n} {what}{'s' if n > 1 else ''}"


def _written(trained: Trained, n: int, rng: Generator, how: dict[str, Any]) -> list[str]:
    """n texts; a part of `how` says how symbols are drawn."""
    draw = Draw(**{name: how[name] for name in how if name in OF_DRAWING})
    return texts(trained, n, rng, draw=draw, **{name: how[name] for name in how if name not in OF_DRAWING})


def _music(trained: Trained, n: int, rng: Generator, suffix: str, how: dict[str, Any]) -> tuple[str, Content]:
    """Samples as something to hear, or to see."""
    data = trained.settings.data
    if trained.kind == "rolls":
        rolls = playing.played(trained, n, rng, **how)
    else:
        lines = _written(trained, n, rng, how)
        rolls = [roll for line in lines if len(roll := playing.roll_of(line, data))]
    if not rolls:
        raise ArgumentError(
            f"folder: what {trained.settings.model!r} wrote is no music; train it longer, or take a .txt"
        )
    return counted(len(rolls), "piece"), playing.content(suffix, rolls, data, trained.title)
