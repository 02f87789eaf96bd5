"""The exercises of lesson 18: on which inputs they are checked, and hints."""

import itertools

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure

CHARACTERS = "".join(chr(c) for c in range(33, 123) if chr(c) not in "-.")
SCALE = (0, 2, 4, 5, 7, 9, 11)
CHORDS = ((0, 4, 7), (2, 5, 9), (4, 7, 11), (5, 9, 0), (7, 11, 2), (9, 0, 4))
RANGES = ((34, 53), (27, 46), (18, 39))


def notes(keys=(20, 60), rate=8000, count=400, overtones=5):
    """A key, and strengths that fall."""

    def draw(rng):
        strengths = rng.uniform(0.2, 1, overtones) * rng.choice([-1, 1], overtones)
        return {"key": int(rng.integers(*keys)), "count": count, "rate": rate, "strengths": strengths}

    return draw


def a4(rate):
    """A4, whose partials have 440, 880, 1320, ... hertz, at a rate that allows the first two."""

    def draw(rng):
        return {"key": 48, "count": 60, "rate": rate, "strengths": rng.uniform(0.5, 1, 4)}

    return draw


def every_second_partial(rng):
    """The lowest key, with strengths that are 0 for h = 2, 4, ..., as of a clarinet."""
    return {"key": 0, "count": 300, "rate": 4000, "strengths": np.array([1, 0, 1 / 3, 0, 1 / 5]) * rng.uniform(0.5, 1)}


def melodies(length=24, keys=12, first="", share=(0.4, 0.2, 0.4)):
    """A line of keys, silence and held notes."""

    def draw(rng):
        characters = "".join(rng.permutation(list(CHARACTERS))[:keys])
        kinds = rng.choice(3, size=length, p=share)
        line = "".join("-."[k - 1] if k else characters[rng.integers(keys)] for k in kinds)
        return {"line": (first + line)[:length], "characters": characters}

    return draw


def same_again(rng):
    """A key that is struck again, and one that goes on after silence."""
    c = "".join(rng.permutation(list(CHARACTERS))[:3])
    return {"line": f"{c[0]}{c[0]}.-..{c[1]}.{c[0]}-{c[1]}..{c[2]}", "characters": c}


def steps(n=0, c=0, size=1.0):
    """The inputs of a step."""

    def draw(rng):
        many, width = n or int(rng.integers(2, 5)), c or int(rng.integers(2, 6))
        return {
            "p": size * rng.standard_normal((many, 3 * width)),
            "h": rng.uniform(-1, 1, (many, width)),
            "w": rng.standard_normal((width, 3 * width)),
            "b": rng.standard_normal(width),
        }

    return draw


def gate(which, value):
    """One of the gates is wide open, or shut."""

    def draw(rng):
        inputs = steps(3, 4)(rng)
        inputs["p"][:, 4 * which : 4 * which + 4] = value
        return inputs

    return draw


def that_cancel(rng):
    """Large inputs, weights and biases whose sums are small."""
    inputs = steps(3, 4)(rng)
    inputs["w"] *= 400
    inputs["b"] = -(inputs["h"] @ inputs["w"])[0, 8:] + rng.standard_normal(4)
    inputs["p"] -= inputs["h"] @ inputs["w"]
    inputs["p"][:, 8:] = rng.standard_normal((3, 4))
    inputs["p"][:, :4] += 1000  # what the reset gate lets through is small in the first row only
    return inputs


def large_states(rng):
    """States far from 0, and small weights."""
    inputs = steps(3, 4)(rng)
    return inputs | {"h": 300 * rng.standard_normal((3, 4)), "w": inputs["w"] / 300}


def with_zeros(rng):
    """The first and a third of the other numbers of each array is 0."""
    return {name: zeroed(x, rng) for name, x in steps(4, 4)(rng).items()}


