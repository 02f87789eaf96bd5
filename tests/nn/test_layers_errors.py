"""What layers say to wrong settings and wrong inputs: one line that names the argument, what came, and the fix."""

import math

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.errors import ArgumentError, DeviceError, MinigenError, ShapeError

SETTINGS = [
    (lambda: nn.Dense(0, 4), "inputs: expected an integer >= 1, got 0"),
    (lambda: nn.Dense(3, 4.0), "outputs: expected an integer >= 1, got 4.0"),
    (lambda: nn.Dense(3, True), "outputs: expected an integer >= 1, got True"),
    (lambda: nn.Dense((3,), 4), r"inputs: expected an integer >= 1, got \(3,\)"),
    (lambda: nn.Conv2D(-1, 4, 3), "inputs: expected an integer >= 1, got -1"),
    (lambda: nn.Conv2D(3, 4, 0), "kernel: expected an int >= 1 or a pair of them, got 0"),
    (lambda: nn.Conv2D(3, 4, (3, 3, 3)), "kernel: expected an int >= 1 or a pair of them"),
    (lambda: nn.Conv2D(3, 4, 3, stride=0), "stride: expected an int >= 1"),
    (lambda: nn.Conv2D(3, 4, 3, groups=2), "groups: 2 must divide both inputs=3 and outputs=4"),
    (lambda: nn.Conv2D(4, 4, 3, groups=0), "groups: expected an integer >= 1, got 0"),
    (lambda: nn.Conv2DTranspose(3, 4, 3, stride=-1), "stride: expected an int >= 1"),
    (lambda: nn.Conv2DTranspose(4, 3, 3, groups=2), "groups: 2 must divide both inputs=4 and outputs=3"),
    (
        lambda: nn.Conv2DTranspose(4, 4, 3, stride=2, output_padding=2),
        r"output_padding: .* less than the stride \(2, 2\)",
    ),
    (lambda: nn.Conv2DTranspose(4, 4, 3, output_padding=-1), "output_padding: expected an int >= 0"),
    (lambda: nn.Conv2DTranspose(4, 4, 3, stride=2, output_padding=1, output_size=9), "output_size is given too"),
    (lambda: nn.Conv1D(4, 4, (3, 3)), r"kernel: expected an integer >= 1, got \(3, 3\)"),
    (lambda: nn.Conv1D(4, 4, 3, stride=0), "stride: expected an integer >= 1, got 0"),
    (lambda: nn.Conv1D(4, 4, 3, dilation=1.5), "dilation: expected an integer >= 1, got 1.5"),
    (lambda: nn.Conv1D(4, 4, 3, padding=(1, 2, 3)), "padding: expected an int >= 0 or a pair of them"),
    (lambda: nn.Conv1D(4, 6, 3, groups=4), "groups: 4 must divide both inputs=4 and outputs=6"),
    (lambda: nn.GroupNorm(4, 6), "groups: 4 must divide features=6"),
    (lambda: nn.GroupNorm(0, 6), "groups: expected an integer >= 1, got 0"),
    (lambda: nn.Embedding(0, 3), "count: expected an integer >= 1"),
    (lambda: nn.Embedding(3, -3), "features: expected an integer >= 1"),
    (lambda: nn.BatchNorm(0), "features: expected an integer >= 1"),
    (lambda: nn.BatchNorm(3, momentum=1.0), "momentum: expected 0 <= momentum < 1, got 1.0"),
    (lambda: nn.BatchNorm(3, momentum=-0.1), "momentum: expected 0 <= momentum < 1, got -0.1"),
    (lambda: nn.BatchNorm(3, eps=0.0), "eps: expected a number > 0, got 0"),
    (lambda: nn.LayerNorm(2.5), "features: expected an integer >= 1, got 2.5"),
    (lambda: nn.Dropout(1.0), "rate: expected 0 <= rate < 1, got 1.0"),
    (lambda: nn.Dropout(-0.5), "rate: expected 0 <= rate < 1, got -0.5"),
    (lambda: nn.Dropout(math.nan), "rate: expected 0 <= rate < 1, got nan"),
    (lambda: nn.UpSampling2D(2, method="cubic"), "method: expected 'nearest' or 'bilinear', got 'cubic'"),
]

