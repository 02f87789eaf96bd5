"""Files that several processes share: a lock on a name, and writing that leaves the whole file or none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: no waiting; two processes do the same work, and each renames a whole file
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Have `path` to oneself among the processes that ask for it; the others wait. Its folder is made if need be.

    The lock is one of the operating system's, on a file beside it, and ends with the process that holds it.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    if fcntl is None:
        yield
        return
    while True:
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(lock)):
                break
        os.close(descriptor)  # the one before us has removed the file we waited for: another one counts
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)  # still ours: whoever opened it sees that it is gone
        os.close(descriptor)


def persist(written: Path, path: Path) -> None:
    """Give a finished file its name, once its bytes are on the disk: even a power cut leaves the whole or none."""
    with open(written, "rb") as file:
        os.fsync(file.fileno())
    os.replace(written, path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