def zeroed(x, rng):
    """Some of the numbers are 0, the first one always."""
    return np.where((rng.random(x.shape) < 1 / 3) | (np.arange(x.size) == 0).reshape(x.shape), 0, x)


def backwards(n=0, c=0, shut=None):
    """A step whose gates are known; `shut`: a gate, and its value."""

    def draw(rng):
        x = steps(n, c)(rng)
        width = x["h"].shape[1]
        r, z = (1 / (1 + np.exp(-2 * rng.standard_normal(x["h"].shape))) for _ in range(2))
        m = x["h"] @ x["w"][:, 2 * width :] + x["b"]
        n_now, d = np.tanh(rng.standard_normal(r.shape)), rng.standard_normal(r.shape)
        found = {"d": d, "h": x["h"], "r": r, "z": z, "n": n_now, "m": m, "w": x["w"]}
        if shut:
            found[shut[0]] = np.full_like(r, shut[1])
        return found

    return draw


def zeros_on_the_way(rng):
    """A third of the state, the candidate, m and the weights is 0."""
    found = backwards(4, 4)(rng)
    return found | {name: zeroed(found[name], rng) for name in "hnmw"}


def of_step(reference, x):
    """<d, h'> as a function of the state before the step, and of the inputs: what gates of these values are made of."""
    c = x["h"].shape[1]
    with np.errstate(divide="ignore"):
        made = [np.clip(np.log(gate) - np.log1p(-gate), -40, 40) for gate in (x["r"], x["z"])]
    a, b = x["h"] @ x["w"], x["m"] - x["h"] @ x["w"][:, 2 * c :]
    p = np.concatenate([*made, np.arctanh(x["n"]) - x["r"] * x["m"]], axis=1)
    p[:, : 2 * c] -= a[:, : 2 * c]
    step = reference["gru_step"]
    return [
        (lambda h: float((x["d"] * step(p, h, x["w"], b)).sum()), x["h"]),
        (lambda p: float((x["d"] * step(p, x["h"], x["w"], b)).sum()), p),
    ]


def chords(n=200, keys=5, kinds=0, alone=False):
    """Frames of keys that go together: a few different ones, or tossed keys."""

    def draw(rng):
        if alone:
            return {"frames": (rng.random((n, keys)) < rng.uniform(0.2, 0.8, keys)).astype(int)}
        different = rng.integers(2, size=(kinds or 4, keys))
        return {"frames": different[rng.integers(len(different), size=n)]}

    return draw


def told_apart_by(keys):
    """Frames of 88 keys that differ in these alone: as numbers of 64 bits, or of 53 digits, they would be alike."""

    def draw(rng):
        frames = np.repeat(rng.integers(2, size=(1, 88)), 200, axis=0)
        frames[:, [0, 87]] = 1
        frames[:, keys] = rng.integers(2, size=(6, 88))[rng.integers(6, size=200), keys]
        return {"frames": frames}

    return draw


def every_frame_once(rng):
    """All frames of three keys, each the same number of times: the keys are independent."""
    frames = np.array(np.meshgrid([0, 1], [0, 1], [0, 1])).reshape(3, -1).T
    return {"frames": rng.permutation(np.repeat(frames, 5, axis=0))}


def one_or_the_other(rng):
    """Two keys of which always one sounds; the price is log 2."""
    first = rng.permutation(np.repeat([0, 1], 50))
    return {"frames": np.stack([first, 1 - first], axis=1)}


def sopranos(length=16):
    """A melody in C major that mostly moves by steps, and ends with C, E or G."""

    def draw(rng):
        keys = [k for k in range(39, 59) if (k - 3) % 12 in SCALE]
        at, places = int(rng.integers(3, 9)), []
        for _ in range(length):
            at = int(np.clip(at + rng.choice([-2, -1, -1, 0, 1, 1, 2]), 1, len(keys) - 1))
            places.append(at)
        ends = [i for i, k in enumerate(keys) if (k - 3) % 12 in (0, 4, 7)]
        places[-1] = min(ends, key=lambda i: abs(i - places[-1]))
        return {"soprano": np.array([keys[i] for i in places]), "seed": int(rng.integers(2**31))}

    return draw