INPUTS = [
    (nn.Dense(784, 400), (2, 28, 28), r"Dense\(784 -> 400\): input of shape .* has 28 features.*forget Flatten"),
    (nn.Dense(3, 4), (), r"Dense\(3 -> 4\): input of shape \(\) has no features"),
    (nn.Conv2D(3, 4, 3), (2, 5, 5, 1), r"Conv2D\(3 -> 4.*input has shape \(2, 5, 5, 1\), expected \(N, H, W, 3\)"),
    (nn.Conv2D(3, 4, 3), (2, 3, 8, 8), "is the channel axis not the last?"),
    (nn.Conv2D(3, 4, 3), (2, 75), r"did you forget Reshape\(...\)"),
    (nn.Conv2D(3, 4, 5), (2, 4, 4, 3), "a kernel that spans .* does not fit on an image"),
    (nn.Conv2DTranspose(3, 4, 3), (2, 5), r"Conv2DTranspose\(3 -> 4.*expected \(N, H, W, 3\)"),
    (nn.Conv2DTranspose(3, 4, 3, output_size=9), (2, 5, 5, 3), r"output_size \(9, 9\) does not belong to"),
    (nn.Conv1D(3, 4, 3), (2, 5, 5, 3), r"Conv1D\(3 -> 4.*input has shape \(2, 5, 5, 3\), expected \(N, T, 3\)"),
    (nn.Conv1D(3, 4, 3), (2, 3, 8), "is the channel axis not the last?"),
    (nn.Conv1D(3, 4, 5), (2, 4, 3), "a kernel that spans .* does not fit"),
    (nn.GroupNorm(2, 4), (2, 3), r"GroupNorm\(2, 4\): input has shape \(2, 3\), expected \(N, \.\.\., 4\)"),
    (nn.BatchNorm(3), (2, 4), r"BatchNorm\(3\): input has shape \(2, 4\), expected \(N, \.\.\., 3\)"),
    (nn.BatchNorm(3), (3,), r"expected \(N, \.\.\., 3\)"),
    (nn.BatchNorm(3), (1, 3), "no variance; use a larger batch, or .eval"),
    (nn.BatchNorm(3), (1, 1, 1, 3), "no variance"),
    (nn.LayerNorm(3), (2, 4), r"LayerNorm\(3\): input has shape \(2, 4\), expected \(N, \.\.\., 3\)"),
    (nn.Reshape((2, 3)), (2, 5), r"Reshape\(2, 3\): an example of shape \(5,\) has 5 values, \(2, 3\) takes 6"),
    (nn.MaxPool2D(2), (2, 4), "must have 4 axes"),
    (nn.AvgPool2D(2), (2, 4, 4), "must have 4 axes"),
    (nn.UpSampling2D(2), (2, 4), "must have 4 axes"),
    (nn.UpSampling2D(2, method="bilinear"), (4, 4, 1), "must have 4 axes"),
]


@pytest.mark.parametrize(("make", "message"), SETTINGS, ids=[message for _, message in SETTINGS])
def test_settings(make, message):
    with pytest.raises(ArgumentError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("layer", "shape", "message"), INPUTS, ids=[message for *_, message in INPUTS])
def test_inputs(layer, shape, message):
    with pytest.raises(ShapeError, match=message) as caught:
        layer(mg.ones(shape))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Conv2D(3, 4, 3, padding="smae"),
        lambda: nn.Conv2D(3, 4, 3, padding=-1),
        lambda: nn.Conv2D(3, 4, 3, dilation=0),
        lambda: nn.Conv2DTranspose(3, 4, 3, padding="smae"),
        lambda: nn.MaxPool2D(0),
        lambda: nn.AvgPool2D(2, stride=0),
        lambda: nn.UpSampling2D(0),
    ],
)
def test_settings_that_are_refused_at_the_latest_when_the_layer_is_used(make):
    with pytest.raises(ArgumentError, match=r"^(padding|dilation|kernel|stride|factor): expected"):
        make()(mg.ones((2, 6, 6, 3)))


def test_a_batch_of_one_value_is_fine_once_statistics_are_known(device):
    layer = nn.BatchNorm(3)
    layer(mg.tensor(np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)))
    before = layer.running_mean.numpy().copy()
    with pytest.raises(ShapeError):
        layer(mg.ones((1, 3)))
    assert (layer.running_mean.numpy() == before).all()
    assert layer.eval()(mg.ones((1, 3))).shape == (1, 3)
    assert layer.train()(mg.ones((1, 2, 1, 3))).shape == (1, 2, 1, 3)  # two values per channel


@pytest.mark.parametrize("ids", [[0, 5], [-1, 0], [[5]]])
def test_embedding_ids_outside_of_the_table(ids):
    with pytest.raises(ArgumentError, match=r"Embedding\(5, 3\): ids must be in 0 \.\.\. 4, got"):
        nn.Embedding(5, 3)(np.array(ids))


@pytest.mark.parametrize("ids", [[0.5, 1.0], np.ones(2, np.float32), np.array([True]), mg.ones(2)])
def test_embedding_ids_that_are_no_integers(ids):
    with pytest.raises(ArgumentError, match=r"Embedding\(5, 3\): ids must be integers, got"):
        nn.Embedding(5, 3)(ids)


def test_arrays_of_two_devices(device):
    if device == "cpu":
        pytest.skip("takes two devices")
    x = mg.ones((2, 3), device="cpu")
    for layer in nn.Dense(3, 4), nn.BatchNorm(3), nn.LayerNorm(3):
        with pytest.raises(DeviceError, match=r"'cpu'.*'cuda'|'cuda'.*'cpu'"):
            layer(x)


def test_every_error_is_minigens():
    assert issubclass(ArgumentError, MinigenError)
    assert issubclass(ShapeError, ValueError)
