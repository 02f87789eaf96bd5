"""Ctrl-C and SIGTERM: finish the step, save, say how to go on; a second one, or one after the steps, ends at once."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(KeyboardInterrupt):
    """A run that was asked to stop. Its text says how to go on; its exit status is 130, or 143 for SIGTERM."""

    def __init__(self, message: str, signum: int = signal.SIGINT) -> None:
        super().__init__(message)
        self.status = 128 + signum


class Request:
    """Whether to stop.

    Attributes:
        signum: the number of the signal that asked for it, or 0.
        at_once: whether the next signal interrupts what is being done, as nothing needs to be finished.
    """

    def __init__(self) -> None:
        self.signum = 0
        self.at_once = False


@contextlib.contextmanager
def stop_request(quiet: bool = False) -> Iterator[Request]:
    """Note the first signal inside the `with` block, and let the next one interrupt.

    Python delivers signals to the main thread only; in another one nothing is changed.

    Args:
        quiet: say nothing, as another process does.
    """
    request = Request()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def handle(signum: int, frame: FrameType | None) -> None:
        if request.at_once:
            raise Stopped("stopped at once", signum)
        request.signum, request.at_once = signum, True
        if not quiet:
            print("\nminigen: finishing this step; press Ctrl-C again to stop at once", file=sys.stderr)

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
