"""The backward pass: right sums, each node once, no recursion, nothing kept alive, clear errors."""

import gc
import threading
import weakref

import numpy as np
import pytest

import minigen as mg
from minigen.autodiff import REGISTRY, backward, differentiable
from minigen.errors import ArgumentError, DTypeError, GraphError, ShapeError


@pytest.fixture
def counted(monkeypatch):
    """Counts the calls of the gradient rules: name -> list of input numbers."""
    calls = []
    original = type(REGISTRY["multiply"]).gradient

    def gradient(self, i, *args):
        calls.append((self.name, i))
        return original(self, i, *args)

    monkeypatch.setattr(type(REGISTRY["multiply"]), "gradient", gradient)
    return calls


def test_gradients_accumulate(make):
    x = make((3,))
    (x * x).sum().backward()
    first = x.grad.numpy().copy()
    (x * x).sum().backward()
    assert np.allclose(first, 2 * x.numpy())
    assert np.allclose(x.grad.numpy(), 2 * first)
    x.zero_grad()
    assert x.grad is None


def test_a_diamond_passes_each_node_once(make, counted):
    x = make([1.5])
    y = x
    for _ in range(60):  # 2^60 paths
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**60
    assert len(counted) == 120


@pytest.mark.long
def test_a_chain_of_100_000_operations():
    x = mg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1e-5
    y.backward()
    assert x.grad.item() == 1.0
    for _ in range(100_000):
        y = y * 1.0
    del y  # freed without recursion as well


def test_the_graph_goes_with_its_result_not_with_the_cycle_collector(make):
    gc.collect()
    gc.disable()
    try:
        x = make((4,))
        y = mg.exp(x)
        inner = weakref.ref(y)
        loss = (y * y).sum()
        del y
        assert inner() is not None
        loss.backward()
        assert inner() is None  # the pass frees what it has passed
        y = mg.exp(x)
        inner = weakref.ref(y)
        loss = mg.tanh(y).sum()
        del y, loss
        assert inner() is None  # and an unused graph goes at once
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_freed_graph_is_told(make):
    x = make((2,))
    y = mg.exp(x)
    y.sum().backward()
    for again in (y.sum, lambda: (y * 2).sum(), lambda: (y + x).sum()):
        with pytest.raises(GraphError, match=r"freed by an earlier backward pass.*retain_graph=True"):
            again().backward()


def test_retain_graph(make):
    x = make((2,))
    y = mg.exp(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert np.allclose(x.grad.numpy(), 2 * np.exp(x.numpy()))


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda x: (x * 2).backward(), GraphError, r"shape \(2, 3\) and is not a scalar; reduce it with \.sum\(\)"),
        (lambda x: x.detach().sum().backward(), GraphError, "has no graph"),
        (
            lambda x: (x * 2).backward(np.ones((3, 2))),
            ShapeError,
            r"gradient has shape \(3, 2\)",
        ),
        (lambda x: backward(3.0), DTypeError, "expected a tensor, got float"),
        (lambda x: mg.grad(3.0, x), DTypeError, "grad: expected a tensor, got float"),
        (lambda x: mg.grad(x.sum(), 3.0), GraphError, r"inputs\[0\] does not require a gradient"),
        (lambda x: mg.grad(x * 2, x), GraphError, r"grad: the output has shape \(2, 3\) and is not a scalar"),
        (lambda x: mg.grad(x * 2, x, np.ones(3)), ShapeError, r"grad: gradient has shape \(3,\)"),
        (lambda x: mg.grad([x.sum(), x.sum()], x, [None]), ArgumentError, "1 entries for 2 outputs; give one for each"),
        (lambda x: mg.grad(x.sum(), x.detach()), GraphError, r"inputs\[0\] does not require a gradient"),
        (lambda x: mg.grad(x.sum(), [x, mg.ones(1, requires_grad=True)]), GraphError, r"do not depend on inputs\[1\]"),
    ],
)
def test_what_cannot_be_differentiated_is_told(make, act, error, message):
    with pytest.raises(error, match=message):
        act(make((2, 3)))


