"""Reads what was handed in: as bytes of a plain file, wherever it claims to lie, and as text in whatever encoding.

In a class's folder nothing is followed: no link, whether symbolic or hard, no pipe, no device. Each folder on the way
is opened from the one before, so that none can be exchanged meanwhile.
"""

import io
import os
import stat
import tokenize
from collections.abc import Sequence
from pathlib import Path

from ..errors import DataError

LARGEST = 1 << 20  # bytes of a submission's file
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_source(path: Path) -> str:
    """The text of a student's own exercises.py.

    Raises:
        DataError: it cannot be read.
    """
    try:
        file = os.open(path, _FLAGS & ~getattr(os, "O_NOFOLLOW", 0))
        return decoded(_bytes_of(file, linked=True))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({_why(error)}); `reset` makes a new one") from None


def read_submission(folder: Path, parts: Sequence[str]) -> str:
    """The text of the file folder/parts[0]/parts[1]/..., if it is a plain file with that name alone.

    Raises:
        FileNotFoundError: there is none.
        DataError: it is something else, too large, or no text.
    """
    try:
        return decoded(_bytes_of(_open_inside(folder, parts), linked=False))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise DataError(f"the file cannot be read: {_why(error)}") from None


def decoded(data: bytes) -> str:
    """The text as Python would read it: UTF-8 unless a byte order mark or a line `# coding: ...` says otherwise.

    Raises:
        ValueError: it is not in that encoding, or there is no such encoding.
    """
    try:
        lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        encoding, _ = tokenize.detect_encoding(io.BytesIO(lines).readline)
        return lines.decode(encoding)
    except (SyntaxError, UnicodeError, LookupError):
        raise ValueError("it is not UTF-8; save it as that, or name its encoding in the first line") from None


def _open_inside(folder: Path, parts: Sequence[str]) -> int:
    """A descriptor of the file, reached without a link."""
    if os.open not in os.supports_dir_fd:  # Windows
        path = folder
        for part in parts:
            path = path / part
            junction = 0xA0000003  # a kind of link that only Windows has
            if path.is_symlink() or getattr(path.lstat(), "st_reparse_tag", None) == junction:
                raise ValueError(f"{part} is a link")
        return os.open(path, _FLAGS)
    at = os.open(folder, os.O_RDONLY)
    for number, part in enumerate(parts):
        try:
            if stat.S_ISLNK(os.stat(part, dir_fd=at, follow_symlinks=False).st_mode):
                raise ValueError(f"{part} is a link")
            last = number == len(parts) - 1
            inner = os.open(part, _FLAGS if last else _FLAGS | os.O_DIRECTORY, dir_fd=at)
        finally:
            os.close(at)
        at = inner
    return at


def _bytes_of(file: int, *, linked: bool) -> bytes:
    """All of a plain file; closes it. linked: whether other names of it are allowed."""
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("it is no plain file")
        if found.st_nlink > 1 and not linked:
            raise ValueError("it is a hard link to another file")
        with os.fdopen(file, "rb", closefd=False) as stream:
            data = stream.read(LARGEST + 1)
    finally:
        os.close(file)
    if len(data) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
    return data


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
