"""Digits can be told apart without colour, and by those who see colours differently."""

import itertools

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_rgb

from minigen.lessons.pictures.style import DIGITS, numerals

# Machado, Oliveira & Fernandes 2009, doi:10.1109/TVCG.2009.113, table of severity 1; for linear RGB
SEEN = {
    "by most": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = np.array([0.95047, 1.0, 1.08883])


def least_difference(colours, eye):
    """The smallest distance in CIELAB of two of the colours, as this eye sees them."""
    places = []
    for colour in colours:
        c = np.array(to_rgb(colour))
        linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
        xyz = TO_XYZ @ np.clip(eye @ linear, 0, 1) / WHITE
        x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
        places.append((116 * y - 16, 500 * (x - y), 200 * (y - z)))
    return min(np.linalg.norm(np.subtract(a, b)) for a, b in itertools.combinations(places, 2))


@pytest.mark.parametrize("eye", SEEN)
def test_any_two_colours_differ(eye):
    """By more than 15; a just noticeable difference is about 2.3."""
    assert least_difference(DIGITS, np.array(SEEN[eye])) > 15


def test_the_simulation_finds_colours_that_are_mistaken():
    assert least_difference(mpl.colormaps["tab10"].colors, np.array(SEEN["protanopia"])) < 5


def test_each_point_is_its_numeral():
    figure, axis = pyplot.subplots()
    numerals(axis, np.arange(8.0).reshape(4, 2), np.array([7, 0, 7, 3]))
    assert [len(points.get_offsets()) for points in axis.collections] == [1, 1, 2]
    shapes = {points.get_paths()[0].vertices.shape for points in axis.collections}
    assert len(shapes) == 3, "0, 3 and 7 have different outlines"
    pyplot.close(figure)
