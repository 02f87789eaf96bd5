"""Pictures of names: what is found by what was drawn, what a run and the command leave."""

import numpy as np
import pytest

from minigen import Generator
from minigen.errors import ArgumentError
from minigen.report import evaluate, illustrations
from minigen.report.samples import check_how, sampled
from tests.examples import BY_KIND

from .test_trained import untrained

PAIRS = BY_KIND["pairs"]


@pytest.fixture
def knowing(monkeypatch):
    """A model that draws the true picture of each name."""
    shown = untrained("text-to-image", PAIRS)
    rows = {name.tobytes(): x for name, x in zip(PAIRS.y, PAIRS.x, strict=True)}
    monkeypatch.setattr(
        shown, "sample", lambda n, rng, prompt, **how: np.stack([rows[name.tobytes()] for name in prompt])
    )
    return shown


def test_who_draws_the_truth_is_found(knowing, monkeypatch):
    monkeypatch.setattr(illustrations, "JUDGED", 40)
    measures, _ = evaluate(knowing, PAIRS, PAIRS, 10, 0)
    assert measures["found"].value > 0.9  # some squares have the same boxes of colours
    assert measures["seen found"].value > 0.9
    assert measures["chance"].value == 0.25


def test_who_draws_the_same_for_all_is_found_by_chance(knowing, monkeypatch):
    monkeypatch.setattr(knowing, "sample", lambda n, rng, prompt, **how: np.stack([PAIRS.x[0]] * n))
    found = illustrations.found(knowing, PAIRS, PAIRS, Generator(0))
    assert found["found"] == pytest.approx(found["chance"], abs=0.06)


def test_a_run_leaves_held_out_names_beside_the_truth(knowing):
    _, files = illustrations.results(knowing, PAIRS, PAIRS, Generator(0))
    (axes,) = files["samples.png"].axes
    canvas = axes.images[0].get_array()
    side = PAIRS.shape[0] + 1
    for row in range(illustrations.NAMES):
        true, *made = (canvas[row * side :, c * side :][: side - 1, : side - 1] for c in (0, 2, 3, 4, 5))
        for one in made:
            np.testing.assert_allclose(one, true, atol=1e-6)
    assert len(axes.texts) == illustrations.NAMES


def test_a_prompt_is_drawn(monkeypatch):
    shown, asked = untrained("text-to-image", PAIRS), []
    monkeypatch.setattr("minigen.report.samples.load", lambda *about, **more: PAIRS)
    monkeypatch.setattr(
        shown, "sample", lambda n, rng, prompt, **how: asked.append((prompt, how)) or np.zeros((n, *PAIRS.shape))
    )
    check_how(untrained("text-to-image", PAIRS), {"prompt": "a", "guidance": 1.0, "evaluations": 3})
    told, _ = sampled(shown, 3, 0, (".png",), None, {"prompt": "b square", "guidance": 2.0})
    assert told == "3 samples"
    ((names, how),) = asked
    assert how == {"guidance": 2.0}
    assert [[PAIRS.words[i] for i in row if i] for row in names] == [["b", "square"]] * 3
    with pytest.raises(ArgumentError, match=r"^prompt: 'zebra' is none of the 26 known words"):
        sampled(shown, 3, 0, (".png",), None, {"prompt": "zebra"})


def test_samples_as_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr("minigen.report.samples.load", lambda *about, **more: PAIRS)
    shown = untrained("text-to-image", PAIRS, evaluations=2)
    told, files = sampled(shown, 5, 0, (".npy",), None, {})
    files[".npy"](tmp_path / "x.npy")
    x = np.load(tmp_path / "x.npy")
    assert (told, x.shape) == ("5 samples", (5, *PAIRS.shape))
    assert x.min() >= 0
    assert x.max() <= 1
