"""Stand-ins for libraries that an exercise does not need: importing one costs nothing, using it in an answer is named.

A line like `import matplotlib.pyplot as plt` is left over from somewhere and does no harm, whether the library is
installed here or not. What is done with a stand-in while the file is read has no effect. In an answer it is noted, as
'scipy.signal.convolve2d', and ends the call. An import inside `try` fails, so that `except ImportError` is followed.
"""

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Iterable, Iterator, Sequence

NEEDED = {*sys.stdlib_module_names, "numpy"}


class NotHere(Exception):
    """An answer used a stand-in."""


class Usage:
    """What was used of the libraries.

    Attributes:
        reading: whether the file is still being read, so that nothing counts. touched: what was last used meanwhile.
        used: what answers used.
    """

    def __init__(self) -> None:
        self.reading = True
        self.touched = ""
        self.used: list[str] = []


def _stand_for(what: object) -> object:
    """A special method that gives `what` while the file is read, and notes the use in an answer."""

    def method(self: "StandIn", *args: object, **settings: object) -> object:
        if not self._usage.reading:
            self._usage.used.append(self._name)
            raise NotHere(f"{self._name} is not at hand: an exercise needs only NumPy")
        self._usage.touched = self._name
        return StandIn(f"{self._name}()", self._usage) if what is StandIn else what

    return method


class StandIn:
    """Anything of a library: a function, a class, a constant; its attributes are stand-ins too."""

    def __init__(self, name: str, usage: Usage) -> None:
        self._name, self._usage = name, usage

    def __getattr__(self, name: str) -> "StandIn":
        return _attribute(f"{self._name}.{name}", self._usage)

    def __mro_entries__(self, bases: object) -> tuple[type, ...]:
        return ()  # as a base class it adds nothing

    def __deepcopy__(self, memo: object) -> "StandIn":
        return self


def _attribute(name: str, usage: Usage) -> StandIn:
    """A stand-in's attribute; Python's protocols, which it asks for by itself, it has not."""
    usage.touched = name
    if ".__" in name and not name.endswith(".__version__"):
        raise AttributeError(name)
    return StandIn(name, usage)


_TWO_SIDED = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift"
_METHODS = {
    **dict.fromkeys(_TWO_SIDED.split(), StandIn),
    **dict.fromkeys(("r" + name for name in _TWO_SIDED.split()), StandIn),
    **dict.fromkeys(
        ["eq", "ne", "lt", "le", "gt", "ge", "neg", "pos", "abs", "invert", "call", "getitem", "enter", "round"],
        StandIn,
    ),
    **dict.fromkeys(["array_ufunc", "array_function"], StandIn),  # NumPy's functions on it
    **dict.fromkeys(["setitem", "delitem", "exit", "contains", "instancecheck", "subclasscheck"], False),
    **{"bool": False, "len": 0, "int": 0, "index": 0, "float": 0.0, "complex": 0j, "format": "", "iter": iter(())},
}
for _name, _what in _METHODS.items():
    setattr(StandIn, f"__{_name}__", _stand_for(_what))


class Module(types.ModuleType):
    """A stand-in that can be imported, and from which anything can be."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__all__: list[str] = []  # from library import *

    def __getattr__(self, name: str) -> StandIn:
        return _attribute(f"{self.__name__}.{name}", self.__spec__.loader.usage)  # type: ignore[union-attr]


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a stand-in for every library except Python's own and NumPy; put first into sys.meta_path.

    Args:
        usage: where their use is noted. tried: the libraries that the file imports inside `try`.
    """

    def __init__(self, usage: Usage, tried: set[str]) -> None:
        self.usage, self.tried = usage, tried

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The stand-in, or None for what an exercise may need."""
        library = fullname.split(".")[0]
        if library in NEEDED and not isinstance(sys.modules.get(library), Module):
            return None
        if library in self.tried:
            raise ModuleNotFoundError(f"an exercise needs only NumPy; {library} cannot be imported here", name=fullname)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def stand_for(self, name: str) -> None:
        """Put a stand-in where Python looks for modules first."""
        sys.modules[name] = importlib.util.module_from_spec(importlib.machinery.ModuleSpec(name, self, is_package=True))

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """An empty one."""
        return Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing is run."""


def tried_imports(source: str) -> set[str]:
    """The libraries that a file imports inside `try`, prepared for their absence."""
    attempts = [node for node in _nodes(source) if isinstance(node, ast.Try) and node.handlers]
    inside = (inner for attempt in attempts for statement in attempt.body for inner in ast.walk(statement))
    return {name.split(".")[0] for name in _imported(inside)}


def stand_for_absent(source: str, finder: Finder, names: Iterable[str] = ()) -> None:
    """Put stand-ins in the place of modules of Python that a file imports (or `names`) and that fail to be imported.

    Some need a library of the system that is out of sight, like sqlite3; others are refused, like readline.
    """
    wanted = {*_imported(_nodes(source)), *names}
    packages = {name[:at] for name in wanted for at, letter in enumerate(name) if letter == "."}
    for name in sorted(wanted | packages):  # a package before what is in it
        if name.split(".")[0] in NEEDED - finder.tried:
            try:
                importlib.import_module(name)
            except Exception:
                finder.stand_for(name)


def _nodes(source: str) -> list[ast.AST]:
    try:
        return list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _imported(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The modules that import statements among these name."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
