"""Values and gradients against PyTorch, an implementation that shares no line with this one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigen as mg

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'minigen[bench]'")
F = torch.nn.functional

RNG = np.random.default_rng(3)


def r(*shape):
    return RNG.standard_normal(shape)


def p(*shape):
    return RNG.random(shape) + 0.5


def nchw(x):
    return x.permute(0, 3, 1, 2)


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def oihw(w):
    """(kh, kw, C, F) -> (F, C, kh, kw)."""
    return w.permute(3, 2, 0, 1)


def by_head(x):
    """(N, T, H, D) -> (N, H, T, D), and back."""
    return x.permute(0, 2, 1, 3)


def torch_attention(causal):
    def attention(q, k, v):
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):  # the one with a second derivative
            return by_head(F.scaled_dot_product_attention(*map(by_head, (q, k, v)), is_causal=causal))

    return attention


def torch_gru(p, w, b, h):
    """The inputs' part is given: an input weight of ones on the diagonal hands it on."""
    c3, zeros = p.shape[2], p.new_zeros(p.shape[2])
    weights = torch.eye(c3, dtype=p.dtype), w.T, zeros, torch.cat([zeros[: 2 * len(b)], b])
    return torch.gru(p, h[None], weights, True, 1, 0.0, True, False, True)[0]


def pool(f):
    return lambda x: nhwc(f(nchw(x)))


