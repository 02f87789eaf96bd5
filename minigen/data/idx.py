"""The IDX format of the MNIST files: a magic number, the sizes, then the bytes; possibly compressed with gzip.

    byte 0-1: zero    byte 2: type (8 = unsigned byte)    byte 3: number of axes    then one big-endian uint32 per axis

A header is only believed if as many bytes follow as it promises: nothing is allocated by its word.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from ..errors import DataError

LARGEST = 1 << 30  # bytes; the largest file of this kind, EMNIST's, has 550 MB


def read_idx(path: Path, ndim: int) -> np.ndarray:
    """The array of unsigned bytes in an IDX file.

    Args:
        path: the file, plain or gzip (told by its content, not by its name).
        ndim: the number of axes it must have: 3 for images (N, H, W), 1 for labels (N,).

    Raises:
        DataError: the file is missing, damaged, of another format or of other axes.
    """
    try:
        with open(path, "rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if compressed else open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}); it may be damaged: fetch it again") from None
    if len(content) > LARGEST:
        raise DataError(f"{path}: holds more than {LARGEST >> 20} MiB, no MNIST-like file does; is it the right file?")
    if len(content) < 4 + 4 * ndim or content[:3] != b"\0\0\x08":
        raise DataError(
            f"{path}: not an IDX file of bytes: it begins with {content[:4].hex(' ') or 'nothing'}, "
            f"expected 00 00 08 {ndim:02x}; give the MNIST-like file of that name"
        )
    if content[3] != ndim:
        raise DataError(f"{path}: has {content[3]} axes, expected {ndim}; are images and labels mixed up?")
    shape = struct.unpack(f">{ndim}I", content[4 : 4 + 4 * ndim])
    found, promised = len(content) - 4 - 4 * ndim, math.prod(shape)
    if found != promised:
        raise DataError(
            f"{path}: the header promises {' x '.join(map(str, shape))} = {promised} bytes and {found} follow; "
            "the file is truncated or damaged: fetch it again"
        )
    return np.frombuffer(content, np.uint8, offset=4 + 4 * ndim).reshape(shape)
