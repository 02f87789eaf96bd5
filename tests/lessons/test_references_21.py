"""The references of lesson 21 against the library's diffusion, and against sums over all originals."""

from types import SimpleNamespace

import numpy as np
import pytest

import minigen as mg
from minigen.data.damage import Damaged
from minigen.lessons import all_lessons
from minigen.models.diffusion.ddpm import Diffusion
from minigen.models.diffusion.networks import Dense2
from minigen.models.diffusion.noise import Noise
from minigen.models.diffusion.restoring import agreeing

(OURS,) = (SimpleNamespace(**lesson.reference) for lesson in all_lessons() if lesson.number == "21")
rng = np.random.default_rng(0)


def test_the_schedule_is_the_librarys():
    beta = np.linspace(1e-4, 0.02, 1000)
    noise = Noise(1000, "linear")
    a, s = OURS.signal_and_deviation(beta)
    np.testing.assert_allclose(a, noise.signal, rtol=1e-9)
    np.testing.assert_allclose(s, noise.deviation, rtol=1e-9)


@pytest.mark.parametrize("a", [0.3, 0.95])
def test_the_best_guess_is_a_mean_over_many_originals(a):
    centres, sigma, s = np.array([[0.0], [1.5], [-1.0]]), 0.4, np.sqrt(1 - a * a)
    x = np.linspace(-6, 6, 40_001)
    prior = np.exp(-0.5 * ((x - centres) / sigma) ** 2).sum(axis=0)
    for x_t in (-1.2, 0.1, 2.0):
        p = prior * np.exp(-0.5 * ((x_t - a * x) / s) ** 2)
        found = OURS.best_guess(np.array([[x_t]]), centres, sigma, a, s)
        np.testing.assert_allclose(found, (p @ x) / p.sum(), rtol=1e-6)


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_the_step_is_the_librarys(eta):
    noise, t, s = Noise(1000), 600, 450
    model = Diffusion(Dense2((3,), 8, 1, 0, mg.Generator(0)), (3,), noise)
    x_t, guess = rng.standard_normal((2, 4, 3))
    fresh = mg.Generator(5).normal((4, 3), dtype=np.float64)
    theirs = model.earlier(mg.tensor(x_t), mg.tensor(guess), t, s, eta, mg.Generator(5)).numpy()
    ours = OURS.step_back(x_t, guess, fresh, noise.signal[t], noise.signal[s], eta)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_the_blocks_are_the_librarys():
    guess, means = rng.standard_normal((2, 6, 8)), rng.standard_normal((2, 3, 4))
    y = means.repeat(2, axis=1).repeat(2, axis=2)[..., None]
    theirs = agreeing(mg.tensor(guess[..., None]), Damaged(y, np.zeros_like(y)), "low resolution", 2).numpy()[..., 0]
    ours = OURS.with_block_means(guess, means, 2)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    np.testing.assert_allclose(ours.reshape(2, 3, 2, 4, 2).mean(axis=(2, 4)), means, rtol=1e-9)


@pytest.mark.parametrize("a", [0.1, 0.9])
def test_the_score_is_the_slope_of_the_density(a):
    """Of one Gaussian, whose best v and whose density are known."""
    mean, sigma, s = 0.7, 0.5, np.sqrt(1 - a * a)
    x_t = rng.standard_normal((5, 2))
    x = OURS.best_guess(x_t, np.full((1, 2), mean), sigma, a, s)
    v = (a * x_t - x) / s
    np.testing.assert_allclose(OURS.score_of_v(x_t, v, a), -(x_t - a * mean) / (a * a * sigma**2 + s * s), rtol=1e-9)
