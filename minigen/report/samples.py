"""What `python -m minigen sample` writes, by what the model has learnt: see `kinds`."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..data import load
from ..errors import ArgumentError, DataError
from ..random import Generator
from .findings import Files
from .kinds import showing
from .sequences import OF_DRAWING
from .trained import Trained

LACKS = {
    "label": "knows no classes",
    "truncation": "has no styles",
    "prompt": "is told nothing in words",
    **dict.fromkeys(("evaluations", "sampler", "solver"), "does not sample that way"),
    "guidance": "is not guided",
    "length": "makes nothing of any length",
    **dict.fromkeys(OF_DRAWING, "draws no symbols here"),
}


def files_of(trained: Trained, out: str | None, otherwise: Path) -> dict[str, Path]:
    """The files that samples are to be written to, by their endings.

    Args:
        trained: the model. out: one file, if it is named. otherwise: else their path, without an ending.

    Raises:
        ArgumentError, DataError: of the one that is named: an ending that does not suit, or no such folder.
    """
    suffixes = showing(trained).suffixes(trained)
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
    if why := showing(trained).NO_SAMPLES:
        raise ArgumentError(f"folder: {model!r} {why}")
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
) -> tuple[str, Files]:
    """The same samples in words, and as the content of a file of each ending.

    Args:
        trained: the model. n: how many; by default what suits the kind of data. seed: of what is drawn.
        suffixes: of the files' names. folder: that holds the data set's files, to draw points over those of the data.
        how: see `check_how`.
    """
    told = "".join(f", {name} {value}" for name, value in how.items())
    return showing(trained).samples(
        *(trained, n, Generator(seed), suffixes),
        lambda: load(trained.settings.data, "test", folder=folder),
        f"{trained.title}, seed {seed}{told}",
        **how,
    )
