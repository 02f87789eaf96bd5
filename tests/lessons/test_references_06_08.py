"""The references of lessons 6 and 8 against the library, and against what is known exactly."""

from types import SimpleNamespace

import numpy as np
import pytest

import minigen as mg
from minigen.distributions import Bernoulli, Normal, kl_to_standard_normal
from minigen.lessons import all_lessons
from minigen.models.vaes.iwae import log_mean_exp

VAE, CONV_VAE = (SimpleNamespace(**lesson.reference) for lesson in all_lessons() if lesson.number in ("06", "08"))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_the_loss_of_a_vae_is_the_librarys(rng):
    mean, log_var = rng.standard_normal((2, 5, 3))
    kl = kl_to_standard_normal(Normal(mean, log_var)).sum(axis=1)
    np.testing.assert_allclose(VAE.gaussian_kl(mean, log_var), kl, rtol=1e-12)
    x, logits = rng.integers(2, size=(5, 4, 3)).astype(float), 5 * rng.standard_normal((5, 4, 3))
    loss = (kl - Bernoulli(logits).log_likelihood(x)).mean()
    assert VAE.negative_elbo(x, logits, mean, log_var) == pytest.approx(loss, rel=1e-6)
    twice = (np.concatenate([a, a]) for a in (x, logits, mean, log_var))
    assert VAE.negative_elbo(*twice) == pytest.approx(loss, rel=1e-6)  # per example, however many there are


def test_the_divergence_of_two_gaussians_is_the_mean_of_the_log_ratio(rng):
    mean, log_var, mean_p, log_var_p = 0.5 * rng.standard_normal((4, 3, 2))
    z = mean + np.exp(log_var / 2) * rng.standard_normal((200_000, 3, 2))
    q, p = Normal(mg.tensor(mean), mg.tensor(log_var)), Normal(mg.tensor(mean_p), mg.tensor(log_var_p))
    ratios = (q.log_prob(mg.tensor(z)) - p.log_prob(mg.tensor(z))).numpy().sum(axis=2)
    found = VAE.kl_between(mean, log_var, mean_p, log_var_p)
    np.testing.assert_allclose(found, ratios.mean(axis=0), atol=0.02)
    zero = np.zeros_like(mean)
    np.testing.assert_allclose(VAE.kl_between(mean, log_var, zero, zero), VAE.gaussian_kl(mean, log_var), rtol=1e-12)


def test_codes_have_the_deviation_that_the_log_variance_says(rng):
    z = VAE.sample_code(np.full((100_000, 1), 2.0), np.full((100_000, 1), -3.0), rng.standard_normal((100_000, 1)))
    assert z.mean() == pytest.approx(2, abs=0.01)
    assert z.std() == pytest.approx(np.exp(-1.5), rel=0.01)


def test_weights_average_to_the_likelihood(rng):
    """x = z + noise of variance s: p(x) = N(0, 1 + s); with the posterior as q every weight is p(x) itself."""
    x, s = 0.7, 0.5
    log_p = -0.5 * (np.log(2 * np.pi * (1 + s)) + x * x / (1 + s))
    for mean, var, atol in ((x / (1 + s), s / (1 + s), 1e-12), (0.2, 0.8, 0.01)):
        z = mean + np.sqrt(var) * rng.standard_normal((1, 100_000, 1))
        log_likelihood = -0.5 * (np.log(2 * np.pi * s) + (x - z[..., 0]) ** 2 / s)
        log_w = CONV_VAE.log_weights(log_likelihood, z, np.array([[mean]]), np.log([[var]]))
        np.testing.assert_allclose(CONV_VAE.log_mean_exp(log_w), log_p, atol=atol)
        np.testing.assert_allclose(CONV_VAE.log_mean_exp(log_w), log_mean_exp(log_w), rtol=1e-12)


def test_the_gradient_of_the_bound_is_the_librarys(rng):
    log_w = mg.tensor(-90 + 3 * rng.standard_normal((4, 6)), requires_grad=True)
    g = rng.standard_normal(4)
    (gradient,) = mg.grad((log_mean_exp(log_w) * g).sum(), [log_w])
    np.testing.assert_allclose(CONV_VAE.log_mean_exp_backward(g, log_w.numpy()), gradient.numpy(), rtol=1e-10)


def test_the_mass_of_grey_is_the_integral():
    logits, x = np.array([-6.0, -0.5, 0.0, 1e-9, 2.0, 6.0]), (np.arange(20_000) + 0.5) / 20_000
    wanted = np.log(np.exp(logits[:, None] * x - np.logaddexp(0, logits)[:, None]).mean(axis=1))
    np.testing.assert_allclose(CONV_VAE.log_mass(logits), wanted, atol=1e-7)


def test_the_share_of_codes_is_the_one_that_is_drawn(rng):
    """Three latents, q wider than the posterior; and the two sides of the variance where it becomes 0."""
    mean, true_mean = 0.3 * rng.standard_normal((2, 1, 3))
    log_var, true_log_var = np.log([[1.5, 2.0, 3.0]]), np.log([[1.0, 1.2, 1.0]])
    z = mean + np.exp(log_var / 2) * rng.standard_normal((400_000, 3))
    log_w = (Normal(true_mean, true_log_var).log_prob(z) - Normal(mean, log_var).log_prob(z)).sum(axis=1)
    drawn = np.exp(log_w).mean() ** 2 / np.exp(2 * log_w).mean()
    share = CONV_VAE.effective_share(mean, log_var, true_mean, true_log_var)
    np.testing.assert_allclose(share, drawn, rtol=0.02)
    narrow = [CONV_VAE.effective_share(*np.array([[[0.0]], [[np.log(s)]], [[0.0]], [[0.0]]])) for s in (0.49, 0.51, 1)]
    assert narrow[0] == 0 < narrow[1] < narrow[2] == 1
