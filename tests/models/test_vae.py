"""The VAE against closed forms: an exactly solvable model, the terms of the bound, and the classic mistakes."""

import math

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.errors import MinigenError, ShapeError
from minigen.models import VAE
from minigen.models.networks import conv_decoder, conv_encoder, dense_decoder, dense_encoder

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


class Affine(nn.Module):
    """(N, D) -> (N, F): x w + b, with constant log-variances (if any) in further columns."""

    def __init__(self, w, b, log_var=None):
        self.w, self.b = nn.Parameter(np.asarray(w, np.float32)), nn.Parameter(np.asarray(b, np.float32))
        self.log_var = None if log_var is None else nn.Parameter(np.asarray(log_var, np.float32))

    def forward(self, x):
        y = mg.dense(x, self.w, self.b)
        if self.log_var is None:
            return y
        return mg.concatenate(
            [y, self.log_var + mg.zeros((x.shape[0], self.log_var.shape[0]), device=x.device)], axis=1
        )


@pytest.fixture
def linear_gaussian(device):
    """x = W z + b + noise, with the exact posterior as the encoder, and the exact log p(x)."""
    rng = np.random.default_rng(1)
    w = np.linalg.qr(rng.standard_normal((5, 2)))[0].T * np.array([[1.5], [0.7]])  # (2, 5), orthogonal rows
    b, s2 = rng.standard_normal(5), 0.3
    posterior_var = 1 / (1 + (w**2).sum(1) / s2)  # diagonal, as the rows are orthogonal
    encode_w = (w / s2 * posterior_var[:, None]).T  # (5, 2)
    encoder = Affine(encode_w, -b @ encode_w, np.log(posterior_var))
    model = VAE(encoder, Affine(w, b), 2, "gaussian")
    model.log_var.data[...] = math.log(s2)
    x = rng.standard_normal((7, 2)) @ w + b + math.sqrt(s2) * rng.standard_normal((7, 5))
    covariance = w.T @ w + s2 * np.eye(5)
    d = x - b
    log_p = -0.5 * (
        (d @ np.linalg.inv(covariance) * d).sum(1) + np.linalg.slogdet(covariance)[1] + 5 * math.log(2 * math.pi)
    )
    return model, mg.tensor(x.astype(np.float32), device=device), log_p


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


@pytest.mark.parametrize("shape", [(8, 8, 1), (12, 8, 3), (28, 28, 1), (32, 32, 3)])
def test_convolutional_networks_mirror_each_other(shape):
    rng = mg.Generator(0)
    model = VAE(conv_encoder(shape, 6, 4, rng), conv_decoder(3, shape, 4, rng), 3)
    x = mg.tensor(np.random.default_rng(0).random((2, *shape)).astype(np.float32))
    assert model.reconstruct(x).shape == x.shape
    assert model.loss(x, rng).total.shape == ()


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
    with pytest.raises(MinigenError, match="sides divisible by 4"):
        conv_encoder((9, 8, 1), 4, 4, mg.Generator(0))
