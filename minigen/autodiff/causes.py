"""What is probably wrong with a gradient: classic mistakes leave fingerprints in the numbers.

Each function looks at the gradient that was computed (analytic), the one that was measured (numeric, NaN where it could
not be) and the entries that the check found wrong. It returns a sentence for a learner, or None if the fingerprint is
not there: a mistake is only named if the right gradient, with that mistake made in it, is what was computed.

Lesson 2 shows some of them in a picture.
"""

import numpy as np

TOLERANCE = 1e-3  # relative; how alike two numbers must be to count as the same fingerprint


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
    return "it is zero everywhere: the rule returns zeros, or the graph is cut by detach, .data or an array operation"


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


def partly_right(analytic: np.ndarray, numeric: np.ndarray, wrong: np.ndarray) -> str | None:
    """Right in some places, wrong in others."""
    if wrong[~np.isnan(numeric)].all() or not wrong.any():
        return None
    if not analytic[wrong].any():
        return "the other entries are right, and these are zero: some uses of the input send nothing back"
    for axis in range(numeric.ndim):
        others = tuple(a for a in range(numeric.ndim) if a != axis)
        lines = wrong.any(axis=others)
        if not lines.all():
            return f"all wrong entries have index {np.flatnonzero(lines).tolist()} on axis {axis}; the others are right"
    return "the other entries are right: where uses of the input overlap or repeat, = may stand in place of +="


FINGERPRINTS = (not_a_number, all_zero, constant_factor, transposed, unsummed, partly_right)


def likely_cause(analytic: np.ndarray, numeric: np.ndarray, wrong: np.ndarray) -> str:
    """The first fingerprint that is found, or a general hint.

    Args:
        analytic: the gradient that was computed. numeric: what it should be, NaN where that is not known.
        wrong: which entries are wrong, by the tolerance of the check that asks.
    """
    if analytic.shape != numeric.shape:
        return f"it has shape {analytic.shape}, the input has {numeric.shape}: broadcasting was not undone by a sum"
    with np.errstate(all="ignore"):
        for fingerprint in FINGERPRINTS:
            cause = fingerprint(analytic, numeric, wrong)
            if cause:
                return cause
    return "no known pattern: a term or a factor is missing; go through the chain rule once more, factor by factor"
