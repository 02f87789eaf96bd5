"""Bad input: one line that names the operation and the argument, says what came, and how to mend it."""

import contextlib

import numpy as np
import pytest

import minigen as mg
from minigen.errors import ArgumentError, DeviceError, DTypeError, MinigenError, ShapeError
from tests.cupy_double import double


def told(act, error, *parts):
    """`act` raises `error`, in one line that holds all of `parts`."""
    with pytest.raises(error) as caught:
        act()
    message = str(caught.value)
    assert isinstance(caught.value, MinigenError)
    assert "\n" not in message
    for part in parts:
        assert part in message


@pytest.fixture
def two_devices(request):
    """Both 'cpu' and 'cuda' at hand: the double of CuPy, or a real device where one was asked for."""
    real = request.config.getoption("--device") == "cuda"
    with contextlib.nullcontext() if real else double.installed():
        yield


TWO_ARRAYS = ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "equal", "not_equal", "greater"]
TWO_ARRAYS += ["greater_equal", "bce_with_logits", "floor_divide", "remainder"]


@pytest.mark.parametrize("name", TWO_ARRAYS)
def test_shapes_that_do_not_broadcast(device, name):
    f = getattr(mg, name)
    for a, b in ((mg.ones((2, 3)), mg.ones(4)), (mg.ones((2, 3)), mg.ones((3, 3)))):
        told(
            lambda a=a, b=b: f(a, b),
            ShapeError,
            f"{name}: ",
            f"{a.shape}",
            f"{b.shape}",
            "do not broadcast",
            "equal or have a 1",
        )


@pytest.mark.parametrize("name", ["add", "multiply", "power", "maximum", "greater", "matmul"])
@pytest.mark.parametrize("other", ["text", None, object(), {}])
def test_operands_that_are_no_numbers(device, name, other):
    told(lambda: getattr(mg, name)(mg.ones(2), other), MinigenError, f"{name}: ")


@pytest.mark.parametrize("name", ["sum", "mean", "var", "max", "min", "logsumexp", "norm", "softmax", "log_softmax"])
@pytest.mark.parametrize("axis", [2, -3])
def test_axes_out_of_range(device, name, axis):
    told(lambda: getattr(mg, name)(mg.ones((2, 3)), axis=axis), ShapeError, f"axis {axis} is out of", "2")


@pytest.mark.parametrize("name", ["sum", "mean", "var", "max", "min", "logsumexp", "norm"])
def test_axes_that_are_no_axes(device, name):
    for axis in (1.0, "rows", (0, 0)):
        told(lambda axis=axis: getattr(mg, name)(mg.ones((2, 3)), axis=axis), MinigenError, f"{name}: ", "x (2, 3)")


