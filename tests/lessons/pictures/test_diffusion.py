"""The best network of lesson 21, and ways out of the noise."""

import numpy as np
import pytest

import minigen as mg
from minigen.lessons.pictures import diffusion, yardstick
from minigen.models.diffusion.ddpm import Diffusion
from minigen.models.diffusion.networks import Dense2
from minigen.models.diffusion.noise import Noise


@pytest.mark.parametrize("t", [100, 500, 900])
def test_the_best_network_says_what_many_originals_say(t):
    model = diffusion.best(np.array([[0.0], [1.0]]), 0.3)
    a, s, x_t = model.noise.signal[t], model.noise.deviation[t], 0.4
    x = np.linspace(-4, 5, 20_001)
    prior = np.exp(-0.5 * (x / 0.3) ** 2) + np.exp(-0.5 * ((x - 1) / 0.3) ** 2)
    p = prior * np.exp(-0.5 * ((x_t - a * x) / s) ** 2)
    found = model.guess(mg.tensor(np.array([[x_t]], np.float32)), np.array([t])).numpy()
    np.testing.assert_allclose(found, (p @ x) / p.sum(), rtol=1e-4)
    assert diffusion.best_guess(model, np.array([[x_t]]), t).item() == pytest.approx(found.item(), rel=1e-5)


def test_the_score_is_the_slope_of_the_log_density():
    model, t, h = diffusion.best(), 300, 1e-5
    a, s = model.noise.signal[t], model.noise.deviation[t]
    x_t = np.random.default_rng(0).standard_normal((6, 2))
    score = (a * diffusion.best_guess(model, x_t, t) - x_t) / s**2
    for i, e in enumerate(np.eye(2) * h):
        slope = diffusion.log_density(model, x_t + e, t) - diffusion.log_density(model, x_t - e, t)
        np.testing.assert_allclose(score[:, i], slope / (2 * h), rtol=1e-5, atol=1e-7)


def test_a_label_leaves_its_own_clusters_and_not_told_leaves_all():
    model = diffusion.best(diffusion.THREE, 0.1, np.arange(3))
    x_t, t = mg.tensor(np.zeros((4, 2), np.float32)), np.full(4, 300)
    found = model.guess(x_t, t, np.array([0, 1, 2, 3])).numpy()
    assert (np.sign(found[:3]) * np.sign(diffusion.THREE) >= 0).all()
    np.testing.assert_allclose(found[3], diffusion.best(diffusion.THREE, 0.1).guess(x_t, t).numpy()[3], atol=1e-6)


@pytest.mark.parametrize("sampler", ["ddim", "ddpm"])
def test_a_path_ends_where_sample_does(sampler):
    model = diffusion.best()
    places = diffusion.path(model, 20, 10, sampler, seed=4)
    assert places.shape == (11, 20, 2)
    x = model.sample(20, mg.Generator(4), evaluations=10, sampler=sampler)
    np.testing.assert_array_equal(places[-1], x.numpy())


def test_a_path_of_which_no_class_is_told_sees_the_label_that_tells_nothing():
    network = diffusion.Flat(Dense2((64,), 8, 1, 10, mg.Generator(0)))
    model, rng = Diffusion(network, yardstick.SHAPE, Noise(50), classes=10), np.random.default_rng(1)
    for parameter in model.parameters():
        parameter.data[...] = 0.2 * rng.standard_normal(parameter.shape)
    way, told = (diffusion.path(model, 3, 1, told=told) for told in (False, True))
    expected = model.guess(mg.tensor(way[0]), np.full(3, 50), np.full(3, 10)).numpy()
    np.testing.assert_allclose(way[-1], expected, rtol=1e-5)
    assert np.abs(told[-1] - expected).max() > 0


def test_what_is_known_of_a_hole_stays_and_several_guesses_differ():
    perfect = diffusion.best(diffusion.pixels(yardstick.split()[0][:50]), 0.1, levels=17)
    x = yardstick.images(yardstick.split()[2][:4])
    holes = mg.data.damage.cut_hole(x, 0.5, mg.Generator(0))
    found = diffusion.filled(perfect, holes, 2)
    assert found.shape == (2, *x.shape)
    np.testing.assert_allclose(holes.known * found[0], holes.y, atol=1e-6)
    assert np.abs(found[0] - found[1]).max() > 0.01