CASES = {
    "add": (lambda a, b: a + b, lambda a, b: a + b, r(3, 4), r(4)),
    "subtract": (lambda a, b: 2 - a - b, lambda a, b: 2 - a - b, r(3, 4), r(3, 1)),
    "multiply": (lambda a, b: a * b, lambda a, b: a * b, r(3, 1), r(2, 1, 4)),
    "negative": (lambda x: -x, lambda x: -x, r(3, 4)),
    "divide": (lambda a, b: a / b, lambda a, b: a / b, r(3, 1), p(4)),
    "power": (lambda a, b: a**b, lambda a, b: a**b, p(3, 4), r(4)),
    **{name: (getattr(mg, name), getattr(torch, name), p(3, 4)) for name in ["exp", "log", "log1p", "expm1", "sqrt"]},
    **{
        name: (getattr(mg, name), getattr(torch, name), r(3, 4))
        for name in ["abs", "sin", "cos", "tanh", "sigmoid", "relu"]
    },
    "softplus": (mg.softplus, F.softplus, r(3, 4)),
    "leaky_relu": (lambda x: mg.leaky_relu(x, 0.1), lambda x: F.leaky_relu(x, 0.1), r(3, 4)),
    "elu": (mg.elu, F.elu, r(3, 4)),
    "silu": (mg.silu, F.silu, r(3, 4)),
    "gelu": (mg.gelu, lambda x: F.gelu(x, approximate="tanh"), r(3, 4)),
    "erf": (mg.erf, torch.erf, r(3, 4)),
    "gelu_exact": (mg.gelu_exact, F.gelu, r(3, 4)),
    "remainder": (lambda a, b: a % b, lambda a, b: a % b, 9 * r(3, 4), r(4)),
    "cumsum": (lambda x: mg.cumsum(x, -2), lambda x: x.cumsum(-2), r(2, 3, 4)),
    "topk": (lambda x: mg.topk(x, 2, 1)[0], lambda x: x.topk(2, 1)[0], r(3, 4)),
    "take_along_axis": (
        lambda x: mg.take_along_axis(x, [[2, 0], [2, 2], [1, 1]], 1),
        lambda x: x.gather(1, torch.tensor([[2, 0], [2, 2], [1, 1]])),
        r(3, 4),
    ),
    "repeat": (lambda x: mg.repeat(x, 3, 1), lambda x: x.repeat_interleave(3, 1), r(2, 3, 4)),
    "repeat unevenly": (
        lambda x: mg.repeat(x, [1, 0, 3], 0),
        lambda x: x.repeat_interleave(torch.tensor([1, 0, 3]), 0),
        r(3, 2),
    ),
    "attention": (mg.attention, torch_attention(True), *(r(2, 40, 3, 4) for _ in range(3))),
    "attention, all keys": (
        lambda q, k, v: mg.attention(q, k, v, causal=False),
        torch_attention(False),
        r(2, 3, 2, 4),
        *(r(2, 5, 2, 4) for _ in range(2)),
    ),
    "tril": (lambda x: mg.tril(x, 1), lambda x: x.tril(1), r(2, 3, 4)),
    "triu": (lambda x: mg.triu(x, -1), lambda x: x.triu(-1), r(2, 3, 4)),
    **{
        f"einsum {subscripts}": (
            lambda *xs, s=subscripts: mg.einsum(s, *xs),
            lambda *xs, s=subscripts: torch.einsum(s, *xs),
            *(r(*shape) for shape in shapes),
        )
        for subscripts, *shapes in [
            ("ij,jk", (2, 3), (3, 4)),
            ("nij,nkj->nik", (2, 3, 4), (2, 5, 4)),
            ("i,j,k->kij", (2,), (3,), (4,)),
            ("ij->j", (2, 3)),
            ("ii", (3, 3)),
            ("iji,jj->ij", (2, 3, 2), (3, 3)),
            ("...ij,...j->...i", (4, 1, 2, 3), (5, 3)),
            ("i...,...i->...", (2, 3), (3, 2)),
        ]
    },
    "clip": (lambda x: mg.clip(x, -0.5, 0.5), lambda x: torch.clip(x, -0.5, 0.5), r(3, 4)),
    "maximum": (mg.maximum, torch.maximum, r(3, 4), r(4)),
    "minimum": (mg.minimum, torch.minimum, r(3, 4), r(4)),
    "where": (lambda a, b: mg.where(a > b, a, b * 2), lambda a, b: torch.where(a > b, a, b * 2), r(3, 4), r(4)),
    "sum": (lambda x: mg.sum(x, axis=(0, 2)), lambda x: x.sum((0, 2)), r(2, 3, 4)),
    "mean": (lambda x: mg.mean(x, 1, keepdims=True), lambda x: x.mean(1, keepdim=True), r(2, 3, 4)),
    "var": (lambda x: mg.var(x, axis=1, ddof=1), lambda x: x.var(1), r(3, 4)),
    "var biased": (mg.var, lambda x: x.var(unbiased=False), r(3, 4)),
    "std": (lambda x: mg.std(x, axis=(0, 2), ddof=1), lambda x: x.std((0, 2)), r(3, 4, 2)),
    "max": (lambda x: mg.max(x, axis=1), lambda x: x.amax(1), r(3, 4)),
    "min": (lambda x: mg.min(x, axis=0), lambda x: x.amin(0), r(3, 4)),
    "logsumexp": (lambda x: mg.logsumexp(x, axis=(0, 1)), lambda x: x.logsumexp((0, 1)), r(3, 4, 2)),
    "softmax": (lambda x: mg.softmax(x, axis=0), lambda x: x.softmax(0), r(3, 4)),
    "log_softmax": (mg.log_softmax, lambda x: x.log_softmax(-1), r(3, 4)),
    "norm": (lambda x: mg.norm(x, axis=1), lambda x: x.norm(dim=1), r(3, 4)),
    "norm of all": (mg.norm, lambda x: x.norm(), r(2, 3, 4)),
    "cross entropy": (
        lambda x: -mg.log_softmax(x)[[0, 1, 2], [3, 0, 3]],
        lambda x: F.cross_entropy(x, torch.tensor([3, 0, 3]), reduction="none"),
        r(3, 4) * 5,
    ),
    "transpose": (lambda x: x.transpose(2, 0, 1), lambda x: x.permute(2, 0, 1), r(2, 3, 4)),
    "concatenate": (lambda a, b: mg.concatenate([a, b], 1), lambda a, b: torch.cat([a, b], 1), r(2, 3), r(2, 1)),
    "stack": (lambda a, b: mg.stack([a, b], 1), lambda a, b: torch.stack([a, b], 1), r(2, 3), r(2, 3)),
    "getitem": (lambda x: x[1:, [0, 2, 2]], lambda x: x[1:, [0, 2, 2]], r(3, 4)),
    "getitem mask": (lambda x: x[:, [True, False, True, True]], lambda x: x[:, [True, False, True, True]], r(3, 4)),
    "getitem pairs": (lambda x: x[[0, 2, 0], ..., [1, 1, 1]], lambda x: x[[0, 2, 0], ..., [1, 1, 1]], r(3, 4, 2)),
    "take": (
        lambda x: mg.take(x, [[2, 0], [2, 1]], axis=1),
        lambda x: x.index_select(1, torch.tensor([2, 0, 2, 1])).reshape(3, 2, 2),
        r(3, 4),
    ),
    "split": (lambda x: mg.split(x, [1, 4], 1)[1] ** 2, lambda x: x.split([1, 3, 2], 1)[1] ** 2, r(2, 6)),
    "broadcast_to": (lambda x: mg.broadcast_to(x, (2, 3, 4)), lambda x: x.expand(2, 3, 4), r(3, 1)),
    "pad": (lambda x: mg.pad(x, ((0, 1), (2, 0)), 3.0), lambda x: F.pad(x, (2, 0, 0, 1), value=3.0), r(3, 4)),
    "flip": (lambda x: mg.flip(x, 1), lambda x: x.flip(1), r(3, 4)),
    "matmul": (mg.matmul, torch.matmul, r(5, 1, 2, 3), r(4, 3, 2)),
    "vector times matrices": (mg.matmul, torch.matmul, r(3), r(5, 3, 2)),
    "matrix times vector": (mg.matmul, torch.matmul, r(5, 2, 3), r(3)),
    "add_bias": (mg.add_bias, lambda x, b: x + b, r(5, 2, 3), r(3)),
    "dense": (mg.dense, lambda x, w, b: F.linear(x, w.T, b), r(5, 2, 3), r(3, 4), r(4)),
    "gru": (mg.gru, torch_gru, r(2, 5, 9), r(3, 9), r(3), r(2, 3)),
    "conv2d": (
        lambda x, w: mg.conv2d(x, w, (2, 1), (1, 2), (1, 2), 2),
        lambda x, w: nhwc(F.conv2d(nchw(x), oihw(w), None, (2, 1), (1, 2), (1, 2), 2)),
        r(2, 7, 8, 4),
        r(3, 2, 2, 6),
    ),
    "conv2d same": (
        lambda x, w: mg.conv2d(x, w, padding="same"),
        lambda x, w: nhwc(F.conv2d(nchw(x), oihw(w), padding="same")),
        r(2, 5, 6, 3),
        r(3, 3, 3, 4),
    ),
    "conv2d of each channel": (
        lambda x, w: mg.conv2d(x, w, groups=4),
        lambda x, w: nhwc(F.conv2d(nchw(x), oihw(w), groups=4)),
        r(2, 5, 6, 4),
        r(3, 3, 1, 8),
    ),
    "conv2d_transpose": (
        lambda x, w: mg.conv2d_transpose(x, w, 2, 1),
        lambda x, w: nhwc(F.conv_transpose2d(nchw(x), oihw(w), None, 2, 1)),
        r(2, 3, 4, 3),
        r(4, 4, 2, 3),
    ),
    "conv2d_transpose output size": (
        lambda x, w: mg.conv2d_transpose(x, w, 2, 1, 2, 2, output_size=(8, 7)),
        lambda x, w: nhwc(F.conv_transpose2d(nchw(x), oihw(w), None, 2, 1, (1, 0), 2, 2)),
        r(2, 3, 4, 4),
        r(3, 2, 2, 4),
    ),
    "max_pool2d": (
        lambda x: mg.max_pool2d(x, 3, 2, 1),
        pool(lambda x: F.max_pool2d(x, 3, 2, 1)),
        r(2, 6, 7, 3),
    ),
    "avg_pool2d": (
        lambda x: mg.avg_pool2d(x, 3, 2, 1),
        pool(lambda x: F.avg_pool2d(x, 3, 2, 1)),
        r(2, 6, 7, 3),
    ),
    "upsample_nearest": (
        lambda x: mg.upsample_nearest(x, 2),
        pool(lambda x: F.interpolate(x, scale_factor=2, mode="nearest")),
        r(2, 3, 4, 3),
    ),
    "upsample_bilinear": (
        lambda x: mg.upsample_bilinear(x, (2, 3)),
        pool(lambda x: F.interpolate(x, scale_factor=(2, 3), mode="bilinear", align_corners=False)),
        r(2, 3, 4, 3),
    ),
    "batch_norm": (
        lambda x, g, b: mg.batch_norm(x, g, b)[0],
        lambda x, g, b: nhwc(F.batch_norm(nchw(x), None, None, g, b, training=True)),
        r(3, 2, 4, 5),
        r(5),
        r(5),
    ),
    "unfold": (
        lambda x: mg.unfold(x, (3, 2), (2, 1), 1, (1, 2)),
        lambda x: F.unfold(nchw(x), (3, 2), (1, 2), 1, (2, 1)).reshape(2, 3, 3, 2, 3, 7).permute(0, 4, 5, 2, 3, 1),
        r(2, 6, 7, 3),
    ),
    "group_norm": (
        lambda x, g, b: mg.group_norm(x, g, b, 2),
        lambda x, g, b: nhwc(F.group_norm(nchw(x), 2, g, b)),
        r(3, 2, 3, 4),
        r(4),
        r(4),
    ),
    "layer_norm": (mg.layer_norm, lambda x, g, b: F.layer_norm(x, (5,), g, b), r(3, 5), r(5), r(5)),
    "bce_with_logits": (
        mg.bce_with_logits,
        lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none"),
        r(3, 4) * 5,
        RNG.random((3, 4)),
    ),
    "bernoulli_log_likelihood": (
        mg.bernoulli_log_likelihood,
        lambda x, t: -F.binary_cross_entropy_with_logits(x, t, reduction="none").sum((1, 2)),
        r(3, 8, 6) * 5,
        RNG.random((3, 8, 6)),
    ),
}


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("name", sorted(CASES))
def test_values_and_gradients(device, name, precision):
    ours, theirs, *arrays = CASES[name]
    arrays = [a.astype(precision) for a in arrays]
    tolerance = {"rtol": 1e-9, "atol": 1e-11} if precision == "float64" else {"rtol": 2e-4, "atol": 1e-4}
    a = [mg.tensor(x, requires_grad=True) for x in arrays]
    b = [torch.tensor(x, requires_grad=True) for x in arrays]
    y, z = ours(*a), theirs(*b)
    assert y.dtype == precision
    assert np.allclose(y.numpy(), z.detach().numpy(), **tolerance)
    g = np.random.default_rng(0).standard_normal(y.shape).astype(precision)
    y.backward(g)
    z.backward(torch.tensor(g))
    for ta, tb in zip(a, b, strict=True):
        assert np.allclose(ta.grad.numpy(), tb.grad.numpy(), **tolerance)


