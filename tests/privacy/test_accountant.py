"""The accountant: against integrals, published numbers, and what is known exactly."""

import doctest
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from minigen.errors import ArgumentError
from minigen.privacy import accountant, divergence, epsilon_of, noise_for, spent


def log_a_by_integration(q, sigma, alpha):
    """log E_{z~p_0}[(1 - q + q r(z))^alpha], as an integral over z, its largest value taken out."""

    def log_integrand(z):
        return norm.logpdf(z, 0, sigma) + alpha * np.logaddexp(
            math.log1p(-q), math.log(q) + (2 * z - 1) / (2 * sigma**2)
        )

    grid = np.linspace(-12 * sigma, alpha + 12 * sigma, 20001)
    most = log_integrand(grid).max()
    middle = grid[log_integrand(grid).argmax()]
    value, _ = quad(
        lambda z: math.exp(log_integrand(z) - most),
        grid[0],
        grid[-1],
        points=sorted({0.0, middle, 0.5 + sigma**2 * math.log(1 / q - 1)} & {*grid} | {middle}),
        limit=500,
        epsabs=0,
        epsrel=1e-11,
    )
    return most + math.log(value)


@pytest.mark.parametrize("q", [0.001, 0.01, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("sigma", [0.7, 1.3, 4.0])
@pytest.mark.parametrize("order", [1.1, 1.5, 2, 3.7, 17, 32.5])
def test_the_divergence_is_the_integral(q, sigma, order):
    expected = log_a_by_integration(q, sigma, order) / (order - 1)
    assert divergence(q, sigma, order) == pytest.approx(expected, rel=1e-6, abs=1e-8)


@settings(max_examples=50)
@given(st.floats(1e-4, 0.95), st.floats(0.5, 20), st.integers(2, 40))
def test_whole_orders_lie_between_their_neighbours(q, sigma, order):
    """Divergences grow with the order, and both formulas give one curve."""
    low, whole, high = (divergence(q, sigma, order + shift) for shift in (-1e-7, 0, 1e-7))
    slack = 1e-6 * whole + 1e-12
    assert low <= whole + slack
    assert whole <= high + slack
    assert high - low <= 1e-4 * whole + 1e-11


def test_what_opacus_publishes():
    """accountants_test.py: sigma 1.5, rate .04, 90 epochs; and the example in analysis/rdp.py."""
    assert spent(0.04, 1.5, 2250, 1e-5).epsilon == pytest.approx(7.32911117143, abs=1e-7)
    whole = range(2, 33)
    both = [10 * divergence(1e-5, 1.0, a) + 4 * divergence(1e-4, 3.0, a) for a in whole]
    best = min((epsilon_of(renyi, a, 1e-5), a) for renyi, a in zip(both, whole, strict=True))
    assert (round(best[0], 3), best[1]) == (0.336, 23)


def epsilon_of_2017(rate, noise, steps, delta=1e-5):
    """With the conversion of Mironov 2017, proposition 3, from which the numbers published until 2020 are."""
    every = [(steps * divergence(rate, noise, a) + math.log(1 / delta) / (a - 1), a) for a in accountant.ORDERS]
    return min(every)


@pytest.mark.parametrize(
    ("noise", "epochs", "published", "order"),
    [(1.3, 1, 0.71, 18), (1.3, 15, 1.18, 17)],
)
def test_the_log_of_opacus_example(noise, epochs, published, order):
    """examples/mnist_README.md, as printed after the epochs 1 and 15: 240 batches each."""
    epsilon, best = epsilon_of_2017(1 / 240 if epochs == 15 else 0.004, noise, 240 * epochs)
    assert (round(epsilon, 2), best) == (published, order)


@pytest.mark.parametrize(
    ("noise", "epochs", "published", "apart"),
    [
        *((1.12, 1, 1.00, 0.005), (1.12, 2, 1.04, 0.005), (1.12, 60, 2.92, 0.005)),
        *((1.2, 10, 1.20, 0.005), (0.6, 30, 9.74, 0.02)),
    ],
)
def test_the_table_of_tf_privacy(noise, epochs, published, apart):
    """tutorials/README.md: batches of 256. (The last one's best order, 2.9, depends on which orders are tried.)"""
    epsilon, _ = epsilon_of_2017(256 / 60000, noise, 60000 * epochs // 256)
    assert epsilon == pytest.approx(published, abs=apart)
    assert spent(256 / 60000, noise, 60000 * epochs // 256).epsilon < epsilon  # theorem 21 is tighter


def test_what_google_publishes():
    """dp_accounting, rdp_privacy_accountant_test.py: divergences, and two conversions.

    Their divergence of order 1.5, 6.7058e-4, is left out: the integral gives 6.5007e-4, as we do.
    """
    orders = [2.5, 5, 50, 100]
    ours = [50 * divergence(0.01, 2.5, a) for a in orders]
    np.testing.assert_allclose(ours, [1.08548710e-03, 2.18075656e-03, 2.38460375e-02, 1.67416308e02], rtol=1e-4)
    assert 50 * 2 * log_a_by_integration(0.01, 2.5, 1.5) == pytest.approx(6.5007e-4, rel=1e-4)
    assert min(epsilon_of(1.1, a, 1e-5) for a in range(2, 33)) == pytest.approx(1.32783806176)
    fine = [1 + k / 100 for k in range(1, 6000)]
    assert spent(1, 4.530877117, 1, 1e-6, fine).epsilon == pytest.approx(1, abs=1e-5)


def test_exact_cases():
    assert divergence(1, 2.0, 3.5) == 3.5 / 8  # of two Gaussians at a distance of 1
    assert divergence(0, 2.0, 3.5) == 0
    assert divergence(0.5, 0, 2) == math.inf
    q, sigma = 0.3, 0.8
    assert divergence(q, sigma, 2) == pytest.approx(math.log1p(q * q * math.expm1(1 / sigma**2)))
    assert spent(0.01, 1.0, 0).epsilon == 0
    assert spent(0.01, 0, 1).epsilon == math.inf
    assert epsilon_of(0.0, 2, 0.9) == 0  # never below


EXTREME = st.sampled_from([5e-324, 1e-310, 1e-200, 1e-170, 1e-100, 1e-8, 0.3, 0.5, 1 - 1e-16, 1.0])
NOISES = st.one_of(EXTREME, st.sampled_from([1e8, 1e100, 1e170, 1e200, 1.7e308]), st.floats(0, 1e3))


@pytest.mark.filterwarnings("error")
@settings(max_examples=200)
@given(EXTREME, NOISES, st.sampled_from([1 + 1e-12, 1.5, 2, 2.5, 17, 512, 1e5]))
def test_a_guarantee_fails_upwards(rate, noise, order):
    """Whatever overflows, nothing is promised that does not hold: without noise next to nothing is private."""
    found = divergence(rate, noise, order)
    assert found >= 0
    if noise < 1e-100 and rate >= 0.3:
        assert found > 1e100
    assert epsilon_of(found, order, 1e-5) >= 0
    assert epsilon_of(math.nan, order, 1e-5) == math.inf


@settings(max_examples=20)
@given(st.floats(1e-3, 0.5), st.floats(0.6, 5), st.integers(1, 2000), st.floats(1e-8, 1e-2))
def test_monotone(rate, noise, steps, delta):
    few = (2, 5, 11, 23, 40)
    here = spent(rate, noise, steps, delta, few).epsilon
    assert spent(rate, noise, steps + 10, delta, few).epsilon >= here
    assert spent(min(1, 1.1 * rate), noise, steps, delta, few).epsilon >= here - 1e-12
    assert spent(rate, 1.1 * noise, steps, delta, few).epsilon <= here + 1e-12
    assert spent(rate, noise, steps, delta / 2, few).epsilon >= here


def test_the_bound_of_one_gaussian_is_above_the_exact_one():
    """Balle & Wang 2018, theorem 8: the exact delta of one step on all examples."""
    for sigma in (1.0, 3.0):
        epsilon = spent(1, sigma, 1, 1e-5).epsilon
        exact = norm.cdf(0.5 / sigma - epsilon * sigma) - math.exp(epsilon) * norm.cdf(-0.5 / sigma - epsilon * sigma)
        assert 1e-7 < exact < 1e-5


def test_the_noise_for_an_epsilon():
    noise = noise_for(2.0, 0.01, 500)
    assert spent(0.01, noise, 500).epsilon <= 2.0 < spent(0.01, 0.9998 * noise, 500).epsilon


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: divergence(1.5, 1, 2), "rate: expected a number from 0 to 1, got 1.5"),
        (lambda: divergence(math.nan, 1, 2), "rate"),
        (lambda: divergence("a", 1, 2), "rate: expected a number from 0 to 1, got 'a'"),
        (lambda: divergence(0.1, -1, 2), "noise: expected a finite number >= 0, got -1"),
        (lambda: divergence(0.1, math.inf, 2), "noise: expected a finite number >= 0, got inf"),
        (lambda: divergence(0.1, math.nan, 2), "noise: expected a finite number >= 0, got nan"),
        (lambda: divergence(0.1, 1, 1), "order: expected a number with 1 < order <= 100000, got 1"),
        (lambda: divergence(0.1, 1, 1e9), "order: .* got 1000000000.0"),  # it would fill the memory
        (lambda: divergence(0.1, 1, math.nan), "order: .* got nan"),
        (lambda: epsilon_of(1, 1, 1e-5), "order: .* got 1"),
        (lambda: epsilon_of(1, 2, 1), "delta: expected a number with 0 < delta < 1, got 1"),
        (lambda: spent(0.1, 1, 0, delta=2), "delta: .* got 2"),
        (lambda: spent(0.1, 1, 1, orders=()), "orders: expected one or more, got none"),
        (lambda: spent(0.1, 1, -1), "steps: expected an integer >= 0"),
        (lambda: spent(0.1, 1, 1, delta=0), "delta: expected a number with 0 < delta < 1, got 0"),
        (lambda: noise_for(0, 0.1, 1), "epsilon: expected a finite number > 0"),
        (lambda: noise_for(1e-9, 0.1, 1000, 1e-12), "epsilon: 1e-09 cannot be kept for 1000 steps"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ArgumentError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


def test_the_numbers_on_the_page():
    """docs/privacy.md shows a session: it is run."""
    page = Path(__file__).parents[2] / "docs" / "privacy.md"
    text = re.sub(r"^```.*$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)  # a fence is no output
    example = doctest.DocTestParser().get_doctest(text, {}, "privacy.md", str(page), 0)
    assert len(example.examples) >= 4
    ran = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example)
    assert ran.failed == 0
