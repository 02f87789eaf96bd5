"""Python's and NumPy's errors in the caller's terms, and functions that are made of operations.

An operation (`op.Op`) takes only what can be computed with, and tells in one line what it refuses. A function that is
made of operations, as batch_norm is, reads the shapes of its arrays before the first of these is called. `@composed`
puts the same door before it: lists and numbers become arrays, and what is no array is refused in one line.

No lesson derives it.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from ..backend import device_of, is_array
from ..errors import AxisError, DeviceError, DTypeError, IndexingError, MinigenError, RangeError, ShapeError
from .arrays import from_python, holds, is_plain, plain
from .tensors import Tensor, asarray

EXPLAINED = (ValueError, TypeError, IndexError, OverflowError, AttributeError)  # by wrong arguments
KINDS = (np.exceptions.AxisError, AxisError), (IndexError, IndexingError), (TypeError, DTypeError)
Function = TypeVar("Function", bound=Callable[..., Any])


def explained(name: str, names: Sequence[str], arrays: Sequence[object], error: Exception) -> MinigenError:
    """What went wrong in the function `name`, which was given `arrays` under these names."""
    known = [(n, a) for n, a in zip(names, arrays, strict=False) if is_array(a)]
    devices = {n: device_of(a) for n, a in known}
    if len(set(devices.values())) > 1:
        where = ", ".join(f"{n} is on {d!r}" for n, d in devices.items())
        return DeviceError(f"{name}: {where}; move one of them with .to('cuda') or .to('cpu')")
    given = ", ".join(f"{n} {a.shape}" for n, a in known)
    first_line = (str(error).splitlines() or [type(error).__name__])[0]
    if isinstance(error, OverflowError):
        types = ", ".join(f"{n} is {a.dtype}" for n, a in known)
        return RangeError(f"{name}: {first_line} ({types}); convert the array with .astype")
    if "broadcast" in first_line:
        return ShapeError(
            f"{name}: the shapes of {given} do not broadcast; "
            "counted from the last, each pair of axes must be equal or have a 1"
        )
    if "argument 'dim'" in first_line:
        first_line += "; dim is called axis here"
    others = [f"{n} {a!r}" for n, a in zip(names, arrays, strict=False) if not is_array(a)]
    if isinstance(error, AttributeError) and others:  # a number or None where the function reads a shape
        return DTypeError(f"{name}: expected arrays or tensors, got {', '.join(others)}; use mg.tensor")
    kind = next((ours for numpys, ours in KINDS if isinstance(error, numpys)), ShapeError)
    return kind(f"{name}: {first_line} (given {given})")


def composed(function: Function) -> Function:
    """Mark a function of the library that is made of operations; its first arguments, named as Values, are arrays."""
    parameters = inspect.signature(function).parameters.values()
    names = [p.name for p in parameters if "Values" in str(p.annotation)]
    name = function.__name__

    @functools.wraps(function)
    def checked(*args: Any, **named: Any) -> Any:
        arrays = args[: len(names)]
        if not all(isinstance(x, Tensor) or is_plain(x) for x in arrays):
            device = next((x.device for x in arrays if isinstance(x, Tensor)), None)
            args = (*(_array(name, n, x, device) for n, x in zip(names, arrays, strict=False)), *args[len(names) :])
        try:
            return function(*args, **named)
        except MinigenError:
            raise
        except EXPLAINED as error:
            raise explained(name, names, args[: len(names)], error) from error

    return checked  # type: ignore[return-value]


def _array(function: str, name: str, x: object, device: str | None) -> Any:
    """A tensor as it is; an array, or a list or number as one."""
    if isinstance(x, Tensor):
        return x
    if is_array(x):
        return plain(x, function)
    if holds(x, Tensor):
        raise DTypeError(f"{function}: {name} is a list of tensors; join them with mg.stack or mg.concatenate")
    return asarray(from_python(x, f"{function}: {name}"), device=device)
