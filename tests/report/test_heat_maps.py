"""Signed maps as colours, and figures that show what they are given."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigen.report import heat_maps
from minigen.report.heat_maps import HeadMap, signed_colours


@given(st.integers(0, 99), st.floats(1e-3, 1e3))
def test_colours_tell_sign_and_size_whatever_the_scale(seed, scale):
    values = np.random.default_rng(seed).standard_normal((2, 6, 6))
    found = signed_colours(values)
    assert found.shape == (2, 6, 6, 3)
    assert 0 <= found.min() <= found.max() <= 1
    np.testing.assert_allclose(found, signed_colours(scale * values), atol=1e-5)
    red, blue = found[..., 0], found[..., 2]
    assert (red[values > 0] >= blue[values > 0]).all()
    assert (red[values < 0] <= blue[values < 0]).all()
    order = np.argsort(np.abs(values[0][values[0] > 0]))
    assert (np.diff(blue[0][values[0] > 0][order]) <= 1e-6).all()  # the larger, the further from white


def test_nothing_is_white_and_one_pixel_is_seen():
    values = np.zeros((2, 20, 20))
    values[1, 3, 4] = 1e-6
    found = signed_colours(values)
    assert (found[0] == 1).all()
    assert np.allclose(found[1, 3, 4], heat_maps.ORANGE)
    assert (found[1].sum(axis=2) < 3).sum() == 1


@pytest.mark.parametrize("channels", [1, 3])
def test_maps_stand_below_their_images(channels):
    images = np.random.default_rng(0).random((4, 5, 5, channels))
    figure = heat_maps.maps_below(images, [np.ones((4, 5, 5)), -np.ones((4, 5, 5))], "a title")
    canvas = np.asarray(figure.axes[0].images[0].get_array())
    assert canvas.shape == (3 * 6 - 1, 4 * 6 - 1, 3)
    np.testing.assert_allclose(canvas[:5, :5], np.broadcast_to(images[0], (5, 5, 3)), atol=1e-6)
    np.testing.assert_allclose(canvas[6:11, :5], np.broadcast_to(heat_maps.ORANGE, (5, 5, 3)))
    np.testing.assert_allclose(canvas[12:, 18:], np.broadcast_to(heat_maps.BLUE, (5, 5, 3)))


def test_patterns_and_symbols():
    attention = np.random.default_rng(0).random((2, 3, 4, 4))
    figure = heat_maps.head_patterns(attention, heat_maps.shown("a \nb"), "a title")
    shown = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in shown] == [f"layer {i}, head {j}" for i in (1, 2) for j in (1, 2, 3)]
    for axes, one in zip(shown, attention.reshape(6, 4, 4), strict=True):
        assert np.array_equal(axes.images[0].get_array(), one)
        assert [tick.get_text() for tick in axes.get_xticklabels()] == ["a", "\u2423", "\u23ce", "b"]
    assert heat_maps.head_patterns(attention, [], "frames").axes  # without symbols, by numbers


def test_patterns_of_many_places_stay_legible_and_bright():
    """The first place looks at itself with all that it has; and 32 letters must find room along an axis."""
    attention = np.tril(np.full((1, 2, 32, 32), 0.2))
    attention[:, :, 0, 0], attention[0, 1, 20, 3] = 1, 0.4
    figure = heat_maps.head_patterns(attention, ["m"] * 32, "a title")
    for axes in figure.axes[:2]:
        assert axes.images[0].get_clim() == (0, 0.4)
    figure.canvas.draw()
    labels = [tick.get_window_extent() for tick in figure.axes[0].get_yticklabels()]
    assert all(below.y1 <= above.y0 + 1 for above, below in itertools.pairwise(labels))


def test_numbers_of_heads():
    values, error = np.array([[0.5, -0.25], [0.0, 1.0]]), np.full((2, 2), 0.01)
    figure = heat_maps.head_numbers([HeadMap("one", values, error), HeadMap("other", 2 * values)], "a title")
    texts = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert texts[0] == ["0.500\n\u00b1 0.010", "-0.250\n\u00b1 0.010", "0.000\n\u00b1 0.010", "1.000\n\u00b1 0.010"]
    assert texts[1] == ["1.000", "-0.500", "0.000", "2.000"]
    assert {axes.images[0].get_clim() for axes in figure.axes} == {(-2, 2)}  # one scale


def test_what_symbols_owe_and_curves():
    maps = {"one": np.eye(3), "other": -np.eye(3)}
    figure = heat_maps.symbol_maps(maps, ["a", "b", "c"], ["b", "c", "d"], "a title")
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["a", "b", "c"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["b", "c", "d"]
    curves = {"whole": np.array([2.0, 1.0, 0.5]), "less": np.array([2.0, 2.0, 2.0])}
    figure = heat_maps.copying_curves(HeadMap("score", np.eye(2)), curves, 1.5, "a title")
    lines = {line.get_label(): line for line in figure.axes[1].lines}
    assert np.array_equal(lines["whole"].get_xdata(), [2, 3, 4])
    assert np.array_equal(lines["less"].get_ydata(), [2, 2, 2])
    assert figure.axes[1].lines[-1].get_xdata()[0] == 2.5  # between the two copies of two symbols
