"""NumPy's functions and Python's protocols on tensors: right, or refused in words that name the way."""

import copy
import math
import operator
import pickle

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.errors import DTypeError, GraphError, MinigenError

FUNCTIONS = {
    "stack": (lambda x: np.stack([x, x]), "mg.stack"),
    "concatenate": (lambda x: np.concatenate((x, x)), "mg.concatenate"),
    "concatenate with an array": (lambda x: np.concatenate([np.ones((1, 2)), x]), "mg.concatenate"),
    "sum": (lambda x: np.sum(x), "mg.sum"),
    "mean": (lambda x: np.mean(x, axis=0), "mg.mean"),
    "std": (lambda x: np.std(x), "mg.std"),
    "amax": (lambda x: np.amax(x), "mg.max"),
    "where": (lambda x: np.where(np.ones((2, 2)) > 0, x, 0.0), "mg.where"),
    "dot": (lambda x: np.dot(x, x), "mg.matmul"),
    "clip": (lambda x: np.clip(x, 0, 1), "mg.clip"),
    "reshape": (lambda x: np.reshape(x, -1), "mg.reshape"),
    "transpose": (lambda x: np.transpose(x), "mg.transpose"),
    "linalg.norm": (lambda x: np.linalg.norm(x), "mg.norm"),
    "linalg.inv": (lambda x: np.linalg.inv(x), "detach"),
    "allclose": (lambda x: np.allclose(x, 1), "detach"),
    "exp": (lambda x: np.exp(x), "mg.exp"),
    "absolute": (lambda x: np.abs(x), "mg.abs"),
    "maximum": (lambda x: np.maximum(x, 0), "mg.maximum"),
    "hypot": (lambda x: np.hypot(x, x), "detach"),
    "add.reduce": (lambda x: np.add.reduce(x), "detach"),
    "asarray": (lambda x: np.asarray(x), "numpy()"),
    "array of several": (lambda x: np.array([x[0, 0], x[1, 1]]), "mg.stack"),
    "mean of a list": (lambda x: np.mean([x[0, 0], x[1, 1]]), "detach"),
    "copyto": (lambda x: np.copyto(np.ones((2, 2)), x), "detach"),
    "+= tensor": (lambda x: operator.iadd(np.ones((2, 2)), x), "detach"),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpys_functions_do_not_cut_the_graph_without_a_word(name):
    function, way = FUNCTIONS[name]
    x = mg.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)
    for tensor in (x, x * 1):
        with pytest.raises(GraphError) as caught:
            function(tensor)
        assert way in str(caught.value)
        assert str(caught.value).startswith("np.")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_of_other_tensors_they_are_right(name):
    function, _ = FUNCTIONS[name]
    x = np.array([[1.0, 2.0], [3.0, 5.0]], np.float32)
    found = function(mg.tensor(x))
    assert not isinstance(found, mg.Tensor)
    assert np.array_equal(found, function(x)) or found is function(x)


OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul]
OPERATORS += [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]


@pytest.mark.parametrize("op", OPERATORS)
def test_an_operator_gives_a_tensor_on_either_side(op, device):
    a, b = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32), np.array([[1.0, 3.0], [2.0, 4.0]], np.float32)
    here = mg.tensor(a).data
    for x in (mg.tensor(b), mg.tensor(b, requires_grad=True)):
        for y, expected in ((op(here, x), op(a, b)), (op(x, here), op(b, a))):
            assert isinstance(y, mg.Tensor)
            assert np.allclose(y.numpy(), expected)
            assert y.requires_grad == (x.requires_grad and y.dtype.kind == "f")


def test_tensors_are_no_place_to_write_to():
    with pytest.raises(GraphError, match="not changed in place"):
        np.exp(np.ones(2), out=mg.ones(2))


def test_numbers_that_stand_backwards_survive_dlpack():
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    for view in (x[::-1], x[:, ::-2], x[::-1, ::-1].T, x.T, x[1:]):
        assert np.array_equal(np.from_dlpack(mg.tensor(view).detach()), view)
    assert np.shares_memory(np.from_dlpack(mg.tensor(x)), x)
    packed = np.zeros(3, [("a", "u1"), ("b", "f4")])["b"]
    assert np.array_equal(np.from_dlpack(mg.tensor(packed)), packed)
    with pytest.raises(DTypeError, match="backwards"):
        mg.tensor(x[::-1]).__dlpack__(copy=False)
    torch = pytest.importorskip("torch")
    assert np.array_equal(torch.from_dlpack(mg.tensor(x[::-1])).numpy(), x[::-1])


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {p}": lambda x, p=p: pickle.loads(pickle.dumps(x, p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)},
}


