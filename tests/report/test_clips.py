"""Continuations beside the truth: the sheet, the GIF, decibels of what goes on well and badly."""

import io
import math

import numpy as np
import pytest
from PIL import Image

from minigen import Generator
from minigen.data.moving import GIVEN
from minigen.metrics import psnr
from minigen.report import clips, evaluate
from minigen.report.clips import final_files
from tests.examples import BY_KIND

from .test_trained import untrained

CLIPS = BY_KIND["clips"]
SHOWN = untrained("video-gpt", CLIPS)
LENGTH = CLIPS.shape[0]


def oracle(x, rng):
    """A model that knows how the clips go on."""
    found = [next(y for y in CLIPS.x if np.array_equal(y[: x.shape[1]], one)) for one in x]
    return np.stack(found)


@pytest.fixture
def knowing(monkeypatch):
    monkeypatch.setattr(SHOWN, "continued", oracle)
    return SHOWN


def frames_of(content):
    """A GIF's frames, (T, height, width, 3) in [0, 1]."""
    image, found = Image.open(io.BytesIO(content)), []
    for t in range(image.n_frames):
        image.seek(t)
        found.append(np.asarray(image.convert("RGB"), np.float32) / 255)
    return np.stack(found)


def test_a_run_leaves_a_sheet_a_gif_and_samples():
    files = final_files(SHOWN, CLIPS, Generator(0))
    assert set(files) == {"samples.png", "continuations.png", "continuations.gif"}
    assert f"truth above continuation, {GIVEN} given" in files["continuations.png"].axes[0].get_title()
    samples = files["samples.png"].axes[0].images[0].get_array()
    assert samples.shape == (clips.SHOWN * 17 - 1, LENGTH * 17 - 1)


def test_truth_stands_above_its_continuation():
    """Each frame of the sheet, by its place; a white column after the frames that are given."""
    x = CLIPS.x[:3]
    again = 1 - x
    canvas = clips.sheet(np.stack([x, again], axis=1), 2, "").axes[0].images[0].get_array()
    for n, k, t in np.ndindex(3, 2, LENGTH):
        column = t + (t >= 2)
        place = canvas[(2 * n + k) * 17 :, column * 17 :][:16, :16]
        np.testing.assert_allclose(place, (x, again)[k][n, t, ..., 0], atol=1e-6)
    assert (canvas[:, 2 * 17 : 3 * 17 - 1] == 1).all()


def test_the_gif_plays_both_rows_and_marks_what_is_drawn():
    x, again = CLIPS.x[:2], 1 - CLIPS.x[:2]
    content = clips.gif(x, again, 4)
    image = Image.open(io.BytesIO(content))
    assert (image.n_frames, image.info["loop"], image.info["duration"]) == (LENGTH, 0, clips.MILLISECONDS)
    found = frames_of(content)[:, clips.ENLARGED // 2 :: clips.ENLARGED, clips.ENLARGED // 2 :: clips.ENLARGED]
    assert found.shape == (LENGTH, 36, 36, 3)
    for t in range(LENGTH):
        for k, row in enumerate((x, again)):
            inside = found[t, 18 * k + 1 : 18 * k + 17, 19:35, 0]
            np.testing.assert_allclose(inside, row[1, t, ..., 0], atol=0.06)  # of few colours
        np.testing.assert_allclose(found[t, 0, 0], 1, atol=0.02)
        edge = clips.DRAWN if t >= 4 else clips.TRUE
        np.testing.assert_allclose(found[t, 18, 0], edge, atol=0.05)


def test_a_model_that_knows_has_no_error(knowing):
    truth, found = clips.compared(knowing, CLIPS, CLIPS, 20, Generator(0))
    assert np.array_equal(truth, CLIPS.x[:20, GIVEN:])
    assert np.array_equal(found["one guess"], truth)
    np.testing.assert_allclose(found[f"mean of {clips.GUESSES} guesses"], truth, atol=1e-6)
    assert psnr(truth, found["last frame"]) < 20
    assert np.array_equal(found["last frame"][:, 0], CLIPS.x[:20, GIVEN - 1])


def test_decibels_by_hand(monkeypatch):
    monkeypatch.setattr(SHOWN, "continued", lambda x, rng: np.full((len(x), *CLIPS.shape), 0.5, np.float32))
    decibels, figure = clips.measured(SHOWN, CLIPS, CLIPS, 30, Generator(0))
    expected = 10 * math.log10(1 / np.square(CLIPS.x[:30, GIVEN:] - 0.5).mean(dtype=np.float64))
    assert decibels["one guess"] == pytest.approx(expected, abs=1e-3)
    lines = {line.get_label(): line.get_ydata() for line in figure.axes[0].lines}
    assert set(lines) == set(decibels)
    assert len(lines["last frame"]) == LENGTH - GIVEN
    through = SHOWN.model.frames.reconstruct(SHOWN._scaled(CLIPS.x[:30, GIVEN:].reshape(-1, 16, 16, 1))).numpy()
    assert decibels["words of the truth"] == pytest.approx(psnr(CLIPS.x[:30, GIVEN:].reshape(-1, 16, 16, 1), through))


def test_evaluation_names_model_and_baselines():
    measures, figures = evaluate(SHOWN, CLIPS, CLIPS, 10, 0)
    assert set(figures) == {"horizon.png"}
    assert {"one guess", "last frame", "mean frame", "last motion"} < set(measures)
    assert f"{len(CLIPS)} test clips" in measures["one guess"].note


def test_clips_are_drawn_a_row_each():
    canvas = clips.samples_picture(CLIPS.x[:4], "four").axes[0].images[0].get_array()
    np.testing.assert_allclose(canvas[17:33, 34:50], CLIPS.x[1, 2, ..., 0], atol=1e-6)
