"""The GAN of styles: mixing and truncation, and who moves the mean style."""

import numpy as np
import pytest

import minigen as mg
from minigen.errors import MinigenError
from minigen.models import StyleGAN
from minigen.models.gans.networks import dcgan_discriminator
from minigen.models.gans.style_generator import StyleGenerator

SHAPE, Z = (8, 8, 1), 5


def gan(seed=0):
    rng = mg.Generator(seed)
    model = StyleGAN(StyleGenerator(Z, SHAPE, 4, rng), dcgan_discriminator(SHAPE, 4, rng, "none"), Z, penalty="r1")
    for layer in model.generator.layers:  # noise begins with strength 0
        layer.strength.data[...] = 0.5
    return model


def test_mixing_takes_coarse_layers_from_one_and_fine_ones_from_the_other(device):
    model = gan()
    a, b = model.noise(2, mg.Generator(0)), model.noise(2, mg.Generator(1))
    count = len(model.generator.layers)
    assert np.allclose(model.mix(a, b, count).numpy(), model.from_codes(a).numpy(), atol=1e-6)
    assert np.allclose(model.mix(a, b, 0).numpy(), model.from_codes(b).numpy(), atol=1e-6)
    mixed = model.mix(a, b, 3).numpy()
    assert not np.allclose(mixed, model.from_codes(a).numpy(), atol=1e-3)
    assert not np.allclose(mixed, model.from_codes(b).numpy(), atol=1e-3)
    with pytest.raises(MinigenError, match=r"change: expected a layer 0 \.\.\. 6, got 7"):
        model.mix(a, b, 7)


def test_some_fakes_of_training_are_mixed(device, monkeypatch):
    """The styles that `paint` is given: constant over the layers for about half of the images, else changed once."""
    model, given = gan(), []
    monkeypatch.setattr(model.generator, "paint", lambda ws, noise: given.extend(ws) or ws[0])
    model.fakes(200, mg.Generator(0))
    ws = np.stack([w.numpy() for w in given])  # (layers, N, Z)
    changes = (np.abs(np.diff(ws, axis=0)).max(axis=2) > 0).sum(axis=0)
    assert set(changes) == {0, 1}
    assert 60 < (changes == 1).sum() < 140


def test_truncation_goes_from_the_mean_style_to_the_style_itself(device):
    model = gan()
    for seed in range(1000):
        model.generator.styles(model.noise(16, mg.Generator(seed)))
    w = model.generator.styles(model.noise(500, mg.Generator(999))).numpy()
    mean = model.generator.mean_w.numpy()
    assert np.abs(mean - w.mean(axis=0)).max() < 0.2 * w.std()
    for psi, distance in ((0.0, 0.0), (0.5, 0.5), (1.0, 1.0)):
        pulled = model.generator.truncated(mg.tensor(w, device=device), psi).numpy()
        assert np.allclose(pulled - mean, distance * (w - mean), atol=1e-5)
    model.eval()
    spreads = [model.sample(100, mg.Generator(0), truncation=psi).numpy().var(axis=0).mean() for psi in (0.3, 1.0)]
    assert spreads[0] < spreads[1]
    with pytest.raises(MinigenError, match="truncation: expected"):
        model.sample(1, truncation=1.5)


def test_the_mean_style_moves_only_when_the_generator_learns(device):
    model = gan()
    x = mg.tensor(np.random.default_rng(0).standard_normal((4, *SHAPE)).astype(np.float32), device=device)
    before = model.generator.state_dict()
    model.discriminator_loss(x, mg.Generator(0)).total.backward()
    assert all(p.grad is None for p in model.generator.parameters())
    assert all((model.generator.state_dict()[name] == array).all() for name, array in before.items())
    model.discriminator.zero_grad()
    model.generator_loss(4, mg.Generator(0)).backward()
    assert all(p.grad is not None for p in model.generator.parameters())
    assert all(p.grad is None for p in model.discriminator.parameters())
    assert (model.generator.mean_w.numpy() != before["mean_w"]).any()
