"""Files that are complete or not there, even after a crash, and that several processes can share."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from ..errors import DataError, remedy

try:
    import fcntl
except ImportError:  # Windows: no waiting; two processes do the same work, and each renames a whole file
    fcntl = None  # type: ignore[assignment]


def json_text(content: object, indent: int | None = None, **how: Any) -> str:
    """Content as JSON, which everything that we write as JSON goes through. JSON knows no NaN and no infinity.

    Args:
        content: what JSON can hold; a number that is not defined is left out of it.
        indent, how: as of `json.dumps`.

    Raises:
        DataError: there is a NaN or an infinity in it.
    """
    try:
        return json.dumps(content, indent=indent, allow_nan=False, **how)
    except ValueError as error:
        raise DataError(f"json: a NaN or an infinity cannot be written ({error})") from None


def tensor_bytes(arrays: Mapping[str, np.ndarray], texts: dict[str, str] | None = None) -> bytes:
    """Arrays by name, and texts, as the content of a .safetensors file, whatever order the arrays have in memory.

    The format knows rows one after another only, and its writer takes the memory of any array for that.
    """
    return bytes(save({name: np.asarray(array, order="C") for name, array in arrays.items()}, metadata=texts))


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Keep other processes that ask for the same lock away from `path`. Its folder is made if need be.

    The lock is one of the operating system's, on a file beside it, and ends with the process that holds it.

    Args:
        path: a file or folder; it need not exist.
        wait: until the others are done; otherwise give up at once.

    Raises:
        BlockingIOError: another process has it, and `wait` is False.
        OSError: the folder cannot be made or written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    if fcntl is None:
        yield
        return
    while True:
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(lock)):
                break
        os.close(descriptor)  # the process before us removed the file we waited for: try again with the new one
    try:
        yield
    finally:
        with suppress(OSError):  # in a folder that has become read-only it stays, and does no harm
            lock.unlink()  # still ours: others that have opened it see that it is gone
        os.close(descriptor)


def persist(written: Path, path: Path) -> None:
    """Give a finished file its name once its bytes are on the disk: even a power cut leaves all of it or none."""
    with open(written, "rb") as file:
        os.fsync(file.fileno())
    os.replace(written, path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def save_parts(path: Path, shape: tuple[int, ...], parts: Iterable[np.ndarray]) -> None:
    """Write an array of float32 and this shape as a .npy file, part by part along its first axis."""
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        for part in parts:
            file.write(np.ascontiguousarray(part, "<f4").data)


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make the file under a temporary name, then give it its own: `path` is complete or not there.

    Raises:
        DataError: it cannot be written; what stood there before still does.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        temporary.unlink(missing_ok=True)  # a link there would redirect the writing
        write(temporary)
        persist(temporary, path)
    except OSError as error:
        raise DataError(f"out: cannot write {path} ({error.strerror or error}); {remedy(error)}") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