def faults(soprano, voices):
    """The faults of a harmony, as the exercise counts them."""
    score = np.column_stack([soprano, voices])
    chord_of, total = [], 0
    for frame in score:
        tones = {int(k - 3) % 12 for k in frame}
        fits = [chord for chord in CHORDS if tones <= set(chord) and {chord[0], chord[1]} <= tones]
        chord_of.append(fits[0] if fits else None)
        total += 2 * (not fits)
        total += 1 if fits and (frame[3] - 3) % 12 != fits[0][0] else 0
        out = any(not low <= k <= high for k, (low, high) in zip(frame[1:], RANGES, strict=True))
        total += 2 * (out or bool((np.diff(frame) > 0).any()))
    for before, now in itertools.pairwise(score):
        total += sum(abs(int(now[v]) - int(before[v])) > most for v, most in ((1, 7), (2, 7), (3, 12)))
        for i in range(4):
            for j in range(i + 1, 4):
                gap = (before[i] - before[j]) % 12
                moves = before[i] != now[i] and before[j] != now[j]
                total += int(gap in (0, 7) and gap == (now[i] - now[j]) % 12 and moves)
    if (soprano[-1] - 3) % 12 in CHORDS[0] and chord_of[-1] != CHORDS[0]:
        total += 2
    return total


def faults_a_frame(inputs, answer):
    """The measure of `harmonise`."""
    soprano, voices = inputs["soprano"], np.asarray(answer)
    if voices.shape != (len(soprano), 3):
        raise ArgumentError(
            f"has shape {voices.shape}, expected {(len(soprano), 3)}: alto, tenor and bass of each frame"
        )
    if voices.dtype.kind not in "iu" and not (voices == np.round(voices)).all():
        raise ArgumentError("holds numbers that are no keys: expected integers")
    return Measure(faults(soprano, voices.astype(int)) / len(soprano), 0.15, "faults a frame", better="lower")


