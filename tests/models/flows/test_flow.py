"""The density of a flow: it integrates to 1, its bound is one on a discrete probability, its samples follow it."""

import math

import numpy as np
import pytest
from scipy.stats import norm

import minigen as mg
from minigen.errors import MinigenError
from minigen.models.flows.bijection import Chain, Scales
from minigen.models.flows.dequantisation import ALPHA, Logit, Uniform, Variational
from minigen.models.flows.flow import Flow
from minigen.models.flows.mixing import Normalize
from minigen.models.flows.realnvp import conv_network, point_flow

from .jacobian import shaken

LEVELS = 5


def points_flow():
    return shaken(point_flow((2,), 3, 8, mg.Generator(0)))


def pixel_flow(kind):
    """Of four independent pixels, whose discrete probabilities are differences of the normal distribution function."""
    normalize = shaken(Normalize((2, 2, 1)), seed=2)
    noise = Uniform()
    if kind == "variational":
        noise = shaken(Variational(conv_network(4, 8, 5, mg.Generator(0)), LEVELS), 0.2)
    return Flow(Scales([Chain(Logit(), normalize)], (2, 2, 1)), (2, 2, 1), LEVELS, noise)


def probabilities(flow):
    """P(k) of each level at each pixel, (LEVELS, 2, 2, 1)."""
    v = np.arange(LEVELS + 1.0)[:, None, None, None] / LEVELS
    inside = np.where(v == 1, 1 - ALPHA / 2, ALPHA / 2 + (1 - ALPHA) * v)
    normalize = flow.bijection.maps[0].maps[1]
    z = (np.log(inside / (1 - inside)) - normalize.mean.numpy()) * np.exp(-normalize.log_std.numpy())
    return np.diff(norm.cdf(z), axis=0)


def test_the_density_integrates_to_1():
    flow = points_flow()
    axis = np.linspace(-9, 9, 301)
    grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2).astype(np.float32)
    with mg.no_grad():
        p = np.exp(flow.log_prob(mg.tensor(grid)).numpy().astype(np.float64))
    assert p.sum() * (axis[1] - axis[0]) ** 2 == pytest.approx(1, abs=0.01)


def test_samples_of_points_have_the_density():
    """The mean of log p over samples is minus the entropy, which is that of z and what the map adds to it."""
    flow, n = points_flow(), 20_000
    x = flow.sample(n, mg.Generator(1)).numpy()
    axis = np.linspace(-9, 9, 301)
    grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2).astype(np.float32)
    with mg.no_grad():
        log_p = flow.log_prob(mg.tensor(grid)).numpy().astype(np.float64)
    p = np.exp(log_p) * (axis[1] - axis[0]) ** 2
    np.testing.assert_allclose(x.mean(0), p @ grid, atol=5 * x.std() / math.sqrt(n))
    np.testing.assert_allclose((x**2).mean(0), p @ grid**2, rtol=0.05)
    with mg.no_grad():
        mean = flow.log_prob(mg.tensor(x)).numpy().mean()
    assert mean == pytest.approx(p @ log_p, abs=0.05)


@pytest.mark.parametrize("kind", ["uniform", "variational"])
def test_the_bound_is_one_and_its_weights_are_unbiased(kind):
    """E[log w] <= log P(k), and E[w] = P(k) exactly, for the w whose logarithm is the bound from one draw."""
    flow, draws = pixel_flow(kind), 40_000
    k = np.array([[[0], [4]], [[2], [1]]])
    p = np.take_along_axis(probabilities(flow), k[None], axis=0).prod()
    x = np.repeat(k[None] / (LEVELS - 1), draws, axis=0).astype(np.float32)
    with mg.no_grad():
        log_w = flow.log_prob(mg.tensor(x), mg.Generator(0)).numpy().astype(np.float64)
    w = np.exp(log_w)
    assert w.mean() == pytest.approx(p, abs=5 * w.std() / math.sqrt(draws))
    assert w.std() / math.sqrt(draws) < 0.05 * p  # so that the line above says something
    assert log_w.mean() < math.log(p)


def test_samples_of_pixels_follow_the_discrete_probabilities():
    flow, n = pixel_flow("uniform"), 20_000
    levels = flow.sample(n, mg.Generator(0)).numpy() * (LEVELS - 1)
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-5)
    found = (np.rint(levels) == np.arange(LEVELS)[:, None, None, None, None]).mean(axis=1)
    np.testing.assert_allclose(found, probabilities(flow), atol=5 * 0.5 / math.sqrt(n))


def test_the_loss_is_the_mean_in_nats_and_in_bits(device):
    flow = pixel_flow("uniform")
    x = mg.tensor((np.arange(12).reshape(3, 2, 2, 1) % LEVELS / (LEVELS - 1)).astype(np.float32), device=device)
    loss = flow.to(device).loss(x, mg.Generator(4))
    log_p = flow.log_prob(x, mg.Generator(4)).numpy()
    assert loss.total.item() == pytest.approx(-log_p.mean(), rel=1e-5)
    assert loss.bits_per_dim.item() == pytest.approx(-log_p.mean() / (4 * math.log(2)), rel=1e-5)
    density = points_flow().loss(mg.zeros((2, 2), device=device))
    assert density._fields == ("total",)


def test_a_flow_that_knows_nothing_spends_the_bits_of_the_levels():
    """Where v is uniform, all levels are as likely: log2 K bits each, whatever the noise is."""

    class Uniformly(Scales):
        def forward(self, x):
            z, log_det = super().forward(x)
            return z, 0 * log_det + mg.sum(0.5 * (math.log(2 * math.pi) + z * z), axis=1)  # undoes log N(z)

    flow = Flow(Uniformly([Chain()], (2, 2, 1)), (2, 2, 1), 256, Uniform())
    assert flow.loss(mg.zeros((3, 2, 2, 1)), mg.Generator(0)).bits_per_dim.item() == pytest.approx(8)


def test_errors_name_what_was_expected():
    with pytest.raises(MinigenError, match=r"Flow: examples have shape \(3,\), expected \(2,\)"):
        points_flow().log_prob(mg.zeros((1, 3)))
    with pytest.raises(MinigenError, match="levels: expected 0 without noise"):
        Flow(Chain(), (2,), 17)
    with pytest.raises(MinigenError, match=r"levels: .* got 1"):
        Flow(Chain(), (2,), 1, Uniform())
    with pytest.raises(MinigenError, match="n: expected an integer >= 1, got 0"):
        points_flow().sample(0)
