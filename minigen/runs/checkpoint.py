"""Checkpoints: files that hold everything a run needs to go on as if it had never stopped.

checkpoint-00001200.safetensors     after step 1200

One file holds all of it: the arrays (weights, optimizer moments, averages) as safetensors, and in their header, as
JSON, the rest (the step, the random streams, the place in the data, the metrics so far). It is written under another
name, brought to the disk and renamed, so it is whole or not there; a SHA-256 of the content tells one that was damaged
later. The newest two are kept.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..data.files import json_text, tensor_bytes, write_whole
from ..errors import ArgumentError, DataError
from .untrusted_files import NUMBERS, read_tensors

KEPT = 2
NAME = re.compile(r"checkpoint-(\d{8,})\.safetensors")
FORMAT = 1
LARGEST = 4 * 4 * NUMBERS  # bytes: float32 weights, two moments and an average


class Checkpoint(NamedTuple):
    """The state after a step: named arrays, and what JSON can hold."""

    step: int
    arrays: dict[str, np.ndarray]
    notes: dict[str, Any]


class Every(NamedTuple):
    """How often to write a checkpoint: every so many steps, or minutes, or neither (0)."""

    steps: int = 0
    minutes: float = 0.0

    @staticmethod
    def parse(text: str) -> "Every":
        """'500' (steps), '5m' (minutes) or 'never'.

        Raises:
            ArgumentError: anything else.
        """
        if text == "never":
            return Every()
        if re.fullmatch(r"\d{1,12}", text) and int(text):
            return Every(steps=int(text))
        if re.fullmatch(r"\d{1,6}(\.\d+)?m", text) and float(text[:-1]):
            return Every(minutes=float(text[:-1]))
        raise ArgumentError(
            f"checkpoint_every: expected a number of steps such as 500, of minutes such as 5m, or never, got {text!r}"
        )

    def __str__(self) -> str:
        if self.steps:
            return str(self.steps)
        return f"{np.format_float_positional(self.minutes, trim='-')}m" if self.minutes else "never"

    def due(self, step: int, seconds: float) -> bool:
        """Whether to write one after `step`, `seconds` after the last one."""
        return bool((self.steps and step % self.steps == 0) or (self.minutes and seconds >= 60 * self.minutes))


FIVE_MINUTES = Every(minutes=5)


def _digest(arrays: dict[str, np.ndarray], notes: str) -> str:
    """The SHA-256 of names, types, shapes and numbers, and of the notes."""
    sha = hashlib.sha256(notes.encode())
    for name, array in sorted(arrays.items()):
        sha.update(f"{name} {array.dtype.str} {array.shape}".encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()


def _files(folder: Path) -> list[Path]:
    """The checkpoints in the folder, newest first."""
    found = [(int(match[1]), path) for path in folder.iterdir() if (match := NAME.fullmatch(path.name))]
    return [path for _, path in sorted(found, reverse=True)]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write it, then remove all but the newest.

    Raises:
        DataError: it cannot be written. Those before it are as they were.
    """
    notes = json_text({"format": FORMAT, "step": checkpoint.step, **checkpoint.notes})
    header = {"words": notes, "sha256": _digest(checkpoint.arrays, notes)}
    content = tensor_bytes(checkpoint.arrays, header)
    write_whole(folder / f"checkpoint-{checkpoint.step:08}.safetensors", lambda path: path.write_bytes(content))
    for path in _files(folder)[KEPT:]:
        path.unlink(missing_ok=True)


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file.

    Raises:
        DataError: it is damaged.
        ArgumentError: it is of a newer format.
    """
    try:
        arrays, header = read_tensors(path, LARGEST)
        if _digest(arrays, header["words"]) != header["sha256"]:
            raise ValueError("its SHA-256 is another")
        notes = json.loads(header["words"])
        number, step = int(notes.pop("format")), int(notes.pop("step"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(f"{path} is damaged ({error})") from None
    if number > FORMAT:
        raise ArgumentError(f"{path}: written by a newer minigen; update minigen to go on with it")
    return Checkpoint(step, arrays, notes)


def load_newest(folder: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that is not damaged, or None if there is none, and a line about each that is.

    Damaged ones get a name that ends in '.damaged', so that they do not count any more.
    """
    complaints: list[str] = []
    for path in _files(folder):
        try:
            return read_checkpoint(path), complaints
        except DataError as error:
            complaints.append(str(error))
            path.rename(path.with_name(path.name + ".damaged"))
    return None, complaints


def remove_checkpoints(folder: Path) -> None:
    """Remove all checkpoints: the run is finished."""
    for path in _files(folder):
        path.unlink(missing_ok=True)
