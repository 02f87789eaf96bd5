"""Tensors have NumPy's manners, and keep float32."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigen as mg
from minigen.errors import DeviceError, DTypeError, GraphError

X = np.arange(24.0).reshape(2, 3, 4)


@settings(max_examples=60, deadline=None)
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3), st.sampled_from("+-*/"))
def test_broadcasting_is_numpys_and_gradients_have_the_inputs_shapes(shapes, sign):
    rng = np.random.default_rng(0)
    a, b = (rng.random(s) + 1 for s in shapes.input_shapes)
    ta, tb = mg.tensor(a, requires_grad=True), mg.tensor(b, requires_grad=True)
    operation = {"+": lambda u, v: u + v, "-": lambda u, v: u - v, "*": lambda u, v: u * v, "/": lambda u, v: u / v}[
        sign
    ]
    y = operation(ta, tb)
    assert np.array_equal(y.numpy(), operation(a, b))
    g = rng.random(y.shape)
    y.backward(g)
    da, db = {"+": (1, 1), "-": (1, -1), "*": (b, a), "/": (1 / b, -a / b**2)}[sign]
    assert np.allclose(ta.grad.numpy(), summed_where_repeated(g * da, a.shape))
    assert np.allclose(tb.grad.numpy(), summed_where_repeated(g * db, b.shape))


def summed_where_repeated(g, shape):
    """Each element of an array of `shape` collects g wherever broadcasting put a copy of it."""
    copies = np.broadcast_to(np.arange(np.prod(shape, dtype=int)).reshape(shape), g.shape)
    return np.bincount(copies.ravel(), g.ravel(), minlength=int(np.prod(shape))).reshape(shape)


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        (1, 2),
        slice(None, None, -1),
        (slice(None), slice(2, None, -2)),
        (..., 1),
        (None, 1, ..., None),
        np.array([1, 0, 1]),
        (slice(None), np.array([[2, 0], [2, 1]])),
        (np.array([0, 1]), slice(None), np.array([3, 3])),
        [1, 1],
        [],
        np.array([True, False]),
        (0, np.array([True, False, True])),
        np.int64(1),
    ],
    ids=repr,
)
def test_indexing_is_numpys(device, index):
    x = mg.tensor(X, device=device, requires_grad=True)
    y = x[index]
    assert np.array_equal(y.numpy(), X[index])
    y.sum().backward()
    expected = np.zeros_like(X)
    np.add.at(expected, index, 1.0)
    assert np.array_equal(x.grad.numpy(), expected)


def test_tensors_as_indices(device):
    x, ids = mg.tensor(X, device=device), mg.tensor(np.array([1, 0]), device=device)
    assert np.array_equal(x[ids].numpy(), X[[1, 0]])
    assert np.array_equal(x[:, ids, 1].numpy(), X[:, [1, 0], 1])
    assert np.array_equal(x[mg.tensor(1)].numpy(), X[1])
    assert np.array_equal(x[x > 7.5].numpy(), X[X > 7.5])
    assert np.array_equal(x[0, x[0, :, 0] > 3, 1:].numpy(), X[0, X[0, :, 0] > 3, 1:])


def same_as_numpy(array, index):
    """Values and gradient of array[index]: the gradient counts how often each element was taken."""
    x = mg.tensor(array, requires_grad=True)
    y = x[index]
    assert y.shape == array[index].shape
    assert np.array_equal(y.numpy(), array[index])
    g = np.random.default_rng(0).standard_normal(y.shape)
    y.backward(g)
    expected = np.zeros_like(array)
    np.add.at(expected, index, g)
    assert np.allclose(x.grad.numpy(), expected)


@settings(max_examples=100, deadline=None)
@given(hnp.basic_indices((2, 3, 4), allow_newaxis=True))
def test_every_basic_index_is_numpys(index):
    same_as_numpy(X, index)


@settings(max_examples=60, deadline=None)
@given(hnp.integer_array_indices((2, 3, 4), result_shape=hnp.array_shapes(max_dims=2, max_side=4)))
def test_every_index_by_integer_arrays_is_numpys(index):
    same_as_numpy(X, index)


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(bool, (2, 3)))
def test_every_mask_is_numpys(mask):
    same_as_numpy(X, mask)
    same_as_numpy(X, (0, slice(1, None), mask.T.ravel()[:4]))


def test_operators(device):
    a, b = mg.tensor([1.0, 2.0, 3.0], device=device), mg.tensor([3.0, 2.0, 0.5], device=device)
    na, nb = a.numpy(), b.numpy()
    pairs = [
        (a + b, na + nb),
        (2 + a, 2 + na),
        (1 - a, 1 - na),
        (a / b, na / nb),
        (2 / a, 2 / na),
        (a**b, na**nb),
        (2**a, 2**na),
        (-a, -na),
        (abs(-a), na),
        (a @ b, na @ nb),
        (a > b, na > nb),
        (a < b, na < nb),
        (a >= b, na >= nb),
        (a <= b, na <= nb),
        (a == b, na == nb),
        (a != b, na != nb),
        (a > 0.5, na > 0.5),
    ]
    for ours, numpys in pairs:
        assert isinstance(ours, mg.Tensor)
        assert ours.shape == numpys.shape
        assert np.allclose(ours.numpy(), numpys)


def test_arrays_on_the_left_give_tensors():
    x, left = mg.tensor([1.0, 2.0], requires_grad=True), np.array([3.0, 5.0], np.float32)
    pairs = [
        (left + x, [4, 7]),
        (left - x, [2, 3]),
        (left * x, [3, 10]),
        (left / x, [3, 2.5]),
        (left**x, [3, 25]),
        (left @ x, 13),
        (np.float32(3) - x, [2, 1]),
        (np.float64(3) * x, [3, 6]),
        ([3.0, 5.0] * x, [3, 10]),
        ([3.0, 5.0] @ x, 13),
    ]
    for y, expected in pairs:
        assert isinstance(y, mg.Tensor)
        assert y.requires_grad
        assert y.dtype == np.float32
        assert np.allclose(y.numpy(), expected)
    for y, expected in ((left > x, [True, True]), (left == x + 2, [True, False]), (left <= x, [False, False])):
        assert isinstance(y, mg.Tensor)
        assert np.array_equal(y.numpy(), expected)


def test_an_array_does_not_swallow_a_tensor():
    array, x = np.ones(2), mg.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(GraphError, match=r"np\.add: .* hand over tensor\.detach"):
        array += x
    with pytest.raises(GraphError, match=r"use mg\.exp"):
        np.exp(x)


def test_shapes(device):
    x = mg.tensor(X, device=device)
    assert x.reshape(4, 6).shape == x.reshape((4, -1)).shape == (4, 6)
    assert x.transpose(1, 0, 2).shape == x.transpose((1, 0, 2)).shape == (3, 2, 4)
    assert x.T.shape == x.transpose().shape == (4, 3, 2)
    assert x[:, :1].squeeze(1).shape == (2, 4)
    assert (x.shape, x.ndim, x.size, len(x), x.dtype) == ((2, 3, 4), 3, 24, 2, np.float64)
    assert [row.shape for row in x] == [(3, 4), (3, 4)]
    assert x.mean(axis=(0, 2), keepdims=True).shape == (1, 3, 1)


def test_numbers(device):
    x = mg.tensor(2.5, device=device)
    assert (x.item(), float(x), int(x), bool(x), f"{x:.2f}") == (2.5, 2.5, 2, True, "2.50")
    with pytest.raises(DTypeError, match="neither true nor false"):
        bool(mg.ones(2))
    with pytest.raises(DTypeError, match="0-d"):
        len(x)


def test_repr_shows_shape_dtype_device_and_op(device):
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    for part in ("shape=(2,)", "dtype=float32", f"device={device}", "op=leaf", "requires_grad=True"):
        assert part in repr(x)
    y = mg.exp(x)
    assert "op=exp" in repr(y)
    y.sum().backward()
    assert "op=exp" in repr(y)
    assert x.is_leaf
    assert not y.is_leaf


def test_tensors_are_themselves_in_sets_and_dicts():
    a, b = mg.ones(2), mg.ones(2)
    assert len({a, b, a}) == 2
    assert {a: "a", b: "b"}[b] == "b"


def test_a_misspelled_name_is_an_error():
    x = mg.ones(2)
    with pytest.raises(AttributeError, match="gard"):
        _ = x.gard
    with pytest.raises(AttributeError, match="requires_gard"):
        x.requires_gard = True


def test_methods_are_the_operations(device):
    x = mg.tensor(np.array([[0.5, 2.0], [1.5, 0.25]]))
    for name in ["exp", "log", "sqrt", "tanh", "sigmoid", "relu", "argmax"]:
        assert np.array_equal(getattr(x, name)().numpy(), getattr(mg, name)(x).numpy())
    for name in ["sum", "mean", "var", "std", "max", "min", "norm"]:
        for given_ in ({}, {"axis": 1}, {"axis": (0, 1), "keepdims": True}):
            assert np.array_equal(getattr(x, name)(**given_).numpy(), getattr(mg, name)(x, **given_).numpy())
    assert np.array_equal(x.clip(0.4, 1.0).numpy(), np.clip(x.numpy(), 0.4, 1.0))
    assert np.array_equal(x.take([1], axis=1).numpy(), x.numpy()[:, [1]])


def test_long_tensors_are_abbreviated(device):
    text = repr(mg.zeros((1000, 1000)))
    assert "shape=(1000, 1000)" in text
    assert "..." in text
    assert len(text) < 500


def test_asarray_shares_memory_on_the_host_and_is_refused_on_a_device(device):
    x = mg.tensor([1.0, 2.0])
    if device == "cpu":
        np.asarray(x)[0] = 7.0
        assert x.numpy()[0] == 7.0
        assert not np.shares_memory(np.array(x), x.data)
        assert np.asarray(x, dtype=np.float64).dtype == np.float64
        given_ = np.ones(2)
        assert mg.tensor(given_).data is given_
    else:
        with pytest.raises(DeviceError, match=r"\.numpy\(\)"):
            np.asarray(x)


def test_tensors_are_not_changed_in_place():
    with pytest.raises(GraphError, match="not changed in place"):
        mg.ones(2)[0] = 1.0


def test_moving_and_detaching(device):
    x = mg.ones((2,), requires_grad=True)
    assert x.to(device) is x
    moved = x.to("cpu")
    assert moved.device == "cpu"
    assert moved.requires_grad
    y = x * 2
    assert not y.detach().requires_grad
    assert y.detach().data is y.data
    wide = x.astype("float64")
    assert wide.dtype == np.float64
    (wide * wide).sum().backward()
    assert x.grad.dtype == np.float32
    assert np.array_equal(x.grad.numpy(), [2, 2])
    assert not x.astype(int).requires_grad


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, np.float32),
        ([1.0, 2], np.float32),
        ([1, 2], np.int64),
        (True, np.bool_),
        (np.ones(2), np.float64),
        (np.ones(2, np.float32), np.float32),
        (np.float64(2), np.float64),
    ],
)
def test_types_of_new_tensors(device, data, dtype):
    assert mg.tensor(data).dtype == dtype
    assert mg.tensor(data).device == device
    assert mg.tensor(data, dtype="float32").dtype == np.float32


def test_creation(device):
    assert mg.zeros((2, 3)).dtype == mg.ones(2).dtype == mg.arange(0, 1, 0.5).dtype == np.float32
    assert mg.arange(3).dtype == np.int64
    assert np.array_equal(mg.arange(1, 4).numpy(), [1, 2, 3])
    assert mg.zeros(2).device == device


def test_float64_comes_only_from_float64(device):
    x, n = mg.tensor([1.0, 2.0]), mg.tensor([1, 2])
    for y in (
        x * 2.5,
        x + np.float64(2),
        np.float64(2) * x,
        x**2,
        x / 3,
        1 / x,
        n / 2,
        n.mean(),
        mg.exp(n),
        mg.sqrt(n * 1.0),
    ):
        assert y.dtype == np.float32
    for y in (x * [0.5, 0.5], x + mg.tensor(True), mg.where(x > 1, x, 0.0), mg.maximum(x, 0.5), (x > 1).mean()):
        assert y.dtype == np.float32
    assert (x * mg.tensor(np.ones(2), device=device)).dtype == np.float64
