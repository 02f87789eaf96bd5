"""Settings: the recipe's choices, and one clear line for each that cannot be."""

import pytest

from minigen import data
from minigen.errors import ArgumentError
from minigen.models import RECIPES, recipe_of

DIGITS = data.load("digits")


@pytest.mark.parametrize("model", sorted(RECIPES))
def test_recipes_are_complete(model):
    settings = recipe_of(model).settings(DIGITS)
    assert settings.data == "digits"
    assert settings.steps > 0
    of_families = (settings.get(name, None) for name in ("likelihood", "loss", "amount", "words"))
    assert [bool(own) for own in of_families].count(True) == 1


def test_epochs_become_steps():
    assert recipe_of("vae").settings(DIGITS, epochs=3, batch_size=100).steps == 3 * (len(DIGITS) // 100)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": 0}, "steps: expected an integer >= 1, got 0"),
        ({"epochs": -1}, "epochs: expected an integer >= 1, got -1"),
        ({"epochs": 2, "steps": 3}, "epochs and steps: give one of the two"),
        ({"batch_size": 0}, "batch_size: expected an integer >= 1"),
        ({"batch_size": 10**6}, "batch_size: 1000000 exceeds the"),
        ({"latent_dim": -2}, "latent_dim: expected an integer >= 1"),
        ({"lr": 0.0}, "lr: expected a number with 0 < lr <= 1, got 0.0"),
        ({"lr": float("nan")}, "lr: expected a number with 0 < lr <= 1, got nan"),
        ({"loss": "minimax"}, "loss: 'vae' has no such option"),
        ({"ema": 0.9}, "ema: 'vae' has no such option"),
        ({"amount": 0.5}, "amount: 'vae' has no such option"),
    ],
)
def test_what_cannot_be_is_named(given, message):
    with pytest.raises(ArgumentError, match=message):
        recipe_of("vae").settings(DIGITS, **given)


def test_unknown_models_get_the_nearest_name():
    with pytest.raises(ArgumentError, match="did you mean 'dcgan'"):
        recipe_of("dcgna").settings(DIGITS)


def test_convolutional_models_refuse_points():
    with pytest.raises(ArgumentError, match="needs images"):
        recipe_of("dcgan").settings(data.load("ring"))


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        ("gan", {"ema": 1.0}, "ema: expected a number with 0 <= ema < 1, got 1.0"),
        ("denoise", {"amount": 0.0}, "amount: expected a number > 0, got 0.0"),
        ("inpaint", {"amount": 1.0}, "amount: expected the hole's side as a share of the image's"),
        ("super-resolve", {"amount": 3.0}, r"amount: expected a factor >= 2 that divides the sides \(8, 8\), got 3.0"),
        ("inpaint", {"likelihood": "gaussian"}, "likelihood: 'inpaint' has no such option"),
    ],
)
def test_what_a_model_cannot_have(model, given, message):
    with pytest.raises(ArgumentError, match=message):
        recipe_of(model).settings(DIGITS, **given)


@pytest.mark.parametrize(
    ("model", "data_name", "given", "message"),
    [
        ("gan", "digits", {"net": "dcgn"}, "net: unknown name 'dcgn'; did you mean 'dcgan'"),
        ("gan", "digits", {"loss": "wasserstien"}, "did you mean 'wasserstein'"),
        ("gan", "digits", {"penalty": "gradient"}, "did you mean 'gradient-penalty'"),
        ("gan", "ring", {"net": "dcgan-sn"}, "net: 'dcgan-sn' is for images and 'ring' holds points; use 'dense'"),
        ("dcgan", "digits", {"penalty": "gradient-penalty"}, "batch norm in 'dcgan' mixes them; use --net dcgan-plain"),
        ("gan", "digits", {"pack": 3}, "batch_size: 64 examples cannot be shared out among 1 steps .* packs of 3"),
        ("gan", "digits", {"critic_steps": 0}, "critic_steps: expected an integer >= 1"),
        ("vae", "digits", {"pack": 2}, "pack: 'vae' has no such option"),
        ("gan", "digits", {"samples": 2}, "samples: 'gan' has no such option"),
    ],
)
def test_what_does_not_go_together_is_refused(model, data_name, given, message):
    with pytest.raises(ArgumentError, match=message):
        recipe_of(model).settings(data.load(data_name), **given)
