"""Spectral normalisation against the singular values that NumPy finds."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import minigen as mg
from minigen import nn
from minigen.errors import ArgumentError


def largest(w):
    return np.linalg.svd(w.reshape(-1, w.shape[-1]), compute_uv=False)[0]


LAYERS = {
    "dense": (lambda: nn.Dense(7, 5, rng=mg.Generator(0)), (4, 7)),
    "conv": (lambda: nn.Conv2D(3, 6, 4, stride=2, padding=1, rng=mg.Generator(0)), (2, 8, 8, 3)),
}


@pytest.fixture(params=sorted(LAYERS))
def case(request, device):
    """A wrapped layer whose weights are far from norm 1 and whose bias is not 0, and inputs for it."""
    make, shape = LAYERS[request.param]
    layer = make()
    layer.w.data *= 3
    layer.b.data[...] = 0.5
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    return nn.SpectralNorm(layer), mg.tensor(x, device=device, requires_grad=True)


def test_sigma_is_the_largest_singular_value(case):
    layer, x = case
    for _ in range(60):
        layer(x)
    assert layer.sigma().item() == pytest.approx(largest(layer.layer.w.numpy()), rel=1e-3)


def test_the_output_is_that_of_the_divided_weights(case):
    layer, x = case
    y = layer.eval()(x).numpy()
    layer.layer.w.data /= layer.sigma().item()
    assert np.allclose(y, layer.layer(x).numpy(), atol=1e-5)


def test_gradient(case):
    """By differences: sigma moves with the weights (equation 11 of the paper); a gradient along w itself is 0."""
    layer, x = case
    for _ in range(60):
        layer(x)
    layer.eval()
    w = layer.layer.w
    weight = mg.tensor(np.random.default_rng(1).standard_normal(layer(x).shape).astype(np.float32), device=x.device)

    def value():
        return (layer(x) * weight).sum()

    value().backward()
    g, own = w.grad.numpy().astype(np.float64), w.numpy().copy()
    assert abs((g * own).sum()) < 1e-3 * np.linalg.norm(g) * np.linalg.norm(own)  # only its direction counts
    step = np.random.default_rng(2).standard_normal(w.shape).astype(np.float32)
    ends = []
    for sign in (1, -1):
        w.data[...] = mg.tensor(own + sign * 1e-2 * step, device=x.device).data
        ends.append(value().item())
    assert (ends[0] - ends[1]) / 2e-2 == pytest.approx((g * step).sum(), rel=0.02, abs=0.02)


def test_power_iteration_goes_on_in_training_only(case):
    layer, x = case
    layer.layer.w.data += 1.0

    def moved(act):
        before = layer.u.numpy().copy()
        act()
        return not np.array_equal(before, layer.u.numpy())

    with layer.frozen():
        assert not moved(lambda: layer(x))
    assert moved(lambda: layer(x))
    layer.eval()
    assert not moved(lambda: layer(x))


def test_a_network_of_such_layers_is_no_steeper_than_1():
    """Dense layers and LeakyReLU: 1-Lipschitz, however the weights grow."""
    rng = mg.Generator(0)
    layers = [nn.Dense(6, 8, rng=rng), nn.Dense(8, 8, rng=rng), nn.Dense(8, 1, rng=rng)]
    for layer in layers:
        layer.w.data *= 20
    a, b, c = (nn.SpectralNorm(layer) for layer in layers)
    network = nn.Sequential(a, nn.LeakyReLU(0.2), b, nn.LeakyReLU(0.2), c)
    x = mg.tensor(rng.host.standard_normal((500, 6)).astype(np.float32), requires_grad=True)
    for _ in range(60):
        network(x)
    slope = np.linalg.norm(mg.grad(network(x).sum(), x).numpy(), axis=1)
    assert 0.05 < slope.max() <= 1.001


def test_other_layers_are_refused():
    with pytest.raises(ArgumentError, match="is for Dense and Conv2D, got BatchNorm"):
        nn.SpectralNorm(nn.BatchNorm(3))


def rounds(layer, n=300):
    for _ in range(n):
        layer._iterate()
    return layer.sigma().item()


def of_weights(w):
    layer = nn.Dense(*w.shape, bias=False)
    layer.w.data[...] = mg.tensor(w).data
    return layer


MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@given(st.integers(0, 10**6), st.tuples(st.integers(1, 6), st.integers(1, 6)), st.sampled_from([1e-12, 1e-3, 1.0, 1e6]))
def test_sigma_is_found_from_any_start(seed, shape, size):
    """Also from one at a right angle to the vector that is looked for, and after the weights have changed."""
    rng = np.random.default_rng(seed)
    w, other = size * rng.standard_normal((2, *shape)).astype(np.float32)
    layer = nn.SpectralNorm(of_weights(w), rng=mg.Generator(seed))
    assert rounds(layer) == pytest.approx(largest(w), rel=0.02)
    for unlucky in np.linalg.svd(other)[2]:  # each right singular vector in turn
        layer.layer.w.data[...] = other
        layer.u.data[...] = unlucky
        assert rounds(layer) == pytest.approx(largest(other), rel=0.02)


@pytest.mark.parametrize("w", [[[10, -10], [1, 1]], [[1, -1], [2, -2]], [[1, 1], [-1, -1]]])
def test_rows_that_an_even_start_does_not_see(device, w):
    layer = nn.SpectralNorm(of_weights(np.float32(w)))
    assert layer.sigma().item() == pytest.approx(largest(np.float32(w)), rel=1e-3)


def test_weights_of_zero(device):
    """They give zeros, with finite gradients, and sigma is found as soon as they are something else."""
    layer = nn.SpectralNorm(of_weights(np.zeros((3, 2), np.float32)))
    x = mg.tensor(np.ones((4, 3), np.float32), requires_grad=True)
    y = layer(x)
    y.sum().backward()
    assert (y.numpy() == 0).all()
    assert np.isfinite(layer.layer.w.grad.numpy()).all()
    assert np.isfinite(x.grad.numpy()).all()
    layer.layer.w.data[...] = mg.tensor(np.float32([[3, 0], [0, 4], [0, 0]])).data
    assert rounds(layer) == pytest.approx(4, rel=1e-3)


def test_the_start_is_drawn_from_the_generator_given():
    first, same, other = (nn.SpectralNorm(nn.Dense(3, 50, rng=mg.Generator(0)), rng=mg.Generator(s)) for s in (1, 1, 2))
    assert np.array_equal(first.u.numpy(), same.u.numpy())
    assert not np.array_equal(first.u.numpy(), other.u.numpy())
