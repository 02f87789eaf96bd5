"""Downloading: to a temporary name, compared with a checksum, then renamed. A file in the cache is whole and right."""

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..errors import DataError

TIMEOUT = 20  # seconds without a byte


def cache_folder() -> Path:
    """Where downloads are kept: MINIGEN_CACHE, else XDG_CACHE_HOME/minigen, else ~/.cache/minigen."""
    if os.environ.get("MINIGEN_CACHE"):
        return Path(os.environ["MINIGEN_CACHE"])
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "minigen"


def download(urls: Sequence[str], sha256: str, path: Path, advice: str) -> Path:
    """Fetch a file from the first mirror that has it, whole and right.

    Args:
        urls: the mirrors, tried in turn.
        sha256: what the file must hash to, in hexadecimal.
        path: where to put it.
        advice: what to do without a network, for the error.

    Raises:
        DataError: no mirror gave the file; says what each of them did. Nothing is left behind.
    """
    from http.client import HTTPException  # here and below: as long to import as all the rest, and rarely needed

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(prefix=".partial-", dir=path.parent)
    except OSError as error:
        raise DataError(f"cache: cannot write to {path.parent} ({error.strerror}); set MINIGEN_CACHE") from error
    faults = []
    with scratch as folder:
        partial = Path(folder) / path.name
        for url in urls:
            try:
                found = _fetch(url, partial)
                if found == sha256:
                    os.replace(partial, path)
                    return path
                faults.append(f"{url}: wrong checksum, SHA-256 {found} instead of {sha256}")
            except (OSError, HTTPException) as error:
                faults.append(f"{url}: {getattr(error, 'reason', error)}")
    raise DataError(f"{path.name} could not be downloaded ({'; '.join(faults)}); {advice}")


def _fetch(url: str, path: Path) -> str:
    """Write what `url` gives to `path`; returns its SHA-256."""
    import urllib.request

    from tqdm import tqdm

    digest = hashlib.sha256()
    with (
        urllib.request.urlopen(url, timeout=TIMEOUT) as answer,
        open(path, "wb") as file,
        tqdm(desc=path.name, total=answer.length, unit="B", unit_scale=True, leave=False) as bar,
    ):
        while block := answer.read(1 << 16):
            digest.update(block)
            file.write(block)
            bar.update(len(block))
    return digest.hexdigest()