@pytest.mark.parametrize("name", sorted(CASES))
def test_gradients_of_gradients(device, name):
    """d/dx and d/dg of <v, dx(x, g)>, where dx is the gradient of the operation along g."""
    ours, theirs, *arrays = CASES[name]
    a, b = [mg.tensor(x, requires_grad=True) for x in arrays], [torch.tensor(x, requires_grad=True) for x in arrays]
    y, z = ours(*a), theirs(*b)
    rng = np.random.default_rng(1)
    upstream, directions = rng.standard_normal(y.shape), [rng.standard_normal(x.shape) for x in arrays]
    g, h = mg.tensor(upstream, requires_grad=True), torch.tensor(upstream, requires_grad=True)
    first = mg.grad(y, a, g, create_graph=True)
    other = torch.autograd.grad(z, b, h, create_graph=True)
    pairing = sum((d * mg.tensor(v)).sum() for d, v in zip(first, directions, strict=True))
    paired = sum((d * torch.tensor(v)).sum() for d, v in zip(other, directions, strict=True))
    second = mg.grad(pairing, [*a, g], allow_unused=True)
    expected = torch.autograd.grad(paired, [*b, h], allow_unused=True)
    for dx, other in zip(second, expected, strict=True):
        right = 0.0 if other is None else other.numpy(force=True)
        assert np.allclose(0.0 if dx is None else dx.numpy(), right, rtol=1e-8, atol=1e-9)
    assert second[-1] is not None  # the first gradient is linear in g


