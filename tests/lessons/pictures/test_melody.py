"""Piano rolls of lesson 18: notes of one length look alike wherever they stand, and each voice has its colour."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from minigen.lessons.pictures import melody


@pytest.fixture
def ink():
    """A function of a figure: how far each pixel of its first axes is from white, (rows, columns)."""

    def measured(figure):
        figure.set_dpi(72)
        figure.axes[0].grid(visible=False)
        figure.canvas.draw()
        box = figure.axes[0].get_window_extent()
        image = np.asarray(figure.canvas.buffer_rgba(), float)[::-1, :, :3]
        return 255 - image[int(box.y0) + 3 : int(box.y1) - 3, int(box.x0) + 3 : int(box.x1) - 3].mean(axis=2)

    return measured


def test_equal_notes_have_equally_much_ink(ink):
    roll = np.zeros((16, 88), np.uint8)
    roll[np.arange(16), 30 + 3 * np.arange(16) % 37] = 1
    drawn = ink(melody.score([roll]))
    columns = np.linspace(0, drawn.shape[1], 17)
    notes = [drawn[:, int(a) + 5 : int(b) - 5].sum() for a, b in itertools.pairwise(columns)]
    assert np.ptp(notes) < 0.08 * np.mean(notes)


def test_each_voice_has_its_colour_in_every_roll():
    voices = np.stack([np.tile([60, 50, 40, 30], (4, 1)), np.tile([61, 51, 41, 31], (4, 1))])
    figure = melody.score(list(melody.rolls_of(voices)), ["one", "another"], voices)
    for axes in figure.axes:
        colours = [bar.get_facecolor()[:3] for bar in sorted(axes.patches, key=lambda bar: -bar.get_y())]
        assert colours == [to_rgb(colour) for colour in melody.COLOURS]
