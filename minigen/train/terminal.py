"""What a run says while it trains, to a terminal that may be gone."""

import errno
import os
import sys
from collections.abc import Callable
from typing import Any

from tqdm import tqdm

from ..terminal import Said

GONE = (errno.EIO, errno.EPIPE)  # a terminal that hung up, a pipe that nobody reads


class Terminal(Said):
    """Standard error, as it is at the moment. What cannot be written is lost, and the run is not."""

    def __init__(self) -> None:
        super().__init__(None)

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except (ValueError, AttributeError):  # it is closed, or there is none
            pass
        except OSError as error:
            if error.errno in GONE:  # for good: Python would try once more when it ends, and fail
                sys.stderr = open(os.devnull, "w")  # noqa: SIM115


TERMINAL: Any = Terminal()


def tell(text: str) -> None:
    """A line on the terminal that does not tear a progress bar."""
    tqdm.write(f"minigen: {text}", file=TERMINAL)
