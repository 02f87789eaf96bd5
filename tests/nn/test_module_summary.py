"""The table of layers: right numbers, and nothing is changed by making it."""

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.errors import ShapeError
from tests.nn.cases import LAYERS, example, snapshot, unchanged


def image_net():
    return nn.Sequential(
        nn.Conv2D(1, 4, 3, stride=2, padding=1),
        nn.BatchNorm(4),
        nn.ReLU(),
        nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Dense(4 * 3 * 3, 1000)),
    )


def test_rows_are_the_layers_with_shapes_and_counts(device):
    net = image_net()
    lines = net.summary((6, 6, 1)).splitlines()
    assert lines[0].split() == ["layer", "output", "shape", "parameters"]
    expected = [
        (repr(net[0]), "(N, 3, 3, 4)", "40"),
        ("BatchNorm(4)", "(N, 3, 3, 4)", "8"),
        ("ReLU()", "(N, 3, 3, 4)", "0"),
        ("Flatten()", "(N, 36)", "0"),
        ("Dropout(0.5)", "(N, 36)", "0"),
        ("Dense(36 -> 1000)", "(N, 1000)", "37,000"),
        ("total", "", "37,048"),
    ]
    assert len(lines) == 1 + len(expected)
    for line, (layer, shape, count) in zip(lines[1:], expected, strict=True):
        assert line.split() == [*layer.split(), *shape.split(), count]
    assert len({len(line) for line in lines}) == 1  # columns are aligned


@pytest.mark.parametrize("name", [n for n in LAYERS if n != "Embedding"])
def test_the_shape_of_every_layer_is_that_of_its_output(device, name):
    make, shape = LAYERS[name]
    layer = make()
    y = layer(mg.tensor(example(layer, shape, np.float32), device=device))
    row = layer.summary(shape[1:]).splitlines()[1]
    assert f"(N, {', '.join(map(str, y.shape[1:]))})" in row
    assert row.endswith(f"  {layer.n_parameters()}")


def test_a_layer_that_is_used_twice_has_two_rows_and_counts_once():
    layer = nn.Dense(3, 3)
    lines = nn.Sequential(layer, nn.Tanh(), layer).summary((3,)).splitlines()
    assert len(lines) == 5
    assert lines[-1].split() == ["total", "12"]


def mixed_state(net):
    """Everything that could be left different: modes, flags, gradients, attributes, the generator of Dropout."""
    return [
        [(m.training, m.is_frozen, [k for k in vars(m) if k == "forward"]) for m in net.modules()],
        [(p.requires_grad, None if p.grad is None else p.grad.numpy().tolist()) for p in net.parameters()],
        str(net[3][1].rng.host.bit_generator.state),
    ]


@pytest.mark.parametrize("shape", [(6, 6, 1), (6, 6, 2)])
def test_the_module_stays_as_it_was(device, shape):
    """After success, and after the error that a wrong shape gives."""
    net = image_net()
    x = mg.tensor(np.random.default_rng(0).standard_normal((4, 6, 6, 1)).astype(np.float32), device=device)
    net(x).sum().backward()
    net[1].eval()
    net[0].freeze()
    before, state = snapshot(net), mixed_state(net)
    if shape == (6, 6, 1):
        net.summary(shape)
    else:
        with pytest.raises(ShapeError, match="Conv2D"):
            net.summary(shape)
    assert unchanged(net, before)
    assert mixed_state(net) == state
    assert net(x).requires_grad


def test_a_model_on_another_device_than_the_default(device):
    net = image_net()
    with mg.device("cpu"):
        assert net.summary((6, 6, 1)).splitlines()[-1].split() == ["total", "37,048"]
