"""Initial weights: their mean, variance and distribution, and what they are for: signals that keep their size."""

import math

import numpy as np
import pytest
from scipy import stats

import minigen as mg
from minigen import nn
from minigen.errors import ArgumentError
from minigen.nn.init import INITIALIZERS

INPUTS, OUTPUTS = 300, 200
VARIANCE = {
    "he_normal": 2 / INPUTS,
    "he_uniform": 2 / INPUTS,
    "glorot_normal": 2 / (INPUTS + OUTPUTS),
    "glorot_uniform": 2 / (INPUTS + OUTPUTS),
    "dcgan": 0.02**2,
}


def test_all_are_covered():
    assert INITIALIZERS.keys() == VARIANCE.keys()


@pytest.mark.parametrize("name", VARIANCE)
def test_mean_variance_and_distribution(device, name):
    w = nn.Dense(INPUTS, OUTPUTS, init=name, rng=mg.Generator(7)).w.numpy()
    assert w.dtype == np.float32
    n, variance = w.size, VARIANCE[name]
    fourth_moment = 1.8 if "uniform" in name else 3  # of the distribution with variance 1
    assert abs(w.mean()) < 5 * math.sqrt(variance / n)
    assert abs(w.var() / variance - 1) < 5 * math.sqrt((fourth_moment - 1) / n)  # about 2 %
    side = math.sqrt(3 * variance)
    exact = stats.uniform(-side, 2 * side) if "uniform" in name else stats.norm(0, math.sqrt(variance))
    assert stats.kstest(w.ravel(), exact.cdf).pvalue > 1e-4


@pytest.mark.parametrize("name", VARIANCE)
def test_a_seed_gives_the_same_weights_on_every_device(device, name):
    def weights(seed):
        rng = mg.Generator(seed)
        layers = nn.Dense(4, 3, init=name, rng=rng), nn.Conv2D(2, 3, 3, init=name, rng=rng), nn.Embedding(3, 2, rng=rng)
        return [layer.w for layer in layers]

    here = weights(3)
    assert all(w.device == device for w in here)
    with mg.device("cpu"):
        host = weights(3)
    assert all((a.numpy() == b.numpy()).all() for a, b in zip(here, host, strict=True))
    assert not any((a.numpy() == b.numpy()).all() for a, b in zip(here, weights(4), strict=True))


def test_without_a_generator_the_default_one_is_used(device):
    mg.seed(5)
    a, b = nn.Dense(3, 3), nn.Dense(3, 3)
    assert not (a.w.numpy() == b.w.numpy()).all()
    mg.seed(5)
    assert (nn.Dense(3, 3).w.numpy() == a.w.numpy()).all()
    assert (nn.Dense(3, 3, rng=mg.Generator(5)).w.numpy() == a.w.numpy()).all()


def test_biases_start_at_zero_and_norms_at_the_identity(device):
    for layer in nn.Dense(2, 3), nn.Conv2D(2, 3, 3), nn.Conv2DTranspose(2, 3, 3), nn.BatchNorm(3), nn.LayerNorm(3):
        start = {name: t.numpy() for name, t in layer.named_tensors() if name != "w"}
        for name, value in start.items():
            assert value.shape == (3,)
            assert (value == (1 if name in ("gamma", "running_var") else 0)).all(), name


def test_a_function_may_be_given(device):
    def constant(rng, shape, fan_in, fan_out):
        assert (shape, fan_in, fan_out) == ((3, 2, 4, 5), 3 * 2 * 4, 3 * 2 * 5)
        return np.full(shape, 0.5, np.float32)

    assert (nn.Conv2D(4, 5, (3, 2), init=constant).w.numpy() == 0.5).all()


@pytest.mark.parametrize("layer", [nn.Dense, lambda *sizes, init: nn.Conv2D(*sizes, 3, init=init)])
def test_an_unknown_name_is_an_error(layer):
    with pytest.raises(ArgumentError, match="init: unknown name 'he_norml'; did you mean 'he_normal'"):
        layer(2, 3, init="he_norml")


def mean_squares(init, depth=10, width=512):
    rng = mg.Generator(11)
    x = mg.tensor(rng.normal((64, width)))
    sizes = []
    for _ in range(depth):
        x = nn.Dense(width, width, init=init, rng=rng)(x)
        sizes.append((x * x).mean().item())
        x = mg.relu(x)
    return sizes


@pytest.mark.parametrize("init", ["he_normal", "he_uniform"])
def test_he_keeps_the_variance_through_ten_relu_layers(init):
    sizes = mean_squares(init)
    assert 1.8 < sizes[0] < 2.2  # an input of mean square 1, not halved by a ReLU yet
    assert 1 < sizes[-1] < 4


def test_glorot_halves_the_variance_at_every_relu():
    sizes = mean_squares("glorot_normal")
    assert 0.9 < sizes[0] < 1.1
    assert 2**-9 / 2 < sizes[-1] < 2**-9 * 2


def test_glorot_keeps_the_variance_of_gradients_too():
    layer = nn.Dense(500, 500, init="glorot_normal", rng=mg.Generator(0))
    x = mg.Tensor(mg.Generator(1).normal((200, 500)), requires_grad=True)
    y = layer(x)
    y.backward(mg.Generator(2).normal((200, 500)))
    assert y.numpy().var() == pytest.approx(1, rel=0.05)
    assert x.grad.numpy().var() == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(
    "layer",
    [
        lambda rng: nn.Conv2D(8, 16, 5, init="he_normal", rng=rng),
        lambda rng: nn.Conv2D(8, 16, (5, 3), groups=2, init="he_normal", rng=rng),
        lambda rng: nn.Conv2D(8, 16, 3, stride=2, dilation=2, init="he_uniform", rng=rng),
        lambda rng: nn.Conv2DTranspose(16, 8, 4, init="he_normal", rng=rng),
        lambda rng: nn.Conv2DTranspose(16, 8, 4, stride=2, init="he_normal", rng=rng),
        lambda rng: nn.Conv2DTranspose(16, 8, 6, stride=(2, 3), init="he_uniform", rng=rng),
    ],
    ids=["conv", "groups", "stride and dilation", "transpose", "transpose of stride 2", "transpose of stride (2, 3)"],
)
def test_fan_in_counts_the_terms_of_an_output_pixel(layer):
    """He's 2 / fan_in makes the variance 2 for inputs of variance 1, whatever the geometry; away from the border."""
    rng = mg.Generator(0)
    variances = []
    for _ in range(5):
        made = layer(rng)
        y = made(mg.tensor(rng.normal((2, 16, 16, made.inputs)))).numpy()
        inside = slice(6, -6) if isinstance(made, nn.Conv2DTranspose) else slice(None)
        variances.append(y[:, inside, inside].var())
    assert np.mean(variances) == pytest.approx(2, rel=0.1)
