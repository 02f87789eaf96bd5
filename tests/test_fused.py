"""The fused kernels give what the library gives without them.

Each test runs on the double of CuPy twice, with the kernels' source compiled for the CPU and with their twins in NumPy,
and with `--device cuda` on a real device as well. `tests/cupy_double/test_kernels.py` compiles the source for CUDA.
"""

import contextlib
import functools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen import backend, fused, ops, optim
from minigen.errors import ArgumentError, DTypeError, ShapeError
from minigen.ops.conv import geometry
from tests.cupy_double import double, kernels

TOLERANCE = {"float32": {"rtol": 2e-5, "atol": 2e-5}, "float64": {"rtol": 1e-12, "atol": 1e-12}}
dtypes = st.sampled_from(["float32", "float64"])
seeds = st.integers(0, 2**16)


def check(function):
    """Hypothesis with fixed examples, as many as find each of the mistakes that were tried."""
    quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=quiet)(function)


def pytest_generate_tests(metafunc):
    if "fused_on" in metafunc.fixturenames:
        real = ["cuda"] if metafunc.config.getoption("--device") == "cuda" else []
        metafunc.parametrize("fused_on", ["source", "twins", *real], indirect=True)


def filled_with_nan(function, *args, **named):
    array = function(*args, **named)
    array[...] = np.nan
    return array


class On:
    """Calls a function with host arrays moved to the device, and moves its results back; it must not wait in between.

    What it finds in fresh memory is NaN.
    """

    def __init__(self, xp):
        self.xp = xp

    def moved(self, x):
        return self.xp.asarray(x) if isinstance(x, np.ndarray) else x

    def __call__(self, function, *args, **named):
        args, named = [self.moved(x) for x in args], {name: self.moved(x) for name, x in named.items()}
        with self.xp.forbid_sync() if hasattr(self.xp, "forbid_sync") else contextlib.nullcontext():
            result = function(*args, **named)
        results = args if result is None else result if isinstance(result, tuple) else (result,)
        return [backend.to_numpy(r) for r in results if backend.is_array(r)]


@pytest.fixture
def fused_on(request, monkeypatch):
    with contextlib.ExitStack() as stack:
        if request.param != "cuda":
            if request.param == "twins":
                monkeypatch.setattr(kernels, "compiler", lambda: None)
            elif kernels.compiler() is None:
                pytest.skip("no C++ compiler")
            stack.enter_context(double.installed())
        xp = backend.module_for("cuda")
        for name in ("empty", "empty_like"):
            poisoned = functools.partial(filled_with_nan, getattr(xp, name))
            monkeypatch.setattr(xp, name, poisoned, raising=False)
        yield On(xp)


@st.composite
def launches(draw):
    """Settings of the launch under which small arrays take the ways of large ones: several elements to a thread, and
    several sums of sums."""
    block = draw(st.sampled_from([4, 256]))
    return {"BLOCK": block, "MOST_THREADS": draw(st.integers(1, 40)), "LONGEST_SUM": draw(st.integers(2, 9))}


@contextlib.contextmanager
def launched(how):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in how.items():
            patch.setattr(fused, name, value)
        yield


