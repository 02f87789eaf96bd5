"""Attention against loops and against its parts; what the mask hides; blocks, threads and errors.

PyTorch's is compared in test_torch_oracle.py, the gradient checked in test_gradients.py.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen.errors import ShapeError
from minigen.ops import dot_product_attention as module
from minigen.ops import loops

RNG = np.random.default_rng(5)


def r(*shape, dtype=np.float64):
    return RNG.standard_normal(shape).astype(dtype)


def operands(n, queries, keys, heads, size, dtype=np.float64):
    return r(n, queries, heads, size, dtype=dtype), *(r(n, keys, heads, size, dtype=dtype) for _ in range(2))


@pytest.mark.parametrize(("queries", "keys", "causal"), [(5, 5, True), (2, 5, True), (1, 4, True), (4, 3, False)])
def test_the_fast_operation_is_that_of_the_loops(queries, keys, causal, monkeypatch):
    monkeypatch.setattr(module, "ROWS", 2)  # several blocks, the last one smaller
    q, k, v = (mg.tensor(x, requires_grad=True) for x in operands(2, queries, keys, 3, 4))
    g = r(2, queries, 3, 4)
    y = mg.attention(q, k, v, causal)
    y.backward(g)
    arrays = [x.numpy() for x in (q, k, v)]
    np.testing.assert_allclose(y.numpy(), loops.attention(*arrays, causal), rtol=1e-12)
    for x, expected in zip((q, k, v), loops.attention_gradients(g, *arrays, causal), strict=True):
        np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-10, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(1, 70), st.integers(0, 5), st.integers(1, 2), st.integers(1, 5), st.booleans())
def test_it_is_the_weights_times_the_values(n, queries, more, heads, size, causal):
    q, k, v = operands(n, queries, queries + more, heads, size)
    expected = np.einsum("nhij,njhd->nihd", mg.attention_weights(q, k, causal), v)
    np.testing.assert_allclose(mg.attention(q, k, v, causal), expected, rtol=1e-9, atol=1e-12)


def test_a_query_sees_no_later_key():
    q, k, v = operands(1, 40, 40, 2, 3)
    before = mg.attention(q, k, v)
    k[:, 37:], v[:, 37:] = 1e3, -1e3
    after = mg.attention(q, k, v)
    np.testing.assert_array_equal(after[:, :37], before[:, :37])
    assert (after[:, 37:] != before[:, 37:]).all()


def test_the_last_queries_alone_get_what_they_get_among_all():
    """As with a cache: the keys of what came before are kept, its queries are gone."""
    q, k, v = operands(2, 50, 50, 2, 4, np.float32)
    whole = mg.attention(q, k, v)
    for count in (1, 7, 40):
        np.testing.assert_allclose(mg.attention(q[:, -count:], k, v), whole[:, -count:], rtol=2e-5, atol=2e-6)


def test_the_weights_are_a_distribution_over_what_is_seen():
    p = mg.attention_weights(r(2, 3, 2, 4), r(2, 5, 2, 4))
    assert p.shape == (2, 2, 3, 5)
    np.testing.assert_allclose(p.sum(axis=3), 1)
    assert (p[..., 0, 3:] == 0).all()
    assert (p[..., 2, :] > 0).all()


def test_scores_beyond_what_exp_can_take():
    q = np.full((1, 2, 1, 1), 300.0, np.float32)
    k = np.array([-300.0, 300.0], np.float32).reshape(1, 2, 1, 1)
    v = np.array([1.0, 2.0], np.float32).reshape(1, 2, 1, 1)
    np.testing.assert_array_equal(mg.attention(q, k, v).ravel(), [1.0, 2.0])
    np.testing.assert_array_equal(mg.attention(q, k, v, causal=False).ravel(), [2.0, 2.0])


def test_the_same_on_several_threads(monkeypatch):
    arrays = operands(5, 40, 41, 2, 3, np.float32)
    g = r(5, 40, 2, 3, dtype=np.float32)

    def run():
        q, k, v = (mg.tensor(x, requires_grad=True) for x in arrays)
        y = mg.attention(q, k, v)
        y.backward(g)
        return [y.numpy(), *(np.array(x.grad.numpy()) for x in (q, k, v))]

    alone = run()
    monkeypatch.setattr(module.parallel, "split", lambda n, cost: [slice(0, 2), slice(2, 5)])
    for one, several in zip(alone, run(), strict=True):
        np.testing.assert_allclose(several, one, rtol=1e-5, atol=1e-6)


def test_views_of_one_array_and_other_strides():
    """Queries, keys and values as they come out of one product, and an upstream gradient that is transposed."""
    packed = mg.tensor(r(2, 6, 3, 2, 4), requires_grad=True)
    q, k, v = (packed[:, :, i] for i in range(3))
    g = r(4, 2, 6, 2).transpose(3, 2, 1, 0)
    mg.attention(q, k, v).backward(g)
    expected = loops.attention_gradients(g, *(packed.numpy()[:, :, i] for i in range(3)))
    for i in range(3):
        np.testing.assert_allclose(packed.grad.numpy()[:, :, i], expected[i], rtol=1e-9, atol=1e-12)


def test_only_what_is_asked_for_gets_a_gradient():
    q, k, v = operands(2, 4, 4, 1, 3)
    k = mg.tensor(k, requires_grad=True)
    mg.attention(q, k, mg.tensor(v)).sum().backward()
    np.testing.assert_allclose(k.grad.numpy(), loops.attention_gradients(np.ones(q.shape), q, k.numpy(), v)[1])


@pytest.mark.parametrize("causal", [True, False])
def test_no_queries_and_no_examples(causal):
    for n, queries in ((2, 0), (0, 3)):
        q, k, v = (mg.tensor(x, requires_grad=True) for x in operands(n, queries, 4, 2, 3))
        y = mg.attention(q, k, v, causal)
        y.sum().backward()
        assert y.shape == (n, queries, 2, 3)
        assert (k.grad.numpy() == 0).all()
        assert (v.grad.numpy() == 0).all()


def test_on_the_device(device):
    q, k, v = operands(2, 35, 37, 2, 4, np.float32)
    g = r(2, 35, 2, 4, dtype=np.float32)
    tensors = [mg.tensor(x, device=device, requires_grad=True) for x in (q, k, v)]
    y = mg.attention(*tensors)
    y.backward(mg.tensor(g, device=device))
    np.testing.assert_allclose(y.numpy(), loops.attention(q, k, v), rtol=1e-4, atol=1e-5)
    for x, expected in zip(tensors, loops.attention_gradients(g, q, k, v), strict=True):
        np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ([(2, 3, 4)] * 3, r"expected \(N, Tq, H, D\)"),
        ([(2, 3, 2, 4), (2, 3, 2, 5), (2, 3, 2, 5)], r"expected \(N, Tq, H, D\)"),
        ([(2, 3, 2, 4), (2, 3, 2, 4), (2, 4, 2, 4)], r"expected \(N, Tq, H, D\)"),
        ([(2, 3, 2, 4), (1, 3, 2, 4), (1, 3, 2, 4)], r"expected \(N, Tq, H, D\)"),
        ([(2, 3, 2, 0)] * 3, "D of 1 or more"),
        ([(2, 3, 2, 4), (2, 2, 2, 4), (2, 2, 2, 4)], "3 queries for 2 keys"),
    ],
)
def test_shapes_that_do_not_fit(shapes, words):
    with pytest.raises(ShapeError, match=words):
        mg.attention(*(r(*shape) for shape in shapes))
