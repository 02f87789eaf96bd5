"""The references of lesson 17 against the library's operation, and against what they are defined by."""

from types import SimpleNamespace

import numpy as np
import pytest

import minigen as mg
from minigen.lessons import find_lesson
from minigen.models.sequences.transformer import CausalSelfAttention
from minigen.ops import loops

REF = SimpleNamespace(**find_lesson("17").reference)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def one_head(*arrays):
    return [a[None, :, None] for a in arrays]


def test_attention_is_the_librarys(rng):
    q, k, v = rng.standard_normal((3, 4)), rng.standard_normal((6, 4)), rng.standard_normal((6, 4))
    seen = mg.attention_weights(*one_head(q, k), causal=False)[0, 0]
    np.testing.assert_allclose(REF.attention_weights(q, k), seen, rtol=1e-12)
    np.testing.assert_allclose(REF.causal_attention(q, k, v), mg.attention(*one_head(q, k, v))[0, :, 0], rtol=1e-12)
    g, p = rng.standard_normal((3, 4)), mg.attention_weights(*one_head(q, k))[0, 0]
    expected = loops.attention_gradients(*one_head(g, q, k, v))
    for found, right in zip(REF.attention_gradient(g, p, q, k, v), expected, strict=True):
        np.testing.assert_allclose(found, right[0, :, 0], rtol=1e-9, atol=1e-12)


def test_several_heads_are_the_librarys_layer(rng):
    layer = CausalSelfAttention(6, 3, 0, 1, mg.Generator(0))
    layer.out.w.data[...] = np.eye(6)
    x = rng.standard_normal((1, 5, 6)).astype(np.float32)
    found = REF.multi_head(x[0], layer.qkv.w.numpy(), 3)
    np.testing.assert_allclose(found, layer(mg.tensor(x)).numpy()[0], rtol=1e-4, atol=1e-7)


def test_two_groups_of_keys_are_one(rng):
    q, k, v = rng.standard_normal((3, 4)), rng.standard_normal((7, 4)), rng.standard_normal((7, 2))
    scores = q @ k.T / 2
    parts = []
    for keys in (slice(0, 2), slice(2, 7)):
        p = np.exp(scores[:, keys])
        parts += [p @ v[keys] / p.sum(axis=1, keepdims=True), np.log(p.sum(axis=1))]
    y, total = REF.merged(*parts)
    np.testing.assert_allclose(y, REF.attention_weights(q, k) @ v, rtol=1e-12)
    np.testing.assert_allclose(total, np.log(np.exp(scores).sum(axis=1)), rtol=1e-12)


def test_the_head_made_by_hand_looks_back_with_a_margin():
    exercise = next(e for e in find_lesson("17").exercises if e.key == "17.6")
    for n, distance in [(128, d) for d in (0, 1, 2, 50, 127)] + [(2, 1), (1, 0), (77, 5)]:
        assert exercise.measure({"n": n, "distance": distance}, REF.look_back(n, distance)).value > 0.91
