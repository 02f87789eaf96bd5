"""Flow matching: the best velocity of Gaussians carries noise to data, pairs are optimal, solvers have their order."""

import itertools

import numpy as np
import pytest

import minigen as mg
from minigen.errors import ArgumentError
from minigen.models.diffusion.flow_matching import FlowMatching, carried, paired

from .gaussian import MEAN, SPREAD, BestVelocity

RNG = np.random.default_rng(7)  # not the stream of Generator(0)


@pytest.mark.parametrize("solver", ["euler", "heun"])
def test_samples_of_the_best_velocity_are_the_data(solver):
    model = FlowMatching(BestVelocity(), (3,), evaluations=100, solver=solver)
    x = model.sample(20_000, mg.Generator(0)).numpy()
    assert x.mean() == pytest.approx(MEAN, abs=0.02)
    assert x.std() == pytest.approx(SPREAD, abs=0.02)


def test_the_best_velocity_has_the_least_loss():
    class Scaled(BestVelocity):
        factor = 1.0

        def forward(self, x, t, labels=None):
            return super().forward(x, t) * self.factor

    x, net = mg.tensor(MEAN + SPREAD * RNG.standard_normal((20_000, 3))), Scaled()
    losses = []
    for net.factor in (0.8, 1.0, 1.2):
        losses.append(FlowMatching(net, (3,)).loss(x, mg.Generator(0)).total.item())
    assert losses[1] < min(losses[0], losses[2])


@pytest.mark.parametrize("n", [1, 2, 5])
def test_pairs_are_the_best_of_all_orders(n):
    a, b = (mg.tensor(RNG.standard_normal((n, 2, 2, 1))) for _ in range(2))

    def cost(order):
        return ((a.numpy()[list(order)] - b.numpy()) ** 2).sum()

    order = paired(a, b)
    assert sorted(order) == list(range(n))
    assert cost(order) == pytest.approx(min(map(cost, itertools.permutations(range(n)))))


def test_optimal_pairs_have_shorter_ways_and_the_same_noise():
    seen = []

    class Spy(BestVelocity):
        def forward(self, x, t, labels=None):
            seen.append((x.numpy().copy(), t.copy()))
            return super().forward(x, t)

    x = mg.tensor(MEAN + SPREAD * RNG.standard_normal((200, 2)))
    losses = [
        FlowMatching(Spy(), (2,), pairing).loss(x, mg.Generator(0)).total.item() for pairing in ("random", "optimal")
    ]
    assert losses[1] < losses[0] / 2
    (_, t), (_, again) = seen
    np.testing.assert_array_equal(t, again)
    assert sorted(np.floor(t * 200)) == list(range(200))


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2)])
def test_the_solvers_have_their_order(solver, order):
    """dx/dt = -x + t from 1: x(1) = 2/e. Twice the steps leave a half of the error of Euler's, a quarter of Heun's."""

    def error(evaluations):
        x = carried(lambda x, t: -x + t, mg.tensor(np.ones((1, 1))), evaluations, solver)
        return abs(x.item() - 2 / np.e)

    assert error(80) / error(160) == pytest.approx(2**order, rel=0.1)


@pytest.mark.parametrize("solver", ["euler", "heun"])
@pytest.mark.parametrize("evaluations", [1, 2, 5, 10])
def test_as_many_evaluations_as_asked_for_from_0_to_1(solver, evaluations):
    times = []

    def wind(x, t):
        times.append(t)
        return x * 0 + 3.0

    x = carried(wind, mg.tensor(np.zeros((2, 2))), evaluations, solver)
    assert len(times) == evaluations
    assert times[0] == 0
    assert 0 <= min(times) <= max(times) <= 1
    np.testing.assert_allclose(x.numpy(), 3)


def test_what_does_not_exist_is_refused():
    with pytest.raises(ArgumentError, match=r"pairing: .*did you mean 'optimal'"):
        FlowMatching(BestVelocity(), (2,), "optima")
    with pytest.raises(ArgumentError, match=r"solver: .*did you mean 'heun'"):
        FlowMatching(BestVelocity(), (2,), solver="huen")
    with pytest.raises(ArgumentError, match=r"solver: .*did you mean 'heun'"):
        FlowMatching(BestVelocity(), (2,)).sample(2, solver="huen")
