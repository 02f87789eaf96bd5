"""Weights to PyTorch and back: equal outputs both ways; arrays in shared memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen import nn
from minigen.errors import ArgumentError, DeviceError, DTypeError, GraphError, ShapeError
from minigen.nn.exchange import from_dlpack, from_torch, to_torch

torch = pytest.importorskip("torch")
T = torch.nn


def randomized(module, seed=0):
    """The module with random numbers in all of its state; variances are positive."""
    rng = np.random.default_rng(seed)
    for name, tensor in module.named_tensors():
        tensor.data[...] = rng.uniform(0.5, 1.5, tensor.shape) if "var" in name else rng.standard_normal(tensor.shape)
    return module


def scrambled(twin, seed=1):
    """The same for PyTorch."""
    rng = np.random.default_rng(seed)
    for name, tensor in twin.state_dict().items():
        if tensor.dtype.is_floating_point:
            values = rng.uniform(0.5, 1.5, tensor.shape) if "var" in name else rng.standard_normal(tensor.shape)
            tensor.copy_(torch.as_tensor(values))
    return twin


LAYERS = {
    "Dense": (lambda: nn.Dense(5, 3), lambda: T.Linear(5, 3), (4, 5)),
    "Dense without bias": (lambda: nn.Dense(5, 3, bias=False), lambda: T.Linear(5, 3, bias=False), (4, 5)),
    "Conv2D": (
        lambda: nn.Conv2D(3, 4, (3, 2), stride=2, padding=1),
        lambda: T.Conv2d(3, 4, (3, 2), stride=2, padding=1),
        (2, 7, 6, 3),
    ),
    "Conv2D in groups": (lambda: nn.Conv2D(4, 6, 3, groups=2), lambda: T.Conv2d(4, 6, 3, groups=2), (2, 7, 6, 4)),
    "Conv2DTranspose": (
        lambda: nn.Conv2DTranspose(3, 2, (4, 3), stride=2, padding=1),
        lambda: T.ConvTranspose2d(3, 2, (4, 3), stride=2, padding=1),
        (2, 5, 4, 3),
    ),
    "Conv2DTranspose in groups": (
        lambda: nn.Conv2DTranspose(4, 6, 3, stride=2, dilation=2, groups=2, output_padding=1),
        lambda: T.ConvTranspose2d(4, 6, 3, stride=2, dilation=2, groups=2, output_padding=1),
        (2, 5, 4, 4),
    ),
    "Conv1D": (lambda: nn.Conv1D(4, 6, 3, groups=2), lambda: T.Conv1d(4, 6, 3, groups=2), (2, 7, 4)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), lambda: T.GroupNorm(2, 4), (2, 5, 4, 4)),
    "BatchNorm": (lambda: nn.BatchNorm(3), lambda: T.BatchNorm2d(3), (2, 5, 4, 3)),
    "BatchNorm of vectors": (lambda: nn.BatchNorm(3), lambda: T.BatchNorm1d(3), (6, 3)),
    "LayerNorm": (lambda: nn.LayerNorm(6), lambda: T.LayerNorm(6), (4, 6)),
}


def first(x):
    return np.moveaxis(x, -1, 1) if x.ndim > 2 else x


def outputs(module, twin, shape, training):
    """What both make of one input, in minigen's layout."""
    x = np.random.default_rng(2).standard_normal(shape).astype(np.float32)
    module.train(training)
    twin.train(training)
    with torch.no_grad():
        theirs = twin(torch.from_numpy(np.ascontiguousarray(first(x)))).numpy()
    return module(mg.tensor(x)).numpy(), np.moveaxis(theirs, 1, -1) if theirs.ndim > 2 else theirs


def load(twin, state):
    twin.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", LAYERS)
def test_equal_outputs_both_ways(name, training):
    make, twin_of, shape = LAYERS[name]
    there = twin_of()
    load(there, to_torch(ours := randomized(make())))
    np.testing.assert_allclose(*outputs(ours, there, shape, training), rtol=1e-4, atol=1e-5)
    back = make()
    from_torch(back, (theirs := scrambled(twin_of())).state_dict())
    np.testing.assert_allclose(*outputs(back, theirs, shape, training), rtol=1e-4, atol=1e-5)


def test_embedding():
    ours, theirs = randomized(nn.Embedding(7, 3)), T.Embedding(7, 3)
    load(theirs, to_torch(ours))
    ids = np.array([[0, 6], [3, 3]])
    assert np.array_equal(ours(mg.tensor(ids)).numpy(), theirs(torch.from_numpy(ids)).detach().numpy())


