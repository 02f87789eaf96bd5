"""Settings: the recipe's choices, and one clear line for each that cannot be."""

import pytest

from minigen import data
from minigen.errors import ArgumentError
from minigen.train import RECIPES, settings_for

DIGITS = data.load("digits")


@pytest.mark.parametrize("model", sorted(RECIPES))
def test_recipes_are_complete(model):
    settings = settings_for(model, DIGITS)
    assert settings.data == "digits"
    assert settings.steps > 0
    assert bool(settings.likelihood) != bool(settings.loss)


def test_epochs_become_steps():
    assert settings_for("vae", DIGITS, epochs=3, batch_size=100).steps == 3 * (len(DIGITS) // 100)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": 0}, "steps: expected an integer >= 1, got 0"),
        ({"epochs": -1}, "epochs: expected an integer >= 1, got -1"),
        ({"epochs": 2, "steps": 3}, "epochs and steps: give one of the two"),
        ({"batch_size": 0}, "batch_size: expected an integer >= 1"),
        ({"batch_size": 10**6}, "batch_size: 1000000 exceeds the"),
        ({"latent_dim": -2}, "latent_dim: expected an integer >= 1"),
        ({"lr": 0.0}, "lr: expected a learning rate"),
        ({"lr": float("nan")}, "lr: expected a learning rate"),
        ({"loss": "minimax"}, "loss: 'vae' has no such setting"),
    ],
)
def test_what_cannot_be_is_named(given, message):
    with pytest.raises(ArgumentError, match=message):
        settings_for("vae", DIGITS, **given)


def test_unknown_models_get_the_nearest_name():
    with pytest.raises(ArgumentError, match="did you mean 'dcgan'"):
        settings_for("dcgna", DIGITS)


def test_convolutional_models_refuse_points():
    with pytest.raises(ArgumentError, match="needs images"):
        settings_for("dcgan", data.load("ring"))
