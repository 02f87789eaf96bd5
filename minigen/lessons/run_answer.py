"""Calls a student's function on copies of its inputs, and notes whatever it does besides computing.

This file needs NumPy and nothing else of minigen, because it also runs as a program, which `isolated_process` starts.
There it loads one submission, with limits on time and memory, and answers the questions that arrive through a pipe.
Expected values never enter that process, so a submission can spoil its own answers and nothing else.
"""

import copy
import io
import json
import os
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np

LIBRARY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HERE = os.path.dirname(os.path.abspath(__file__))
Namespace = dict[str, Any]  # what a file of Python defines
OTHER_LIBRARIES = ("torch", "jax", "jaxlib", "autograd", "tensorflow", "scipy", "cupy")


@dataclass
class Outcome:
    """What one call did.

    Attributes:
        state: 'returned', 'unwritten' (NotImplementedError), 'raised', or 'lost' (the process is gone).
        value: what was returned. error: what was raised, in one line. line: the line of the student's file.
        mutated: names of the inputs that were changed.
        foreign: functions of minigen or other libraries that were called, and the reference itself.
        calls: how often each of the other exercises' functions was called.
    """

    state: str
    value: object = None
    error: str = ""
    line: str = ""
    mutated: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)


def load(source: str, filename: str, siblings: Mapping[str, object]) -> Namespace:
    """Run a student's file; returns its namespace, in which `siblings` (the other exercises) are the reference's."""
    module = types.ModuleType("exercises")
    module.__file__ = filename
    exec(compile(source, filename, "exec"), module.__dict__)
    module.__dict__.update(siblings)
    return module.__dict__


def load_siblings(reference: str, filename: str, names: list[str], own: str) -> Namespace:
    """The functions `names` of the reference except `own`; `reference` is its text without the answer to `own`."""
    namespace = load(reference, filename, {})
    return {name: namespace[name] for name in names if name != own}


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
                elif not code.co_name.startswith("<"):
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


def call(fn: Callable[..., object], inputs: Mapping[str, object], own: str, reference: str) -> Outcome:
    """fn(*inputs) on copies of the inputs, watched.

    Args:
        inputs: by name, in the order of the parameters.
        own: the name of the exercise. reference: the file name of solutions.py.
    """
    given = dict(copy.deepcopy(inputs))
    watch = Watch(own, reference)
    before = sys.getprofile()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sys.setprofile(watch)
            try:
                value = fn(*given.values())
            finally:
                sys.setprofile(before)
        outcome = Outcome("returned", _detached(value))
    except KeyboardInterrupt:
        raise
    except NotImplementedError:
        outcome = Outcome("unwritten")
    except BaseException as error:
        outcome = failure(error, fn.__code__.co_filename if hasattr(fn, "__code__") else "")
    outcome.mutated = [name for name, value in inputs.items() if not same(value, given[name])]
    outcome.foreign, outcome.calls = watch.foreign, watch.calls
    return outcome


def _detached(value: object) -> object:
    """A copy, so that a later call cannot change an earlier answer."""
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def failure(error: BaseException, filename: str) -> Outcome:
    """The outcome of an exception: its first line, and the last line of the student's file that led there."""
    kind = type(error).__name__
    text = (str(error).splitlines() or [""])[0][:300]
    if isinstance(error, SystemExit):
        kind, text = "exit()", "an exercise returns its result, it must not end the program"
    line = ""
    if isinstance(error, SyntaxError):
        line = f"line {error.lineno}: {(error.text or '').strip()}"
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == filename:
            line = f"line {frame.lineno}: {frame.line}" if frame.line else f"line {frame.lineno}"
    return Outcome("raised", error=f"{kind}: {text}" if text else kind, line=line)


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


# ------------------------------------------------------------------------------- trees as bytes, without pickle


