"""Diffusion: the steps against Bayes' rule, samplers and bound with the best denoiser of Gaussians, levels."""

import itertools
import math

import numpy as np
import pytest

import minigen as mg
from minigen import data
from minigen.errors import ArgumentError
from minigen.models import recipe_of
from minigen.models.diffusion import ddpm
from minigen.models.diffusion.ddpm import GUESSES, Diffusion
from minigen.models.diffusion.networks import Dense2
from minigen.models.diffusion.noise import Noise

from .gaussian import MEAN, SPREAD, BestGuess

NOISE = Noise(1000)


def best(guesses="v", noise=NOISE, dimensions=3, **how):
    model = Diffusion(BestGuess(noise, guesses), (dimensions,), noise, guesses, **how)
    model.reach.data[...] = 50.0
    return model


def test_noise_is_added_at_once():
    x, z = (mg.tensor(np.full((2, 3), value)) for value in (2.0, -1.0))
    found = best().noised(x, np.array([0, 400]), z).numpy()
    np.testing.assert_array_equal(found[0], 2)
    np.testing.assert_allclose(found[1], 2 * NOISE.signal[400] - NOISE.deviation[400])


@pytest.mark.parametrize("guesses", GUESSES)
def test_the_guess_at_the_example_follows_from_the_networks(guesses):
    x_t = mg.tensor(np.random.default_rng(0).standard_normal((4, 3)))
    a, s = NOISE.signal[300], NOISE.deviation[300]
    expected = MEAN + a * SPREAD**2 / (a**2 * SPREAD**2 + s**2) * (x_t.numpy() - a * MEAN)
    np.testing.assert_allclose(best(guesses).guess(x_t, np.full(4, 300)).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("guesses", GUESSES)
def test_no_guess_lies_outside_the_data(guesses):
    model = best(guesses)
    model.reach.data[...] = 0.25
    guess = model.guess(mg.tensor(np.array([[9.0, -9, 0]])), np.full(1, 500)).numpy()
    assert np.abs(guess).max() == 0.25


@pytest.mark.parametrize(("t", "s"), [(500, 499), (2, 1), (1000, 400)])
def test_the_random_step_is_the_posterior_of_bayes(t, s):
    """q(x_s | x_t, x) from q(x_t | x_s) q(x_s | x), two Gaussians in one dimension (Ho et al., equation 7)."""
    x, x_t = 0.8, -0.3
    forward = NOISE.signal[t] / NOISE.signal[s]
    added = 1 - forward**2
    precision = forward**2 / added + 1 / NOISE.deviation[s] ** 2
    mean = (forward * x_t / added + NOISE.signal[s] * x / NOISE.deviation[s] ** 2) / precision
    many = mg.tensor(np.full((100_000, 1), x_t))
    drawn = best(dimensions=1).earlier(many, mg.tensor(np.full((100_000, 1), x)), t, s, 1.0, mg.Generator(0)).numpy()
    assert drawn.mean() == pytest.approx(mean, abs=4 * (1 / precision / 100_000) ** 0.5)
    assert drawn.std() == pytest.approx(precision**-0.5, rel=4 / 200_000**0.5)


def test_the_step_without_noise_keeps_the_noise_that_is_there():
    x, z = (mg.tensor(np.random.default_rng(i).standard_normal((5, 3))) for i in (0, 1))
    model, t = best(), np.full(5, 700)
    found = model.earlier(model.noised(x, t, z), x, 700, 200, 0.0, mg.Generator(0))
    np.testing.assert_allclose(found.numpy(), model.noised(x, np.full(5, 200), z).numpy(), atol=1e-6)


@pytest.mark.parametrize(("sampler", "evaluations"), [("ddim", 50), ("ddim", 1000), ("ddpm", 1000)])
@pytest.mark.parametrize("guesses", GUESSES)
def test_samples_of_the_best_denoiser_are_the_data(sampler, evaluations, guesses):
    n = 4000
    x = best(guesses).sample(n, mg.Generator(0), evaluations=evaluations, sampler=sampler).numpy()
    assert x.shape == (n, 3)
    assert x.mean() == pytest.approx(MEAN, abs=4 * SPREAD / (3 * n) ** 0.5)
    assert x.std() == pytest.approx(SPREAD, rel=4 / (6 * n) ** 0.5 + 1 / evaluations)  # and of too few steps
    correlations = np.corrcoef(x.T)[np.triu_indices(3, 1)]
    assert np.abs(correlations).max() < 4 / n**0.5


def test_samples_come_back_from_the_numbers_inside():
    model = best()
    model.centre.data[...], model.scale.data[...] = [10, 20, 30], 2
    x = model.sample(4000, mg.Generator(0), evaluations=200).numpy()
    np.testing.assert_allclose(x.mean(axis=0), np.array([10, 20, 30]) + 2 * MEAN, atol=0.1)
    np.testing.assert_allclose(x.std(axis=0), 2 * SPREAD, rtol=0.06)


@pytest.mark.parametrize("guesses", GUESSES)
def test_the_bound_of_the_best_denoiser(guesses):
    """In closed form, as the variance of x given x_t is 1 / (1 / spread^2 + R_t); never below the likelihood.

    It is above by 0.4 nats a number, nearly all of them lost in the first steps, where the noise doubles.
    """
    model, rng, n = best(guesses), np.random.default_rng(3), 4000
    x = MEAN + SPREAD * rng.standard_normal((n, 3))
    bound = model.bound(mg.tensor(x), mg.Generator(0), draws=64)
    r = NOISE.ratio(np.arange(1, 1001))
    steps = 3 * 0.5 * ((r[:-1] - r[1:]) / (SPREAD**-2 + r[1:])).sum()
    decoder = 3 * 0.5 * math.log(2 * math.pi * math.e / r[0])
    for found, expected in ((bound.steps, steps), (bound.decoder, decoder)):
        error = found.numpy().std() / n**0.5
        assert found.numpy().mean() == pytest.approx(expected, abs=4 * error)
        assert error < 0.3
    assert bound.prior.numpy().max() < 1e-2
    entropy = 3 * 0.5 * math.log(2 * math.pi * math.e * SPREAD**2)
    assert entropy < steps + decoder < entropy + 3 * 0.5


def test_a_worse_denoiser_has_a_higher_bound():
    class Wrong(BestGuess):
        def forward(self, x, t, labels=None):
            return super().forward(x, t) * -2

    x = mg.tensor(MEAN + SPREAD * np.random.default_rng(3).standard_normal((500, 3)))
    worse = Diffusion(Wrong(NOISE, "v"), (3,), NOISE)
    worse.reach.data[...] = 50.0
    good, bad = (model.bound(x, mg.Generator(0), draws=64).total.numpy().mean() for model in (best(), worse))
    assert bad > good + 1


def test_the_terms_are_kullback_leibler_divergences():
    """1/2 (R_s - R_t) |x - x'|^2 is the KL of two posteriors with the same variance, one at x and one at x'."""
    t, x, guess, x_t = 400, 0.9, 0.2, 0.5
    model, s = best(dimensions=1), 399
    means = [
        model.earlier(mg.tensor([[x_t]]), mg.tensor([[value]]), t, s, 0.0, mg.Generator(0)).item()
        for value in (x, guess)
    ]
    forward = (NOISE.signal[t] / NOISE.signal[s]) ** 2
    c = math.sqrt(1 - forward) * NOISE.deviation[s] / NOISE.deviation[t]

    def mean(at):
        z = (x_t - NOISE.signal[t] * at) / NOISE.deviation[t]
        return NOISE.signal[s] * at + math.sqrt(NOISE.deviation[s] ** 2 - c**2) * z

    assert means[0] != means[1]
    kl = (mean(x) - mean(guess)) ** 2 / (2 * c**2)
    assert kl == pytest.approx(0.5 * (NOISE.ratio(s) - NOISE.ratio(t)) * (x - guess) ** 2, rel=1e-6)


def test_probabilities_of_all_images_sum_to_less_than_one():
    """Of images of 2 pixels and 3 levels, whatever the network: the bound is one on a probability."""
    noise = Noise(20)
    model = Diffusion(Dense2((2,), 8, 2, 0, mg.Generator(0)), (2,), noise, levels=3)
    for parameter in model.parameters():
        parameter.data[...] = 0.3 * np.random.default_rng(0).standard_normal(parameter.shape)
    all_images = np.array(list(itertools.product([-1.0, 0, 1], repeat=2)), np.float32)
    x = mg.tensor(np.repeat(all_images, 400, axis=0))
    log_p = model.log_prob(x, mg.Generator(0)).numpy().reshape(9, 400).mean(axis=1)
    assert 0.01 < np.exp(log_p).sum() <= 1.0


def test_the_bound_of_an_example_does_not_depend_on_its_place():
    model = Diffusion(Dense2((2,), 8, 2, 0, mg.Generator(0)), (2,), Noise(50), levels=17)
    x = mg.tensor(np.tile(np.float32([0.5, -1]), (10, 1)))
    found = np.stack([model.bound(x, mg.Generator(seed), draws=1).steps.numpy() for seed in range(400)])
    spread = found.std(axis=0).mean() / 20
    assert np.ptp(found.mean(axis=0)) < 5 * spread  # the largest of ten less the smallest


def test_the_decoder_tells_the_level():
    """P(x|x_f) sums to 1 over the levels, and the bound stops where noise is a quarter of their distance."""
    model = Diffusion(Dense2((1,), 8, 1, 0, mg.Generator(0)), (1,), NOISE, levels=17)
    f = model.last_latent
    ratio = NOISE.deviation / NOISE.signal
    assert ratio[f - 1] < 0.25 * 2 / 16 <= ratio[f]
    levels = np.linspace(-1, 1, 17)[:, None]
    x_f = np.full((17, 1), 0.31)
    log_p = model._log_decoder(mg.tensor(levels), mg.tensor(x_f), f).numpy()
    assert np.exp(log_p).sum() == pytest.approx(1, rel=1e-6)
    assert levels[log_p.argmax(), 0] == pytest.approx(0.25)


def test_levels_are_held_against_images_in_parts(monkeypatch):
    """All at once would take gigabytes."""
    model = Diffusion(Dense2((6,), 8, 1, 0, mg.Generator(0)), (6,), NOISE, levels=17)
    x = mg.tensor(np.random.default_rng(0).integers(17, size=(5, 6)) / 8 - 1)
    whole = model._log_decoder(x, 0.9 * x, model.last_latent).numpy()
    monkeypatch.setattr(ddpm, "AT_ONCE", 2 * 6 * 17)
    np.testing.assert_allclose(model._log_decoder(x, 0.9 * x, model.last_latent).numpy(), whole, rtol=1e-12)


def test_a_short_run_learns_the_ring_and_its_bound_falls():
    ring, recipe = data.load("ring"), recipe_of("ddpm")
    settings = recipe.settings(ring, steps=400, width=64, lr=5e-3)
    model, rng = recipe.build(settings, (2,), mg.Generator(0)), mg.Generator(1)
    trainer = recipe.trainer(model, settings)
    trainer.prepare(mg.tensor(ring.x[:5000]))
    x = mg.tensor(ring.x[:1000])
    before = model.bound(x, mg.Generator(2)).total.numpy().mean()
    for _ in range(400):
        trainer.step(mg.tensor(ring.x[rng.host.integers(len(ring), size=256)]), rng)
    with trainer.averaged(), mg.no_grad():
        after = model.bound(x, mg.Generator(2)).total.numpy().mean()
        radii = np.linalg.norm(model.sample(500, mg.Generator(3)).numpy(), axis=1)
    assert after < before - 1
    assert np.median(np.abs(radii - 1)) < 0.1


def test_labels_are_obeyed():
    ring, recipe = data.load("ring"), recipe_of("cddpm")
    settings = recipe.settings(ring, steps=300, width=64, lr=5e-3)
    model, rng = recipe.build(settings, (2,), mg.Generator(0)), mg.Generator(1)
    trainer = recipe.trainer(model, settings)
    trainer.prepare(mg.tensor(ring.x[:5000]))
    for _ in range(300):
        rows = rng.host.integers(len(ring), size=256)
        trainer.step(mg.tensor(ring.x[rows]), rng, ring.y[rows])
    with trainer.averaged(), mg.no_grad():
        for label in (0, 3):
            x = model.sample(100, mg.Generator(3), label=label, guidance=1.0).numpy()
            nearest = np.linalg.norm(x[:, None] - ring.centres, axis=-1).argmin(axis=1)
            assert (nearest == label).mean() > 0.9


def test_what_does_not_exist_is_refused():
    with pytest.raises(ArgumentError, match="guesses: unknown name 'x'; choose one of: noise, v"):
        best("x")
    few = {"noise": Noise(10)}
    for name, value in (("sampler", "dim"), ("levels", -1), ("evaluations", -3), ("evaluations", 11), ("classes", 0.5)):
        with pytest.raises(ArgumentError, match=f"^{name}: "):
            best(**few, **{name: value})
    assert best(**few).evaluations == 10
    for draws in (0, -1, 1.5):
        with pytest.raises(ArgumentError, match="draws: expected an integer >= 1"):
            best().bound(mg.tensor(np.ones((2, 3), np.float32)), draws=draws)
    with pytest.raises(ArgumentError, match=r"evaluations: .* <= 10, the timesteps, got 11"):
        best(**few).sample(2, evaluations=11)
    with pytest.raises(ArgumentError, match="sampler: unknown name 'dim'; did you mean 'ddim'"):
        best().sample(2, sampler="dim")
    with pytest.raises(ArgumentError, match=r"evaluations: .* <= 10, the timesteps, got 50"):
        recipe_of("ddpm").settings(data.load("ring"), timesteps=10, evaluations=50)
