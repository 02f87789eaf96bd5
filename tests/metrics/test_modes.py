"""Counting modes on samples whose answer is known."""

import numpy as np
import pytest

from minigen.errors import ShapeError
from minigen.metrics import kl_to_uniform, modes_found, nearest_centre

CENTRES = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])


def test_all_modes_of_a_mixture():
    rng = np.random.default_rng(0)
    samples = CENTRES[rng.integers(3, size=3000)] + 0.1 * rng.standard_normal((3000, 2))
    found, share = modes_found(samples, CENTRES, 0.1)
    assert found == 3
    assert share == pytest.approx(1 - np.exp(-9 / 2), abs=0.01)  # P(|N(0, I_2)| < 3)


def test_one_mode():
    assert modes_found(np.full((10, 2), 0.05), CENTRES, 0.1) == (1, 1.0)


def test_points_between_the_modes_belong_to_none():
    assert modes_found(np.full((10, 2), 2.0), CENTRES, 0.1) == (0, 0.0)


def test_kl_to_uniform():
    assert kl_to_uniform(np.arange(25), 25) == pytest.approx(0)
    assert kl_to_uniform(np.zeros(10, int), 25) == pytest.approx(np.log(25))
    assert kl_to_uniform(np.array([0, 0, 0, 1]), 2) == pytest.approx(0.75 * np.log(1.5) + 0.25 * np.log(0.5))


def test_the_floor_of_the_kl_with_26_000_samples_and_1000_modes():
    modes = np.random.default_rng(0).integers(1000, size=26_000)
    assert kl_to_uniform(modes, 1000) == pytest.approx(0.019, abs=0.002)


def test_nearest_centre():
    assert nearest_centre(np.array([[3.0, 0.2], [0.1, 0.0], [0.0, 9.0]]), CENTRES).tolist() == [1, 0, 2]


def test_modes_outside_the_range_are_refused():
    with pytest.raises(ShapeError, match=r"modes: expected integers \(N,\) in 0 ... 2"):
        kl_to_uniform(np.array([0, 3]), 3)
