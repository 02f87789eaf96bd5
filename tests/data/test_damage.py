"""Damage: how much, where, and on which device."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen.backend import device_of, to_device, to_numpy
from minigen.data.damage import DAMAGES, add_noise, check_damage, cut_hole, shrink
from minigen.errors import ArgumentError


def images(n=4, h=8, w=12, c=2, seed=0):
    return np.random.default_rng(seed).random((n, h, w, c), dtype=np.float32)


@pytest.mark.parametrize(("name", "amount"), [("noise", 0.5), ("hole", 0.5), ("low resolution", 2)])
def test_shapes_types_and_devices(device, name, amount):
    x = to_device(images(), device)
    y, known = DAMAGES[name](x, amount, mg.Generator(0))
    assert y.shape == x.shape
    assert known.shape == (4, 8, 12, 1)
    assert {y.dtype, known.dtype} == {np.dtype(np.float32)}
    assert {device_of(y), device_of(known)} == {device}
    assert np.array_equal(to_numpy(x), images())  # not in place
    known, y = to_numpy(known), to_numpy(y)
    assert set(np.unique(known)) <= {0.0, 1.0}
    assert np.array_equal(known * y, known * images())  # what is called known is


@given(st.floats(0.05, 3), st.integers(0, 100))
def test_noise_has_its_deviation(amount, seed):
    x = np.full((50, 10, 10, 1), 0.5, np.float32)
    error = add_noise(x, amount, mg.Generator(seed)).y - x
    assert np.isclose(error.std(), amount, rtol=0.1)
    assert abs(error.mean()) < 0.1 * amount


@given(st.integers(1, 11), st.integers(1, 11), st.floats(0.01, 0.99), st.integers(0, 100))
def test_a_hole_is_a_square_of_its_share(h, w, amount, seed):
    x = images(3, h, w, 1) + 1
    y, known = cut_hole(x, amount, mg.Generator(seed))
    for image, mask in zip(y, known[..., 0], strict=True):
        rows, columns = np.flatnonzero((mask == 0).any(axis=1)), np.flatnonzero((mask == 0).any(axis=0))
        assert len(rows) == max(1, round(amount * h))
        assert len(columns) == max(1, round(amount * w))
        assert np.all(mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] == 0)
        assert (mask == 0).sum() == len(rows) * len(columns)
        assert np.array_equal(image[..., 0] == 0, mask == 0)


def test_holes_are_everywhere_they_can_be():
    known = cut_hole(images(2000, 4, 4, 1), 0.5, mg.Generator(0)).known
    places = {tuple(np.argwhere(mask == 0)[0][:2]) for mask in known}
    assert places == {(i, j) for i in range(3) for j in range(3)}


@given(st.sampled_from([(2, 8, 12), (4, 8, 12), (4, 4, 4), (3, 9, 6)]))
def test_blocks_become_their_mean(case):
    f, h, w = case
    x = images(2, h, w)
    y = shrink(x, f, mg.Generator(0)).y
    for i in range(0, h, f):
        for j in range(0, w, f):
            block = slice(None), slice(i, i + f), slice(j, j + f)
            mean = x[block].mean(axis=(1, 2), keepdims=True)
            assert np.allclose(y[block], np.broadcast_to(mean, x[block].shape))


@pytest.mark.parametrize(
    ("name", "amount", "message"),
    [
        ("noise", 0.0, "amount: expected the noise's deviation, 0 < amount <= 10, got 0.0"),
        ("noise", float("nan"), "amount: expected the noise's deviation"),
        ("hole", 1.0, "amount: expected the hole's side as a share of the image's, 0 < amount < 1, got 1.0"),
        ("low resolution", 3, "amount: expected a factor >= 2 that divides the sides (8, 12), got 3"),
        ("low resolution", 2.5, "amount: expected a factor >= 2"),
        ("low resolution", 1, "amount: expected a factor >= 2"),
        ("scratch", 1, "damage: unknown name 'scratch'"),
    ],
)
def test_what_cannot_be(name, amount, message):
    with pytest.raises(ArgumentError) as caught:
        check_damage(name, amount, (8, 12, 1))
    assert message in str(caught.value)
