"""The prior over grids of words: a network that cannot see ahead."""

import itertools
import math

import numpy as np
import pytest
from minigen.models.sequences.pixelcnn import GridPrior

import minigen as mg
from minigen import backend
from minigen.optim import Adam

K = 6


def test_the_prior_cannot_see_ahead(device):
    """Changing the word at a place changes no logit at that place or before it, and some after it."""
    grid = (4, 5)
    prior, rng = GridPrior(grid, K, 8, mg.Generator(0)), np.random.default_rng(0)
    words = rng.integers(K, size=(1, *grid))
    before = prior(backend.to_device(words, device)).numpy()
    for place in range(20):
        other = words.copy()
        other[0, place // 5, place % 5] = (other[0, place // 5, place % 5] + 1) % K
        changed = np.abs(prior(backend.to_device(other, device)).numpy() - before).max(axis=3).reshape(-1) > 1e-7
        assert not changed[: place + 1].any()
        assert changed[place + 1 :].any() or place == 19


def test_the_prior_is_a_distribution():
    """Over all grids the probabilities add up to 1."""
    prior = GridPrior((2, 2), 3, 4, mg.Generator(0))
    grids = np.array(list(itertools.product(range(3), repeat=4))).reshape(-1, 2, 2)
    assert np.exp(prior.log_prob(grids).numpy().astype(np.float64)).sum() == pytest.approx(1, abs=1e-5)


def test_the_prior_learns_and_draws_what_it_was_shown():
    """Grids of one word each, the first two words as often: after training samples are such grids."""
    prior, rng = GridPrior((2, 3), 4, 8, mg.Generator(0)), np.random.default_rng(0)
    optimizer = Adam(prior.parameters(), lr=1e-2)
    for _ in range(200):
        words = np.broadcast_to(rng.integers(2, size=(32, 1, 1)), (32, 2, 3))
        loss = -mg.mean(prior.log_prob(words))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() == pytest.approx(math.log(2), abs=0.15)
    drawn = prior.sample(300, mg.Generator(5))
    alike = (drawn == drawn[:, :1, :1]).all(axis=(1, 2))
    assert alike.mean() > 0.95
    assert 0.4 < (drawn[alike][:, 0, 0] == 0).mean() < 0.6
