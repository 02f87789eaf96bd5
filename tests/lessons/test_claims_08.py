"""What lesson 8 concludes from its toys, with three seeds."""

import numpy as np
import pytest

from minigen.lessons import find_lesson
from minigen.models.vaes.iwae import log_mean_exp

each_seed = pytest.mark.parametrize("seed", range(3))
SEEN, NOISE = 1.5, 0.3
LINE = np.linspace(-8, 8, 20001)


def log_joint(z):
    """Of z ~ N(0, 1) and x = |z| + noise."""
    return -0.5 * z * z - 0.5 * ((SEEN - abs(z)) / NOISE) ** 2 - np.log(2 * np.pi * NOISE)


def bound(mean, deviation, e):
    """L_K for codes mean + deviation e, e (groups, K)."""
    log_w = log_joint(mean + deviation * e) + 0.5 * (np.log(2 * np.pi * deviation**2) + e * e)
    return log_mean_exp(log_w).mean()


@each_seed
def test_the_better_elbo_is_not_the_better_estimate(seed):
    e = np.random.default_rng(seed).standard_normal((2000, 500))
    log_p = np.log(np.exp(log_joint(LINE)).sum() * (LINE[1] - LINE[0]))
    one, both = (1.4, 0.3), (0.0, 1.5)
    assert bound(*one, e[:, :1]) > bound(*both, e[:, :1]) + 2
    assert bound(*one, e) == pytest.approx(log_p - np.log(2), abs=0.01)
    assert bound(*both, e) == pytest.approx(log_p, abs=0.02)


@each_seed
def test_the_best_q_covers_both_humps_for_five_codes_and_not_for_one(seed):
    e = np.random.default_rng(seed).standard_normal(20_000)
    grid = [(mean, deviation) for mean in np.arange(0, 1.7, 0.2) for deviation in np.arange(0.2, 2.0, 0.2)]
    best = {k: max(grid, key=lambda q: bound(*q, e.reshape(-1, k))) for k in (1, 5, 50)}
    assert best[1][0] == pytest.approx(1.4)
    assert best[1][1] < 0.5
    for k in (5, 50):
        assert best[k][0] < 0.5
        assert best[k][1] > 0.9


@each_seed
def test_a_wrong_width_costs_much_more_in_ten_latents(seed):
    e, share = (
        np.random.default_rng(seed).standard_normal((100_000, 10)),
        find_lesson("08").reference["effective_share"],
    )
    for factor, low, high in ((1.5, 0.15, 0.17), (2.0, 0.01, 0.02)):
        each = np.log(factor) + 0.5 * e**2 * (1 - factor**2)
        w = np.exp(each.sum(axis=1))
        counted = w.sum() ** 2 / (w**2).sum() / len(w)
        q = np.full((1, 10), 2 * np.log(factor))
        assert low < counted < high
        assert share(0 * q, q, 0 * q, 0 * q) == pytest.approx(counted, rel=0.2)
    narrow = np.full((1, 1), 2 * np.log(0.6))
    assert share(0 * narrow, narrow, 0 * narrow, 0 * narrow) == 0
