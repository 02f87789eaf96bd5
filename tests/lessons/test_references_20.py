"""The references of lesson 20 against the library, and against what is known exactly."""

from types import SimpleNamespace

import numpy as np
import pytest

import minigen as mg
from minigen.distributions import Categorical
from minigen.lessons import all_lessons
from minigen.models import MADE

(YARDSTICK,) = (SimpleNamespace(**lesson.reference) for lesson in all_lessons() if lesson.number == "20")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_masks_are_the_librarys():
    model = MADE((3, 4, 1), 2, [30])
    inside, last = model.hidden[0].mask.numpy(), model.last.mask.numpy()
    places = np.arange(1, 13)
    found = YARDSTICK.made_masks(places, inside.sum(axis=0).astype(int), places)
    assert (found[0] == inside).all()
    assert (found[1] == last).all()


def test_the_log_probability_is_the_librarys(rng):
    logits, levels = 3 * rng.standard_normal((4, 5, 6)), rng.integers(6, size=(4, 5))
    wanted = Categorical(mg.tensor(logits)).log_prob(levels).numpy().sum(axis=1)
    np.testing.assert_allclose(YARDSTICK.log_probability(logits, levels), wanted, rtol=1e-12)


def test_the_bound_is_exact_for_a_density_that_is_flat_over_each_cell(rng):
    """Two pixels of three levels: the density of v = (k + u) / 3 is the probability of the cell times 9."""
    p = rng.dirichlet(np.ones(9))
    log_density = np.repeat(np.log(9 * p)[:, None], 7, axis=1)
    found = YARDSTICK.dequantised_bound(log_density, np.zeros((9, 7)), 2, 3)
    np.testing.assert_allclose(found, np.log(p), rtol=1e-12)


def test_and_below_the_mass_of_the_cell_for_any_other(rng):
    """A density of one pixel that falls within its cell, and noise whose density is known."""
    u = rng.random((1, 200_000)) ** 0.5  # q(u) = 2 u
    log_q, log_density = np.log(2 * u), np.log(4 * 3 * u**3)  # of v in (0, 1/4): the mass is 3/4
    found = YARDSTICK.dequantised_bound(log_density, log_q, 1, 4)[0]
    assert found == pytest.approx((log_density - log_q).mean() - np.log(4), abs=1e-9)
    assert found < np.log(3 / 4)


def test_the_error_of_a_difference_is_the_scatter_of_its_mean(rng):
    found = []
    for _ in range(2000):
        common = 50 * rng.standard_normal(40)
        found.append(YARDSTICK.paired_difference(common + 1 + rng.standard_normal(40), common))
    means, errors = np.array(found).T
    assert means.mean() == pytest.approx(1, abs=0.02)
    assert errors.mean() == pytest.approx(means.std(), rel=0.05)


def test_the_closed_form_is_the_mean_over_noise(rng):
    levels, mean, deviation = rng.integers(17, size=(3, 4)), rng.uniform(0, 17, 4), rng.uniform(0.5, 3, 4)
    u = (np.arange(20_000) + 0.5) / 20_000
    z = (levels[:, :, None] + u - mean[:, None]) / deviation[:, None]
    log_p = -0.5 * z**2 - np.log(deviation[:, None] * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(
        YARDSTICK.uniform_bound(levels, mean, deviation), log_p.mean(axis=2).sum(axis=1), rtol=1e-7
    )
