"""Papers that are choices: the values that they name, in a model that is a plain GAN."""

import pytest

import minigen as mg
from minigen import data, nn
from minigen.models import GAN, recipe_of

PAPERS = {
    "wgan-gp": {"loss": "wasserstein", "penalty": "gradient-penalty", "critic_steps": 5, "lr": 1e-4, "beta1": 0.0},
    "sn-gan": {"loss": "hinge", "penalty": "none", "critic_steps": 1, "lr": 2e-4, "beta1": 0.0},
}


@pytest.mark.parametrize("name", PAPERS)
def test_the_choices_are_those_of_the_paper(name):
    digits, recipe = data.load("digits"), recipe_of(name)
    settings = recipe.settings(digits, width=4)
    assert settings.options | PAPERS[name] == settings.options
    assert settings.batch_size == 64 * settings.critic_steps
    model = recipe.build(settings, digits.shape, mg.Generator(0))
    assert type(model) is GAN
    assert not any(isinstance(layer, nn.BatchNorm) for layer in model.discriminator)
    layers = [layer for layer in model.discriminator if layer.parameters()]
    assert all(isinstance(layer, nn.SpectralNorm) == (name == "sn-gan") for layer in layers)
    trainer = recipe.trainer(model, settings)
    assert (trainer.critic_steps, trainer.ema) == (settings.critic_steps, None)
