"""Music to hear and to see: a piano roll as a sound (WAV), as notes for other programs (MIDI), and as a picture.

    y(t) = sum_h a_h exp(-h t / T) sin(2 π h f t)
    f = 440 Hz 2^((p - 69) / 12)

is the sound of the note with MIDI number p: a fundamental f and its overtones h = 2 ... 6 (additive synthesis). Their
weights are a_h = h^-1.5, and T = 1.5 s: the higher ones die away sooner, as on a struck string. It begins and ends
softly, and nothing clicks. A key that sounds in several frames in a row is one long note: a roll does not say whether
it was struck again. Lesson 18 lets it be heard.
"""

import io
import wave
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..data.alphabet import PAD
from ..data.music import A0, KEYS
from ..errors import ArgumentError, ShapeError
from .canvas import new_figure, own_settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RATE = 22050  # samples a second
OVERTONES = np.arange(1, 7)
DECAY = 1.5  # seconds: T above
ATTACK, RELEASE = 0.01, 0.08  # seconds
LOUDEST = 0.8  # of what a sample can hold
LONGEST = 600.0  # seconds
TICKS = 480  # of MIDI, a beat
VELOCITY = 80  # of MIDI, 1 ... 127


class Note(NamedTuple):
    """A key that sounds from one frame up to another, which is not part of it."""

    key: int
    start: int
    end: int


def notes_of(roll: np.ndarray) -> list[Note]:
    """The notes of a roll (L, 88), in the order of their beginnings; it ends before its first frame of PAD.

    Raises:
        ShapeError: not of that shape.
        ArgumentError: values other than 0 and 1.
    """
    roll = _checked(roll)
    edges = np.diff(np.pad(roll.astype(np.int8), ((1, 1), (0, 0))), axis=0).T  # (88, L + 1): 1 begins, -1 ends
    begins, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)  # both by key, and then by time
    found = [Note(int(key), int(start), int(end)) for (key, start), (_, end) in zip(begins, ends, strict=True)]
    return sorted(found, key=lambda note: (note.start, note.key))


def wav_bytes(roll: np.ndarray, seconds_a_frame: float = 0.3) -> bytes:
    """The content of a WAV file that plays a roll (L, 88) of 0 and 1: 22 050 Hz, 16 bits, one channel.

    Raises:
        ShapeError, ArgumentError: not such a roll, or one that would last more than ten minutes.
    """
    roll = _checked(roll)
    _check_seconds(len(roll), seconds_a_frame)
    sound = np.zeros(round((len(roll) * seconds_a_frame + RELEASE) * RATE) + 1)
    for key, start, end in notes_of(roll):
        note = tone(440 * 2 ** ((key + A0 - 69) / 12), (end - start) * seconds_a_frame)
        at = round(start * seconds_a_frame * RATE)
        sound[at : at + len(note)] += note[: len(sound) - at]
    sound *= LOUDEST / max(np.abs(sound).max(), 1e-9)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.rint(sound * 32767).astype("<i2").tobytes())
    return file.getvalue()


def tone(frequency: float, seconds: float) -> np.ndarray:
    """The sound of a note that is held for so long, and of its end, at RATE samples a second."""
    t = np.arange(round((seconds + RELEASE) * RATE)) / RATE
    h = OVERTONES[OVERTONES * frequency < RATE / 2, None]  # higher ones cannot be sampled
    sound = (h**-1.5 * np.exp(-h * t / DECAY) * np.sin(2 * np.pi * h * frequency * t)).sum(axis=0)
    begin, end = np.clip(t / ATTACK, 0, 1), np.clip((seconds + RELEASE - t) / RELEASE, 0, 1)
    return np.asarray(sound * np.sin(np.pi / 2 * begin) ** 2 * np.sin(np.pi / 2 * end) ** 2)


def midi_bytes(roll: np.ndarray, seconds_a_frame: float = 0.3, beats_a_frame: float = 1.0) -> bytes:
    """The content of a MIDI file with the notes of a roll (L, 88) of 0 and 1, on one track.

    Args:
        roll: the notes.
        seconds_a_frame: how fast it is played.
        beats_a_frame: how many quarter notes a frame is.

    Raises:
        ShapeError, ArgumentError: not such a roll, or one that would last more than ten minutes.
    """
    import mido

    roll = _checked(roll)
    _check_seconds(len(roll), seconds_a_frame)
    if not 0 < beats_a_frame <= 16:
        raise ArgumentError(f"beats_a_frame: expected 0 < beats_a_frame <= 16, got {beats_a_frame}")
    events = [(note.end, "note_off", note.key) for note in notes_of(roll)]
    events += [(note.start, "note_on", note.key) for note in notes_of(roll)]
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=round(1e6 * seconds_a_frame / beats_a_frame))])
    now = 0
    for frame, kind, key in sorted(events):
        tick = round(frame * beats_a_frame * TICKS)
        track.append(mido.Message(kind, note=key + A0, velocity=VELOCITY, time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=round(len(roll) * beats_a_frame * TICKS) - now))
    file = io.BytesIO()
    mido.MidiFile(type=0, ticks_per_beat=TICKS, tracks=[track]).save(file=file)
    return file.getvalue()


