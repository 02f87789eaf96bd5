"""How a clip goes on without learning: by hand, on motions that are known."""

import numpy as np
import pytest

from minigen import Generator
from minigen.data.moving import Scene, moving
from minigen.errors import ArgumentError, ShapeError
from minigen.metrics.motion import last_frame, last_motion, mean_frame, shifted

RNG = np.random.default_rng(0)


def test_shifted_by_loops():
    x = RNG.random((2, 5, 6, 1)).astype(np.float32)
    for dy in (-6, -2, 0, 3):
        for dx in (-1, 0, 2, 6):
            expected = np.zeros_like(x)
            for r in range(5):
                for c in range(6):
                    if 0 <= r - dy < 5 and 0 <= c - dx < 6:
                        expected[:, r, c] = x[:, r - dy, c - dx]
            assert np.array_equal(shifted(x, (dy, dx)), expected)


def test_the_last_motion_is_the_truth_until_something_bounces():
    image = (255 * RNG.random((1, 3, 3))).astype(np.uint8)
    x = moving(image, Scene(40, 1, 2, {}), 60, Generator(0), 9).astype(np.float32) / 255
    guess = last_motion(x[:, :5], 4)
    right = (guess == x[:, 5:]).all(axis=(1, 2, 3, 4))
    assert 0.6 < right.mean() < 1


def test_a_still_clip_stays():
    x = np.repeat(RNG.random((3, 1, 4, 4, 1)), 3, axis=1)
    assert np.array_equal(last_motion(x, 2), last_frame(x, 2))
    assert np.array_equal(last_motion(0 * x, 2), 0 * x[:, :2])


def test_the_mean_frame_is_of_the_training_clips():
    x, train = RNG.random((3, 2, 4, 4, 1)), RNG.random((5, 7, 4, 4, 1))
    found = mean_frame(x, 6, train)
    assert found.shape == (3, 6, 4, 4, 1)
    np.testing.assert_allclose(found[2, 5], train.reshape(35, 4, 4, 1).mean(axis=0))


def test_refusals():
    with pytest.raises(ArgumentError, match="at least two frames"):
        last_motion(np.zeros((1, 1, 4, 4, 1)), 2)
    with pytest.raises(ShapeError, match="expected clips"):
        last_frame(np.zeros((1, 4, 4, 1)), 2)
