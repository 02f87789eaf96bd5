"""Noise between levels, and the logit: densities that integrate to 1, a bound that is one, and slopes both ways."""

import numpy as np
import pytest

import minigen as mg
from minigen.models.flows.bijection import Squeeze
from minigen.models.flows.dequantisation import ALPHA, Logit, Uniform, Variational
from minigen.models.flows.realnvp import conv_network

from .jacobian import check_bijection, in_float64, numeric_log_det, shaken

rng = np.random.default_rng(0)


def learnt(levels=4):
    return shaken(Variational(conv_network(4, 8, 5, mg.Generator(0)), levels))


def test_logit_and_its_slope_both_ways():
    check_bijection(Logit(), rng.uniform(0.02, 0.98, (3, 2, 2, 1)))


def test_logit_is_the_textbook_one_and_finite_at_the_ends(device):
    x = np.array([[0.0, 0.25, 0.5, 1.0]])
    y, log_det = Logit()(mg.tensor(x, device=device))
    inside = ALPHA / 2 + (1 - ALPHA) * x
    np.testing.assert_allclose(y.numpy(), np.log(inside / (1 - inside)), rtol=1e-9)
    np.testing.assert_allclose(log_det.numpy(), np.log((1 - ALPHA) / inside / (1 - inside)).sum(), rtol=1e-9)
    single = Logit()(mg.tensor(x.astype(np.float32), device=device))[0].numpy()
    assert np.isfinite(single).all()


def test_uniform_noise_lies_between_two_levels(device):
    u, log_q = Uniform()(mg.zeros((50, 4, 4, 1), device=device), mg.Generator(0))
    assert 0 <= u.numpy().min() < 0.02
    assert 0.98 < u.numpy().max() < 1
    assert not log_q.numpy().any()


def test_learnt_noise_has_the_density_that_it_claims():
    """u is a function of Gaussian noise: log q(u) is that of the noise, less the log-determinant of the function."""
    noise = in_float64(learnt())
    k = rng.integers(4, size=(1, 4, 4, 1)).astype(np.float64)
    eps = rng.standard_normal((1, 2, 2, 4))

    class Given(mg.Generator):
        def normal(self, shape, **how):
            return self.values

    def u_of(e):
        given = Given(0)
        given.values = e.data
        return noise(mg.tensor(np.repeat(k, len(e.data), axis=0)), given)

    _, log_q = u_of(mg.tensor(eps))
    base = -0.5 * (np.log(2 * np.pi) + eps**2).sum()
    assert log_q.item() == pytest.approx(base - numeric_log_det(u_of, eps[0]), abs=1e-6)


def test_learnt_noise_sees_the_image_and_begins_nearly_uniform(device):
    k = mg.tensor(rng.integers(4, size=(200, 8, 8, 1)).astype(np.float32), device=device)
    fresh, _ = Variational(conv_network(4, 8, 5, mg.Generator(0)), 4)(k, mg.Generator(1))
    counts, _ = np.histogram(fresh.numpy(), bins=5, range=(0, 1))
    assert (np.abs(counts / counts.sum() - 0.2) < 0.05).all()
    noise = learnt()
    u, _ = noise(k, mg.Generator(1))
    other, _ = noise(3 - k, mg.Generator(1))
    assert np.abs(u.numpy() - other.numpy()).max() > 0.01
    assert 0 <= u.numpy().min() <= u.numpy().max() <= 1


def test_learnt_noise_tells_its_log_density_where_it_is_extreme():
    noise = learnt()
    noise.log_bound.data[...] = 3
    list(noise.network)[-1].b.data[...] = 100
    _, log_q = noise(mg.zeros((2, 4, 4, 1)), mg.Generator(0))
    assert np.isfinite(log_q.numpy()).all()


def test_the_networks_see_squeezed_images():
    assert Squeeze()(mg.zeros((1, 4, 4, 1)))[0].shape == (1, 2, 2, 4)
