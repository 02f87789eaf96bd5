"""What a model of text, lines or rolls leaves, what `sample` makes of it, and what is measured."""

import re

import numpy as np
import pytest

from minigen.errors import ArgumentError, NumericalError
from minigen.random import Generator
from minigen.report import evaluate, playing, sequences
from minigen.report.music import MOST_ROLLS
from minigen.report.playing import roll_of
from minigen.report.samples import sampled
from minigen.report.sequences import final_files, results
from tests.report.small import DATA, seconds, trained


@pytest.mark.parametrize(
    ("model", "data", "expected"),
    [
        ("gru", "jsb", {"samples"}),
        ("gru", "melodies", {"samples"}),
        ("melody-vae", "melodies", {"samples", "reconstructions"}),
        ("gru", "chorales", {"harmony"}),
    ],
)
def test_a_run_leaves_music(model, data, expected, monkeypatch):
    monkeypatch.setattr(playing, "FRAMES", 6)
    found = final_files(trained(model, data), DATA[data], Generator(0))
    heard = {name.partition(".")[0] for name in found if name.endswith(".wav")}
    assert heard >= expected
    for name in heard:
        assert found[f"{name}.mid"][:4] == b"MThd"
        assert seconds(found[f"{name}.wav"]) > 0.5
        assert found[f"{name}.png"].axes
    assert ("samples.txt" in found) == (data != "jsb")


@pytest.mark.parametrize("data", ["melodies", "jsb"])
def test_files_of_one_name_hold_the_same_samples(data, monkeypatch):
    """What is read, heard and seen are the same pieces; see what is played."""
    heard = []
    monkeypatch.setattr(sequences, "content", lambda suffix, rolls, *rest: heard.append(rolls) or b"")
    _, found = sequences.samples(trained("gru", data), 3, Generator(0), (".txt", ".wav", ".png")[data == "jsb" :])
    assert len(heard) == 2
    for rolls in heard:
        if data == "jsb":
            assert len(rolls) == 3
            assert {roll.shape for roll in rolls} == {(playing.FRAMES, 88)}
        else:
            expected = [roll for line in found[".txt"].splitlines() if len(roll := roll_of(line, data))]
            assert all(np.array_equal(a, b) for a, b in zip(rolls, expected, strict=True))


def test_what_is_no_music_is_told(monkeypatch):
    shown = trained("gru", "melodies")
    monkeypatch.setattr(sequences, "texts", lambda *given, **how: ["AB..", "\x7f", "-C", ""])
    told, found = sequences.samples(shown, 4, Generator(0), (".txt", ".png"))
    assert told == "4 lines, 2 pieces (2 of 4 are no music)"
    assert [axes.get_title(loc="left") for axes in found[".png"].axes] == ["line 1", "line 3"]
    monkeypatch.setattr(sequences, "texts", lambda *given, **how: ["\x7f"])
    assert sequences.samples(shown, 1, Generator(0), (".txt", ".wav"))[0] == "1 line, 0 pieces (1 of 1 is no music)"
    with pytest.raises(ArgumentError, match="folder: what 'gru' wrote is no music; train it longer, or take a"):
        sequences.samples(shown, 1, Generator(0), (".wav",))


def test_a_file_of_music_lasts_ten_minutes_at_most(monkeypatch):
    shown = trained("gru", "jsb")
    told, found = sequences.samples(shown, 3, Generator(0), (".wav",), length=400)  # of 0.6 seconds
    assert told == f"the first 2 of 3 pieces, as many as one file holds{playing.apart(2, 'jsb')}"
    assert seconds(found[".wav"]) == pytest.approx((2 * 400 + 2) * 0.6, abs=0.2)
    with pytest.raises(ArgumentError, match="length: expected at most 1000 frames, which last 10 minutes, got 1001"):
        sequences.samples(shown, 1, Generator(0), (".mid",), length=1001)
    assert sequences.samples(trained("gru", "melodies"), 60, Generator(0), (".txt",))[0] == "60 lines"


@pytest.mark.parametrize("data", ["jsb", "melodies"])
def test_many_pieces_are_shown_as_far_as_a_file_holds_them(data):
    shown, n = trained("gru", data), 2 * MOST_ROLLS
    told, found = sequences.samples(shown, n, Generator(0), (".png",), length=3)
    assert re.match(rf"the first {MOST_ROLLS} of \d+ pieces, as many as one file holds", told)
    assert len(found[".png"].axes) == MOST_ROLLS


def test_a_run_whose_weights_came_to_nothing_ends_without_samples():
    shown = trained("gru", "melodies")
    shown.model.head.w.data[...] = np.nan
    assert results(shown, DATA["melodies"], DATA["melodies"], Generator(0)) == ({}, {})
    with pytest.raises(NumericalError, match="train again, with a lower --lr"):
        sampled(shown, 1, 0, (".txt",), None, {})


@pytest.mark.parametrize(("model", "data"), [("gru", "adder"), ("melody-vae", "melodies"), ("gru", "sonnets")])
def test_of_text_and_lines_no_number_of_samples_is_refused(model, data):
    shown, test = trained(model, data), DATA[data]
    found, _ = evaluate(shown, test, test, 2, 0)
    assert found["NLL"].value > 0
    assert ("copies" in found) == (data != "sonnets")
    assert ("right_sums" in found) == ("right_sums_counting" in found) == (data == "adder")
    a_line = found.get("NLL of a line")
    assert (a_line is not None) == (model == "melody-vae")
    if a_line:
        assert a_line.value == pytest.approx(found["NLL"].value * 33)
    if data != "sonnets":
        assert "2 samples" in found["copies"].note


def test_copies_of_lines_are_found(monkeypatch):
    shown, test = trained("gru", "names"), DATA["names"]
    monkeypatch.setattr(sequences, "texts", lambda trained, n, rng: ["anna", "xyz", "bo", "new"][:n])
    assert evaluate(shown, test, test, 4, 0)[0]["copies"].value == 0.5
