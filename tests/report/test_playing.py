"""What a model of music leaves: files to hear and to see, of its samples, of harmonies, of the way between tunes."""

import io
import re
import wave

import mido
import numpy as np
import pytest

from minigen.data.tunes import CHARACTERS, roll_of_chorale
from minigen.errors import ArgumentError
from minigen.random import Generator
from minigen.report import evaluate, latent_pictures, playing, sequences
from minigen.report.captions import captions
from minigen.report.music import MOST_ROLLS
from minigen.report.playing import roll_of
from minigen.report.sequences import final_files
from tests.report.small import CHORALES, DATA, trained


def seconds(content):
    with wave.open(io.BytesIO(content)) as file:
        return file.getnframes() / file.getframerate()


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


def test_a_harmony_keeps_the_soprano():
    shown, test = trained("gru", "chorales"), DATA["chorales"]
    rolls = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(playing, "files", lambda name, made, *rest: rolls.extend(made) or {})
        playing.harmony(shown, test, Generator(0))
    original, *drawn = rolls
    assert 1 <= len(drawn) <= playing.HARMONIES
    for roll in drawn:
        sopranos = 87 - original[: len(roll), ::-1].argmax(axis=1)
        assert roll[np.arange(len(roll)), sopranos].all()


def test_nats_a_note_of_the_harmony():
    shown, test = trained("gru", "chorales"), DATA["chorales"]
    found = playing.measures(shown, test)["harmony"]
    log_p = shown.model.log_probs(test.x).numpy()
    assert found == pytest.approx(-log_p[:, 17:65].mean(), abs=1e-4)  # after 16 sopranos and the bar, 48 notes
    assert playing.measures(trained("melody-vae", "melodies"), DATA["melodies"]) == {}
    names = {"notes_independent", "below_the_soprano", "harmony_counting"}
    assert playing.music_baselines(test, test).keys() == names
    measures, _ = evaluate(shown, test, test, 6, 0)
    assert names | {"harmony", "NLL"} <= measures.keys()


def test_the_way_between_two_tunes():
    found = latent_pictures(trained("melody-vae", "melodies"), DATA["melodies"], Generator(0))
    assert found["interpolation.txt"].count("\n") == playing.WAY
    assert seconds(found["interpolation.wav"]) > 16  # the two tunes of the data, whatever an untrained model writes


def test_what_is_no_music_is_left_out():
    assert playing.roll_of("no bar", "chorales").shape == (0, 88)
    assert playing.roll_of(CHARACTERS[3] + "\x7f", "melodies").shape == (0, 88)
    assert playing.files("samples", [], "melodies", "") == {}
    np.testing.assert_array_equal(playing.roll_of(CHORALES[0], "chorales"), roll_of_chorale(CHORALES[0]))


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


def test_the_order_of_pieces_is_said_and_written():
    rolls = [np.eye(4, 88), np.eye(2, 88), np.eye(3, 88)]
    wav, mid = (playing.content(suffix, rolls, "jsb", "gru on jsb", ["a", "b", "c"]) for suffix in (".wav", ".mid"))
    assert playing.apart(3, "jsb") == ", one after the other, 1.2 s of silence between"
    assert playing.apart(1, "jsb") == ""
    assert captions(wav) == captions(mid)
    assert captions(wav)["Contents"] == f"3 pieces{playing.apart(3, 'jsb')}: a at 0.0 s, b at 3.6 s, c at 6.0 s"
    assert seconds(wav) == pytest.approx(0.6 * (4 + 2 + 2 + 2 + 3), abs=0.1)
    marks = [message.text for message in mido.MidiFile(file=io.BytesIO(mid)) if message.type == "marker"]
    assert marks == ["a", "b", "c"]


@pytest.mark.parametrize("suffix", [".wav", ".mid"])
def test_more_pieces_than_a_file_of_sound_holds(suffix):
    with pytest.raises(ArgumentError, match="n: 200 pieces last 719 seconds, expected at most 600 in a file"):
        playing.content(suffix, [np.eye(4, 88)] * 200, "jsb", "")


def test_a_voice_that_stops_is_explained(monkeypatch):
    shown, test = trained("gru", "chorales"), DATA["chorales"]
    x = test.x[6:8].copy()
    x[0, 30:] = 0, *[255] * (x.shape[1] - 31)  # four frames of voices, and an end
    monkeypatch.setattr(type(shown), "symbols", lambda *given, **how: x)
    titles = [axes.get_title(loc="left") for axes in playing.harmony(shown, test, Generator(0))["harmony.png"].axes]
    voices = "its soprano, with voices that are drawn"
    assert titles == ["the original", f"{voices} (1); the model ended it after 4 of 16 frames", f"{voices} (2)"]
