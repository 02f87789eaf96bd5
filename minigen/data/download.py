"""Download: to a temporary name, compared with a checksum, then renamed. A file in the cache is complete and correct.

    lock -> is it here by now? -> for each mirror: fetch, compare -> rename -> unlock

What a broken connection left is kept if the server named its version of the file (an ETag or a date); the next attempt
asks for the rest of that version. Proxies are those of http_proxy, https_proxy and no_proxy.
"""

import hashlib
import os
import time
from collections.abc import Sequence
from email.message import Message
from pathlib import Path
from typing import Any

from ..errors import DataError
from .files import locked, persist

TIMEOUT = 20.0  # seconds without a byte
SLOWEST = 1000  # bytes a second, over TIMEOUT seconds: one byte now and then is no download
LARGEST = 1 << 28  # bytes; CIFAR-10, the largest of these files, has 170 MB
BLOCK = 1 << 16


def cache_folder() -> Path:
    """Where downloads are kept: MINIGEN_CACHE, else XDG_CACHE_HOME/minigen, else ~/.cache/minigen."""
    if os.environ.get("MINIGEN_CACHE"):
        return Path(os.environ["MINIGEN_CACHE"])
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "minigen"
    except RuntimeError as error:  # a user without a home
        raise DataError(f"cache: {error}; set MINIGEN_CACHE") from None


def download(urls: Sequence[str], sha256: str, path: Path, advice: str, limit: int = LARGEST) -> Path:
    """Fetch a file from the first mirror that has it complete and correct.

    Processes that want the same file take turns: the first downloads it, the others find it there.

    Args:
        urls: the mirrors, tried in turn.
        sha256: what the file must hash to, in hexadecimal.
        path: where to put it.
        advice: what to do without a network, for the error.
        limit: bytes; a server that gives more is cut off.

    Raises:
        DataError: no mirror gave the file; says what each of them did. What is left behind is only what a
            later attempt can continue from.
    """
    from http.client import HTTPException  # here and below: as long to import as all the rest, and rarely needed

    faults = []
    try:
        with locked(path):
            if path.is_file() and _sha256(path) == sha256:  # another process was first
                return path
            for url in urls:
                part = Part(path, url, sha256)
                try:
                    found = part.fetched(limit)
                    if found == sha256:
                        persist(part.path, path)
                        for rest in path.parent.glob(f".{path.name}-*"):  # parts from other mirrors
                            rest.unlink()
                        return path
                    part.discard()
                    faults.append(f"{url}: wrong checksum, SHA-256 {found} instead of {sha256}")
                except (OSError, HTTPException, ValueError) as error:  # ValueError: not an address
                    fault = " ".join(
                        str(getattr(error, "reason", error)).split()
                    )  # a server's message may have many lines
                    faults.append(f"{url}: {fault[:200]}")
    except OSError as error:
        raise DataError(f"cache: cannot write to {path.parent} ({error.strerror}); set MINIGEN_CACHE") from error
    raise DataError(f"{path.name} could not be downloaded ({'; '.join(faults)}); {advice}")


class Part:
    """What has come so far of one file from one mirror, and which version of the file it is a part of.

    Args:
        target: the file in the cache.
        url: the mirror.
        sha256: what the whole must hash to; with the url it names the part.
    """

    def __init__(self, target: Path, url: str, sha256: str) -> None:
        key = hashlib.sha256(f"{url} {sha256}".encode()).hexdigest()[:16]
        self.url, self.sha256, self.name = url, sha256, target.name
        self.path = target.with_name(f".{target.name}-{key}.part")
        self.version = self.path.with_suffix(".version")

    def discard(self) -> None:
        """Forget it."""
        self.path.unlink(missing_ok=True)
        self.version.unlink(missing_ok=True)

    def fetched(self, limit: int) -> str:
        """The SHA-256 of what the mirror gives, now at `path`. A file made of two parts that is wrong is fetched anew.

        Raises:
            OSError, HTTPException: the mirror did not give all it promised, or too much, or nothing, or too slowly.
        """
        version = ""
        if self.path.exists() and self.version.exists():
            version = _usable(self.version.read_text(errors="replace"))
        try:
            if version:
                if self._receive(limit, version) and (found := _sha256(self.path)) == self.sha256:
                    return found
                self.discard()
            self._receive(limit)
            return _sha256(self.path)
        except BaseException:
            if not self.version.exists():  # nothing to continue from
                self.discard()
            raise

    def _receive(self, limit: int, version: str = "") -> bool:
        """Write the answer to `path`; with a version, append the rest of it. False: that cannot be continued."""
        import urllib.error
        import urllib.request

        start = self.path.stat().st_size if version else 0
        request = urllib.request.Request(self.url)
        if version:
            request.add_header("Range", f"bytes={start}-")
            request.add_header("If-Range", version)
        try:
            # An opener of its own: urlopen would keep the proxies of its first call.
            answer = urllib.request.build_opener().open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            if version and error.code == 416:  # there is no rest
                return False
            raise
        with answer:
            rest = answer.status == 206
            if rest and not (version and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")):
                return False
            if not rest:  # the whole file, perhaps of another version
                start = 0
                self.discard()
                if named := _version(answer.headers):
                    self.version.write_text(named)
            self._write(answer, start, limit)
        return True

    def _write(self, answer: Any, start: int, limit: int) -> None:
        from tqdm import tqdm

        promised = None if answer.length is None else start + answer.length
        if promised is not None and promised > limit:
            raise OSError(f"promises {promised} bytes, at most {limit} are expected")
        size, before, since = start, start, time.monotonic()
        with (
            open(self.path, "ab" if start else "wb") as file,
            tqdm(desc=self.name, initial=start, total=promised, unit="B", unit_scale=True, leave=False) as bar,
        ):
            while block := answer.read1(BLOCK):  # what is there; read() would wait for a whole block
                size += len(block)
                if size > limit:
                    self.version.unlink(missing_ok=True)
                    raise OSError(f"gives more than the {limit} bytes expected")
                file.write(block)
                bar.update(len(block))
                if (passed := time.monotonic() - since) > TIMEOUT:
                    if size - before < SLOWEST * passed:
                        raise OSError(f"too slow: {size - before} bytes in {passed:.0f} seconds")
                    before, since = size, time.monotonic()
        if promised is not None and size != promised:
            raise OSError(f"broke off after {size} of {promised} bytes")


def _version(headers: Message) -> str:
    """How the server names this version of the file, for If-Range: a strong ETag, a date, or not at all."""
    etag = headers.get("ETag", "")
    return _usable(etag if etag.startswith('"') else headers.get("Last-Modified", ""))


def _usable(version: str) -> str:
    """The version, or '' if it cannot be sent back in a header."""
    return version if version.isascii() and version.isprintable() else ""


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