@pytest.mark.parametrize(
    ("act", "error", "parts"),
    [
        # shapes
        (lambda x: x.reshape(4, 2), ShapeError, ["reshape", "6 elements", "(2, 3)", "(4, 2)", "must be equal"]),
        (lambda x: x.reshape(-1, -1), ShapeError, ["reshape", "(-1, -1)", "one length may be -1"]),
        (lambda x: x.transpose(0, 0), ShapeError, ["transpose", "x (2, 3)"]),
        (lambda x: x.transpose(0, 1, 2), ShapeError, ["transpose", "x (2, 3)"]),
        (lambda x: mg.expand_dims(x, 4), ShapeError, ["expand_dims", "axis 4", "3 axes"]),
        (lambda x: mg.squeeze(x, 0), ShapeError, ["squeeze", "axis 0", "(2, 3)", "not of length 1"]),
        (lambda x: mg.squeeze(x, 2), ShapeError, ["squeeze", "axis 2", "2 axes"]),
        (lambda x: mg.flip(x, 2), ShapeError, ["flip", "axis 2"]),
        (lambda x: mg.flatten(x.sum()), ShapeError, ["flatten", "no axes", "(N, ...)"]),
        (lambda x: mg.broadcast_to(x, (3, 3)), ShapeError, ["broadcast_to", "x (2, 3)"]),
        (lambda x: mg.pad(x, -1), ShapeError, ["pad", "width", "int >= 0", "-1"]),
        (lambda x: mg.pad(x, ((1, 1),)), ShapeError, ["pad", "width", "2 pairs", "((1, 1),)"]),
        # joining, cutting
        (lambda x: mg.concatenate([]), ShapeError, ["concatenate", "xs is empty", "at least one"]),
        (lambda x: mg.concatenate([x, x.T]), ShapeError, ["concatenate", "inputs[0] (2, 3)", "inputs[1] (3, 2)"]),
        (lambda x: mg.concatenate([x, x], axis=2), ShapeError, ["concatenate", "axis 2"]),
        (lambda x: mg.stack([x, x.T]), ShapeError, ["stack", "one shape", "[(2, 3), (3, 2)]"]),
        (lambda x: mg.stack([]), ShapeError, ["stack", "xs is empty", "at least one"]),
        (lambda x: mg.split(x, 2, axis=1), ShapeError, ["split", "length 3", "2 equal parts"]),
        (lambda x: mg.split(x, 0), ShapeError, ["split", "0 equal parts"]),
        (lambda x: mg.split(x, 2, axis=2), ShapeError, ["split", "axis 2", "2 axes"]),
        # indexing
        (lambda x: x[2], ShapeError, ["getitem", "x (2, 3)"]),
        (lambda x: x[0, 0, 0], ShapeError, ["getitem", "x (2, 3)"]),
        (lambda x: x[0.5], ShapeError, ["getitem", "x (2, 3)"]),
        (lambda x: x[[0.5]], ArgumentError, ["getitem", "integers or booleans", "float"]),
        (lambda x: x[mg.ones(2)], ArgumentError, ["getitem", "integers or booleans", "float32"]),
        (lambda x: x[np.array([True])], ShapeError, ["getitem", "mask of shape (1,)", "axis 0", "(2, 3)"]),
        (lambda x: x[[True, False, True]], ShapeError, ["getitem", "mask of shape (3,)", "axis 0", "(2, 3)"]),
        (lambda x: x[..., [True, False]], ShapeError, ["getitem", "mask of shape (2,)", "axis 1", "(2, 3)"]),
        (lambda x: x[None, :, [True]], ShapeError, ["getitem", "mask of shape (1,)", "axis 1", "(2, 3)"]),
        (lambda x: x[np.ones((2, 1), bool)], ShapeError, ["getitem", "mask of shape (2, 1)", "(2, 3)"]),
        (lambda x: x[mg.tensor(True)], ShapeError, ["getitem", "mask of shape ()"]),
        (lambda x: mg.take(x, [0], axis=2), ShapeError, ["take", "axis 2", "2 axes"]),
        # along an axis
        (lambda x: mg.cumsum(x, 2), ShapeError, ["cumsum", "axis 2", "2 axes"]),
        (lambda x: mg.argsort(x, axis=-3), ShapeError, ["argsort", "axis -3", "2 axes"]),
        (lambda x: mg.topk(x, 1, axis=2), ShapeError, ["topk", "axis 2", "2 axes"]),
        *(
            (lambda x, k=k: mg.topk(x, k), ArgumentError, ["topk: k", "integer in 0 ... 3", "axis 1", repr(k)])
            for k in (4, -1, 1.0, True, None)
        ),
        (lambda x: mg.take_along_axis(x, [0, 1], 1), ShapeError, ["take_along_axis", "(2,)", "(2, 3)", "axis 1"]),
        (lambda x: mg.take_along_axis(x, [[0]] * 3, 1), ShapeError, ["take_along_axis", "(3, 1)", "(2, 3)"]),
        (lambda x: mg.take_along_axis(x, [[0]], 2), ShapeError, ["take_along_axis", "axis 2", "2 axes"]),
        (lambda x: mg.take_along_axis(x, mg.ones((2, 1)), 1), DTypeError, ["take_along_axis", "integers", "float32"]),
        (lambda x: mg.take_along_axis(x, np.ones((2, 1), bool), 1), DTypeError, ["take_along_axis", "bool"]),
        (lambda x: mg.repeat(x, 2, axis=2), ShapeError, ["repeat", "axis 2", "2 axes"]),
        *(
            (lambda x, n=n: mg.repeat(x, n, 1), ArgumentError, ["repeat: repeats", "3 of them", "axis 1", repr(n)])
            for n in (-1, 1.5, [1, 2], [1, -1, 2], True)
        ),
        (lambda x: mg.tril(x[0]), ShapeError, ["tril", "(3,)", "matrices"]),
        (lambda x: mg.triu(x.sum()), ShapeError, ["triu", "()", "matrices"]),
        (lambda x: mg.tril(x, 0.5), ArgumentError, ["tril: k", "integer", "0.5"]),
        # sums of products
        (lambda x: mg.einsum(x, x), ArgumentError, ["einsum: subscripts", "'ij,jk->ik'", "Tensor"]),
        (lambda x: mg.einsum("ij,jk", x), ArgumentError, ["einsum", "'ij,jk'", "2 operands", "1 are given"]),
        (lambda x: mg.einsum("i1->i", x), ArgumentError, ["einsum", "'i1->i'", "letters", "got 'i1'"]),
        (lambda x: mg.einsum("ij->i->j", x), ArgumentError, ["einsum", "one '->'"]),
        (lambda x: mg.einsum("......", x), ArgumentError, ["einsum", "one '...'"]),
        (lambda x: mg.einsum("ij->ii", x), ArgumentError, ["einsum", "'ij->ii'", "once"]),
        (lambda x: mg.einsum("ij->ik", x), ArgumentError, ["einsum", "'ij->ik'", "in an operand"]),
        (lambda x: mg.einsum("...j->j", x), ArgumentError, ["einsum", "'...j->j'", "name it too"]),
        (lambda x: mg.einsum("ijk->i", x), ShapeError, ["einsum", "operand 0", "(2, 3)", "'ijk' names 3 axes"]),
        (lambda x: mg.einsum("i->i", x), ShapeError, ["einsum", "operand 0", "(2, 3)"]),
        (lambda x: mg.einsum("ij,kj", x, x.T), ShapeError, ["einsum", "'j'", "'ij' (2, 3)", "'kj' (3, 2)", "equal"]),
        (lambda x: mg.einsum("ii", x), ShapeError, ["einsum", "'i'", "'ii' (2, 3)"]),
        (
            lambda x: mg.group_norm(x, mg.ones(3), mg.ones(3), 2),
            ArgumentError,
            ["group_norm", "groups", "3 channels", "2"],
        ),
        (lambda x: mg.group_norm(x[0], mg.ones(3), mg.ones(3), 1), ShapeError, ["group_norm", "(3,)", "(N, ..., C)"]),
        # products
        (lambda x: x @ x, ShapeError, ["matmul", "a has shape (2, 3)", "b (2, 3)", "last axis of a (3)", "of b (2)"]),
        (lambda x: x @ mg.ones(2), ShapeError, ["matmul", "(2,)", "only axis of b (2)"]),
        (lambda x: x @ mg.ones((5, 2, 3)), ShapeError, ["matmul", "last but one axis of b (2)"]),
        (lambda x: x @ 2, ShapeError, ["matmul", "use * for scalars"]),
        (lambda x: mg.dense(x, x, None), ShapeError, ["dense", "x has shape (2, 3)", "w (2, 3)", "last axis of x"]),
        (lambda x: mg.dense(x, mg.ones(3), None), ShapeError, ["dense", "w (3,)"]),
        (lambda x: mg.dense(x, x.T, mg.ones(3)), ShapeError, ["dense", "b has shape (3,)", "w has (3, 2)"]),
        (lambda x: mg.dense(x, x.T, mg.ones((2, 2))), ShapeError, ["dense", "b has shape (2, 2)"]),
        (lambda x: mg.dense(x, x.T, mg.ones((1, 2))), ShapeError, ["dense", "b has shape (1, 2)"]),
        # choosing
        (lambda x: mg.where(mg.ones(2) > 0, x, 0.0), ShapeError, ["where", "condition (2,)", "a (2, 3)"]),
        (lambda x: mg.max(mg.zeros((0,))), ShapeError, ["max", "x (0,)"]),
        (lambda x: mg.batch_norm(x, mg.ones(2), mg.ones(3)), ShapeError, ["batch_norm", "gamma", "(2,)", "(2, 3)"]),
        (lambda x: mg.batch_norm(x, mg.ones(3), mg.ones(1)), ShapeError, ["batch_norm", "beta", "(1,)", "(2, 3)"]),
        (lambda x: mg.layer_norm(x, mg.ones((2, 1)), mg.ones(3)), ShapeError, ["layer_norm", "gamma", "(2, 1)"]),
        (lambda x: mg.layer_norm(x.sum(), mg.ones(3), mg.ones(3)), ShapeError, ["layer_norm", "gamma", "()"]),
        (lambda x: x.astype("floot"), DTypeError, ["dtype", "'floot'", "'float32'"]),
        (lambda x: x.astype(complex), DTypeError, ["dtype", "complex128", "'float32'"]),
        (lambda x: mg.standardize(x, (2,)), ShapeError, ["standardize", "axis 2", "2 axes"]),
        # numbers
        (lambda x: x.item(), DTypeError, ["item()", "(2, 3)", "reduce it"]),
        (lambda x: float(x), DTypeError, ["(2, 3)", "reduce it"]),
        (lambda x: f"{x:.3f}", DTypeError, ["(2, 3)", "reduce it"]),
    ],
)
def test_arrays(device, act, error, parts):
    told(lambda: act(mg.ones((2, 3))), error, *parts)


