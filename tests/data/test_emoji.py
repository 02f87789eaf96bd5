"""Emoji: names of words, what is held out, and pictures drawn from a font, here mostly matplotlib's DejaVu Sans."""

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from minigen import data
from minigen.data import emoji
from minigen.data.emoji import decode_names, drawn, emoji_names, encode_names, held_out, split_name, words_of
from minigen.errors import ArgumentError, DataError

REAL = emoji.located()  # of this machine, before the tests hide it


def dejavu():
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@pytest.fixture
def letters(monkeypatch):
    """A font that every machine has, in place of that with the pictures."""
    monkeypatch.setattr(emoji, "FAMILY", "DejaVu Sans")
    return dejavu()


def test_the_names_are_those_of_the_characters():
    characters, names = emoji_names()
    assert len(characters) == len(names) == len(set(names)) == 1391
    assert characters == sorted(set(characters))
    assert names == [unicodedata.name(character).lower() for character in characters]
    assert min(characters) >= "\u2000"
    assert len(words_of(names)) == 1438


def test_a_name_is_its_words_and_back():
    assert split_name("Clock face two-thirty") == ["clock", "face", "two", "thirty"]
    names = ["grinning cat face", "face", "cat"]
    words = words_of(names)
    assert words == ("", "cat", "face", "grinning")
    y = encode_names(names, words)
    assert (y.dtype, y.tolist()) == (np.int64, [[3, 1, 2], [2, 0, 0], [1, 0, 0]])
    assert decode_names(y, words) == names
    assert encode_names(["cat"], words, longest=5).tolist() == [[1, 0, 0, 0, 0]]


@pytest.mark.parametrize(("name", "told"), [("grinning dog", "'dog' is none of the 2 known"), ("-", "expected words")])
def test_names_that_cannot_be_told_are_refused_in_one_line(name, told):
    with pytest.raises(ArgumentError, match=f"names: .*{told}") as refused:
        encode_names([name], ("", "cat", "grinning"))
    assert "\n" not in str(refused.value)


def test_what_is_held_out_has_only_known_words():
    _, names = emoji_names()
    out = held_out(names)
    assert out.sum() == 139
    known = {word for name, is_out in zip(names, out, strict=True) if not is_out for word in split_name(name)}
    assert all(set(split_name(name)) <= known for name, is_out in zip(names, out, strict=True) if is_out)
    assert np.array_equal(out, held_out(names))
    assert not np.array_equal(out, held_out(names, seed=1))


def test_of_two_that_share_a_word_one_stays():
    assert held_out(["a b", "b a", "c"]).sum() == 1
    assert not held_out(["a", "b", "c"]).any()
    assert held_out(["a a", "b"]).sum() == 0  # twice in one name is not in two
    assert held_out(["a"] * 9, most=3).sum() == 3


def test_pictures_are_means_over_what_the_font_draws(letters):
    """A full block is black where it stands; a letter looks as Pillow draws it, on white."""
    x = drawn(letters, ["\u2588", "l", "W"])
    assert (x.shape, x.dtype) == ((3, 32, 32, 3), np.float32)
    assert x.min() == 0
    assert x.max() == 1
    assert (x[..., 0] == x[..., 1]).all()
    assert x[0, 16, 8].max() == 0  # in the block
    assert x[0, :, 31].min() == 1  # beside it
    assert 0 < 1 - x[1].mean() < 1 - x[2].mean() < 1 - x[0].mean()


def test_a_data_set_of_letters(letters, monkeypatch, tmp_path):
    names = ["letter a", "letter b", "big letter a", "big letter b"]
    monkeypatch.setattr(emoji, "emoji_names", lambda: (list("abAB"), names))
    monkeypatch.setattr(emoji, "held_out", lambda names: np.array([False, False, False, True]))
    (tmp_path / "emoji").mkdir()
    (tmp_path / "emoji" / emoji.FONT).write_bytes(letters.read_bytes())
    train, test = (data.load("emoji", split, folder=tmp_path) for split in ("train", "test"))
    assert data.locate("emoji", tmp_path) == str(tmp_path / "emoji" / emoji.FONT)
    assert (train.kind, data.kind_of("emoji")) == ("pairs", "pairs")
    assert (len(train), len(test)) == (3, 1)
    assert decode_names(test.y, test.words) == names[3:]
    assert decode_names(train.y, train.words) == names[:3]
    assert np.array_equal(test.x, drawn(letters, ["B"]))
    assert repr(train) == "Dataset('emoji': 3 examples of shape (32, 32, 3), names of 4 words)"


def test_the_font_is_looked_for_in_the_folder_then_in_the_system(tmp_path, monkeypatch):
    folder, system = tmp_path / "folder", tmp_path / "fonts" / "noto"
    folder.mkdir()
    system.mkdir(parents=True)
    monkeypatch.setattr(emoji, "SYSTEM", (str(tmp_path / "none"), str(tmp_path / "fonts")))
    assert emoji.located() is None
    (system / emoji.FONT).touch()
    assert emoji.located() == system / emoji.FONT
    assert emoji.located(folder) is None  # which is the only place then
    (folder / emoji.FONT).touch()
    assert emoji.located(folder) == folder / emoji.FONT
    monkeypatch.setenv("MINIGEN_DATA", str(folder))
    assert emoji.located() == folder / emoji.FONT


def refusal(font, characters=("a",)):
    with pytest.raises(DataError) as refused:
        drawn(font, list(characters))
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_what_is_no_such_font_is_refused_in_one_line(tmp_path, letters, monkeypatch):
    damaged = tmp_path / "font.ttf"
    for content in (b"", b"no font", letters.read_bytes()[:1000]):
        damaged.write_bytes(content)
        assert f"{damaged}: is no whole font" in refusal(damaged)
    assert "no such file" in refusal(tmp_path / "none.ttf")
    assert "is not a file" in refusal(tmp_path)
    assert "draws nothing for U+20" in refusal(letters, " ")
    monkeypatch.setattr(emoji, "LARGEST", 1000)
    assert "more than 1000 bytes" in refusal(letters)
    monkeypatch.undo()
    assert "is the font 'DejaVu Sans', expected 'Noto Color Emoji'" in refusal(letters)


def test_a_font_that_is_nowhere_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(emoji, "SYSTEM", ())
    for folder in (None, tmp_path):
        with pytest.raises(DataError, match=r"apt install fonts-noto-color-emoji.*FOLDER/emoji") as refused:
            data.load("emoji", folder=folder)
        assert "\n" not in str(refused.value)
    assert data.locate("emoji") == ""


@pytest.mark.skipif(REAL is None, reason="the font Noto Color Emoji is not on this machine")
def test_the_real_pictures():
    train, test = data.load("emoji", folder=REAL.parent), data.load("emoji", "test", folder=REAL.parent)
    assert (len(train), len(test)) == (1252, 139)
    assert set(np.unique(test.y)) <= set(np.unique(train.y))
    pictures = dict(zip(decode_names(train.y, train.words), train.x, strict=True))
    pictures |= dict(zip(decode_names(test.y, test.words), test.x, strict=True))
    red, green, blue = pictures["heavy black heart"][16, 16]  # which is drawn red
    assert red > 0.6 > 0.4 > max(green, blue)
    corners = np.concatenate([train.x, test.x])[:, 0, 0]
    assert (corners == 1).all(axis=1).mean() > 0.9
    different = np.unique(np.concatenate([train.x, test.x]).reshape(1391, -1), axis=0)
    assert len(different) == 1391
