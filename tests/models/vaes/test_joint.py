"""The joint VAE: products of Gaussians by integration, its three bounds by hand, and what it makes of labels."""

import numpy as np
import pytest
from scipy.special import log_softmax
from scipy.stats import norm

import minigen as mg
from minigen import backend, data
from minigen.distributions import Normal
from minigen.models import recipe_of
from minigen.models.vaes.joint import product
from minigen.train import Batches, steps

DIGITS = data.load("digits")


def built(seed=0, of=DIGITS, **given):
    settings = recipe_of("joint-vae").settings(
        of, **{"width": 8, "latent_dim": 3, "batch_size": 20, "steps": 2} | given
    )
    return recipe_of("joint-vae").build(settings, of.shape, mg.Generator(seed)), settings


@pytest.mark.parametrize("count", [1, 2])
def test_a_product_of_experts_by_numbers(count):
    """Densities multiplied on a fine grid, with the prior, and scaled to 1."""
    means, log_vars = np.array([[1.5], [-0.4]])[:count], np.array([[-1.0], [0.7]])[:count]
    found = product(*(Normal(mg.tensor(m), mg.tensor(v)) for m, v in zip(means, log_vars, strict=True)))
    z = np.linspace(-8, 8, 20001)
    density = norm.pdf(z)
    for mean, log_var in zip(means, log_vars, strict=True):
        density = density * norm.pdf(z, mean[0], np.exp(log_var[0] / 2))
    density /= np.trapezoid(density, z)
    mean = np.trapezoid(z * density, z)
    assert found.mean.item() == pytest.approx(mean, abs=1e-6)
    assert found.std.item() ** 2 == pytest.approx(np.trapezoid((z - mean) ** 2 * density, z), abs=1e-6)


def test_an_expert_who_knows_nothing_changes_nothing():
    one = Normal(mg.tensor([[1.0, 2.0]]), mg.tensor([[-3.0, 0.5]]))
    vague = Normal(mg.tensor([[50.0, -70.0]]), mg.tensor([[60.0, 60.0]]))
    np.testing.assert_allclose(product(one, vague).mean.numpy(), product(one).mean.numpy(), rtol=1e-5)
    np.testing.assert_allclose(product(one, vague).std.numpy(), product(one).std.numpy(), rtol=1e-5)


def test_the_three_bounds_by_hand(device):
    model, _ = built(likelihood="bernoulli", label_weight=7.0)
    x, y = (DIGITS.x[:5] > 0.5).astype(np.float32), DIGITS.y[:5]
    loss = model.loss(mg.tensor(x, device=device), mg.Generator(4), backend.to_device(y, device))
    one_hot = np.eye(10, dtype=np.float32)[y]
    experts = [
        network(mg.tensor(given, device=device)).numpy().astype(np.float64)
        for network, given in ((model.encoder, x), (model.label_encoder, one_hot))
    ]
    rng, bounds, total = mg.Generator(4), [], 0.0
    for chosen, explained in ((experts, "xy"), (experts[:1], "x"), (experts[1:], "y")):
        precision = 1 + sum(np.exp(-h[:, 3:]) for h in chosen)
        mean = sum(np.exp(-h[:, 3:]) * h[:, :3] for h in chosen) / precision
        z = mean + backend.to_numpy(rng.normal((5, 3), device=device)) / np.sqrt(precision)
        kl = 0.5 * (mean**2 + 1 / precision - 1 + np.log(precision)).sum(axis=1)
        z = mg.tensor(z.astype(np.float32), device=device)
        logits, labels = model.decoder(z).numpy(), model.label_decoder(z).numpy()
        image = (np.logaddexp(0, logits) - logits * x).reshape(5, -1).sum(axis=1)
        label = -log_softmax(labels, axis=1)[np.arange(5), y]
        bounds.append((kl + ("x" in explained) * image + ("y" in explained) * label).mean())
        total += (kl + ("x" in explained) * image + 7 * label).mean()
    np.testing.assert_allclose([v.item() for v in (loss.both, loss.image, loss.label)], bounds, rtol=1e-4)
    assert loss.total.item() == pytest.approx(total, rel=1e-4)
    assert all(value.dtype == np.float32 for value in loss)


def test_every_network_learns():
    model, settings = built()
    trainer = recipe_of("joint-vae").trainer(model, settings)
    before = {name: value.numpy().copy() for name, value in model.named_parameters()}
    for _ in steps(trainer, Batches(DIGITS.x, DIGITS.y, batch_size=20), mg.Generator(0), 2):
        pass
    assert all((before[name] != value.numpy()).any() for name, value in model.named_parameters())


def test_after_a_short_training_labels_and_images_tell_each_other():
    """Made of a label, images are nearest to real ones of it; told of an image, the label is right. By far."""
    model, settings = built(width=64, latent_dim=8, steps=300, batch_size=100, lr=3e-3, likelihood="bernoulli")
    trainer = recipe_of("joint-vae").trainer(model, settings)
    for _ in steps(trainer, Batches(DIGITS.x, DIGITS.y, batch_size=100), mg.Generator(0), 300):
        pass
    test = data.load("digits", "test")
    with mg.no_grad():
        made = np.stack([model.sample(30, mg.Generator(k), label=k).numpy() for k in range(10)])
        told = model.class_logits(mg.tensor(test.x)).numpy().argmax(axis=1)
    assert (told == test.y).mean() > 0.9
    distances = np.square(made.reshape(300, 1, -1) - DIGITS.x.reshape(1, 1500, -1)).sum(axis=2)
    nearest = DIGITS.y[distances.argmin(axis=1)].reshape(10, 30)
    assert (nearest == np.arange(10)[:, None]).mean() > 0.75
    assert made.std(axis=1).mean() > 0.03  # not always the same


def test_labels_come_in_turn_or_as_asked():
    model, _ = built()
    seen = []
    encode = model.encode_labels
    model.encode_labels = lambda labels: seen.append(labels) or encode(labels)
    assert model.sample(13, mg.Generator(0)).shape == (13, 8, 8, 1)
    assert model.sample(3, mg.Generator(0), label=4).shape == (3, 8, 8, 1)
    assert [labels.tolist() for labels in seen] == [[*range(10), 0, 1, 2], [4, 4, 4]]
