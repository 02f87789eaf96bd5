"""What a model of music leaves: files to hear and to see, of its samples, of harmonies, of the way between tunes."""

import io
import re
import wave

import mido
import numpy as np
import pytest

import minigen as mg
from minigen.data import Dataset
from minigen.data.alphabet import pack
from minigen.data.tunes import CHARACTERS, chorale_of, roll_of_chorale
from minigen.errors import ArgumentError
from minigen.models import recipe_of
from minigen.random import Generator
from minigen.report import Trained, final_files, latent_pictures, playing
from minigen.report.captions import captions
from minigen.report.evaluation import evaluate
from minigen.report.music import MOST_ROLLS
from minigen.report.samples import check_how, sampled, suffixes_of

RNG = np.random.default_rng(0)
MELODIES = ["".join(RNG.choice(list("ABCD.-"), 32)) for _ in range(12)]


def chorale():
    roll = np.zeros((16, 88), np.uint8)
    for t in range(16):
        roll[t, np.array([20, 30, 35, 40]) + RNG.integers(0, 4)] = 1
    return chorale_of(roll)


CHORALES = [chorale() for _ in range(12)]


def lines(name, of):
    alphabet = "\n" + "".join(sorted(set("".join(of))))
    return Dataset(name, pack(of, alphabet, len(of[0])), alphabet=alphabet)


DATA = {
    "melodies": lines("melodies", MELODIES),
    "chorales": lines("chorales", CHORALES),
    "jsb": Dataset("jsb", (RNG.random((12, 17, 88)) < 0.04).astype(np.uint8)),
}
SMALL = {"width": 8, "batch_size": 4}


def trained(model, data):
    recipe = recipe_of(model)
    settings = recipe.settings(DATA[data], **SMALL)
    net = recipe.build(settings, DATA[data].shape, mg.Generator(0))
    recipe.trainer(net, settings).prepare(mg.Tensor(DATA[data].x))
    return Trained(net.eval(), settings, DATA[data].shape)


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


@pytest.mark.parametrize("suffix", [".wav", ".mid", ".png", ".npy"])
def test_samples_of_rolls(suffix, tmp_path):
    shown = trained("gru", "jsb")
    assert suffix in suffixes_of(shown)
    told, content = sampled(shown, 2, 0, suffix, None, {"length": 9})
    assert told.startswith("2 ")
    if suffix == ".npy":
        content(tmp_path / "x.npy")
        assert np.load(tmp_path / "x.npy").shape == (2, 10, 88)
    with pytest.raises(ArgumentError, match="prompt: 'gru' writes no text"):
        check_how(shown, {"prompt": "AB"})


def test_samples_of_a_harmony_begin_with_the_prompt():
    shown = trained("gru", "chorales")
    prompt = CHORALES[0].partition("|")[0] + "|"
    _, text = sampled(shown, 2, 0, ".txt", None, {"prompt": prompt, "length": 48})
    assert all(line.startswith(prompt) for line in text.splitlines())
    assert ".wav" in suffixes_of(shown)


@pytest.mark.parametrize("data", ["jsb", "melodies"])
def test_many_pieces_are_drawn_as_far_as_a_picture_shows_them(data):
    shown, n = trained("gru", data), 2 * MOST_ROLLS
    told, figure = sampled(shown, n, 0, ".png", None, {"length": 3})
    assert re.fullmatch(
        rf"the first {MOST_ROLLS} of \d+ pieces, as many as a picture shows; others are .*NAME.mid", told
    )
    assert len(figure.axes) == MOST_ROLLS


def test_the_order_of_pieces_is_said_and_written():
    rolls = [np.eye(4, 88), np.eye(2, 88), np.eye(3, 88)]
    wav, mid = (playing.content(suffix, rolls, "jsb", "gru on jsb", ["a", "b", "c"]) for suffix in (".wav", ".mid"))
    assert playing.apart(3, "jsb") == "3 pieces, one after the other, 1.2 s of silence between"
    assert playing.apart(1, "jsb") == "1 piece"
    assert captions(wav) == captions(mid)
    assert captions(wav)["Contents"] == f"{playing.apart(3, 'jsb')}: a at 0.0 s, b at 3.6 s, c at 6.0 s"
    assert seconds(wav) == pytest.approx(0.6 * (4 + 2 + 2 + 2 + 3), abs=0.1)
    marks = [message.text for message in mido.MidiFile(file=io.BytesIO(mid)) if message.type == "marker"]
    assert marks == ["a", "b", "c"]


@pytest.mark.parametrize("suffix", [".wav", ".mid"])
def test_more_pieces_than_a_file_of_sound_holds(suffix):
    with pytest.raises(ArgumentError, match="n: 200 pieces last 719 seconds, expected at most 600 in a file"):
        playing.content(suffix, [np.eye(4, 88)] * 200, "jsb", "")
