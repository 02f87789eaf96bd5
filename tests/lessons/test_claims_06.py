"""What lesson 6 concludes, on the small digits and for three seeds each."""

import numpy as np
import pytest

import minigen as mg
from minigen.data import binarize, load
from minigen.distributions import kl_to_standard_normal
from minigen.lessons.pictures import vae

X = load("digits").x
IMAGES = binarize(load("digits", "test").x, mg.Generator(9))
SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])


def trained(seed, latents=2, beta=1.0, steps=300):
    return vae.fit(vae.dense_vae(X.shape[1:], latents, beta=beta, seed=seed), X, steps, seed=seed)


@SEEDS
def test_the_bound_is_log_p_less_the_divergence_from_the_posterior_and_better_than_independent_pixels(seed):
    model = trained(seed)
    with mg.no_grad():
        q = model.encode(mg.tensor(IMAGES[:5]))
        loss = model.loss(mg.tensor(IMAGES), mg.Generator(0)).total.item()
    assert loss < 0.95 * vae.independent_pixels(X, IMAGES)
    mean, std = q.mean.numpy().astype(float), q.std.numpy().astype(float)
    for i, kl in enumerate(kl_to_standard_normal(q).numpy().sum(axis=1)):
        grid = vae.window(model, IMAGES[i], mean[i], std[i])
        log_px_z = vae.log_likelihoods(model, grid.points, IMAGES[i])
        log_joint = log_px_z - 0.5 * (grid.points**2).sum(axis=1) - np.log(2 * np.pi)
        log_px = np.logaddexp.reduce(log_joint) + np.log(grid.cell)
        log_q = -(0.5 * ((grid.points - mean[i]) / std[i]) ** 2 + np.log(std[i])).sum(axis=1) - np.log(2 * np.pi)
        weight = np.exp(log_q) * grid.cell
        gap = weight @ (log_q - log_joint + log_px)
        assert gap > 0
        assert weight @ log_px_z - kl == pytest.approx(log_px - gap, abs=1e-3)


@SEEDS
def test_most_of_the_scatter_of_the_score_function_is_a_constant(seed):
    model, ratios = trained(seed), []
    for x in IMAGES[:20]:
        with mg.no_grad():
            q = model.encode(mg.tensor(x[None]))
        noise = mg.Generator(seed).normal((1000, 2))
        z = mg.tensor(q.mean.numpy() + q.std.numpy() * noise, requires_grad=True)
        log_p = model.decode(z).log_likelihood(mg.tensor(np.repeat(x[None], 1000, axis=0)))
        (slope,) = mg.grad(log_p.sum(), [z])
        f, score = log_p.numpy(), noise[:, 0] / q.std.numpy()[0, 0]
        ratios.append(np.array([(f * score).var(), ((f - f.mean()) * score).var()]) / slope.numpy()[:, 0].var())
    plain, with_baseline = np.median(ratios, axis=0)
    assert 1 < with_baseline < 20
    assert plain > 20 * with_baseline


@pytest.mark.long
@SEEDS
def test_a_linear_latent_is_used_if_it_explains_more_than_the_noise(seed):
    variances, noise_var = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.1]), 0.4
    wanted = 0.5 * np.log(np.maximum(variances / noise_var, 1))
    examples = vae.gaussian_examples(variances, 5000, mg.Generator(2))
    measured = vae.kl_of_latents(vae.linear_vae(variances, noise_var, seed=seed), examples)
    assert (measured > 0.05).sum() == (wanted > 0).sum()
    assert measured.sum() == pytest.approx(wanted.sum(), rel=0.05)


@pytest.mark.long
@SEEDS
def test_a_larger_beta_switches_latents_off(seed):
    used = [(vae.kl_of_latents(trained(seed, 20, beta, steps=500), IMAGES) > 0.1).sum() for beta in (1.0, 4.0)]
    assert used[1] < 0.7 * used[0]
