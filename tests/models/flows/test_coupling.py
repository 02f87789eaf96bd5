"""The affine coupling: half stays, the determinant is the numeric one, and the network is never inverted."""

import numpy as np
import pytest

import minigen as mg
from minigen.errors import MinigenError
from minigen.models.flows.coupling import Coupling
from minigen.models.flows.realnvp import conv_network, dense_network

from .jacobian import check_bijection, in_float64, shaken

rng = np.random.default_rng(0)


@pytest.mark.parametrize(("channels", "moved"), [(2, 1), (3, 1), (3, 2), (5, 2), (5, 4)])
def test_of_vectors(channels, moved):
    network = dense_network(channels - moved, 2 * moved, 6, mg.Generator(0))
    check_bijection(in_float64(shaken(Coupling(network, channels, moved))), rng.standard_normal((3, channels)))


def test_by_default_the_smaller_half_is_moved():
    assert (Coupling(dense_network(3, 4, 6, mg.Generator(0)), 5)).moved == 2


def test_of_images():
    network = conv_network(2, 4, 5, mg.Generator(0))
    check_bijection(in_float64(shaken(Coupling(network, 4))), rng.standard_normal((2, 2, 3, 4)))


def test_the_first_half_stays_and_decides_alone(device):
    coupling = shaken(Coupling(dense_network(2, 4, 6, mg.Generator(0)), 4))
    x = rng.standard_normal((5, 4)).astype(np.float32)
    other = x.copy()
    other[:, 2:] += 1
    y, log_det = coupling(mg.tensor(x, device=device))
    z, same = coupling(mg.tensor(other, device=device))
    np.testing.assert_array_equal(y.numpy()[:, :2], x[:, :2])
    np.testing.assert_array_equal(same.numpy(), log_det.numpy())
    s, t = (a.numpy() for a in coupling.scale_and_shift(mg.tensor(x[:, :2], device=device)))
    np.testing.assert_allclose(y.numpy()[:, 2:], x[:, 2:] * np.exp(s) + t, rtol=1e-5)  # equation 5
    np.testing.assert_allclose(log_det.numpy(), s.sum(1), rtol=1e-5)  # equation 6
    np.testing.assert_allclose((z - y).numpy()[:, 2:], np.exp(s), rtol=1e-4)


def test_it_begins_as_the_identity_and_can_leave_it():
    coupling = Coupling(dense_network(1, 2, 8, mg.Generator(0)), 2)
    x = mg.tensor(rng.standard_normal((6, 2)).astype(np.float32))
    y, log_det = coupling(x)
    np.testing.assert_array_equal(y.numpy(), x.numpy())
    assert not log_det.numpy().any()
    mg.sum(y * y + log_det[:, None]).backward()
    last = list(coupling.network)[-1]
    assert np.abs(last.w.grad.numpy()).max(axis=0).min() > 0  # of the scale and of the shift


def test_no_network_makes_the_scale_overflow():
    coupling = shaken(Coupling(dense_network(1, 2, 8, mg.Generator(0)), 2))
    y, log_det = coupling(mg.tensor(np.array([[1e6, 1.0], [-1e6, 1.0]], np.float32)))
    assert np.isfinite(y.numpy()).all()
    assert (np.abs(log_det.numpy()) <= np.exp(coupling.log_bound.numpy()) + 1e-6).all()
    assert np.abs(log_det.numpy()).max() > 0.1


def test_one_channel_cannot_be_halved():
    with pytest.raises(MinigenError, match="channels: expected at least 2, got 1"):
        Coupling(dense_network(1, 2, 8, mg.Generator(0)), 1)
    for moved in (0, 3):
        with pytest.raises(MinigenError, match=f"moved: expected .*, got {moved}"):
            Coupling(dense_network(1, 2, 8, mg.Generator(0)), 3, moved)
