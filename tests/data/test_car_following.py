"""The car-following simulator: its equation by hand, its kinematics, and what drivers do."""

from types import SimpleNamespace

import numpy as np
import pytest

from minigen import Generator, data
from minigen.data.car_following import (
    GAP,
    HARDEST,
    LEADER,
    SPEED,
    STANDING,
    STEP,
    conditions,
    followed,
    idm,
    next_gap,
    with_speeds,
)


@pytest.fixture(scope="module")
def test_part():
    return data.load("car-following", "test")


def alone(n, steps=400, speed=20.0, gap=1e6):
    """A leader that always goes at one speed, far ahead."""
    given = np.zeros((n, steps + 1, 3), np.float32)
    given[..., LEADER] = speed
    given[:, 0, SPEED], given[:, 0, GAP] = speed, gap
    return given


def test_the_idm_by_hand():
    s, v, leader, v0, headway, a, b = 20.0, 25.0, 22.0, 33.0, 1.6, 0.73, 1.67
    desired = STANDING + 25 * 1.6 + 25 * 3 / (2 * (0.73 * 1.67) ** 0.5)
    expected = 0.73 * (1 - (25 / 33) ** 4 - (desired / 20) ** 2)
    found = idm(*(np.array([value]) for value in (s, v, leader, v0, headway, a, b)))
    assert found == pytest.approx([expected])


def test_at_the_gap_of_equilibrium_nobody_accelerates():
    """s_e(v) = (s0 + v T) / sqrt(1 - (v / v0)^4), for dv = 0."""
    v, v0, headway = np.linspace(5, 30, 6), np.full(6, 33.0), np.full(6, 1.2)
    s = (STANDING + v * headway) / np.sqrt(1 - (v / v0) ** 4)
    assert idm(s, v, v, v0, headway, np.full(6, 1.0), np.full(6, 2.0)) == pytest.approx(np.zeros(6), abs=1e-12)


def test_on_a_free_road_drivers_come_to_their_own_speed():
    """Which is 1.05 to 1.3 times that of the beginning; noise moves it a little."""
    x = followed(alone(200), Generator(0))
    ratio = x[:, -100:, SPEED].mean(axis=1) / 20
    assert ratio.min() > 1.0
    assert ratio.max() < 1.35
    assert ratio.std() > 0.05


def test_the_series_follow_from_the_speeds(test_part):
    x = test_part.x[:500]
    for t in range(60):
        expected = next_gap(x[:, t, GAP], x[:, t : t + 2, LEADER], x[:, t : t + 2, SPEED])
        np.testing.assert_allclose(x[:, t + 1, GAP], expected, atol=1e-4)
    np.testing.assert_allclose(with_speeds(x, x[..., SPEED]), x, atol=1e-4)


def test_what_the_data_are(test_part):
    x = test_part.x
    assert (x.shape, x.dtype, test_part.kind) == ((10_000, 61, 3), np.float32, "series")
    assert np.array_equal(x, data.load("car-following", "test").x)
    assert not np.array_equal(x[:100], data.load("car-following").x[:100])
    acceleration = np.diff(x[..., SPEED], axis=1) / STEP
    assert -HARDEST - 2 < acceleration.min() < -HARDEST  # noise on the hardest braking
    assert x[..., SPEED].min() > 0  # nobody stands: a density of accelerations needs no point masses
    assert x[..., LEADER].min() >= 18
    assert 0 < (x[..., GAP] <= 0).any(axis=1).mean() < 0.005  # collisions are rare, and there are some


def test_a_leader_brakes_once_and_a_driver_begins_as_fast_as_it():
    given = conditions(300, Generator(3))
    change = np.sign(np.round(np.diff(given[..., LEADER], axis=1), 3))
    for row in change:
        told = row[row != 0]
        assert (np.diff(told) >= 0).all()  # down first, then up
    assert np.array_equal(given[:, 0, LEADER], given[:, 0, SPEED])
    assert not given[:, 1:, 1:].any()


def test_who_sees_later_comes_nearer():
    """The reaction time is what makes it dangerous: with all else the same, it moves the smallest gap."""
    given = conditions(4000, Generator(0))
    given = given[np.diff(given[..., LEADER], axis=1).min(axis=1) < -1]  # more than 4 m/s^2
    found = []
    for late in (1, 7):
        host = Generator(1).host
        drawn = SimpleNamespace(uniform=host.uniform, standard_normal=host.standard_normal)
        drawn.integers = lambda low, high, n, late=late: np.full(n, late)
        found.append(followed(given, SimpleNamespace(host=drawn))[..., GAP].min(axis=1))
    assert np.mean(found[1] < found[0]) > 0.8
    assert (found[0] <= 0).mean() == 0
    assert (found[1] <= 0).mean() > 0.01
