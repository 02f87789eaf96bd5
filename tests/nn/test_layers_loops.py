"""Layers with weights against the plain loops of `minigen.ops.loops`, and against their definitions."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen import nn
from minigen.ops import loops
from tests.nn.cases import randomize

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
small = st.integers(1, 3)


def run(layer, x, seed):
    """Output and gradients (of the input, then of the parameters) for a random upstream gradient, and that one."""
    rng = np.random.default_rng(seed)
    x = mg.tensor(x, requires_grad=True)
    y = layer(x)
    g = rng.standard_normal(y.shape)
    y.backward(g)
    return y.numpy(), [x.grad.numpy(), *[p.grad.numpy() for p in layer.parameters()]], g


def close(actual, desired):
    np.testing.assert_allclose(actual, desired, rtol=1e-10, atol=1e-12)


@FEW
@given(n=small, inputs=st.integers(1, 5), outputs=st.integers(1, 4), seed=st.integers(0, 99))
def test_dense(device, n, inputs, outputs, seed):
    layer = randomize(nn.Dense(inputs, outputs), seed)
    x = np.random.default_rng(seed).standard_normal((n, inputs))
    y, gradients, g = run(layer, x, seed)
    w, b = layer.w.numpy(), layer.b.numpy()
    close(y, loops.dense(x, w, b))
    for ours, theirs in zip(gradients, loops.dense_gradients(g, x, w, b), strict=True):
        close(ours, theirs)


convolutions = {
    "n": st.integers(1, 2),
    "size": st.tuples(st.integers(3, 6), st.integers(3, 6)),
    "kernel": st.tuples(small, small),
    "stride": small,
    "padding": st.integers(0, 2),
    "c": small,
    "f": small,
    "seed": st.integers(0, 99),
}


@FEW
@given(**convolutions, dilation=st.integers(1, 2), groups=st.integers(1, 2))
def test_conv2d(device, n, size, kernel, stride, padding, c, f, seed, dilation, groups):
    if any(s + 2 * padding < dilation * (k - 1) + 1 for s, k in zip(size, kernel, strict=True)):
        padding = 2
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    layer = randomize(nn.Conv2D(c * groups, f * groups, kernel, **options), seed)
    x = np.random.default_rng(seed).standard_normal((n, *size, c * groups))
    y, (dx, dw, db), g = run(layer, x, seed)
    w, b = layer.w.numpy(), layer.b.numpy()
    assert w.shape == (*kernel, c, f * groups)
    close(y, loops.conv2d(x, w, **options) + b)
    expected_dx, expected_dw = loops.conv2d_gradients(g, x, w, **options)
    close(dx, expected_dx)
    close(dw, expected_dw)
    close(db, g.sum((0, 1, 2)))


@FEW
@given(
    **convolutions, extra=st.integers(0, 2), dilation=st.integers(1, 2), groups=st.integers(1, 2), sized=st.booleans()
)
def test_conv2d_transpose(device, n, size, kernel, stride, padding, c, f, seed, extra, dilation, groups, sized):
    spans = [dilation * (k - 1) + 1 for k in kernel]
    padding, extra = min(padding, (min(spans) - 1) // 2), min(extra, stride - 1)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    output = tuple(stride * (s - 1) + k - 2 * padding + extra for s, k in zip(size, spans, strict=True))
    larger = {"output_size": output} if sized else {"output_padding": extra}
    layer = randomize(nn.Conv2DTranspose(f * groups, c * groups, kernel, **options, **larger), seed)
    x = np.random.default_rng(seed).standard_normal((n, *size, f * groups))
    y, (dx, dw, db), g = run(layer, x, seed)
    w, b = layer.w.numpy(), layer.b.numpy()
    assert w.shape == (*kernel, c, f * groups)
    close(y, loops.conv2d_transpose(x, w, output, **options) + b)
    close(dx, loops.conv2d(g, w, **options))  # the transpose of the transpose
    close(dw, loops.conv2d_gradients(x, g, w, **options)[1])
    close(db, g.sum((0, 1, 2)))


@FEW
@given(
    n=st.integers(1, 2),
    steps=st.integers(4, 9),
    kernel=small,
    stride=small,
    ends=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dilation=st.integers(1, 2),
    groups=st.integers(1, 2),
    c=small,
    f=small,
    seed=st.integers(0, 99),
)
def test_conv1d(device, n, steps, kernel, stride, ends, dilation, groups, c, f, seed):
    """By its definition: y[n,i,f] = sum_{a,c} x[n, s i + d a - p, c] w[a,c,f]."""
    padded = steps + sum(ends) - dilation * (kernel - 1)
    if padded < 1:
        return
    layer = nn.Conv1D(c * groups, f * groups, kernel, stride=stride, padding=ends, dilation=dilation, groups=groups)
    randomize(layer, seed)
    x = np.random.default_rng(seed).standard_normal((n, steps, c * groups))
    y, (dx, dw, db), g = run(layer, x, seed)
    w, b = layer.w.numpy(), layer.b.numpy()
    assert w.shape == (kernel, c, f * groups)
    expected, expected_dx, expected_dw = (
        np.tile(b, (n, (padded - 1) // stride + 1, 1)),
        np.zeros_like(x),
        np.zeros_like(w),
    )
    for i, a, channel, k in np.ndindex(expected.shape[1], kernel, c, f * groups):
        step, full = stride * i + dilation * a - ends[0], k // f * c + channel
        if 0 <= step < steps:
            expected[:, i, k] += x[:, step, full] * w[a, channel, k]
            expected_dx[:, step, full] += g[:, i, k] * w[a, channel, k]
            expected_dw[a, channel, k] += (g[:, i, k] * x[:, step, full]).sum()
    close(y, expected)
    close(dx, expected_dx)
    close(dw, expected_dw)
    close(db, g.sum((0, 1)))


def test_padding_before_alone_makes_a_convolution_causal(device):
    """No output depends on a later input."""
    layer, x = (
        randomize(nn.Conv1D(2, 3, 3, dilation=2, padding=(4, 0))),
        mg.tensor(np.zeros((1, 6, 2)), requires_grad=True),
    )
    for step in range(6):
        dx = mg.grad(layer(x)[:, step].sum(), x).numpy()
        assert dx[0, : step + 1].any()
        assert not dx[0, step + 1 :].any()


@FEW
@given(ids=st.lists(st.integers(0, 4), min_size=1, max_size=8), seed=st.integers(0, 99))
def test_embedding_sums_the_gradients_of_repeated_ids(device, ids, seed):
    layer = randomize(nn.Embedding(5, 3), seed)
    y = layer(mg.tensor(np.array(ids), device=device))
    g = np.random.default_rng(seed).standard_normal((len(ids), 3))
    y.backward(g)
    expected = np.zeros((5, 3))
    for row, i in enumerate(ids):
        close(y.numpy()[row], layer.w.numpy()[i])
        expected[i] += g[row]
    close(layer.w.grad.numpy(), expected)


def test_embedding_takes_ids_of_any_kind_and_shape(device):
    layer = nn.Embedding(5, 3)
    w, ids = layer.w.numpy(), np.array([[4, 0], [1, 1], [2, 4]])
    tensors = [mg.tensor(ids, device=name) for name in ("cpu", device)]
    for given_ids in ids, ids.tolist(), ids.astype(np.uint8), *tensors:
        y = layer(given_ids)
        assert y.device == device
        assert (y.numpy() == w[ids]).all()
    assert layer(np.int64(3)).shape == (3,)
    assert layer(np.zeros((2, 0), int)).shape == (2, 0, 3)


@FEW
@given(shape=st.lists(small, min_size=1, max_size=4))
def test_flatten_and_reshape_keep_the_order_within_each_example(device, shape):
    x = np.random.default_rng(0).standard_normal((3, *shape))
    flat = nn.Flatten()(mg.tensor(x, device=device))
    assert flat.shape == (3, int(np.prod(shape)))
    assert (flat.numpy() == [example.ravel() for example in x]).all()
    for reshape in nn.Reshape(*shape), nn.Reshape(tuple(shape)):
        assert (reshape(flat).numpy() == x).all()


def test_reshape_to_scalars(device):
    assert nn.Reshape()(mg.ones((4, 1), device=device)).shape == (4,)


@FEW
@given(factor=st.tuples(small, small), size=st.tuples(small, small), seed=st.integers(0, 99))
def test_nearest_up_sampling_repeats_pixels(device, factor, size, seed):
    x = np.random.default_rng(seed).standard_normal((2, *size, 2))
    y, (dx,), g = run(nn.UpSampling2D(factor), x, seed)
    close(y, x.repeat(factor[0], 1).repeat(factor[1], 2))
    close(dx, g.reshape(2, size[0], factor[0], size[1], factor[1], 2).sum((2, 4)))


@FEW
@given(kernel=st.tuples(small, small), stride=small, size=st.tuples(st.integers(3, 6), st.integers(3, 6)))
def test_pools_look_at_every_window(device, kernel, stride, size):
    x = np.random.default_rng(0).standard_normal((2, *size, 2))
    for layer, reduce in (nn.MaxPool2D, np.max), (nn.AvgPool2D, np.mean):
        y, (dx,), g = run(layer(kernel, stride=stride), x, 0)
        expected_dx = np.zeros_like(x)
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                top, left = i * stride, j * stride
                window = np.s_[:, top : top + kernel[0], left : left + kernel[1]]
                value = reduce(x[window], axis=(1, 2), keepdims=True)
                close(y[:, i, j], value[:, 0, 0])
                share = x[window] == value if reduce is np.max else 1 / (kernel[0] * kernel[1])
                expected_dx[window] += share * g[:, i : i + 1, j : j + 1]
        close(dx, expected_dx)
        last = ((y.shape[1] - 1) * stride + kernel[0], (y.shape[2] - 1) * stride + kernel[1])
        assert all(end <= s < end + stride for end, s in zip(last, size, strict=True))
