"""Where a command ends and the system begins: Ctrl-C, closed streams, full disks, pipes that nobody reads.

All three command lines keep to the same promises here.

- Whatever is refused, by minigen or by the system, is one line on standard error and exit status 2.
- What is merely said never stops the work: a line that standard error does not take is dropped.
- A result that standard output does not take is told, with status 2; if the reader of a pipe has left, all is well.
- Ctrl-C is one line and status 130, from the first import to the last.
"""

import contextlib
import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from . import signals
from .errors import DataError, MinigenError, remedy


def attempt(name: str, command: Callable[[], int | None]) -> int:
    """Run a command; whatever it refuses, or the system refuses to it, becomes one line.

    Args:
        name: of the program, for the line. command: returns an exit status, or None for 0.

    Returns:
        The command's status, 2 for what is refused, 130 or 143 when stopped.
    """
    try:
        try:
            return command() or 0
        finally:
            signals.leave_alone()  # what is left is a line
    except BrokenPipeError:  # whoever read our output has seen enough
        return 0
    except KeyboardInterrupt as stop:
        signals.leave_alone()
        signals.say(str(stop) or "interrupted", name)
        return getattr(stop, "status", 130)
    except MinigenError as error:
        return _refused(name, str(error))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _refused(name, f"{place}{error.strerror or error}; {remedy(error)}")
    except MemoryError as error:
        return _refused(name, f"memory: there is not enough ({str(error) or 'no more is given'}); take less at once")
    except ImportError as error:
        return _refused(name, f"{error.name or 'a package'} cannot be used ({error}); python -m pip install minigen")


def _refused(name: str, why: str, status: int = 2) -> int:
    print(f"{name}: {' '.join(why.split())}", file=sys.stderr)
    return status


def run_process(main: Callable[[], int]) -> NoReturn:
    """Run a command line as this process: `main` returns its exit status."""
    warnings.simplefilter("ignore")  # those of other packages are for their developers
    _open_streams()
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        status = main()
    except SystemExit as stop:  # of argparse
        status = stop.code if isinstance(stop.code, int) else 0
    sys.exit(_finish(status))


def _finish(status: int) -> int:
    """Write what is still on its way to standard output; the exit status after that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # there is nothing left to interrupt
    try:
        sys.stdout.flush()
    except OSError as error:
        if not status and isinstance(error, DataError):  # else it has been told
            status = _refused("minigen", str(error))
        with contextlib.suppress(OSError):  # what is stuck would be tried again, and be complained about, at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


# ------------------------------------------------------------------------------------------------------------ streams


class Said:
    """A stream that drops what it cannot take: the text is not worth the work that it speaks of."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        """As of a text stream."""
        self._try(lambda: self.stream.write(text))
        return len(text)

    def flush(self) -> None:
        """As of a text stream."""
        self._try(self.stream.flush)

    def _try(self, action: Callable[[], object]) -> None:
        with contextlib.suppress(OSError):
            action()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class Result(Said):
    """A stream whose text was asked for: what it cannot take is told, unless a pipe's reader has left.

    Raises:
        DataError, BrokenPipeError: from `write` and `flush`.
    """

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise DataError(f"standard output: {error.strerror}; {remedy(error)}") from None


def _open_streams() -> None:
    """All three streams are there, and take any letter and any byte of a file's name."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # it was closed: a file of ours must not get its number
        os.set_inheritable(number, True)
    os.close(number)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = Result(sys.stdout), Said(sys.stderr)


# ------------------------------------------------------------------------------------------------------------- Ctrl-C


def leave_if_interrupted() -> None:
    """If this process is one of our commands: Ctrl-C ends it at once, with its line, while it is still being loaded.

    An exception would not do: raised in the middle of an import, it is told with all the lines that led there.
    """
    if _is_ours() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with contextlib.suppress(ValueError):  # not the main thread: signals do not come here
            signal.signal(signal.SIGINT, _leave)


def _is_ours() -> bool:
    """Whether the process was started as `python -m minigen...`, or by the script `minigen`.

    Python puts '-m' in the place of the program's name while it looks for the module; the module's name is then where
    the arguments that are left begin.
    """
    arguments = getattr(sys, "argv", None) or [""]
    if arguments[0] == "-m":
        module = sys.orig_argv[-len(arguments)].removeprefix("-m")
        return module.split(".")[0] == "minigen"
    return Path(arguments[0]).stem == "minigen"


def _leave(signum: int, frame: FrameType | None) -> None:
    with contextlib.suppress(OSError):
        os.write(2, b"minigen: interrupted\n")
    os._exit(130)
