"""What the parts share: their command line, the device or its double, and the JSON that is written as they go."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from minigen import backend
from minigen.data.files import json_text
from minigen.errors import MinigenError

DOUBLE = "double of CuPy"  # stands for the card's name in all that a rehearsal writes


@contextlib.contextmanager
def device(rehearse: bool) -> Iterator[str]:
    """The name of the GPU; in a rehearsal the double of CuPy takes its place, for minigen, inside the block.

    Raises:
        DeviceError: there is no GPU.
    """
    with contextlib.ExitStack() as stack:
        if rehearse:
            from tests.cupy_double import double

            stack.enter_context(double.installed())
        name = backend.device_name()
        yield DOUBLE if rehearse else name


class Findings:
    """A JSON file that is written anew with each finding; 'complete' turns true at the end.

    Args:
        path: of the file.
        device: see `device`.
        content: what it holds besides.
    """

    def __init__(self, path: Path, device: str, **content: Any) -> None:
        self.path, self.content = path, {"device": device, "complete": False, **content}
        self.write()

    def write(self, **content: Any) -> None:
        """Write the file, with these entries too; a reader never sees half of it."""
        self.content.update(content)
        half = self.path.with_suffix(".part")
        half.write_text(json_text(self.content, indent=1) + "\n")
        os.replace(half, self.path)


def main(do: Callable[[argparse.Namespace], int], argv: Sequence[str] | None = None, **which: Sequence[str]) -> int:
    """Read a part's command line and do it; the exit status.

    Args:
        do: gets out, rehearse, until (when to end, by time.monotonic) and what `which` names.
        which: a further argument and its choices.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    for name, choices in which.items():
        parser.add_argument(name, choices=choices)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--rehearse", action="store_true")
    options = parser.parse_args(argv)
    options.until = time.monotonic() + options.seconds
    try:
        return do(options)
    except MinigenError as error:
        print(f"error: {error}")
        return 1


def ended(status: int) -> None:
    """End the process of a part."""
    sys.stdout.flush()
    sys.exit(status)
