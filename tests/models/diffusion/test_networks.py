"""The U-Net and the dense network: shapes, what they are told, patches, gradients."""

import numpy as np
import pytest

import minigen as mg
from minigen import ops
from minigen.backend import to_device
from minigen.errors import ArgumentError
from minigen.models.diffusion.networks import (
    Block,
    Dense2,
    SelfAttention,
    UNet,
    denoising_network,
    groups_of,
    in_patches,
    out_of_patches,
)

from ..flows.jacobian import in_float64

RNG = np.random.default_rng(0)


def awake(module):
    """Weights that begin with 0 let nothing through: give them others."""
    for parameter in module.parameters():
        if not parameter.data.any():
            parameter.data[...] = to_device(0.1 * RNG.standard_normal(parameter.shape), parameter.device)
    return module


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (32, 32, 3), (12, 20, 2), (6, 4, 1)])
def test_an_image_comes_out_as_large_as_it_went_in(shape):
    net = UNet(shape, 8, 0, mg.Generator(0))
    x = mg.tensor(RNG.standard_normal((2, *shape)).astype(np.float32))
    assert net(x, np.array([0.1, 0.9])).shape == x.shape
    assert not net(x, np.array([0.1, 0.9])).numpy().any()  # at first: 0, whatever comes in


@pytest.mark.parametrize("shape", [(8, 8, 1), (2,)])
def test_time_class_and_example_matter_and_others_do_not(shape, device):
    net = awake(denoising_network(shape, 8, 2, 3, mg.Generator(0))).to(device)
    x = to_device(np.repeat(RNG.standard_normal((1, *shape)).astype(np.float32), 4, axis=0), device)
    t, labels = np.array([0.2, 0.8, 0.2, 0.2]), to_device(np.array([1, 1, 2, 1]), device)
    out = net(mg.Tensor(x), t, labels).numpy()
    assert np.abs(out[0] - out[1]).max() > 1e-3
    assert np.abs(out[0] - out[2]).max() > 1e-3
    np.testing.assert_allclose(out[0], out[3], atol=1e-5)
    alone = net(mg.Tensor(x[:1]), t[:1], labels[:1]).numpy()
    np.testing.assert_allclose(out[0], alone[0], atol=1e-5)  # no example sees another


def test_attention_lets_every_place_see_every_other():
    layer = awake(SelfAttention(8, mg.Generator(0)))
    x = RNG.standard_normal((1, 3, 3, 8)).astype(np.float32)
    changed = x.copy()
    changed[0, 2, 2] += 1
    difference = np.abs(layer(mg.tensor(changed)).numpy() - layer(mg.tensor(x)).numpy())
    assert (difference.max(axis=(0, 3)) > 1e-5).all()


def test_a_block_begins_as_nothing():
    x = mg.tensor(RNG.standard_normal((2, 4, 4, 8)).astype(np.float32))
    condition = mg.tensor(RNG.standard_normal((2, 16)).astype(np.float32))
    np.testing.assert_array_equal(Block(8, 8, 16, mg.Generator(0))(x, condition).numpy(), x.numpy())


@pytest.mark.parametrize("p", [1, 2, 3])
def test_patches_are_blocks_of_pixels_and_come_back(p):
    x = mg.tensor(RNG.standard_normal((2, 6, 12, 2)))
    small = in_patches(x, p)
    assert small.shape == (2, 6 // p, 12 // p, 2 * p * p)
    np.testing.assert_array_equal(small.numpy()[1, 0, 1], x.numpy()[1, 0:p, p : 2 * p].reshape(-1))
    np.testing.assert_array_equal(out_of_patches(small, p).numpy(), x.numpy())


@pytest.mark.parametrize(
    "net",
    [
        UNet((4, 4, 1), 2, 2, mg.Generator(0)),
        Dense2((2,), 4, 2, 2, mg.Generator(0)),
        Dense2((2,), 4, 2, 2, mg.Generator(0), frequencies=3),
    ],
    ids=["images", "points", "points beside their sines"],
)
def test_the_gradient_of_a_whole_network(net):
    in_float64(awake(net))
    shape = (2, 4, 4, 1) if isinstance(net, UNet) else (2, 2)
    x, t, labels = mg.tensor(RNG.standard_normal(shape)), np.array([0.1, 0.7]), np.array([1, 2])
    mg.gradcheck(lambda x: ops.sum(net(x, t, labels) ** 2), x)


def test_the_longest_wave_of_a_point_is_four_wide():
    net = awake(Dense2((2,), 8, 1, 0, mg.Generator(0), frequencies=3))
    net.layers[0].w.data[:2] = 0  # of the point itself, whatever its waves say
    x, t = RNG.standard_normal((5, 2)), np.full(5, 0.3)
    values = [net(mg.tensor((x + shift).astype(np.float32)), t).numpy() for shift in (0, 4, 2)]
    np.testing.assert_allclose(values[0], values[1], atol=1e-4)
    assert np.abs(values[0] - values[2]).max() > 1e-2


def test_groups_divide_the_channels():
    assert [groups_of(c) for c in (1, 4, 6, 8, 24, 100)] == [1, 4, 2, 8, 8, 4]


@pytest.mark.parametrize("shape", [(7, 8, 1), (18, 18, 1), (28, 30, 1)])
def test_sides_that_cannot_be_halved_are_refused(shape):
    with pytest.raises(ArgumentError, match=r"data: the U-Net halves images; expected sides divisible by [24], got"):
        UNet(shape, 8, 0, mg.Generator(0))
