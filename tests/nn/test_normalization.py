"""BatchNorm, LayerNorm and Dropout, from their definitions; PyTorch's word on them is in test_layers_torch.py."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen import nn
from tests.nn.cases import randomize, snapshot, unchanged

FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def normal(*shape, dtype=np.float32, seed=0):
    """N(0, 1) numbers; the same at every call with the same seed, whichever tests have run before."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


# ----------------------------------------------------------------------------------------------------- BatchNorm


@FEW
@given(shape=st.sampled_from([(8,), (4, 3), (2, 3, 4)]), scale=st.floats(0.1, 100), shift=st.floats(-10, 10))
def test_batch_norm_output_has_mean_beta_and_deviation_gamma(device, shape, scale, shift):
    layer = randomize(nn.BatchNorm(3, eps=1e-12))
    x = mg.tensor(scale * normal(*shape, 3, dtype=np.float64) + shift)
    y = layer(x).numpy().reshape(-1, 3)
    np.testing.assert_allclose(y.mean(0), layer.beta.numpy(), atol=1e-9)
    np.testing.assert_allclose(y.std(0), np.abs(layer.gamma.numpy()), rtol=1e-6)


def test_batch_norm_converges_to_the_statistics_of_the_data(device):
    """After many batches the layer in use does to the data what it did in training."""
    layer = nn.BatchNorm(2, momentum=0.95)
    for step in range(300):
        layer(mg.tensor(normal(64, 2, seed=step) * np.float32([2, 0.1]) + np.float32([3, -5])))
    # Averaging over about (1 + m) / (1 - m) = 39 batches of 64 values.
    error = 5 / math.sqrt(39 * 64)
    np.testing.assert_allclose((layer.running_mean.numpy() - [3, -5]) / [2, 0.1], 0, atol=error)
    np.testing.assert_allclose(layer.running_var.numpy() / [4, 0.01], 1, atol=error * math.sqrt(2))
    y = layer.eval()(mg.tensor(normal(1000, 2) * np.float32([2, 0.1]) + np.float32([3, -5]))).numpy()
    np.testing.assert_allclose(y.mean(0), 0, atol=0.3)
    np.testing.assert_allclose(y.std(0), 1, atol=0.2)


def test_the_first_running_statistics_by_hand(device):
    layer = nn.BatchNorm(1, momentum=0.75)
    layer(mg.tensor(np.float32([[1], [3], [8]])))
    assert layer.running_mean.numpy() == pytest.approx([0.75 * 0 + 0.25 * 4])
    assert layer.running_var.numpy() == pytest.approx([0.75 * 1 + 0.25 * 13])  # (9 + 1 + 16) / (3 - 1)


def test_use_does_not_change_the_statistics_and_looking_needs_no_gradient(device):
    layer = nn.BatchNorm(3)
    x = mg.tensor(normal(5, 3))
    layer(x)
    before = snapshot(layer)
    layer.eval()(x)
    assert unchanged(layer, before)
    with mg.no_grad():
        layer.train()(x)  # statistics are gathered without a gradient too
    assert not unchanged(layer, before)
    assert not any(buffer.requires_grad for _, buffer in layer.named_buffers())
    assert len(layer.parameters()) == 2


@FEW
@given(scale=st.floats(0.5, 20), shift=st.floats(-5, 5))
def test_the_batch_decides_nothing_but_the_direction(device, scale, shift):
    """Scaling and shifting a channel changes neither the output nor, but for 1/scale, the input's gradient."""
    layer, g = nn.BatchNorm(2, eps=1e-12), normal(6, 2, dtype=np.float64, seed=1)
    x = normal(6, 2, dtype=np.float64)
    a, b = mg.tensor(x, requires_grad=True), mg.tensor(scale * x + shift, requires_grad=True)
    y, z = layer(a), layer(b)
    np.testing.assert_allclose(y.numpy(), z.numpy(), atol=1e-8)
    y.backward(g)
    z.backward(g)
    np.testing.assert_allclose(a.grad.numpy(), scale * b.grad.numpy(), atol=1e-6)
    np.testing.assert_allclose(a.grad.numpy().sum(0), 0, atol=1e-12)
    np.testing.assert_allclose((a.grad.numpy() * x).sum(0), 0, atol=1e-8)


def test_a_constant_channel_stays_finite(device):
    layer = nn.BatchNorm(2)
    x = mg.tensor(np.full((4, 2), 3.0, np.float32), requires_grad=True)
    y = layer(x)
    y.backward(normal(4, 2))
    assert (y.numpy() == 0).all()
    assert np.isfinite(x.grad.numpy()).all()


def test_a_large_mean_does_not_swallow_the_variance(device):
    """float32 holds 7 digits: a variance computed as E[x^2] - E[x]^2 would be noise here."""
    x = 1000 + normal(500, 1)
    y = nn.BatchNorm(1)(mg.tensor(x)).numpy()
    exact = (x - x.mean(dtype=np.float64)) / x.std(dtype=np.float64)
    np.testing.assert_allclose(y, exact, atol=1e-3)


