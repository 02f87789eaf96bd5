"""Lesson 17's conclusions about masks, places, the cache and the adder, for three seeds."""

import numpy as np
import pytest

import minigen as mg
from minigen.data import load
from minigen.lessons.pictures import attention as pictures

SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])


@pytest.fixture(scope="module")
def adder():
    return load("adder").x, load("adder", "test").x


@SEEDS
def test_scores_grow_with_the_root_of_the_length(seed):
    q, k = np.random.default_rng(seed).standard_normal((2, 1000, 64))
    products = q @ k.T
    assert products.std() == pytest.approx(8, rel=0.03)
    assert mg.softmax(products).max(axis=1).mean() > 0.5
    assert mg.softmax(products / 8).max(axis=1).mean() < 0.05


@pytest.mark.long
@SEEDS
def test_a_net_without_a_mask_learns_to_copy(seed, adder):
    train, test = adder
    cheat = pictures.unmasked(pictures.new_net(seed))
    losses = pictures.fit(cheat, train, steps=120, seed=seed)
    assert np.mean(losses[-10:]) < 0.05
    assert pictures.right(cheat, test[:300])[0] < 0.1


@SEEDS
def test_without_places_the_order_of_earlier_symbols_does_not_matter(seed, adder):
    net, x = pictures.new_net(seed), adder[1][:50, :-1].astype(int)
    exchanged = x[:, [0, 4, 2, 3, 1, 5, 6, 7, 8, 9]]
    with mg.no_grad():
        assert np.abs((net(x) - net(exchanged)).numpy()[:, -1]).max() > 1e-5
        net.body.places.data[...] = 0
        np.testing.assert_allclose(net(x).numpy()[:, -1], net(exchanged).numpy()[:, -1], atol=1e-6)


def test_counting_gets_the_units_and_not_the_tens(adder):
    train, test = adder
    share, digits = pictures.right(pictures.counting(train, 5), test)
    assert digits[0] > 0.99
    assert share < 0.1
    assert pictures.right(pictures.counting(train, 7), test)[0] < 0.1


@pytest.mark.long
@SEEDS
def test_the_units_come_from_both_units_digits(seed, adder):
    """The heads share them out in one way or another, and some head cannot be missed."""
    train, test = adder
    net = pictures.new_net(seed)
    pictures.fit(net, train, steps=500, seed=seed)
    _, digits = pictures.right(net, test)
    assert digits[0] > 0.8
    a0, b0 = pictures.weights(net, test).mean(axis=(0, 1))[6, [2, 5]]
    assert a0 + b0 > 0.5
    assert min(a0, b0) > 0.15
    assert min(pictures.without_head(net, head, test)[0] for head in range(pictures.HEADS)) < digits[0] - 0.2


@SEEDS
def test_the_weights_do_not_tell_that_a_head_was_dropped(seed, adder):
    net, lines = pictures.new_net(seed), adder[1][:50]
    x = lines[:, :-1].astype(int)
    before, kept = pictures.weights(net, lines), [p.numpy().copy() for p in net.parameters()]
    for head in range(pictures.HEADS):
        with pictures.silenced(net, head), mg.no_grad():
            assert np.array_equal(pictures.weights(net, lines), before)
            said = net(x).numpy()
        assert np.abs(said - net(x).numpy()).max() > 0.01
    assert all(np.array_equal(a, b.numpy()) for a, b in zip(kept, net.parameters(), strict=True))
