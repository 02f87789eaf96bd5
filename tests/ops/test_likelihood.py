"""The Bernoulli log-likelihood of whole examples against the sum over its features, its readable twin."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import minigen as mg
from minigen import ops
from minigen.backend import to_numpy
from minigen.distributions import Bernoulli, Normal
from minigen.errors import ShapeError

shapes = st.lists(st.integers(1, 48), min_size=0, max_size=2).map(lambda rest: (3, *rest))


def twin(logits, x):
    return -mg.sum(mg.flatten(mg.bce_with_logits(logits, x)), axis=1)


def both(logits, x, g):
    """Values and gradients, by the operation and by its twin."""
    found = []
    for f in (mg.bernoulli_log_likelihood, twin):
        tensors = [mg.tensor(a, requires_grad=True) for a in (logits, x)]
        y = f(*tensors)
        y.backward(g)
        found.append([y.numpy(), *(t.grad.numpy() for t in tensors)])
    return found


@given(shapes, st.integers(0, 2**32 - 1), st.sampled_from([0.1, 3.0, 30.0, 1000.0]))
def test_it_is_the_sum_over_the_features(shape, seed, scale):
    rng = np.random.default_rng(seed)
    logits, x = scale * rng.standard_normal(shape), rng.random(shape)
    g = rng.standard_normal(3)
    features = np.prod(shape[1:])
    for dtype, each in ((np.float64, 1e-15), (np.float32, 2e-7)):  # what may be lost for each feature
        found, expected = both(logits.astype(dtype), x.astype(dtype), g.astype(dtype))
        assert all(a.dtype == dtype for a in found)
        np.testing.assert_allclose(found[0], expected[0], rtol=20 * each, atol=each * features)
        for a, b in zip(found[1:], expected[1:], strict=True):
            np.testing.assert_allclose(a, b, rtol=20 * each, atol=20 * each)


def test_the_cuda_kernel_of_each_feature_is_used_where_there_is_one(device, monkeypatch):
    """On the device the sum is over what `bce_with_logits` gives, in the gradient too."""
    rng = np.random.default_rng(0)
    logits, x = rng.standard_normal((4, 6)), rng.random((4, 6))
    found, expected = both(mg.tensor(logits).data, mg.tensor(x).data, mg.tensor(rng.standard_normal(4)))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(to_numpy(a), to_numpy(b), rtol=1e-12)


def test_logits_of_any_size_stay_finite():
    logits = np.array([[-1e4, 1e4, 0.0], [1e4, -1e4, 88.0]], np.float32)
    certain = np.array([[0, 1, 0], [0, 1, 1]], np.float32)
    y, dl, _ = both(logits, certain, np.ones(2, np.float32))[0]
    np.testing.assert_allclose(y, [-np.log(2), -2e4], rtol=1e-6)
    np.testing.assert_allclose(dl, [[0, 0, -0.5], [-1, 1, 0]], atol=1e-30)


def test_arrays_are_left_as_they_were():
    rng = np.random.default_rng(0)
    logits, x = rng.standard_normal((4, 32)), rng.random((4, 32))
    before = logits.copy(), x.copy()
    ops.bernoulli_log_likelihood(logits, x)
    np.testing.assert_array_equal(logits, before[0])
    np.testing.assert_array_equal(x, before[1])


@pytest.mark.parametrize("shape", [(2, 4), (3,), (2, 3, 1), ()])
def test_shapes_must_be_equal(shape):
    with pytest.raises(ShapeError, match=r"bernoulli_log_likelihood: logits have shape \(2, 3\) and x .* equal"):
        mg.bernoulli_log_likelihood(mg.zeros((2, 3)), mg.zeros(shape))


def test_distributions_give_the_log_likelihood_of_whole_examples():
    rng = np.random.default_rng(0)
    mean, log_var, x = (mg.tensor(rng.random((5, 4, 3, 1))) for _ in range(3))
    for p in (Bernoulli(mean), Normal(mean, log_var)):
        expected = p.log_prob(x).numpy().sum((1, 2, 3))
        np.testing.assert_allclose(p.log_likelihood(x).numpy(), expected, rtol=1e-12)
