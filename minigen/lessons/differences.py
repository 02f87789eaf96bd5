"""How an answer differs from the expected one: the first thing that is wrong, in words that help a student.

The checks run in the order in which a programmer would look: nothing returned, the type, the shape, NaN, and only then
the numbers. A right answer in another style (`styles`) has no difference.
"""

from dataclasses import dataclass, field

import numpy as np

from .styles import in_style_of
from .worker.messages import Unknown

SINGLE = 1e-8  # relative error: between this and COARSE, float32 is a likelier cause than numeric differentiation
ONE_SIDED = 8  # entries; rounding errors have one sign in so many once in 128 times
COARSE = 1e-6  # relative error: below this the answer is right, but imprecisely computed
NUMERIC = "that is the precision of numeric differentiation; the rule itself gives 15 digits. Write the rule"
ROUNDED = "digits are lost: by a small constant such as eps, or by a difference of two numbers that are nearly equal"


@dataclass
class Difference:
    """What is wrong with an answer.

    Attributes:
        what: in a few words, after the function's name: 'is wrong in 3 of 8 entries'.
        cause: what this difference alone says about the mistake, or ''.
        part: which of the results it is in, if there are several.
        index: of the worst entry, if numbers differ; yours and expected are then the two arrays, and wrong says in
            which entries they differ by more than the tolerance.
    """

    what: str
    cause: str = ""
    part: int = 0
    index: tuple[int, ...] | None = None
    yours: np.ndarray = field(default_factory=lambda: np.zeros(0))
    expected: np.ndarray = field(default_factory=lambda: np.zeros(0))
    wrong: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))


def difference(yours: object, expected: object, tolerance: float, results: tuple[str, ...] = ()) -> Difference | None:
    """The first difference, or None.

    Args:
        tolerance: the error allowed, relative to the largest expected entry.
        results: the names of the parts of a tuple.
    """
    if yours is None and expected is not None:
        return Difference("returns None", "the `return` at the end is missing")
    if isinstance(yours, Unknown):
        return Difference(f"returns {_article(yours.kind)}, expected {kind_of(expected)}")
    yours = in_style_of(expected, yours)
    if isinstance(expected, tuple):
        return _of_tuples(yours, expected, tolerance, results)
    if isinstance(expected, np.ndarray):
        return _of_arrays(yours, expected, tolerance)
    if isinstance(expected, float):
        if not isinstance(yours, (float, np.floating)):
            return Difference(f"returns {kind_of(yours)}, expected one number", "sum or average over all axes")
        return _of_arrays(np.asarray(yours), np.asarray(expected), tolerance)
    if isinstance(expected, int) and not isinstance(expected, bool):
        if isinstance(yours, (float, np.floating)):
            return Difference(
                f"returns {float(yours)!r}, expected a whole number (int)", "use // for the division, or int()"
            )
        if not isinstance(yours, int) or isinstance(yours, bool):
            return Difference(f"returns {kind_of(yours)}, expected a whole number (int)")
    if type(yours) is not type(expected):
        return Difference(f"returns {kind_of(yours)}, expected {kind_of(expected)}")
    if yours != expected:
        return Difference(f"returns {yours!r}, expected {expected!r}")
    return None


def kind_of(value: object) -> str:
    """A value's type in words, with its shape or length."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    return _article(value.kind if isinstance(value, Unknown) else type(value).__name__)


def _article(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiouAEIOU' else 'a'} {noun}"


def _of_tuples(
    yours: object, expected: tuple[object, ...], tolerance: float, results: tuple[str, ...]
) -> Difference | None:
    names = results or tuple(f"result {i}" for i in range(len(expected)))
    if not isinstance(yours, tuple) or len(yours) != len(expected):
        return Difference(f"returns {kind_of(yours)}, expected ({', '.join(names)})")
    for part, (name, mine, right) in enumerate(zip(names, yours, expected, strict=True)):
        found = difference(mine, right, tolerance)
        if found is not None:
            found.what, found.part = f"{name} {found.what}", part
            return found
    return None


def _of_arrays(yours: object, expected: np.ndarray, tolerance: float) -> Difference | None:
    if not isinstance(yours, np.ndarray):
        uneven = "its rows are of different lengths, or not all numbers" if isinstance(yours, (list, tuple)) else ""
        return Difference(f"returns {kind_of(yours)}, expected a NumPy array of shape {expected.shape}", uneven)
    if yours.shape != expected.shape:
        return Difference(
            f"has shape {yours.shape}, expected {expected.shape}",
            yours=np.asarray(yours, np.float64) if yours.dtype.kind in "biuf" else np.zeros(0),
            expected=expected,
        )
    if yours.dtype != expected.dtype:
        return Difference(
            f"has dtype {yours.dtype}, expected {expected.dtype}",
            "keep the type of the inputs: np.zeros(shape, x.dtype), np.zeros_like(x)",
        )
    bad = ~np.isfinite(yours) & np.isfinite(expected)
    if bad.any():
        return _worst(f"is NaN or infinite in {bad.sum()} of {bad.size} entries", yours, expected, bad * 1.0, bad)
    size = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
    with np.errstate(invalid="ignore", over="ignore"):  # inf - inf, which is as it should be; and subnormal numbers
        error = np.abs(np.where(yours == expected, 0.0, yours - expected)) / (size or 1.0)
    wrong = ~(error <= tolerance)
    if not wrong.any():
        return None
    worst = float(np.nan_to_num(error, nan=np.inf).max())
    if worst > COARSE:
        return _worst(
            f"is wrong in {wrong.sum()} of {wrong.size} entries" if wrong.size > 1 else "is wrong",
            yours,
            expected,
            error,
            wrong,
        )
    found = _worst(f"is right, but only to {round(-np.log10(worst))} digits", yours, expected, error, wrong)
    if _one_sided(yours, expected):
        found.cause = (
            "every entry is off in one direction: a constant was rounded, or a small constant such as eps is missing, "
            "superfluous or in the wrong place"
        )
    elif worst > SINGLE:
        found.cause = "that is the precision of float32: somewhere on the way the type of the inputs is lost"
    else:
        found.cause = NUMERIC
    return found


def _one_sided(yours: np.ndarray, expected: np.ndarray) -> bool:
    """Whether the entries that count are all too large or all too small, and too many of them for chance."""
    counted = np.abs(expected) > 1e-3 * np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
    signs = np.sign(np.abs(yours[counted]) - np.abs(expected[counted]))
    return signs.size >= ONE_SIDED and bool(np.abs(signs.sum()) == signs.size)


def _worst(what: str, yours: np.ndarray, expected: np.ndarray, error: np.ndarray, wrong: np.ndarray) -> Difference:
    index = np.unravel_index(int(np.nan_to_num(error, nan=np.inf).argmax()), error.shape)
    return Difference(what, index=tuple(int(i) for i in index), yours=yours, expected=expected, wrong=wrong)