settings_of_conv = st.fixed_dictionaries(
    {
        "stride": st.tuples(st.integers(1, 3), st.integers(1, 3)),
        "padding": st.tuples(st.integers(0, 2), st.integers(0, 2)),
        "dilation": st.tuples(st.integers(1, 2), st.integers(1, 2)),
        "groups": st.integers(1, 3),
    }
)


@settings(max_examples=40, deadline=None)
@given(settings_of_conv, st.tuples(st.integers(1, 3), st.integers(1, 3)), st.tuples(*[st.integers(5, 8)] * 2))
def test_convolutions_of_every_setting(options, kernel, size):
    """And back: the transposed convolution with the output size that PyTorch is told by `output_padding`."""
    groups, rng = options["groups"], np.random.default_rng(0)
    x, w = rng.standard_normal((2, *size, 2 * groups)), rng.standard_normal((*kernel, 2, 3 * groups))
    y = mg.conv2d(x, w, **options)
    z = F.conv2d(nchw(torch.tensor(x)), oihw(torch.tensor(w)), None, **options)
    assert np.allclose(y, nhwc(z).numpy(), rtol=1e-10, atol=1e-10)
    back = mg.conv2d_transpose(y, w, **options, output_size=size)
    shape = [y.shape[1:3], kernel, options["stride"], options["padding"], options["dilation"], size]
    extra = [n - (s * (o - 1) + d * (k - 1) + 1 - 2 * p) for o, k, s, p, d, n in zip(*shape, strict=True)]
    padding, dilation = options["padding"], options["dilation"]
    if all(e < max(s, d) for e, s, d in zip(extra, options["stride"], dilation, strict=True)):
        other = F.conv_transpose2d(z, oihw(torch.tensor(w)), None, options["stride"], padding, extra, groups, dilation)
        assert np.allclose(back, nhwc(other).numpy(), rtol=1e-10, atol=1e-10)


