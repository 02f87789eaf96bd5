"""What lesson 3 concludes, from three seeds each, on the 8x8 digits."""

from itertools import pairwise

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.data import load
from minigen.lessons.pictures import dense_networks as pictures

SEEDS = pytest.mark.parametrize("seed", range(3))
TRAIN, TEST = load("digits", "train"), load("digits", "test")


@SEEDS
def test_no_unit_of_the_first_layer_comes_back_and_some_have_died(seed):
    trained, counted = pictures.network(TRAIN, seed=seed), []
    rate = lambda t: 1.0 if t < 100 else 0.1  # noqa: E731
    for t, _ in enumerate(pictures.training(trained, TRAIN, 301, rate, seed=seed + 1)):
        if t % 100 == 0:
            counted.append(pictures.silent_units(trained, TRAIN)[0])
    assert counted[-1].mean() > counted[0].mean() + 0.1
    for before, after in pairwise(counted):
        assert not (before & ~after).any()


@SEEDS
def test_two_softmaxes_stay_above_the_floor_and_learn_less(seed):
    right = {}
    for name, output in (("once", lambda logits: logits), ("twice", mg.softmax)):
        trained = pictures.network(TRAIN, seed=seed)
        losses = list(pictures.training(trained, TRAIN, 600, output=output, seed=seed + 1))
        right[name] = pictures.accuracy(trained, TEST)
        assert (min(losses) > np.log(1 + 9 / np.e)) == (name == "twice")
    assert right["once"] > right["twice"] + 0.05


@SEEDS
def test_the_network_beats_one_layer_and_that_beats_the_most_frequent_class(seed):
    trained, single = pictures.network(TRAIN, seed=seed), nn.Dense(64, 10, rng=mg.Generator(seed))
    first = {model: next(pictures.training(model, TRAIN, 1, seed=seed + 1)) for model in (trained, single)}
    for model in (trained, single):
        list(pictures.training(model, TRAIN, 600, seed=seed + 1))
    most_frequent = np.bincount(TEST.y).max() / len(TEST.y)
    assert pictures.accuracy(trained, TEST) > pictures.accuracy(single, TEST) > most_frequent + 0.5
    assert np.log(10) < first[trained] < np.log(10) + 0.5


@SEEDS
def test_only_2_over_n_keeps_the_size_with_relus(seed):
    rng, n = np.random.default_rng(seed), 256
    for factor, low, high in ((1, 0, 0.01), (2, 0.3, 3), (4, 100, np.inf)):
        h = rng.standard_normal((200, n))
        for _ in range(20):
            h = np.maximum(h @ (rng.standard_normal((n, n)) * np.sqrt(factor / n)), 0)
        assert low < np.sqrt((h * h).mean()) < high
