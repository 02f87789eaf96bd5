"""What fault-injection tests tell: how often a fault was tried, and how often something was lost.

`record` adds a row to the JSON file that MINIGEN_FAULTS names, if it names one; `python -m benchmarks.pages` makes the
table of docs/faults.md from that file. A number in the table is therefore one that a test counted.
"""

import contextlib
import json
import os
import platform
from collections.abc import Iterator
from pathlib import Path


def record(fault: str, tries: int, losses: int, note: str = "") -> None:
    """Note that `fault` was provoked `tries` times and that `losses` of them lost or damaged something."""
    path = os.environ.get("MINIGEN_FAULTS")
    if not path:
        return
    file = Path(path)
    rows = json.loads(file.read_text()) if file.exists() else {}
    rows[fault] = {"tries": tries, "losses": losses, "note": note, "python": platform.python_version()}
    file.write_text(json.dumps(rows, indent=2, sort_keys=True) + "\n")


_tallied: dict[str, list[int]] = {}


def tally(fault: str, tries: int, losses: int, note: str = "") -> None:
    """Add to what this process has counted of `fault`, for a row that several tests make together."""
    counts = _tallied.setdefault(fault, [0, 0])
    counts[0] += tries
    counts[1] += losses
    record(fault, *counts, note)


@contextlib.contextmanager
def counted(fault: str, note: str = "") -> Iterator[None]:
    """Tally one try: a loss if what is done within fails."""
    try:
        yield
    except BaseException:
        tally(fault, 1, 1, note)
        raise
    tally(fault, 1, 0, note)
