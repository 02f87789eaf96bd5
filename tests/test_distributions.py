"""Distributions against closed forms, Monte Carlo and SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import minigen as mg
from minigen.distributions import Bernoulli, Categorical, Normal, kl, kl_to_standard_normal
from minigen.errors import DTypeError, ShapeError

RNG = np.random.default_rng(0)
N = 40_000


def t(values, dtype=np.float32):
    return mg.tensor(np.asarray(values, dtype))


def pair(kind):
    """Two distributions of one kind, with small parameter arrays."""
    if kind == "normal":
        return Normal(t([0.3, -1.0]), t([0.5, -1.2])), Normal(t([-0.2, 0.4]), t([-0.3, 0.6]))
    if kind == "bernoulli":
        return Bernoulli(t([0.3, -2.0])), Bernoulli(t([-0.7, 1.0]))
    return Categorical(t([[0.1, 1.0, -0.5], [2.0, 0.0, 0.0]])), Categorical(t([[0.0, 0.0, 0.0], [0.5, -1.0, 0.3]]))


def many(d):
    """The same distribution, N times over."""
    parameters = [mg.broadcast_to(p, (N, *p.shape)) for p in vars(d).values()]
    return type(d)(*parameters)


KINDS = ("normal", "bernoulli", "categorical")


@pytest.mark.parametrize("kind", KINDS)
def test_entropy_and_kl_agree_with_monte_carlo(device, kind):
    p, q = pair(kind)
    x = many(p).sample(mg.Generator(1))
    log_p, log_q = many(p).log_prob(x).numpy(), many(q).log_prob(x).numpy()
    for exact, draws in ((p.entropy(), -log_p), (kl(p, q), log_p - log_q)):
        error = 5 * draws.std(0) / math.sqrt(N)
        assert np.all(np.abs(exact.numpy() - draws.mean(0)) < error + 1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_kl_of_a_distribution_with_itself_is_zero(device, kind):
    p, q = pair(kind)
    assert np.allclose(kl(p, p).numpy(), 0, atol=1e-6)
    assert np.all(kl(p, q).numpy() > 0)


@settings(max_examples=50, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3), st.floats(-3, 3))
def test_kl_is_never_negative(a, b, c, d):
    assert kl(Normal(t(a, np.float64), t(b, np.float64)), Normal(t(c, np.float64), t(d, np.float64))).item() >= 0
    assert kl(Bernoulli(t(a, np.float64)), Bernoulli(t(b, np.float64))).item() >= -1e-12
    one, two = Categorical(t([a, b, 0.0], np.float64)), Categorical(t([c, d, 0.0], np.float64))
    assert kl(one, two).item() >= -1e-12


def test_kl_to_the_standard_normal(device):
    q, _ = pair("normal")
    assert np.allclose(kl_to_standard_normal(q).numpy(), kl(q, Normal(mg.zeros(2), mg.zeros(2))).numpy(), rtol=1e-5)


def test_log_prob_is_scipys(device):
    x = RNG.standard_normal((4, 2)).astype(np.float32)
    p, _ = pair("normal")
    expected = stats.norm(p.mean.numpy(), np.exp(p.log_var.numpy() / 2)).logpdf(x)
    assert np.allclose(p.log_prob(t(x)).numpy(), expected, atol=1e-5)
    b, _ = pair("bernoulli")
    assert np.allclose(b.log_prob(t([1, 0])).numpy(), stats.bernoulli(b.mean.numpy()).logpmf([1, 0]), atol=1e-5)
    c, _ = pair("categorical")
    probabilities = c.mean.numpy()
    assert np.allclose(c.log_prob(mg.tensor([2, 0])).numpy(), np.log(probabilities[[0, 1], [2, 0]]), atol=1e-5)


def test_normal_samples_have_the_deviation_not_the_variance(device):
    d = Normal(mg.broadcast_to(t([1.0]), (N,)), mg.broadcast_to(t([math.log(4.0)]), (N,)))
    x = d.sample(mg.Generator(2)).numpy()
    assert abs(x.mean() - 1) < 5 * 2 / math.sqrt(N)
    assert abs(x.std() - 2) < 5 * 2 / math.sqrt(2 * N)
    assert stats.kstest(x, stats.norm(1, 2).cdf).pvalue > 1e-3
    assert x.dtype == np.float32


def test_gradients_flow_through_normal_samples(device):
    """d/dm E[x^2] = 2 m and d/dv E[x^2] = e^v, for x ~ N(m, e^v)."""
    m, v = t([0.7]), t([-0.4])
    m.requires_grad = v.requires_grad = True
    x = Normal(mg.broadcast_to(m, (N,)), mg.broadcast_to(v, (N,))).sample(mg.Generator(3))
    (x * x).mean().backward()
    assert m.grad.item() == pytest.approx(1.4, abs=0.03)
    assert v.grad.item() == pytest.approx(math.exp(-0.4), abs=0.03)


@pytest.mark.parametrize("kind", ["bernoulli", "categorical"])
def test_frequencies_of_discrete_samples(device, kind):
    p, _ = pair(kind)
    x = many(p).sample(mg.Generator(4))
    assert not x.requires_grad
    probabilities = p.mean.numpy().astype(np.float64).reshape(2, -1)
    if kind == "bernoulli":
        probabilities = np.concatenate([1 - probabilities, probabilities], axis=1)
    for column, expected in zip(x.numpy().T.astype(int), probabilities, strict=True):
        counts = np.bincount(column, minlength=len(expected))
        assert stats.chisquare(counts, N * expected / expected.sum()).pvalue > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_the_closed_forms(device, kind):
    p, q = pair(kind)
    parameters = [x.numpy() for d in (p, q) for x in vars(d).values()]
    half = len(parameters) // 2
    assert mg.gradcheck(lambda *ps: kl(type(p)(*ps[:half]), type(p)(*ps[half:])), *parameters)
    assert mg.gradcheck(lambda *ps: type(p)(*ps).entropy(), *parameters[:half])


def test_extreme_logits_stay_finite(device):
    for logit in (-1000.0, 1000.0):
        b = Bernoulli(t([logit]))
        assert np.isfinite(b.log_prob(t([0.0])).numpy()).all()
        assert b.entropy().item() == pytest.approx(0, abs=1e-6)
        c = Categorical(t([[logit, 0.0]]))
        assert np.isfinite(c.entropy().numpy()).all()
        assert np.isfinite(c.log_prob(mg.tensor([0])).numpy()).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Normal(mg.zeros(2), mg.zeros(3)), ShapeError, r"mean has shape \(2,\), log_var \(3,\)"),
        (lambda: Categorical(mg.zeros((2, 3))).log_prob(mg.ones(2)), DTypeError, "outcomes must be integers"),
        (lambda: Categorical(mg.zeros((2, 3))).log_prob(mg.arange(3)), ShapeError, r"expected \(2,\)"),
        (
            lambda: kl(Bernoulli(mg.zeros(2)), Categorical(mg.zeros((1, 2)))),
            DTypeError,
            "two distributions of one kind",
        ),
    ],
)
def test_wrong_use_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
