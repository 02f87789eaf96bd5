"""Packs of examples."""

import numpy as np
import pytest

import minigen as mg
from minigen.errors import ShapeError
from minigen.models import GAN
from minigen.models.gans.networks import dense_discriminator
from minigen.models.networks import dense_decoder


def test_packs_are_different_examples_side_by_side(device):
    rng = mg.Generator(0)
    model = GAN(dense_decoder(2, (2,), [4], rng), dense_discriminator((2,), [4], rng, pack=3), 2, pack=3)
    x = mg.tensor(np.arange(12, dtype=np.float32).reshape(6, 2), device=device)
    assert model.packed(x).numpy().tolist() == [[0, 1, 4, 5, 8, 9], [2, 3, 6, 7, 10, 11]]
    assert model.discriminator_loss(x, rng).total.shape == ()
    assert model.generator_loss(6, rng).shape == ()
    with pytest.raises(ShapeError, match="pack: 4 examples do not make packs of 3"):
        model.discriminator_loss(x[:4], rng)
