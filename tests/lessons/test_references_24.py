"""The references of lesson 24 against the library, and against integrals and other derivations."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

import minigen as mg
from minigen import nn, ops
from minigen.lessons import all_lessons
from minigen.privacy import clip_factors, divergence, gradients_by_loop

(MEMORY,) = (SimpleNamespace(**lesson.reference) for lesson in all_lessons() if lesson.number == "24")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_area_and_its_error_are_the_librarys(rng):
    members, others = np.round(2 * rng.standard_normal((2, 30)))
    members += 1
    value, error = MEMORY.auc_with_error(members, others[:20])
    found = mg.metrics.auc(members, others[:20])
    assert value == pytest.approx(found.value)
    assert error == pytest.approx((found.high - found.value) / 1.959964, rel=1e-6)


def test_the_error_is_the_scatter_over_samples(rng):
    found = np.array([MEMORY.auc_with_error(1 + rng.standard_normal(30), rng.standard_normal(50)) for _ in range(2000)])
    assert found[:, 0].mean() == pytest.approx(norm.cdf(1 / np.sqrt(2)), abs=0.005)
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(), rel=0.05)


@pytest.mark.parametrize("epsilon", [0.0, 0.7, 3.0])
def test_the_allowed_region_is_reached_by_randomised_response_and_by_nothing_better(epsilon):
    """Says the truth with probability e^eps / (1 + e^eps): both lines meet there, with delta = 0."""
    truth = np.exp(epsilon) / (1 + np.exp(epsilon))
    assert MEMORY.most_found(np.array([1 - truth]), epsilon, 0.0)[0] == pytest.approx(truth)
    f = np.linspace(0, 1, 20_001)
    assert np.trapezoid(MEMORY.most_found(f, epsilon, 0.0), f) == pytest.approx(truth, abs=1e-6)


@pytest.mark.parametrize("noise", [0.5, 1.0, 3.0])
def test_the_best_attack_on_one_sum_stays_inside_and_touches(noise):
    """The threshold test of two Gaussians, with the delta of exercise 24.5."""
    f = np.linspace(1e-6, 1 - 1e-6, 20_001)
    best = norm.cdf(norm.ppf(f) + 1 / noise)
    for epsilon in (0.0, 0.5, 2.0):
        delta = MEMORY.least_delta(np.array([epsilon]), noise)[0]
        gap = MEMORY.most_found(f, epsilon, delta) - best
        assert gap.min() > -1e-9
        assert gap.min() < 1e-4


def test_the_clipped_sum_is_that_of_single_gradients(rng):
    x, wanted = rng.standard_normal((6, 3)), rng.standard_normal((6, 4))
    layer = nn.Dense(3, 4, bias=False, rng=mg.Generator(0))
    layer.w.data = layer.w.data.astype(np.float64)

    def losses(part, target):
        return 0.5 * ops.sum((layer(part) - mg.tensor(target)) ** 2, axis=1)

    (gradients,) = gradients_by_loop(layer, losses, x, wanted)
    norms = np.sqrt((gradients**2).sum(axis=(1, 2)))
    expected = (clip_factors(norms, 2.0)[:, None, None] * gradients).sum(axis=0)
    assert (norms > 2).any()
    np.testing.assert_allclose(MEMORY.clipped_sum(x, x @ layer.w.data - wanted, 2.0), expected, rtol=1e-9)


@pytest.mark.parametrize(("rate", "noise", "order"), [(0.05, 1.0, 2), (0.3, 0.7, 9), (0.01, 2.0, 40)])
def test_the_divergence_is_the_librarys(rate, noise, order):
    assert MEMORY.sampled_divergence(rate, noise, order) == pytest.approx(divergence(rate, noise, order), rel=1e-9)


@pytest.mark.parametrize("noise", [0.4, 1.0, 2.5])
def test_the_least_delta_is_the_integral_of_what_is_above_zero(noise):
    for epsilon in (0.0, 0.5, 2.0):

        def above(z, epsilon=epsilon):
            return max(0.0, norm.pdf(z, 1, noise) - np.exp(epsilon) * norm.pdf(z, 0, noise))

        border = noise**2 * epsilon + 0.5
        expected = quad(above, border, border + 15 * noise + 2, limit=200)[0]
        assert MEMORY.least_delta(np.array([epsilon]), noise)[0] == pytest.approx(expected, rel=1e-6, abs=1e-12)
