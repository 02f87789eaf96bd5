"""Time as sines and cosines, and the class beside it."""

import math

import numpy as np

import minigen as mg
from minigen.backend import to_device
from minigen.models.diffusion.time_features import Condition, time_features


def test_the_features_are_sines_and_cosines():
    found = time_features(np.array([0.0, 0.25, 1.0]), 6)
    assert found.dtype == np.float32
    for row, t in zip(found, (0.0, 250.0, 1000.0), strict=True):
        frequencies = [1, 10_000 ** (-1 / 3), 10_000 ** (-2 / 3)]
        expected = [math.sin(w * t) for w in frequencies] + [math.cos(w * t) for w in frequencies]
        np.testing.assert_allclose(row, expected, atol=1e-6)


def test_times_that_are_near_can_be_told_apart_and_lie_near():
    a, b, far = time_features(np.array([0.5, 0.501, 0.9]), 64)
    assert 0.1 < np.linalg.norm(a - b) < np.linalg.norm(a - far)


def test_the_condition_depends_on_time_and_class(device):
    condition = Condition(8, 16, 3, mg.Generator(0)).to(device)
    t = np.array([0.1, 0.1, 0.1, 0.7])
    labels = to_device(np.array([0, 0, 3, 0]), device)
    out = condition(t, labels).numpy()
    np.testing.assert_array_equal(out[0], out[1])
    assert np.abs(out[0] - out[2]).max() > 1e-3
    assert np.abs(out[0] - out[3]).max() > 1e-3


def test_without_classes_there_is_no_table_of_them():
    condition = Condition(8, 16, 0, mg.Generator(0))
    assert condition.of_class is None
    assert condition(np.array([0.3])).shape == (1, 8)
