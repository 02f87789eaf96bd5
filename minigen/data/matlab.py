"""Lists of matrices of small numbers in a MATLAB 5 file, the form in which the piano rolls of music are shared.

    128 bytes of header, then elements:     type, size (two uint32), content filled up to a multiple of 8 bytes;
                                            of at most 4 bytes: one uint32 of size and type, content in the next 4 bytes
    15  compressed: by zlib, one element    14  matrix: flags, axes (int32), name, then the values, column by column;
                                                a cell array (class 1) has matrices in place of values

A size is only believed if as many bytes are there; what is unpacked is bounded. Nothing of a file is run.

Source: MAT-File Format (The MathWorks), the part on level 5.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import DataError
from .pinned import content_of

LARGEST = 4 << 20  # bytes of a file that is fetched; Nottingham's has 0.4 MB
LONGEST = 64 << 20  # bytes of a file, and when unpacked; Nottingham's has 24 MB
INT8, INT32, UINT32, MATRIX, COMPRESSED = 1, 5, 6, 14, 15
NUMBERS = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
CELL, NUMERIC = 1, range(6, 16)  # classes of a matrix


class _Other(Exception):
    """What is whole, and something else than expected."""


def read_cells(path: Path) -> dict[str, list[np.ndarray]]:
    """The variables of a file that are lists (cell arrays) of matrices of numbers, by their names; others are left out.

    Returns:
        for each, its matrices: uint8, of two axes.

    Raises:
        DataError: the file is missing, damaged, or of another format; says which.
    """
    content = content_of(path, LONGEST)
    if content[:6] != b"MATLAB" or content[124:128] != b"\0\1IM":
        raise DataError(f"{path}: is no MATLAB 5 file: it begins with {content[:6]!r}; give the file of that name")
    found: dict[str, list[np.ndarray]] = {}
    left = LONGEST
    try:
        for kind, element in _elements(memoryview(content)[128:]):
            if kind == COMPRESSED:
                unpacked = _unpacked(element, left)
                left -= len(unpacked)
                kind, element = next(_elements(memoryview(unpacked)))
            if kind == MATRIX:
                name, matrices = _cell_array(element)
                if matrices:
                    found[name] = matrices
    except _Other as error:
        raise DataError(f"{path}: holds {error}, expected matrices of whole numbers 0 ... 255") from None
    except (ValueError, StopIteration) as error:
        fault = str(error) or "an element is empty"
        raise DataError(f"{path}: is damaged ({fault}); remove it and fetch it again") from None
    return found


def _elements(content: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Type and content of each element."""
    at = 0
    while at < len(content):
        if len(content) - at < 8:
            raise ValueError("it ends within an element")
        kind, size = struct.unpack_from("<II", content, at)
        start, after = at + 8, at + 8 + -(-size // 8) * 8
        if kind >> 16:  # a small element
            kind, size, start, after = kind & 0xFFFF, kind >> 16, at + 4, at + 8
            if size > 4:
                raise ValueError(f"a small element promises {size} bytes")
        if size > len(content) - start:
            raise ValueError(f"an element promises {size} bytes, and {len(content) - start} follow")
        yield kind, content[start : start + size]
        at = start + size if kind == COMPRESSED else after  # compressed ones are not filled up


def _unpacked(element: memoryview, limit: int) -> bytes:
    """What a compressed element holds."""
    stream = zlib.decompressobj()
    try:
        unpacked = stream.decompress(element, limit + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if len(unpacked) > limit:
        raise ValueError(f"unpacks to more than {LONGEST} bytes in all")
    if not stream.eof:
        raise ValueError("it ends within a compressed element")
    return unpacked


def _head(element: memoryview) -> tuple[Iterator[tuple[int, memoryview]], int, tuple[int, ...], str]:
    """The elements of a matrix after its head, and of the head the class, the axes and the name."""
    parts = _elements(element)
    (flags_kind, flags), (axes_kind, axes), (name_kind, name) = next(parts), next(parts), next(parts)
    if (flags_kind, axes_kind, name_kind) != (UINT32, INT32, INT8) or len(flags) != 8 or len(axes) != 8:
        raise ValueError("a matrix has no head of flags, two axes and a name")
    shape = struct.unpack("<ii", axes)
    if min(shape) < 0:
        raise ValueError(f"a matrix has the axes {shape}")
    return parts, flags[0], shape, bytes(name).decode("ascii", "replace")


def _cell_array(element: memoryview) -> tuple[str, list[np.ndarray]]:
    """The name of a matrix, and what it holds if it is a cell array of matrices of bytes; otherwise nothing."""
    parts, of_class, shape, name = _head(element)
    if of_class != CELL:
        return name, []
    matrices = [_bytes_of(part) for kind, part in parts if kind == MATRIX]
    if len(matrices) != math.prod(shape):
        raise ValueError(f"{name!r} promises {math.prod(shape)} matrices and has {len(matrices)}")
    return name, matrices


def _bytes_of(element: memoryview) -> np.ndarray:
    """A matrix of whole numbers 0 ... 255, of whatever type: MATLAB stores those as bytes, other programs do not."""
    parts, of_class, shape, name = _head(element)
    if of_class not in NUMERIC:
        raise _Other(f"{name or 'a list'!r} of class {of_class}, which is no matrix of numbers")
    kind, values = next(parts)
    if kind not in NUMBERS or len(values) != math.prod(shape) * np.dtype(NUMBERS[kind]).itemsize:
        raise ValueError(f"a matrix of {shape[0]} x {shape[1]} has {len(values)} bytes of type {kind}")
    found = np.frombuffer(values, NUMBERS[kind])
    whole = (found >= 0) & (found <= 255) & (found == np.floor(found))
    if not whole.all():
        raise _Other(f"numbers such as {found[~whole][0]} ({found.dtype.name})")
    return found.astype(np.uint8).reshape(shape, order="F")