def test_positions_along_an_axis_out_of_range():
    for index in (3, -4):
        told(
            lambda index=index: mg.take_along_axis(mg.ones((2, 3)), [[0], [index]], 1),
            ShapeError,
            "take_along_axis",
            "0 ... 2",
            f"{index}",
        )


def test_index_arrays_out_of_range(device, device_kind):
    if device_kind == "cuda":
        pytest.skip("a CUDA device takes such indices modulo the length without a word")
    for act in (lambda x: x[:, [0, 3]], lambda x: x[[-3]], lambda x: mg.take(x, [6])):
        told(lambda act=act: act(mg.ones((2, 3))), ShapeError, "getitem", "out of")


IMAGE = (1, 5, 4, 2)


@pytest.mark.parametrize(
    ("act", "error", "parts"),
    [
        (lambda x, w: mg.conv2d(x[0], w), ShapeError, ["conv2d", "x must have 4 axes", "(5, 4, 2)", "(N, H, W, C)"]),
        (lambda x, w: mg.conv2d(x, w[0]), ShapeError, ["conv2d", "w must have 4 axes", "(2, 2, 3)"]),
        (lambda x, w: mg.conv2d(x[..., :1], w), ShapeError, ["conv2d", "1 channels", "takes 2", "(kh, kw, C / groups"]),
        (lambda x, w: mg.conv2d(x, w, groups=2), ArgumentError, ["conv2d", "groups=2", "divides 3 filters"]),
        (lambda x, w: mg.conv2d(x, w, groups=0), ArgumentError, ["conv2d", "groups=0", "int >= 1"]),
        (lambda x, w: mg.conv2d(x, w, groups=3), ShapeError, ["conv2d", "2 channels", "takes 6", "2 x 3 groups"]),
        (lambda x, w: mg.conv2d(x[:, :2], w), ShapeError, ["spans (3, 2)", "image of (2, 4)", "'same'"]),
        (lambda x, w: mg.conv2d(x, w, dilation=3), ShapeError, ["spans (7, 4)", "image of (5, 4)"]),
        *(
            (lambda x, w, s=s: mg.conv2d(x, w, **{s[0]: s[1]}), ArgumentError, [f"{s[0]}: expected", repr(s[1])])
            for s in [
                ("stride", 0),
                ("stride", 1.5),
                ("stride", (1, 1, 1)),
                ("stride", (1, -1)),
                ("stride", None),
                ("dilation", 0),
                ("padding", (1, -1)),
                ("padding", -1),
                ("padding", 0.5),
                ("padding", "sane"),
                ("padding", (1, (1, 1))),
            ]
        ),
        (lambda x, w: mg.conv2d(x, w, padding=((1, 1), (0, -1))), ArgumentError, ["padding", "int >= 0", "(0, -1)"]),
        (lambda x, w: mg.conv2d_transpose(x, w), ShapeError, ["conv2d_transpose", "2 channels", "takes 3", "C_in"]),
        (lambda x, w: mg.conv2d_transpose(x[0], w), ShapeError, ["conv2d_transpose", "x must have 4 axes"]),
        (
            lambda x, w: mg.conv2d_transpose(mg.ones((1, 4, 4, 3)), w, groups=2),
            ArgumentError,
            ["conv2d_transpose", "groups=2", "divides 3 filters"],
        ),
        (
            lambda x, w: mg.conv2d_transpose(mg.ones((1, 4, 4, 3)), w, groups=0),
            ArgumentError,
            ["conv2d_transpose", "groups=0"],
        ),
        (
            lambda x, w: mg.conv2d_transpose(mg.ones((1, 4, 4, 3)), w, 2, output_size=(9, 10)),
            ShapeError,
            ["conv2d_transpose", "output_size (9, 10)", "(4, 4)", "less than the stride"],
        ),
        (
            lambda x, w: mg.conv2d_transpose(mg.ones((1, 4, 4, 3)), w, output_size=(9,)),
            ArgumentError,
            ["output_size", "(9,)"],
        ),
        (
            lambda x, w: mg.conv2d_transpose(mg.ones((1, 1, 1, 3)), w, padding=3),
            ShapeError,
            ["conv2d_transpose", "padding", "leaves nothing"],
        ),
        (
            lambda x, w: mg.conv2d_weight_gradient(x, mg.ones((1, 2, 2, 3)), (3, 2)),
            ShapeError,
            ["conv2d_weight_gradient", "g has shape (1, 2, 2, 3)", "(3, 3)"],
        ),
        (
            lambda x, w: mg.conv2d_weight_gradient(x, mg.ones((2, 3, 3, 3)), (3, 2)),
            ShapeError,
            ["conv2d_weight_gradient", "g has shape (2, 3, 3, 3)"],
        ),
        (
            lambda x, w: mg.conv2d_weight_gradient(x, mg.ones((1, 3, 3, 3)), (3, 2), groups=3),
            ShapeError,
            ["conv2d_weight_gradient", "2 channels", "3 groups"],
        ),
        (lambda x, w: mg.max_pool2d(x[0]), ShapeError, ["max_pool2d", "4 axes", "(5, 4, 2)"]),
        (lambda x, w: mg.avg_pool2d(x[0]), ShapeError, ["avg_pool2d", "4 axes", "(5, 4, 2)"]),
        (lambda x, w: mg.max_pool2d(x, 0), ArgumentError, ["kernel", "int >= 1", "got 0"]),
        (lambda x, w: mg.max_pool2d(x, 2, 0), ArgumentError, ["stride", "int >= 1", "got 0"]),
        (lambda x, w: mg.max_pool2d(x, 2, 2, -1), ArgumentError, ["padding", "int >= 0", "got -1"]),
        (lambda x, w: mg.max_pool2d(x, 2, 2, 2), ArgumentError, ["max_pool2d", "padding 2", "half of the kernel 2"]),
        (lambda x, w: mg.avg_pool2d(x, 6), ShapeError, ["spans (6, 6)", "image of (5, 4)"]),
        (lambda x, w: mg.upsample_nearest(x[0]), ShapeError, ["upsample_nearest", "4 axes"]),
        (lambda x, w: mg.upsample_nearest(x, 0), ArgumentError, ["factor", "int >= 1", "got 0"]),
        (lambda x, w: mg.upsample_bilinear(x[0]), ShapeError, ["upsample_bilinear", "4 axes"]),
        (lambda x, w: mg.upsample_bilinear(x, 1.5), ArgumentError, ["factor", "got 1.5"]),
        (lambda x, w: mg.unfold(x[0], 2), ShapeError, ["unfold", "x must have 4 axes"]),
        (lambda x, w: mg.fold(mg.ones((1, 3, 3, 4)), (5, 4)), ShapeError, ["fold", "(1, 3, 3, 4)", "kh, kw, C"]),
        (lambda x, w: mg.fold(mg.ones((1, 1, 1, 2, 2, 1)), (5, 4)), ShapeError, ["fold", "(1, 1, 1, 2, 2, 1)"]),
    ],
)
def test_images(device, act, error, parts):
    told(lambda: act(mg.ones(IMAGE), mg.ones((3, 2, 2, 3))), error, *parts)


