"""The files of a run's folder, read in bounded memory and time whoever wrote them, or refused in one clear line.

A folder from elsewhere may be damaged or hostile. So only regular files are opened, sizes are checked before anything
is read, a size that a file claims is held against its length before anything of that size is made, and nothing that is
read can run: settings are JSON, weights are safetensors.
"""

import json
import math
import os
import stat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from ..data import DATASETS
from ..distributed import check_fit
from ..errors import ArgumentError, DataError
from ..models import Recipe, Settings, recipe_of
from ..models.recipe import SHARDS, Value
from ..random import Generator

CONFIG_BYTES = 1 << 16
HEADER_BYTES = 1 << 24
NUMBERS = 1 << 28  # weights of the largest model: 1 GiB of float32
FORMAT = 2  # of config.json; those without a number are of the time before it was written

# Until format 1, config.json held the options of all models together, with these values where a model had none.
UNION: dict[str, Value] = {
    **{"activation": "", "likelihood": "", "loss": "", "penalty": "", "net": "", "depth": "", "schedule": "constant"},
    **{"beta": 1.0, "beta1": 0.5, "generator_speed": 1.0, "ema": 0.0, "amount": 0.0, "shear": 0.0},
    **{"samples": 1, "pack": 1, "critic_steps": 1, "classes": 0, "continuous": 0, "unroll": 0, "words": 0},
}
TYPES = {"F16": "float16", "F32": "float32", "F64": "float64", "I32": "int32", "I64": "int64"}


def read_regular(path: Path, limit: int) -> bytes:
    """The content of a file of at most `limit` bytes.

    Raises:
        FileNotFoundError: there is none.
        DataError: it is no regular file, larger, or cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise DataError(f"{path}: not a regular file")
            if status.st_size > limit:
                raise DataError(f"{path}: {status.st_size} bytes, more than the {limit} that such a file may have")
            return file.read(status.st_size)
    except (FileNotFoundError, DataError):
        raise
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None


# ---------------------------------------------------------------------------------------------------- config.json


def read_config(path: Path) -> tuple[Settings, tuple[int, ...]]:
    """The settings in config.json, and the shape of an example; of older formats too.

    Raises:
        FileNotFoundError: there is no such file.
        DataError: it is not what minigen writes; says what is wrong.
        ArgumentError: a value that the command line would refuse as well.
    """
    try:
        config = json.loads(read_regular(path, CONFIG_BYTES))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error}); train the model again") from None
    if not isinstance(config, dict) or not {"minigen", "shape"} <= config.keys():
        raise DataError(f"{path}: not the settings of a minigen run; train the model again")
    version = config.pop("minigen")
    number = config.pop("format", 0)
    if not _whole(number) or number > FORMAT:
        raise DataError(
            f"{path}: of format {number!r:.40}, written by minigen {version!r:.40}; update minigen to read it"
        )
    shape = config.pop("shape")
    if not (isinstance(shape, list) and 1 <= len(shape) <= 4 and all(_whole(n) and 0 < n <= 1 << 14 for n in shape)):
        raise DataError(f"{path}: shape: expected one to four integers in 1 ... 16384, got {shape!r:.60}")
    common = {}
    for name in ("model", "data", "seed", "device", "shards"):
        if name not in config and name in ("model", "data"):
            raise DataError(f"{path}: {name!r} is missing; train the model again")
        number_is_due = name in ("seed", "shards")
        value = config.pop(name, {"seed": 0, "device": "cpu", "shards": 1}.get(name))
        if not (_whole if number_is_due else _name)(value):
            raise DataError(f"{path}: {name}: expected {'int' if number_is_due else 'str'}, got {value!r:.60}")
        common[name] = value
    try:
        check_fit(1, int(SHARDS.checked(common["shards"])))
    except ArgumentError as error:
        raise DataError(f"{path}: {error}") from None
    recipe = recipe_of(common["model"])
    if number < 2:
        config = _of_union(recipe, config)
    settings = Settings(options=_options(path, recipe, config), **common)
    if settings.data in DATASETS:
        recipe.check_shape(settings, tuple(shape))
    return settings, tuple(shape)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def _name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 100


def _of_union(recipe: Recipe, config: dict[str, Any]) -> dict[str, Any]:
    """The model's options, of a config.json with the options of all models."""
    own = {option.name: option for option in recipe.options}
    found = {name: value for name, value in config.items() if name in own or name not in UNION}
    for name in own.keys() & UNION.keys():
        value = found.get(name, UNION[name])
        found[name] = own[name].default if value == "" else value  # "": of the time before there was a choice
    return found