def test_a_rule_of_the_wrong_shape_is_told(make):
    @differentiable
    def broken(x, /):
        return x * 1.0

    broken.gradients(lambda g, y, x: g[:1])
    with pytest.raises(ShapeError, match=r"gradient of broken for input 0: the rule returned shape \(1,\)"):
        broken(make((3,))).sum().backward()


def test_grad_leaves_grad_attributes_alone_and_takes_inner_tensors(make):
    x, w = make((3,)), make((3,))
    h = x * w
    y = (h * h).sum()
    dh, dx = mg.grad(y, [h, x])
    assert np.allclose(dh.numpy(), 2 * h.numpy())
    assert np.allclose(dx.numpy(), 2 * h.numpy() * w.numpy())
    assert x.grad is None
    assert w.grad is None


def test_grad_of_several_outputs_and_unused_inputs(make):
    x, other = make((3,)), make((2,))
    ys = [x.sum(), (x * x).sum()]
    dx, none = mg.grad(ys, [x, other], allow_unused=True)
    assert np.allclose(dx.numpy(), 1 + 2 * x.numpy())
    assert none is None
    g = np.array([1.0, 0.0, 2.0])
    assert np.allclose(mg.grad(mg.exp(x), x, g).numpy(), g * np.exp(x.numpy()))


def test_higher_derivatives(make):
    x = make([0.7, -1.3])
    y = (x**4).sum()
    for expected in (4 * x.numpy() ** 3, 12 * x.numpy() ** 2, 24 * x.numpy(), np.full(2, 24.0)):
        g = mg.grad(y, x, create_graph=True)
        assert np.allclose(g.numpy(), expected)
        y = g.sum()


def test_hessian_vector_product(make):
    rng = np.random.default_rng(1)
    a = rng.standard_normal((3, 3))
    x, v = make((3,)), rng.standard_normal(3)
    matrix = mg.tensor(a)
    g = mg.grad(x @ matrix @ x * 0.5, x, create_graph=True)
    assert np.allclose(mg.grad(g, x, v).numpy(), 0.5 * (a + a.T) @ v)


def test_backward_with_create_graph(make):
    x = make([2.0])
    (x**3).sum().backward(create_graph=True)
    penalty = x.grad * x.grad
    assert np.isclose(mg.grad(penalty, x).item(), 2 * 12 * 12)  # d/dx (3 x^2)^2 = 36 x^3


def test_only_what_is_asked_for_is_computed(make, counted):
    x, w = make((2, 3)), make((3, 4), requires_grad=False)
    (x @ w).sum().backward()
    assert ("matmul", 1) not in counted
    assert ("matmul", 0) in counted
    counted.clear()
    a, b = make((2,)), make((2,))
    y = mg.exp(a) + mg.sin(b)
    mg.grad(y.sum(), a)
    assert ("exp", 0) in counted
    assert ("sin", 0) not in counted


def test_no_grad_and_detach_cut_the_graph(make):
    x = make((2,))
    with mg.no_grad():
        assert not (x * 2).requires_grad
        with mg.no_grad():
            pass
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad
    y = (x * x.detach()).sum()
    y.backward()
    assert np.allclose(x.grad.numpy(), x.numpy())


