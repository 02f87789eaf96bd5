"""What a model of text or music writes and plays: its samples, harmonies of a given soprano, ways between two tunes.

Music is left three times: a WAV to hear, a MIDI file for other programs, and a picture of the rolls. In the first two
the pieces follow one another, with a rest between; the files say which, and where each begins.
"""

from collections.abc import Sequence

import numpy as np

from ..autodiff import no_grad
from ..backend import to_device, to_numpy
from ..data import PAD, Dataset
from ..data.alphabet import lines_of
from ..data.tunes import BAR, CHORALE_FRAMES, roll_of_chorale, roll_of_melody
from ..errors import ArgumentError
from ..metrics.music import harmony_baselines, places_of_harmony, roll_baselines
from ..models.sequences.ngram import NGram
from ..random import Generator
from .captions import captioned
from .findings import Content, counted
from .latent import slerp
from .music import LONGEST, MOST_ROLLS, midi_bytes, piano_roll, wav_bytes
from .trained import Trained

QUARTER, EIGHTH = (0.6, 1.0), (0.2, 0.5)  # seconds of a frame, and quarter notes
TEMPO = {"jsb": QUARTER, "chorales": QUARTER, "nottingham": EIGHTH, "melodies": EIGHTH}
MUSIC = (".wav", ".mid", ".png")
FRAMES = 64  # of a sample of a model of rolls
HARMONIES, WAY = 2, 7  # of one soprano; tunes from one to another
PART = 200  # examples that are computed at once
ORDER = 4  # of the counts that predict harmony
OF_NOTES = ("harmony", "notes_independent", "below_the_soprano", "harmony_counting")  # in nats a note


def is_music(data: str) -> bool:
    """Whether a data set, by its name, can be played."""
    return data in TEMPO


def drawn_rolls(trained: Trained, n: int, rng: Generator, length: int = FRAMES) -> np.ndarray:
    """n samples of a model of rolls, bytes (n, length, 88); their first frames are some of the data's."""
    return trained.symbols(n, rng, length=length)[:, :length]


def that_fit(rolls: Sequence[np.ndarray], data: str) -> int:
    """How many of the first rolls make one file, which lasts ten minutes at most.

    Raises:
        ArgumentError: the first is longer.
    """
    seconds, beats = TEMPO[data]
    ends = np.cumsum([len(roll) + _rest(beats) for roll in rolls]) - _rest(beats)
    fit = int((ends * seconds <= LONGEST).sum())
    if rolls and not fit:
        raise ArgumentError(
            f"length: expected at most {int(LONGEST / seconds)} frames, which last {LONGEST / 60:g} minutes, "
            f"got {len(rolls[0])}; take fewer"
        )
    return min(fit, MOST_ROLLS)


def _rest(beats_a_frame: float) -> int:
    """Frames between two pieces: half a bar."""
    return round(2 / beats_a_frame)


def files(
    name: str,
    rolls: Sequence[np.ndarray],
    data: str,
    title: str,
    names: Sequence[str] = (),
    given: np.ndarray | None = None,
) -> dict[str, Content]:
    """The three files of some rolls (L, 88): NAME.wav, NAME.mid and NAME.png; none of rolls without a frame.

    Args:
        name: of the files, without an ending. rolls: what to play.
        data: the name of the data set, which says how fast.
        title, names, given: of the picture, see `piano_roll`.
    """
    if not all(len(roll) for roll in rolls) or not rolls:
        return {}
    return {f"{name}{suffix}": content(suffix, rolls, data, title, names, given) for suffix in MUSIC}


def content(
    suffix: str,
    rolls: Sequence[np.ndarray],
    data: str,
    title: str,
    names: Sequence[str] = (),
    given: np.ndarray | None = None,
) -> Content:
    """The content of one of these files.

    Raises:
        ArgumentError: there are more rolls than such a file holds.
    """
    seconds, beats = TEMPO[data]
    if suffix == ".png":
        return piano_roll(rolls, title, beats_a_frame=beats, names=names, given=given)
    rest = np.zeros((_rest(beats), rolls[0].shape[1]), np.uint8)
    begins = np.cumsum([0, *(len(roll) + len(rest) for roll in rolls)])
    if (lasts := (begins[-1] - len(rest)) * seconds) > LONGEST:
        raise ArgumentError(
            f"n: {len(rolls)} pieces last {lasts:.0f} seconds, expected at most {LONGEST:g} in a file; take fewer"
        )
    pieces = np.concatenate([part for roll in rolls for part in (rest, roll)][1:])
    names = names or [f"sample {i + 1}" for i in range(len(rolls))]
    marks = [(int(begin), name) for begin, name in zip(begins, names, strict=False)]
    sound = wav_bytes(pieces, seconds) if suffix == ".wav" else midi_bytes(pieces, seconds, beats, marks)
    order = ", ".join(f"{name} at {begin * seconds:.1f} s" for begin, name in marks)
    contents = f"{counted(len(rolls), 'piece')}{apart(len(rolls), data)}: {order}"
    return captioned(sound, {"Title": title, "Contents": contents})


