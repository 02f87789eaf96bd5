"""Orders, positions and repeats, for any shape and with ties, beside NumPy."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import minigen as mg

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
KINDS = (np.float32, np.float64, np.int64, np.uint8, np.bool_)


@st.composite
def with_axis(draw):
    """An array with many ties, and one of its axes."""
    dtype = draw(st.sampled_from(KINDS))
    values = st.sampled_from([0, 1, 3, 200] if np.dtype(dtype).kind in "ub" else [0, 1, -2, 3])
    x = draw(arrays(np.int64, array_shapes(min_side=0, max_side=4, max_dims=3), elements=values))
    return x.astype(dtype), draw(st.integers(-x.ndim, x.ndim - 1))


@FEW
@given(with_axis(), st.booleans())
def test_an_order_is_stable_either_way(device, case, descending):
    x, axis = case
    order = mg.argsort(mg.tensor(x, device=device), axis, descending).numpy()
    key = -x.astype(float) if descending else x
    assert np.array_equal(order, np.argsort(key, axis=axis, kind="stable"))
    assert order.dtype == np.int64


@FEW
@given(with_axis(), st.data())
def test_the_largest_are_the_first_of_the_falling_order(device, case, data):
    x, axis = case
    k = data.draw(st.integers(0, x.shape[axis]))
    values, indices = mg.topk(mg.tensor(x, device=device), k, axis)
    order = np.argsort(-x.astype(float), axis=axis, kind="stable").take(range(k), axis)
    assert np.array_equal(indices.numpy(), order)
    assert np.array_equal(values.numpy(), np.take_along_axis(x, order, axis))
    assert values.dtype == x.dtype


def test_nan_counts_as_larger_than_any_number(device):
    x = mg.tensor([2.0, np.nan, np.inf, 1.0])
    assert x.argsort().numpy().tolist() == [3, 0, 2, 1]
    assert mg.topk(x, 2)[1].numpy().tolist() == [1, 2]


@FEW
@given(with_axis(), st.data())
def test_elements_along_an_axis_and_where_their_gradients_go(device, case, data):
    x, axis = case
    length = x.shape[axis]
    shape = [data.draw(st.sampled_from([1, n])) if n != 1 else 1 for n in x.shape]
    shape[axis] = data.draw(st.integers(0, 4)) if length else 0
    index = data.draw(
        arrays(np.int64, tuple(shape), elements=st.integers(-length, length - 1) if length else st.just(0))
    )
    t = mg.tensor(x, device=device)
    expected = np.take_along_axis(
        x, np.broadcast_to(index, [*x.shape[: axis % x.ndim], shape[axis], *x.shape[axis % x.ndim + 1 :]]), axis
    )
    for form in (index, mg.tensor(index, device=device)):
        y = mg.take_along_axis(t, form, axis)
        assert y.dtype == x.dtype
        assert np.array_equal(y.numpy(), expected)
    t = mg.tensor(x.astype(np.float64), device=device, requires_grad=True)
    y = mg.take_along_axis(t, index, axis)
    g = np.random.default_rng(0).standard_normal(y.shape)
    y.backward(g)
    right = np.zeros(x.shape)
    full = np.broadcast_to(index, y.shape)
    for place in np.ndindex(*y.shape):
        source = list(place)
        source[axis] = full[place]
        right[tuple(source)] += g[place]
    assert np.allclose(t.grad.numpy(), right)


@FEW
@given(with_axis(), st.data())
def test_repeats_and_running_sums(device, case, data):
    x, axis = case
    t = mg.tensor(x, device=device)
    several = data.draw(arrays(np.int64, x.shape[axis], elements=st.integers(0, 3)))
    for times in (0, 1, 3, np.int64(2), several, several.tolist() if several.size else 0):
        for along in (axis, None) if np.ndim(times) == 0 else (axis,):
            y = mg.repeat(t, times, along)
            assert np.array_equal(y.numpy(), np.repeat(x, times, along))
            assert y.dtype == x.dtype
    for along in (axis, None):
        y = mg.cumsum(t, along)
        assert np.array_equal(y.numpy(), np.cumsum(x, along))
        assert y.dtype.kind == ("f" if x.dtype.kind == "f" else np.cumsum(x).dtype.kind)
    assert np.array_equal(t.cumsum(axis).numpy(), np.cumsum(x, axis))


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_integers_stay_integers(device, dtype):
    x = mg.tensor(np.array([[7, 2, 9], [4, 4, 1]], dtype), device=device)
    for y in (x // 2, x % 4, mg.floor(x), mg.tril(x), mg.triu(x), mg.repeat(x, 2, 0), mg.topk(x, 1)[0], x.cumsum(0)):
        assert y.dtype.kind in "iu"
    for y in (x // 2, x % 4, mg.floor(x), mg.tril(x), mg.triu(x), mg.repeat(x, 2, 0), mg.topk(x, 1)[0]):
        assert y.dtype == dtype
    assert mg.einsum("ij,kj", x, x).dtype.kind in "iu"
    assert (9 // x).numpy().tolist() == (9 // x.numpy()).tolist()
    assert (9 % x).numpy().tolist() == (9 % x.numpy()).tolist()


def test_they_do_not_wait_for_the_device(device, device_kind):
    if device_kind != "double":
        pytest.skip("the double of CuPy notices")
    from minigen import backend

    x, index = (
        mg.tensor(np.random.default_rng(0).random((3, 3), np.float32), requires_grad=True),
        mg.tensor([[0], [2], [2]]),
    )
    with backend.cupy().forbid_sync():
        y = mg.topk(x, 2)[0] + mg.take_along_axis(x, index, 1) + x.cumsum(0)[:, :2] + mg.tril(x)[:, :2] + x[:, :2] % 0.3
        y = (
            y
            + mg.repeat(x, 2, 1)[:, :2]
            + mg.einsum("ij,jk", x, x)[:, :2]
            + mg.gelu_exact(x)[:, 1:]
            + mg.floor(x)[:, :2]
        )
        y.sum().backward(mg.ones(()))
