"""The checks of settings that the optimizers and their companions share.

No lesson derives it.
"""

import math
from numbers import Real

from ..errors import ArgumentError


def is_number(value: object) -> bool:
    """Whether `value` is a real number; True is not meant for 1."""
    return isinstance(value, Real) and not isinstance(value, bool)


def at_least_0(name: str, value: float, below: float = math.inf) -> float:
    """`value` as a float, if 0 <= value < below; else an ArgumentError."""
    if not is_number(value) or not 0 <= value < below:
        bounds = f"a number >= 0 and < {below}" if below < math.inf else "a finite number >= 0"
        raise ArgumentError(f"{name}: expected {bounds}, got {value!r}")
    return float(value)


def positive(name: str, value: float) -> float:
    """`value` as a float, if 0 < value < infinity; else an ArgumentError."""
    if not is_number(value) or not 0 < value < math.inf:
        raise ArgumentError(f"{name}: expected a finite number > 0, got {value!r}")
    return float(value)


def whole(name: str, value: int) -> int:
    """`value` as an int, if it is 1, 2, ...; else an ArgumentError."""
    if not is_number(value) or not 1 <= value < math.inf or value != int(value):
        raise ArgumentError(f"{name}: expected an integer >= 1, got {value!r}")
    return int(value)


def two_rates(name: str, values: tuple[float, float]) -> tuple[float, float]:
    """`values` as two floats in [0, 1); else an ArgumentError."""
    if not isinstance(values, (tuple, list)) or len(values) != 2:
        raise ArgumentError(f"{name}: expected two numbers in [0, 1), got {values!r}")
    return at_least_0(f"{name}[0]", values[0], below=1), at_least_0(f"{name}[1]", values[1], below=1)
