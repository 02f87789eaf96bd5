"""The Fréchet distance where the answer has a closed form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen.errors import ArgumentError, ShapeError
from minigen.metrics import floor, frechet, frechet_distance


def covariance(seed, d=4):
    a = np.random.default_rng(seed).standard_normal((d, d + 2))
    return a @ a.T


def test_of_gaussians_with_diagonal_covariances():
    s1, s2 = np.array([1.0, 4.0, 9.0]), np.array([4.0, 4.0, 0.0])
    expected = 14 + ((np.sqrt(s1) - np.sqrt(s2)) ** 2).sum()
    assert frechet_distance(np.zeros(3), np.diag(s1), np.array([1.0, 2, 3]), np.diag(s2)) == pytest.approx(expected)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0.1, 10))
def test_scaling_a_gaussian(seed, other, factor):
    """Of N(m, C) and N(m, c^2 C) it is (1 - c)^2 tr C; and it does not matter which comes first."""
    c1, c2, zero = covariance(seed), covariance(other), np.zeros(4)
    assert frechet_distance(zero, c1, zero, factor**2 * c1) == pytest.approx((1 - factor) ** 2 * np.trace(c1), abs=1e-6)
    assert frechet_distance(zero, c1, zero, c2) == pytest.approx(frechet_distance(zero, c2, zero, c1), abs=1e-6)


def test_against_the_matrix_square_root():
    linalg = pytest.importorskip("scipy.linalg")
    c1, c2 = covariance(0), covariance(1)
    expected = np.trace(c1 + c2 - 2 * linalg.sqrtm(c1 @ c2).real)
    assert frechet_distance(np.zeros(4), c1, np.zeros(4), c2) == pytest.approx(expected)


def test_of_samples():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((50_000, 3)), 2 * rng.standard_normal((50_000, 3)) + 1
    assert frechet(a, b) == pytest.approx(6, rel=0.03)  # 3 of the means, 3 (1 - 2)^2 of the deviations
    assert frechet(a, a) == pytest.approx(0, abs=1e-9)


def test_the_floor_falls_with_the_number_of_samples():
    x = np.random.default_rng(0).standard_normal((20_000, 8))
    few, many = floor(x[:1000], mg.Generator(0)), floor(x, mg.Generator(0))
    assert 0 < many < few / 5
    assert floor(x, mg.Generator(0)) == many


def test_too_few_samples_are_refused():
    x = np.random.default_rng(0).standard_normal((79, 8))
    with pytest.raises(ArgumentError, match=r"samples: 79 are too few .* of 8 features; draw at least 80"):
        frechet(x, x)
    with pytest.raises(ShapeError, match="expected features"):
        frechet(x, x[:, :3])
