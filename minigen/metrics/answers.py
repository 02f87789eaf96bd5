"""Which share of sums a model of lines answers right.

Where all symbols up to a place are right, the likeliest next one is what the model would write at temperature 0. So an
answer is written right if, and only if, at each of its places the true symbol is the likeliest, given the true ones
before it. Nothing has to be drawn.
"""

import numpy as np

from ..data import PAD
from ..errors import ArgumentError, ShapeError
from .arrays import not_empty

ASKED = "="  # what ends a question


def right_answers(likeliest: np.ndarray, lines: np.ndarray, alphabet: str) -> float:
    """The share of lines whose answer, all that stands after "=" up to the line end, is the likeliest at each place.

    Args:
        likeliest: (N, T) the likeliest symbol of each place but the first, given the true ones before it.
        lines: (N, T+1) symbols, PAD after the end. alphabet: their characters; the first is the line end.

    Raises:
        ShapeError, ArgumentError: the shapes do not fit, there are no lines, or a line asks nothing.
    """
    if lines.ndim != 2 or likeliest.shape != lines[:, 1:].shape:
        raise ShapeError(
            f"likeliest: expected one symbol for each place of lines {lines.shape} but the first, got {likeliest.shape}"
        )
    not_empty("lines", lines)
    asked = (lines == alphabet.find(ASKED)).cumsum(axis=1)[:, :-1] > 0  # (N, T): the question is over
    answer = asked & (lines[:, 1:] != 0) & (lines[:, 1:] != PAD)
    if not answer.any(axis=1).all():
        raise ArgumentError(f"lines: expected an answer after {ASKED!r} in each, got a line without one")
    return float(((likeliest == lines[:, 1:]) | ~answer).all(axis=1).mean())
