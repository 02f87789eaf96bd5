"""Aligned JPEGs of 178x218, in a folder or in a zip archive, one after the other as arrays of 64x64.

Nothing in such a place is trusted: an entry that is no JPEG of that size, or whose name leads out of it, is an error
that names it. Nothing is unpacked to the disk. In a folder, links are followed, as the folder is yours.
"""

import hashlib
import io
import os
import stat
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import DataError, in_words

WIDTH, HEIGHT, SIZE = 178, 218, 64  # pixels: of a photograph, and of an image
LARGEST = 1 << 17  # bytes of a photograph; CelebA's have some 8 KB
MOST = 1_000_000  # photographs
DIRECTORY = 32 << 20  # bytes of a zip archive's list of contents; CelebA's has 22 MB


def photographs_at(source: Path) -> "Photographs":
    """The photographs in a folder or in a zip archive.

    Raises:
        DataError: it holds other things, or nothing.
    """
    return _Zip(source) if os.path.isfile(source) else _Folder(source)


class Photographs:
    """Iterating gives each photograph, in the order of their names, as an array of bytes (64, 64, 3)."""

    source: Path
    names: list[str]

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (decode(f"{self.source}: {name!r}", self.content(name)) for name in self.names)

    def __enter__(self) -> "Photographs":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""

    def identity(self) -> str:
        """A short text that changes when the source does: made of names, sizes and times."""
        raise NotImplementedError

    def content(self, name: str) -> bytes:
        """The bytes of one photograph, or one more than LARGEST."""
        raise NotImplementedError

    def _check(self) -> None:
        for name in self.names:
            if not name.lower().endswith((".jpg", ".jpeg")):
                raise DataError(f"{self.source}: {name!r} is not named like a JPEG; leave only the photographs there")
        if not 0 < len(self.names) <= MOST:
            raise DataError(f"{self.source}: holds {len(self.names)} photographs, expected 1 ... {MOST}")
        self.names.sort()


class _Folder(Photographs):
    def __init__(self, source: Path) -> None:
        self.source = source
        try:
            self.names = [name for name in os.listdir(source) if not name.startswith(".")]
        except OSError as error:
            raise DataError(f"{source}: cannot be read ({error.strerror})") from None
        self._check()

    def identity(self) -> str:
        digest = hashlib.sha256()
        for name in self.names:
            found = self._found(name)
            digest.update(f"{name!r} {found.st_size} {found.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()[:16]

    def _found(self, name: str) -> os.stat_result:
        try:
            found = os.stat(self.source / name)
        except OSError as error:
            raise DataError(f"{self.source}: {name!r} cannot be read ({error.strerror}); remove it") from None
        if not stat.S_ISREG(found.st_mode):  # reading a pipe or a device would never end
            raise DataError(f"{self.source}: {name!r} is not a file; leave only the photographs there")
        return found

    def content(self, name: str) -> bytes:
        self._found(name)
        try:
            with open(self.source / name, "rb") as file:
                return file.read(LARGEST + 1)
        except OSError as error:
            raise DataError(f"{self.source}: {name!r} cannot be read ({error.strerror})") from None


class _Bounded(io.BufferedReader):
    """zipfile reads the list of contents in one piece, as large as the archive says; this refuses too large a one."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > DIRECTORY:
            raise zipfile.BadZipFile(f"its list of contents has {size} bytes, expected at most {DIRECTORY}")
        return super().read(DIRECTORY if size is None or size < 0 else size)


class _Zip(Photographs):
    def __init__(self, source: Path) -> None:
        self.source = source
        try:
            self.file = _Bounded(io.FileIO(source))
        except OSError as error:
            raise DataError(f"{source}: cannot be read ({error.strerror})") from None
        try:
            self._open()
        except BaseException:
            self.file.close()
            raise

    def _open(self) -> None:
        try:
            self.archive = zipfile.ZipFile(self.file)
        except FAULTS as error:
            raise DataError(f"{self.source}: is not a zip archive, or damaged ({error}); fetch it again") from None
        self.entries = {}
        for entry in self.archive.infolist():
            name = entry.filename
            if name.startswith("/") or "\\" in name or ".." in name.split("/"):
                raise DataError(f"{self.source}: {name!r} leads out of the archive; fetch the official one")
            if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise DataError(f"{self.source}: {name!r} is a link or a device; fetch the official archive")
            if not name.endswith("/"):
                self.entries[name] = entry
        self.names = list(self.entries)
        self._check()

    def close(self) -> None:
        self.file.close()

    def identity(self) -> str:
        found = self.source.stat()
        text = f"{self.source.name!r} {found.st_size} {found.st_mtime_ns}"
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def content(self, name: str) -> bytes:
        entry = self.entries[name]
        if entry.file_size > LARGEST:
            raise DataError(f"{self.source}: {name!r} {_too_large(entry.file_size)}")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others unpack without a bound
            raise DataError(f"{self.source}: {name!r} is compressed in an unusual way; fetch the official archive")
        try:
            with self.archive.open(entry) as file:
                return file.read(LARGEST + 1)
        except FAULTS as error:
            raise DataError(f"{self.source}: {name!r} cannot be read ({error}); fetch the archive again") from None


FAULTS = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error),
    *(RuntimeError, NotImplementedError, OverflowError, IndexError),  # a password, and what else a damaged one does
)


def _too_large(size: int) -> str:
    return f"has {size} bytes, expected at most {LARGEST}; is it an aligned photograph of CelebA?"


def decode(where: str, content: bytes) -> np.ndarray:
    """The centre of a photograph, (64, 64, 3) bytes.

    Args:
        where: what to call it in an error.
        content: a JPEG of 178x218 pixels.

    Raises:
        DataError: it is something else, or damaged. Pixels are unpacked only if their number is right.
    """
    from PIL import Image

    if len(content) > LARGEST:
        raise DataError(f"{where} {_too_large(len(content))}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # such as Pillow's of very large images
            with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
                if image.size != (WIDTH, HEIGHT):
                    found = "x".join(map(str, image.size))
                    raise DataError(f"{where} has {found} pixels, expected {WIDTH}x{HEIGHT}; give the aligned ones")
                top = (HEIGHT - WIDTH) // 2
                square = image.convert("RGB").crop((0, top, WIDTH, top + WIDTH))
                return np.asarray(square.resize((SIZE, SIZE), Image.Resampling.BILINEAR, reducing_gap=None))
    except DataError:
        raise
    except Exception as error:  # Pillow raises many kinds for damaged files
        raise DataError(f"{where} is not a whole JPEG ({in_words(error)}); fetch it again") from None
