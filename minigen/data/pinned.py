"""Data sets of one file: in a folder, in the cache, or downloaded and compared with its SHA-256.

They are looked for as MNIST's files are. Each kind shares a folder: FOLDER/text/NAME or FOLDER/music/NAME, and then
FOLDER/NAME. The file of a folder that the caller or MINIGEN_DATA gave is not compared: it may be a text of one's own.
"""

import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError
from .download import cache_folder, download
from .places import places


@dataclass(frozen=True)
class Pinned:
    """A file, and where it comes from.

    Attributes:
        kind: 'text' or 'music', the folder it shares with others of its kind.
        name: its name here.
        url: where it is downloaded from.
        sha256: what that file hashes to.
        largest: bytes; a larger file is not read.
    """

    kind: str
    name: str
    url: str
    sha256: str
    largest: int

    def located(self, folder: str | Path | None = None) -> Path | None:
        """The file, if it can be found without downloading."""
        found = (place / self.name for place in places(self.kind, folder))
        return next((path for path in found if os.path.lexists(path) and not os.path.isdir(path)), None)

    def path(self, folder: str | Path | None = None) -> Path:
        """The file; downloaded if it is nowhere, unless the caller gave a folder.

        Raises:
            DataError: it is not in `folder`, or cannot be downloaded.
        """
        if found := self.located(folder):
            return found
        if folder:
            raise DataError(f"folder: neither {Path(folder) / self.kind} nor {folder} holds {self.name}; put it there")
        advice = f"put {self.name} into FOLDER/{self.kind} and set MINIGEN_DATA=FOLDER or pass --data-dir FOLDER"
        return download([self.url], self.sha256, cache_folder() / self.kind / self.name, advice, self.largest)


def content_of(path: Path, largest: int) -> bytes:
    """All bytes of a regular file of at most `largest` bytes.

    Raises:
        DataError: it is missing, larger, or not a file; says so.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would wait for ever
            raise DataError(f"{path}: is not a file; put the file itself there")
        with open(path, "rb") as file:
            content = file.read(largest + 1)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; put it there") from None
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); make it readable, or fetch it again") from None
    if len(content) > largest:
        raise DataError(f"{path}: has more than {largest} bytes; give the file of that name, or a shorter one")
    return content


def check_different(files: Iterable[Path], largest: int) -> None:
    """Refuse two files with the same content, each of at most `largest` bytes: one of them has a wrong name.

    Raises:
        DataError: there are two; names them.
    """
    seen: dict[bytes, Path] = {}
    for file in files:
        digest = hashlib.sha256(content_of(file, largest)).digest()
        if digest in seen:
            raise DataError(f"{file}: has the same content as {seen[digest]}; fetch anew the one that is misnamed")
        seen[digest] = file
