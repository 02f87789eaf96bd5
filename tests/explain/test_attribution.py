"""Integrated gradients: closed forms, completeness, PyTorch in a loop of its own, and what a deletion takes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen import nn, ops
from minigen.errors import ArgumentError, ShapeError
from minigen.explain import gradient_times_input, integrated_gradients, replaced, without
from minigen.explain.attribution import gradient

N, D = 3, 5


def numbers(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def summed(y):
    return ops.sum(y, axis=1)


@given(st.integers(0, 99), st.integers(1, 5))
def test_a_linear_answer_is_shared_by_its_weights(seed, steps):
    w, x, b = numbers(seed, D), numbers(seed + 1, N, D), numbers(seed + 2, D)
    found = integrated_gradients(lambda t: summed(t * w) + 7.0, x, b, steps)
    np.testing.assert_allclose(found.values, w * (x - b), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.rise, (x - b) @ w, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.missing, 0, atol=1e-12)
    np.testing.assert_allclose(gradient_times_input(lambda t: summed(t * w), x, b), found.values, atol=1e-12)


@given(st.integers(0, 99))
def test_a_quadratic_answer_needs_one_step(seed):
    """dF/dx = (Q + Q^T) x is linear on the way: its mean is its value in the middle."""
    q, x, b = numbers(seed, D, D), numbers(seed + 1, N, D), numbers(seed + 2, N, D)
    found = integrated_gradients(lambda t: summed(t * ops.matmul(t, q)), x, b, steps=1)
    np.testing.assert_allclose(found.values, (x - b) * ((x + b) / 2 @ (q + q.T)), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(found.missing, 0, atol=1e-9)


def test_a_product_is_shared_alike_and_the_error_falls_with_the_square_of_the_steps():
    x = np.array([[2.0, 3.0, -1.0]])  # from 0: each of three factors has a third, F = x1 x2 x3

    def f(t):
        return t[:, 0] * t[:, 1] * t[:, 2]

    errors = []
    for steps in (4, 8, 16):
        found = integrated_gradients(f, x, np.zeros(3), steps)
        errors.append(np.abs(found.values - x.prod() / 3).max())
        np.testing.assert_allclose(found.missing[0], x.prod() - found.values.sum(), rtol=1e-12)
    np.testing.assert_allclose(np.array(errors[:-1]) / errors[1:], 4, rtol=0.01)


def test_an_answer_that_has_levelled_off_has_no_gradient_and_yet_a_reason():
    """Their section 2.1: F = 1 - relu(1 - x) at x = 2, from 0."""
    x = np.array([[2.0]])

    def f(t):
        return summed(1 - ops.relu(1 - t))

    assert gradient_times_input(f, x, np.zeros(1)) == 0
    np.testing.assert_allclose(integrated_gradients(f, x, np.zeros(1), 1000).values, 1, rtol=1e-3)


def test_what_is_not_used_has_no_share():
    found = integrated_gradients(lambda t: ops.exp(t[:, 0]), numbers(0, N, D), numbers(1, D))
    assert not found.values[:, 1:].any()
    assert found.values[:, 0].all()


@pytest.fixture(scope="module")
def network():
    rng = mg.Generator(0)
    made = nn.Sequential(nn.Conv2D(1, 3, 3, padding=1, rng=rng), nn.Tanh(), nn.Flatten(), nn.Dense(108, 4, rng=rng))
    for p in made.parameters():
        p.data = p.data.astype(np.float64)
    return made


def test_as_a_loop_in_pytorch(network):
    """By its autograd, on the same weights: channels first there, and one point after the other."""
    torch = pytest.importorskip("torch")
    x, b = numbers(0, N, 6, 6, 1), numbers(1, 6, 6, 1)
    conv, dense = network[0], network[3]
    kernel = torch.tensor(conv.w.data.transpose(3, 2, 0, 1).copy())
    bias, w, b2 = (torch.tensor(p.data) for p in (conv.b, dense.w, dense.b))

    def theirs(image):  # (H, W, C) -> a number
        h = torch.nn.functional.conv2d(image.permute(2, 0, 1)[None], kernel, bias, padding=1)
        return (torch.tanh(h).permute(0, 2, 3, 1).reshape(1, -1) @ w + b2)[0, 2]

    steps = 7
    found = integrated_gradients(lambda t: network(t)[:, 2], x, b, steps)
    for i in range(N):
        total = np.zeros_like(b)
        for k in range(steps):
            point = torch.tensor(b + (k + 0.5) / steps * (x[i] - b), requires_grad=True)
            theirs(point).backward()
            total += point.grad.numpy()
        np.testing.assert_allclose(found.values[i], (x[i] - b) * total / steps, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(
            found.rise[i], float(theirs(torch.tensor(x[i])) - theirs(torch.tensor(b))), rtol=1e-9
        )


def test_completeness_of_a_network(network):
    x, b = 3 * numbers(0, N, 6, 6, 1), np.zeros((6, 6, 1))
    few, many = (integrated_gradients(lambda t: network(t)[:, 0], x, b, steps) for steps in (2, 200))
    assert np.abs(many.missing).max() < 1e-4 * np.abs(many.rise).max()
    assert np.abs(few.missing).max() > 30 * np.abs(many.missing).max()  # the check tells when steps were too few
    assert [p.grad for p in network.parameters()] == [None] * 4  # weights are not asked


def test_the_gradient_as_differences(network):
    x, step = numbers(2, 2, 6, 6, 1), 1e-6

    def f(t):
        return network(t)[:, 1]

    found = gradient(f, x)
    for place in [(0, 0), (2, 3), (5, 5)]:
        more, less = x.copy(), x.copy()
        more[:, *place] += step
        less[:, *place] -= step
        slope = (f(mg.tensor(more)).data - f(mg.tensor(less)).data) / (2 * step)
        np.testing.assert_allclose(found[:, *place, 0], slope, rtol=1e-6, atol=1e-9)


def test_float32_stays():
    x = numbers(0, N, D).astype(np.float32)
    found = integrated_gradients(summed, x, np.zeros(D, np.float32), 3)
    assert found.values.dtype == found.rise.dtype == np.float32


@settings(max_examples=30)
@given(st.integers(1, 9), st.floats(0.01, 1), st.booleans(), st.integers(0, 99))
def test_the_first_inputs_are_replaced_and_no_others(side, share, equal, seed):
    x, values = numbers(seed, 2, side, side, 3), numbers(seed + 1, 2, side, side)
    values = np.zeros_like(values) if equal else values
    found = replaced(x, np.full((side, side, 3), 9.0), values, share)
    gone = (found == 9).all(axis=3)
    assert np.array_equal(found[~gone], x[~gone])
    assert (np.abs(gone.sum(axis=(1, 2)) - max(1, share * side * side)) <= 0.5 + 1e-9).all()
    for of, v in zip(gone, values, strict=True):
        assert of.all() or v[of].min() >= v[~of].max()


def test_a_deletion_takes_what_the_answer_owes():
    w, x = np.array([1.0, 5.0, 2.0, -4.0]), np.ones((1, 4))
    fell = [without(lambda t: summed(t * w), x, np.zeros(4), x * sign * w, 0.5) for sign in (1, -1)]
    assert (fell[0], fell[1]) == (7, -3)


def test_refusals():
    x = numbers(0, N, D)
    with pytest.raises(ArgumentError, match="steps: expected an integer >= 1, got 0"):
        integrated_gradients(summed, x, x[0], 0)
    with pytest.raises(ShapeError, match=r"baseline: expected the shape \(5,\) or \(3, 5\), got \(4,\)"):
        integrated_gradients(summed, x, x[0, :4])
    for call in (lambda: integrated_gradients(summed, x, 0.0), lambda: gradient_times_input(summed, x, 0.0)):
        with pytest.raises(ShapeError, match=r"baseline: expected the shape \(5,\) or \(3, 5\), got \(\)"):
            call()
    with pytest.raises(ShapeError, match="fill: expected the shape"):
        replaced(x, x[0, :4], x, 0.5)
    with pytest.raises(ShapeError, match="values: expected the shape"):
        replaced(x, x[0], x[:, :2], 0.5)
    with pytest.raises(ArgumentError, match="values: expected numbers to rank the inputs by, got NaN"):
        replaced(x, x[0], x * np.nan, 0.5)
    with pytest.raises(ShapeError, match=r"f: expected a number for each of 3 examples, got the shape \(\)"):
        integrated_gradients(ops.sum, x, x[0])
    with pytest.raises(ArgumentError, match="share: expected a number with 0 < share <= 1, got 0"):
        replaced(x, x[0], x, 0)
