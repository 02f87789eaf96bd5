"""One table for all gradient tests: each operation with inputs that reach every branch of its rules.

Shapes are rectangular and all different, strides are not 1, indices repeat: a rule that mixes up axes, forgets a sum
or ignores a setting gives wrong numbers here. Inputs stay away from kinks and ties.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import minigen as mg
from minigen.autodiff import unbroadcast
from minigen.ops import resample, shape
from minigen.ops.conv import conv2d_weight_gradient


class Case(NamedTuple):
    op: str
    fn: Callable
    inputs: tuple
    smooth: bool = True  # whether it has a second derivative that is not zero


rng = np.random.default_rng(7)


def r(*shape):
    """N(0, 1), at least 0.05 away from 0."""
    x = rng.standard_normal(shape)
    return x + 0.05 * np.where(x < 0, -1, 1)


def p(*shape):
    """Uniform in [0.5, 2]."""
    return 0.5 + 1.5 * rng.random(shape)


def case(op, fn, *inputs, smooth=True):
    return Case(op, fn, inputs, smooth)


LINEAR = {"smooth": False}
ids = np.array([[2, 0], [2, 1]])
STEPS = np.array([[-3.3, 2.4, 7.1, -0.6], [5.7, -9.2, 0.4, 1.9]])
CASES = [
    # arithmetic, with broadcasting both ways
    case("add", lambda a, b: a + b, r(2, 3), r(3), **LINEAR),
    case("add", lambda a, b: a + b, r(3, 1), r(2, 1, 4), **LINEAR),
    case("subtract", lambda a, b: a - b, r(2, 3), r(2, 1), **LINEAR),
    case("subtract", lambda a, b: a - b, r(3), r(2, 3), **LINEAR),
    case("subtract", lambda a: 2.0 - a, r(3), **LINEAR),
    case("multiply", lambda a, b: a * b, r(2, 3), r(3)),
    case("multiply", lambda a, b: a * b, r(2, 1, 4), r(3, 1)),
    case("divide", lambda a, b: a / b, r(2, 3), p(3)),
    case("divide", lambda a, b: a / b, r(3), p(2, 3)),
    case("negative", lambda x: -x, r(2, 3), **LINEAR),
    case("power", lambda a: a**3, r(2, 3)),
    case("power", lambda a: a**-1.5, p(2, 3)),
    case("power", lambda a, b: a**b, p(2, 3), r(3)),
    case("power", lambda a, b: a**b, p(3), np.array([0.0, 1.3, -0.7])),
    case("power", lambda b: 1.7**b, r(2, 3)),
    case("power", lambda a: a**0, np.array([0.0, 1.3])),
    case("power", lambda b: 0.0**b, p(2)),
    case("power", lambda a: a ** mg.tensor(np.array([0.0, 1.0, 2.0])), r(2, 3)),
    # functions of one number
    case("exp", mg.exp, r(2, 3)),
    case("expm1", mg.expm1, r(2, 3)),
    case("log", mg.log, p(2, 3)),
    case("log1p", mg.log1p, p(2, 3)),
    case("sqrt", mg.sqrt, p(2, 3)),
    case("sin", mg.sin, r(2, 3)),
    case("cos", mg.cos, r(2, 3)),
    case("tanh", mg.tanh, r(2, 3)),
    case("sigmoid", mg.sigmoid, r(2, 3)),
    case("softplus", mg.softplus, r(2, 3)),
    case("relu", mg.relu, r(3, 4), **LINEAR),
    case("leaky_relu", lambda x: mg.leaky_relu(x, 0.3), r(3, 4), **LINEAR),
    case("leaky_relu", mg.leaky_relu, r(3, 4), **LINEAR),
    case("elu", lambda x: mg.elu(x, 0.7), r(3, 4)),
    case("elu", mg.elu, r(3, 4)),
    case("elu", mg.elu, np.array([800.0, -1.0])),  # e^800 is not to be formed
    case("silu", mg.silu, r(2, 3)),
    case("gelu", mg.gelu, 2 * r(2, 3)),
    case("erf", mg.erf, r(2, 3)),
    case("erf", mg.gelu_exact, r(2, 3)),
    case("remainder", lambda a, b: a % b, STEPS, r(4), **LINEAR),
    case("remainder", lambda b: 7.3 % b, p(2, 3), **LINEAR),
    case("abs", mg.abs, r(2, 3), **LINEAR),
    case("clip", lambda x: mg.clip(x, -0.5, 0.7), r(4, 5), **LINEAR),
    case("clip", lambda x: mg.clip(x, low=-0.2), r(4, 3), **LINEAR),
    case("clip", lambda x: mg.clip(x, high=0.2), r(4, 3), **LINEAR),
    case("maximum", mg.maximum, r(4, 3), r(3), **LINEAR),
    case("maximum", lambda x: mg.maximum(x, 0.1), r(4, 3), **LINEAR),
    case("minimum", mg.minimum, r(3), r(4, 3), **LINEAR),
    case("where", lambda a, b: mg.where(mg.tensor([True, False, True]), a, b), r(2, 3), r(2, 1), **LINEAR),
    case("bce_with_logits", mg.bce_with_logits, r(2, 3), p(2, 3) / 2),
    case("bce_with_logits", mg.bce_with_logits, r(2, 3), p(3) / 2),
    case("bernoulli_log_likelihood", mg.bernoulli_log_likelihood, r(2, 3), p(2, 3) / 2),
    case("bernoulli_log_likelihood", mg.bernoulli_log_likelihood, r(3, 4, 2), p(3, 4, 2) / 2),
    # shapes
    case("broadcast_to", lambda x: mg.broadcast_to(x, (2, 3, 4)), r(3, 1), **LINEAR),
    case("unbroadcast", lambda x: unbroadcast(x, (3, 1)), r(2, 3, 4), **LINEAR),
    case("reshape", lambda x: x.reshape(3, -1), r(2, 3, 2), **LINEAR),
    case("transpose", lambda x: x.transpose(2, 0, 1), r(2, 3, 4), **LINEAR),
    case("transpose", lambda x: x.transpose(1, -1, 0), r(2, 3, 4), **LINEAR),
    case("transpose", lambda x: x.T, r(2, 3), **LINEAR),
    case("expand_dims", lambda x: mg.expand_dims(x, -1), r(2, 3), **LINEAR),
    case("squeeze", lambda x: mg.squeeze(x, 1), r(2, 1, 3), **LINEAR),
    case("astype", lambda x: x.astype(np.float64), r(2, 3), **LINEAR),
    case("flip", lambda x: mg.flip(x, 1), r(2, 3), **LINEAR),
    case("flip", lambda x: mg.flip(x, (0, 2)), r(2, 3, 4), **LINEAR),
    case("concatenate", lambda a, b, c: mg.concatenate([a, b, c], axis=1), r(2, 3), r(2, 1), r(2, 2), **LINEAR),
    case("concatenate", lambda a, b: mg.concatenate([a, b], axis=-2), r(2, 3), r(4, 3), **LINEAR),
    case("stack", lambda a, b: mg.stack([a, b], axis=1), r(2, 3), r(2, 3), **LINEAR),
    case("split", lambda x: mg.split(x, [1, 3], axis=1)[1] * 2, r(2, 5), **LINEAR),
    case("split", lambda x: mg.split(x, 3, axis=-1)[2], r(2, 6), **LINEAR),
    case("pad", lambda x: mg.pad(x, ((1, 2), (0, 3)), 0.5), r(2, 3), **LINEAR),
    case("pad", lambda x: mg.pad(x, 1), r(2, 3), **LINEAR),
    case("getitem", lambda x: x[1:, ::-2, None], r(3, 5), **LINEAR),
    case("getitem", lambda x: x[..., 1], r(3, 2, 4), **LINEAR),
    case("getitem", lambda x: x[ids], r(3, 4), **LINEAR),
    case("getitem", lambda x: x[:, ids, 1], r(2, 3, 4), **LINEAR),
    case("getitem", lambda x: x[[0, 2, 2], [1, 1, 1]], r(3, 4), **LINEAR),
    case("getitem", lambda x: x[np.array([True, False, True])], r(3, 4), **LINEAR),
    case("place", lambda g: shape._place(g, (slice(1, 3),), (4, 3)), r(2, 3), **LINEAR),
    case("place", lambda g: shape._place(g, (mg.tensor(ids).data,), (3, 2)), r(2, 2, 2), **LINEAR),
    case("take", lambda x: mg.take(x, ids, axis=1), r(2, 3), **LINEAR),
    case("take", lambda x: mg.take(x, ids), r(2, 3), **LINEAR),
    case("take_along_axis", lambda x: mg.take_along_axis(x, ids, 1), r(2, 3), **LINEAR),
    case("take_along_axis", lambda x: mg.take_along_axis(x, ids[:, None] - 3, -1), r(2, 4, 3), **LINEAR),
    case("topk", lambda x: mg.topk(x, 2, axis=0)[0] * 2, r(4, 3), **LINEAR),
    case("repeat", lambda x: mg.repeat(x, 3, axis=1), r(2, 3), **LINEAR),
    case("repeat", lambda x: mg.repeat(x, [2, 0, 1], axis=-1), r(2, 3), **LINEAR),
    case("tril", mg.tril, r(2, 3, 4), **LINEAR),
    case("tril", lambda x: mg.tril(x, -1), r(4, 3), **LINEAR),
    case("triu", mg.triu, r(2, 3, 4), **LINEAR),
    case("triu", lambda x: mg.triu(x, 1), r(4, 3), **LINEAR),
    # along an axis
    case("cumsum", lambda x: mg.cumsum(x, 1), r(2, 3, 4), **LINEAR),
    case("cumsum", lambda x: mg.cumsum(x), r(2, 3), **LINEAR),
    # reductions
    *(
        case(name, lambda x, f=f, a=a, k=k: f(x, axis=a, keepdims=k), r(2, 3, 4), smooth=smooth)
        for name, f, smooth in [
            ("sum", mg.sum, False),
            ("mean", mg.mean, False),
            ("var", mg.var, True),
            ("max", mg.max, False),
            ("min", mg.min, False),
            ("logsumexp", mg.logsumexp, True),
            ("norm", mg.norm, True),
        ]
        for a, k in [(None, False), (1, False), ((0, -1), True)]
    ),
    case("var", lambda x: mg.var(x, axis=0, ddof=1), r(5, 3)),
    case("std", lambda x: mg.std(x, axis=1), r(2, 4)),
    case("softmax", mg.softmax, r(2, 3, 4)),
    case("softmax", lambda x: mg.softmax(x, axis=0), r(3, 4)),
    case("log_softmax", mg.log_softmax, r(2, 3, 4)),
    case("log_softmax", lambda x: mg.log_softmax(x, axis=1), r(2, 4, 3)),
    # products
    case("matmul", mg.matmul, r(2, 3), r(3, 4)),
    case("matmul", mg.matmul, r(5, 2, 3), r(3, 4)),
    case("matmul", mg.matmul, r(2, 3), r(5, 3, 4)),
    case("matmul", mg.matmul, r(5, 1, 2, 3), r(2, 3, 4)),
    case("matmul", mg.matmul, r(3), r(3)),
    case("matmul", mg.matmul, r(3), r(3, 4)),
    case("matmul", mg.matmul, r(2, 3), r(3)),
    case("matmul", mg.matmul, r(5, 2, 3), r(3)),
    case("matmul", mg.matmul, r(3), r(5, 3, 4)),
    case("add_bias", mg.add_bias, r(3, 2, 4), r(4)),
    case("dense", mg.dense, r(5, 3), r(3, 4), r(4)),
    case("dense", lambda x, w: mg.dense(x, w, None), r(2, 5, 3), r(3, 4)),
    case("dense", mg.dense, r(2, 5, 3), r(3, 4), r(4)),
    case("einsum", lambda a, b: mg.einsum("nij,jk->nki", a, b), r(2, 3, 4), r(4, 5)),
    case("einsum", lambda a, b, c: mg.einsum("i,ij,kj->k", a, b, c), r(2), r(2, 3), r(4, 3)),
    case("einsum", lambda x: mg.einsum("ijk->j", x), r(2, 3, 4), **LINEAR),  # i and k in no other place
    case("einsum", lambda x: mg.einsum("iji->j", x), r(3, 2, 3), **LINEAR),  # a diagonal
    case("einsum", lambda a, b: mg.einsum("iij,j", a, b), r(3, 3, 2), r(2)),
    case("einsum", lambda a, b: mg.einsum("ij,ij->j", a, b), r(2, 3), r(1, 3)),  # lengths of 1 broadcast
    case("einsum", lambda a, b: mg.einsum("...i,ij", a, b), r(2, 3, 4), r(4, 5)),
    # attention: (N, T, H, D); more queries than one block has, fewer queries than keys, all keys seen
    case("attention", mg.attention, r(2, 3, 2, 4), r(2, 3, 2, 4), r(2, 3, 2, 4)),
    case("attention", mg.attention, r(1, 35, 1, 2), r(1, 36, 1, 2), r(1, 36, 1, 2)),
    case("attention", lambda q, k, v: mg.attention(q, k, v, causal=False), r(2, 3, 1, 2), r(2, 4, 1, 2), r(2, 4, 1, 2)),
    # recurrence: (N, T, 3C), (C, 3C), (C,), (N, C); one step, several
    case("gru", mg.gru, r(2, 4, 9), r(3, 9), r(3), r(2, 3)),
    case("gru", mg.gru, r(3, 1, 6), r(2, 6), r(2), r(3, 2)),
    # convolutions: (N, H, W, C) and (kh, kw, C / groups, F)
    case("conv2d", lambda x, w: mg.conv2d(x, w, stride=2, padding=1), r(2, 7, 6, 3), r(3, 2, 3, 4)),
    case("conv2d", lambda x, w: mg.conv2d(x, w, (2, 1), ((0, 1), (2, 0)), (1, 2)), r(2, 6, 7, 2), r(2, 3, 2, 3)),
    case("conv2d", lambda x, w: mg.conv2d(x, w, padding="same", stride=2, groups=2), r(2, 5, 6, 4), r(4, 3, 2, 6)),
    case("conv2d_transpose", lambda x, w: mg.conv2d_transpose(x, w, 2, 1), r(2, 3, 4, 3), r(4, 3, 2, 3)),
    case(
        "conv2d_transpose",
        lambda x, w: mg.conv2d_transpose(x, w, 2, ((1, 0), (0, 2)), (1, 2), 2, (6, 8)),
        r(2, 3, 4, 4),
        r(3, 2, 3, 4),
    ),
    case(
        "conv2d_weight_gradient", lambda x, g: conv2d_weight_gradient(x, g, (3, 2), 2, 1), r(2, 7, 6, 3), r(2, 4, 4, 4)
    ),
    case(
        "conv2d_weight_gradient",
        lambda x, g: conv2d_weight_gradient(x, g, (2, 2), 2, ((0, 1), (0, 0)), (1, 2), 2),
        r(2, 5, 6, 4),
        r(2, 3, 2, 6),
    ),
    # resolution
    case("unfold", lambda x: resample.unfold(x, (2, 3), (2, 1), 1, (1, 2)), r(2, 5, 6, 3), **LINEAR),
    case("fold", lambda c: resample.fold(c, (5, 6), (2, 1), ((0, 1), (1, 1)), (1, 2)), r(1, 3, 4, 2, 3, 2), **LINEAR),
    case("max_pool2d", lambda x: mg.max_pool2d(x, 2), r(2, 4, 6, 3), **LINEAR),
    case("max_pool2d", lambda x: mg.max_pool2d(x, (3, 2), 2, 1), r(2, 5, 6, 2), **LINEAR),
    case("avg_pool2d", lambda x: mg.avg_pool2d(x, (3, 2), 2, 1), r(2, 5, 6, 2), **LINEAR),
    case("upsample_nearest", lambda x: mg.upsample_nearest(x, (2, 3)), r(2, 3, 2, 3), **LINEAR),
    case("upsample_bilinear", lambda x: mg.upsample_bilinear(x, (2, 3)), r(2, 3, 4, 2), **LINEAR),
    # normalisation
    case("standardize", lambda x: mg.standardize(x, (0, 1), 1e-2)[0], r(3, 4, 2)),
    case("batch_norm", lambda x, g, b: mg.batch_norm(x, g, b)[0], r(3, 2, 2, 4), p(4), r(4)),
    case("layer_norm", lambda x, g, b: mg.layer_norm(x, g, b, 1e-2), r(2, 3, 5), p(5), r(5)),
    case("group_norm", lambda x, g, b: mg.group_norm(x, g, b, 2), r(2, 3, 4), p(4), r(4)),
]


class Convention(NamedTuple):
    """At a kink or tie: the gradient of sum(fn(x)) that is documented."""

    op: str
    fn: Callable
    x: list[float]
    expected: list[float]


CONVENTIONS = [
    Convention("relu", mg.relu, [0.0], [0.0]),
    Convention("abs", mg.abs, [0.0], [0.0]),
    Convention("clip", lambda x: mg.clip(x, -1, 1), [-1.0, 1.0, 2.0], [1.0, 1.0, 0.0]),
    Convention("maximum", lambda x: mg.maximum(x, 0.5), [0.5, 0.4, 0.6], [0.5, 0.0, 1.0]),
    Convention("maximum", lambda x: mg.maximum(0.5, x), [0.5, 0.4, 0.6], [0.5, 0.0, 1.0]),
    Convention("minimum", lambda x: mg.minimum(x, 0.5), [0.5, 0.4, 0.6], [0.5, 1.0, 0.0]),
    Convention("minimum", lambda x: mg.minimum(0.5, x), [0.5, 0.4, 0.6], [0.5, 1.0, 0.0]),
    Convention("max", mg.max, [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
    Convention("min", mg.min, [1.0, 1.0, 3.0], [0.5, 0.5, 0.0]),
    Convention("norm", mg.norm, [0.0, 0.0], [0.0, 0.0]),
    Convention("norm", mg.std, [2.0, 2.0], [0.0, 0.0]),
    Convention("power", lambda x: x**2, [0.0, 3.0], [0.0, 6.0]),
    Convention("power", lambda x: x**0, [0.0, np.inf, 2.0], [0.0, 0.0, 0.0]),
    Convention("power", lambda x: x ** mg.zeros(3), [0.0, np.inf, 2.0], [0.0, 0.0, 0.0]),
    Convention("power", lambda x: x ** mg.tensor([2.0, 1.0, 0.0]), [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
    Convention("power", lambda x: 0.0**x, [-1.0, 0.0, 2.0], [0.0, 0.0, 0.0]),
    Convention("power", lambda x: mg.tensor([0.0, -2.0, 1.0]) ** x, [-1.0, 0.5, 2.0], [0.0, 0.0, 0.0]),
    Convention("where", lambda x: mg.where(x > 0, mg.log(mg.maximum(x, 1e-9)), 0.0), [-1.0, 2.0], [0.0, 0.5]),
]


def follows(convention, device="cpu"):
    """Whether the gradient is the one that is documented."""
    x = mg.tensor(np.array(convention.x), device=device, requires_grad=True)
    (3.0 * convention.fn(x)).sum().backward()
    return np.allclose(x.grad.numpy() / 3.0, convention.expected)
