"""Restoring: what is known stays, and what is not is drawn as Bayes' rule says, of Gaussians."""

import numpy as np
import pytest

import minigen as mg
from minigen.data.damage import DAMAGES, Damaged
from minigen.errors import ArgumentError, ShapeError
from minigen.models.diffusion.ddpm import Diffusion
from minigen.models.diffusion.networks import UNet
from minigen.models.diffusion.noise import Noise
from minigen.models.diffusion.restoring import agreeing, restored
from minigen.nn import Module

N, SIDE = 1000, 4
PIXELS = SIDE * SIDE
MEAN, SPREAD = 0.2, 0.5
INDEPENDENT = SPREAD**2 * np.eye(PIXELS)
ALIKE = SPREAD**2 * (0.95 + 0.05 * np.eye(PIXELS))  # nearly one grey
NOISE = Noise(400)


class BestOfImages(Module):
    """v of the best guess at images whose pixels are Gaussian: mean + a S (a^2 S + s^2)^-1 (x_t - a mean)."""

    def __init__(self, covariance):
        self.covariance = covariance

    def forward(self, x, t, labels=None):
        (t,) = np.unique(np.rint(t * NOISE.steps).astype(int))
        a, s = NOISE.signal[t], NOISE.deviation[t]
        gain = a * self.covariance @ np.linalg.inv(a**2 * self.covariance + s**2 * np.eye(PIXELS))
        flat = x.data.reshape(len(x), PIXELS)
        best = MEAN + (flat - a * MEAN) @ gain
        z = (flat - a * best) / s
        return mg.Tensor((a * z - s * best).reshape(x.shape).astype(x.dtype))


def best(covariance=INDEPENDENT, **how):
    model = Diffusion(BestOfImages(covariance), (SIDE, SIDE, 1), NOISE, evaluations=NOISE.steps, **how)
    model.reach.data[...] = 50.0
    return model


def images(covariance=INDEPENDENT, n=N):
    flat = np.random.default_rng(0).multivariate_normal(np.full(PIXELS, MEAN), covariance, n)
    return flat.reshape(n, SIDE, SIDE, 1)


def damaged(x, damage, amount):
    """Of images in [-1, 1], where noise is twice what it is in [0, 1]."""
    return DAMAGES[damage](x, amount * (2 if damage == "noise" else 1), mg.Generator(1))


def made(model, x, damage, amount, **how):
    left = damaged(x, damage, amount)
    return left, restored(model, left, damage, amount, mg.Generator(2), **how).numpy()


def holds(found, expected, deviation):
    """Errors of independent draws: none on average, and of that deviation, but for what few steps cost."""
    errors = (found - expected).ravel()
    assert errors.mean() == pytest.approx(0, abs=4 * deviation / errors.size**0.5)
    assert errors.std() == pytest.approx(deviation, rel=4 / (2 * errors.size) ** 0.5 + 0.02)


# ------------------------------------------------------------------------------- draws of the posterior, in closed form


@pytest.mark.parametrize("amount", [0.3, 1.0])
def test_noise_is_taken_away_as_bayes_says(amount):
    left, found = made(best(), images(), "noise", amount)
    precision = SPREAD**-2 + (2 * amount) ** -2
    holds(found, (MEAN * SPREAD**-2 + left.y * (2 * amount) ** -2) / precision, precision**-0.5)


def test_noise_is_taken_away_from_pixels_that_are_alike_as_bayes_says():
    left, found = made(best(ALIKE), images(ALIKE), "noise", 0.5)
    gain = ALIKE @ np.linalg.inv(ALIKE + np.eye(PIXELS))
    expected = MEAN + (left.y.reshape(N, PIXELS) - MEAN) @ gain.T
    covariance = ALIKE - gain @ ALIKE
    errors = found.reshape(N, PIXELS) - expected
    np.testing.assert_allclose(np.cov(errors.T), covariance, atol=0.1 * covariance.max())
    np.testing.assert_allclose(errors.mean(axis=0), 0, atol=4 * (covariance.max() / N) ** 0.5)


def test_a_hole_among_independent_pixels_is_filled_from_the_prior():
    left, found = made(best(), images(), "hole", 0.5)
    hole = np.broadcast_to(left.known == 0, found.shape)
    assert hole.sum() == N * 4
    holds(found[hole], MEAN, SPREAD)


def test_below_the_means_of_blocks_pixels_are_drawn_as_bayes_says():
    """Given their mean, four independent pixels deviate from it by SPREAD sqrt(3/4), and their deviations sum to 0."""
    left, found = made(best(), images(), "low resolution", 2)
    holds(found, left.y, SPREAD * 0.75**0.5)
    beside = (found - left.y)[:, 0, 0, 0], (found - left.y)[:, 1, 1, 0]
    assert np.corrcoef(*beside)[0, 1] == pytest.approx(-1 / 3, abs=4 / N**0.5)