EXERCISES = [
    Exercise(
        key="18.1",
        function="tone",
        section="What a note is",
        cases={
            "a note": notes(),
            "a low one": notes((0, 10)),
            "a high one, some of whose overtones are too high": notes((70, 88)),
            "overtones that are all too high": notes((80, 88), rate=2000),
            "a rate that is odd": a4(1761),
            "a partial between a third and a half of the rate": a4(2000),
            "the lowest key, and zeros": every_second_partial,
            "the fundamental alone": notes(overtones=1),
            "one sample": notes(count=1),
            "two samples": notes(count=2),
        },
        hints=(
            "The times are np.arange(count) / rate, in seconds. The frequency of key k is 440 * 2 ** ((k - 48) / 12).",
            "Overtone h has the frequency h f and the strength strengths[h - 1]. Which of them does the rate allow?",
            "Add strength * np.sin(2 * np.pi * h * f * t) for every h with h * f < rate / 2.",
        ),
    ),
    Exercise(
        key="18.2",
        function="roll_of_line",
        section="Music as numbers",
        cases={
            "a line": melodies(),
            "many keys": melodies(60, 80),
            "held at the beginning": melodies(first="..."),
            "silence at the beginning, held": melodies(first="-.."),
            "struck again": same_again,
            "all silence": melodies(8, share=(0.0, 0.5, 0.5)),
            "one frame": melodies(1, share=(1.0, 0.0, 0.0)),
            "one frame that is held": melodies(1, first="."),
            "one key": melodies(12, 1),
        },
        hints=(
            "Go through the line and remember which key sounds now; at the beginning none does.",
            "characters.find(c) is the key of a character, and -1 where there is none, such as for '-'. What should "
            "'.' change?",
            "'.' changes nothing: the key that is remembered sounds on, and -1 goes on as silence.",
        ),
    ),
    Exercise(
        key="18.3",
        function="gru_step",
        section="A state that is carried along",
        cases={
            "some states": steps(),
            "one of each": steps(1, 1),
            "one state": steps(n=1),
            "all is replaced": gate(1, -1000.0),
            "all stays": gate(1, 1000.0),
            "the candidate does not see the past": gate(0, -1000.0),
            "the candidate sees all of it": gate(0, 1000.0),
            "large inputs": steps(size=300.0),
            "large numbers that cancel": that_cancel,
            "large states": large_states,
            "zeros": with_zeros,
        },
        hints=(
            "h @ w gives the three products side by side; cut it into three parts of C columns.",
            "b stands inside the bracket: it is multiplied by the reset gate.",
            "n = np.tanh(p[:, 2 * c:] + r * (a[:, 2 * c:] + b)), and z keeps the old state: (1 - z) * n + z * h.",
        ),
    ),
    Exercise(
        key="18.4",
        function="gru_step_back",
        section="The gradient through all steps",
        measured=of_step,
        cases={
            "a step": backwards(),
            "one of each": backwards(1, 1),
            "one state": backwards(n=1),
            "all stays": backwards(shut=("z", 1.0)),
            "all is replaced": backwards(shut=("z", 0.0)),
            "the past is not seen": backwards(shut=("r", 0.0)),
            "the past is seen": backwards(shut=("r", 1.0)),
            "zeros": zeros_on_the_way,
            "nothing arrives": backwards(shut=("d", 0.0)),
        },
        hints=(
            "Write down dn, dz and dr first; dr needs dn.",
            "To the state before there are four ways: directly through z, and through each of the three products. The "
            "product for the candidate is multiplied by r.",
            "np.concatenate([dr, dz, dn * r], axis=1) @ w.T + d * z; to the inputs goes (dr, dz, dn), without r.",
        ),
    ),
    Exercise(
        key="18.5",
        function="price_of_independence",
        section="A model of chords",
        level=2,
        cases={
            "four chords": chords(),
            "four other chords": chords(),
            "many chords": chords(500, 7, 30),
            "keys that are tossed": chords(300, 3, alone=True),
            "independent keys": every_frame_once,
            "one or the other": one_or_the_other,
            "always the same frame": chords(20, 4, 1),
            "one key": chords(50, 1, 2),
            "one frame": chords(1, 6, 3),
            "88 keys": chords(400, 88, 9),
            "88 keys, of which the highest tell the frames apart": told_apart_by(slice(64, 88)),
            "88 keys, of which the lowest tell the frames apart": told_apart_by(slice(0, 24)),
        },
        hints=(
            "What is the mean of -log p over the frames, if p are the relative frequencies? Lesson 16 had it.",
            "It is the entropy of these frequencies: of the different frames for the first model, of each key "
            "for the second; entropies of independent keys add up.",
            "The price is the sum over the keys of -q log q - (1 - q) log(1 - q), less -sum of f log f over the "
            "different frames (np.unique with axis=0 counts them). Terms with q = 0 or q = 1 are 0.",
        ),
    ),
    Exercise(
        key="18.6",
        function="harmonise",
        section="Harmony",
        level=3,
        measure=faults_a_frame,
        cases={
            "four bars": sopranos(),
            "another melody": sopranos(),
            "a longer one": sopranos(32),
            "two frames": sopranos(2),
        },
        hints=(
            "Choose a chord for each frame that has the soprano's tone, put its first tone in the bass, and give the "
            "other two voices what is missing. How many faults does that make?",
            "Most of what is left are parallels and leaps: they lie between two frames. List all voicings of a frame "
            "without faults of its own, and choose the one that fits best to the frame before.",
            "Choosing the best next one may end badly. Keep the cheapest way to every voicing of a frame, and go back "
            "from the cheapest last one: dynamic programming (Viterbi). To be fast, go on from the 25 cheapest only.",
        ),
    ),
]
