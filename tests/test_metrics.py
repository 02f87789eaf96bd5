"""Counting modes on samples whose answer is known."""

import numpy as np
import pytest

from minigen.metrics import modes_found

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