def test_a_hole_among_pixels_that_are_alike_is_filled_with_their_grey():
    """Not quite Bayes' rule, as the known pixels are noisy on the way; but near it."""
    left, found = made(best(ALIKE), images(ALIKE, 1000), "hole", 0.5)
    hole = left.known[..., 0] == 0
    rim = (left.y[..., 0] * ~hole).sum(axis=(1, 2)) / 12
    filled = (found[..., 0] * hole).sum(axis=(1, 2)) / 4
    assert np.corrcoef(rim, filled)[0, 1] > 0.95
    assert (filled - rim).std() < 0.3 * SPREAD


# ------------------------------------------------------------------------------------------------- what is known stays


@pytest.mark.parametrize("evaluations", [1, 7, 400])
@pytest.mark.parametrize(("damage", "amount"), [("hole", 0.5), ("low resolution", 2), ("low resolution", 4)])
def test_damaged_again_the_answer_is_what_was_given(damage, amount, evaluations):
    x = images(n=20).astype(np.float32)
    left, found = made(best(), x, damage, amount, evaluations=evaluations)
    again = found * left.known if damage == "hole" else damaged(found, damage, amount).y
    np.testing.assert_allclose(again, left.y, atol=1e-5)
    if evaluations > 1:  # and the rest is more than nothing
        assert np.abs(found - left.y).max() > 0.1


@pytest.mark.parametrize(("damage", "amount"), [("hole", 0.5), ("low resolution", 2)])
def test_a_guess_is_changed_by_as_little_as_makes_it_agree(damage, amount):
    """x' + A^+ (y - A x') agrees with y, does not change what agrees, and is the nearest that does."""
    x, guess, other = (np.random.default_rng(i).standard_normal((3, 4, 4, 2)) for i in range(3))
    left = damaged(x, damage, amount)
    found, agrees = (agreeing(mg.tensor(value), left, damage, amount).numpy() for value in (guess, other))
    np.testing.assert_allclose(agreeing(mg.tensor(x), left, damage, amount).numpy(), x, atol=1e-12)
    np.testing.assert_allclose(agreeing(mg.tensor(found), left, damage, amount).numpy(), found, atol=1e-12)
    change = found - guess  # at right angles to all that A does not see
    for unseen in (x - agrees, found - agrees):
        assert (change * unseen).sum() == pytest.approx(0, abs=1e-10)


def test_of_little_noise_little_is_changed():
    left, found = made(best(), images(n=20), "noise", 1e-3)
    assert np.abs(found - left.y).max() < 0.02


def test_draws_differ_and_the_same_seed_gives_the_same():
    left = damaged(images(n=3), "hole", 0.5)
    a, b, c = (restored(best(), left, "hole", 0.5, mg.Generator(seed), evaluations=10).numpy() for seed in (0, 0, 1))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 0.1


def test_the_model_says_how_many_evaluations_where_nobody_does():
    class Counts(BestOfImages):
        times = 0

        def forward(self, x, t, labels=None):
            self.times += 1
            return super().forward(x, t)

    left = damaged(images(n=2), "hole", 0.5)
    for asked, taken in ((0, 9), (5, 5), (NOISE.steps, NOISE.steps)):
        model = Diffusion(Counts(INDEPENDENT), (SIDE, SIDE, 1), NOISE, evaluations=9)
        restored(model, left, "hole", 0.5, mg.Generator(0), asked)
        assert model.network.times == taken


def test_a_model_of_classes_restores_without_being_told_one():
    network = UNet((8, 8, 1), 4, 10, mg.Generator(0))
    model = Diffusion(network, (8, 8, 1), NOISE, classes=10, guidance=1.0)
    told = []
    forward = network.forward
    network.forward = lambda x, t, labels: told.append(labels) or forward(x, t, labels)
    left = damaged(np.zeros((2, 8, 8, 1), np.float32), "hole", 0.5)
    assert restored(model, left, "hole", 0.5, mg.Generator(0), evaluations=2).shape == (2, 8, 8, 1)
    np.testing.assert_array_equal(told, np.full((2, 2), 10))


# ----------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("damage", "amount", "evaluations", "told"),
    [
        ("holes", 0.5, 0, "damage: unknown name 'holes'; did you mean 'hole'"),
        ("hole", 1.0, 0, "amount: expected the hole's side as a share"),
        ("noise", 0.0, 0, "amount: expected the noise's deviation"),
        ("noise", float("nan"), 0, "amount: expected the noise's deviation"),
        ("low resolution", 3, 0, "amount: expected a factor >= 2 that divides"),
        ("hole", 0.5, -1, "evaluations: .* got -1"),
    ],
)
def test_what_cannot_be_is_refused(damage, amount, evaluations, told):
    left = damaged(images(n=2), "hole", 0.5)
    with pytest.raises(ArgumentError, match=told):
        restored(best(), left, damage, amount, mg.Generator(0), evaluations)


def test_images_of_another_shape_are_refused():
    left = Damaged(np.zeros((2, 8, 8, 1)), np.zeros((2, 8, 8, 1)))
    with pytest.raises(ShapeError, match=r"examples have shape \(8, 8, 1\), expected \(4, 4, 1\)"):
        restored(best(), left, "hole", 0.5)