@pytest.mark.parametrize("name", COPIES)
def test_leaves_are_copied(name):
    for leaf in (
        mg.tensor([1.0, 2.0]),
        mg.tensor([1.0, 2.0], requires_grad=True),
        nn.Parameter(np.ones(2, np.float32)),
        nn.module.Buffer(np.ones(2, np.float32)),
        mg.tensor([1, 2]),
        mg.ones(2) * 2,
        (mg.tensor([1.0], requires_grad=True) * 2).detach(),
    ):
        other = COPIES[name](leaf)
        assert type(other) is type(leaf)
        assert (other.requires_grad, other.is_leaf) == (leaf.requires_grad, True)
        assert np.array_equal(other.numpy(), leaf.numpy())
        assert np.shares_memory(other.numpy(), leaf.numpy()) == (name == "copy")
        if leaf.requires_grad:
            (other * other).sum().backward()
            assert leaf.grad is None
            assert np.array_equal(other.grad.numpy(), 2 * leaf.numpy())


@pytest.mark.parametrize("name", COPIES)
def test_results_are_not(name):
    x = mg.tensor([1.0], requires_grad=True)
    y, done = x * 2, x * 3
    done.backward()
    for result in (y, done, [y], {"loss": y}) if name != "copy" else (y, done):
        with pytest.raises(GraphError, match=r"result of multiply.*detach\(\)"):
            COPIES[name](result)


def test_a_copied_gradient_is_its_own():
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    for name in ("deepcopy", "pickle 5"):
        other = COPIES[name](x)
        assert np.array_equal(other.grad.numpy(), x.grad.numpy())
        assert not np.shares_memory(other.grad.numpy(), x.grad.numpy())
    assert copy.copy(x).grad is None


def test_modules_are_copied_with_their_weights():
    model = nn.Sequential(nn.Dense(2, 3), nn.BatchNorm(3), nn.ReLU())
    x = mg.tensor(np.random.default_rng(0).standard_normal((4, 2)).astype(np.float32))
    model(x).sum().backward()
    for name in ("deepcopy", "pickle 5"):
        other = COPIES[name](model)
        for ours, theirs in zip(model.parameters(), other.parameters(), strict=True):
            assert np.array_equal(ours.numpy(), theirs.numpy())
        other.parameters()[0].data += 1
        assert not np.array_equal(other.parameters()[0].numpy(), model.parameters()[0].numpy())


def test_pythons_protocols_are_right():
    n, x, v = mg.tensor(3), mg.tensor(2.567), mg.tensor([1.0, 2.0], requires_grad=True)
    assert list(range(n)) == [0, 1, 2]
    assert "abcd"[n] == "d"
    assert mg.zeros(n).shape == (3,)
    assert round(x, 1) == pytest.approx(2.6)
    assert round(x) == 3
    assert (math.floor(x), math.ceil(x), int(x)) == (2, 3, 2)
    assert complex(n) == 3
    assert f"{x:.1f}" == "2.6"
    assert [y.item() for y in reversed(v)] == [2, 1]
    assert abs(-v).numpy().tolist() == [1, 2]
    assert sum(v).item() == 3
    assert 2.0 in v
    assert 3.0 not in v


def test_a_list_may_hold_tensors_and_other_things():
    x, other = mg.ones(2), object()
    things = ["a", None, other, x, {}]
    assert things.index(x) == 3
    assert x in things
    assert None in things
    assert mg.ones(3) not in ["a", None, other, {}]
    assert (x == "a") is False
    assert (x != None) is True  # noqa: E711
    assert (x == 1).numpy().tolist() == [True, True]


@pytest.mark.parametrize(
    "act",
    [
        lambda: range(mg.ones(())),
        lambda: [1, 2][mg.tensor([0, 1])],
        lambda: operator.index(mg.tensor(1.0)),
        lambda: round(mg.ones(2)),
        lambda: complex(mg.ones(2)),
        lambda: math.floor(mg.ones(2)),
        lambda: len(mg.ones(())),
        lambda: list(mg.ones(())),
        lambda: mg.ones(2) in [mg.ones(2)],
        lambda: [mg.ones(2), mg.ones(3)].index(mg.ones(3)),
        lambda: f"{mg.ones(2):.2f}",
        lambda: bool(mg.zeros(0)),
    ],
)
def test_or_refused_in_words(act):
    with pytest.raises(MinigenError) as caught:
        act()
    assert "\n" not in str(caught.value)
    assert "shape" in str(caught.value) or "0-d" in str(caught.value)
