"""What nearest neighbours say: do the samples look real, do they cover the real ones, can the two be told apart?

Distances are Euclidean, between rows: of points, of pixels, or (better for images) of a classifier's features. They
are computed in blocks, so that 10 000 rows against 10 000 take a few megabytes, and in float64, so that what is equally
far away also comes out so, up to the last digits.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ..errors import ArgumentError, ShapeError
from ..nn.layers import positive
from .arrays import floats, whole_numbers

BLOCK = 500  # rows whose distances are held at once
ROUNDINGS = 50  # how many last digits |a|^2 - 2 a b + |b|^2 may be off


class Coverage(NamedTuple):
    """Shares of samples and of real examples; density alone may exceed 1.

    precision: samples that lie in the real support. recall: real examples that lie in the samples' support.
    density: in how many real balls a sample lies, over k. coverage: real examples with a sample in their ball.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall_density_coverage(real: np.ndarray, fake: np.ndarray, k: int = 5) -> Coverage:
    """Fidelity and diversity apart, from balls around each row that reach to its k-th nearest neighbour.

    A row at the very distance of that neighbour is in the ball: of more than k equal rows the radius is 0, and
    their copies are in it. Precision and recall: is a sample in any real ball, is a real example in any sample's ball
    (Kynkäänniemi et al. 2019, equation 1). One outlier's ball is large and full of wrong samples; density counts the
    balls instead, and coverage asks for a sample in each real ball (Naeem et al. 2020, equations 3 and 4). For equal
    distributions density is 1 and coverage 1 - 2^-k, whatever they are; precision and recall depend on the dimension.

    Args:
        real, fake: (N, D) and (M, D). k: which neighbour, fewer than N and M.
    """
    real, fake = _rows(real=real, fake=fake)
    positive(k=k)
    if k >= min(len(real), len(fake)):
        raise ArgumentError(f"k: the {k}-th neighbour needs more than {k} rows, got {len(real)} and {len(fake)}")
    real_radius, fake_radius = _radius(real, k), _radius(fake, k)
    balls = np.zeros(len(fake), np.int64)  # in how many real balls each sample lies
    recalled = np.zeros(len(real), bool)
    nearest = np.full(len(real), np.inf)
    for rows, squared in _squared_distances(fake, real):
        balls[rows] = (squared <= real_radius).sum(axis=1)
        recalled |= (squared <= fake_radius[rows, None]).any(axis=0)
        np.minimum(nearest, squared.min(axis=0), out=nearest)
    return Coverage(
        float((balls > 0).mean()),
        float(recalled.mean()),
        float(balls.mean() / k),
        float((nearest <= real_radius).mean()),
    )


def two_sample_accuracy(real: np.ndarray, fake: np.ndarray) -> float:
    """How often a row's nearest neighbour, among all others, is of its own kind: the leave-one-out 1-NN classifier.

    1/2 for equal distributions, 1 for samples far from the data or all alike; towards 0 where each sample is a copy of
    an example (Lopez-Paz & Oquab 2017; Xu et al. 2018, section 2).

    Args:
        real, fake: (N, D), as many of each.
    """
    real, fake = _rows(real=real, fake=fake)
    if len(real) != len(fake):
        raise ShapeError(f"real and fake: expected as many of each, got {len(real)} and {len(fake)}; cut the longer")
    both = np.concatenate([real, fake])
    kind = np.arange(len(both)) < len(real)
    right = 0
    for rows, squared in _squared_distances(both, both):
        squared[np.arange(len(squared)), np.arange(rows.start, rows.stop)] = np.inf
        right += int((kind[squared.argmin(axis=1)] == kind[rows]).sum())
    return right / len(both)


def nearest_neighbour_error(x: np.ndarray, labels: np.ndarray, test_x: np.ndarray, test_labels: np.ndarray) -> float:
    """The share of test rows whose nearest row in x has another label: how good x is as training data.

    For labelled samples x of a conditional model, beside the same number for as many real examples.

    Args:
        x, test_x: (N, D) and (M, D). labels, test_labels: (N,) and (M,).
    """
    floats(labels=labels, test_labels=test_labels)
    labels, test_labels = whole_numbers(labels, test_labels)
    if labels.shape != (len(x),) or test_labels.shape != (len(test_x),):
        raise ShapeError(f"labels: expected one for each row, got shapes {labels.shape} and {test_labels.shape}")
    return float((labels[nearest(test_x, x).row] != test_labels).mean())


class Nearest(NamedTuple):
    """For each row, which other row is nearest, and how far away it is."""

    row: np.ndarray
    distance: np.ndarray


def nearest(rows: np.ndarray, others: np.ndarray) -> Nearest:
    """The nearest of `others` (M, ...) to each of `rows` (N, ...)."""
    rows, others = _rows(rows=rows, others=others)
    row, distance = np.empty(len(rows), np.int64), np.empty(len(rows))
    for part, squared in _squared_distances(rows, others):
        row[part] = squared.argmin(axis=1)
        distance[part] = np.linalg.norm(rows[part] - others[row[part]], axis=1)  # 0 where they are equal
    return Nearest(row, distance)


def _rows(**two: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as (N, D) of float64, measured from the middle between their means: little is lost when far from 0."""
    a, b = floats(**two)
    if a.shape[1:] != b.shape[1:]:
        raise ShapeError(
            f"{', '.join(two)}: expected two arrays of rows of one shape, got shapes {a.shape} and {b.shape}"
        )
    a, b = (np.asarray(x, np.float64).reshape(len(x), -1) for x in (a, b))
    middle = (a.mean(axis=0) + b.mean(axis=0)) / 2
    return a - middle, b - middle


def _squared_distances(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """(rows of a, their squared distances (rows, M) to all of b), block by block.

    |a - b|^2 = |a|^2 - 2 a b + |b|^2, for rows of `_rows`.
    """
    a_norms, b_norms = (a * a).sum(axis=1), (b * b).sum(axis=1)
    for start in range(0, len(a), BLOCK):
        rows = slice(start, min(start + BLOCK, len(a)))
        yield rows, a_norms[rows, None] - 2 * (a[rows] @ b.T) + b_norms


def _radius(x: np.ndarray, k: int) -> np.ndarray:
    """The squared distance of each row to its k-th nearest other row, and what rounding may add to it: (N,)."""
    radius = np.empty(len(x))
    for rows, squared in _squared_distances(x, x):
        squared[np.arange(len(squared)), np.arange(rows.start, rows.stop)] = -np.inf  # itself comes first
        radius[rows] = np.partition(squared, k, axis=1)[:, k]
    return radius + ROUNDINGS * np.finfo(np.float64).eps * ((x * x).sum(axis=1) + np.abs(radius))