@pytest.mark.parametrize(
    ("act", "error", "parts"),
    [
        (lambda: mg.tensor("text"), DTypeError, ["data must be numbers"]),
        (lambda: mg.tensor(None), DTypeError, ["data must be numbers"]),
        (lambda: mg.tensor(1j), DTypeError, ["data must be numbers", "complex"]),
        (lambda: mg.tensor([[1, 2], [3]]), DTypeError, ["not a rectangular array"]),
        (lambda: mg.tensor([mg.ones(1)]), DTypeError, ["mg.stack", "mg.concatenate"]),
        (lambda: mg.tensor([1, 2], requires_grad=True), DTypeError, ["requires_grad", "int64", "dtype='float32'"]),
        (lambda: mg.zeros(2, dtype="int64", requires_grad=True), DTypeError, ["requires_grad", "int64"]),
        (lambda: mg.zeros((2, -1)), ShapeError, ["zeros", "int >= 0", "(2, -1)"]),
        (lambda: mg.ones(-3), ShapeError, ["ones", "int >= 0", "-3"]),
        (lambda: mg.ones(1.5), ShapeError, ["ones", "int >= 0", "1.5"]),
        (lambda: mg.zeros("two"), ShapeError, ["zeros", "int >= 0", "'two'"]),
        (lambda: mg.zeros(2, dtype="flot32"), DTypeError, ["dtype", "'flot32'", "'float32'"]),
        (lambda: mg.tensor([1.0], dtype="flot32"), DTypeError, ["dtype", "'flot32'", "'float32'"]),
        (lambda: mg.tensor([1.0], dtype="complex64"), DTypeError, ["dtype", "complex64", "'float32'"]),
        (lambda: mg.tensor([1.0], dtype=str), DTypeError, ["dtype", "'float32'"]),
        (lambda: mg.Tensor([1.0]), DTypeError, ["data must be an array", "list", "mg.tensor(data)"]),
        (lambda: mg.tensor([1.0], device="gpu"), ArgumentError, ["device", "'gpu'", "take 'cpu', or 'cuda'"]),
        (lambda: mg.ones(2, device="gpu"), ArgumentError, ["device", "'gpu'", "take 'cpu', or 'cuda'"]),
        (lambda: mg.ones(2).to("gpu"), ArgumentError, ["device", "'gpu'", "take 'cpu', or 'cuda'"]),
    ],
)
def test_creation(device, act, error, parts):
    told(act, error, *parts)


