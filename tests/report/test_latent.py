"""Latent tools: the ends are the ends, arcs keep the length, each picture lies where it should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minigen.errors import ArgumentError, ShapeError
from minigen.report import latent

codes = arrays(np.float64, (3, 4), elements=st.floats(-3, 3).filter(lambda v: v == 0 or abs(v) > 1e-3))
shares = st.floats(0, 1)


def decode(z):
    """Images of one row of pixels: the codes themselves, squashed into [0, 1]."""
    return (1 / (1 + np.exp(-z))).reshape(len(z), 1, -1, 1)


def shown(figure):
    return figure.axes[0].images[0].get_array()


@given(codes, codes)
def test_both_ways_begin_and_end_at_the_codes(z1, z2):
    for between in (latent.lerp, latent.slerp):
        assert np.allclose(between(z1, z2, 0.0), z1)
        assert np.allclose(between(z1, z2, 1.0), z2)


@given(codes, codes, shares)
def test_an_arc_between_codes_of_one_length_keeps_it(z1, z2, t):
    z1, z2 = z1 + 0.1, z2 + 0.1
    lengths = np.linalg.norm(z1, axis=1), np.linalg.norm(z2, axis=1)
    z1, z2 = z1 / lengths[0][:, None], z2 / np.maximum(lengths[1], 1e-9)[:, None]
    cosine = np.sum(z1 * z2, axis=1)
    ordinary = np.abs(cosine) < 0.999
    assert np.allclose(np.linalg.norm(latent.slerp(z1, z2, t), axis=1)[ordinary], 1)


@given(shares)
def test_an_arc_turns_at_an_even_speed(t):
    z1, z2 = np.array([3.0, 0.0]), np.array([0.0, 3.0])
    found = latent.slerp(z1, z2, t)
    assert np.allclose(found, [3 * np.cos(t * np.pi / 2), 3 * np.sin(t * np.pi / 2)])


@given(codes, shares)
def test_parallel_opposite_and_vanishing_codes_take_the_straight_line(z, t):
    for other in (2 * z, -z, 0 * z):
        assert np.allclose(latent.slerp(z, other, t), latent.lerp(z, other, t), atol=1e-4)


def test_the_middle_of_a_straight_line_is_too_short():
    """In 64 dimensions: sqrt(64 / 2) where a code has sqrt(64)."""
    z1, z2 = np.random.default_rng(0).standard_normal((2, 1000, 64))
    assert np.isclose(np.linalg.norm(latent.lerp(z1, z2, 0.5), axis=1).mean(), np.sqrt(32), rtol=0.02)
    assert np.isclose(np.linalg.norm(latent.slerp(z1, z2, 0.5), axis=1).mean(), 8, rtol=0.02)


@pytest.mark.parametrize("way", latent.WAYS)
def test_rows_of_an_interpolation(way):
    z1, z2 = np.random.default_rng(0).standard_normal((2, 3, 4))
    canvas = shown(latent.interpolation(decode, z1, z2, 5, way))
    assert canvas.shape == (3 * 2 - 1, 5 * 5 - 1)
    assert np.allclose(canvas[2, :4], decode(z1)[1, 0, :, 0])
    assert np.allclose(canvas[2, -4:], decode(z2)[1, 0, :, 0])


def test_traversals_show_the_strongest_latents_first():
    """The third changes the image ten times as much as the others, the second not at all."""
    strengths = np.array([1.0, 0.0, 10.0])
    figure = latent.traversals(lambda z: decode(z * strengths / 10), np.zeros(3), n=5, rows=2)
    assert figure.axes[0].get_title() == "one latent a row: 2, 0"
    row = shown(figure)[0]
    assert np.all(np.diff(row[2::4]) > 0)  # the third pixel follows its latent upwards
    assert np.allclose(row[0::4], 0.5)  # the others rest


@given(codes)
def test_the_direction_of_an_attribute(z):
    has = np.array([True, False, True])
    assert np.allclose(latent.attribute(z, has), (z[0] + z[2]) / 2 - z[1])
    for none in (has | True, has & False):
        with pytest.raises(ArgumentError, match="got only one kind"):
            latent.attribute(z, none)


def test_arithmetic_goes_all_the_way():
    z = np.random.default_rng(0).standard_normal((2, 4))
    one, each = np.ones(4), np.random.default_rng(1).standard_normal((2, 4))
    for directions in (one, each):
        canvas = shown(latent.arithmetic(decode, z, directions, 3))
        assert np.allclose(canvas[[0, 2], :4], decode(z)[:, 0, :, 0])
        assert np.allclose(canvas[[0, 2], -4:], decode(z + directions)[:, 0, :, 0])


def test_the_plane():
    canvas = shown(latent.manifold(decode, 4))
    assert np.all(np.diff(canvas[0, 0::3]) > 0)  # the first latent grows rightwards
    assert np.all(np.diff(canvas[0::2, 1]) < 0)  # the second upwards


def test_refusals():
    z = np.zeros((2, 3))
    with pytest.raises(ArgumentError, match="way: expected one of linear, spherical, got 'cubic'"):
        latent.interpolation(decode, z, z, way="cubic")
    with pytest.raises(ArgumentError, match="n: expected 2 images or more"):
        latent.interpolation(decode, z, z, 1)
    with pytest.raises(ShapeError, match="z1, z2: expected two arrays"):
        latent.interpolation(decode, z, z[:1])
    with pytest.raises(ShapeError, match="z: expected one code"):
        latent.traversals(decode, z)
    with pytest.raises(ShapeError, match="directions: expected the shape"):
        latent.arithmetic(decode, z, np.zeros(2))
