"""The references of lesson 19 against the library's flows, and against Jacobians by differences."""

from types import SimpleNamespace

import numpy as np
import pytest

import minigen as mg
from minigen.lessons import all_lessons
from minigen.models.flows.coupling import Coupling
from minigen.models.flows.dequantisation import ALPHA, Logit
from minigen.models.flows.mixing import Normalize
from tests.models.flows.jacobian import in_float64, numeric_log_det, shaken

(FLOWS,) = (SimpleNamespace(**lesson.reference) for lesson in all_lessons() if lesson.number == "19")
rng = np.random.default_rng(0)


def test_the_simplest_flow_is_a_gaussian():
    f = in_float64(shaken(Normalize((3,))))
    x = rng.standard_normal((4, 3))
    z, log_det = f(mg.tensor(x))
    wanted = (-0.5 * (np.log(2 * np.pi) + z.numpy() ** 2)).sum(axis=1) + log_det.numpy()
    np.testing.assert_allclose(FLOWS.log_density(x, f.mean.numpy(), f.log_std.numpy()), wanted)


@pytest.mark.parametrize("d", [2, 5])
def test_the_coupling_is_the_librarys_both_ways(d):
    kept, moved = d - d // 2, d // 2
    f = in_float64(shaken(Coupling(mg.nn.Dense(kept, 2 * moved, rng=mg.Generator(0)), d)))
    x = rng.standard_normal((4, d))
    s, t = (a.numpy() for a in f.scale_and_shift(mg.tensor(x[:, :kept])))
    for ours, theirs in ((FLOWS.coupling, f), (FLOWS.coupling_inverse, f.inverse)):
        for a, b in zip(ours(x, s, t), theirs(mg.tensor(x)), strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-9)


def test_the_logit_is_the_librarys():
    v = rng.uniform(size=(3, 4))
    for a, b in zip(FLOWS.logit_map(v, ALPHA), Logit()(mg.tensor(v)), strict=True):
        np.testing.assert_allclose(a, b.numpy(), rtol=1e-9)


@pytest.mark.parametrize("product", [-3.0, -0.5, 2.0])
def test_the_planar_determinant_is_that_of_its_jacobian(product):
    u, w = rng.standard_normal((2, 4))
    u += (product - u @ w) * w / (w @ w)
    x = 0.3 * rng.standard_normal((5, 4))

    def planar(x):
        return mg.tensor(x.data + np.tanh(x.data @ w + 0.1)[:, None] * u), None

    found = FLOWS.planar_log_det(x, u, w, 0.1)
    np.testing.assert_allclose(found, [numeric_log_det(planar, one) for one in x], atol=1e-6)
