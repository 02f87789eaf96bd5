"""The networks of the game: their shapes, their normalisation, and the choice between them by name."""

import numpy as np
import pytest

import minigen as mg
from minigen import data, nn
from minigen.models import recipe_of
from minigen.models.gans.networks import NETS, game_networks
from minigen.models.gans.style_generator import StyleGenerator


def networks(net, shape=(8, 8, 1), pack=1, **numbers):
    given = {"width": 4, "latent_dim": 3, "net": net, "pack": pack, "batch_size": 20}
    settings = recipe_of("gan").settings(data.load("digits"), **given)
    return game_networks(settings, shape, mg.Generator(0), **numbers)


@pytest.mark.parametrize("shape", [(8, 8, 1), (32, 32, 3)])
@pytest.mark.parametrize("net", NETS)
def test_codes_become_examples_and_packs_of_examples_numbers(net, shape):
    generator, discriminator = networks(net, shape, pack=2, told=5, planes=4, outputs=7)
    images = generator(mg.zeros((6, 3 + 5)))
    assert images.shape == (6, *shape)
    assert np.abs(images.numpy()).max() <= 1
    packs = mg.zeros((3, *shape[:2], 2 * (shape[2] + 4)))
    assert discriminator(packs).shape == (3, 7)


@pytest.mark.parametrize("net", NETS)
def test_a_name_says_which_kind_and_which_normalisation(net):
    generator, discriminator = networks(net)
    kind, norm = NETS[net]
    assert isinstance(generator, StyleGenerator) == (kind == "style")
    convolutions = [layer for layer in discriminator.modules() if isinstance(layer, nn.Conv2D)]
    assert bool(convolutions) == (kind != "dense")
    layers = list(discriminator)
    assert any(isinstance(layer, nn.BatchNorm) for layer in layers) == (norm == "batch")
    with_weights = [layer for layer in layers if layer.parameters() and not isinstance(layer, nn.BatchNorm)]
    assert all(isinstance(layer, nn.SpectralNorm) == (norm == "spectral") for layer in with_weights)


def test_a_top_is_one_more_dense_layer_on_both_sides():
    for plain, topped in zip(networks("dcgan"), networks("dcgan-top"), strict=True):
        counts = [sum(isinstance(layer, nn.Dense) for layer in network.modules()) for network in (plain, topped)]
        assert counts == [1, 2]


def test_points_have_no_bounds():
    ring = data.load("ring")
    settings = recipe_of("gan").settings(ring, width=4)
    generator, discriminator = game_networks(settings, ring.shape, mg.Generator(0))
    assert not any(isinstance(layer, nn.Tanh) for layer in generator.modules())
    assert discriminator(generator(mg.zeros((5, 2)))).shape == (5, 1)


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_dense_networks_are_as_deep_as_is_asked(depth):
    ring = data.load("ring")
    for network in game_networks(recipe_of("gan").settings(ring, depth=depth), ring.shape, mg.Generator(0)):
        assert sum(isinstance(layer, nn.Dense) for layer in network) == depth + 1