def normal(seed, dtype, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def by_library(function, g, *arrays):
    """[y, the gradient of each array] as the library computes them on the CPU."""
    tensors = [mg.tensor(a, device="cpu", requires_grad=True) for a in arrays]
    y = function(*tensors)
    (y * mg.tensor(g, device="cpu")).sum().backward()
    return [y.data, *(t.grad if isinstance(t.grad, np.ndarray) else t.grad.data for t in tensors)]


def agree(results, expected, dtype):
    assert len(results) == len(expected)
    for result, e in zip(results, expected, strict=True):
        assert (result.dtype, result.shape) == (np.dtype(dtype), e.shape)
        np.testing.assert_allclose(result, e, **TOLERANCE[dtype])


# -------------------------------------------------------------------------------------------------------------- Adam


@check
@given(
    seeds, dtypes, launches(), st.integers(1, 300), st.integers(1, 4), st.sampled_from([1e-8, 0.5]), st.floats(0, 0.9)
)
def test_adam(fused_on, seed, dtype, how, size, t, eps, weight_decay):
    w, g, m, v = normal(seed, dtype, *[size] * 4)
    v, g[::3] = v * v, 0
    settings = {"lr": 0.1, "betas": (0.7, 0.9), "eps": eps}
    with launched(how):
        results = fused_on(fused.adam, w, g, m, v, t=t, weight_decay=weight_decay, **settings)
    parameter = mg.tensor(w, device="cpu", requires_grad=True)
    rule = optim.AdamW([parameter], weight_decay=weight_decay, **settings)
    expected = [a.copy() for a in (w, g, m, v)]
    rule.update(t, 0.1, expected[0], expected[1], np.empty_like(w), expected[2], expected[3])
    agree(results, expected, dtype)


def test_a_part_of_the_flat_vector_is_updated_and_nothing_else(fused_on):
    def update(w, g, m, v):
        fused.adam(w[3:7], g[3:7], m[3:7], v[3:7], t=1, lr=0.1, betas=(0.9, 0.999), eps=1e-8)

    w, *_ = fused_on(update, *np.ones((4, 10), "float32"))
    assert (w[3:7] < 1).all()
    assert (np.delete(w, slice(3, 7)) == 1).all()


# ----------------------------------------------------------------------------------------------- bias and activation

ACTIVATE = {
    "none": lambda x, slope: x,
    "relu": lambda x, slope: ops.relu(x),
    "leaky_relu": lambda x, slope: ops.leaky_relu(x, slope),
    "tanh": lambda x, slope: ops.tanh(x),
    "sigmoid": lambda x, slope: ops.sigmoid(x),
}
shapes = st.sampled_from([(1,), (3,), (5, 1), (4, 3), (2, 300), (2, 3, 4, 5), (1, 1, 1, 1), (300, 2)])


@pytest.mark.parametrize("activation", fused.ACTIVATIONS)
@check
@given(seeds, dtypes, launches(), shapes, st.sampled_from([0.0, 0.2, 1.5]))
def test_bias_and_activation(fused_on, activation, seed, dtype, how, shape, slope):
    x, b, g = normal(seed, dtype, shape, shape[-1:], shape)
    x *= 3
    expected = by_library(lambda x, b: ACTIVATE[activation](x + b, slope), g, x, b)
    with launched(how):
        (y,) = fused_on(fused.bias_activation, x, b, activation, slope)
        (dx,) = fused_on(fused.activation_gradient, g, y, activation, slope)
        (db,) = fused_on(fused.channel_sums, dx)
    agree([y, dx, db], expected, dtype)


@pytest.mark.parametrize("activation", fused.ACTIVATIONS)
def test_activations_at_the_ends_of_the_line(fused_on, activation):
    x, b = np.array([[np.nan], [np.inf], [-np.inf], [1000], [-1000], [0], [-0.0]], "float32"), np.zeros(1, "float32")
    with np.errstate(all="ignore"):
        expected = ACTIVATE[activation](x, 0.2)
    (y,) = fused_on(fused.bias_activation, x, b, activation)
    np.testing.assert_allclose(y, expected, rtol=1e-6)


def test_bias_and_activation_in_place(fused_on):
    def in_place(x, b):
        assert fused.bias_activation(x, b, "relu", out=x) is x
        return x

    (y,) = fused_on(in_place, np.array([[1.0, -2.0], [3.0, 1.0]]), np.array([0.5, 1.0]))
    np.testing.assert_array_equal(y, [[1.5, 0], [3.5, 2]])


# ----------------------------------------------------------------------------------- sums and batch normalisation


@check
@given(seeds, dtypes, launches(), st.integers(1, 600), st.integers(1, 20))
def test_channel_sums(fused_on, seed, dtype, how, rows, channels):
    (x,) = normal(seed, dtype, (rows, channels))
    with launched(how):
        agree(fused_on(fused.channel_sums, x), [x.astype(np.float64).sum(axis=0)], dtype)


def test_channel_sums_of_many_rows_and_of_many_channels(fused_on):
    for shape in ((40_000, 3), (2, fused.MOST_THREADS + 5)):
        (x,) = normal(0, "float64", shape)
        agree(fused_on(fused.channel_sums, x), [x.sum(axis=0)], "float64")


@check
@given(seeds, dtypes, launches(), st.sampled_from([(2, 1), (7, 5), (300, 3), (2, 300), (4, 3, 2, 6)]))
def test_batch_norm(fused_on, seed, dtype, how, shape):
    channels = shape[-1:]
    x, g, gamma, beta = normal(seed, dtype, shape, shape, channels, channels)
    x += np.arange(channels[0]).astype(dtype) % 5
    eps = 0.1
    axes = tuple(range(x.ndim - 1))
    y, dx, dgamma, dbeta = by_library(lambda *args: ops.batch_norm(*args, eps)[0], g, x, gamma, beta)
    with launched(how):
        results = fused_on(fused.batch_norm, x, gamma, beta, eps)
        agree(results, [y, x.mean(axis=axes), x.var(axis=axes)], dtype)
        mean, var = results[1:]
        agree(fused_on(fused.batch_norm_gradient, g, x, gamma, mean, var, eps), [dx, dgamma, dbeta], dtype)


@check
@given(seeds, dtypes, launches(), shapes)
def test_normalize(fused_on, seed, dtype, how, shape):
    x, mean, var, gamma, beta = normal(seed, dtype, shape, *[shape[-1:]] * 4)
    var = var**2
    with launched(how):
        y = fused_on(fused.normalize, x, mean, var, gamma, beta, 0.01)
    agree(y, [(x - mean) / np.sqrt(var + 0.01) * gamma + beta], dtype)


def test_the_variance_of_a_small_difference_from_a_large_mean(fused_on):
    (x,) = normal(0, "float64", (5000, 2))
    x = (x + 1000).astype("float32")
    y, _, var = fused_on(fused.batch_norm, x, np.ones(2, "float32"), np.zeros(2, "float32"), 1e-5)
    exact = x.astype("float64")
    np.testing.assert_allclose(var, exact.var(axis=0), rtol=1e-4)
    np.testing.assert_allclose(y, (exact - exact.mean(axis=0)) / np.sqrt(exact.var(axis=0) + 1e-5), atol=1e-3)


# ---------------------------------------------------------------------------------------------- binary cross-entropy


@check
@given(seeds, dtypes, launches(), shapes, st.sampled_from(["each", "one number", "one a row", "transposed"]))
def test_bce_with_logits(fused_on, seed, dtype, how, shape, upstream):
    logits, targets, g = normal(seed, dtype, shape, shape, shape)
    logits, targets = logits * 4, np.clip(targets, 0, 1)
    given_g = {
        "each": lambda xp, g: g,
        "one number": lambda xp, g: xp.broadcast_to(g.ravel()[0], shape),
        "one a row": lambda xp, g: xp.broadcast_to(g[..., :1], shape),
        "transposed": lambda xp, g: xp.ascontiguousarray(g.T).T,
    }[upstream]
    expected = by_library(ops.bce_with_logits, given_g(np, g), logits, targets)[:2]
    with launched(how):
        (y,) = fused_on(fused.bce_with_logits, logits, targets)
        (dl,) = fused_on(
            lambda g, *args: fused.bce_with_logits_gradient(given_g(fused_on.xp, g), *args), g, logits, targets
        )
    agree([y, dl], expected, dtype)


def test_bce_at_the_ends_of_the_line(fused_on):
    logits = np.array([1e4, -1e4, 1e4, -1e4, 90, -90, 20, -20, np.nan], "float32")
    targets = np.array([1, 0, 0, 1, 1, 0, 1, 0, 1], "float32")
    y, dl = (fused_on(f, *args, logits, targets)[0] for f, args in BCE)
    np.testing.assert_allclose(y, [0, 0, 1e4, 1e4, 8.19401e-40, 8.19401e-40, 2.0611537e-9, 2.0611537e-9, np.nan], 1e-5)
    np.testing.assert_allclose(dl[:6], [0, 0, 1, -1, 0, 0], atol=1e-30)
    np.testing.assert_allclose(dl[7], 2.0611537e-9, rtol=1e-6)
    assert np.isnan(dl[8])


BCE = [(fused.bce_with_logits, ()), (fused.bce_with_logits_gradient, (np.ones(9, "float32"),))]

# ----------------------------------------------------------------------------------------------------------- windows


@st.composite
def geometries(draw):
    """Settings of all kinds, different in height and width."""

    def two(low, high):
        return draw(st.tuples(st.integers(low, high), st.integers(low, high)))

    kernel, dilation, padding = two(1, 3), two(1, 3), (two(0, 2), two(0, 2))
    least = [max(1, d * (k - 1) + 1 - sum(p)) for k, d, p in zip(kernel, dilation, padding, strict=True)]
    image = tuple(n + more for n, more in zip(least, two(0, 4), strict=True))
    return geometry(image, kernel, two(1, 3), padding, dilation)


def cover(geo):
    """Which pixel each tap of each window lies on: ((i, j, a, b), (line, column))."""
    for i, j, a, b in np.ndindex(*geo.output, *geo.kernel):
        line = i * geo.stride[0] + a * geo.dilation[0] - geo.padding[0][0]
        column = j * geo.stride[1] + b * geo.dilation[1] - geo.padding[1][0]
        if 0 <= line < geo.image[0] and 0 <= column < geo.image[1]:
            yield (i, j, a, b), (line, column)


@check
@given(seeds, dtypes, launches(), geometries(), st.integers(1, 3), st.sampled_from([1, 2, 3, 5, 70]))
def test_windows_and_their_adjoint(fused_on, seed, dtype, how, geo, n, c):
    x, cols = normal(seed, dtype, (n, *geo.image, c), (n, *geo.output, *geo.kernel, c))
    expected_cols, expected_x = np.zeros_like(cols), np.zeros_like(x)
    for (i, j, a, b), (line, column) in cover(geo):
        expected_cols[:, i, j, a, b] = x[:, line, column]
        expected_x[:, line, column] += cols[:, i, j, a, b]
    with launched(how):
        (windows,) = fused_on(fused.windows, x, geo)
        (added,) = fused_on(fused.add_windows, cols, geo)
    np.testing.assert_array_equal(windows, expected_cols)
    agree([windows, added], [expected_cols, expected_x], dtype)


def test_windows_are_those_of_the_convolution(fused_on):
    x, w = normal(0, "float64", (2, 9, 8, 3), (4, 4, 3, 5))
    geo = geometry((9, 8), (4, 4), 2, "same", 1)
    (cols,) = fused_on(fused.windows, x, geo)
    y = np.tensordot(cols, w, 3)
    np.testing.assert_allclose(y, ops.conv2d(x, w, 2, "same"), atol=1e-12)
    (dx,) = fused_on(fused.add_windows, np.tensordot(y, w, (3, 3)), geo)
    np.testing.assert_allclose(dx, ops.conv2d_transpose(y, w, 2, "same", output_size=(9, 8)), atol=1e-12)


# ----------------------------------------------------------------------------------- what is taken, what is refused


def test_takes(fused_on):
    xp = fused_on.xp
    x = xp.zeros((4, 3), dtype="float32")
    assert fused.takes(x)
    assert fused.takes(x, x[2:], x[0, 0, ...])
    assert fused.takes(xp.zeros(1))
    for others in (
        (x.T,),
        (x[:, 1:],),
        (x[:0],),
        (x.astype("float16"),),
        (x.astype("int32"),),
        (x, x.astype("float64")),
        (x, 1.0),
        (1.0, x),
        (x, np.zeros((4, 3), "float32")),
        (np.zeros(3),),
        (mg.tensor(x),),
        (mg.tensor(x), x),
        (2.0,),
    ):
        assert not fused.takes(*others), others


def test_bad_arguments_are_named(fused_on):
    xp = fused_on.xp
    x, b, geo = xp.zeros((2, 3)), xp.zeros(3), geometry((4, 4), (3, 3), 1, 0, 1)
    image, cols, ab = xp.zeros((1, 4, 5, 1)), xp.zeros((1, 2, 2, 3, 1, 3)), (0.9, 0.999)
    for error, message, call in (
        (DTypeError, "adam: .*v: ndarray float32", lambda: fused.adam(b, b, b, b.astype("float32"), 1, 0.1, ab, 0)),
        (ShapeError, r"adam: m must have shape \(3,\), got \(2, 3\)", lambda: fused.adam(b, b, x, b, 1, 0.1, ab, 0)),
        (DTypeError, "channel_sums: .*x: ndarray.*takes", lambda: fused.channel_sums(np.zeros((2, 3)))),
        (DTypeError, "bias_activation: .*b: Tensor", lambda: fused.bias_activation(x, mg.tensor(b), "relu")),
        (ShapeError, "bias_activation: b must", lambda: fused.bias_activation(x, b[:1], "relu")),
        (ShapeError, "bias_activation: out must", lambda: fused.bias_activation(x, b, "relu", out=x[:1])),
        (DTypeError, "bias_activation: .*out: ", lambda: fused.bias_activation(x, b, "relu", out=x[:, ::-1])),
        (ArgumentError, "activation: .*did you mean 'relu'", lambda: fused.bias_activation(x, b, "rely")),
        (ArgumentError, "activation: unknown", lambda: fused.activation_gradient(x, x, "gelu")),
        (ArgumentError, "slope must be >= 0, got -1", lambda: fused.activation_gradient(x, x, "leaky_relu", -1)),
        (ShapeError, "activation_gradient: g must", lambda: fused.activation_gradient(x, x[:1], "relu")),
        (DTypeError, "batch_norm: .*gamma", lambda: fused.batch_norm(x, 1.0, b, 1e-5)),
        (ShapeError, "normalize: var must", lambda: fused.normalize(x, b, b[:2], b, b, 1e-5)),
        (ShapeError, "batch_norm_gradient: g must", lambda: fused.batch_norm_gradient(x[:1], x, b, b, b, 1e-5)),
        (ShapeError, "batch_norm_gradient: mean", lambda: fused.batch_norm_gradient(x, x, b, b[:1], b, 1e-5)),
        (ShapeError, "bce_with_logits: targets must", lambda: fused.bce_with_logits(x, x[:1])),
        (ShapeError, "bce_with_logits_gradient: g must", lambda: fused.bce_with_logits_gradient(b, x, x)),
        (DTypeError, "gradient: .*g: ", lambda: fused.bce_with_logits_gradient(x.astype("float32"), x, x)),
        (ShapeError, "windows: x must", lambda: fused.windows(image, geo)),
        (ShapeError, "add_windows: cols must", lambda: fused.add_windows(cols, geo)),
    ):
        with pytest.raises(error, match=message):
            call()


@pytest.mark.skipif(kernels.compiler() is None, reason="no C++ compiler")
def test_source_and_twins_round_alike(monkeypatch):
    """Where there are only + - * / and square roots, to the last bit: `--fmad=false` promises the same on a device."""
    w, g, m, v, x = normal(0, "float32", *[1000] * 4, (2, 9, 8, 3))
    geo = geometry((9, 8), (3, 2), (1, 2), 1, (1, 3))
    (cols,) = normal(1, "float32", (2, *geo.output, *geo.kernel, 3))
    calls = [
        (fused.adam, w, g, m, v * v, 3, 1e-3, (0.9, 0.999), 1e-8, 0.01),
        (fused.bias_activation, x, x[0, 0, 0], "leaky_relu"),
        (fused.activation_gradient, x, x[::-1].copy(), "tanh"),
        (fused.add_windows, cols, geo),
    ]
    results = []
    for compiler in (kernels.compiler, lambda: None):
        monkeypatch.setattr(kernels, "compiler", compiler)
        with double.installed() as xp:
            backend.module_for("cuda")
            results.append([r.tobytes() for call in calls for r in On(xp)(*call)])
    assert results[0] == results[1]
