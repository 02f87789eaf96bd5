"""Music to hear and to see: WAV and MIDI read back, and what the picture says."""

import io
import wave

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigen.data import PAD
from minigen.data.music import KEYS
from minigen.errors import ArgumentError, ShapeError
from minigen.report.music import (
    LONGEST,
    MOST_ROLLS,
    RATE,
    RELEASE,
    RINGS,
    Note,
    key_name,
    midi_bytes,
    notes_of,
    piano_roll,
    released,
    struck,
    tone,
    wav_bytes,
)

A4, C4 = 48, 39
ROLLS = st.builds(
    lambda seed, frames, share: (np.random.default_rng(seed).random((frames, KEYS)) < share).astype(np.uint8),
    st.integers(0, 99),
    st.integers(1, 12),
    st.sampled_from([0, 0.02, 0.2]),
)


def roll_of(frames, *notes):
    roll = np.zeros((frames, KEYS), np.uint8)
    for key, start, end in notes:
        roll[start:end, key] = 1
    return roll


def sound_of(content):
    """The samples of a WAV file in [-1, 1], and what its header says."""
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768


def loudest(sound):
    """The frequency in Hz of the strongest sine in a sound."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return spectrum.argmax() * RATE / len(sound)


# --------------------------------------------------------------------------------------------------------------- notes


@given(ROLLS)
def test_notes_are_the_roll(roll):
    notes = notes_of(roll)
    again = roll_of(len(roll), *notes)
    assert np.array_equal(again, roll)
    assert sum(note.end - note.start for note in notes) == roll.sum()  # none overlaps another
    assert notes == sorted(notes, key=lambda note: (note.start, note.key))


def test_a_held_key_is_one_note():
    assert notes_of(roll_of(6, (C4, 0, 2), (C4, 3, 6), (A4, 1, 2))) == [Note(C4, 0, 2), Note(A4, 1, 2), Note(C4, 3, 6)]


def test_a_roll_ends_at_pad():
    roll = roll_of(6, (C4, 0, 2))
    roll[4:] = PAD
    assert notes_of(roll) == [Note(C4, 0, 2)]
    assert wav_bytes(roll, 0.1) == wav_bytes(roll[:4], 0.1)
    assert midi_bytes(roll) == midi_bytes(roll[:4])


def test_names_of_keys():
    assert [key_name(key) for key in (0, 2, 3, C4, 40, A4, 87)] == ["A0", "B0", "C1", "C4", "C#4", "A4", "C8"]


@pytest.mark.parametrize("function", [notes_of, wav_bytes, midi_bytes, lambda roll: piano_roll([roll])])
def test_what_is_no_roll(function):
    for wrong in (np.zeros((3, 87)), np.zeros(88), np.zeros((2, 3, 88)), np.zeros((0, 88))):
        with pytest.raises(ShapeError, match=r"roll: expected the shape \(frames, 88\)"):
            function(wrong)
    for value in (2, -1, 0.5, np.nan):
        with pytest.raises(ArgumentError, match="roll: expected 0 and 1"):
            function(np.full((2, 88), value))


# ----------------------------------------------------------------------------------------------------------------- WAV


@pytest.mark.parametrize(("key", "hertz"), [(A4, 440.0), (C4, 261.63), (0, 27.5), (87, 4186.01)])
def test_a_note_has_its_frequency(key, hertz):
    sound = sound_of(wav_bytes(roll_of(1, (key, 0, 1)), 2.0))
    assert len(sound) == pytest.approx((2 + RELEASE) * RATE, abs=2)
    assert loudest(sound) == pytest.approx(hertz, abs=RATE / len(sound))


def test_notes_sound_when_they_should():
    sound = sound_of(wav_bytes(roll_of(4, (A4, 1, 2), (C4, 2, 4)), 0.5))
    frames = [sound[round(t * 0.5 * RATE) : round((t + 1) * 0.5 * RATE)] for t in range(4)]
    assert np.abs(frames[0]).max() == 0
    assert loudest(frames[1]) == pytest.approx(440, abs=3)
    assert loudest(frames[3]) == pytest.approx(261.6, abs=3)
    assert np.abs(frames[3]).max() > 0.1  # held, not struck for a moment


def test_a_held_note_is_not_struck_again():
    held, struck = (np.abs(sound_of(wav_bytes(roll_of(5, *notes), 0.5))) for notes in (
        [(A4, 0, 4)],
        [(A4, 0, 2), (A4, 3, 5)],
    ))  # fmt: skip
    later = slice(round(1.5 * RATE), round(2 * RATE))
    assert held[later].max() < 0.6 * held[: RATE // 2].max()
    assert struck[later].max() > 0.9 * struck[: RATE // 2].max()


def test_nothing_clicks():
    """A sound begins and ends softly, and changes no faster in between than its sines do."""
    for frequency in (27.5, 440.0, 4186.0):
        sound = tone(frequency, 0.3)
        first, last = sound[: RATE // 1000], sound[-RATE // 1000 :]  # a thousandth of a second
        assert max(np.abs(first).max(), np.abs(last).max()) < 0.04 * np.abs(sound).max()
        overtones = np.arange(1, 7)[np.arange(1, 7) * frequency < RATE / 2]
        fastest = (overtones**-1.5 * 2 * np.pi * overtones * frequency).sum() / RATE
        assert np.abs(np.diff(sound)).max() < 1.05 * fastest


@settings(max_examples=20)
@given(ROLLS)
def test_nothing_is_clipped(roll):
    sound = sound_of(wav_bytes(roll, 0.05))
    assert np.abs(sound).max() == pytest.approx(0.8 if roll.any() else 0, abs=1e-3)


def test_all_keys_at_once_and_silence():
    assert np.abs(sound_of(wav_bytes(np.ones((2, KEYS)), 0.1))).max() < 0.81
    assert not sound_of(wav_bytes(np.zeros((2, KEYS)), 0.1)).any()


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf"), LONGEST])
def test_how_long_it_may_last(seconds):
    for function in (wav_bytes, midi_bytes):
        with pytest.raises(ArgumentError, match="seconds_a_frame: expected 2 frames to last 0 < seconds <= 600"):
            function(np.zeros((2, KEYS)), seconds)


# ---------------------------------------------------------------------------------------------------------------- MIDI


def roll_from(content, beats_a_frame):
    """The roll that a MIDI file plays, and its seconds."""
    file = mido.MidiFile(file=io.BytesIO(content))
    (track,) = file.tracks
    ticks = sum(message.time for message in track)
    per_frame = file.ticks_per_beat * beats_a_frame
    roll = np.zeros((round(ticks / per_frame), KEYS), np.uint8)
    now, began = 0, {}
    for message in track:
        now += message.time
        if message.type == "note_on":
            assert message.note not in began
            began[message.note] = now
        elif message.type == "note_off":
            start = began.pop(message.note)
            roll[round(start / per_frame) : round(now / per_frame), message.note - 21] = 1
    assert not began
    return roll, file.length


@given(ROLLS, st.sampled_from([0.25, 0.5, 1.0, 2.0]))
def test_midi_there_and_back(roll, beats_a_frame):
    again, seconds = roll_from(midi_bytes(roll, 0.3, beats_a_frame), beats_a_frame)
    assert np.array_equal(again, roll)
    assert seconds == pytest.approx(0.3 * len(roll), rel=1e-3)


def test_middle_c_is_60():
    (message,) = [m for m in mido.MidiFile(file=io.BytesIO(midi_bytes(roll_of(1, (C4, 0, 1))))) if m.type == "note_on"]
    assert message.note == 60


def test_beats_of_a_frame():
    for beats in (0, -1, 17, float("nan")):
        with pytest.raises(ArgumentError, match="beats_a_frame: expected 0 < beats_a_frame <= 16"):
            midi_bytes(roll_of(1), beats_a_frame=beats)


# ------------------------------------------------------------------------------------------------------------- picture


def test_the_picture_has_a_bar_for_each_note():
    rolls = [roll_of(16, (C4, 0, 4), (A4, 2, 16)), roll_of(8, (C4 + 12, 0, 8))]
    figure = piano_roll(rolls, "two pieces", beats_a_frame=0.5, names=["one", "two"])
    above, below = figure.axes
    assert figure.get_suptitle() == "two pieces"
    assert above.get_title(loc="left") == "one"
    boxes = [path.get_extents().bounds for bars in above.collections for path in bars.get_paths()]
    assert boxes == [(0, C4 - 0.5, 2, 1), (1, A4 - 0.5, 7, 1)]
    assert below.get_xlabel() == "beats"
    assert below.get_xlim() == (0, 8)
    assert [label.get_text() for label in below.get_yticklabels()] == ["C4", "C5"]
    assert below.get_ylim() == above.get_ylim()


def test_few_keys_have_their_names():
    (axes,) = piano_roll([roll_of(4, (C4, 0, 4), (C4 + 2, 1, 2))]).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["B3", "C4", "D4"]


def test_what_is_given_has_a_colour_of_its_own():
    both = piano_roll([roll_of(4, (C4, 0, 4), (C4 + 7, 0, 2))], given=roll_of(4, (C4 + 7, 0, 2)))
    colours = [tuple(bar.get_facecolor()[0]) for bar in both.axes[0].collections]
    places = [bar.get_paths()[0].vertices[:, 1].mean() for bar in both.axes[0].collections]
    by_key = dict(zip(np.rint(places), colours, strict=True))  # the last that is drawn is seen
    assert len(set(by_key.values())) == 2


def test_silence_can_be_drawn():
    (axes,) = piano_roll([roll_of(4)]).axes
    assert not axes.collections


# ------------------------------------------------------------------------------------------------------------- bounds


def test_a_roll_that_has_ended_before_it_begins():
    for function in (notes_of, wav_bytes, midi_bytes, lambda roll: piano_roll([roll])):
        with pytest.raises(ArgumentError, match="roll: has no frame before its end"):
            function(np.full((3, KEYS), PAD))


def test_how_many_rolls_and_names_a_picture_takes():
    for n in (0, MOST_ROLLS + 1):
        with pytest.raises(ArgumentError, match=f"rolls: expected 1 ... {MOST_ROLLS} in a picture, got {n}"):
            piano_roll([roll_of(1)] * n)
    for names in (["a"], ["a", "b", "c"]):
        with pytest.raises(ArgumentError, match=f"names: expected one for each of 2 rolls, got {len(names)}"):
            piano_roll([roll_of(1)] * 2, names=names)


def test_how_many_notes_a_picture_takes(monkeypatch):
    monkeypatch.setattr("minigen.report.music.MOST_NOTES", 3)
    roll = roll_of(7, (C4, 0, 1), (C4, 2, 3), (C4, 4, 5))
    assert piano_roll([roll]).axes
    with pytest.raises(ArgumentError, match="rolls: 6 notes, expected at most 3"):
        piano_roll([roll, roll])


@pytest.mark.parametrize(
    ("frames", "seconds", "beats"), [(1, 100.0, 1.0), (1, 1e-7, 1.0), (1, 0.3, 1e-4), (36_000, 0.016, 16.0)]
)
def test_tempos_that_midi_does_not_know(frames, seconds, beats):
    with pytest.raises(ArgumentError, match=r"^seconds_a_frame: expected 1e-06 ... 16.78 seconds a beat"):
        midi_bytes(np.ones((frames, KEYS)), seconds, beats)


@given(st.floats(1e-9, 1e9), st.floats(1e-9, 16))
def test_any_tempo_is_kept_or_refused(seconds, beats):
    try:
        content = midi_bytes(roll_of(2, (C4, 0, 1)), seconds, beats)
    except ArgumentError:
        return
    file = mido.MidiFile(file=io.BytesIO(content))
    assert file.length == pytest.approx(2 * seconds, rel=0.51, abs=1e-3)  # a tempo is in whole microseconds


def test_long_notes_take_no_longer_than_they_sound():
    """Of a note of ten minutes nothing is left after 18 seconds; and each key's wave is computed once."""
    assert len(tone(440.0, 600.0)) == round((RINGS + RELEASE) * RATE)
    assert np.abs(struck(440.0, 600.0)[round(RINGS * RATE) :]).max() < 0.5 / 32768
    made = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minigen.report.music.struck", lambda *of: made.append(of) or struck(*of))
        wav_bytes(roll_of(9, (C4, 0, 1), (C4, 2, 5), (C4, 6, 7), (A4, 0, 9)), 0.1)
    assert [round(hertz) for hertz, _ in made] == [262, 440]


def test_a_short_note_is_the_beginning_of_a_long_one():
    for seconds in (0.1, 1.0, 20.0):
        np.testing.assert_array_equal(tone(440.0, seconds), released(struck(440.0, 30.0), seconds))


def test_marks_say_what_begins():
    content = midi_bytes(roll_of(4, (C4, 0, 4)), 0.5, 1.0, [(0, "one"), (2, "the öther")])
    (track,) = mido.MidiFile(file=io.BytesIO(content)).tracks
    now, found = 0, []
    for message in track:
        now += message.time
        if message.type == "marker":
            found.append((now, message.text))
    assert found == [(0, "one"), (2 * 480, "the ?ther")]
