"""Two stochastic layers: exact where log p(x) is known, a bound elsewhere, and each network in its place."""

import numpy as np
import pytest

import minigen as mg
from minigen.errors import ArgumentError, ShapeError
from minigen.metrics import elbo, nll
from minigen.models.vaes.iwae import log_mean_exp
from minigen.models.vaes.two_layers import burda_networks
from tests.solvable import linear_gaussian_of_two_layers

NETWORKS = ("encoder", "upper_encoder", "upper_decoder", "decoder")


def test_with_the_exact_posteriors_every_weight_is_p_of_x(device):
    model, x, log_p = linear_gaussian_of_two_layers()
    log_w = model.log_weights(mg.tensor(x, device=device), 6, mg.Generator(0)).numpy()
    assert log_w.shape == (7, 6)
    assert np.allclose(log_w, log_p[:, None], atol=1e-4)
    assert np.allclose(nll(model, x, 3), -log_p, atol=1e-4)
    assert np.allclose(elbo(model, x), log_p, atol=1e-4)


@pytest.mark.parametrize("network", ["encoder", "upper_encoder"])
def test_a_wrong_encoder_costs_its_kl_and_samples_win_it_back(network):
    model, x, log_p = linear_gaussian_of_two_layers()
    encoder = getattr(model, network)
    shift, log_scale, exact = 0.3, 0.5, np.exp(encoder.log_var.numpy())
    encoder.b.data += shift
    encoder.log_var.data += log_scale
    many = mg.tensor(np.tile(x, (3000, 1)))
    with mg.no_grad():
        log_w = [model.log_weights(many, k, mg.Generator(0)) for k in (1, 5, 50)]
        bounds = [log_mean_exp(w).numpy().reshape(3000, -1).mean(0) for w in log_w]
    gap = 0.5 * (np.exp(log_scale) - 1 - log_scale + shift**2 / exact).sum()
    if network == "upper_encoder":  # z1 is drawn from its posterior still: the gap is the KL of z2 alone
        assert np.allclose(bounds[0], log_p - gap, atol=0.12)
    assert (bounds[0] + 0.05 < bounds[1]).all()
    assert (bounds[1] < bounds[2] + 0.02).all()
    assert np.allclose(bounds[2], log_p, atol=0.1)


def test_samples_have_the_model_s_mean_and_spread():
    model, _, _ = linear_gaussian_of_two_layers()
    w, b, a = model.decoder.w.numpy(), model.decoder.b.numpy(), np.diag(model.upper_decoder.w.numpy())
    samples = model.sample(40_000, mg.Generator(0)).numpy()
    variance = a**2 + np.exp(model.upper_decoder.log_var.numpy())
    assert np.allclose(samples.mean(0), b, atol=0.03)
    assert np.allclose(np.cov(samples.T), (w.T * variance) @ w, atol=0.06)


def test_every_network_learns_and_the_loss_falls():
    rng = mg.Generator(0)
    x = mg.tensor((rng.host.random((200, 4, 4, 1)) < np.linspace(0.1, 0.9, 4)[:, None, None]).astype(np.float32))
    model = burda_networks((4, 4, 1), 2, 16, rng, samples=3)
    before = {name: value.copy() for name, value in model.state_dict().items()}
    optimizer = mg.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        loss = model.loss(x, rng)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
        losses.append(loss.total.item())
    assert losses[-1] < losses[0] - 1
    after = model.state_dict()
    for network in NETWORKS:
        assert any(name.startswith(network + ".") and not np.array_equal(after[name], before[name]) for name in after)


def test_what_does_not_fit_is_refused():
    images = burda_networks((4, 4, 1), 2, 16, mg.Generator(0))
    with pytest.raises(ShapeError, match=r"the decoder gives examples of shape \(4, 4, 1\), the data have \(16,\)"):
        images.log_weights(mg.zeros((3, 16)), 2)
    model, x, _ = linear_gaussian_of_two_layers()
    with pytest.raises(ArgumentError, match="n: expected an integer >= 1, got 0"):
        model.sample(0)
    model.upper_encoder.log_var = None
    with pytest.raises(ShapeError, match=r"the upper encoder gives 2 features, expected 2 \* latent_dim = 4"):
        model.log_weights(mg.tensor(x), 2)
