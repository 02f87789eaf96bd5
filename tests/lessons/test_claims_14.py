"""What lesson 14 says of gains, of shards and of sums, for three seeds."""

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.lessons.pictures import cpu_to_gpu as pictures

each_seed = pytest.mark.parametrize("seed", range(3))


@each_seed
def test_no_gain_is_above_amdahls_limit_if_the_calls_stay(seed):
    calls, work, per_example, launches = np.exp(np.random.default_rng(seed).normal(size=4))
    for batch in (1, 100, 10000):
        for faster in (1, 10, 1e9):
            cpu = calls + work + per_example * batch
            assert cpu / (calls + launches + (work + per_example * batch) / faster) < cpu / calls


def test_where_a_device_wins():
    assert pictures.crossing((1.0, 2.0), (5.0, 1.0)) == 4
    assert pictures.crossing((1.0, 2.0), (0.5, 1.0)) == 0
    assert pictures.crossing((1.0, 2.0), (0.5, 2.0)) == 0
    assert np.isinf(pictures.crossing((1.0, 2.0), (1.0, 2.0)))
    assert np.isinf(pictures.crossing((1.0, 2.0), (0.5, 3.0)))
    assert [pictures.in_words(b) for b in (0.0, 3.7, np.inf)] == ["at every batch", "from a batch of 4", "at no batch"]


@each_seed
@pytest.mark.parametrize("normalised", [False, True])
def test_shards_agree_with_the_batch_unless_examples_know_each_other(seed, normalised):
    rng = mg.Generator(seed)
    x, y = rng.normal((64, 20)), rng.normal((64, 5))
    between = [nn.BatchNorm(50)] if normalised else []
    network = nn.Sequential(nn.Dense(20, 50, rng=rng), *between, nn.Tanh(), nn.Dense(50, 5, rng=rng))

    def gradient(part):
        network.zero_grad()
        ((network(mg.tensor(x[part])) - mg.tensor(y[part])) ** 2).mean().backward()
        return np.concatenate([p.grad.numpy().ravel() for p in network.parameters()])

    whole = gradient(slice(64))
    shards = np.mean([gradient(slice(i, i + 8)) for i in range(0, 64, 8)], axis=0)
    apart = np.abs(shards - whole).max() / np.abs(whole).max()
    assert (apart > 0.05) if normalised else (apart < 1e-5)


def test_a_one_is_lost_beside_a_hundred_million():
    big, small = np.float32(1e8), np.float32(1)
    assert ((big + -big) + small, big + (-big + small)) == (1, 0)