class Unknown:
    """Stands for a value that cannot be sent; remembers its type."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


def pack(tree: object) -> bytes:
    """A tree of arrays, numbers, strings, lists, tuples and dictionaries as bytes: arrays as .npy, the rest as JSON."""
    arrays: list[np.ndarray] = []

    def encode(x: object) -> object:
        if isinstance(x, np.ndarray) and x.dtype.kind in "biuf":
            arrays.append(x)
            return ["array", len(arrays) - 1]
        if isinstance(x, np.generic) and x.dtype.kind in "biuf":
            arrays.append(np.asarray(x))
            return ["number", len(arrays) - 1]
        if isinstance(x, (list, tuple)) and type(x) in (list, tuple):
            return [type(x).__name__, [encode(y) for y in x]]
        if isinstance(x, dict) and type(x) is dict and all(type(k) is str for k in x):
            return ["dict", {k: encode(y) for k, y in x.items()}]
        if x is None or type(x) in (bool, int, float, str):
            return ["plain", x]
        return ["unknown", "array of objects" if isinstance(x, np.ndarray) else type(x).__name__]

    header = json.dumps(encode(tree)).encode()
    stream = io.BytesIO()
    stream.write(len(header).to_bytes(8, "little") + header)
    for array in arrays:
        np.lib.format.write_array(stream, np.ascontiguousarray(array).reshape(array.shape), allow_pickle=False)
    return stream.getvalue()


def unpack(data: bytes) -> Any:
    """The tree that `pack` made these bytes of; raises ValueError for any others."""
    try:
        stream = io.BytesIO(data)
        header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
        arrays = []
        while stream.tell() < len(data):
            arrays.append(np.lib.format.read_array(stream, allow_pickle=False))
        return _decoded(header, arrays)
    except Exception as error:  # hostile bytes lead to errors of many kinds
        raise ValueError(f"not a packed tree: {type(error).__name__}") from None


def _decoded(node: Any, arrays: list[np.ndarray]) -> Any:
    kind, x = node
    if kind == "array":
        return arrays[x]
    if kind == "number":
        return arrays[x][()]
    if kind in ("list", "tuple"):
        values = [_decoded(y, arrays) for y in x]
        return values if kind == "list" else tuple(values)
    if kind == "dict":
        return {k: _decoded(y, arrays) for k, y in x.items()}
    return Unknown(str(x)) if kind == "unknown" else x


def send(stream: BinaryIO, tree: object) -> None:
    """Write a tree, its length first."""
    data = pack(tree)
    stream.write(len(data).to_bytes(8, "little") + data)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """Read a tree that `send` wrote; None at the end of the stream."""
    size = stream.read(8)
    return unpack(stream.read(int.from_bytes(size, "little"))) if len(size) == 8 else None


# ---------------------------------------------------------------------------------------------- as a program


REFUSED = {
    "os.system": "start programs",
    "os.fork": "start processes",
    "os.forkpty": "start processes",
    "os.kill": "send signals",
    "os.killpg": "send signals",
    "gc.get_objects": "look through the memory",
    "gc.get_referrers": "look through the memory",
}
REFUSED_FAMILIES = {
    "socket.": "use the network",
    "subprocess.": "start programs",
    "os.exec": "start programs",
    "os.spawn": "start programs",
    "os.posix_spawn": "start programs",
    "ctypes.": "call C functions",
    **dict.fromkeys(
        ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.ch", "shutil."),
        "change files",
    ),
}


def forbid(hidden: list[str]) -> None:
    """From now on, refuse what no exercise needs: the network, processes, writing files, reading `hidden` ones.

    An audit hook cannot be removed. It stops accidents and simple cheating; to be safe from a determined attacker, run
    the whole grading in a container.
    """
    allowed = {*sys.stdlib_module_names, "numpy"}
    secret = {os.path.realpath(path) for path in hidden}
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def hook(event: str, args: tuple[Any, ...]) -> None:
        what = REFUSED.get(event) or next((w for f, w in REFUSED_FAMILIES.items() if event.startswith(f)), "")
        if event == "import" and args[0].split(".")[0] not in allowed:
            raise ImportError(f"an exercise needs only NumPy; {args[0]} cannot be imported here")
        if event == "open":
            path, mode, flags = args
            if (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & writing:
                what = "write files"
            elif isinstance(path, (str, bytes)) and os.path.realpath(os.fsdecode(path)) in secret:
                what = "read the solutions"
        if what:
            raise PermissionError(f"an exercise may not {what}")

    sys.addaudithook(hook)


def limit(memory: int, seconds: int) -> None:
    """Limit this process's memory (bytes), processor time and files, where the system knows such limits."""
    try:
        import resource
    except ImportError:  # Windows: only the parent's clock limits it
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer the parent's questions until it closes the pipe."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):  # what a submission prints goes nowhere
        os.dup2(nothing, standard)
    setup = receive(questions)
    siblings = load_siblings(setup["reference"], setup["reference_file"], setup["names"], setup["own"])
    send(answers, "ready")
    limit(setup["memory"], setup["seconds"])
    forbid(setup["hidden"])
    fn: object = None
    broken = None
    try:
        fn = load(setup["source"], setup["filename"], siblings).get(setup["own"])
    except BaseException as error:
        broken = failure(error, setup["filename"])
    while (inputs := receive(questions)) is not None:
        if broken is not None:
            outcome = broken
        elif not callable(fn):
            outcome = Outcome("raised", error=f"there is no function {setup['own']!r} in the file")
        else:
            outcome = call(fn, inputs, setup["own"], setup["reference_file"])
        send(answers, vars(outcome))


if __name__ == "__main__":
    main()
