"""Where a command ends and the system begins: Ctrl-C, closed streams, full disks, pipes that nobody reads.

All three command lines keep to the same promises here.

- Whatever is refused, by minigen or by the system, is one line on standard error and exit status 2.
- What is merely said never stops the work: a line that standard error does not take is dropped.
- A result that standard output does not take is told, with status 2; if the reader of a pipe has left, all is well.
- Ctrl-C is one line and status 130, from the first import to the last.
"""

import argparse
import contextlib
import difflib
import os
import re
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from . import signals
from .errors import ArgumentError, DataError, MinigenError, remedy


@dataclass
class Outcome:
    """What became of a command: its exit status."""

    status: int = 0


@contextlib.contextmanager
def attempt(name: str) -> Iterator[Outcome]:
    """Whatever is refused in the `with` block, by minigen or by the system, becomes one line.

    Args:
        name: of the program, for the line.

    Yields:
        Where the block puts its exit status. It becomes 2 for what is refused, and 130, 143 or 129 when stopped.
    """
    outcome = Outcome()
    try:
        try:
            signals.raise_again()
            yield outcome
        finally:
            signals.leave_alone()  # what is left is a line
    except BrokenPipeError:  # whoever read our output has seen enough
        outcome.status = 0
    except KeyboardInterrupt as stop:
        signals.leave_alone()
        signals.say(str(stop) or "interrupted", name)
        outcome.status = getattr(stop, "status", 130)
    except (MinigenError, OSError, MemoryError, ImportError) as error:
        outcome.status = _refused(name, _why(error))


def _why(error: Exception) -> str:
    """What was refused, and what to do about it."""
    if isinstance(error, MinigenError):
        return str(error)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror or error}; {remedy(error)}"
    if isinstance(error, ImportError):
        return f"{error.name or 'a package'} cannot be used ({error}); python -m pip install minigen"
    return f"memory: there is not enough ({str(error) or 'no more is given'}); take less at once"


def _refused(name: str, why: str) -> int:
    print(f"{name}: {' '.join(why.split())}", file=sys.stderr)
    return 2


def busy(what: str) -> None:
    """Tell a terminal what takes its time."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or none
        if sys.stderr.isatty():
            print(f"minigen: {what} ...", file=sys.stderr, flush=True)


class Parser(argparse.ArgumentParser):
    """Refuses a command in one line, with the nearest name that there is, and without the whole of the usage."""

    def error(self, message: str) -> NoReturn:
        """Raise an ArgumentError that says what is wrong."""
        message = re.sub("^argument ", "", message)
        unknown = re.search(r"(?:unrecognized arguments: |invalid choice: ')(-*[\w-]+)", message)
        names = [name for parser in self._all() for name in parser.names()] if unknown else []
        near = difflib.get_close_matches(unknown[1], names, n=1, cutoff=0.6) if unknown else []
        hint = f"did you mean {near[0]!r}? " if near and unknown and near[0] != unknown[1] else ""
        raise ArgumentError(f"{message}; {hint}{self.prog} --help tells what there is")

    def names(self) -> list[str]:
        """Flags and commands that it takes."""
        flags = [flag for action in self._actions for flag in action.option_strings]
        return flags + [str(choice) for action in self._actions for choice in action.choices or ()]

    def _all(self) -> Iterator["Parser"]:
        yield self
        for action in self._actions:
            if isinstance(action.choices, dict):
                yield from (parser for parser in action.choices.values() if isinstance(parser, Parser))


def run_process(main: Callable[[], int]) -> NoReturn:
    """Run a command line as this process: `main` returns its exit status."""
    warnings.simplefilter("ignore")  # those of other packages are for their developers
    _open_streams()
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
    """A stream that drops what it cannot take: the text is not worth the work that it speaks of.

    Args:
        stream: a text stream; None for standard error, whatever that is at the moment.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    @property
    def stream(self) -> Any:
        """Where it goes."""
        return sys.stderr if self._stream is None else self._stream

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
