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


def test_the_noise_of_a_shard_is_its_own_and_that_of_its_number():
    first, second = mg.Generator(5), mg.Generator(5)
    whole = first.shards(range(8))
    part = second.shards(range(4, 6))
    drawn = [generator.normal((4,), device="cpu").tobytes() for generator in whole]
    assert len(set(drawn)) == 8
    assert drawn[4:6] == [generator.normal((4,), device="cpu").tobytes() for generator in part]
    assert first.state() == second.state()  # one number was drawn, however many there are
    assert first.shards([0])[0].seed != whole[0].seed


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


def test_integers_are_equal_on_all_devices(device):
    """Drawn on the host, handed to the device; the noise drawn there before makes no difference."""
    g = mg.Generator(3)
    if device != "cpu":
        g.normal((4,))
    drawn = g.integers(10, (50,))
    assert mg.Tensor(drawn).device == device
    assert np.array_equal(host(drawn), np.random.default_rng(3).integers(10, size=50))


def test_integers_are_uniform(device):
    """Pearson's statistic of 10 000 draws from 7 values: chi-square with 6 degrees of freedom, 22.5 at 0.1 %."""
    drawn = host(mg.Generator(1).integers(7, (100, 100)))
    assert drawn.shape == (100, 100)
    counts = np.bincount(drawn.ravel(), minlength=7)
    assert len(counts) == 7
    assert ((counts - 10_000 / 7) ** 2 / (10_000 / 7)).sum() < 22.5


def test_noise_is_normal_and_independent(device):
    """Moments to the fourth, and the correlation of each number with the next, within four standard errors."""
    n = 100_000
    z = host(mg.Generator(5).normal((n,), dtype=np.float64))
    for power, moment, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((z**power).mean() - moment) < 4 * np.sqrt(variance / n)
    assert abs((z[1:] * z[:-1]).mean()) < 4 / np.sqrt(n)
    u = host(mg.Generator(5).uniform((n,), dtype=np.float64))
    assert abs(u.var() - 1 / 12) < 4 * np.sqrt(1 / 180 / n)
    assert abs(((u[1:] - 0.5) * (u[:-1] - 0.5)).mean()) < 4 / 12 / np.sqrt(n)


def test_permutations_are_permutations():
    g = mg.Generator(0)
    firsts = [g.permutation(5) for _ in range(2000)]
    for p in firsts[:20]:
        assert np.array_equal(np.sort(p), np.arange(5))
    counts = np.bincount([p[0] for p in firsts], minlength=5)
    assert ((counts - 400) ** 2 / 400).sum() < 18.5  # chi-square with 4 degrees of freedom, at 0.1 %
    assert g.permutation(0).shape == (0,)


def test_spawned_generators_are_independent_and_reproducible():
    a, b = mg.Generator(0).spawn(), mg.Generator(0).spawn()
    assert np.array_equal(a.permutation(9), b.permutation(9))
    parent = mg.Generator(0)
    first, second = parent.spawn(), parent.spawn()
    assert first.seed != second.seed
    n = 50_000
    streams = [g.normal((n,), device="cpu") for g in (parent, first, second, mg.Generator(0))]
    correlations = np.corrcoef(streams)[np.triu_indices(4, 1)]
    assert np.abs(correlations).max() < 4.5 / np.sqrt(n)


def test_a_spawned_generator_does_not_depend_on_what_the_other_draws_later():
    one, other = mg.Generator(0), mg.Generator(0)
    a, b = one.spawn(), other.spawn()
    other.permutation(1000)
    assert np.array_equal(a.permutation(20), b.permutation(20))


def test_the_default_generator():
    mg.seed(5)
    first = mg.nn.Dense(3, 3).w.numpy().copy()
    mg.seed(5)
    assert np.array_equal(first, mg.nn.Dense(3, 3).w.numpy())
    assert not np.array_equal(first, mg.nn.Dense(3, 3).w.numpy())
    assert "seed=5" in repr(mg.random.default_generator())


@pytest.mark.parametrize("seed", [-1, 1.5, "1", None, True, np.float64(2), np.bool_(True), [1]])
def test_bad_seeds(seed):
    for start in (mg.Generator, mg.seed):
        with pytest.raises(ArgumentError, match=r"seed: expected an integer >= 0, got"):
            start(seed)


@pytest.mark.parametrize("seed", [2**63, 2**64, np.uint64(2**63), pytest.param(10**5000, id="huge")])
def test_seeds_beyond_all(seed):
    for start in (mg.Generator, mg.seed):
        with pytest.raises(ArgumentError, match=r"seed: expected an integer below 2\^63, got one of \d+ bits"):
            start(seed)


def test_after_the_last_seed_comes_the_first():
    assert mg.random.next_seed(2**63 - 1) == 0
    assert mg.random.next_seed(7) == 8


def test_a_refused_seed_leaves_the_default_generator_alone():
    mg.seed(5)
    with pytest.raises(ArgumentError):
        mg.seed(-1)
    assert mg.random.default_generator().seed == 5


@pytest.mark.parametrize("seed", [0, np.int64(7), np.uint8(3), 2**63 - 1])
def test_good_seeds(seed):
    assert mg.Generator(seed).seed == int(seed)
    assert np.array_equal(mg.Generator(seed).permutation(20), mg.Generator(int(seed)).permutation(20))


@pytest.mark.parametrize("rng", [0, 1, np.random.default_rng(0)])
def test_a_seed_is_not_a_generator(rng):
    for act in (
        lambda: mg.nn.Dense(2, 2, rng=rng),
        lambda: mg.nn.Dropout(0.5, rng=rng),
        lambda: mg.distributions.Normal(mg.zeros(2), mg.zeros(2)).sample(rng),
        lambda: mg.data.Loader(np.ones(3), batch_size=1, rng=rng),
    ):
        with pytest.raises(ArgumentError, match=r"rng: expected a Generator, got .*; write mg\.Generator"):
            act()
