"""Texts in sounds are read back, other programs still read the sounds, and damage does no harm."""

import io
import wave

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigen.report.captions import LENGTH, MOST, captioned, captions
from minigen.report.music import midi_bytes, wav_bytes

ROLL = (np.random.default_rng(0).random((4, 88)) < 0.05).astype(np.uint8)
SOUNDS = {".wav": wav_bytes(ROLL, 0.05), ".mid": midi_bytes(ROLL)}
TEXTS = {"Source": "generated", "Run": "Böse: \u2603", "Long": "x" * 300, "Empty": ""}


def notes(content):
    return [message for message in mido.MidiFile(file=io.BytesIO(content)) if not message.is_meta]


@pytest.mark.parametrize("suffix", SOUNDS)
def test_texts_there_and_back(suffix):
    once = captioned(SOUNDS[suffix], TEXTS)
    assert captions(SOUNDS[suffix]) == {}
    assert captions(once) == TEXTS
    assert captions(captioned(once, {"Seed": "3"})) == {**TEXTS, "Seed": "3"}


def test_the_sound_is_the_same():
    content = captioned(captioned(SOUNDS[".wav"], TEXTS), {"a": "b"})
    with wave.open(io.BytesIO(content)) as one, wave.open(io.BytesIO(SOUNDS[".wav"])) as other:
        assert one.getparams() == other.getparams()
        assert one.readframes(10**6) == other.readframes(10**6)
    assert int.from_bytes(content[4:8], "little") == len(content) - 8
    assert notes(captioned(SOUNDS[".mid"], TEXTS)) == notes(SOUNDS[".mid"])


@given(st.sampled_from(list(SOUNDS)), st.integers(0, 10**6), st.binary(min_size=1, max_size=6), st.booleans())
def test_damage_is_read_as_far_as_it_goes(suffix, at, other, cut):
    content = captioned(SOUNDS[suffix], TEXTS)
    at %= len(content)
    found = captions(content[:at] if cut else content[:at] + other + content[at + len(other) :])
    assert len(found) <= MOST
    assert all(text.isprintable() and len(text) <= LENGTH for text in [*found, *found.values()])


def test_a_text_cannot_rule_a_terminal():
    for content in SOUNDS.values():
        assert captions(captioned(content, {"Run": "a\x1b[2J\nSource: me"})) == {"Run": "a?[2J?Source: me"}