def _options(path: Path, recipe: Recipe, config: dict[str, Any]) -> dict[str, Value]:
    """The entries of config.json, if they are the options of the model, each with a value that it may have."""
    known = {option.name: option for option in recipe.options}
    for name in config:
        if name not in known:
            raise DataError(
                f"{path}: {name!r:.60} is no setting that this minigen knows of {recipe.name!r}; "
                "update it, or train again"
            )
    for name in known:
        if name not in config:
            raise DataError(f"{path}: {name!r} is missing; train the model again")
    try:
        return {name: option.checked(config[name]) for name, option in known.items()}
    except (ArgumentError, TypeError, OverflowError) as error:
        raise DataError(f"{path}: {error}") from None


# ---------------------------------------------------------------------------------------------------- safetensors


class Entry(NamedTuple):
    """What the header of a safetensors file says of a tensor."""

    shape: tuple[int, ...]
    dtype: str


def read_header(path: Path) -> tuple[dict[str, Entry], dict[str, str]]:
    """The tensors that a safetensors file says it holds, and its texts, without reading the tensors.

    The format: 8 bytes with the length n of the header, n bytes of JSON, and the tensors.

    Raises:
        FileNotFoundError: there is no such file.
        DataError: it is not a whole safetensors file, or holds more than a model of minigen can have.
    """
    try:
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise DataError(f"{path}: not a regular file")
            size = os.fstat(file.fileno()).st_size
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(HEADER_BYTES, size - 8):
                raise ValueError(f"a header of {length} bytes in a file of {size}")
            header = json.loads(file.read(length))
        texts = header.pop("__metadata__", {})
        entries = {name: Entry(tuple(entry["shape"]), entry["dtype"]) for name, entry in header.items()}
        if not all(isinstance(text, str) for text in texts.values()):
            raise ValueError("its metadata are not texts")
        total = 0
        for name, entry in entries.items():
            if entry.dtype not in TYPES or len(entry.shape) > 8 or not all(_whole(n) for n in entry.shape):
                raise ValueError(f"{name!r:.60} is of type {entry.dtype!r:.20} and shape {entry.shape!r:.60}")
            total += math.prod(entry.shape) * np.dtype(TYPES[entry.dtype]).itemsize
        if total != size - 8 - length:
            raise ValueError(f"{total} bytes of tensors are announced, {size - 8 - length} are there")
        return entries, texts
    except (FileNotFoundError, DataError):
        raise
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(f"{path}: not a whole safetensors file ({error})") from None


def read_tensors(path: Path, limit: int) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """All tensors of a safetensors file of at most `limit` bytes, by name, and its texts.

    Raises:
        FileNotFoundError, DataError: as `read_header` and `read_regular`.
    """
    _, texts = read_header(path)
    try:
        return load(read_regular(path, limit)), texts
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path}: not a whole safetensors file ({error})") from None


class Rationed(Generator):
    """A generator that gives so many numbers and no more: no model can be built from it that is larger.

    Args:
        numbers: how many there are.
        seed: as of any generator; the numbers are the same.
    """

    def __init__(self, numbers: int, seed: int = 0) -> None:
        super().__init__(seed)
        self.numbers = self.left = numbers

    def _take(self, shape: tuple[int, ...]) -> None:
        self.left -= math.prod(shape)
        if self.left < 0:
            raise DataError(f"a model of more than {self.numbers} weights")

    def normal(self, shape: tuple[int, ...], **options: Any) -> Any:
        """As of any generator, if so many are left."""
        self._take(shape)
        return super().normal(shape, **options)

    def uniform(self, shape: tuple[int, ...], **options: Any) -> Any:
        """As of any generator, if so many are left."""
        self._take(shape)
        return super().uniform(shape, **options)
