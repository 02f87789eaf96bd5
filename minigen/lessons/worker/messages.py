"""What goes through the pipe between checker and worker: trees of arrays and numbers as bytes, without pickle."""

import io
import json
from typing import Any, BinaryIO

import numpy as np


class Unknown:
    """Stands for a value that cannot be sent; remembers its type."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


def pack(tree: object) -> bytes:
    """A tree of arrays, numbers, strings, lists, tuples and dictionaries as bytes: arrays as .npy, the rest as JSON."""
    arrays: list[np.ndarray] = []

    def encode(x: object) -> object:
        if isinstance(x, np.ndarray) and x.dtype.kind in "biuf":
            arrays.append(x)
            return ["array", len(arrays) - 1]
        if isinstance(x, np.generic) and x.dtype.kind in "biuf":
            arrays.append(np.asarray(x))
            return ["number", len(arrays) - 1]
        if type(x) in (list, tuple) or (isinstance(x, tuple) and hasattr(x, "_fields")):  # a NamedTuple is a tuple
            return ["list" if type(x) is list else "tuple", [encode(y) for y in x]]  # type: ignore[attr-defined]
        if isinstance(x, dict) and type(x) is dict and all(type(k) is str for k in x):
            return ["dict", {k: encode(y) for k, y in x.items()}]
        if x is None or type(x) in (bool, int, float, str):
            return ["plain", x]
        return ["unknown", "array of objects" if isinstance(x, np.ndarray) else type(x).__name__]

    header = json.dumps(encode(tree)).encode()
    stream = io.BytesIO()
    stream.write(len(header).to_bytes(8, "little") + header)
    for array in arrays:
        np.lib.format.write_array(stream, np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
    return stream.getvalue()


def unpack(data: bytes) -> Any:
    """The tree that `pack` made these bytes of; raises ValueError for any others."""
    try:
        stream = io.BytesIO(data)
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        arrays = []
        while stream.tell() < len(data):
            arrays.append(np.lib.format.read_array(stream, allow_pickle=False))
        return _decoded(header, arrays)
    except Exception as error:  # hostile bytes lead to errors of many kinds
        raise ValueError(f"not a packed tree: {type(error).__name__}") from None


def _decoded(node: Any, arrays: list[np.ndarray]) -> Any:
    kind, x = node
    if kind == "array":
        return arrays[x]
    if kind == "number":
        return arrays[x][()]
    if kind in ("list", "tuple"):
        values = [_decoded(y, arrays) for y in x]
        return values if kind == "list" else tuple(values)
    if kind == "dict":
        return {k: _decoded(y, arrays) for k, y in x.items()}
    return Unknown(str(x)) if kind == "unknown" else x


def send(stream: BinaryIO, tree: object) -> None:
    """Write a tree, its length first."""
    data = pack(tree)
    stream.write(len(data).to_bytes(8, "little") + data)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read a tree that `send` wrote; None at the end of the stream."""
    size = stream.read(8)
    return unpack(stream.read(int.from_bytes(size, "little"))) if len(size) == 8 else None