@pytest.mark.parametrize(
    ("name", "arguments", "settings"),
    [
        *((name, [(2,), (2,)], ()) for name in TWO_ARRAYS),
        ("matmul", [(2, 2), (2, 2)], ()),
        ("where", [(2,), (2,), (2,)], ()),
        ("dense", [(2, 2), (2, 2), (2,)], ()),
        ("conv2d", [(1, 3, 3, 1), (2, 2, 1, 1)], ()),
        ("conv2d_transpose", [(1, 3, 3, 1), (2, 2, 1, 1)], ()),
        ("conv2d_weight_gradient", [(1, 3, 3, 1), (1, 2, 2, 1)], ((2, 2),)),
    ],
)
def test_two_devices_in_one_operation(two_devices, name, arguments, settings):
    """The message says what lies where, whichever argument strays."""
    f = getattr(mg, name)
    for stray in range(len(arguments)):
        where = ["cpu" if i == stray else "cuda" for i in range(len(arguments))]
        tensors = [mg.ones(shape, device=d) for shape, d in zip(arguments, where, strict=True)]
        named = [f"{n} is on {d!r}" for n, d in zip(f.inputs, where, strict=True)]
        told(lambda tensors=tensors: f(*tensors, *settings), DeviceError, f"{name}: ", *named, ".to('cuda')")


def test_two_devices_in_a_list(two_devices):
    mixed = [mg.ones(2, device="cpu"), mg.ones(2, device="cuda")]
    for join in (mg.concatenate, mg.stack):
        told(
            lambda join=join: join(mixed), DeviceError, "concatenate", "inputs[0] is on 'cpu'", "inputs[1] is on 'cuda'"
        )


def test_what_fails_leaves_no_trace(device):
    """An operation that raises changes neither its inputs nor the mode, and the next one works."""
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    with contextlib.suppress(ShapeError):
        x * mg.ones(3)
    (x * x).sum().backward()
    assert np.array_equal(x.grad.numpy(), [2.0, 4.0])
