"""What `python -m minigen sample` writes: pictures or numbers, texts, or music, by what the model has learnt."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..data import load
from ..data.files import save_parts
from ..errors import ArgumentError, DataError
from ..models.sequences.sampling import Draw
from ..random import Generator
from . import playing
from .pictures import MOST_IMAGES, MOST_POINTS, PICTURED, picture_of
from .playing import Content
from .trained import Trained

# Endings of a file, by the kind of data. Lines that are music may be heard, too.
SUFFIXES = {
    "images": (".png", ".npy"),
    "points": (".png", ".npy"),
    "text": (".txt",),
    "lines": (".txt",),
    "rolls": (*playing.MUSIC, ".npy"),
}
OF_DRAWING = ("temperature", "top_k", "top_p")
LACKS = {
    "label": "knows no classes",
    "truncation": "has no styles",
    "prompt": "writes no text",
    **dict.fromkeys(("evaluations", "solver"), "makes a sample in one go"),
    "guidance": "is not guided",
    "length": "makes nothing of any length",
    **dict.fromkeys(OF_DRAWING, "draws no symbols here"),
}


def suffixes_of(trained: Trained) -> tuple[str, ...]:
    """How the name of a file of samples may end; where none is named, all but .npy, as a run leaves them."""
    tunes = trained.kind == "lines" and playing.is_music(trained.settings.data)
    return (*SUFFIXES[trained.kind], *(playing.MUSIC if tunes else ()))


def files_of(trained: Trained, out: str | None, otherwise: Path) -> dict[str, Path]:
    """The files that samples are to be written to, by their endings.

    Args:
        trained: the model. out: one file, if it is named. otherwise: else their path, without an ending.

    Raises:
        ArgumentError, DataError: of the one that is named: an ending that does not suit, or no such folder.
    """
    suffixes = suffixes_of(trained)
    if out is None:
        return {suffix: otherwise.with_name(otherwise.name + suffix) for suffix in suffixes if suffix != ".npy"}
    path = Path(out)
    if path.suffix not in suffixes:
        raise ArgumentError(f"out: expected a file name that ends in {' or '.join(suffixes)}, got {out!r}")
    if not path.parent.is_dir():
        raise DataError(f"out: the folder {path.parent} does not exist; make it first")
    return {path.suffix: path}


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
    trained: Trained,
    n: int | None,
    seed: int,
    suffixes: Sequence[str],
    folder: str | Path | None,
    how: dict[str, Any],
) -> tuple[str, dict[str, Content]]:
    """The same samples in words, and as the content of a file of each ending.

    Args:
        trained: the model. n: how many; by default what suits the kind of data. seed: of what is drawn.
        suffixes: of the files' names. folder: that holds the data set's files, to draw points over those of the data.
        how: see `check_how`.
    """
    rng = Generator(seed)
    if trained.kind not in ("images", "points"):
        own = {name: value for name, value in how.items() if name not in OF_DRAWING}
        if len(own) < len(how):
            own["draw"] = Draw(**{name: value for name, value in how.items() if name in OF_DRAWING})
        return playing.samples(trained, n or playing.how_many(trained), rng, suffixes, **own)
    (suffix,) = suffixes
    n = n or PICTURED[trained.kind]
    told = playing.counted(n, "sample")
    if suffix == ".npy":
        return told, {suffix: lambda path: save_parts(path, (n, *trained.shape), trained.samples(n, rng, **how))}
    most = MOST_IMAGES if trained.is_image else MOST_POINTS
    if n > most:
        told = f"the first {most} of {told}, as many as a picture shows; all are in a file --out NAME.npy"
    shown = load(trained.settings.data, "test", folder=folder) if not trained.is_image else None
    picture = picture_of(trained.sample(min(n, most), rng, **how), shown, f"{trained.title}, seed {seed}")
    return told, {suffix: picture}
