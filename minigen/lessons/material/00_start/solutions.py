"""Lesson 0: start. One function, of which one line is missing.

Use NumPy and Python's own library, and nothing else. Check your work with `check("00.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 00`.
"""

import numpy as np


def blend(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    """A point on the straight way from a to b.

        result = (1 - t) a + t b

    Args:
        a, b: arrays of one shape: two codes, or two images. t: how far to go: 0 is a itself, 1 is b.

    Returns:
        An array of that shape.
    """
    part_of_a = (1 - t) * a
    # answer
    # stub: The line below makes the exercise red. Put in its place: return part_of_a + ..., with the part of b.
    return part_of_a + t * b
    # end
