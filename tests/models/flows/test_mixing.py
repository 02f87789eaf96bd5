"""Swap, Glow's mixing and the normalisation: inverses, determinants, and where they begin."""

import numpy as np
import pytest

import minigen as mg
from minigen.models.flows.mixing import Mixing, Normalize, Swap, factors

from .jacobian import check_bijection, in_float64, shaken

rng = np.random.default_rng(0)


@pytest.mark.parametrize(
    "f", [Swap(), Mixing(3, mg.Generator(0)), Normalize((2, 2, 3))], ids=lambda f: type(f).__name__
)
def test_determinant_and_inverse(f):
    check_bijection(in_float64(shaken(f)), rng.standard_normal((2, 2, 2, 3)))


def test_mixing_begins_as_a_rotation(device):
    f = Mixing(6, mg.Generator(3))
    w = f.matrix().numpy()
    np.testing.assert_allclose(w @ w.T, np.eye(6), atol=1e-5)
    assert np.abs(w - np.diag(np.diag(w))).max() > 0.1
    x = rng.standard_normal((2, 3, 3, 6)).astype(np.float32)
    y, log_det = f(mg.tensor(x, device=device))
    np.testing.assert_allclose(y.numpy(), x @ w, atol=1e-5)
    np.testing.assert_allclose(log_det.numpy(), 0, atol=1e-4)
    np.testing.assert_allclose(f.inverse(y)[0].numpy(), x, atol=1e-5)


def test_mixing_stays_invertible_whatever_is_learnt():
    """Even where the triangles are huge: the determinant is the product of the diagonal, and no factor is 0."""
    f = in_float64(shaken(Mixing(4, mg.Generator(0)), size=3))
    w = f.matrix().numpy()
    sign, log_det = np.linalg.slogdet(w)
    assert sign != 0
    assert log_det == pytest.approx(f.log_diagonal.numpy().sum())
    x = rng.standard_normal((2, 4))
    np.testing.assert_allclose(f.inverse(f(mg.tensor(x))[0])[0].numpy(), x, atol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_factors_give_the_matrix_back(n):
    scipy_linalg = pytest.importorskip("scipy.linalg")
    a = rng.standard_normal((n, n))
    for ours, theirs in zip(factors(a), scipy_linalg.lu(a), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_normalize_takes_mean_and_deviation_of_each_place(device):
    f = Normalize((2, 1, 2))
    x = (3 + np.array([1.0, 10.0]) * rng.standard_normal((400, 2, 1, 2))).astype(np.float32)
    f.prepare(mg.tensor(x, device=device))
    y = f(mg.tensor(x, device=device))[0].numpy()
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(y.std(0), 1, atol=1e-3)


def test_normalize_bears_what_never_varies():
    f = Normalize((2,))
    y = f.prepare(mg.tensor(np.ones((10, 2), np.float32)))
    assert np.abs(y.numpy()).max() < 1e-3
    assert f.log_std.numpy().min() > -5
