"""Ctrl-C, SIGTERM and a terminal that hangs up (SIGHUP): finish the step, save, say how to go on; then end.

    the first     lets the step end, after which the state is saved (`stop_request`)
    the second    ends at once; so does the first where there is no step to finish

In a program of Python's users, such as a notebook, to end at once means to raise `Stopped`. But an exception out of a
signal handler comes anywhere: while another one is told, in a callback whose errors Python prints and forgets, while
the interpreter shuts down. So where the process is a command of minigen and nothing else (`take_over`), the handler
itself writes the last word and ends the process. Its files bear that: each is whole or not there, even after SIGKILL.
"""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

_process_is_ours = False


class Stopped(KeyboardInterrupt):
    """A run that was asked to stop. Its text says how to go on; its status is 130, 143 (SIGTERM) or 129 (SIGHUP)."""

    def __init__(self, message: str, signum: int = signal.SIGINT) -> None:
        super().__init__(message)
        self.signum = int(signum)
        self.status = 128 + self.signum


class Request:
    """Whether to stop.

    Attributes:
        signum: the number of the signal that asked for it, or 0.
        at_once: whether the next signal interrupts what is being done, as nothing needs to be finished.
        told: what to say of an end, from what happened; None if there is nothing left to end.
    """

    def __init__(self) -> None:
        self.signum = 0
        self.at_once = False
        self.told: Callable[[str], str | None] = lambda what: what


@contextlib.contextmanager
def stop_request(quiet: bool = False) -> Iterator[Request]:
    """Note the first signal inside the `with` block, and let the next one interrupt.

    Python delivers signals to the main thread only; in another one nothing is changed. In a process that is ours,
    signals are ignored from the end of the block on: what is left is to say what came of it.

    Args:
        quiet: say nothing, as another process does.
    """
    request = Request()

    def handle(signum: int, frame: FrameType | None) -> None:
        if not request.at_once:
            request.signum, request.at_once = signum, True
            if not quiet:
                say("finishing this step; press Ctrl-C again to stop at once")
        elif (text := request.told("stopped at once")) is not None:
            _end("stopped at once", text, signum)

    before = _handled_by(handle)
    try:
        yield request
    finally:
        leave_alone()
        if not _process_is_ours:
            for number, handler in before.items():
                signal.signal(number, handler)


def take_over() -> None:
    """From here on, this process is one command's: the first signal raises `Stopped`, the next one ends the process.

    While a module is imported, the first one ends it too: an extension that meets an exception as it begins turns it
    into an error of its own, and may be left in a state that crashes the interpreter.
    """
    global _process_is_ours
    if threading.current_thread() is not threading.main_thread():
        return
    _process_is_ours, raised, report = True, False, sys.unraisablehook

    def handle(signum: int, frame: FrameType | None) -> None:
        nonlocal raised
        if raised or _is_imported(frame):
            _end("interrupted", "interrupted", signum)
        raised = True
        raise Stopped("interrupted", signum)

    def unraisable(found: Any) -> None:
        """An error that Python can only print: of a callback, say, while a module is imported."""
        if isinstance(found.exc_value, Stopped):
            _end("interrupted", "interrupted", found.exc_value.signum)
        report(found)

    sys.unraisablehook = unraisable
    _handled_by(handle)


def _is_imported(frame: FrameType | None) -> bool:
    """Whether what runs is the body of a module that is being imported, or called from there."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def leave_alone() -> None:
    """From here on, ignore signals, if the process is ours: it is about to end anyway."""
    if _process_is_ours and threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def _handled_by(handle: Callable[[int, FrameType | None], None]) -> dict[int, Any]:
    """Set the handler of each signal; returns those before. A SIGHUP that is ignored stays so: that is nohup."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    numbers = [n for n in SIGNALS if n != getattr(signal, "SIGHUP", 0) or signal.getsignal(n) != signal.SIG_IGN]
    return {number: signal.signal(number, handle) for number in numbers}


def _end(what: str, text: str, signum: int) -> NoReturn:
    if not _process_is_ours:
        raise Stopped(what, signum)
    say(text)
    os._exit(128 + signum)


def say(text: str, name: str = "minigen") -> None:
    """Write a line to standard error, from a handler too; that there is nobody to read it is no error.

    It goes past Python's file, which may be in the middle of writing when a handler comes.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):  # closed; of a notebook; None
        begin = "\n" if sys.stderr.isatty() else ""  # a progress bar, or ^C, stands on the line
        line = f"{begin}{name}: {' '.join(text.split())}\n"
        try:
            os.write(sys.stderr.fileno(), line.encode(sys.stderr.encoding or "utf-8", "backslashreplace"))
        except ValueError:  # no file of the system's
            sys.stderr.write(line)


# ------------------------------------------------------------------------------------- while it is being loaded


def leave_if_interrupted() -> None:
    """If this process is one of our commands: Ctrl-C ends it at once, with its line, while it is still being loaded.

    An exception would not do: raised in the middle of an import, it is told with all the lines that led there.
    """
    if _is_ours() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with contextlib.suppress(ValueError):  # not the main thread: signals do not come here
            signal.signal(signal.SIGINT, leave)


def raise_again() -> None:
    """Now that it is loaded, and somebody tells of it in a line: Ctrl-C raises KeyboardInterrupt again.

    But for what is imported later: there it still ends the process (see `take_over`).
    """
    if signal.getsignal(signal.SIGINT) is leave:
        signal.signal(signal.SIGINT, _raise_or_leave)


def _raise_or_leave(signum: int, frame: FrameType | None) -> None:
    if _is_imported(frame):
        leave(signum, frame)
    raise KeyboardInterrupt


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


def leave(signum: int, frame: FrameType | None) -> NoReturn:
    """End the process: a handler of SIGINT."""
    with contextlib.suppress(OSError):
        os.write(2, b"minigen: interrupted\n")
    os._exit(130)
