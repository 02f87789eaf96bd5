"""The VAE against closed forms: an exactly solvable model, the terms of the bound, and the classic mistakes."""

import math

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.errors import MinigenError, ShapeError
from minigen.models import IWAE, VAE, recipe_of
from minigen.models.networks import dense_decoder, dense_encoder
from minigen.models.vaes.vae import VAETrainer
from tests import solvable

SHAPE = (4, 4, 1)


def dense_vae(latent_dim=3, likelihood="bernoulli", seed=0):
    rng = mg.Generator(seed)
    encoder = dense_encoder(SHAPE, 2 * latent_dim, [16], rng)
    return VAE(encoder, dense_decoder(latent_dim, SHAPE, [16], rng), latent_dim, likelihood)


def pixels(device, n=6, seed=0):
    return mg.tensor(np.random.default_rng(seed).random((n, *SHAPE)).astype(np.float32), device=device)


class Fixed(nn.Module):
    """A network that gives constants, whatever goes in."""

    def __init__(self, values):
        self.values = nn.Parameter(np.asarray(values, np.float32))

    def forward(self, x):
        return self.values + mg.zeros((x.shape[0], *self.values.shape), device=x.device)


@pytest.fixture
def linear_gaussian(device):
    """x = W z + b + noise, with the exact posterior as the encoder, and the exact log p(x)."""
    model, x, log_p = solvable.linear_gaussian()
    return model, mg.tensor(x, device=device), log_p


def average_elbo(model, x, draws=4000):
    rng = mg.Generator(0)
    n = x.shape[0]
    with mg.no_grad():
        many = mg.tensor(np.tile(x.numpy(), (draws, 1)), device=x.device)
        terms = model.elbo(many, rng)
    return (terms.log_likelihood - terms.kl).numpy().reshape(draws, n).mean(0)


def test_with_the_exact_posterior_the_elbo_is_log_p(linear_gaussian):
    model, x, log_p = linear_gaussian
    assert np.allclose(average_elbo(model, x), log_p, atol=0.06)


@pytest.mark.parametrize(("shift", "log_scale"), [(0.5, 0.0), (0.0, 1.0), (0.0, -1.0)])
def test_with_any_other_posterior_the_elbo_is_lower_by_the_kl(linear_gaussian, shift, log_scale):
    model, x, log_p = linear_gaussian
    exact = np.exp(model.encoder.log_var.numpy())
    model.encoder.b.data += shift
    model.encoder.log_var.data += log_scale
    gap = 0.5 * (math.exp(log_scale) - 1 - log_scale + shift**2 / exact).sum()  # KL(q || exact posterior)
    elbo = average_elbo(model, x, draws=8000)
    assert gap > 0.1
    assert np.allclose(elbo, log_p - gap, atol=0.12 + 0.02 * gap)


def test_loss_is_minus_the_mean_elbo_and_splits_into_its_terms(device):
    model, x = dense_vae(), pixels(device)
    loss = model.loss(x, mg.Generator(5))
    terms = model.elbo(x, mg.Generator(5))
    assert terms.log_likelihood.shape == terms.kl.shape == (6,)
    assert np.isclose(loss.total.item(), -(terms.log_likelihood.numpy() - terms.kl.numpy()).mean(), rtol=1e-5)
    assert np.isclose(loss.total.item(), loss.reconstruction.item() + loss.kl.item(), rtol=1e-5)


def test_the_terms_are_sums_over_pixels_and_latents_in_nats(device):
    model = VAE(Fixed([1.0, -2.0, 0.0, 0.0]), nn.Sequential(Fixed([0.0] * 16), nn.Reshape(*SHAPE)), 2)
    loss = model.loss(pixels(device), mg.Generator(0))
    assert np.isclose(loss.reconstruction.item(), 16 * math.log(2), rtol=1e-5)  # p = 1/2 for each of 16 pixels
    assert np.isclose(loss.kl.item(), 0.5 * (1 + 4), rtol=1e-5)  # mean (1, -2), variance 1


def test_duplicating_the_batch_leaves_the_loss_unchanged(device):
    model = VAE(Fixed([0.3, 0.1, 0.2, -0.4]), nn.Sequential(Fixed(np.linspace(-2, 2, 16)), nn.Reshape(*SHAPE)), 2)
    x = pixels(device)
    twice = mg.concatenate([x, x])
    assert np.isclose(model.loss(x).total.item(), model.loss(twice).total.item(), rtol=1e-5)


def test_codes_are_drawn_with_the_deviation_not_the_variance(device):
    log_var = math.log(0.25)
    model = VAE(Fixed([2.0, log_var]), dense_decoder(1, SHAPE, [4], mg.Generator(0)), 1)
    x = mg.zeros((20000, *SHAPE))
    z = model.encode(x).sample(mg.Generator(3)).numpy()
    assert abs(z.mean() - 2) < 4 * 0.5 / math.sqrt(20000)
    assert abs(z.std() - 0.5) < 0.02  # a deviation of 0.25 would mean that e^log_var was used as such


def test_gradients_reach_every_parameter(device):
    for likelihood in ("bernoulli", "gaussian"):
        model = dense_vae(likelihood=likelihood)
        model.loss(pixels(device), mg.Generator(0)).total.backward()
        for name, p in model.named_parameters():
            assert np.abs(p.grad.numpy()).max() > 0, name


