"""The references of lesson 26 against the library, and against what is known by other ways."""

from types import SimpleNamespace

import numpy as np
import pytest

from minigen.lessons import all_lessons
from minigen.metrics import recommendation, scenarios

(BEYOND,) = (SimpleNamespace(**lesson.reference) for lesson in all_lessons() if lesson.number == "26")
rng = np.random.default_rng(0)


@pytest.mark.parametrize("at", [1, 4, 60])
def test_ndcg_is_the_librarys(at):
    scores = rng.standard_normal(40)
    kinds = rng.permutation(np.repeat([0, 1, 2], [22, 12, 6]))
    theirs = recommendation.ndcg(scores[None], kinds[None] == 1, kinds[None] == 2, at)[0]
    assert BEYOND.ndcg(scores, kinds == 1, kinds == 2, at) == pytest.approx(theirs, abs=1e-12)


def test_ease_is_the_librarys_and_the_minimum():
    x = (rng.random((30, 6)) < 0.4).astype(float)
    b = BEYOND.ease(x, 3.0)
    np.testing.assert_allclose(x[:4] @ b, recommendation.ease(x, x[:4], 3.0), atol=1e-12)
    for j in range(6):  # each column is a ridge regression of its item on all others
        others = np.arange(6) != j
        a = x[:, others]
        np.testing.assert_allclose(b[others, j], np.linalg.solve(a.T @ a + 3 * np.eye(5), a.T @ x[:, j]), atol=1e-12)


def test_the_smallest_ttc_is_the_librarys():
    leader, speed, gap = rng.uniform(18, 30, (8, 9)), rng.uniform(18, 30, (8, 9)), rng.uniform(-1, 20, (8, 9))
    theirs = np.minimum(scenarios.smallest_ttc(np.stack([leader, gap, speed], axis=2)), 30)
    np.testing.assert_allclose(BEYOND.smallest_ttc(gap, speed, leader, 30.0), theirs)


@pytest.mark.parametrize(("k", "n"), [(0, 7), (3, 50), (50, 50), (12, 10_000)])
def test_the_interval_is_the_librarys_and_ends_where_a_share_becomes_a_surprise(k, n):
    found = BEYOND.share_interval(k, n, scenarios.Z)
    np.testing.assert_allclose(found, scenarios.share_interval(k, n), atol=1e-12)
    for p in found:
        assert abs(k / n - p) == pytest.approx(scenarios.Z * np.sqrt(max(0, p * (1 - p)) / n), abs=1e-9)


def test_the_limit_of_many_guesses_is_right_on_average():
    truth, mean = rng.standard_normal((2, 5, 20))
    found = np.array([BEYOND.errors_of_guesses(truth, mean + rng.standard_normal((3, 5, 20))) for _ in range(2000)])
    bias = np.square(mean - truth).mean()
    np.testing.assert_allclose(found.mean(axis=0), [bias + 1, bias + 1 / 3, bias], atol=0.02)


@pytest.mark.parametrize("drift", [-0.1, 0.0, 0.2])
def test_the_crash_is_as_likely_as_it_is_counted(drift):
    paths = 4 + np.cumsum(drift + rng.standard_normal((400_000, 6)), axis=1)
    p = (paths.min(axis=1) <= 0).mean()
    error = np.sqrt(p / len(paths))
    assert BEYOND.crash_probability(4.0, drift, 1.0, 6, 0) == pytest.approx(p, abs=4 * error + 0.03 * p)


def test_the_crash_of_one_step_is_a_gaussian_tail():
    from math import erfc

    assert BEYOND.crash_probability(5.0, 0.0, 1.0, 1, 0) == pytest.approx(0.5 * erfc(5 / 2**0.5), rel=0.05)
