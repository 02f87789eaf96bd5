"""What is probably wrong with a gradient: classic mistakes leave fingerprints in the numbers.

Each function looks at the gradient that was computed (analytic), the one that was measured (numeric, NaN where it could
not be) and the entries that the check found wrong. It returns a sentence for a learner, or None if the fingerprint is
not there: a mistake is only named if the right gradient, with that mistake made in it, is what was computed.

The exercises of the lessons are looked at in the same way; `Audience` says what the sentences may speak of. Lesson 2
shows some of the fingerprints in a picture.
"""

from typing import Literal

import numpy as np

TOLERANCE = 1e-3  # relative; how alike two numbers must be to count as the same fingerprint
NEARLY = 0.01  # relative to the largest entry: what a small constant may change

# Of a recorded operation; of a function that computes a gradient, for readers who know the chain rule or who do not
# yet; and of a function that computes anything else.
Audience = Literal["operation", "gradient", "first gradient", "result"]


def _explains(mistaken: np.ndarray, analytic: np.ndarray, numeric: np.ndarray) -> bool:
    """Whether this mistake gives the computed gradient: nearly, and ten times as nearly as no mistake does."""
    known = ~np.isnan(mistaken - numeric) if mistaken.shape == numeric.shape else np.zeros(0, bool)
    if not known.any():
        return False
    mistaken, analytic, numeric = mistaken[known], analytic[known], numeric[known]
    left, without = np.abs(mistaken - analytic).max(), np.abs(numeric - analytic).max()
    return bool(left <= TOLERANCE * np.abs(numeric).max() and left <= 0.1 * without)


def not_a_number(analytic: np.ndarray, numeric: np.ndarray, wrong: np.ndarray) -> str | None:
    """NaN or infinity."""
    if np.isfinite(analytic).all():
        return None
    return "it holds NaN or infinity: a division by zero, or log, sqrt or a power at the edge of its domain"


def all_zero(analytic: np.ndarray, numeric: np.ndarray, wrong: np.ndarray) -> str | None:
    """Zeros everywhere."""
    if analytic.any():
        return None
    return "it is zero everywhere"


def constant_factor(analytic: np.ndarray, numeric: np.ndarray, wrong: np.ndarray) -> str | None:
    """The right gradient times one number."""
    known = ~np.isnan(numeric)
    if not wrong[known & (np.abs(numeric) > 1e-9 * np.abs(numeric[known]).max())].all():
        return None
    unit = numeric[known] / (np.abs(numeric[known]).max() or 1.0)  # so that no square is too large or too small
    factor = float((analytic[known] * unit).sum() / (numeric[known] * unit).sum())
    if not _explains(factor * numeric, analytic, numeric):
        return None
    if abs(factor + 1) < TOLERANCE:
        return "the sign is flipped everywhere"
    for axis, n in enumerate(numeric.shape):
        for times, word in ((n, f"{n} times too large"), (1 / n, f"too small by the factor 1/{n}")):
            if n > 2 and abs(factor / times - 1) < TOLERANCE:
                return f"it is {word} everywhere, and axis {axis} has length {n}: mean and sum are mixed up"
    if abs(factor - 1) < 0.01:
        more = "large" if factor > 1 else "small"
        return (
            f"it is too {more} by {100 * abs(factor - 1):.2g} % everywhere: a constant is slightly off, or was rounded"
        )
    return f"it is {factor:.4g} times the right gradient everywhere: a constant factor is missing or superfluous"


def small_constant(analytic: np.ndarray, numeric: np.ndarray, wrong: np.ndarray) -> str | None:
    """Every entry nearly right, and none right."""
    known = ~np.isnan(numeric)
    size = np.abs(numeric[known]).max(initial=0.0)
    counted = known & (np.abs(numeric) > 1e-6 * size)
    if counted.sum() < 2 or not wrong[counted].all() or np.abs(analytic - numeric)[known].max() > NEARLY * size:
        return None
    return "every entry is nearly right: a small constant such as eps is missing, superfluous or in the wrong place"


def transposed(analytic: np.ndarray, numeric: np.ndarray, wrong: np.ndarray) -> str | None:
    """Two axes exchanged."""
    for i in range(numeric.ndim):
        for j in range(i):
            if _explains(numeric.swapaxes(i, j), analytic, numeric):
                return f"it is the right gradient with axes {j} and {i} exchanged: something is transposed"
    return None


