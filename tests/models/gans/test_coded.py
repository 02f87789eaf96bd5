"""Codes of noise, class and continuous numbers; and a discriminator left with statistics of its last weights."""

import math

import numpy as np
import pytest

import minigen as mg
from minigen import Tensor, backend, data, nn, no_grad
from minigen.errors import MinigenError
from minigen.models import ACGAN, InfoGAN, recipe_of
from minigen.models.gans.networks import dense_discriminator
from minigen.models.labels import each_in_turn
from minigen.train import train
from tests.models.gans.small import SHAPE, Fixed, K, Z, conditional, examples, generator


def test_codes_hold_noise_class_and_continuous_numbers(device):
    model = InfoGAN(generator(K + 2), Fixed(np.zeros(1 + K + 2)), Z, K, 2)
    labels = backend.to_device(each_in_turn(500, K), device)
    codes = model.noise(500, mg.Generator(0), labels)
    z, c = codes.numpy()[:, :Z], model.continuous_of(codes).numpy()
    assert codes.shape == (500, model.latent_dim)
    assert (model.class_of(codes).numpy().argmax(axis=1) == each_in_turn(500, K)).all()
    assert abs(z.std() - 1) < 0.1
    assert c.shape == (500, 2)
    assert -1 <= c.min() < -0.9
    assert 0.9 < c.max() <= 1


def test_alone_a_drawn_label_is_as_likely_as_any_other_wherever_it_stands(device):
    model = InfoGAN(generator(K + 2), Fixed(np.zeros(1 + K + 2)), Z, K, 2)
    rng, trials = mg.Generator(1), 2000
    drawn = np.stack([model.class_of(model.noise(7, rng)).numpy() for _ in range(trials)])  # 7 is no multiple of K
    assert np.abs(drawn.mean(axis=0) - 1 / K).max() < 4.5 * math.sqrt(0.16 / trials)


def test_samples_are_of_each_class_in_turn_or_of_one():
    model = conditional()
    seen = []
    model.generator.forward = lambda codes: seen.append(codes.numpy()) or codes
    model.sample(4, mg.Generator(0), label=3)
    model.sample(6, mg.Generator(0))
    assert seen[0][:, Z:].argmax(axis=1).tolist() == [3, 3, 3, 3]
    assert seen[1][:, Z:].argmax(axis=1).tolist() == [0, 1, 2, 3, 4, 0]
    with pytest.raises(MinigenError, match=r"label: expected 0 ... 4, got 5"):
        model.sample(1, label=5)


@pytest.mark.parametrize(
    "model",
    [
        conditional(),
        ACGAN(generator(), dense_discriminator(SHAPE, [4], mg.Generator(0), outputs=1 + K), Z, K),
    ],
)
def test_labels_are_asked_for(model):
    x, y = examples("cpu")
    with pytest.raises(MinigenError, match="learns from examples with their labels, got none"):
        model.discriminator_loss(x, mg.Generator(0))
    with pytest.raises(MinigenError, match=r"labels: expected one for each of the 6 examples, got shape \(5,\)"):
        model.discriminator_loss(x, mg.Generator(0), y[:5])


@pytest.mark.parametrize("name", ["cgan", "acgan", "infogan"])
def test_each_player_moves_alone(device, name):
    digits = data.load("digits")
    settings = recipe_of(name).settings(digits, width=4, latent_dim=3, batch_size=16)
    model = recipe_of(name).build(settings, digits.shape, mg.Generator(0))
    x = mg.tensor(digits.x[:16], device=device)
    y = (backend.to_device(digits.y[:16], device),) if recipe_of(name).labelled else ()
    model.discriminator_loss(x, mg.Generator(0), *y).total.backward()
    assert all(p.grad is None for p in model.generator.parameters())
    assert all(p.grad is not None for p in model.discriminator.parameters())
    model.zero_grad()
    model.generator_loss(16, mg.Generator(0)).backward()
    assert all(p.grad is None for p in model.discriminator.parameters())
    assert all(p.grad is not None for p in model.generator.parameters())


@pytest.mark.parametrize("model", ["infogan", "acgan"])
def test_the_statistics_are_those_of_training_examples(tmp_path, model):
    digits = data.load("digits")
    settings = recipe_of(model).settings(digits, steps=60, batch_size=50, width=4, latent_dim=3, seed=7)
    run = train(settings, digits, data.load("digits", "test"), str(tmp_path / "run"), quiet=True)
    layers = list(run.load_model().discriminator)
    first = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.BatchNorm))
    with no_grad():
        x = nn.Sequential(*layers[:first])(Tensor(2 * digits.x - 1)).numpy()
    x = x.reshape(-1, x.shape[-1])
    # All but those examples that do not fill a batch.
    np.testing.assert_allclose((layers[first].running_mean.numpy() - x.mean(0)) / x.std(0), 0, atol=0.01)
    np.testing.assert_allclose(layers[first].running_var.numpy() / x.var(0), 1, atol=0.02)
