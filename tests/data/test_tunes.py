"""Music as lines: no tone is lost or added on the way there and back, and the windows are the pieces'."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigen import data
from minigen.data.alphabet import lines_of
from minigen.data.music import KEYS, MUSIC, pieces
from minigen.data.tunes import (
    BAR,
    CHARACTERS,
    CHORALE_FRAMES,
    HOLD,
    MELODY_FRAMES,
    REST,
    TRANSPOSED,
    chorale_of,
    melody_of,
    roll_of_chorale,
    roll_of_melody,
)
from minigen.errors import ArgumentError, DataError
from minigen.report.music import key_name
from tests.fuzz.samples import MATLAB, cells

SHARED = os.environ.get("MINIGEN_DATA", "")
needs_music = pytest.mark.skipif(
    not SHARED or not all(data.locate(name, SHARED) for name in MUSIC),
    reason="the music is not in the folder of MINIGEN_DATA",
)
CHORDS = st.lists(st.sets(st.integers(0, KEYS - 1), max_size=4), min_size=1, max_size=12)
C4, D4, E4 = CHARACTERS[39], CHARACTERS[41], CHARACTERS[43]


def roll_of(chords):
    roll = np.zeros((len(chords), KEYS), np.uint8)
    for t, keys in enumerate(chords):
        roll[t, list(keys)] = 1
    return roll


def test_each_key_has_a_character():
    assert len(CHARACTERS) == len(set(CHARACTERS)) == KEYS
    assert not set(REST + HOLD + BAR) & set(CHARACTERS)
    assert all(c.isprintable() and not c.isspace() for c in CHARACTERS)
    assert C4 == "J"


@given(CHORDS)
def test_chorales_there_and_back(chords):
    line = chorale_of(roll_of(chords))
    assert len(line) == 4 * len(chords) + 1
    assert np.array_equal(roll_of_chorale(line), roll_of(chords))
    for t, keys in enumerate(chords):
        assert line[t] == (CHARACTERS[max(keys)] if keys else REST)  # the soprano
        voices = line[t] + line[len(chords) + 1 + 3 * t :][:3]
        assert list(voices) == sorted(voices, reverse=True)  # no voice crosses another


def test_voices_in_unison():
    assert chorale_of(roll_of([{39}])) == "J|JJJ"
    assert chorale_of(roll_of([{39, 41}])) == f"{D4}|{D4}{C4}{C4}"
    assert chorale_of(roll_of([{39, 41, 43}])) == f"{E4}|{D4}{D4}{C4}"
    assert chorale_of(roll_of([set()])) == "-|---"
    assert chorale_of(roll_of([{1, 2, 3, 4, 5}])) == "".join(CHARACTERS[k] for k in (5,)) + BAR + "".join(
        CHARACTERS[k] for k in (4, 3, 1)
    )


def test_a_chorale_that_was_broken_off():
    assert np.array_equal(roll_of_chorale("JJJ|JJJLL"), roll_of([{39}]))
    assert roll_of_chorale("JJJ|").shape == (0, KEYS)
    with pytest.raises(ArgumentError, match=r"line: expected the soprano, '\|' and the other voices, got 'JJJ'"):
        roll_of_chorale("JJJ")
    with pytest.raises(ArgumentError, match=r"line: expected a key, '-' or '\.', got '~' in frame 1"):
        roll_of_chorale("JJ|JJJJJ~")


@given(CHORDS)
def test_melodies_there_and_back(chords):
    line = melody_of(roll_of(chords))
    assert len(line) == len(chords)
    highest = [{max(keys)} if keys else set() for keys in chords]
    assert np.array_equal(roll_of_melody(line), roll_of(highest))
    assert melody_of(roll_of(highest)) == line
    assert f"{REST}{HOLD}" not in line
    assert not line.startswith(HOLD)


def test_a_melody():
    line = "J..L-J.J"
    expected = [{39}, {39}, {39}, {41}, set(), {39}, {39}, {39}]
    assert np.array_equal(roll_of_melody(line), roll_of(expected))
    assert melody_of(roll_of(expected)) == "J..L-J.."  # a tone that is struck again is one that is held
    assert not roll_of_melody(f"{HOLD}{HOLD}").any()
    with pytest.raises(ArgumentError, match=r"got '\|' in frame 0"):
        roll_of_melody(BAR)


@pytest.mark.parametrize("name", ["melodies", "chorales"])
def test_pieces_that_are_too_short(name, tmp_path):
    short = [np.zeros((15, KEYS), np.uint8)]
    for file in MUSIC.values():
        (tmp_path / file.name).write_bytes(MATLAB + cells(traindata=short, testdata=short))
    with pytest.raises(DataError, match=r"\.mat: no piece in 'train' has \d\d frames"):
        data.load(name, folder=tmp_path)


@needs_music
def test_melodies_of_the_tunes():
    train, test = (data.load("melodies", split, folder=SHARED) for split in ("train", "test"))
    assert data.kind_of("melodies") == "lines"
    assert train.alphabet == test.alphabet
    assert {"\n", REST, HOLD} <= set(train.alphabet)
    assert (len(train), len(test)) == (19_800, 1344)
    assert train.shape == test.shape == (MELODY_FRAMES + 2,)
    first = pieces("nottingham", "test", SHARED)[0]
    lines = lines_of(test.x[:2], test.alphabet)
    assert lines == [melody_of(first[:32]), melody_of(first[32:64])]
    assert lines_of(train.x[:2], train.alphabet)[1] == melody_of(pieces("nottingham", "train", SHARED)[0][8:40])


@needs_music
def test_chorales_in_all_keys():
    train, test = (data.load("chorales", split, folder=SHARED) for split in ("train", "test"))
    assert data.kind_of("chorales") == "lines"
    assert train.alphabet == test.alphabet
    assert (len(train), len(test)) == (12 * 1436, 271)
    assert train.shape == test.shape == (4 * CHORALE_FRAMES + 3,)
    one, key = pieces("jsb", "train", SHARED)[0][8:24], TRANSPOSED.index(3)
    (line,) = lines_of(train.x[key * 1436 + 1 : key * 1436 + 2], train.alphabet)
    assert np.array_equal(roll_of_chorale(line), np.roll(one, 3, axis=1))
    assert lines_of(test.x[:1], test.alphabet) == [chorale_of(pieces("jsb", "test", SHARED)[0][:16])]


def test_the_page_says_which_character_is_which_key():
    """As rows of octaves, in columns of three characters."""
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    header, *octaves = ("octave C " + page.partition("octave C ")[2].partition("```")[0]).splitlines()
    places = {header[at : at + 2].strip(): at for at in range(7, 7 + 3 * 12, 3)}
    told = {name + row[0]: row[at] for row in octaves for name, at in places.items() if row[at : at + 1].strip()}
    assert told == {key_name(key): character for key, character in enumerate(CHARACTERS)}