def discriminator():
    return nn.Sequential(
        nn.Conv2D(1, 4, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Sequential(nn.Conv2D(4, 6, 4, stride=2, padding=1), nn.BatchNorm(6)),
        nn.Flatten(),
        nn.Dense(2 * 3 * 6, 5),
    )


def discriminator_twin():
    return T.Sequential(
        T.Conv2d(1, 4, 4, stride=2, padding=1),
        T.LeakyReLU(0.2),
        T.Sequential(T.Conv2d(4, 6, 4, stride=2, padding=1), T.BatchNorm2d(6)),
        T.Flatten(),
        T.Linear(36, 5),
    )


def generator():
    return nn.Sequential(
        nn.Dense(5, 36), nn.ReLU(), nn.Reshape(2, 3, 6), nn.Conv2DTranspose(6, 2, 4, stride=2, padding=1), nn.Tanh()
    )


def generator_twin():
    up = T.ConvTranspose2d(6, 2, 4, stride=2, padding=1)
    return T.Sequential(T.Linear(5, 36), T.ReLU(), T.Unflatten(1, (6, 2, 3)), up, T.Tanh())


NETWORKS = {
    "discriminator": (discriminator, discriminator_twin, (3, 8, 12, 1), {"flattened": {"layers.4": (2, 3, 6)}}),
    "generator": (generator, generator_twin, (3, 5), {"reshaped": {"layers.0": (2, 3, 6)}}),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_whole_networks_both_ways(name):
    make, twin_of, shape, images = NETWORKS[name]
    there, ours = twin_of(), randomized(make())
    load(there, to_torch(ours, **images))
    np.testing.assert_allclose(*outputs(ours, there, shape, False), rtol=1e-4, atol=1e-5)
    back, theirs = make(), scrambled(twin_of())
    from_torch(back, theirs.state_dict(), **images)
    np.testing.assert_allclose(*outputs(back, theirs, shape, False), rtol=1e-4, atol=1e-5)
    load(there, to_torch(ours))  # without a word on the images, the order is wrong
    assert not np.allclose(*outputs(ours, there, shape, False), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("name", NETWORKS)
def test_there_and_back_is_nothing(name):
    make, _, _, images = NETWORKS[name]
    ours, back = randomized(make()), make()
    from_torch(back, to_torch(ours, **images), **images)
    before, after = ours.state_dict(), back.state_dict()
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_attributes_keep_their_names():
    class Twin(T.Module):
        def __init__(self):
            super().__init__()
            self.encoder = T.Sequential(T.Linear(3, 2))

    class Ours(nn.Module):
        def __init__(self):
            self.encoder = nn.Sequential(nn.Dense(3, 2))

    state = to_torch(Ours())
    assert sorted(state) == sorted(Twin().state_dict()) == ["encoder.0.bias", "encoder.0.weight"]


def test_what_does_not_fit_is_named_and_changes_nothing():
    module = nn.Sequential(nn.Dense(6, 4), nn.BatchNorm(4))
    before = {name: array.tobytes() for name, array in module.state_dict().items()}
    state = to_torch(module)
    cases = [
        ({n: a for n, a in state.items() if n != "0.bias"}, ArgumentError, "state: no entry '0.bias'"),
        (state | {"2.weight": np.zeros(3)}, ArgumentError, r"state: unknown entries \['2.weight'\]"),
        (state | {"0.weight": np.zeros((6, 4))}, ShapeError, r"'0.weight' has shape \(6, 4\), expected \(4, 6\)"),
    ]
    for wrong, kind, message in cases:
        with pytest.raises(kind, match=message):
            from_torch(module, wrong)
        assert {name: array.tobytes() for name, array in module.state_dict().items()} == before
    with pytest.raises(ArgumentError, match=r"flattened: 'layers.1' is no Dense layer; choose one of: 'layers.0'"):
        to_torch(module, flattened={"layers.1": (1, 2, 3)})
    with pytest.raises(ShapeError, match=r"reshaped\['layers.0'\]: expected \(H, W, C\) with H W C = 4, got"):
        to_torch(module, reshaped={"layers.0": (1, 2, 3)})


def test_a_layer_without_a_counterpart():
    class Scale(nn.Module):
        def __init__(self):
            self.factor = nn.Parameter(np.ones(2, np.float32))

    with pytest.raises(DTypeError, match=r"layers.0: Scale has weights and no counterpart"):
        to_torch(nn.Sequential(Scale()))


# ------------------------------------------------------------------------------------------------- shared memory


@given(st.lists(st.integers(1, 4), max_size=3))
def test_asarray_and_dlpack_share_memory(shape):
    ours = mg.tensor(np.random.default_rng(0).random(shape, dtype=np.float32))
    assert np.shares_memory(np.asarray(ours), ours.data)
    assert np.shares_memory(np.from_dlpack(ours), ours.data)
    there = torch.from_dlpack(ours)
    there += 1
    assert np.array_equal(there.numpy(), ours.numpy())
    back = from_dlpack(there)
    assert np.shares_memory(back.data, ours.data)


def test_from_torch_tensors():
    theirs = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    ours = from_dlpack(theirs)
    theirs[0, 0] = 9
    assert ours.numpy()[0, 0] == 9
    assert (ours * 2).sum().item() == 2 * theirs.sum().item()


def test_a_tensor_in_training_is_not_handed_over():
    x = mg.tensor([1.0], requires_grad=True)
    with pytest.raises(GraphError, match=r"hand over tensor.detach"):
        torch.from_dlpack(x)
    assert torch.from_dlpack(x.detach()).item() == 1


def test_what_dlpack_is_not_for():
    with pytest.raises(DTypeError, match="from_dlpack: expected an array with __dlpack__, got list"):
        from_dlpack([1.0])

    class Elsewhere:
        def __dlpack_device__(self):
            return (8, 0)

    with pytest.raises(DeviceError, match="on a device of DLPack's type 8"):
        from_dlpack(Elsewhere())
