"""Lesson 18: tunes that belong to everybody, chorales to learn from, and pictures and sounds of piano rolls."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib import pyplot
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ... import ops
from ...autodiff import Tensor, no_grad
from ...data import load
from ...data.alphabet import decode, pack
from ...data.tunes import CHARACTERS, HOLD, REST, roll_of_melody
from ...errors import DataError
from ...models.vaes.melody import MelodyVAE
from ...report.music import key_name, notes_of

RATE = 6000  # samples a second of what is heard in a notebook: enough for voices, and small
KEYS = 88
C3 = 27  # the key of the C below middle C
GAP = 0.06  # of a frame, between two notes in a picture
FRAMES = 16  # of a chorale, a quarter note each
VOICES = ("soprano", "alto", "tenor", "bass")
COLOURS = ("#bd1f01", "#e76300", "#3f90da", "#832db6")

# Four bars of each, an eighth note a character, in C major: c d e f g a b from middle C, x y z below it, C D E above.
TUNES = {
    "Ode to Joy": "e.e.f.g.g.f.e.d.c.c.d.e.e..dd...",
    "Twinkle, Twinkle": "c.c.g.g.a.a.g...f.f.e.e.d.d.c...",
    "Frère Jacques": "c.d.e.c.c.d.e.c.e.f.g...e.f.g...",
    "Frère Jacques, its end": "gagfe.c.gagfe.c.c.x.c...c.x.c...",
    "Au clair de la lune": "c.c.c.d.e...d...c.e.d.d.c.......",
    "Mary Had a Little Lamb": "e.d.c.d.e.e.e...d.d.d...e.g.g...",
    "London Bridge": "g..ag.f.e.f.g...d.e.f...e.f.g...",
    "Lightly Row": "g.e.e...f.d.d...c.d.e.f.g.g.g...",
    "Alle meine Entchen": "c.d.e.f.g...g...a.a.a.a.g.......",
    "Yankee Doodle": "c.c.d.e.c.e.d...c.c.d.e.c...z...",
    "When the Saints": "--c.e.f.g.......--c.e.f.g.......",
    "Jingle Bells": "e.e.e...e.e.e...e.g.c..de.......",
    "Old MacDonald": "C.C.C.g.a.a.g...E.E.D.D.C.......",
    "Joy to the World": "C...b..ag...f...e...d...c.......",
    "Good King Wenceslas": "c.c.c.d.c.c.x...y.x.y.z.c...c...",
    "Oh! Susanna": "e.g.g..ag.e.c..de.e.d.c.d.......",
}
SEMITONES = {"x": -5, "y": -3, "z": -1} | dict(zip("cdefgabCDEF", (0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 17), strict=True))
CHORDS = {0: 0, 2: 7, 4: 0, 5: 5, 7: 0, 9: 5, 11: 7}  # the root that a note of C major gets: C, F or G


def tune(name: str, semitones: int = 0) -> str:
    """A tune as a line of symbols, as in the data set `melodies`; moved by so many semitones."""
    return "".join(c if c in REST + HOLD else CHARACTERS[C3 + 12 + SEMITONES[c] + semitones] for c in TUNES[name])


class Lines(NamedTuple):
    """Examples of a data set of lines: symbols (N, T+1), and their alphabet."""

    x: np.ndarray
    alphabet: str


def tunes() -> Lines:
    """The 16 tunes, in C major."""
    lines = [tune(name) for name in TUNES]
    alphabet = "\n" + "".join(sorted(set("".join(lines))))
    return Lines(pack(lines, alphabet, 32), alphabet)


def tune_rolls(names: Sequence[str]) -> list[np.ndarray]:
    """Some of the tunes as rolls."""
    return [roll_of_melody(tune(name)) for name in names]


def notes_alone(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Nats a note of each voice, if it is predicted by how often it sings which key: keys (N, L, 4) -> (4,)."""
    counts = np.stack([np.bincount(train[..., v].ravel(), minlength=KEYS) + 0.5 for v in range(4)])
    log_p = np.log(counts / counts.sum(axis=1, keepdims=True))
    return np.array([-log_p[v][test[..., v]].mean() for v in range(4)])


