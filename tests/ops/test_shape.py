"""The gradient of looking rows up in a table, against adding them one by one."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import minigen as mg


@given(st.integers(1, 9), st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from([(), (3,), (2, 3)]))
def test_rows_of_one_place_are_added(count, looked_up, seed, row):
    rng = np.random.default_rng(seed)
    ids, g = rng.integers(-count, count, looked_up), rng.standard_normal((looked_up, *row))
    table = mg.tensor(rng.standard_normal((count, *row)), requires_grad=True)
    mg.take(table, ids, axis=0).backward(g)
    expected = np.zeros(table.shape)
    for i, add in zip(ids, g, strict=True):
        expected[i] += add
    np.testing.assert_allclose(table.grad.numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", [np.uint8, np.int64])
def test_ids_of_any_integer_type_in_a_table_longer_than_a_byte(kind):
    ids = np.array([[200, 3], [3, 3]], kind)
    table = mg.zeros((300, 2), requires_grad=True)
    mg.take(table, ids, axis=0).sum().backward()
    expected = np.zeros((300, 2))
    expected[200], expected[3] = 1, 3
    np.testing.assert_array_equal(table.grad.numpy(), expected)


def test_many_small_gradients_of_one_row_are_not_lost():
    """In float32, adding 1e-4 to 2048 changes nothing."""
    table = mg.zeros((2, 1), requires_grad=True)
    g = np.full((100_001, 1), 1e-4, np.float32)
    g[0] = 2048
    mg.take(table, np.ones(len(g), int), axis=0).backward(g)
    assert table.grad.numpy()[1, 0] == np.float32(2058)
    assert table.grad.numpy()[0, 0] == 0
