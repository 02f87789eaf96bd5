"""Nearest-neighbour measures: known values for equal, distant, collapsed and copied samples."""

import numpy as np
import pytest

from minigen.errors import ArgumentError, ShapeError
from minigen.metrics import (
    memorisation,
    nearest,
    nearest_neighbour_error,
    precision_recall_density_coverage,
    two_sample_accuracy,
)
from minigen.metrics import neighbours as module


def normal(seed, n=1500, d=3):
    return np.random.default_rng(seed).standard_normal((n, d))


def by_loops(real, fake, k):
    """The definitions, word by word."""

    def radius(x):
        return [sorted(np.linalg.norm(x - row, axis=1))[k] for row in x]

    inside = np.linalg.norm(fake[:, None] - real, axis=2) <= np.array(radius(real)) + 1e-12  # (M, N)
    recalled = np.linalg.norm(real[:, None] - fake, axis=2) <= np.array(radius(fake)) + 1e-12
    return inside.any(1).mean(), recalled.any(1).mean(), inside.sum() / k / len(fake), inside.any(0).mean()


@pytest.mark.parametrize("k", [1, 5])
def test_as_defined(k, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 17)
    real, fake = normal(0, 80), normal(1, 60) * 0.7 + 0.3
    assert np.allclose(precision_recall_density_coverage(real, fake, k), by_loops(real, fake, k))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(8))
def test_ties_are_in_the_ball(seed, dtype, monkeypatch):
    """Points of a grid, of which many are at equal distances and many are the same, far from 0."""
    monkeypatch.setattr(module, "BLOCK", 13)
    rng = np.random.default_rng(seed)
    real, fake = (rng.integers(0, 3, (n, 2)).astype(dtype) * 0.25 + 7 for n in (40, 30))
    for k in (1, 3, 6):
        found = precision_recall_density_coverage(real, fake, k)
        assert np.allclose(found, by_loops(real.astype(float), fake.astype(float), k))


@pytest.mark.parametrize("dimension", [1, 3, 784])
def test_copies_are_precise_and_recalled(dimension):
    """Each row thrice: its second neighbour is a copy, so the balls have radius 0, and hold the copies."""
    rows = np.repeat(normal(0, 50, dimension).astype(np.float32), 3, axis=0) * 100 + 1000
    assert precision_recall_density_coverage(rows, rows[::-1], 2) == (1, 1, 1.5, 1)
    assert precision_recall_density_coverage(rows, np.repeat(rows[:1], 9, axis=0), 2).precision == 1
    assert precision_recall_density_coverage(rows, rows + 1e-3, 2).precision == 0
    assert (nearest(rows, rows[::-1]).distance == 0).all()


def test_equal_distributions():
    """Density 1 and coverage 1 - 2^-k, whatever the distribution (Naeem et al. 2020, lemmas 1 and 2)."""
    found = precision_recall_density_coverage(normal(0, 4000), normal(1, 4000), 5)
    assert found.density == pytest.approx(1, abs=0.04)
    assert found.coverage == pytest.approx(1 - 2**-5, abs=0.012)


@pytest.mark.slow
def test_the_published_self_check():
    """10 000 against 10 000 from N(0, 1) in 1000 dimensions, as in the readme of the authors' prdc."""
    rng = np.random.default_rng(0)
    real, fake = (rng.standard_normal((10_000, 1000), dtype=np.float32) for _ in range(2))
    found = precision_recall_density_coverage(real, fake, 5)
    assert np.allclose(found, (0.477, 0.471, 1.056, 0.974), atol=0.02)


def test_samples_that_are_far_away():
    assert precision_recall_density_coverage(normal(0), normal(1) + 100) == (0, 0, 0, 0)


def test_collapse_is_precise_and_covers_nothing():
    found = precision_recall_density_coverage(normal(0), 0.01 * normal(1))
    assert found.precision == 1
    assert found.density > 1
    assert max(found.recall, found.coverage) < 0.05


def test_an_outlier_fools_precision_but_not_density():
    real = np.concatenate([normal(0), [[50.0, 0, 0]]])
    fake = normal(1) + np.array([30.0, 0, 0])  # between the data and the outlier
    found = precision_recall_density_coverage(real, fake, 5)
    assert found.precision > 0.9
    assert found.density < 0.3


def test_two_sample_accuracy():
    real = normal(0)
    assert two_sample_accuracy(real, normal(1)) == pytest.approx(0.5, abs=0.04)
    assert two_sample_accuracy(real, normal(1) + 100) == 1
    assert two_sample_accuracy(real, real + 1e-6) < 0.01  # copies
    with pytest.raises(ShapeError, match="as many of each"):
        two_sample_accuracy(real, real[:10])


def test_nearest(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 7)
    a, b = normal(0, 50), normal(1, 30)
    distance = np.linalg.norm(a[:, None] - b, axis=2)
    found = nearest(a, b)
    assert np.array_equal(found.row, distance.argmin(1))
    assert np.allclose(found.distance, distance.min(1))


def test_error_of_the_nearest_neighbour():
    x, labels = np.array([[0.0], [10.0]]), np.array([3, 4])
    assert nearest_neighbour_error(x, labels, np.array([[1.0], [2], [8], [9]]), np.array([3, 4, 4, 4])) == 0.25


def test_copies_are_found_beside_their_originals():
    train, test, rng = normal(0, 2000, 8), normal(1, 1000, 8), np.random.default_rng(2)
    index = rng.integers(2000, size=100)
    samples = np.concatenate([train[index] + 0.001, normal(3, 300, 8)])
    found = memorisation(samples, train, test)
    assert np.array_equal(found.row[:100], index)
    assert found.copies == pytest.approx(0.25 + 0.75 * 0.01, abs=0.02)
    assert memorisation(test, train, test).copies == pytest.approx(0.01, abs=0.001)


def test_bad_input_is_named():
    with pytest.raises(ArgumentError, match="k: the 5-th neighbour needs more than 5 rows, got 9 and 5"):
        precision_recall_density_coverage(normal(0, 9), normal(1, 5))
    with pytest.raises(ShapeError, match="rows of one shape"):
        nearest(normal(0, 9, 3), normal(1, 5, 4))
