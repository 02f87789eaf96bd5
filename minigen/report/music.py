"""Music to hear and to see: a piano roll as a sound (WAV), as notes for other programs (MIDI), and as a picture.

    y(t) = sum_h a_h exp(-h t / T) sin(2 π h f t)
    f = 440 Hz 2^((p - 69) / 12)

is the sound of the note with MIDI number p: a fundamental f and its overtones h = 2 ... 6 (additive synthesis). Their
weights are a_h = h^-1.5, and T = 1.5 s: the higher ones die away sooner, as on a struck string. It begins and ends
softly, and nothing clicks. Short or long, a note is the same wave up to its end, so each key's is computed once. A key
that sounds in several frames in a row is one long note: a roll does not say whether it was struck again. Lesson 18 lets
it be heard.
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
RINGS = 18.0  # seconds, after which e^(-t / T) is less than half a step of 16 bits
LOUDEST = 0.8  # of what a sample can hold
LONGEST = 600.0  # seconds
MOST_ROLLS, MOST_NOTES = 16, 50_000  # in one picture
TICKS = 480  # of MIDI, a beat
SLOWEST, LAST_TICK = 2**24 - 1, 2**28 - 1  # of MIDI: microseconds a beat, and the largest number of ticks
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
    of_key: dict[int, list[Note]] = {}
    for note in notes_of(roll):
        of_key.setdefault(note.key, []).append(note)
    for key, notes in of_key.items():
        longest = max(note.end - note.start for note in notes) * seconds_a_frame
        wave_of_key = struck(440 * 2 ** ((key + A0 - 69) / 12), longest)
        for _, start, end in notes:
            part = released(wave_of_key, (end - start) * seconds_a_frame)
            at = round(start * seconds_a_frame * RATE)
            sound[at : at + len(part)] += part[: len(sound) - at]
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
    return released(struck(frequency, seconds), seconds)


def struck(frequency: float, seconds: float) -> np.ndarray:
    """The sound of a key that is not let go of within so many seconds, and until it would have ended after them."""
    t = _times(seconds)
    h = OVERTONES[OVERTONES * frequency < RATE / 2, None]  # higher ones cannot be sampled
    sound = (h**-1.5 * np.exp(-h * t / DECAY) * np.sin(2 * np.pi * h * frequency * t)).sum(axis=0)
    return np.asarray(sound * np.sin(np.pi / 2 * np.clip(t / ATTACK, 0, 1)) ** 2)


def released(sound: np.ndarray, seconds: float) -> np.ndarray:
    """What is left of a sound, which lasts as long or longer, if its key is let go of after so many seconds."""
    t = _times(seconds)
    end = np.clip((min(seconds, RINGS) + RELEASE - t) / RELEASE, 0, 1)
    return np.asarray(sound[: len(t)] * np.sin(np.pi / 2 * end) ** 2)


def _times(seconds: float) -> np.ndarray:
    """When a note of so many seconds is sampled, in seconds."""
    return np.arange(round((min(seconds, RINGS) + RELEASE) * RATE)) / RATE


def midi_bytes(
    roll: np.ndarray,
    seconds_a_frame: float = 0.3,
    beats_a_frame: float = 1.0,
    marks: Sequence[tuple[int, str]] = (),
) -> bytes:
    """The content of a MIDI file with the notes of a roll (L, 88) of 0 and 1, on one track.

    Args:
        roll: the notes.
        seconds_a_frame: how fast it is played.
        beats_a_frame: how many quarter notes a frame is.
        marks: frames, in order, and what begins there: markers, which other programs show.

    Raises:
        ShapeError, ArgumentError: not such a roll, one that would last more than ten minutes, or a tempo that MIDI
            does not know.
    """
    import mido

    roll = _checked(roll)
    _check_seconds(len(roll), seconds_a_frame)
    if not 0 < beats_a_frame <= 16:
        raise ArgumentError(f"beats_a_frame: expected 0 < beats_a_frame <= 16, got {beats_a_frame}")
    tempo, ticks = 1e6 * seconds_a_frame / beats_a_frame, len(roll) * beats_a_frame * TICKS
    if not 1 <= tempo <= SLOWEST or ticks > LAST_TICK:
        raise ArgumentError(
            f"seconds_a_frame: expected 1e-06 ... {SLOWEST / 1e6:.4g} seconds a beat, and at most {LAST_TICK // TICKS} "
            f"beats, as MIDI counts them, got {tempo / 1e6:.4g} and {ticks / TICKS:.4g}; change beats_a_frame too"
        )
    notes = notes_of(roll)
    events = [(note.end, 0, mido.Message("note_off", note=note.key + A0, velocity=VELOCITY)) for note in notes]
    events += [(frame, 1, mido.MetaMessage("marker", text=_ascii(text))) for frame, text in marks]
    events += [(note.start, 2, mido.Message("note_on", note=note.key + A0, velocity=VELOCITY)) for note in notes]
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=round(tempo))])
    now = 0
    for frame, _, message in sorted(events, key=lambda event: event[:2]):
        tick = round(frame * beats_a_frame * TICKS)
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=round(ticks) - now))
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

    Raises:
        ShapeError, ArgumentError: they are no rolls, none or more than a picture shows, or not as many as names.
    """
    if not 1 <= len(rolls) <= MOST_ROLLS:
        raise ArgumentError(f"rolls: expected 1 ... {MOST_ROLLS} in a picture, got {len(rolls)}; draw some of them")
    if names and len(names) != len(rolls):
        raise ArgumentError(f"names: expected one for each of {len(rolls)} rolls, got {len(names)}; or give none")
    notes = [notes_of(roll) for roll in rolls]
    if (n := sum(map(len, notes))) > MOST_NOTES:
        raise ArgumentError(f"rolls: {n} notes, expected at most {MOST_NOTES} in a picture; draw fewer or shorter ones")
    apart = [] if given is None else notes_of(given)
    keys = [note.key for of_roll in notes for note in of_roll] or [KEYS // 2]
    low, high = min(keys) - 1, max(keys) + 1
    longest = max(len(_checked(roll)) for roll in rolls) * beats_a_frame
    height = min(2.4, 0.5 + 0.06 * (high - low))
    figure = new_figure(8, 0.7 + (height + 0.25 * bool(names)) * len(rolls), dpi=120, layout="constrained")
    below = figure.subplots(len(rolls), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for i, (axes, of_roll) in enumerate(zip(below, notes, strict=True)):
        for colour, drawn in (("C0", of_roll), ("C1", apart)):
            for key in sorted({note.key for note in drawn}):
                bars = [(n.start * beats_a_frame, (n.end - n.start) * beats_a_frame) for n in drawn if n.key == key]
                axes.broken_barh(bars, (key - 0.5, 1), facecolor=colour, edgecolor="white", linewidth=0.5)
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
    if not len(roll):
        raise ArgumentError(f"roll: has no frame before its end ({PAD}); leave it out")
    if not np.isin(roll, (0, 1)).all():
        raise ArgumentError("roll: expected 0 and 1, a key sounds or not, got other values; round or draw them first")
    return roll


def _ascii(text: str) -> str:
    """What MIDI can hold of a text."""
    return text.encode("ascii", "replace").decode()


def _check_seconds(frames: int, seconds_a_frame: float) -> None:
    if not 0 < seconds_a_frame * frames <= LONGEST:
        raise ArgumentError(
            f"seconds_a_frame: expected {frames} frames to last 0 < seconds <= {LONGEST:g}, got {seconds_a_frame} each"
        )
