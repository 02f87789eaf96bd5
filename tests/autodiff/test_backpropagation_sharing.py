"""A gradient is its owner's: of its type, in an array of its own, untouched by later passes."""

import numpy as np
import pytest

import minigen as mg
from minigen.errors import GraphError


def test_gradients_from_grad_are_their_own(make):
    """dz/dx and dz/dy of z = x + y are one array in the rules; to the caller they are two, and neither is g."""
    x, y, g = make((3,)), make((3,)), np.ones(3)
    dx, dy, again = mg.grad(x + y, [x, y, x], g)
    dx.data[...] = 7.0
    for other in (dy.numpy(), again.numpy(), g):
        assert np.array_equal(other, np.ones(3))


def test_a_leaf_does_not_keep_the_gradient_it_was_given(make, device):
    x = make((3,))
    given = mg.tensor(np.ones(3), device=device)
    for create_graph in (False, True):
        x.backward(given, create_graph=create_graph)
        x.backward(given)
        assert np.array_equal(given.numpy(), np.ones(3))
        assert np.array_equal(x.grad.numpy(), np.full(3, 2.0))
        x.zero_grad()


def test_adding_to_a_gradient_changes_no_other_and_no_graph(make):
    """A gradient of `create_graph` may be shared and may be part of a graph: adding to it must make a new one."""
    x, y = make((3,)), make((3,))
    (x + y).sum().backward(create_graph=True)
    (5.0 * x).sum().backward()
    assert np.array_equal(x.grad.numpy(), np.full(3, 6.0))
    assert np.array_equal(y.grad.numpy(), np.ones(3))
    x.zero_grad()
    (x**3).sum().backward(create_graph=True)
    penalty = mg.sin(x.grad).sum()
    (100.0 * x).sum().backward()
    expected = np.cos(3 * x.numpy() ** 2) * 6 * x.numpy()
    assert np.allclose(mg.grad(penalty, x).numpy(), expected)


def test_float64_elsewhere_does_not_widen_a_gradient(device):
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    wide = mg.tensor(np.array([3.0, 5.0]), requires_grad=True)

    def loss():
        return (mg.exp(x) * wide).sum()

    for create_graph in (False, True):
        dx, dwide = mg.grad(loss(), [x, wide], create_graph=create_graph)
        assert (dx.dtype, dwide.dtype) == (np.float32, np.float64)
        x.zero_grad()
        loss().backward(create_graph=create_graph)
        assert x.grad.dtype == np.float32
        assert np.allclose(x.grad.numpy(), np.exp([1.0, 2.0]) * [3, 5])


def test_scalars_accumulate_as_arrays(make, device):
    x = make(3.0)
    for _ in range(3):
        (x * x).backward()
    assert x.grad.shape == ()
    assert type(x.grad.data) is type(x.data)
    assert x.grad.item() == 18.0
    assert mg.grad(x * x, x).shape == ()


def test_a_refused_pass_changes_nothing(make):
    """Part of the graph is freed: the error comes before any gradient is added and any node freed."""
    x, w = make((2,)), make((2,))
    shared = mg.exp(x)
    shared.sum().backward()
    before = x.grad.numpy().copy()
    fresh = mg.sin(w)
    with pytest.raises(GraphError, match="freed"):
        (shared * fresh).sum().backward()
    assert np.array_equal(x.grad.numpy(), before)
    assert w.grad is None
    fresh.sum().backward()  # its graph is whole
    assert np.allclose(w.grad.numpy(), np.cos(w.numpy()))


@pytest.mark.parametrize("swapped", [False, True])
def test_a_sum_in_progress_is_not_shared(make, swapped):
    """The rule of s = x + y hands one array to both; what arrives for x from elsewhere must not reach y."""
    x, y, given = make((3,)), make((3,)), np.array([1.0, 2.0, 3.0])
    elsewhere = 10.0 * x
    s = y + x if swapped else x + y
    (s + elsewhere).backward(given)
    assert np.array_equal(x.grad.numpy(), 11 * given)
    assert np.array_equal(y.grad.numpy(), given)
    assert np.array_equal(given, [1.0, 2.0, 3.0])
