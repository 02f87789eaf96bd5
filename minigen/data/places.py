"""Where a data set's files are looked for."""

import contextlib
import importlib.util
import os
from pathlib import Path

from ..errors import DataError
from .download import cache_folder


def places(name: str, folder: str | Path | None) -> list[Path]:
    """Where to look, the most explicit first; a folder given by the caller is the only place.

    What may lie there is asked with `os.path`, which says no where `Path.is_file` and its like may raise.

    Raises:
        DataError: one that the caller or MINIGEN_DATA named is there, but nobody can look into it.
    """
    given = [folder] if folder else [os.environ["MINIGEN_DATA"]] if os.environ.get("MINIGEN_DATA") else []
    found = [place for root in given for place in (Path(root) / name, Path(root))]
    for place in found:
        _check_open(place)
    with contextlib.suppress(DataError):  # no home, and so no cache
        return found if folder else [*found, cache_folder() / name]
    return found


def _check_open(place: Path) -> None:
    """Refuse a folder that is closed to us: that its files are not there would be the wrong thing to say."""
    try:
        os.stat(os.path.join(place, "."))
    except (FileNotFoundError, NotADirectoryError):
        pass  # not there, or a file
    except (OSError, ValueError) as error:
        why = (isinstance(error, OSError) and error.strerror) or error
        raise DataError(f"folder: cannot look into {place} ({why}); make it readable, or name another") from None


def in_package(package: str, path: str) -> list[Path]:
    """A folder of an installed package, which is not imported: a list of one, or of none if it is not installed."""
    with contextlib.suppress(ImportError, ValueError):  # somebody's half of a module
        spec = importlib.util.find_spec(package)
        return [Path(root) / path for root in (spec.submodule_search_locations if spec else None) or ()][:1]
    return []
