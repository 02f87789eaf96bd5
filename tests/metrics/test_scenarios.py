"""Near-collisions: times by hand, intervals beside SciPy and coin tosses, drivers without a net."""

import numpy as np
import pytest
from scipy import stats

from minigen import Generator
from minigen.data.car_following import GAP, LEADER, SPEED, STEP, conditions, followed
from minigen.errors import ArgumentError, ShapeError
from minigen.metrics.scenarios import (
    GaussianDriver,
    accelerations,
    nearest_driver,
    ratio_interval,
    share_interval,
    situation,
    smallest_ttc,
)


def test_times_to_collision_by_hand():
    x = np.zeros((4, 2, 3), np.float32)
    x[:, :, LEADER], x[:, :, SPEED], x[:, :, GAP] = 20, 20, 30
    x[1, 1, SPEED], x[1, 1, GAP] = 25, 10  # 2 s
    x[2, 0, GAP] = -0.1  # they have met
    x[3, :, SPEED] = 15  # it falls behind
    assert smallest_ttc(x).tolist() == [np.inf, 2, 0, np.inf]
    with pytest.raises(ShapeError, match="expected series"):
        smallest_ttc(x[0])


@pytest.mark.parametrize(("k", "n"), [(0, 20), (1, 20), (7, 20), (20, 20), (64, 10_000)])
def test_wilsons_interval_is_scipys(k, n):
    expected = stats.binomtest(k, n).proportion_ci(method="wilson")
    assert share_interval(k, n) == pytest.approx((expected.low, expected.high), abs=1e-7)
    with pytest.raises(ArgumentError, match="k: expected"):
        share_interval(k, k - 1)


def test_the_interval_of_a_ratio_holds_it_as_often_as_it_says():
    rng, n, p, q = np.random.default_rng(0), 2000, 0.02, 0.03
    pairs = rng.binomial(n, [p, q], (2000, 2))
    held = [low <= p / q <= high for _, low, high in (ratio_interval(int(a), n, int(b), n) for a, b in pairs)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)
    assert ratio_interval(0, 100, 5, 100)[0] == pytest.approx(0.1)  # nothing found counts as a half


def linear_drivers(n, rng, steps=6):
    """Accelerations that are a linear function of the situation with a known noise."""
    x = conditions(n, rng, steps)
    x[:, :, LEADER] += rng.host.standard_normal((n, steps + 1)) * 3
    slope = Generator(7).host.standard_normal((steps + 2, steps)) * 0.02
    factor = np.tril(Generator(8).host.standard_normal((steps, steps))) * 0.1 + 0.5 * np.eye(steps)
    a = situation(x) @ slope + rng.host.standard_normal((n, steps)) @ factor.T
    x[:, 1:, SPEED] = x[:, :1, SPEED] + STEP * np.cumsum(a, axis=1)
    return x, slope, factor


def test_the_gaussian_finds_a_gaussian():
    x, slope, factor = linear_drivers(40_000, Generator(0))
    driver = GaussianDriver(x)
    np.testing.assert_allclose(driver.slope, slope, atol=0.01)
    np.testing.assert_allclose(driver.factor @ driver.factor.T, factor @ factor.T, atol=0.02)
    log_p = stats.multivariate_normal(np.zeros(6), driver.factor @ driver.factor.T).logpdf(
        accelerations(x[:9]) - driver.expected(x[:9])
    )
    np.testing.assert_allclose(driver.log_prob(x[:9]), log_p, rtol=1e-6)
    drawn = driver.sample(x[:20_000] + np.array([0, 0, 60], np.float32), Generator(1))  # too fast to be clipped
    rest = accelerations(drawn) - driver.expected(drawn)
    np.testing.assert_allclose(np.cov(rest.T), factor @ factor.T, atol=0.03)


@pytest.mark.parametrize("counts", [(1, 0, 1, 2), (5, 3, 1, 2), (1, 2, -1, 2), (1, 2, 3, 2), (float("nan"), 2, 1, 2)])
def test_no_ratio_of_what_are_no_shares(counts):
    with pytest.raises(ArgumentError, match=r"k: expected 0 \.\.\. n of n >= 1"):
        ratio_interval(*counts)


def test_the_gaussian_of_few_examples_is_finite():
    x = followed(conditions(9, Generator(0), 30), Generator(1))
    driver = GaussianDriver(x)
    assert np.isfinite(driver.log_prob(x)).all()
    assert np.isfinite(driver.sample(x, Generator(0))).all()


def test_the_nearest_driver_of_a_known_situation_is_its_own():
    x = followed(conditions(700, Generator(0), 20), Generator(1))
    np.testing.assert_allclose(nearest_driver(x[::-1], x), x[::-1], atol=1e-4)
    other = x[:50].copy()
    other[..., LEADER] += 0.01
    found = nearest_driver(other, x)
    np.testing.assert_allclose(found[..., SPEED], x[:50, :, SPEED], atol=1e-4)
    assert (found[:, -1, GAP] > x[:50, -1, GAP]).all()  # behind a faster leader
