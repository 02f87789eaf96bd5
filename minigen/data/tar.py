"""The members of a tar archive compressed with gzip, one after the other, as bytes. Nothing is written to the disk.

A tar archive is a row of members: a header of 512 bytes, then the content, filled up to a multiple of 512.

    byte 0: name (100)    byte 124: size in octal digits (12)    byte 156: type (1), 0 for a file

Python's tarfile is not used: it trusts headers, and keeps as much in memory as they say.
"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from ..errors import DataError

BLOCK = 1 << 20
FILE, FOLDER = (b"0", b"\0"), b"5"
NOTES = (b"x", b"g", b"L", b"K")  # longer names and times of the next member; we need none of them


def read_members(path: Path, wanted: tuple[str, ...], largest: int, longest: int) -> Iterator[tuple[str, bytes]]:
    """The wanted members in the archive's order: pairs (name, content).

    Args:
        path: the archive.
        wanted: the names of the members to read; the content of others is passed over.
        largest: bytes that a wanted member may have.
        longest: bytes that the archive may unpack to.

    Raises:
        DataError: the archive is missing or damaged, unpacks to too much, or has members that are links, devices or
            files with holes, or whose names lead out of the archive.
    """
    try:
        with gzip.open(path, "rb") as file:
            yield from _members(path, _Stream(path, file, longest), wanted, largest)
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); put the archive there") from None


def _members(path: Path, stream: "_Stream", wanted: tuple[str, ...], largest: int) -> Iterator[tuple[str, bytes]]:
    while any(header := stream.read(512)):  # a block of zeros ends the archive
        name = header[:100].rstrip(b"\0").decode("utf-8", "replace")
        size = _octal(path, name, header[124:136])
        kind = header[156:157]
        if name.startswith("/") or ".." in name.split("/"):
            raise DataError(f"{path}: the member {name!r} leads out of the archive; fetch the official one")
        if kind not in (*FILE, FOLDER, *NOTES):
            raise DataError(f"{path}: the member {name!r} is a link, a device or sparse; fetch the official archive")
        rest = -size % 512
        if kind in FILE and name in wanted:
            if size > largest:
                raise DataError(f"{path}: the member {name!r} has {size} bytes, expected at most {largest}")
            yield name, stream.read(size)
            stream.skip(rest)
        else:
            stream.skip(size + rest)
    stream.finish()


def _octal(path: Path, name: str, field: bytes) -> int:
    digits = field.strip(b" \0")
    if not digits or digits.strip(b"01234567"):
        raise DataError(f"{path}: the member {name!r} has no size; the archive is damaged: fetch it again")
    return int(digits, 8)


class _Stream:
    """The unpacked archive, read once from its beginning to at most `longest` bytes."""

    def __init__(self, path: Path, file: gzip.GzipFile, longest: int) -> None:
        self.path, self.file, self.left = path, file, longest

    def skip(self, n: int) -> None:
        """Pass over n bytes, in blocks."""
        while n:
            n -= len(self.read(min(n, BLOCK)))

    def finish(self) -> None:
        """Read what is left: the checksum of all comes last."""
        while self._some(BLOCK):
            pass

    def read(self, n: int) -> bytes:
        """Exactly n bytes; memory grows with what is there, not with n."""
        content = bytearray()
        while len(content) < n:
            if not (block := self._some(min(n - len(content), BLOCK))):
                raise DataError(f"{self.path}: ends within a member; remove it and fetch it again")
            content += block
        return bytes(content)

    def _some(self, n: int) -> bytes:
        try:
            block = self.file.read(n)
        except (OSError, EOFError, zlib.error) as error:
            fault = getattr(error, "strerror", None) or error
            raise DataError(f"{self.path}: cannot be read ({fault}); remove it and fetch it again") from None
        self.left -= len(block)
        if self.left < 0:
            raise DataError(f"{self.path}: unpacks to more than a data set of this kind; fetch the official archive")
        return block
