"""What lesson 22 says of steps, pairs and the game beside them, for three seeds each."""

import itertools

import numpy as np
import pytest

from minigen.lessons.pictures import flow_matching, gan_ring
from minigen.metrics.transport import wasserstein_2

SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])
KNOWN = flow_matching.known_flow()
Z = flow_matching.even_noise(400).astype(np.float32)


def test_the_known_velocity_makes_the_ring_and_hardly_anything_between_its_clusters():
    x = flow_matching.carry(KNOWN, flow_matching.even_noise(2000), 50)
    assert flow_matching.quality(x[::5]).good > 0.97
    far = np.linalg.norm(x[:, None] - gan_ring.RING, axis=2).min(axis=1) > 5 * gan_ring.SIGMA
    assert far.mean() < 0.005


def test_one_step_of_the_known_velocity_ends_in_the_middle():
    np.testing.assert_allclose(flow_matching.carry(KNOWN, Z, 1), 0, atol=1e-5)


def test_errors_fall_as_the_orders_say_and_heun_gains_little_with_few_evaluations():
    z = flow_matching.even_noise(100)
    exact = flow_matching.carry(KNOWN, z, 2000, "heun")

    def error(n, solver):
        return np.linalg.norm(flow_matching.carry(KNOWN, z, n, solver) - exact, axis=1).mean()

    assert error(160, "euler") / error(320, "euler") == pytest.approx(2, rel=0.05)
    assert error(160, "heun") / error(320, "heun") == pytest.approx(4, rel=0.15)
    assert error(10, "euler") < 2 * error(10, "heun")
    assert error(40, "euler") > 3 * error(40, "heun")


@SEEDS
def test_lines_of_optimal_pairs_are_shorter_the_larger_the_batch(seed):
    rng, means = np.random.default_rng(seed), []
    for size in (1, 16, 64, 256):
        x_0 = rng.standard_normal((512 // size, size, 2))
        x_1 = gan_ring.RING[rng.integers(8, size=(512 // size, size))] / flow_matching.SCALE
        means.append(np.mean([wasserstein_2(a, b) ** 2 for a, b in zip(x_0, x_1, strict=True)]))
    assert means == sorted(means, reverse=True)
    assert means[0] - means[2] > 0.9 * (means[0] - means[3])


@SEEDS
def test_even_points_are_those_of_the_distributions(seed):
    z = flow_matching.even_noise(400, shift=seed / 3)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=0.03)
    np.testing.assert_allclose(np.cov(z.T), np.eye(2), atol=0.03)
    drawn = np.random.default_rng(seed).standard_normal((400, 2))
    assert wasserstein_2(z, flow_matching.even_noise(400, 0.5)) < wasserstein_2(z, drawn)
    assert flow_matching.quality(flow_matching.even_ring(400)).found == 8


@pytest.mark.slow
@SEEDS
def test_optimal_pairs_are_better_with_few_evaluations_and_both_are_better_than_the_games(seed):
    """With half of the lesson's steps and turns."""
    found = {}
    for pairing, steps in (("random", 1500), ("optimal", 750)):
        model = flow_matching.new_flow(pairing, seed)
        course = flow_matching.fit(model, steps, seed=seed)
        found[pairing] = {n: flow_matching.quality(flow_matching.carry(model, Z, n)) for n in (1, 5, 50)}
        found[pairing]["detour"], found[pairing]["loss"] = flow_matching.detour(model), np.mean(course.losses[-100:])
    random, optimal = found["random"], found["optimal"]
    assert random[1].w2 > 0.7
    assert optimal[1].w2 < 0.3
    assert optimal[5].w2 < 0.9 * random[5].w2
    assert max(optimal[50].w2, random[50].w2) < 0.12  # which is ahead depends on the seed
    assert optimal["loss"] < 0.1 < 1 < random["loss"]
    assert optimal["detour"] < 1.05 < random["detour"]
    games = []
    for rate in (2e-4, 1e-3):
        game = gan_ring.new_game(seed)
        flow_matching.play(game, 500, (5e-3, rate), seed)
        games.append(flow_matching.quality(flow_matching.paint(game, Z)))
    for flow, game in itertools.product((random, optimal), games):
        assert flow[5].w2 < game.w2
        assert flow[5].found == 8
    assert games[1].found < 8 == games[0].found
    assert optimal[1].w2 < games[0].w2
    assert optimal[1].good < games[0].good


def test_a_way_begins_at_the_noise_and_has_a_place_for_each_step():
    for solver, steps in (("euler", 6), ("heun", 3)):
        way = flow_matching.path(KNOWN, Z[:5], 6, solver)
        assert len(way) == steps + 1
        np.testing.assert_array_equal(way[0], Z[:5])
        np.testing.assert_allclose(
            way[-1] * flow_matching.SCALE, flow_matching.carry(KNOWN, Z[:5], 6, solver), rtol=1e-5
        )
