"""Things to move: a widget that redraws, a still picture in its place, and an animation."""

import base64
import io
import sys

import numpy as np
import pytest
from matplotlib import pyplot
from PIL import Image

from minigen.errors import ArgumentError
from minigen.lessons import Choice, Slider, animate, move, moving

SEEN = []


def draw(height, colour="C0"):
    SEEN.append((height, colour))
    figure, axis = pyplot.subplots(figsize=(2, 1))
    axis.bar([0], [height], color=colour)
    return figure


@pytest.fixture
def shown(monkeypatch):
    """What would be displayed."""
    bundles = []
    monkeypatch.setattr(moving, "_display", bundles.append)
    SEEN.clear()
    return bundles


def picture(text):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB"))


def test_a_moved_slider_draws_anew(shown):
    import ipywidgets

    move(draw, height=Slider(0, 5, 1, start=2), colour=Choice(("C0", "C1"), start="C1", label="colour of the bar"))
    (bundle,) = shown
    assert SEEN == [(2, "C1")]
    still = picture(bundle["image/png"])
    box = ipywidgets.widget_serialization["from_json"]("IPY_MODEL_" + bundle[moving.WIDGET]["model_id"], None)
    slider, choice, image = box.children
    assert (slider.description, choice.description) == ("height", "colour of the bar")
    slider.value = 4
    assert SEEN[-1] == (4, "C1")
    assert isinstance(SEEN[-1][0], int)
    choice.value = "C0"
    assert SEEN[-1] == (4, "C0")
    now = np.asarray(Image.open(io.BytesIO(image.value)).convert("RGB"))
    assert not np.array_equal(now, still)
    assert not pyplot.get_fignums(), "a notebook would show it a second time"


def test_without_widgets_there_is_a_picture(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    move(draw, height=Slider(0.0, 5.0, 0.5, start=2.5))
    assert shown[0].keys() == {"image/png"}
    assert picture(shown[0]["image/png"]).shape == (100, 200, 3)


@pytest.mark.parametrize("control", [Slider(0, 5, 1, start=6), Choice(("a", "b"), start="c")])
def test_a_start_that_is_not_among_the_values(shown, control):
    with pytest.raises(ArgumentError, match="height starts at"):
        move(draw, height=control)


def test_an_animation_has_all_frames_and_a_still_of_the_last(shown):
    animate(lambda i: draw(i + 1), 5, seconds=0.1)
    film = Image.open(io.BytesIO(base64.b64decode(shown[0]["image/gif"])))
    assert film.n_frames == 5
    assert len(shown[0]["image/gif"]) < 50_000
    film.seek(4)
    last = np.asarray(film.convert("RGB")).astype(float)
    assert abs(last - picture(shown[0]["image/png"])).mean() < 2
    assert not pyplot.get_fignums()
