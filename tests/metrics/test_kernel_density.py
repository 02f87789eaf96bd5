"""Parzen windows against scikit-learn, and the way in which they mislead."""

import math

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.neighbors import KernelDensity

from minigen import data
from minigen.errors import ArgumentError, ShapeError
from minigen.metrics import parzen, parzen_log_likelihood


def normal(seed, n, d=3):
    return np.random.default_rng(seed).standard_normal((n, d))


def test_one_sample_is_one_gaussian():
    x = np.array([[0.3, -0.4]])
    expected = -math.log(2 * math.pi * 0.25) - 0.25 / 2 / 0.25
    assert parzen_log_likelihood(x, np.zeros((1, 2)), 0.5) == pytest.approx([expected])


@pytest.mark.parametrize("sigma", [0.15, 0.3, 2.0])
def test_against_scikit_learn(sigma):
    samples, x = normal(0, 300), normal(1, 40)
    expected = KernelDensity(bandwidth=sigma).fit(samples).score_samples(x)
    assert np.allclose(parzen_log_likelihood(x, samples, sigma, block=7), expected)


def test_far_away_it_stays_finite():
    assert np.isfinite(parzen_log_likelihood(np.full((1, 2), 1e3), np.zeros((4, 2)), 0.1)).all()


def test_the_width_is_chosen_on_validation_data():
    samples, validation, test = normal(0, 2000, 2), normal(1, 300, 2), normal(2, 300, 2)
    found = parzen(samples, validation, test)
    scores = [parzen_log_likelihood(validation, samples, s).mean() for s in np.logspace(-1, 0, 10)]
    assert found.sigma == pytest.approx(np.logspace(-1, 0, 10)[np.argmax(scores)])
    assert found.log_likelihood == pytest.approx(-(1 + math.log(2 * math.pi)), abs=0.15)  # minus the entropy
    assert 0 < found.standard_error < 0.1


def test_it_misleads_cluster_centres_beat_real_images():
    """Theis et al. 2016, figure 4: the means of 100 clusters score better than as many real images."""
    train, test = data.load("digits").x.reshape(-1, 64), data.load("digits", "test").x.reshape(-1, 64)
    centres = KMeans(100, n_init=1, random_state=0).fit(train[300:]).cluster_centers_
    real = parzen(train[300:400], train[:300], test)
    assert parzen(centres, train[:300], test).log_likelihood > real.log_likelihood + 2


def test_bad_input_is_named():
    with pytest.raises(ArgumentError, match="sigma: expected a finite number > 0, got 0"):
        parzen_log_likelihood(normal(0, 3), normal(1, 3), 0)
    with pytest.raises(ShapeError, match="rows of one shape"):
        parzen_log_likelihood(normal(0, 3), normal(1, 3, 2), 1.0)
