"""The errors minigen raises: one clear line that names the argument, what was expected, what came, and the fix.

Each one is also the built-in error that Python programmers expect, so `except ValueError` works as usual.
"""

import difflib
import errno
import numbers
import re
from collections.abc import Iterable

import numpy as np


class MinigenError(Exception):
    """Anything that minigen refuses; the command line prints it in one line and exits with status 2."""

    def __str__(self) -> str:
        """One line, whatever was given: an array or a tensor shows itself in several."""
        return re.sub(r"\s*\n\s*", " ", super().__str__())


class ShapeError(MinigenError, ValueError):
    """Array shapes that do not fit together."""


class IndexingError(ShapeError, IndexError):
    """An index outside the array, or one that is no index."""


class AxisError(ShapeError, np.exceptions.AxisError):
    """An axis that the array does not have; NumPy's AxisError, hence a ValueError and an IndexError."""


class DTypeError(MinigenError, TypeError):
    """An array or argument of the wrong type."""


class ArgumentError(MinigenError, ValueError):
    """A setting outside its range, or a name that does not exist."""


class RangeError(ArgumentError, OverflowError):
    """A number that does not fit into the type of the array that it meets."""


class DeviceError(MinigenError, RuntimeError):
    """A device that is not usable here, or arrays of two devices in one operation."""


class GraphError(MinigenError, RuntimeError):
    """A backward pass that cannot be run: no graph, a freed graph, or no gradient to start from."""


class NumericalError(MinigenError, ArithmeticError):
    """A NaN, an infinity or a silent change of precision, found by the debug mode."""


class DataError(MinigenError, OSError):
    """A data set that is missing, damaged, of another kind or out of reach, or a folder that cannot be used."""


def in_words(error: Exception) -> str:
    """What somebody else's error says, without the addresses of objects; the name of its kind where it says nothing."""
    return " ".join(re.sub(r"<[^<>]* at 0x[0-9a-fA-F]+>", "", str(error)).split()) or type(error).__name__


def unknown_name(argument: str, name: object, choices: Iterable[str]) -> ArgumentError:
    """The error for a name outside `choices`, with the nearest right one."""
    choices = sorted(choices)
    near = difflib.get_close_matches(str(name), choices, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return ArgumentError(f"{argument}: unknown name {name!r}; {hint}choose one of: {', '.join(choices)}")


def one_of(argument: str, name: str, choices: Iterable[str]) -> str:
    """`name`, if it is one of the choices; else an ArgumentError."""
    if name not in (choices := tuple(choices)):
        raise unknown_name(argument, name, choices)
    return name


def is_whole(value: object) -> bool:
    """Whether `value` is an integer, of Python or NumPy; a bool is not meant where an integer is asked for."""
    return type(value) is int or (isinstance(value, numbers.Integral) and not isinstance(value, bool))


def whole(name: str, value: object, least: int = 1) -> int:
    """`value` as an int, if it is an integer >= `least`; else an ArgumentError. The one check of such a setting."""
    if not is_whole(value) or value < least:  # type: ignore[operator]
        raise ArgumentError(f"{name}: expected an integer >= {least}, got {value!r}")
    return int(value)  # type: ignore[call-overload]


REMEDIES = (
    ((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "make room, or choose another folder"),
    ((errno.EACCES, errno.EPERM, errno.EROFS), "make it writable, or choose another folder"),
    ((errno.EMFILE, errno.ENFILE), "too few files may be open at once: raise `ulimit -n`"),
    ((errno.ENOMEM, errno.EAGAIN), "free some memory, or take less at once"),
)


def remedy(error: OSError) -> str:
    """What to do about something that the system refused."""
    return next((advice for numbers, advice in REMEDIES if error.errno in numbers), "choose another file or folder")
