"""What a run says while it trains, to a terminal that may be gone."""

import errno
import os
import sys
from typing import Any

from tqdm import tqdm

GONE = (errno.EIO, errno.EPIPE)  # a terminal that hung up, a pipe that nobody reads


class Terminal:
    """Standard error, as it is at the moment. What cannot be written is lost, and the run is not."""

    def write(self, text: str) -> None:
        """Write it, if that can be done."""
        self._try(lambda: sys.stderr.write(text))

    def flush(self) -> None:
        """Flush what was written, if that can be done."""
        self._try(lambda: sys.stderr.flush())

    def _try(self, do: Any) -> None:
        try:
            do()
        except (ValueError, AttributeError):  # it is closed, or there is none
            pass
        except OSError as error:
            if error.errno in GONE:  # for good: Python would try once more when it ends, and fail
                sys.stderr = open(os.devnull, "w")  # noqa: SIM115

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)


TERMINAL = Terminal()


def tell(text: str) -> None:
    """A line on the terminal that does not tear a progress bar."""
    tqdm.write(f"minigen: {text}", file=TERMINAL)