class Chorales(NamedTuple):
    """Four voices: keys 0 ... 87, (N, 16, 4), from the soprano to the bass; and where they are from."""

    train: np.ndarray
    test: np.ndarray
    source: str


def chorales() -> Chorales:
    """Four bars each of Bach's chorales, in twelve keys to train on; without the file, our tunes with simple chords."""
    try:
        parts = [load("chorales", part) for part in ("train", "test")]
    except DataError:
        found = [_harmonised(name, key) for name in TUNES for key in range(-5, 7)]
        test = np.arange(len(found)) % 8 == 5  # of each tune one or two keys
        voices = np.stack(found)
        return Chorales(voices[~test], voices[test], "our own tunes with the chords C, F and G, as Bach's are not here")
    train, test_part = (_voices(decode_lines(part.x, part.alphabet)) for part in parts)
    return Chorales(train, test_part, "Bach's chorales, four bars each")


def decode_lines(x: np.ndarray, alphabet: str) -> list[str]:
    """Rows of symbols as text, without line ends."""
    return [decode(row, alphabet).strip("\n") for row in x]


def _voices(lines: Sequence[str]) -> np.ndarray:
    """Lines of `chorales` as keys; those with a silent voice are left out."""
    rows = [[*line[:FRAMES], *line[FRAMES + 1 :]] for line in lines if REST not in line]
    key_of = {c: key for key, c in enumerate(CHARACTERS)}
    keys = np.array([[key_of[c] for c in row] for row in rows])
    return np.concatenate([keys[:, :FRAMES, None], keys[:, FRAMES:].reshape(-1, FRAMES, 3)], axis=2)


def _harmonised(name: str, semitones: int) -> np.ndarray:
    """Every second note of a tune with the chord C, F or G: below it the next tones of the chord, and its root."""
    held = (C3 + 12 + np.array(_held(TUNES[name])))[::2]
    frames = []
    for soprano in held:
        root = CHORDS[(soprano - C3) % 12]
        inner = [key for key in range(soprano - 1, soprano - 16, -1) if (key - C3 - root) % 12 in (0, 4, 7)][:2]
        bass = max(key for key in range(inner[1]) if (key - C3 - root) % 12 == 0)
        frames.append([soprano, *inner, bass])
    return np.array(frames) + semitones


def _held(line: str) -> list[int]:
    """The semitone of each frame; a silence before the first note is that note."""
    first = next(SEMITONES[c] for c in line if c not in REST + HOLD)
    found = [first]
    for c in line:
        found.append(found[-1] if c in REST + HOLD else SEMITONES[c])
    return found[1:]


def rolls_of(voices: np.ndarray) -> np.ndarray:
    """Keys (N, L, 4) as rolls, bytes (N, L, 88)."""
    rolls = np.zeros((*voices.shape[:2], KEYS), np.uint8)
    n, t = np.indices(voices.shape[:2])
    for voice in range(voices.shape[2]):
        rolls[n, t, voices[..., voice]] = 1
    return rolls


# ------------------------------------------------------------------------------------------------ to hear and to see


def sound(rolls: Sequence[np.ndarray], tone: Callable[..., np.ndarray], seconds_a_frame: float = 0.4) -> Any:
    """Rolls (L, 88) to hear, one after the other: each note is tone(frequency, seconds, rate), an array of samples."""
    from IPython.display import Audio

    notes, now = [], 0.0
    for roll in rolls:
        for note in notes_of(roll):
            made = tone(440 * 2 ** ((note.key - 48) / 12), (note.end - note.start) * seconds_a_frame, RATE)
            notes.append((round((now + note.start * seconds_a_frame) * RATE), made))
        now += (len(roll) + 1) * seconds_a_frame
    wave = np.zeros(max(at + len(made) for at, made in notes))
    for at, made in notes:
        wave[at : at + len(made)] += made
    return Audio(wave / np.abs(wave).max(), rate=RATE, normalize=False)


