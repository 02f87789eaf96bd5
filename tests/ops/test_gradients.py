"""Every operation against finite differences, to second order; kinks, adjoints, and the versions with loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen.autodiff import REGISTRY
from minigen.ops import loops, resample
from minigen.ops.conv import conv2d_weight_gradient
from tests.ops.cases import CASES, CONVENTIONS, follows


def test_every_rule_has_a_case():
    library = [op for op in REGISTRY.values() if op.forward.__module__.startswith("minigen.")]
    with_rules = {op.name for op in library if op.rules or op.rule_for_each}
    assert len(with_rules) > 40
    assert with_rules - {case.op for case in CASES} == set()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.op)
def test_gradient_to_second_order(device, case):
    mg.gradcheck(case.fn, *case.inputs, elements=12)


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda convention: convention.op)
def test_conventions_at_kinks_and_ties(device, convention):
    assert follows(convention, device)


@pytest.mark.parametrize("logit", [-1000.0, -50.0, 0.0, 50.0, 1000.0])
def test_extreme_logits_stay_finite(device, logit):
    for fn in (mg.sigmoid, mg.softplus, lambda x: mg.bce_with_logits(x, 0.3), mg.log_softmax, mg.softmax, mg.logsumexp):
        x = mg.tensor(np.array([logit, 0.0, -logit], np.float32), device=device, requires_grad=True)
        y = fn(x)
        y.sum().backward()
        assert np.isfinite(y.numpy()).all()
        assert np.isfinite(x.grad.numpy()).all()


geometries = st.fixed_dictionaries(
    {
        "n": st.integers(1, 2),
        "size": st.tuples(st.integers(3, 7), st.integers(3, 7)),
        "kernel": st.tuples(st.integers(1, 3), st.integers(1, 3)),
        "stride": st.integers(1, 3),
        "padding": st.integers(0, 2),
        "dilation": st.integers(1, 2),
        "groups": st.integers(1, 2),
        "c": st.integers(1, 3),
        "f": st.integers(1, 3),
    }
)


def conv_arrays(g, rng):
    x = rng.standard_normal((g["n"], *g["size"], g["c"] * g["groups"]))
    w = rng.standard_normal((*g["kernel"], g["c"], g["f"] * g["groups"]))
    return x, w, {k: g[k] for k in ("stride", "padding", "dilation", "groups")}


def fits(g):
    return all(n + 2 * g["padding"] >= g["dilation"] * (k - 1) + 1 for n, k in zip(g["size"], g["kernel"], strict=True))


@settings(max_examples=40, deadline=None)
@given(geometries.filter(fits), st.integers(0, 99))
def test_convolution_is_the_sum_of_its_definition(g, seed):
    rng = np.random.default_rng(seed)
    x, w, options = conv_arrays(g, rng)
    y = mg.conv2d(x, w, **options)
    assert np.allclose(y, loops.conv2d(x, w, **options))
    upstream = rng.standard_normal(y.shape)
    dx, dw = loops.conv2d_gradients(upstream, x, w, **options)
    tx, tw = mg.tensor(x, requires_grad=True), mg.tensor(w, requires_grad=True)
    mg.conv2d(tx, tw, **options).backward(upstream)
    assert np.allclose(tx.grad.numpy(), dx)
    assert np.allclose(tw.grad.numpy(), dw)
    back = mg.conv2d_transpose(upstream, w, **options, output_size=x.shape[1:3])
    assert np.allclose(back, loops.conv2d_transpose(upstream, w, x.shape[1:3], **options))


@settings(max_examples=60, deadline=None)
@given(geometries.filter(fits), st.integers(0, 99))
def test_the_three_convolutions_are_adjoint(g, seed):
    """<conv(x, w), g> = <x, conv_transpose(g, w)> = <w, weight_gradient(x, g)>."""
    rng = np.random.default_rng(seed)
    x, w, options = conv_arrays(g, rng)
    y = mg.conv2d(x, w, **options)
    upstream = rng.standard_normal(y.shape)
    pairing = (y * upstream).sum()
    back = mg.conv2d_transpose(upstream, w, **options, output_size=x.shape[1:3])
    assert np.isclose((x * back).sum(), pairing)
    assert np.isclose((w * conv2d_weight_gradient(x, upstream, w.shape[:2], **options)).sum(), pairing)


@settings(max_examples=40, deadline=None)
@given(geometries.filter(fits), st.integers(0, 99))
def test_unfold_and_fold_are_adjoint(g, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((g["n"], *g["size"], g["c"]))
    options = {k: g[k] for k in ("stride", "padding", "dilation")}
    cols = resample.unfold(x, g["kernel"], **options)
    v = rng.standard_normal(cols.shape)
    assert np.isclose((cols * v).sum(), (x * resample.fold(v, g["size"], **options)).sum())


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(0, 99))
def test_dense_is_the_sum_of_its_definition(n, i, o, seed):
    rng = np.random.default_rng(seed)
    x, w, b, g = (
        rng.standard_normal((n, i)),
        rng.standard_normal((i, o)),
        rng.standard_normal(o),
        rng.standard_normal((n, o)),
    )
    assert np.allclose(mg.dense(x, w, b), loops.dense(x, w, b))
    tensors = [mg.tensor(a, requires_grad=True) for a in (x, w, b)]
    mg.dense(*tensors).backward(g)
    for t, expected in zip(tensors, loops.dense_gradients(g, x, w, b), strict=True):
        assert np.allclose(t.grad.numpy(), expected)
