"""A function from a notebook as data, and the same function made anew in the worker.

What goes along is what a file would hold: the code, the other functions of the notebook that it calls, plain values and
arrays, and the names of imported modules. Anything else (a data set, an open file) is a stand-in in the worker, so that
using it is named. Code goes as `marshal` writes it, from one Python to the same Python, and only towards the worker.
"""

import importlib
import linecache
import marshal
import types
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .answers import quote
from .libraries import StandIn, Usage

Encoded = list[Any]  # [kind, what]


def as_data(fn: types.FunctionType) -> dict[str, Any]:
    """The function with all that it needs, in a form that can be sent."""
    functions: list[types.FunctionType] = [fn]
    namespace = fn.__globals__
    values: dict[str, Encoded] = {}

    def encode(name: str, value: object) -> Encoded:
        if isinstance(value, types.FunctionType) and value.__globals__ is namespace:
            if not any(value is known for known in functions):
                functions.append(value)
            return ["function", next(i for i, known in enumerate(functions) if known is value)]
        if isinstance(value, types.ModuleType):
            return ["module", value.__name__]
        if is_plain(value):
            return ["value", value]
        home = "numpy" if isinstance(value, np.ufunc) else getattr(value, "__module__", None)
        known_as = getattr(value, "__qualname__", getattr(value, "__name__", None))
        if isinstance(home, str) and isinstance(known_as, str) and home != namespace.get("__name__"):
            return ["from", [home, known_as]]
        return ["elsewhere", f"{name}, a {type(value).__name__} of the notebook"]

    made = []
    for one in functions:  # grows meanwhile
        cells = dict(zip(one.__code__.co_freevars, one.__closure__ or (), strict=True))
        made.append(
            {
                "code": marshal.dumps(one.__code__).decode("latin-1"),
                "defaults": [encode("a default", value) for value in one.__defaults__ or ()],
                "keywords": {name: encode(name, value) for name, value in (one.__kwdefaults__ or {}).items()},
                "cells": {name: encode(name, _content(cell)) for name, cell in cells.items()},
            }
        )
        for name in _names(one.__code__):
            if name in namespace and name not in values:
                values[name] = encode(name, namespace[name])
    files = dict.fromkeys(one.__code__.co_filename for one in functions)  # each cell of a notebook is a file
    return {"functions": made, "globals": values, "texts": {file: "".join(linecache.getlines(file)) for file in files}}


def is_plain(value: object) -> bool:
    """Whether `messages` can carry it."""
    if isinstance(value, (np.ndarray, np.generic)):
        return (type(value) is np.ndarray and value.dtype.kind in "biuf") or isinstance(value, (np.number, np.bool_))
    if type(value) in (list, tuple):
        return all(is_plain(part) for part in value)  # type: ignore[attr-defined]
    if type(value) is dict:
        return all(type(key) is str and is_plain(part) for key, part in value.items())
    return value is None or type(value) in (bool, int, float, str)


def modules(data: Mapping[str, Any]) -> list[str]:
    """The modules that the function's names come from."""
    found = data["globals"].values()
    return [what for kind, what in found if kind == "module"] + [what[0] for kind, what in found if kind == "from"]


def rebuilt(
    data: Mapping[str, Any], siblings: Mapping[str, object], usage: Usage, namespace: dict[str, Any]
) -> types.FunctionType:
    """The function that `as_data` made these of, in `namespace`; `siblings` stand for the other exercises."""
    for file, text in data["texts"].items():
        quote(text, file)
    namespace["__builtins__"] = __builtins__
    codes = [marshal.loads(one["code"].encode("latin-1")) for one in data["functions"]]
    cells = [{name: types.CellType() for name in code.co_freevars} for code in codes]
    functions = [
        types.FunctionType(code, namespace, code.co_name, None, tuple(cell.values()))
        for code, cell in zip(codes, cells, strict=True)
    ]

    def decode(encoded: Encoded) -> Any:
        kind, what = encoded
        if kind == "function":
            return functions[what]
        if kind == "module":
            return importlib.import_module(what)
        if kind == "from":
            found: Any = importlib.import_module(what[0])
            for part in what[1].split("."):
                found = getattr(found, part)
            return found
        return what if kind == "value" else StandIn(what, usage)

    for function, cell, one in zip(functions, cells, data["functions"], strict=True):
        function.__defaults__ = tuple(map(decode, one["defaults"])) or None
        function.__kwdefaults__ = {name: decode(value) for name, value in one["keywords"].items()} or None
        for name, value in one["cells"].items():
            cell[name].cell_contents = decode(value)
    namespace |= {name: decode(value) for name, value in data["globals"].items()}
    namespace |= siblings
    return functions[0]


def _content(cell: types.CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return None


def _names(code: types.CodeType) -> Iterator[str]:
    """The names of globals and attributes in a function and in those inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
