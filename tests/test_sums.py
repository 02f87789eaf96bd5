"""Sums over any axis, in any order of memory, against sums in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen import sums
from minigen.backend import to_numpy

ULP = np.finfo(np.float32).eps


def laid_out(x, axes, steps):
    """x in another order of memory: its axes as in `axes`, each with the step that `steps` gives."""
    sides = [x.shape[a] for a in axes]
    wide = np.zeros([abs(step) * n for n, step in zip(sides, steps, strict=True)], x.dtype)
    y = wide[tuple(slice(None, None, step) for step in steps)].transpose(np.argsort(axes))
    y[...] = x
    return y


@settings(max_examples=60)
@given(st.data())
def test_a_sum_is_as_exact_as_one_in_pairs(data):
    """Whatever the shape, the axes and the order of memory; constants are the worst, as their errors all go one way."""
    ndim = data.draw(st.integers(1, 4))
    sides = [data.draw(st.integers(1, 6)) for _ in range(ndim)]
    sides[data.draw(st.integers(0, ndim - 1))] = data.draw(st.sampled_from([1, 129, 1000, 10_000]))
    axes = data.draw(st.sets(st.integers(-ndim, ndim - 1), min_size=1))
    axes = tuple({a % ndim: a for a in axes}.values())
    value = data.draw(st.floats(0.0625, 1000.0, width=32))
    steps = [data.draw(st.sampled_from([1, 2, -1, -2])) for _ in sides]
    x = laid_out(np.full(sides, value, np.float32), data.draw(st.permutations(range(ndim))), steps)
    for axis in (axes, None, axes[0]):
        for keepdims in (False, True):
            exact = x.sum(axis=axis, keepdims=keepdims, dtype=np.float64)
            found = sums.total(x, axis, keepdims)
            assert found.shape == exact.shape
            assert found.dtype == np.float32
            assert np.abs(found / exact - 1).max() <= 32 * ULP


@pytest.mark.parametrize("width", [1, 2, 7, 15, 16, 33, 100])
@pytest.mark.parametrize("n", [1, 64, 128, 129, 1000, 10_001])
def test_rows_and_products_of_rows(n, width):
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 3, n, width), dtype=np.float32)
    assert np.allclose(sums.row_sums(x), x.sum(axis=1, dtype=np.float64), rtol=16 * ULP)
    assert np.allclose(sums.row_sums(x, y), (x.astype(np.float64) * y).sum(axis=1), rtol=16 * ULP)


@pytest.mark.parametrize("width", [1, 2, 40])
def test_a_million_equal_rows_have_no_deviation(width):
    x = np.full((1_000_000 // width, width), 1000.1, np.float32)
    for make in (mg.tensor, lambda a: a):
        assert np.allclose(np.float32(1000.1), np.asarray(mg.mean(make(x), axis=0)), rtol=4 * ULP)
        assert np.asarray(mg.std(make(x), axis=0)).max() <= 1000.1 * 16 * ULP
        assert np.asarray(mg.var(make(x), axis=0)).max() <= (1000.1 * 16 * ULP) ** 2
    gamma, beta = mg.ones(width, requires_grad=True), mg.zeros(width, requires_grad=True)
    y, mean, var = mg.batch_norm(mg.tensor(x), gamma, beta)
    assert np.allclose(mean, np.float32(1000.1), rtol=16 * ULP)
    assert var.max() <= (1000.1 * 32 * ULP) ** 2
    y.backward(np.full(x.shape, 0.1, np.float32))
    assert np.allclose(beta.grad.numpy(), len(x) * np.float64(np.float32(0.1)), rtol=32 * ULP)
    bias = mg.zeros(width, requires_grad=True)
    (mg.tensor(x) + bias).backward(np.full(x.shape, 0.1, np.float32))
    assert np.allclose(bias.grad.numpy(), len(x) * np.float64(np.float32(0.1)), rtol=32 * ULP)


def test_integers_nothing_and_infinity_are_numpys():
    for x in (np.ones((300, 3), int), np.zeros((0, 300)), np.zeros((300, 0)), np.full((300, 2), np.inf)):
        for axis in (0, 1, None):
            assert np.array_equal(sums.total(x, axis), x.sum(axis=axis))


@pytest.mark.parametrize("width", [1, 5, 128, 129, 5000])
def test_sums_along_rows(device, width):
    rng = np.random.default_rng(width)
    x, y = rng.standard_normal((2, 7, width)).astype(np.float32)
    given = [mg.tensor(a, device=device).data for a in (x, y)]
    size = np.abs(x.astype(np.float64)).sum(axis=1, keepdims=True)
    for found, right in (
        (sums.line_sums(given[0]), x.astype(np.float64).sum(axis=1, keepdims=True)),
        (sums.line_sums(*given), (x.astype(np.float64) * y).sum(axis=1, keepdims=True)),
    ):
        assert found.shape == (7, 1)
        assert found.dtype == np.float32
        assert (np.abs(to_numpy(found) - right) < 20 * ULP * (size + 1)).all()
