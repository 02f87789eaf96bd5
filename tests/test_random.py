"""Generators: the seed decides, the host draws what must be equal everywhere."""

import numpy as np
import pytest

import minigen as mg
from minigen.errors import ArgumentError


def host(array):
    return array if isinstance(array, np.ndarray) else array.get()


def test_same_seed_same_numbers(device):
    a, b, c = mg.Generator(1), mg.Generator(1), mg.Generator(2)
    for draw in (lambda g: g.normal((5,)), lambda g: g.uniform((5,)), lambda g: g.integers(100, (5,))):
        first, second, other = host(draw(a)), host(draw(b)), host(draw(c))
        assert np.array_equal(first, second)
        assert not np.array_equal(first, other)


def test_moments_and_types(device):
    g = mg.Generator(0)
    normal, uniform = host(g.normal((100_000,))), host(g.uniform((100_000,)))
    assert normal.dtype == uniform.dtype == np.float32
    assert abs(normal.mean()) < 0.015
    assert abs(normal.std() - 1) < 0.015
    assert abs(uniform.mean() - 0.5) < 0.005
    assert 0 <= uniform.min() <= uniform.max() < 1
    assert host(g.normal((2,), dtype=np.float64)).dtype == np.float64


def test_numbers_lie_where_they_are_drawn(device):
    g = mg.Generator(0)
    assert mg.Tensor(g.normal((2,))).device == device
    assert mg.Tensor(g.normal((2,), device="cpu")).device == "cpu"


def test_weights_and_permutations_are_equal_on_all_devices(device):
    expected = np.random.default_rng(3)
    g = mg.Generator(3)
    g.normal((4,))  # noise on a device does not disturb the host's stream
    if device == "cpu":
        expected.standard_normal(4, dtype=np.float32)
    assert np.array_equal(g.permutation(50), expected.permutation(50))


def test_spawned_generators_are_independent_and_reproducible():
    a, b = mg.Generator(0).spawn(), mg.Generator(0).spawn()
    assert np.array_equal(a.permutation(9), b.permutation(9))
    parent = mg.Generator(0)
    first, second = parent.spawn(), parent.spawn()
    assert first.seed != second.seed


def test_the_default_generator():
    mg.seed(5)
    first = mg.nn.Dense(3, 3).w.numpy().copy()
    mg.seed(5)
    assert np.array_equal(first, mg.nn.Dense(3, 3).w.numpy())
    assert not np.array_equal(first, mg.nn.Dense(3, 3).w.numpy())
    assert "seed=5" in repr(mg.random.default_generator())


@pytest.mark.parametrize("seed", [-1, 1.5, "1", None, True])
def test_bad_seeds(seed):
    with pytest.raises(ArgumentError, match="seed: expected an integer >= 0"):
        mg.Generator(seed)