def test_a_large_batch():
    """Many pieces of few images on a CPU (see `conv.CACHE`), with a remainder."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((23, 14, 14, 8)), rng.standard_normal((5, 5, 8, 6))
    a, b = [mg.tensor(t, requires_grad=True) for t in (x, w)], [torch.tensor(t, requires_grad=True) for t in (x, w)]
    y, z = mg.conv2d(*a, padding=2), nhwc(F.conv2d(nchw(b[0]), oihw(b[1]), padding=2))
    g = rng.standard_normal(y.shape)
    y.backward(g)
    z.backward(torch.tensor(g))
    assert np.allclose(y.numpy(), z.detach().numpy(), atol=1e-10)
    for ours, theirs in zip(a, b, strict=True):
        assert np.allclose(ours.grad.numpy(), theirs.grad.numpy(), atol=1e-9)


def test_a_gradient_penalty_through_every_kind_of_layer(device):
    """(|dD/dx| - 1)^2 of a small critic, differentiated by its weights: a gradient of a gradient."""
    x, w1, w2, v = r(3, 6, 6, 2), r(3, 3, 2, 4), r(4, 4, 3, 4), r(3 * 12 * 12, 1)
    gamma, beta = p(4), r(4)

    def critic(x, w1, gamma, beta, w2, v, lib):
        if lib is mg:
            h = mg.leaky_relu(mg.batch_norm(mg.conv2d(x, w1, padding=1), gamma, beta)[0], 0.2)
            h = mg.tanh(mg.conv2d_transpose(h, w2, 2, 1))
            return mg.flatten(h) @ v
        h = F.conv2d(nchw(x), oihw(w1), padding=1)
        h = F.leaky_relu(F.batch_norm(h, None, None, gamma, beta, training=True), 0.2)
        h = nhwc(torch.tanh(F.conv_transpose2d(h, oihw(w2), None, 2, 1)))
        return h.reshape(3, -1) @ v

    a = [mg.tensor(t, requires_grad=True) for t in (x, w1, gamma, beta, w2, v)]
    b = [torch.tensor(t, requires_grad=True) for t in (x, w1, gamma, beta, w2, v)]
    g = mg.grad(critic(*a, mg).sum(), a[0], create_graph=True)
    penalty = ((mg.norm(mg.flatten(g), axis=1) - 1) ** 2).mean()
    penalty.backward()
    (h,) = torch.autograd.grad(critic(*b, torch).sum(), b[0], create_graph=True)
    theirs = ((h.reshape(3, -1).norm(dim=1) - 1) ** 2).mean()
    theirs.backward()
    assert np.isclose(penalty.item(), theirs.item())
    for ours, other in zip(a, b, strict=True):
        expected = np.zeros(ours.shape) if other.grad is None else other.grad.numpy()
        assert np.allclose(0 if ours.grad is None else ours.grad.numpy(), expected, atol=1e-9)
