"""Saving, loading and moving the state of a module."""

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.errors import ArgumentError, DTypeError, ShapeError
from tests.nn.cases import snapshot, unchanged


def net(seed=0):
    rng = mg.Generator(seed)
    return nn.Sequential(nn.Conv2D(1, 2, 3, rng=rng), nn.BatchNorm(2), nn.Flatten(), nn.Dense(8, 2, rng=rng))


def images(device, n=3):
    return mg.tensor(np.random.default_rng(0).standard_normal((n, 4, 4, 1)).astype(np.float32), device=device)


def test_round_trip(device):
    one, other = net(0), net(1)
    one(images(device))  # so that the running statistics are not the initial ones
    state = one.state_dict()
    assert list(state) == [name for name, _ in one.named_tensors()]
    assert all(type(a) is np.ndarray and a.dtype == np.float32 for a in state.values())
    assert not unchanged(other, snapshot(one))
    other.load_state_dict(state)
    assert unchanged(other, snapshot(one))
    x = images(device)
    assert (one.eval()(x).numpy() == other.eval()(x).numpy()).all()


def test_the_state_is_a_copy(device):
    one = net()
    before = snapshot(one)
    for array in one.state_dict().values():
        array += 1
    assert unchanged(one, before)
    state = one.state_dict()
    one(images(device))
    one[0].w.data += 1
    assert (state["layers.0.w"] == before["layers.0.w"]).all()
    assert (state["layers.1.running_mean"] == 0).all()


def test_loading_writes_into_the_arrays_that_are_there(device):
    """An optimizer's parameters are views of its flat buffer: they must stay so."""
    one = net(0)
    arrays = [t.data for _, t in one.named_tensors()]
    one.load_state_dict(net(1).state_dict())
    assert all(t.data is array for (_, t), array in zip(one.named_tensors(), arrays, strict=True))
    assert all(p.requires_grad for p in one.parameters())


def test_loading_takes_other_number_types_and_keeps_its_own(device):
    one, state = net(0), net(1).state_dict()
    one.load_state_dict({name: array.astype(np.float64) for name, array in state.items()})
    assert all(t.dtype == np.float32 for _, t in one.named_tensors())
    assert unchanged(one, state)


def test_loading_takes_tensors_of_either_device(device):
    one, other = net(0), net(1)
    for name in "cpu", device:
        with mg.device(name):
            one.load_state_dict({key: mg.tensor(array) for key, array in other.state_dict().items()})
        assert unchanged(one, snapshot(other))
        one = net(0)


def changed(**changes):
    """The state of another net with some entries replaced (or taken out, for None)."""
    state = net(1).state_dict()
    for name, value in changes.items():
        key = name.replace("__", ".")
        state[key] = value
        if value is None:
            del state[key]
    return state


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        (changed(layers__3__b=None), ArgumentError, "has no 'layers.3.b'"),
        (changed(layers__3__b=None, layers__3__bb=np.zeros(2)), ArgumentError, "did you mean 'layers.3.b'"),
        (changed(extra=np.zeros(2)), ArgumentError, "unknown name 'extra'"),
        (changed(layers__3__w=np.zeros((8, 3))), ShapeError, r"3.w has shape \(8, 3\) in the state, \(8, 2\) here"),
        (changed(layers__3__b=np.array(["a", "b"])), DTypeError, "layers.3.b must hold numbers"),
        ({}, ArgumentError, "has no 'layers.0.w'"),
    ],
    ids=["missing", "misspelt", "extra", "shape", "no numbers", "empty"],
)
def test_a_state_that_does_not_fit_changes_nothing(device, state, error, message):
    one = net(0)
    before = snapshot(one)
    with pytest.raises(error, match=message):
        one.load_state_dict(state)
    assert unchanged(one, before)


def test_to_moves_everything_and_forgets_gradients(device):
    one = net()
    one(images(device)).sum().backward()
    before = snapshot(one)
    assert one.to("cpu") is one
    assert {t.device for _, t in one.named_tensors()} == {"cpu"}
    assert unchanged(one, before)
    if device != "cpu":
        assert all(p.grad is None for p in one.parameters())
    x = images("cpu")
    one(x).sum().backward()
    assert all(p.grad.device == "cpu" for p in one.parameters())
    one.to(device)
    assert {t.device for _, t in one.named_tensors()} == {device}
    assert one(images(device)).device == device
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in one.parameters())


def test_an_unknown_device_changes_nothing(device):
    one = net()
    before = snapshot(one)
    with pytest.raises(ArgumentError, match="take 'cpu', or 'cuda'"):
        one.to("cdua")
    assert unchanged(one, before)
    assert {t.device for _, t in one.named_tensors()} == {device}


def test_a_state_is_independent_of_the_device(device):
    with mg.device("cpu"):
        host = net(5)
    assert unchanged(net(5), snapshot(host))
    moved = net(6)
    moved.load_state_dict(host.state_dict())
    assert unchanged(moved, snapshot(host))