def test_no_grad_holds_for_its_thread_alone():
    x = mg.ones(2, requires_grad=True)
    seen = []
    with mg.no_grad():
        thread = threading.Thread(target=lambda: seen.append((x * 2).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]


def test_gradients_of_leaves_are_their_own(make):
    x, y = make((3,)), make((3,))
    given = np.ones(3)
    (x + y).backward(given)
    x.grad.data[...] = 7.0
    assert np.array_equal(y.grad.numpy(), np.ones(3))
    assert np.array_equal(given, np.ones(3))


def test_gradients_have_the_type_of_their_leaf(device):
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    (x * mg.tensor(np.ones(2))).sum().backward()
    assert x.grad.dtype == np.float32
    y = x * 1.0
    dy = mg.grad(mg.exp(y.astype("float64")).sum(), y)
    assert dy.dtype == np.float32


def test_the_buffer_of_an_optimizer_is_written(device):
    x = mg.ones(3, requires_grad=True)
    x.grad_buffer = mg.zeros(3).data
    (x * 2).sum().backward()
    (x * 3).sum().backward()
    assert x.grad.data is x.grad_buffer
    assert np.array_equal(x.grad.numpy(), [5, 5, 5])


def test_leaves_as_outputs(make):
    x = make([3.0])
    x.backward()
    assert x.grad.item() == 1.0
    assert mg.grad(x, x).item() == 1.0


def test_frozen_while_recorded_is_frozen_for_good(make):
    x, w = make((2,)), make((2,))
    w.requires_grad = False
    y = (x * w).sum()
    w.requires_grad = True
    y.backward()
    assert w.grad is None


def test_rules_below_the_inputs_are_not_called(make, counted):
    x = make((3,))
    h = mg.exp(x)
    dh = mg.grad(mg.sin(h).sum(), h)
    assert np.allclose(dh.numpy(), np.cos(h.numpy()))
    assert ("sin", 0) in counted
    assert ("exp", 0) not in counted


def test_nothing_is_recorded_for_what_has_no_gradient(make):
    x = make((3,))
    for y in (x > 0, mg.argmax(x), mg.sign(x), x.astype(int)):
        assert not y.requires_grad
        assert y.is_leaf


def test_a_rule_is_called_once_however_many_outputs_lead_to_it(make, counted):
    x = make((3,))
    h = mg.exp(x)
    mg.grad([h.sum(), (h * h).sum(), mg.sin(h).sum()], x)
    assert counted.count(("exp", 0)) == 1


def test_no_grad_ends_with_its_block_even_by_an_error(make):
    x = make((2,))
    with pytest.raises(KeyError), mg.no_grad():
        raise KeyError
    assert (x * 2).requires_grad


def test_no_grad_keeps_nothing_alive(make):
    x = make((4,))
    with mg.no_grad():
        y = mg.exp(x)
        inner = weakref.ref(y)
        y = mg.tanh(y)
    assert inner() is None


def test_gradients_of_gradients_leave_no_cycle(make):
    gc.collect()
    gc.disable()
    try:
        x = make((4,))
        y = (mg.tanh(x) ** 2).sum()
        g = mg.grad(y, x, create_graph=True)
        mg.grad((g * g).sum(), x)
        del y, g
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_the_hessian_of_logsumexp(make):
    """diag(p) - p p^T with p = softmax(x), a row at a time."""
    x = make((4,))
    p = mg.softmax(x).numpy()
    g = mg.grad(mg.logsumexp(x), x, create_graph=True)
    rows = [mg.grad(g, x, np.eye(4)[i], retain_graph=True).numpy() for i in range(4)]
    assert np.allclose(rows, np.diag(p) - np.outer(p, p))


def test_mixed_second_derivatives(make):
    x, y = make((3,)), make((3,))
    dx = mg.grad((x**2 * y**3).sum(), x, create_graph=True)
    assert np.allclose(mg.grad(dx.sum(), y).numpy(), 2 * x.numpy() * 3 * y.numpy() ** 2)


def test_gradients_of_gradients_of_a_long_chain(make):
    x = make(1.0)
    y = x
    for _ in range(1500):
        y = y * x  # x^1501
    g = mg.grad(y, x, create_graph=True)
    assert np.isclose(g.item(), 1501)
    assert np.isclose(mg.grad(g, x).item(), 1501 * 1500)


def test_threads_do_not_mix_their_gradients():
    results = {}

    def work(k):
        x = mg.tensor([1.0, 2.0, 3.0], requires_grad=True)
        for _ in range(50):
            x.zero_grad()
            (k * mg.exp(x) * x).sum().backward()
        results[k] = x.grad.numpy()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    x = np.array([1.0, 2.0, 3.0])
    for k in range(4):
        assert np.allclose(results[k], k * np.exp(x) * (1 + x), rtol=1e-5)