def plucked(frequency: float, seconds: float, rate: int = RATE) -> np.ndarray:
    """A note with six overtones that die away, the higher the sooner, and soft ends."""
    t = np.arange(round(seconds * rate)) / rate
    wave = np.zeros(len(t))
    for h in range(1, 7):
        if h * frequency < rate / 2:
            wave += h**-1.5 * np.exp(-h * t / 1.2) * np.sin(2 * np.pi * h * frequency * t)
    return wave * np.clip(t / 0.01, 0, 1) * np.clip((seconds - t) / 0.05, 0, 1)


def score(rolls: Sequence[np.ndarray], names: Sequence[str] = (), voices: np.ndarray | None = None) -> Figure:
    """Rolls (L, 88) one below the other, a bar for each note; with `voices` (N, L, 4) each voice in its colour.

    A bar is filled to its edges, and what parts it from the next one is a gap in time: as wide as a pixel or not, all
    bars of one length look alike.
    """
    found = [notes_of(roll) for roll in rolls]
    keys = [note.key for notes in found for note in notes]
    low, high = min(keys) - 2, max(keys) + 2
    height = 0.35 + 0.045 * (high - low)
    figure, below = pyplot.subplots(
        len(rolls), 1, figsize=(7.2, 0.6 + height * len(rolls)), sharex=True, squeeze=False, layout="constrained"
    )
    for i, (axis, notes) in enumerate(zip(below[:, 0], found, strict=True)):
        for key, start, end in notes:
            colour = COLOURS[2]
            if voices is not None:
                colour = COLOURS[int(np.flatnonzero(voices[i, start] == key)[0])]
            bar = ((start, key - 0.45), end - start - GAP, 0.9)
            axis.add_patch(Rectangle(*bar, facecolor=colour, linewidth=0, snap=False))
        named = [key for key in range(low, high) if (key - C3) % 12 == 0]
        axis.set_yticks(named, [key_name(key) for key in named], fontsize=9)
        axis.set(ylim=(low, high), xlim=(0, max(map(len, rolls))))
        axis.grid(alpha=0.3)
        axis.set_axisbelow(True)
        if names:
            axis.set_title(names[i], fontsize=10, loc="left")
    below[-1, 0].set_xlabel("frame")
    return figure


def overtones() -> Callable[..., Figure]:
    """The picture to move: the wave of a note, by what its overtones are."""

    def draw(harmonics: float, falling: float) -> Figure:
        t = np.linspace(0, 3 / 440, 400)
        strengths = np.arange(1, int(harmonics) + 1) ** -falling
        wave = sum(a * np.sin(2 * np.pi * h * 440 * t) for h, a in enumerate(strengths, 1))
        figure, (left, right) = pyplot.subplots(1, 2, figsize=(7.2, 2.4), layout="constrained", width_ratios=(3, 2))
        left.plot(1000 * t, wave / np.abs(wave).max())
        left.set(xlabel="milliseconds", ylabel="pressure", title="three periods of A4")
        right.bar(440 * np.arange(1, int(harmonics) + 1), strengths, width=200)
        right.set(xlabel="hertz", ylabel="strength", xlim=(0, 4000))
        return figure

    return draw


# -------------------------------------------------------------------------------------------------------- recurrence


def gradient_by_age(bias: float, steps: int = 60, width: int = 32, seed: int = 0) -> dict[str, np.ndarray]:
    """How long dL/dh is, t steps before the last state, for L a random direction of this state: (steps,) each.

    Args:
        bias: is added to the update gate's input. steps, width: of the sequence and of the state.
        seed: of weights and inputs.
    """
    rng = np.random.default_rng(seed)
    w = Tensor(rng.uniform(-1, 1, (width, 3 * width)) / np.sqrt(width))
    p = 0.5 * rng.standard_normal((1, steps, 3 * width))
    p[..., width : 2 * width] += bias
    direction, b = rng.standard_normal(width), Tensor(np.zeros(width))

    def plain(h: Tensor, t: int) -> Tensor:
        return ops.tanh(Tensor(p[:, t, 2 * width :]) + h @ w[:, 2 * width :])

    def gated(h: Tensor, t: int) -> Tensor:
        return ops.gru(Tensor(p[:, t : t + 1]), w, b, h)[:, 0]

    found = {}
    for name, step in {"plain": plain, "GRU": gated}.items():
        nudges = [Tensor(np.zeros((1, width)), requires_grad=True) for _ in range(steps)]
        h = Tensor(np.zeros((1, width)))
        for t, nudge in enumerate(nudges):
            h = step(h, t) + nudge  # the gradient of the nudge is that of the state
        ops.sum(h * direction).backward()
        lengths = [float(np.linalg.norm(nudge.grad.numpy())) for nudge in nudges if nudge.grad is not None]
        found[name] = np.array(lengths[::-1])
    return found


