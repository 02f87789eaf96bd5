"""Lesson 0: start. Three functions; of the first, one line is missing.

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


def other_end(a: np.ndarray, m: np.ndarray, t: float) -> np.ndarray:
    """The end b of the straight way that starts at a and goes through m: blend(a, b, t) is m.

    Args:
        a, m: arrays of one shape. t: how far along the way m is; never 0. Like all numbers t it may also lie outside
            [0, 1]: the way goes on beyond both ends.

    Returns:
        The array b, of that shape.
    """
    # answer
    return a + (m - a) / t
    # end


def walk_round(start: np.ndarray, end: np.ndarray, cloud: np.ndarray) -> np.ndarray:
    """A walk from one code to another that stays near a cloud of codes.

    The cloud lies around a hole: its points have about equal distances from their common centre, which can be
    anywhere. Between two stations the walk is straight. Measured is the distance from the cloud, that is from its
    nearest point, where the walk is farthest from it. The goal: at most 0.35.

    Args:
        start, end: (2,), two points of the cloud. cloud: (N, 2).

    Returns:
        The stations, (n, 2) with 2 <= n <= 100: the first is start, and the last is end.
    """
    # answer
    centre = cloud.mean(axis=0)
    radius = np.linalg.norm(cloud - centre, axis=1).mean()
    t = np.linspace(0, 1, 98)[:, None]
    straight = (1 - t) * start + t * end - centre
    around = centre + radius * straight / np.linalg.norm(straight, axis=1, keepdims=True)
    return np.vstack([start, around, end])
    # end
