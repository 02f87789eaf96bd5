"""What a model of music leaves: files to hear and to see, of its samples, of harmonies, of the way between tunes."""

import io

import mido
import numpy as np
import pytest

from minigen.data.tunes import CHARACTERS, roll_of_chorale
from minigen.errors import ArgumentError
from minigen.random import Generator
from minigen.report import evaluate, latent_pictures, playing
from minigen.report.captions import captions
from tests.report.small import CHORALES, DATA, seconds, trained


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
