"""What lesson 19 says of areas, units and the bridge between the moons, for three seeds."""

import numpy as np
import pytest

import minigen as mg
from minigen import data
from minigen.lessons.pictures import flows

TRAIN, TEST = data.load("moons").x, data.load("moons", "test").x
SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])


def trained(seed, steps):
    flow = flows.new_flow(seed=seed)
    flows.fit(flow, TRAIN, steps, seed=seed)
    return flow


@SEEDS
def test_a_square_of_z_becomes_as_large_as_the_determinant_says(seed):
    flow, h = trained(seed, 20), 1e-3
    corner = mg.Generator(seed).normal((1, 2))
    square = corner + h * np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    with mg.no_grad():
        a, b = flow.bijection.inverse(mg.tensor(square))[0].numpy().astype(np.float64).T
        log_det = flow.bijection.inverse(mg.tensor(corner + h / 2))[1].item()
    area = abs(a @ np.roll(b, -1) - b @ np.roll(a, -1)) / 2
    assert area / h**2 == pytest.approx(np.exp(log_det), rel=0.02)


def test_the_true_density_and_one_gaussian_stand_where_the_lesson_says():
    assert 0.2 < flows.moons_nats(TEST) < 0.35
    assert flows.gaussian_nats(TRAIN, TEST) > flows.moons_nats(TEST) + 1.4
    assert (flows.distance(TEST) > 5 * flows.NOISE).mean() < 0.001
    places = np.array([[0.0, 2.0], [1.0, -1.5], [0.0, 1.0]], np.float32)  # above the first, below the second, on it
    np.testing.assert_allclose(flows.distance(places), [1, 1, 0], atol=0.01)


def test_a_gaussian_costs_what_its_entropy_says():
    x = mg.Generator(0).normal((200_000, 2)) * np.array([1.0, 3.0], np.float32)
    assert flows.gaussian_nats(x, x) == pytest.approx(np.log(2 * np.pi) + 1 + np.log(3), abs=0.01)


@pytest.mark.long
@SEEDS
def test_training_comes_near_and_leaves_a_bridge(seed):
    flow = trained(seed, 400)
    assert flows.nats(flow, TEST) < 0.6 * flows.gaussian_nats(TRAIN, TEST)
    assert flows.nats(flow, TEST) > flows.moons_nats(TEST)
    far = flows.distance(flow.sample(10_000, mg.Generator(5)).numpy()) > 5 * flows.NOISE
    assert 0.001 < far.mean() < 0.2
