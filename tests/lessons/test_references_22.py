"""The references of lesson 22 against the library, against counting, and against what is known exactly."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

import minigen as mg
from minigen.lessons import all_lessons
from minigen.lessons.pictures import flow_matching
from minigen.models.diffusion.flow_matching import FlowMatching, carried, paired
from minigen.nn import Module

(REF,) = (SimpleNamespace(**lesson.reference) for lesson in all_lessons() if lesson.number == "22")
rng = np.random.default_rng(0)


def test_the_lines_are_those_of_the_librarys_loss():
    class Spy(Module):
        def forward(self, x, t, labels=None):
            self.seen = x.numpy().copy(), t.copy()
            return x

    spy, x_1 = Spy(), rng.standard_normal((6, 2, 2, 1))
    loss = FlowMatching(spy, (2, 2, 1)).loss(mg.tensor(x_1), mg.Generator(3)).total.item()
    x_0 = mg.Generator(3).normal((6, 2, 2, 1), dtype=np.float64)
    x_t, velocity = REF.interpolate(x_0, x_1, spy.seen[1])
    np.testing.assert_allclose(spy.seen[0], x_t)
    assert loss == pytest.approx(((x_t - velocity) ** 2).mean())


def test_the_velocity_of_a_mixture_is_the_mean_of_the_lines_that_pass():
    """Counted, on a line: lines of two clusters, in strips of x_t."""
    centres, sigma, shares, t, n = np.array([[-1.0], [2.0]]), 0.5, np.array([0.3, 0.7]), 0.6, 2_000_000
    x_1 = centres[(rng.random(n) > shares[0]).astype(int), 0] + sigma * rng.standard_normal(n)
    x_0 = rng.standard_normal(n)
    x_t = (1 - t) * x_0 + t * x_1
    for place in (-0.5, 0.3, 1.2):
        strip = np.abs(x_t - place) < 0.01
        counted = (x_1 - x_0)[strip].mean()
        assert REF.mixture_velocity(np.array([[place]]), t, centres, sigma, shares)[0, 0] == pytest.approx(
            counted, abs=0.03
        )


@pytest.mark.parametrize("t", [0.0, 0.4, 0.9, 1.0])
def test_the_lessons_velocity_is_that_of_the_mixture(t):
    x = rng.standard_normal((5, 2))
    eight = np.full(8, 1 / 8)
    ours = REF.mixture_velocity(x, t, flow_matching.CENTRES, flow_matching.WIDTH, eight)
    np.testing.assert_allclose(flow_matching.best_velocity(x, t), ours, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(flow_matching.best_velocity(x, np.full((5, 1), t)), ours, rtol=1e-9, atol=1e-12)


def test_heun_takes_the_librarys_steps():
    x, matrix, drift = rng.standard_normal((4, 3)), rng.standard_normal((3, 3)), rng.standard_normal(3)
    end = carried(lambda x, t: mg.tensor(np.tanh(x.data @ matrix) + t * drift), mg.tensor(x), 10, "heun")
    times = np.sin(np.linspace(0, np.pi / 2, 6))
    np.testing.assert_allclose(REF.heun(x, matrix, drift, times), end.numpy())


def test_the_velocity_of_a_guess_is_the_best_one_where_the_guess_is():
    """One Gaussian: E[x_0 | y] is known, and so is the velocity at the place that y becomes."""
    centre, sigma = np.array([[0.5, -1.0]]), 0.3
    y, angle = rng.standard_normal((6, 2)), rng.uniform(0.2, 1.4, 6)
    a, s = np.sin(angle), np.cos(angle)
    slope = s / (a**2 * sigma**2 + s**2)
    t, x, velocity = REF.velocity_of_guess(y, a, s, slope[:, None] * (y - a[:, None] * centre))
    for i in range(6):
        np.testing.assert_allclose(
            velocity[i : i + 1], REF.mixture_velocity(x[i : i + 1], t[i], centre, sigma, np.ones(1))
        )


@pytest.mark.parametrize("n", [1, 2, 6])
def test_pairs_on_a_line_are_the_best_of_all_orders_and_the_librarys(n):
    x_0, x_1 = rng.standard_normal((2, n))
    order, w2 = REF.pair_on_a_line(x_0, x_1)
    costs = [((x_0[list(o)] - x_1) ** 2).mean() for o in itertools.permutations(range(n))]
    assert w2**2 == pytest.approx(min(costs))
    np.testing.assert_array_equal(order, paired(mg.tensor(x_0[:, None]), mg.tensor(x_1[:, None])))