@own_settings()
def piano_roll(
    rolls: Sequence[np.ndarray],
    title: str = "",
    *,
    beats_a_frame: float = 1.0,
    names: Sequence[str] = (),
    given: np.ndarray | None = None,
) -> "Figure":
    """Rolls (L, 88) one below the other, a bar for each note.

    Args:
        rolls: what to draw.
        title: of the picture.
        beats_a_frame: how many quarter notes a frame is.
        names: of the rolls, each to stand above its own.
        given: a roll that is part of each, to be told from the rest by another colour.
    """
    notes = [notes_of(roll) for roll in rolls]
    apart = [] if given is None else notes_of(given)
    keys = [note.key for of_roll in notes for note in of_roll] or [KEYS // 2]
    low, high = min(keys) - 1, max(keys) + 1
    longest = max(len(_checked(roll)) for roll in rolls) * beats_a_frame
    height = min(2.4, 0.5 + 0.06 * (high - low))
    figure = new_figure(8, 0.7 + (height + 0.25 * bool(names)) * len(rolls), dpi=120, layout="constrained")
    below = figure.subplots(len(rolls), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for i, (axes, of_roll) in enumerate(zip(below, notes, strict=True)):
        for colour, drawn in (("C0", of_roll), ("C1", apart)):
            for key, start, end in drawn:
                begin, length = start * beats_a_frame, (end - start) * beats_a_frame
                axes.broken_barh([(begin, length)], (key - 0.5, 1), facecolor=colour, edgecolor="white", linewidth=0.5)
        axes.set_ylim(low - 0.5, high + 0.5)
        axes.set_yticks(*_named_keys(low, high))
        axes.set_xlim(0, longest)
        axes.set_xticks(np.arange(0, longest + 1, 4 * -(-longest // 64)))  # bars of four beats, at most 16 numbers
        axes.grid(alpha=0.3)
        axes.set_axisbelow(True)
        if names:
            axes.set_title(names[i], fontsize="medium", loc="left")
    below[-1].set_xlabel("beats")
    figure.suptitle(title)
    return figure


def key_name(key: int) -> str:
    """The name of key 0 ... 87: 'A0', ..., 'C4' (middle C), ..., 'C8'."""
    octave, step = divmod(key + A0, 12)
    return ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")[step] + str(octave - 1)


def _named_keys(low: int, high: int) -> tuple[list[int], list[str]]:
    """The keys that an axis names: every C, and where there is less than two of them, every note without a sharp."""
    keys = [key for key in range(max(low, 0), min(high, KEYS - 1) + 1) if (key + A0) % 12 == 0]
    if len(keys) < 2:
        keys = [key for key in range(max(low, 0), min(high, KEYS - 1) + 1) if "#" not in key_name(key)]
    return keys, [key_name(key) for key in keys]


def _checked(roll: np.ndarray) -> np.ndarray:
    """The frames of a roll before its first frame of PAD, 0 and 1."""
    roll = np.asarray(roll)
    if roll.ndim != 2 or roll.shape[1] != KEYS or not len(roll):
        raise ShapeError(f"roll: expected the shape (frames, {KEYS}), got {roll.shape}; give one roll at a time")
    ended = np.flatnonzero((roll == PAD).all(axis=1))
    roll = roll[: ended[0]] if len(ended) else roll
    if not np.isin(roll, (0, 1)).all():
        raise ArgumentError("roll: expected 0 and 1, a key sounds or not, got other values; round or draw them first")
    return roll


def _check_seconds(frames: int, seconds_a_frame: float) -> None:
    if not 0 < seconds_a_frame * max(frames, 1) <= LONGEST:
        raise ArgumentError(
            f"seconds_a_frame: expected {frames} frames to last 0 < seconds <= {LONGEST:g}, got {seconds_a_frame} each"
        )
