"""Chains, squeezing and scales: the elements, the inverse, and the determinants."""

import numpy as np
import pytest

import minigen as mg
from minigen.errors import MinigenError
from minigen.models.flows.bijection import Bijection, Chain, Scales, Squeeze
from minigen.models.flows.coupling import Coupling
from minigen.models.flows.mixing import Mixing, Normalize, Swap
from minigen.models.flows.realnvp import dense_network

from .jacobian import check_bijection, in_float64, shaken

rng = np.random.default_rng(0)


def coupling(channels):
    return Coupling(dense_network(channels - channels // 2, 2 * (channels // 2), 5, mg.Generator(1)), channels)


def test_a_chain_adds_the_determinants_up_and_is_undone_backwards():
    chain = Chain(Normalize((3,)), Mixing(3, mg.Generator(0)), coupling(3), Swap(), coupling(3))
    check_bijection(in_float64(shaken(chain)), rng.standard_normal((3, 3)))


def test_squeezing_moves_pixels_and_makes_a_checkerboard(device):
    x = mg.tensor(np.arange(2 * 4 * 6 * 3, dtype=np.float32).reshape(2, 4, 6, 3), device=device)
    z, log_det = Squeeze()(x)
    assert z.shape == (2, 2, 3, 12)
    assert not log_det.numpy().any()
    np.testing.assert_array_equal(Squeeze().inverse(z)[0].numpy(), x.numpy())
    block = x.numpy()[1, 2:4, 4:6]  # of rows 2, 3 and columns 4, 5
    np.testing.assert_array_equal(z.numpy()[1, 1, 2], [*block[0, 0], *block[1, 1], *block[0, 1], *block[1, 0]])
    board = np.indices((4, 6)).sum(0) % 2
    halves = Squeeze()(mg.tensor(board[None, ..., None].astype(np.float32), device=device))[0].numpy()
    assert not halves[..., :2].any()
    assert halves[..., 2:].all()


def test_squeezing_refuses_an_odd_side():
    with pytest.raises(MinigenError, match=r"Squeeze: .*\(4, 3, 1\)"):
        Squeeze()(mg.zeros((1, 4, 3, 1)))


def test_scales_leave_half_of_the_channels_and_go_on_with_the_others():
    maps = [Chain(Squeeze(), Mixing(4, mg.Generator(0)), coupling(4)), Chain(Squeeze(), coupling(8), Swap())]
    scales = in_float64(shaken(Scales(maps, (1, 1, 8))))
    x = rng.standard_normal((2, 4, 4, 1))
    check_bijection(scales, x)
    z = scales(mg.tensor(x))[0].numpy()
    first = maps[0](mg.tensor(x))[0].numpy()
    np.testing.assert_allclose(z[:, :8], first[..., :2].reshape(2, 8))  # the first scale's half, as it was
    second = maps[1](mg.tensor(first[..., 2:]))[0].numpy()
    np.testing.assert_allclose(z[:, 8:], second.reshape(2, 8))


def test_three_scales_come_back():
    maps = [Chain(Squeeze(), coupling(4)), Chain(Squeeze(), coupling(8)), Chain(Squeeze(), coupling(16))]
    check_bijection(in_float64(shaken(Scales(maps, (1, 1, 16)))), rng.standard_normal((1, 8, 8, 1)))


def test_each_map_is_prepared_with_what_those_before_it_make():
    first, second = Normalize((2,)), Normalize((2,))
    x = mg.tensor((5 + 3 * rng.standard_normal((500, 2))).astype(np.float32))
    Chain(first, Swap(), second).prepare(x)
    np.testing.assert_allclose(first.mean.numpy(), 5, atol=0.5)
    np.testing.assert_allclose(second.mean.numpy(), 0, atol=1e-4)
    inner = Normalize((2, 2, 2))
    Scales([Chain(Squeeze()), inner], (2, 2, 2)).prepare(mg.tensor(rng.standard_normal((50, 4, 4, 1)) + 7.0))
    np.testing.assert_allclose(inner.mean.numpy(), 7, atol=1)


def test_a_map_that_defines_nothing_says_so():
    with pytest.raises(NotImplementedError, match="Bijection defines no forward"):
        Bijection()(mg.zeros((1, 2)))
    with pytest.raises(NotImplementedError, match="Bijection defines no inverse"):
        Bijection().inverse(mg.zeros((1, 2)))
