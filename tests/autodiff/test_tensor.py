"""Tensors have NumPy's manners, and keep float32."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigen as mg
from minigen.errors import DeviceError, DTypeError, GraphError, MinigenError, ShapeError

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
    y.backward(rng.random(y.shape))
    assert ta.grad.shape == a.shape
    assert tb.grad.shape == b.shape


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
    x = mg.tensor([1.0, 2.0])
    for y in (np.ones(2, np.float32) * x, np.ones(2, np.float32) + x, np.ones(2, np.float32) @ x, np.float32(3) - x):
        assert isinstance(y, mg.Tensor)


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


def test_asarray_shares_memory_on_the_host_and_is_refused_on_a_device(device):
    x = mg.tensor([1.0, 2.0])
    if device == "cpu":
        np.asarray(x)[0] = 7.0
        assert x.numpy()[0] == 7.0
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
    assert not (x * 2).detach().requires_grad
    assert x.astype("float64").dtype == np.float64


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


ONE_ARRAY = """exp expm1 log log1p sqrt sin cos tanh sigmoid softplus relu leaky_relu elu silu gelu sign abs clip
negative sum mean var std max min logsumexp softmax log_softmax norm flatten"""


@pytest.mark.parametrize("name", ONE_ARRAY.split())
def test_float32_stays_float32_forward_and_backward(device, name):
    x = mg.tensor(np.random.default_rng(0).random((3, 4)).astype(np.float32) + 0.5, requires_grad=True)
    y = getattr(mg, name)(x)
    assert y.dtype == np.float32
    if y.requires_grad:
        y.sum().backward()
        assert x.grad.dtype == np.float32


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: mg.ones((2, 3)) + mg.ones(4), ShapeError, ["add", "a (2, 3)", "b (4,)", "broadcast"]),
        (lambda: mg.ones((2, 3)) @ mg.ones((2, 3)), ShapeError, ["matmul", "(2, 3)", "last axis of a (3)"]),
        (lambda: mg.ones((2, 3)).reshape(4, 2), ShapeError, ["reshape", "6 elements", "(4, 2)"]),
        (lambda: mg.ones((2, 3)).sum(axis=2), MinigenError, ["sum", "axis 2"]),
        (lambda: mg.squeeze(mg.ones((2, 1)), 0), ShapeError, ["squeeze", "not of length 1"]),
        (lambda: mg.split(mg.ones(5), 2), ShapeError, ["split", "length 5", "2 equal parts"]),
        (lambda: mg.stack([mg.ones(2), mg.ones(3)]), ShapeError, ["stack", "one shape"]),
        (lambda: mg.concatenate([]), ShapeError, ["concatenate", "empty"]),
        (lambda: mg.pad(mg.ones(2), -1), ShapeError, ["pad", "width", "-1"]),
        (lambda: mg.ones(2)[5], MinigenError, ["getitem", "index 5"]),
        (lambda: mg.ones(2)[mg.ones(2)], MinigenError, ["index array", "float32"]),
        (lambda: mg.tensor("abc"), DTypeError, ["data must be numbers"]),
        (lambda: mg.tensor([[1, 2], [3]]), DTypeError, ["rectangular"]),
        (lambda: mg.tensor([mg.ones(1)]), DTypeError, ["mg.stack"]),
        (lambda: mg.tensor([1, 2], requires_grad=True), DTypeError, ["requires_grad", "int64", "float32"]),
        (lambda: mg.Tensor([1.0]), DTypeError, ["mg.tensor"]),
        (lambda: mg.ones(2) + "a", MinigenError, ["add"]),
        (lambda: mg.ones(2, device="gpu"), MinigenError, ["device", "'gpu'", "cpu, cuda"]),
        (lambda: mg.conv2d(mg.ones((5, 5)), mg.ones((3, 3, 1, 1))), ShapeError, ["conv2d", "4 axes"]),
        (lambda: mg.conv2d(mg.ones((1, 5, 5, 2)), mg.ones((3, 3, 1, 1))), ShapeError, ["2 channels", "takes 1"]),
        (lambda: mg.conv2d(mg.ones((1, 2, 2, 1)), mg.ones((3, 3, 1, 1))), ShapeError, ["does not fit", "padding"]),
        (lambda: mg.conv2d(mg.ones((1, 5, 5, 1)), mg.ones((3, 3, 1, 1)), 0), MinigenError, ["stride", "got 0"]),
        (lambda: mg.conv2d(mg.ones((1, 5, 5, 1)), mg.ones((3, 3, 1, 1)), padding="sane"), MinigenError, ["'same'"]),
        (lambda: mg.conv2d(mg.ones((1, 5, 5, 2)), mg.ones((3, 3, 1, 3)), groups=2), MinigenError, ["groups=2"]),
        (
            lambda: mg.conv2d_transpose(mg.ones((1, 5, 5, 1)), mg.ones((3, 3, 1, 1)), 2, output_size=20),
            ShapeError,
            ["output_size (20, 20)", "less than the stride"],
        ),
    ],
)
def test_bad_input_is_one_clear_line(call, error, parts):
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_mixed_devices_are_named(device, device_kind):
    if device == "cpu":
        pytest.skip("needs a second device")
    with pytest.raises(DeviceError, match=r"multiply: a is on 'cpu', b is on 'cuda'; move one"):
        mg.ones(2, device="cpu") * mg.ones(2, device="cuda")
