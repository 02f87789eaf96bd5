"""Which numbers are computed with: the one rule for all arrays that come in, in a tensor or beside one.

Elements are float32 or float64, integers or booleans. float16 is refused: its sums and squares overflow at 65504, and
what it saves, memory, is of no use to an array that is converted for each operation. Whoever has it converts it once.
Numbers in the other order of bytes, as some files hold them, are turned round.

Of a subclass of NumPy's array the plain array beneath it is taken: `np.matrix` has another `*`, and a `memmap` stays in
its file. A masked array is refused, as its plain array holds just the numbers that it hides.

An operation whose values are fractions (`float_valued`: exp, mean, softmax, ...) takes integers and booleans as
float32, or as float64 beside a float64. NumPy would compute the exponential of a byte in float16.

No lesson derives it.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..backend import Array, plain_types
from ..errors import DTypeError

FLOAT32 = np.dtype(np.float32)
DTYPES = frozenset(map(np.dtype, "?bBhHiIlLqQfd"))  # of the elements that are computed with, in this machine's bytes

NUMBERS = frozenset({float, int, bool, type(None)})  # taken beside an array; None stands for an array that is left out


def dtype_of(dtype: DTypeLike) -> np.dtype:
    """The NumPy type that is meant by 'float32', float, np.int64, ...; one that is computed with."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        raise DTypeError(
            f"dtype: {dtype!r} is no type of numbers; use 'float32', 'float64', 'int64' or 'bool'"
        ) from None
    if found not in DTYPES:
        raise DTypeError(f"dtype: expected a type of real numbers, got {found}; use 'float32' or 'float64'")
    return found


def is_plain(x: object) -> bool:
    """Whether `x` is an array that is computed with as it is."""
    return type(x) in plain_types and x.dtype in DTYPES  # type: ignore[attr-defined]


def plain(x: Array, whose: str, dtype: np.dtype | None = None) -> Array:
    """`x` as the rule wants it, with elements of `dtype` if that is given; the same memory where that is possible.

    Raises:
        DTypeError: a masked array, float16, or elements that are no real numbers; it begins with `whose`.
    """
    if isinstance(x, np.ma.MaskedArray):
        raise DTypeError(
            f"{whose}: a masked array; what is masked would be computed with, so give it a value with .filled(...), "
            "or keep the mask and choose with mg.where"
        )
    if type(x) not in plain_types and isinstance(x, np.ndarray):
        x = np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise DTypeError(f"{whose}: data must be numbers, got an array of dtype {x.dtype}")
    if dtype is not None:
        return x.astype(dtype, copy=False)
    if not x.dtype.isnative:
        x = x.astype(x.dtype.newbyteorder("="))
    if x.dtype not in DTYPES:
        raise DTypeError(f"{whose}: nothing is computed in {x.dtype}; convert the array with .astype('float32')")
    return x


def from_python(data: object, whose: str) -> Array:
    """An array of numbers, lists of them, or another library's array; Python's fractions become float32.

    Raises:
        DTypeError: no rectangular array of numbers; it begins with `whose`.
    """
    if holds(data, np.ma.MaskedArray):
        raise DTypeError(f"{whose}: data is a list of masked arrays; give them values with .filled(...)")
    try:
        array = np.asarray(data)
    except (ValueError, TypeError, RuntimeError) as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise DTypeError(f"{whose}: data is not a rectangular array of numbers ({first_line})") from None
    if array.dtype.kind not in "biuf":
        raise DTypeError(f"{whose}: data must be numbers, got {type(data).__name__} of dtype {array.dtype}")
    is_python = isinstance(data, (bool, int, float, list, tuple)) and not isinstance(data, np.generic)
    return array.astype(np.float32) if is_python and array.dtype == np.float64 else array


def holds(data: object, kind: type) -> bool:
    """Whether lists within lists hold something of this kind."""
    return isinstance(data, (list, tuple)) and any(isinstance(x, kind) or holds(x, kind) for x in data)


def of_floats(xs: Iterable[Any]) -> list[Any]:
    """The operands with integer and boolean arrays as floats: float64 if one of them is, else float32."""
    xs = list(xs)
    kinds = [x.dtype.char for x in xs if type(x) in plain_types]
    wide = np.float64 if "d" in kinds else np.float32
    return [x.astype(wide) if type(x) in plain_types and x.dtype.kind != "f" else x for x in xs]
