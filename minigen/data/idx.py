"""The IDX format of the MNIST files: a magic number, the sizes, then the bytes; possibly compressed with gzip.

    byte 0-1: zero    byte 2: type (8 = unsigned byte)    byte 3: number of axes    then one big-endian uint32 per axis

A header is only believed if as many bytes follow as it promises; no memory is allocated before that is known.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from ..errors import DataError

LARGEST = 1 << 28  # bytes; MNIST's have 47 MB, EMNIST's digits 188; as float32 they take four times as much
BLOCK = 1 << 20


def read_idx(path: Path, ndim: int) -> np.ndarray:
    """The array of unsigned bytes in an IDX file.

    Args:
        path: the file, plain or gzip (recognised by its content, not by its name).
        ndim: the number of axes it must have: 3 for images (N, H, W), 1 for labels (N,).

    Raises:
        DataError: the file is missing, damaged, empty, of another format or of other axes.
    """
    start = 4 + 4 * ndim
    header = _first_bytes(path, start)
    if len(header) < 4 or header[:3] != b"\0\0\x08":
        raise DataError(
            f"{path}: not an IDX file of bytes: it begins with {header[:4].hex(' ') or 'nothing'}, "
            f"expected 00 00 08 {ndim:02x}; give the MNIST-like file of that name"
        )
    if header[3] != ndim:
        raise DataError(f"{path}: has {header[3]} axes, expected {ndim}; are images and labels mixed up?")
    if len(header) < start:
        raise DataError(f"{path}: ends after {len(header)} bytes, within its header; remove it and fetch it again")
    shape = struct.unpack(f">{ndim}I", header[4:])
    size = math.prod(shape)
    promise = f"{path}: the header promises {' x '.join(map(str, shape))} = {size} bytes"
    if not 0 < size <= LARGEST:
        raise DataError(f"{promise}, expected 1 ... {LARGEST}; give an MNIST-like file")
    content = _first_bytes(path, start + size + 1)  # one more than there should be
    if len(content) != start + size:
        found = "more" if len(content) > start + size else f"only {len(content) - start}"
        raise DataError(f"{promise} and {found} follow; it is damaged: remove it and fetch it again")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _first_bytes(path: Path, n: int) -> bytearray:
    """The first n uncompressed bytes, or all if there are fewer; memory grows with what is there, not with n."""
    content = bytearray()
    try:
        with open(path, "rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if compressed else open(path, "rb") as file:
            while len(content) < n and (block := file.read(min(n - len(content), BLOCK))):
                content += block
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; put it there") from None
    except (OSError, EOFError, zlib.error) as error:
        fault = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be read ({fault}); if it is damaged, remove it and fetch it again") from None
    return content
