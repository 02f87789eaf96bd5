"""Where a data set's files are looked for."""

import contextlib
import os
from pathlib import Path

from ..errors import DataError
from .download import cache_folder


def places(name: str, folder: str | Path | None) -> list[Path]:
    """Where to look, the most explicit first; a folder given by the caller is the only place."""
    given = [folder] if folder else [os.environ["MINIGEN_DATA"]] if os.environ.get("MINIGEN_DATA") else []
    found = [place for root in given for place in (Path(root) / name, Path(root))]
    with contextlib.suppress(DataError):  # no home, and so no cache
        return found if folder else [*found, cache_folder() / name]
    return found
