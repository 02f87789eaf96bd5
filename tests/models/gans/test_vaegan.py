"""The VAE-GAN: three losses by hand, and each network moved by its own alone."""

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.errors import ArgumentError
from minigen.models import VAEGAN
from minigen.models.gans.networks import dcgan_discriminator, dcgan_generator
from minigen.models.networks import conv_encoder

SHAPE, Z = (8, 8, 1), 3


def model_of(gamma=0.5):
    rng = mg.Generator(0)
    encoder = conv_encoder(SHAPE, 2 * Z, 4, rng)
    return VAEGAN(encoder, dcgan_generator(Z, SHAPE, 4, rng), dcgan_discriminator(SHAPE, 4, rng, "none"), Z, gamma)


def examples(device, n=6):
    return mg.tensor(np.random.default_rng(0).standard_normal((n, *SHAPE)).astype(np.float32), device=device)


def moved(model):
    return {
        name
        for name in ("encoder", "generator", "discriminator")
        if any(p.grad is not None for p in getattr(model, name).parameters())
    }


def test_each_loss_moves_its_own_network(device):
    model, x = model_of(), examples(device)
    before = model.state_dict()
    for loss, name in (
        (lambda: model.discriminator_loss(x, mg.Generator(0)).total, "discriminator"),
        (lambda: model.encoder_loss(x, mg.Generator(0)).total, "encoder"),
        (lambda: model.decoder_loss(x, mg.Generator(0)), "generator"),
    ):
        model.zero_grad()
        loss().backward()
        assert moved(model) == {name}
        assert all(p.grad is not None for p in getattr(model, name).parameters())
    changed = {name for name, array in model.state_dict().items() if not (array == before[name]).all()}
    assert all("mean" in name or "var" in name for name in changed)  # batch norm's running statistics
    assert all(name.startswith("generator.") for name in changed)


def test_features_and_head_make_the_discriminator(device):
    model, x = model_of(), examples(device)
    features = model.features(x)
    assert features.shape == (6, 2, 2, 8)
    assert (model.discriminator[-1](model.discriminator[-2](features)).numpy() == model.discriminator(x).numpy()).all()


def test_the_terms_by_hand(device):
    model, x = model_of(), examples(device)
    again = model.generator(model.encode(x).mean)
    distance = (model.features(x).numpy() - model.features(again).numpy()) ** 2
    likeness = model.likeness(x, again).item()
    assert likeness == pytest.approx(0.5 * distance.reshape(6, -1).sum(axis=1).mean(), rel=1e-4)
    assert model.likeness(x, x).item() == 0
    loss = model.encoder_loss(x, mg.Generator(1))
    q = model.encode(x)
    mean, log_var = q.mean.numpy(), q.log_var.numpy()
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1).mean()
    assert loss.kl.item() == pytest.approx(kl, rel=1e-4)
    assert loss.total.item() == pytest.approx(loss.kl.item() + loss.likeness.item(), rel=1e-5)


def test_gamma_weighs_likeness_in_the_decoders_loss_alone(device):
    losses = []
    for gamma in (0.0, 1.0):
        model = model_of(gamma)
        losses.append(model.decoder_loss(examples(device), mg.Generator(2)).item())
    model = model_of()
    rng = mg.Generator(2)
    z = model.encode(examples(device)).sample(rng)
    likeness = model.likeness(examples(device), model.generator(z)).item()
    assert losses[1] - losses[0] == pytest.approx(likeness, rel=1e-3)


def test_it_judges_no_packs():
    with pytest.raises(ArgumentError, match="pack: VAEGAN judges examples one by one, got 2"):
        VAEGAN(nn.Sequential(), nn.Sequential(), nn.Sequential(), 2, pack=2)
