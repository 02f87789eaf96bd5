"""What lesson 20 concludes, for three seeds each."""

import numpy as np
import pytest

import minigen as mg
from minigen.lessons.pictures import yardstick

TRAIN, VALID, TEST = yardstick.split()
SHARES = yardstick.shares(TRAIN)
INDEPENDENT = -yardstick.log_p_of(SHARES, TEST)
SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])


def nats(model, levels):
    with mg.no_grad():
        return -model.log_prob(mg.tensor(yardstick.images(levels))).numpy()


def test_narrow_peaks_make_a_density_as_high_as_one_likes_and_leave_the_probability_as_it_is():
    of_density = [-yardstick.log_density_of_peaks(TEST + 0.5, SHARES, width).mean() for width in (0.2, 0.02, 0.002)]
    assert np.diff(of_density) == pytest.approx(-64 * np.log(10), abs=1.0)
    for width in (0.1, 0.01):
        mass = yardstick.mass_of_peaks(SHARES, width)
        np.testing.assert_allclose(mass.sum(axis=1), 1, rtol=1e-12)
        assert -yardstick.log_p_of(mass, TEST).mean() == pytest.approx(INDEPENDENT.mean(), abs=1e-3)


@SEEDS
def test_the_bound_is_above_the_probability_and_best_between_a_tenth_of_a_level_and_one(seed):
    rng, widths = np.random.default_rng(seed), np.array([0.03, 0.1, 0.3, 1.0, 3.0])
    bounds = [-yardstick.log_density_of_peaks(TEST + rng.random(TEST.shape), SHARES, w).mean() for w in widths]
    masses = [-yardstick.log_p_of(yardstick.mass_of_peaks(SHARES, w), TEST).mean() for w in widths]
    assert (np.array(bounds) > masses).all()
    assert widths[np.argmin(bounds)] == 0.3


@SEEDS
def test_the_mixture_is_better_than_independent_pixels(seed):
    assert 4 < (INDEPENDENT + yardstick.mixture(TRAIN, TEST, seed=seed)).mean() < 8


@pytest.mark.long
@SEEDS
def test_one_wrong_sign_gives_a_number_that_is_too_good_and_is_found_by_changing_a_pixel(seed):
    found, first = [], []
    for leaks in (False, True):
        model = mg.models.MADE(yardstick.SHAPE, 17, [200], rng=mg.Generator(seed))
        degrees = model.hidden[0].mask.numpy().sum(axis=0)
        if leaks:
            model.last.mask.data[...] = np.repeat(np.arange(1, 65), 17) >= degrees[:, None]
        yardstick.fit(model, yardstick.images(TRAIN), yardstick.images(VALID), lr=5e-3, most=25, seed=seed)
        found.append(nats(model, TEST).mean())
        image, other = TEST[:1].copy(), TEST[:1].copy()
        other[0, 20] = 16 - other[0, 20]
        logits = [model(levels.reshape(1, 8, 8, 1)).numpy().reshape(64, 17) for levels in (image, other)]
        first.append(np.flatnonzero(abs(logits[0] - logits[1]).max(axis=1) > 1e-6)[0])
    assert first == [21, 20]
    assert found[1] < found[0] - 8
    assert found[0] < INDEPENDENT.mean() - 6


@pytest.mark.long
@SEEDS
def test_more_codes_make_the_number_of_a_vae_smaller_and_pairs_make_a_difference_surer(seed):
    train, valid = yardstick.images(TRAIN), yardstick.images(VALID)
    vae = yardstick.fit(yardstick.grey_vae(seed=seed), train, valid, lr=2e-3, most=12, seed=seed)
    with mg.no_grad():
        log_w = vae.log_weights(mg.tensor(yardstick.images(TEST)), 100, mg.Generator(3)).numpy().astype(float)
    bounds = [-(np.logaddexp.reduce(log_w.reshape(len(TEST), -1, k), axis=2) - np.log(k)).mean() for k in (1, 10, 100)]
    assert bounds[0] - bounds[1] > 1
    assert bounds[1] > bounds[2]
    of_vae = -(np.logaddexp.reduce(log_w, axis=1) - np.log(100))
    assert (INDEPENDENT - of_vae).std() < 0.8 * np.hypot(INDEPENDENT.std(), of_vae.std())
