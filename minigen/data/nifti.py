"""The NIfTI format of brain scans, of one volume of bytes; possibly compressed with gzip.

    byte 0      int32: 348, the length of the header      byte 70    int16: the type of a number, 2 for a byte
    byte 40     int16 x 8: how many axes, then their      byte 108   float32: where the numbers begin
                lengths, the first running fastest        byte 344   "n+1", then a zero

    byte 112    float32 x 2: scale and shift of the values; a scale of 0 means that there are none

A header is only believed if as many bytes follow as it promises, and what is unpacked is bounded.

Source: NIfTI-1 data format, the header nifti1.h (Cox et al. 2004).
"""

import math
import struct
import zlib
from pathlib import Path

import numpy as np

from ..errors import DataError
from .pinned import content_of

LARGEST = 4 << 20  # bytes of a file; those of nilearn have up to 2 MB
LONGEST = 64 << 20  # bytes when unpacked; theirs have 9 MB
HEADER, BYTE, AXES = 348, 2, 3


def read_volume(path: Path) -> np.ndarray:
    """The volume of bytes in a file: (X, Y, Z).

    Raises:
        DataError: the file is missing, damaged, of another format, or holds something else than a volume of bytes.
    """
    content = _unpacked(path, content_of(path, LARGEST))
    if len(content) < HEADER or content[:4] != struct.pack("<i", HEADER) or content[344:348] != b"n+1\0":
        raise DataError(f"{path}: is no NIfTI file: it begins with {content[:4]!r}; give the file of that name")
    axes, *shape = struct.unpack_from("<8h", content, 40)
    kind, (start, scale, shift) = struct.unpack_from("<h", content, 70)[0], struct.unpack_from("<3f", content, 108)
    if axes != AXES or min(shape[:AXES]) < 1 or kind != BYTE or (scale, shift) not in ((0, 0), (1, 0)):
        raise DataError(
            f"{path}: holds {axes} axes {shape[: max(0, axes)]} of type {kind}, scaled by {scale:g} and shifted by "
            f"{shift:g}; expected three axes of type {BYTE}, which are bytes, as they are"
        )
    size = math.prod(shape[:AXES])
    if not HEADER <= start <= len(content) or len(content) - int(start) != size:
        raise DataError(
            f"{path}: promises {size} bytes from byte {start:g} on and has {len(content)} in all; fetch it again"
        )
    return np.frombuffer(content, np.uint8, offset=int(start)).reshape(shape[:AXES], order="F")


def _unpacked(path: Path, content: bytes) -> bytes:
    """What a file holds, be it compressed or not."""
    if content[:2] != b"\x1f\x8b":
        return content
    stream = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)  # of gzip
    try:
        unpacked = stream.decompress(content, LONGEST + 1)
    except zlib.error as error:
        raise DataError(f"{path}: is damaged ({error}); remove it and fetch it again") from None
    if len(unpacked) > LONGEST:
        raise DataError(f"{path}: unpacks to more than {LONGEST} bytes; give the file of that name")
    if not stream.eof:
        raise DataError(f"{path}: is damaged (it ends within what is compressed); remove it and fetch it again")
    return unpacked