def unsummed(analytic: np.ndarray, numeric: np.ndarray, wrong: np.ndarray) -> str | None:
    """The same numbers along an axis along which they should differ."""
    for axis, n in enumerate(numeric.shape):
        differs = np.ptp(numeric, axis=axis).max() > TOLERANCE * np.abs(numeric).max()
        if n > 1 and np.ptp(analytic, axis=axis).max() == 0 and differs:
            return f"it is the same all along axis {axis}, and should not be: summed or averaged over once too often"
    return None


def _others(numeric: np.ndarray, wrong: np.ndarray) -> str:
    """What may be said of the entries that are not wrong, if there are any: "" if nothing."""
    if wrong[~np.isnan(numeric)].all() or not wrong.any():
        return ""
    told = (wrong | ~np.isnan(numeric)).all()
    return "the other entries are right" if told else "the other entries that can be told are right"


def partly_zero(analytic: np.ndarray, numeric: np.ndarray, wrong: np.ndarray) -> str | None:
    """Zeros in some places."""
    others = _others(numeric, wrong)
    return f"{others}, and these are zero" if others and not analytic[wrong].any() else None


def some_lines(analytic: np.ndarray, numeric: np.ndarray, wrong: np.ndarray) -> str | None:
    """Wrong only at certain indices of an axis."""
    others = _others(numeric, wrong)
    for axis in range(numeric.ndim) if others else ():
        lines = wrong.any(axis=tuple(a for a in range(numeric.ndim) if a != axis))
        if not lines.all():
            return f"all wrong entries have index {_listed(np.flatnonzero(lines))} on axis {axis}; {others}".replace(
                "the other entries", "the others"
            )
    return None


def _listed(indices: np.ndarray, most: int = 6) -> str:
    """Rising indices in brackets: a long row as its ends, '[0, 3 to 9]', and no more parts than may be read."""
    rows = np.split(indices, np.flatnonzero(np.diff(indices) != 1) + 1)
    parts = [f"{row[0]} to {row[-1]}" if len(row) > 2 else ", ".join(map(str, row)) for row in rows]
    left = sum(map(len, rows[most:]))
    return f"[{', '.join(parts[:most])}{f', ... and {left} more' if left else ''}]"


def partly_right(analytic: np.ndarray, numeric: np.ndarray, wrong: np.ndarray) -> str | None:
    """Right in some places, wrong in others."""
    return _others(numeric, wrong) or None


FINGERPRINTS = (
    not_a_number,
    all_zero,
    constant_factor,
    transposed,
    small_constant,
    unsummed,
    partly_zero,
    some_lines,
    partly_right,
)
UNKNOWN = "no known pattern: a term or a factor is missing"


def likely_cause(analytic: np.ndarray, numeric: np.ndarray, wrong: np.ndarray, audience: Audience = "operation") -> str:
    """The first fingerprint that is found, or a general hint.

    Args:
        analytic: the gradient that was computed. numeric: what it should be, NaN where that is not known.
        wrong: which entries are wrong, by the tolerance of the check that asks.
        audience: what was computed, and by whom.
    """
    if analytic.shape != numeric.shape:
        return f"it has shape {analytic.shape}, the input has {numeric.shape}: broadcasting was not undone by a sum"
    with np.errstate(all="ignore"):
        found = ((name, name(analytic, numeric, wrong)) for name in FINGERPRINTS)
        fingerprint, cause = next((pair for pair in found if pair[1]), (None, UNKNOWN))
    if audience == "result":
        cause = str(cause).replace("the right gradient", "the right result")
    return f"{cause}{_advice(fingerprint, audience)}"


def _advice(fingerprint: object, audience: Audience) -> str:
    """Where to look; only what was recorded has a graph, and only a gradient has a chain rule."""
    if fingerprint is all_zero:
        if audience == "operation":
            return ": the rule returns zeros, or the graph is cut by detach, .data or an array operation"
        return ": nothing is ever added to it, or it is multiplied by 0"
    if fingerprint is partly_zero:
        return ": nothing is added there" if audience == "result" else ": some uses of the input send nothing back"
    if fingerprint is partly_right:
        if audience == "result":
            return ": look for what the wrong ones have in common, like an edge, a zero or a large number"
        return ": where uses of the input overlap or repeat, = may stand in place of +="
    if fingerprint is None:
        taught = audience in ("operation", "gradient")
        return f"; go through the {'chain rule' if taught else 'formula'} once more, factor by factor"
    return ""