def apart(n: int, data: str) -> str:
    """How n pieces lie in a file of sound, in words."""
    seconds, beats = TEMPO[data]
    return f", one after the other, {_rest(beats) * seconds:.1f} s of silence between" if n > 1 else ""


def roll_of(line: str, data: str) -> np.ndarray:
    """The roll of a line of `melodies` or `chorales`: (0, 88) if there is no music in it."""
    try:
        return roll_of_melody(line) if data == "melodies" else roll_of_chorale(line)
    except ArgumentError:  # what a model writes that has learnt little
        return np.zeros((0, 88), np.uint8)


def rolls_of(x: np.ndarray, data: str, alphabet: str) -> list[np.ndarray]:
    """Examples, or what a model has drawn, as rolls (L, 88), without those that hold no music."""
    if x.ndim == 3:
        found = [np.asarray(roll[(roll != PAD).all(axis=1)], np.uint8) for roll in x]
    else:
        found = [roll_of(line, data) for line in lines_of(x, alphabet)]
    return [roll for roll in found if len(roll)]


def harmony(trained: Trained, test: Dataset, rng: Generator) -> dict[str, Content]:
    """harmony.*: a chorale of the test data, and its soprano with other voices that the model draws."""
    x = test.x[len(test) // 2 : len(test) // 2 + 1]
    given = x[0, : CHORALE_FRAMES + 2]  # the line end, the soprano, the bar
    drawn = trained.symbols(HARMONIES, rng, prompt=given, length=3 * CHORALE_FRAMES)
    rolls, names = rolls_of(x, test.name, test.alphabet), ["the original"]
    for i in range(HARMONIES):
        for roll in rolls_of(drawn[i : i + 1], test.name, test.alphabet):  # one or none
            early = f"; the model ended it after {len(roll)} of {len(rolls[0])} frames"
            names.append(
                f"its soprano, with voices that are drawn ({i + 1}){early if len(roll) < len(rolls[0]) else ''}"
            )
            rolls.append(roll)
    soprano = roll_of_melody(lines_of(x, test.alphabet)[0].partition(BAR)[0])
    return files("harmony", rolls, test.name, f"{trained.title}: the soprano is given", names, soprano)


def interpolations(trained: Trained, test: Dataset, rng: Generator) -> dict[str, Content]:
    """interpolation.*: the lines at the codes between those of two lines of the test data (slerp)."""
    some = test.x[rng.permutation(len(test))[:2]]
    z = trained.encode(some)
    z = np.stack([slerp(z[0], z[1], t) for t in np.linspace(0, 1, WAY)])
    x = trained.from_codes(z)
    found: dict[str, Content] = {"interpolation.txt": "".join(f"{line}\n" for line in lines_of(x, test.alphabet))}
    if not is_music(test.name):
        return found
    one, other = (roll_of(line, test.name) for line in lines_of(some, test.alphabet))
    between = [roll_of(line, test.name) for line in lines_of(x, test.alphabet)]
    names = ["a tune of the data", *(f"{i / (WAY - 1):.0%} of the way" for i in range(WAY)), "another tune of the data"]
    shown = [(name, roll) for name, roll in zip(names, [one, *between, other], strict=True) if len(roll)]
    title = f"{trained.title}: from one tune to another"
    return found | files("interpolation", [r for _, r in shown], test.name, title, [name for name, _ in shown])


def measures(trained: Trained, test: Dataset) -> dict[str, float]:
    """Of a model of chorales with exact likelihoods: nats a note of alto, tenor and bass, given the soprano."""
    if test.name != "chorales" or not hasattr(trained.model, "log_probs"):
        return {}
    at, total = places_of_harmony(test.x, test.alphabet), 0.0
    with no_grad():
        for i in range(0, len(test), PART):
            log_p = trained.model.log_probs(to_device(test.x[i : i + PART], trained.model.device))
            total -= float(to_numpy(log_p.data)[at[i : i + PART]].sum(dtype=np.float64))
    return {"harmony": round(total / int(at.sum()), 4) + 0.0}


def music_baselines(train: Dataset, test: Dataset) -> dict[str, float]:
    """What needs no net, beside the losses of a model of rolls, or of harmony; see `minigen.metrics.music`."""
    if train.kind == "rolls":
        found = roll_baselines(train.x, test.x)
    elif train.name == "chorales":
        found = harmony_baselines(train.x, test.x, train.alphabet)
        counted = NGram(ORDER, len(train.alphabet)).fit(train.x).log_probs(test.x)
        found["harmony_counting"] = -float(counted[places_of_harmony(test.x, test.alphabet)].mean())
    else:
        found = {}
    return {name: round(value, 4) + 0.0 for name, value in found.items()}