def memory() -> Callable[..., Figure]:
    """The picture to move: how far the gradient reaches back, by the bias of the update gate."""

    def draw(bias: float) -> Figure:
        figure, axis = pyplot.subplots(figsize=(6.6, 2.9), layout="constrained")
        for name, style in (("plain", "--"), ("GRU", "-")):
            lengths = gradient_by_age(bias)[name]
            axis.semilogy(lengths / lengths[0], style, label=name if name == "GRU" else "plain recurrence")
        axis.set(xlabel="steps back", ylabel="gradient (last step: 1)", ylim=(1e-9, 3), xlim=(0, 59))
        axis.legend(fontsize=9, loc="lower left")
        return figure

    return draw


# ------------------------------------------------------------------------------------------------- what is learnt


def sounding(rolls: np.ndarray) -> np.ndarray:
    """How many keys sound in each frame of rolls (N, L, 88), as shares of 0 ... 8 and more keys."""
    counts = np.minimum(rolls.sum(axis=2).ravel(), 8)
    return np.bincount(counts, minlength=9) / len(counts)


def how_many(real: np.ndarray, drawn: np.ndarray) -> Figure:
    """The shares of `sounding`, of real frames and of drawn ones."""
    figure, axis = pyplot.subplots(figsize=(6.4, 2.7), layout="constrained")
    for i, (name, shares, hatch) in enumerate((("real", real, ""), ("drawn", drawn, "//"))):
        axis.bar(np.arange(9) + 0.4 * i - 0.2, shares, width=0.4, label=name, hatch=hatch, edgecolor="white")
    axis.set_xticks(range(9), [*map(str, range(8)), "8+"])
    axis.set(xlabel="keys that sound", ylabel="share of the frames")
    axis.legend(fontsize=9)
    return figure


def interleaved(voices: np.ndarray) -> np.ndarray:
    """Keys (N, 16, 4) as lines of symbols, bytes (N, 65): 0, then soprano, alto, tenor, bass of each frame, key + 1."""
    lines = 1 + voices.reshape(len(voices), -1)
    return np.concatenate([np.zeros((len(lines), 1), int), lines], axis=1).astype(np.uint8)


def voices_of(lines: np.ndarray) -> np.ndarray:
    """The inverse of `interleaved`: (N, 65) -> (N, 16, 4)."""
    return lines[:, 1:].reshape(len(lines), -1, 4).astype(int) - 1


def batches(x: np.ndarray, size: int, steps: int, seed: int = 0) -> Iterator[np.ndarray]:
    """So many random batches of the examples x."""
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        yield x[rng.integers(len(x), size=size)]


def two_trainings(kls: dict[str, list[float]]) -> Figure:
    """The KL by step of several trainings."""
    figure, axis = pyplot.subplots(figsize=(6.6, 2.8), layout="constrained")
    for (name, values), style in zip(kls.items(), ("-", "--", ":"), strict=False):
        smooth = np.convolve(values, np.ones(9) / 9, "valid")
        axis.plot(smooth, style, label=name)
    axis.axhline(np.log(len(TUNES)), color="gray", linewidth=0.8)
    axis.text(262, np.log(len(TUNES)) - 0.3, "log 16", fontsize=9)
    axis.set(xlabel="step", ylabel="KL, nats a tune", ylim=(0, None))
    axis.legend(fontsize=9)
    return figure


def lines_at(model: MelodyVAE, z: np.ndarray, alphabet: str) -> list[str]:
    """The likeliest line at each code z (N, latent_dim)."""
    with no_grad():
        x = model.from_codes(Tensor(z.astype(np.float32))).numpy()
    return [line.partition("\n")[0] for line in decode_lines(x, alphabet)]