def test_extreme_log_variances_stay_finite(device):
    for value in (-1e6, 1e6):
        model = dense_vae(likelihood="gaussian")
        model.encoder[-1].b.data[...] = value
        model.log_var.data[...] = value
        loss = model.loss(pixels(device), mg.Generator(0))
        loss.total.backward()
        assert math.isfinite(loss.total.item())
        assert all(np.isfinite(p.grad.numpy()).all() for p in model.parameters())


def test_reconstruct_and_sample(device):
    for likelihood in ("bernoulli", "gaussian"):
        model, x = dense_vae(likelihood=likelihood), pixels(device)
        assert model.reconstruct(x).shape == x.shape
        assert np.array_equal(model.reconstruct(x).numpy(), model.reconstruct(x).numpy())  # no noise in it
        samples = model.sample(9, mg.Generator(1))
        assert samples.shape == (9, *SHAPE)
        assert np.array_equal(samples.numpy(), model.sample(9, mg.Generator(1)).numpy())
        assert not np.array_equal(samples.numpy(), model.sample(9, mg.Generator(2)).numpy())
        if likelihood == "bernoulli":
            assert 0 <= samples.numpy().min() <= samples.numpy().max() <= 1


def test_bad_input_is_named(device):
    model = dense_vae()
    with pytest.raises(ShapeError, match="codes have shape"):
        model.decode(mg.zeros((2, 6)))  # the encoder's 2 d outputs fed to the decoder
    with pytest.raises(ShapeError, match="2 \\* latent_dim"):
        VAE(nn.Sequential(nn.Flatten(), nn.Dense(16, 3)), model.decoder, 3).encode(pixels(device))
    with pytest.raises(ShapeError, match="decoder gives examples"):
        VAE(model.encoder, dense_decoder(3, (4, 3, 1), [4], mg.Generator(0)), 3).elbo(pixels(device))
    with pytest.raises(MinigenError, match="did you mean 'bernoulli'"):
        VAE(model.encoder, model.decoder, 3, "bernuli")
    with pytest.raises(MinigenError, match="n: expected"):
        model.sample(0)


def test_beta_weighs_the_kl(device):
    plain, heavy = dense_vae(), dense_vae()
    heavy.beta = 4.0
    x = pixels(device)
    loss, weighed = plain.loss(x, mg.Generator(1)), heavy.loss(x, mg.Generator(1))
    assert np.isclose(loss.kl.item(), weighed.kl.item())
    assert np.isclose(weighed.total.item(), loss.total.item() + 3 * loss.kl.item(), rtol=1e-5)
    with pytest.raises(MinigenError, match="beta: expected a number >= 0, got -1"):
        VAE(plain.encoder, plain.decoder, 3, beta=-1)


# ------------------------------------------------------------------------------------------------------------- training


class Recorder(nn.Module):
    """A loss that keeps what it was given."""

    def __init__(self, model):
        self.model, self.seen = model, []

    def loss(self, x, rng):
        self.seen.append(x.numpy().copy())
        return self.model.loss(x, rng)


def trainer(binary):
    rng = mg.Generator(0)
    encoder, decoder = dense_encoder((4, 4, 1), 4, [8], rng), dense_decoder(2, (4, 4, 1), [8], rng)
    return VAETrainer(Recorder(IWAE(encoder, decoder, 2, samples=2)), 1e-2, binary=binary)


def grey(device):
    return mg.tensor(np.full((200, 4, 4, 1), 0.25, np.float32), device=device)


def test_pixels_are_drawn_anew_for_every_batch(device):
    made, x, rng = trainer(binary=True), grey(device), mg.Generator(0)
    made.step(x, rng)
    made.step(x, rng)
    first, second = made.model.seen
    assert set(np.unique(first)) == {0, 1}
    assert abs(first.mean() - 0.25) < 0.03
    assert not np.array_equal(first, second)


def test_or_left_grey(device):
    made, x = trainer(binary=False), grey(device)
    made.step(x, mg.Generator(0))
    assert np.array_equal(made.model.seen[0], x.numpy())


def test_only_steps_change_the_weights_and_the_loss_falls(device):
    made, x, rng = trainer(binary=True), grey(device), mg.Generator(0)
    before = made.model.state_dict()
    metrics = made.evaluate(x, rng)
    assert set(metrics) == {"test_loss", "test_negative_elbo"}
    assert all(np.array_equal(a, before[name]) for name, a in made.model.state_dict().items())
    losses = [made.step(x, rng)["loss"].item() for _ in range(60)]
    assert losses[-1] < losses[0] - 1


@pytest.mark.parametrize("model", ["vae", "conv-vae", "iwae", "two-layer-iwae", "cvae"])
def test_a_gaussian_likelihood_begins_near_the_data(model, device):
    recipe, x = recipe_of(model), np.random.default_rng(3).uniform(2, 3, (20, 8, 8, 1)).astype(np.float32)
    small = mg.data.Dataset("small", x, np.arange(20) % 2)
    settings = recipe.settings(small, likelihood="gaussian", width=4, latent_dim=2, batch_size=8)
    net = recipe.build(settings, small.shape, mg.Generator(7))
    recipe.trainer(net, settings).prepare(mg.tensor(x))
    (vae,) = (module for module in net.modules() if isinstance(module, VAE))
    assert vae.log_var.data.item() == pytest.approx(np.log(x.var(axis=0).mean() / 10), abs=1e-4)
    if model == "conv-vae":
        out = vae.decoder(mg.tensor(np.random.default_rng(4).standard_normal((3, 2)).astype(np.float32))).numpy()
        np.testing.assert_allclose(out, x.mean(), rtol=1e-5)
