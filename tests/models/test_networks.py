"""Dense and convolutional networks: mirrors of each other."""

import numpy as np
import pytest

import minigen as mg
from minigen.errors import MinigenError
from minigen.models import VAE
from minigen.models.networks import conv_decoder, conv_encoder


@pytest.mark.parametrize("shape", [(8, 8, 1), (12, 8, 3), (28, 28, 1), (32, 32, 3)])
def test_convolutional_networks_mirror_each_other(shape):
    rng = mg.Generator(0)
    model = VAE(conv_encoder(shape, 6, 4, rng), conv_decoder(3, shape, 4, rng), 3)
    x = mg.tensor(np.random.default_rng(0).random((2, *shape)).astype(np.float32))
    assert model.reconstruct(x).shape == x.shape
    assert model.loss(x, rng).total.shape == ()


def test_sides_that_cannot_be_halved_twice_are_named():
    with pytest.raises(MinigenError, match="sides divisible by 4"):
        conv_encoder((9, 8, 1), 4, 4, mg.Generator(0))
