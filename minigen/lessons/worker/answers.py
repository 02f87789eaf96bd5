"""Calls a student's function on copies of its inputs, and notes whatever it does besides computing."""

import copy
import linecache
import os
import traceback
import types
import warnings
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from sys import getprofile, setprofile  # what a submission puts in their place comes too late
from threading import setprofile as watch_threads
from typing import Any

import numpy as np

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # minigen/lessons
LIBRARY = os.path.dirname(HERE)
Namespace = dict[str, Any]  # what a file of Python defines
OTHER_LIBRARIES = ("torch", "jax", "jaxlib", "autograd", "tensorflow", "scipy", "cupy")


@dataclass
class Outcome:
    """What one call did.

    Attributes:
        state: 'returned', 'unwritten' (NotImplementedError), 'raised', 'unread' (there is no such function to call), or
            'lost' (the process is gone).
        value: what was returned. error: what was raised, in one line. line: the line of the student's file.
        after: the inputs after the call, by name.
        foreign: functions of minigen or other libraries that were called, and the reference itself.
        calls: how often each of the other exercises' functions was called with arrays or floats.
    """

    state: str
    value: object = None
    error: str = ""
    line: str = ""
    after: dict[str, Any] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)


def load(source: str, filename: str, siblings: Mapping[str, object]) -> Namespace:
    """Run a student's file; returns its namespace, in which `siblings` (the other exercises) are the reference's."""
    module = types.ModuleType("exercises")
    module.__file__ = filename
    quote(source, filename)
    exec(compile(source, filename, "exec"), module.__dict__)
    module.__dict__.update(siblings)
    return module.__dict__


def quote(source: str, filename: str) -> None:
    """Let tracebacks quote this text, whatever file of that name there may be."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)


def load_siblings(reference: str, filename: str, names: list[str], own: str) -> Namespace:
    """The functions `names` of the reference except `own`; `reference` is its text without the answer to `own`."""
    namespace = load(reference, filename, {})
    return {name: namespace[name] for name in names if name != own}


def _takes_numbers(frame: types.FrameType) -> bool:
    """Whether a function that begins was given arrays or floats, by which one could differentiate."""
    return any(isinstance(value, (np.ndarray, float)) for value in frame.f_locals.values())


class Watch:
    """A profile function that notes calls to library code, to the reference, and to the other exercises."""

    def __init__(self, own: str, reference: str) -> None:
        self.own, self.reference = own, reference
        self.foreign: list[str] = []
        self.calls: dict[str, int] = {}

    def __call__(self, frame: types.FrameType, event: str, arg: object) -> None:
        """Python calls this at every call and return."""
        if event == "call":
            code = frame.f_code
            if code.co_filename == self.reference:
                if code.co_name == self.own:
                    self._note("the reference itself")
                elif not code.co_name.startswith("<") and _takes_numbers(frame):
                    self.calls[code.co_name] = self.calls.get(code.co_name, 0) + 1
            elif code.co_filename.startswith(LIBRARY + os.sep) and not code.co_filename.startswith(HERE + os.sep):
                if not code.co_name.startswith(("<", "__get")):
                    self._note(f"{frame.f_globals.get('__name__', 'minigen')}.{code.co_name}")
            elif str(frame.f_globals.get("__name__")).split(".")[0] in OTHER_LIBRARIES:
                self._note(f"{frame.f_globals['__name__']}.{code.co_name}")
        elif event == "c_call" and str(getattr(arg, "__module__", "")).split(".")[0] in OTHER_LIBRARIES:
            self._note(f"{arg.__module__}.{getattr(arg, '__name__', '?')}")

    def _note(self, name: str) -> None:
        if len(self.foreign) < 3 and name not in self.foreign:
            self.foreign.append(name)


def call(
    fn: Callable[..., object],
    inputs: Mapping[str, object],
    own: str,
    reference: str,
    files: Collection[str] = (),
) -> Outcome:
    """fn(*inputs) on copies of the inputs, watched.

    Args:
        inputs: by name, in the order of the parameters.
        own: the name of the exercise. reference: the file name of solutions.py.
        files: the names of the student's files, besides the one that holds fn.
    """
    given = dict(copy.deepcopy(inputs))
    watch = Watch(own, reference)
    before = getprofile()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            watch_threads(watch)
            setprofile(watch)
            try:
                value = fn(*given.values())
            finally:
                setprofile(before)
                watch_threads(None)
        outcome = Outcome("returned", _detached(value))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        outcome = failure(error, {*files, fn.__code__.co_filename} if hasattr(fn, "__code__") else files)
        if isinstance(error, NotImplementedError):
            outcome.state = "unwritten"
    outcome.after, outcome.foreign, outcome.calls = given, watch.foreign, watch.calls
    return outcome


def _detached(value: object) -> object:
    """A copy, so that a later call cannot change an earlier answer."""
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def failure(error: BaseException, files: Collection[str]) -> Outcome:
    """The outcome of an exception: its first line, and the last line of the student's files that led there."""
    kind = type(error).__name__
    try:
        text = (str(error).splitlines() or [""])[0][:300]
    except Exception:  # its own __str__ is wrong too
        text = ""
    if isinstance(error, SystemExit):
        kind, text = "exit()", "an exercise returns its result, it must not end the program"
    line = ""
    if isinstance(error, SyntaxError):
        text = str(error.msg)  # without the place, which is told apart
        line = f"line {error.lineno}: {(error.text or '').strip()}".removesuffix(": ") if error.lineno else ""
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename in files:
            line = f"line {frame.lineno}: {frame.line}" if frame.line else f"line {frame.lineno}"
    return Outcome("raised", error=f"{kind}: {text}" if text else kind, line=line)


def unread(error: BaseException, filename: str) -> Outcome:
    """The outcome of a file that fails while it is read."""
    found = failure(error, {filename})
    return Outcome("unread", error=f"stops with {found.error}", line=found.line)


def missing(function: str) -> Outcome:
    """The outcome of a file that lacks the function."""
    return Outcome("unread", error=f"there is no function {function!r} in the file; `reset` puts it back")


def same(a: object, b: object) -> bool:
    """Whether two trees of arrays, numbers, lists and dictionaries are equal, NaN equal to itself."""
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return (
            isinstance(a, np.ndarray)
            and isinstance(b, np.ndarray)
            and a.shape == b.shape
            and a.dtype == b.dtype
            and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
        )
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return type(a) is type(b) and bool(a == b or (a != a and b != b))
