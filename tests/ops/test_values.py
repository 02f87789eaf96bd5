"""Every operation against NumPy or its definition, on tensors and on plain arrays; types, extremes and geometry."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen.errors import ShapeError
from minigen.ops import conv, loops

rng = np.random.default_rng(11)


def r(*shape):
    return rng.standard_normal(shape)


def p(*shape):
    return rng.random(shape) + 0.5


# -------------------------------------------------------------------------------------------- definitions to compare to


def windows(x, kernel, stride, pads, dilation):
    """(N, OH, OW, kh, kw, C), one window at a time."""
    x = np.pad(x, ((0, 0), *pads, (0, 0)))
    starts, spans = [], []
    for n, k, s, d in zip(x.shape[1:3], kernel, stride, dilation, strict=True):
        spans.append(d * (k - 1) + 1)
        starts.append(range(0, n - spans[-1] + 1, s))
    rows = [
        [x[:, i : i + spans[0] : dilation[0], j : j + spans[1] : dilation[1]] for j in starts[1]] for i in starts[0]
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def add_windows(cols, size, stride, pads, dilation):
    """Each window of `cols` added to its place in an image of `size`."""
    _, oh, ow, kh, kw, c = cols.shape
    x = np.zeros((len(cols), size[0] + sum(pads[0]), size[1] + sum(pads[1]), c))
    for i, j, a, b in np.ndindex(oh, ow, kh, kw):
        x[:, i * stride[0] + a * dilation[0], j * stride[1] + b * dilation[1]] += cols[:, i, j, a, b]
    return x[:, pads[0][0] : pads[0][0] + size[0], pads[1][0] : pads[1][0] + size[1]]


def pools(x, reduce, pad):
    """3 x 2 windows, two apart, on an image with one row of `pad` above and below and one column left and right."""
    x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=pad)
    rows = [
        [reduce(x[:, i : i + 3, j : j + 2], (1, 2)) for j in range(0, x.shape[2] - 1, 2)]
        for i in range(0, x.shape[1] - 2, 2)
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def bilinear(x, factors):
    """Interpolation at the centres of the new pixels, an axis at a time."""
    for axis, f in zip((1, 2), factors, strict=True):
        old = np.arange(x.shape[axis])
        new = (np.arange(x.shape[axis] * f) + 0.5) / f - 0.5
        x = np.apply_along_axis(lambda line, new=new, old=old: np.interp(new, old, line), axis, x)
    return x


def standardized(x, axes, eps=1e-5):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def softmax(x, axis):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


SETTINGS = ((2, 1), ((0, 1), (1, 2)), (1, 2))  # stride, padding, dilation
IDS = np.array([[2, 0], [2, 1]])
A, B, POSITIVE = r(3, 4), r(4), p(3, 4)
IMAGES, KERNEL, CUBE = r(2, 5, 6, 3), r(2, 3, 3, 4), r(2, 3, 4)
UPSTREAM = np.einsum("nijabc,abcf->nijf", windows(IMAGES, (2, 3), *SETTINGS), KERNEL)  # of conv2d's shape

# name: (the operation, what it should give, inputs)
HEADS = r(2, 3, 2, 3)


def attention_weights(q, k):
    """Query i of 3 sees the keys 0 ... i + 1 of 4."""
    return softmax(np.einsum("nihd,njhd->nhij", q, k) / np.sqrt(3) - 1e9 * (1 - np.tri(3, 4, 1)), 3)


def attention(q, k, v):
    return np.einsum("nhij,njhd->nihd", attention_weights(q, k), v)


TABLE = {
    "abs": (mg.abs, np.abs, A),
    "add": (mg.add, np.add, A, B),
    "argsort": (lambda x: mg.argsort(x, axis=0), lambda x: x.argsort(0), A),
    "argmax": (lambda x: mg.argmax(x, axis=1), lambda x: x.argmax(1), A),
    "astype": (lambda x: mg.astype(x, x.dtype), lambda x: x, A),
    "attention": (mg.attention, attention, HEADS, *(r(2, 4, 2, 3) for _ in range(2))),
    "attention_weights": (mg.attention_weights, attention_weights, HEADS, r(2, 4, 2, 3)),
    "avg_pool2d": (lambda x: mg.avg_pool2d(x, (3, 2), 2, 1), lambda x: pools(x, np.mean, 0), IMAGES),
    "batch_norm": (
        lambda x, g, b: mg.batch_norm(x, g, b)[0],
        lambda x, g, b: standardized(x, (0, 1)) * g + b,
        CUBE,
        p(4),
        B,
    ),
    "bce_with_logits": (
        mg.bce_with_logits,
        lambda x, t: -t * np.log(sigmoid(x)) - (1 - t) * np.log(1 - sigmoid(x)),
        A,
        rng.random((3, 4)),
    ),
    "bernoulli_log_likelihood": (
        mg.bernoulli_log_likelihood,
        lambda x, t: (t * np.log(sigmoid(x)) + (1 - t) * np.log(1 - sigmoid(x))).sum(1),
        A,
        rng.random((3, 4)),
    ),
    "broadcast_to": (lambda x: mg.broadcast_to(x, (2, 3, 4)), lambda x: np.broadcast_to(x, (2, 3, 4)), A[:, :1]),
    "clip": (lambda x: mg.clip(x, -0.5, 0.7), lambda x: np.clip(x, -0.5, 0.7), A),
    "concatenate": (lambda a, b: mg.concatenate([a, b], axis=-1), lambda a, b: np.concatenate([a, b], -1), A, r(3, 2)),
    "conv2d": (
        lambda x, w: mg.conv2d(x, w, *SETTINGS),
        lambda x, w: np.einsum("nijabc,abcf->nijf", windows(x, w.shape[:2], *SETTINGS), w),
        IMAGES,
        KERNEL,
    ),
    "conv2d_transpose": (
        lambda g, w: mg.conv2d_transpose(g, w, *SETTINGS, output_size=(5, 6)),
        lambda g, w: add_windows(np.einsum("nijf,abcf->nijabc", g, w), (5, 6), *SETTINGS),
        UPSTREAM,
        KERNEL,
    ),
    "conv2d_weight_gradient": (
        lambda x, g: mg.conv2d_weight_gradient(x, g, (2, 3), *SETTINGS),
        lambda x, g: np.einsum("nijabc,nijf->abcf", windows(x, (2, 3), *SETTINGS), g),
        IMAGES,
        UPSTREAM,
    ),
    "cos": (mg.cos, np.cos, A),
    "add_bias": (mg.add_bias, lambda x, b: x + b, CUBE, r(4)),
    "dense": (mg.dense, lambda x, w, b: np.einsum("nki,io->nko", x, w) + b, CUBE, r(4, 5), r(5)),
    "cumsum": (lambda x: mg.cumsum(x, 1), lambda x: x.cumsum(1), CUBE),
    "einsum": (
        lambda a, b: mg.einsum("...ij,kj", a, b),
        lambda a, b: np.einsum("...ij,kj->...ik", a, b),
        CUBE,
        r(5, 4),
    ),
    "divide": (mg.divide, np.divide, A, p(4)),
    "elu": (lambda x: mg.elu(x, 0.7), lambda x: np.where(x > 0, x, 0.7 * (np.exp(x) - 1)), A),
    "erf": (mg.erf, lambda x: np.vectorize(math.erf)(x), A),
    "equal": (mg.equal, np.equal, A, A * (A > 0)),
    "exp": (mg.exp, np.exp, A),
    "expand_dims": (lambda x: mg.expand_dims(x, -2), lambda x: np.expand_dims(x, -2), A),
    "expm1": (mg.expm1, np.expm1, A),
    "flatten": (mg.flatten, lambda x: x.reshape(2, 12), CUBE),
    "flip": (lambda x: mg.flip(x, (0, 2)), lambda x: x[::-1, :, ::-1], CUBE),
    "floor": (mg.floor, np.floor, 3 * A),
    "floor_divide": (mg.floor_divide, np.floor_divide, 9 * A, B),
    "fold": (
        lambda c: mg.fold(c, (5, 6), *SETTINGS),
        lambda c: add_windows(c, (5, 6), *SETTINGS),
        windows(IMAGES, (2, 3), *SETTINGS),
    ),
    "gelu": (mg.gelu, lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))), A),
    "gelu_exact": (mg.gelu_exact, lambda x: x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2, A),
    "group_norm": (
        lambda x, g, b: mg.group_norm(x, g, b, 2),
        lambda x, g, b: standardized(x.reshape(2, 3, 2, 2), (1, 3)).reshape(2, 3, 4) * g + b,
        CUBE,
        p(4),
        B,
    ),
    "getitem": (lambda x: mg.getitem(x, (slice(None, None, -2), IDS)), lambda x: x[::-2, IDS], A),
    "greater": (mg.greater, np.greater, A, B),
    "greater_equal": (mg.greater_equal, np.greater_equal, A, B),
    "layer_norm": (mg.layer_norm, lambda x, g, b: standardized(x, 2) * g + b, CUBE, p(4), B),
    "leaky_relu": (lambda x: mg.leaky_relu(x, 0.3), lambda x: np.maximum(x, 0) + 0.3 * np.minimum(x, 0), A),
    "log": (mg.log, np.log, POSITIVE),
    "log1p": (mg.log1p, np.log1p, POSITIVE),
    "log_softmax": (lambda x: mg.log_softmax(x, 1), lambda x: np.log(softmax(x, 1)), CUBE),
    "logsumexp": (
        lambda x: mg.logsumexp(x, (0, 2), keepdims=True),
        lambda x: np.log(np.exp(x).sum((0, 2), keepdims=True)),
        CUBE,
    ),
    "matmul": (mg.matmul, lambda a, b: np.einsum("hik,bkj->bij", a, b), r(1, 2, 3), r(5, 3, 4)),
    "max": (lambda x: mg.max(x, (0, 1)), lambda x: x.max((0, 1)), CUBE),
    "max_pool2d": (lambda x: mg.max_pool2d(x, (3, 2), 2, 1), lambda x: pools(x, np.max, -np.inf), IMAGES),
    "gru": (mg.gru, loops.gru, r(2, 3, 6), r(2, 6), r(2), r(2, 2)),
    "maximum": (mg.maximum, np.maximum, A, B),
    "mean": (lambda x: mg.mean(x, (0, -1)), lambda x: x.mean((0, -1)), CUBE),
    "min": (lambda x: mg.min(x, 1, keepdims=True), lambda x: x.min(1, keepdims=True), CUBE),
    "minimum": (mg.minimum, np.minimum, A, B),
    "multiply": (mg.multiply, np.multiply, A, B),
    "negative": (mg.negative, np.negative, A),
    "norm": (lambda x: mg.norm(x, axis=1), lambda x: np.linalg.norm(x, axis=1), A),
    "not_equal": (mg.not_equal, np.not_equal, A, A * (A > 0)),
    "pad": (lambda x: mg.pad(x, ((1, 0), (0, 2)), 3.0), lambda x: np.pad(x, ((1, 0), (0, 2)), constant_values=3.0), A),
    "power": (mg.power, np.power, POSITIVE, B),
    "relu": (mg.relu, lambda x: np.maximum(x, 0), A),
    "remainder": (mg.remainder, np.remainder, 9 * A, B),
    "repeat": (lambda x: mg.repeat(x, 2, 1), lambda x: np.repeat(x, 2, 1), A),
    "reshape": (lambda x: mg.reshape(x, (-1, 6)), lambda x: x.reshape(-1, 6), CUBE),
    "sigmoid": (mg.sigmoid, sigmoid, A),
    "sign": (mg.sign, np.sign, A * (A > -0.5)),
    "silu": (mg.silu, lambda x: x * sigmoid(x), A),
    "sin": (mg.sin, np.sin, A),
    "softmax": (lambda x: mg.softmax(x, 0), lambda x: softmax(x, 0), CUBE),
    "softplus": (mg.softplus, lambda x: np.log(1 + np.exp(x)), A),
    "split": (lambda x: mg.split(x, [1, 3], axis=1)[1], lambda x: np.split(x, [1, 3], axis=1)[1], A),
    "sqrt": (mg.sqrt, np.sqrt, POSITIVE),
    "squeeze": (lambda x: mg.squeeze(x, 1), lambda x: x[:, 0], A[:, None]),
    "stack": (lambda a, b: mg.stack([a, b], axis=-1), lambda a, b: np.stack([a, b], -1), A, r(3, 4)),
    "standardize": (lambda x: mg.standardize(x, (0, 2), 1e-2)[0], lambda x: standardized(x, (0, 2), 1e-2), CUBE),
    "std": (lambda x: mg.std(x, axis=0, ddof=1), lambda x: x.std(0, ddof=1), A),
    "subtract": (mg.subtract, np.subtract, A, B),
    "sum": (lambda x: mg.sum(x, (0, -1)), lambda x: x.sum((0, -1)), CUBE),
    "take": (lambda x: mg.take(x, IDS, axis=1), lambda x: np.take(x, IDS, axis=1), A),
    "take_along_axis": (
        lambda x: mg.take_along_axis(x, IDS[:, :, None], 1),
        lambda x: np.take_along_axis(x, IDS[:, :, None], 1),
        CUBE,
    ),
    "tanh": (mg.tanh, np.tanh, A),
    "topk": (lambda x: mg.topk(x, 2)[0], lambda x: -np.sort(-x)[:, :2], A),
    "tril": (lambda x: mg.tril(x, 1), lambda x: np.tril(x, 1), CUBE),
    "triu": (lambda x: mg.triu(x, 1), lambda x: np.triu(x, 1), CUBE),
    "transpose": (lambda x: mg.transpose(x, (2, 0, 1)), lambda x: x.transpose(2, 0, 1), CUBE),
    "unfold": (lambda x: mg.unfold(x, (2, 3), *SETTINGS), lambda x: windows(x, (2, 3), *SETTINGS), IMAGES),
    "upsample_bilinear": (lambda x: mg.upsample_bilinear(x, (2, 3)), lambda x: bilinear(x, (2, 3)), IMAGES),
    "upsample_nearest": (lambda x: mg.upsample_nearest(x, (2, 3)), lambda x: x.repeat(2, 1).repeat(3, 2), IMAGES),
    "var": (lambda x: mg.var(x, (0, 1), ddof=2), lambda x: x.var((0, 1), ddof=2), CUBE),
    "where": (lambda a, b: mg.where(a > b, a, b), lambda a, b: np.where(a > b, a, b), A, B),
}
OTHER_TYPES = {
    "argmax": np.int64,
    "argsort": np.int64,
    **dict.fromkeys(("equal", "not_equal", "greater", "greater_equal"), np.bool_),
}
CONSTANT = {"sign", "floor", "floor_divide", *OTHER_TYPES}  # by steps: no gradient flows
every_operation = pytest.mark.parametrize("name", TABLE)


def test_the_table_holds_every_operation():
    assert set(TABLE) == set(mg.ops.__all__)


@every_operation
def test_values(device, name):
    """On tensors, and on the arrays inside, which give arrays and no graph."""
    ours, expected, *inputs = TABLE[name]
    tensors = [mg.tensor(x, device=device, requires_grad=True) for x in inputs]
    y, array, right = ours(*tensors), ours(*[t.data for t in tensors]), expected(*inputs)
    assert isinstance(y, mg.Tensor)
    assert y.device == device
    assert y.shape == array.shape == right.shape
    assert y.dtype == OTHER_TYPES.get(name, np.float64)
    assert y.requires_grad == (name not in CONSTANT)
    assert type(array) is type(tensors[0].data)
    assert np.allclose(y.numpy(), right, rtol=1e-12, atol=1e-13)
    assert np.array_equal(mg.Tensor(array).numpy(), y.numpy())


@every_operation
def test_float32_stays_float32(device, name):
    ours, expected, *inputs = TABLE[name]
    tensors = [mg.tensor(x.astype(np.float32), device=device, requires_grad=True) for x in inputs]
    y = ours(*tensors)
    assert y.dtype == OTHER_TYPES.get(name, np.float32)
    assert np.allclose(y.numpy(), expected(*[x.astype(np.float32) for x in inputs]), rtol=1e-4, atol=1e-5)
    assert ours(*[t.data for t in tensors]).dtype == y.dtype
    if name not in CONSTANT:
        y.sum().backward()
        again = mg.grad(ours(*tensors).sum(), tensors, create_graph=True)
        assert {g.dtype for g in (*again, *(t.grad for t in tensors))} == {np.dtype(np.float32)}


FRACTIONS = """attention attention_weights avg_pool2d cos divide erf exp expm1 gelu gelu_exact log_softmax logsumexp
mean norm sigmoid silu sin softmax softplus sqrt standardize std tanh upsample_bilinear var layer_norm group_norm"""


@pytest.mark.parametrize("name", FRACTIONS.split())
def test_fractions_of_integers_are_float32(device, name):
    """The values are those of the same numbers as floats: nothing is cut to an integer on the way."""
    ours, _, *inputs = TABLE[name]
    whole = [np.ceil(3 * np.abs(x)).astype(np.int64) for x in inputs]
    y = ours(*[mg.tensor(x, device=device) for x in whole])
    assert y.dtype == np.float32
    assert np.allclose(y.numpy(), ours(*[mg.tensor(x.astype(np.float32), device=device) for x in whole]).numpy())


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum"])
def test_numbers_and_lists_do_not_widen(device, name):
    f, numpys = getattr(mg, name), TABLE[name][1]
    x = mg.tensor([1.0, 2.0])
    for other in (2, 2.5, True, np.float64(2.5), np.float32(2.5), np.int64(2), [0.5, 3.0], [1, 2]):
        for y, right in ((f(x, other), numpys(x.numpy(), other)), (f(other, x), numpys(other, x.numpy()))):
            assert y.dtype == np.float32
            assert np.allclose(y.numpy(), right)
    wide = mg.tensor(np.array([0.5, 3.0]))
    assert f(x, wide).dtype == f(wide, x).dtype == np.float64


# ------------------------------------------------------------------------------------------------------- extreme values

BIG = 1000.0


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("fn", "at", "values", "slopes"),
    [
        (mg.sigmoid, [-BIG, BIG], [0, 1], [0, 0]),
        (mg.softplus, [-BIG, BIG], [0, BIG], [0, 1]),
        (mg.tanh, [-BIG, BIG], [-1, 1], [0, 0]),
        (mg.silu, [-BIG, BIG], [0, BIG], [0, 1]),
        (mg.gelu, [-BIG, BIG], [0, BIG], [0, 1]),
        (mg.gelu_exact, [-BIG, BIG], [0, BIG], [0, 1]),
        (mg.erf, [-BIG, BIG], [-1, 1], [0, 0]),
        (mg.elu, [-BIG, BIG], [-1, BIG], [0, 1]),
        (lambda x: mg.bce_with_logits(x, 1.0), [-BIG, BIG], [BIG, 0], [-1, 0]),
        (lambda x: mg.bce_with_logits(x, 0.0), [-BIG, BIG], [0, BIG], [0, 1]),
        (lambda x: mg.bce_with_logits(x, 0.25), [-BIG, BIG], [0.25 * BIG, 0.75 * BIG], [-0.25, 0.75]),
        (mg.logsumexp, [BIG, BIG], BIG + math.log(2), [0.5, 0.5]),
        (mg.logsumexp, [-BIG, -BIG - 2], -BIG + math.log1p(math.exp(-2)), [1 / (1 + math.exp(-2)), sigmoid(-2)]),
        (mg.logsumexp, [-np.inf, 3], 3, [0, 1]),
        (lambda x: mg.softmax(x) * [1.0, 2.0], [-BIG, BIG], [0, 2], [0, 0]),
        (lambda x: mg.softmax(x) * [1.0, 2.0], [-np.inf, 3], [0, 2], [0, 0]),
        (lambda x: mg.log_softmax(x) * [1.0, 3.0], [-BIG, BIG], [-2 * BIG, 0], [1, -1]),
    ],
)
def test_extremes(device, precision, fn, at, values, slopes):
    x = mg.tensor(np.array(at, precision), device=device, requires_grad=True)
    y = fn(x)
    y.sum().backward()
    tolerance = 1e-5 if precision == np.float32 else 1e-12
    assert np.allclose(y.numpy(), values, rtol=tolerance, atol=1e-30)
    assert np.allclose(x.grad.numpy(), slopes, rtol=1e3 * tolerance, atol=tolerance)


def test_small_numbers_keep_their_digits(device):
    tiny = mg.tensor(np.array([1e-12, -1e-12]))
    for fn in (mg.log1p, mg.expm1):
        assert np.allclose(fn(tiny).numpy() / tiny.numpy(), 1, rtol=1e-10, atol=0)
    far = mg.tensor(np.array([-80.0, -600.0]))
    for fn in (mg.sigmoid, mg.softplus, lambda x: mg.bce_with_logits(x, 0.0), lambda x: mg.bce_with_logits(-x, 1.0)):
        assert np.allclose(fn(far).numpy() / np.exp([-80.0, -600.0]), 1, rtol=1e-12, atol=0)
    mean_1e6 = mg.tensor(1e6 + np.array([-1.0, 0.0, 1.0]))
    assert np.isclose(mg.var(mean_1e6).item(), 2 / 3)


def test_the_end_of_the_range_is_told_by_infinity_not_by_a_warning(device):
    assert mg.exp(mg.tensor([1000.0])).item() == np.inf
    assert mg.log(mg.tensor([0.0])).item() == -np.inf
    assert (1 / mg.tensor([0.0])).item() == np.inf
    assert np.isnan(mg.sqrt(mg.tensor([-1.0])).item())
    assert mg.logsumexp(mg.tensor([-np.inf, -np.inf])).item() == -np.inf


# ---------------------------------------------------------------------------------------------- geometry of convolution

sizes, kernels, steps = st.tuples(*[st.integers(1, 7)] * 2), st.tuples(*[st.integers(1, 3)] * 2), st.integers(1, 3)


@settings(max_examples=40, deadline=None)
@given(sizes, kernels, st.tuples(steps, steps), st.tuples(steps, steps))
def test_same_padding(size, kernel, stride, dilation):
    """ceil(size / stride) windows, the image in the middle, an odd zero at the bottom and right."""
    x, w = np.ones((1, *size, 1)), np.ones((*kernel, 1, 1))
    y = mg.conv2d(x, w, stride, "same", dilation)
    output = [-(-n // s) for n, s in zip(size, stride, strict=True)]
    assert list(y.shape[1:3]) == output
    pads = []
    for n, k, s, d, o in zip(size, kernel, stride, dilation, output, strict=True):
        total = max((o - 1) * s + d * (k - 1) + 1 - n, 0)
        pads.append((total // 2, total - total // 2))
    assert np.array_equal(y, mg.conv2d(x, w, stride, tuple(pads), dilation))
    assert mg.conv2d_transpose(y, w, stride, "same", dilation, output_size=size).shape == x.shape


def test_paddings_may_be_given_in_four_forms(device):
    x, w = mg.tensor(IMAGES), mg.tensor(KERNEL)
    right = np.einsum("nijabc,abcf->nijf", windows(IMAGES, (2, 3), (1, 1), ((2, 2), (1, 1)), (1, 1)), KERNEL)
    for padding in ((2, 1), [2, 1], ((2, 2), (1, 1))):
        assert np.allclose(mg.conv2d(x, w, padding=padding).numpy(), right)
    for one, other in ((1, (1, 1)), (0, "valid"), (((1, 1), (1, 1)), 1)):
        assert np.array_equal(mg.conv2d(x, w, padding=one).numpy(), mg.conv2d(x, w, padding=other).numpy())
    assert np.array_equal(mg.conv2d(x, w, 2, 1, 2).numpy(), mg.conv2d(x, w, (2, 2), (1, 1), (2, 2)).numpy())


@settings(max_examples=40, deadline=None)
@given(sizes, kernels, steps, steps, st.integers(0, 1))
def test_a_transposed_convolution_has_as_many_output_sizes_as_its_stride(size, kernel, stride, dilation, padding):
    x, w = np.ones((1, *size, 1)), np.ones((*kernel, 1, 1))
    smallest = [stride * (n - 1) + dilation * (k - 1) + 1 - 2 * padding for n, k in zip(size, kernel, strict=True)]
    if min(smallest) < 1:
        with pytest.raises(ShapeError, match="leaves nothing"):
            mg.conv2d_transpose(x, w, stride, padding, dilation)
        return
    assert list(mg.conv2d_transpose(x, w, stride, padding, dilation).shape[1:3]) == smallest
    for extra in range(-1, stride + 1):
        wanted = (smallest[0], smallest[1] + extra)
        if 0 <= extra < stride:
            y = mg.conv2d_transpose(x, w, stride, padding, dilation, output_size=wanted)
            assert y.shape[1:3] == wanted
            assert mg.conv2d(y, w, stride, padding, dilation).shape == x.shape
        elif wanted[1] > 0:
            with pytest.raises(ShapeError, match=r"output_size|does not fit"):
                mg.conv2d_transpose(x, w, stride, padding, dilation, output_size=wanted)


def test_same_padding_makes_a_transposed_convolution_multiply_the_size(device):
    x, w = mg.ones((1, 4, 5, 2)), mg.ones((4, 3, 3, 2))
    assert mg.conv2d_transpose(x, w, (2, 3), "same").shape == (1, 8, 15, 3)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_batch_in_pieces_is_the_batch(monkeypatch, groups):
    """A CPU works on few images at a time; where the batch is cut makes no difference."""
    x, w = r(5, 6, 5, 4), r(3, 2, 4 // groups, 6)
    upstream = r(*mg.conv2d(x, w, 2, 1, groups=groups).shape)

    def all_three():
        back = mg.conv2d_transpose(upstream, w, 2, 1, groups=groups, output_size=(6, 5))
        return (
            mg.conv2d(x, w, 2, 1, groups=groups),
            back,
            mg.conv2d_weight_gradient(x, upstream, (3, 2), 2, 1, 1, groups),
        )

    whole = all_three()
    rows_of_two_images = 2 * math.prod(upstream.shape[1:3]) * w[..., 0].size * 8
    for cache in (1, rows_of_two_images):
        monkeypatch.setattr(conv, "CACHE", cache)
        for y, right in zip(all_three(), whole, strict=True):
            assert np.allclose(y, right)


@pytest.mark.parametrize("channels", [3, 16, 40])  # from some number on, another way is faster
def test_an_empty_batch(device, channels):
    x, w = mg.zeros((0, 5, 6, channels), requires_grad=True), mg.ones((2, 3, channels, 4), requires_grad=True)
    y = mg.conv2d(x, w)
    assert y.shape == (0, 4, 4, 4)
    mg.conv2d_transpose(y, w).sum().backward()
    assert x.grad.shape == x.shape
    assert not w.grad.numpy().any()


def test_integers_may_be_numpys(device):
    """Sizes and axes often come out of NumPy."""
    two, one = np.int64(2), np.int32(1)
    x = mg.ones((1, 4, 4, 2), requires_grad=True)
    y = mg.conv2d(x, mg.ones((2, 2, 2, 3)), stride=two, padding=(one, one))
    assert y.shape == mg.conv2d(x, mg.ones((2, 2, 2, 3)), stride=2, padding=1).shape
    assert mg.max_pool2d(x, two).shape == mg.avg_pool2d(x, two).shape == (1, 2, 2, 2)
    assert mg.pad(x, one).shape == (3, 6, 6, 4)
    assert [part.shape for part in mg.split(x, two, axis=one)] == [(1, 2, 4, 2)] * 2
    for z in (x.sum(axis=two), mg.softmax(x, axis=one), mg.expand_dims(x, two), mg.squeeze(x, np.int64(0))):
        z.sum().backward()
    assert np.array_equal(mg.grad((x * 3).mean(axis=one).sum(), x).numpy(), np.full(x.shape, 0.75))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, np.int64, np.uint8])
def test_the_padding_of_a_maximum_is_less_than_every_number(device, dtype):
    """Also than -inf and than the least integer; in debug mode, too."""
    least = -np.inf if np.dtype(dtype).kind == "f" else np.iinfo(dtype).min
    x = np.random.default_rng(0).integers(0, 9, (2, 5, 6, 2)).astype(dtype)
    x[0], x[1, :2] = least, least
    with mg.debug():
        y = mg.max_pool2d(mg.tensor(x), (3, 2), 2, 1)
    assert y.dtype == dtype
    assert np.array_equal(y.numpy(), pools(x, np.max, least))
    assert (y.numpy()[0] == least).all()