def test_update_bn_takes_means_over_batches_and_changes_nothing_else(device):
    first, second = nn.BatchNorm(2), nn.BatchNorm(2, momentum=0.5)
    network = nn.Sequential(first, nn.Dropout(0.5), second)
    network[1].eval()  # modes that differ, to be found again
    before = snapshot(network)
    batches = [mg.tensor(normal(40, 2, seed=i) * np.float32(1 + i) + np.float32(i)) for i in range(3)]
    nn.update_bn(network, iter(batches))
    assert [m.training for m in network.modules()] == [True, True, False, True]
    assert (first.momentum, second.momentum) == (0.9, 0.5)
    buffers = {name for name, _ in network.named_buffers()}
    assert {name for name, value in before.items() if (network.state_dict()[name] != value).any()} == buffers
    seen = [batch.numpy() for batch in batches]
    np.testing.assert_allclose(first.running_mean.numpy(), np.mean([x.mean(0) for x in seen], 0), rtol=1e-5)
    np.testing.assert_allclose(first.running_var.numpy(), np.mean([x.var(0, ddof=1) for x in seen], 0), rtol=1e-5)
    # What comes to the second is standardised, and nothing of it dropped.
    np.testing.assert_allclose(second.running_mean.numpy(), 0, atol=1e-6)
    np.testing.assert_allclose(second.running_var.numpy(), 40 / 39, rtol=1e-4)


def test_update_bn_leaves_frozen_layers_alone_and_asks_for_batches(device):
    layer = nn.BatchNorm(2).freeze()
    before = snapshot(layer)
    nn.update_bn(layer, [mg.tensor(normal(5, 2))])
    assert unchanged(layer, before)
    with pytest.raises(mg.errors.ArgumentError, match=r"batches: expected one or more .* got none"):
        nn.update_bn(layer, [])


# ----------------------------------------------------------------------------------------------------- LayerNorm


@FEW
@given(shape=st.sampled_from([(1,), (5,), (2, 3), (2, 3, 4)]), scale=st.floats(0.1, 100), shift=st.floats(-10, 10))
def test_layer_norm_standardises_the_last_axis_of_every_example(device, shape, scale, shift):
    layer = nn.LayerNorm(6, eps=1e-12)
    x = scale * normal(*shape, 6, dtype=np.float64) + shift
    y = layer(mg.tensor(x)).numpy()
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-9)
    np.testing.assert_allclose(y.std(-1), 1, rtol=1e-6)
    randomize(layer)
    np.testing.assert_allclose(layer(mg.tensor(x)).numpy(), y * layer.gamma.numpy() + layer.beta.numpy(), atol=1e-9)


def test_layer_norm_is_the_same_in_training_and_in_use(device):
    layer, x = nn.LayerNorm(4), mg.tensor(normal(3, 4))
    assert (layer.train()(x).numpy() == layer.eval()(x).numpy()).all()
    assert list(layer.named_buffers()) == []


# ------------------------------------------------------------------------------------------------------- Dropout


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_drops_the_given_share_and_scales_the_rest(device, rate):
    x = normal(200, 500) + np.float32(10)  # nowhere 0
    y = nn.Dropout(rate, rng=mg.Generator(1))(mg.tensor(x)).numpy()
    kept = y != 0
    assert abs(kept.mean() - (1 - rate)) < 5 * math.sqrt(rate * (1 - rate) / x.size)
    np.testing.assert_allclose(y[kept], x[kept] / (1 - rate), rtol=1e-6)
    # Drops are independent between examples and between features.
    spread = math.sqrt(rate * (1 - rate))
    assert kept.mean(0).std() == pytest.approx(spread / math.sqrt(200), rel=0.2)
    assert kept.mean(1).std() == pytest.approx(spread / math.sqrt(500), rel=0.25)


def test_dropout_keeps_the_expectation(device):
    layer, x = nn.Dropout(0.3, rng=mg.Generator(2)), np.float32([1.0, -2.0, 5.0])
    n = 100_000
    y = layer(mg.tensor(np.tile(x, (n, 1)))).numpy()
    deviation = np.abs(x) * math.sqrt(0.3 / 0.7)
    assert (np.abs(y.mean(0, dtype=np.float64) - x) < 5 * deviation / math.sqrt(n)).all()


def test_dropout_uses_one_mask_forwards_and_backwards(device):
    layer = nn.Dropout(0.4, rng=mg.Generator(3))
    x, g = mg.tensor(normal(50, 4) + 10, requires_grad=True), normal(50, 4, seed=1) + 10
    y = layer(x)
    y.backward(g)
    mask = y.numpy() / x.numpy()
    assert 0 < (mask == 0).sum() < mask.size
    np.testing.assert_allclose(x.grad.numpy(), g * mask, rtol=1e-5)


def test_dropout_draws_anew_each_time_but_the_same_from_the_same_seed(device):
    x = mg.ones((40, 5))
    layer, again = [nn.Dropout(0.5, rng=mg.Generator(4)) for _ in range(2)]
    first, second = layer(x).numpy(), layer(x).numpy()
    assert not (first == second).all()
    assert (again(x).numpy() == first).all()
    assert (again(x).numpy() == second).all()


def test_two_dropouts_without_generators_draw_different_masks(device):
    mg.seed(0)
    a, b, x = nn.Dropout(0.5), nn.Dropout(0.5), mg.ones((40, 5))
    assert not (a(x).numpy() == b(x).numpy()).all()


def test_dropout_does_nothing_in_use_or_at_rate_zero(device):
    x = mg.tensor(normal(4, 5))
    assert nn.Dropout(0.9).eval()(x) is x
    assert nn.Dropout(0.0)(x) is x
