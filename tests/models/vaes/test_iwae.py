"""The importance-weighted bound: exact where log p(x) is known, the ELBO for k = 1, and rising with k."""

import numpy as np
import pytest

import minigen as mg
from minigen.errors import MinigenError
from minigen.models import IWAE, VAE
from minigen.models.networks import dense_decoder, dense_encoder
from minigen.models.vaes.iwae import log_mean_exp
from tests.solvable import linear_gaussian


def bound(model, x, k, draws=3000):
    """L_k of each example, averaged over many draws."""
    many = mg.tensor(np.tile(x, (draws, 1)))
    with mg.no_grad():
        return log_mean_exp(model.log_weights(many, k, mg.Generator(0))).numpy().reshape(draws, -1).mean(0)


def test_with_the_exact_posterior_every_weight_is_p_of_x(device):
    model, x, log_p = linear_gaussian(IWAE)
    log_w = model.log_weights(mg.tensor(x, device=device), 6, mg.Generator(0)).numpy()
    assert log_w.shape == (7, 6)
    assert np.allclose(log_w, log_p[:, None], atol=1e-4)
    assert np.allclose(model.loss(mg.tensor(x, device=device)).total.item(), -log_p.mean(), atol=1e-4)


def test_one_sample_gives_the_elbo_and_more_rise_towards_log_p():
    model, x, log_p = linear_gaussian(IWAE)
    shift, log_scale = 0.3, 0.5
    exact = np.exp(model.encoder.log_var.numpy())
    model.encoder.b.data += shift
    model.encoder.log_var.data += log_scale
    gap = 0.5 * (np.exp(log_scale) - 1 - log_scale + shift**2 / exact).sum()  # KL(q || exact posterior)
    bounds = [bound(model, x, k) for k in (1, 5, 50)]
    assert np.allclose(bounds[0], log_p - gap, atol=0.12)
    assert (bounds[0] + 0.1 < bounds[1]).all()
    assert (bounds[1] + 0.02 < bounds[2]).all()
    assert np.allclose(bounds[2], log_p, atol=0.08)


def test_the_mean_is_of_weights_and_not_of_their_logarithms():
    log_w = mg.tensor(np.log(np.array([[1.0, 3.0], [0.5, 0.5]])))
    assert np.allclose(log_mean_exp(log_w).numpy(), np.log([2.0, 0.5]))
    assert np.allclose(log_mean_exp(mg.tensor([[1000.0, 1000.0], [-1000.0, -1000.0]])).numpy(), [1000, -1000])


def test_k_1_has_the_gradient_of_the_vae_on_average(device):
    """Both are unbiased for the ELBO's gradient, the VAE's with the KL in closed form."""
    gradients = []
    for kind in (VAE, IWAE):
        model, x, _ = linear_gaussian(kind, **({"samples": 1} if kind is IWAE else {}))
        model.encoder.b.data += 0.4
        many = mg.tensor(np.tile(x, (2000, 1)), device=device)
        model.loss(many, mg.Generator(3)).total.backward()
        gradients.append(np.concatenate([p.grad.numpy().ravel() for p in model.parameters()]))
    assert np.abs(gradients[0]).max() > 0.5
    assert np.allclose(*gradients, atol=0.06)


def test_training_raises_the_bound():
    rng = mg.Generator(0)
    x = mg.tensor((rng.host.random((200, 4, 4, 1)) < np.linspace(0.1, 0.9, 4)[:, None, None]).astype(np.float32))
    model = IWAE(dense_encoder((4, 4, 1), 4, [16], rng), dense_decoder(2, (4, 4, 1), [16], rng), 2, samples=3)
    optimizer = mg.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        loss = model.loss(x, rng)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
        losses.append(loss.total.item())
        assert loss.total.item() <= loss.negative_elbo.item() + 1e-5  # Jensen
    assert losses[-1] < losses[0] - 1


def test_bad_input_is_named():
    rng = mg.Generator(0)
    encoder, decoder = dense_encoder((4, 4, 1), 4, [16], rng), dense_decoder(2, (4, 3, 1), [16], rng)
    with pytest.raises(MinigenError, match="samples: expected an integer >= 1, got 0"):
        IWAE(encoder, decoder, 2, samples=0)
    with pytest.raises(MinigenError, match=r"VAE: the decoder gives examples of shape \(4, 3, 1\)"):
        IWAE(encoder, decoder, 2).loss(mg.zeros((2, 4, 4, 1)))
