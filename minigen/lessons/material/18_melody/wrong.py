"""Classic wrong answers to the exercises of lesson 18."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

_ARGUMENT = "-(p[:, i:i + c] + a[:, i:i + c])"
_SIGMOID = "another stable sigmoid: e^-50 is far below the last digit of what it is added to"
EQUIVALENT = {
    "tone: <= in frequency < rate / 2": "a sine at half of the rate is 0 at every sample",
    "tone: + 1e-8 under rate / 2": "no frequency of a key lies so near to half of a rate, but for that itself",
    "tone: key capped at 100": "there are 88 keys",
    "tone: count at least 1": "there is one sample at least",
    "tone: rate at least 1": "a rate is positive",
    "roll_of_line: int dropped in np.zeros((len(line), len(characters)), int)": "whole floats are taken for integers",
    "roll_of_line: 2 for 1 in roll, key = (np.zeros((len(line), len(characters)), int), -1)": "any key below 0 is none",
    "roll_of_line: result at least 0": "a roll holds 0 and 1",
    f"gru_step: np.exp(np.clip(..., -50, 50)) for np.exp(-np.logaddexp(0, {_ARGUMENT}))": _SIGMOID,
    f"gru_step: np.log(1 + np.exp(x)) for np.logaddexp(0, {_ARGUMENT})": _SIGMOID,
    f"gru_step: np.where(x > 20, x, np.log1p(np.exp(x))) for np.logaddexp(0, {_ARGUMENT})": _SIGMOID,
    f"gru_step: np.maximum(x, 0) + np.log(1 + np.exp(-np.abs(x))) for np.logaddexp(0, {_ARGUMENT})": _SIGMOID,
    "price_of_independence: order turned in [ones, 1 - ones]": "a sum, in any order",
    "price_of_independence: np.nan_to_num(np.log(...)) for np.log(together)": "no frequency is 0",
    "price_of_independence: np.log(np.maximum(..., 1e-8)) for np.log(together)": "no frequency is so small",
    "price_of_independence: np.nan_to_num(np.log(...)) for np.log(alone)": "the zeros are left out before",
    "price_of_independence: np.log(np.maximum(..., 1e-8)) for np.log(alone)": "the zeros are left out before",
    "price_of_independence: frames capped at 9": "frames hold 0 and 1",
    "price_of_independence: result at least 0": "a divergence is not negative",
}

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


# ------------------------------------------------------------------------------------------------------------- tone


@wrong("tone", "calls the reference itself", compared=False)
def the_reference_of_tone(key, count, rate, strengths):
    return cheat.tone(key, count, rate, strengths)


@wrong("tone", "key 0 is taken for A4: the frequency of key k is 440 * 2^((k - 48) / 12)")
def from_the_lowest_key(key, count, rate, strengths):
    return ref.tone(key + 48, count, rate, strengths)


@wrong("tone", "overtones above half of the rate are not left out")
def aliased(key, count, rate, strengths):
    return ref.tone(key, count * 1000, rate * 1000, strengths)[::1000]


@wrong("tone", "overtones are counted from 0: the first one is the fundamental, h = 1")
def from_zero(key, count, rate, strengths):
    f, t = 440 * 2 ** ((key - 48) / 12), np.arange(count) / rate
    return sum(
        (s * np.sin(2 * np.pi * h * f * t) for h, s in enumerate(strengths) if h * f < rate / 2), np.zeros(count)
    )


@wrong("tone", "an overtone is h times as high, not h octaves")
def octaves(key, count, rate, strengths):
    f, t = 440 * 2 ** ((key - 48) / 12), np.arange(count) / rate
    parts = ((s, f * 2**h) for h, s in enumerate(strengths))
    return sum((s * np.sin(2 * np.pi * g * t) for s, g in parts if g < rate / 2), np.zeros(count))


@wrong("tone", "2 pi is missing: np.sin takes radians")
def without_two_pi(key, count, rate, strengths):
    f, t = 440 * 2 ** ((key - 48) / 12), np.arange(count) / rate
    return sum((s * np.sin(h * f * t) for h, s in enumerate(strengths, 1) if h * f < rate / 2), np.zeros(count))


@wrong("tone", "all overtones are equally strong")
def equally_strong(key, count, rate, strengths):
    return ref.tone(key, count, rate, np.ones(len(strengths)))


@wrong("tone", "cosines instead of sines: a note begins at 0")
def cosines(key, count, rate, strengths):
    f, t = 440 * 2 ** ((key - 48) / 12), np.arange(count) / rate
    return sum(
        (s * np.cos(2 * np.pi * h * f * t) for h, s in enumerate(strengths, 1) if h * f < rate / 2), np.zeros(count)
    )


# ----------------------------------------------------------------------------------------------------- roll_of_line


@wrong("roll_of_line", "calls the reference itself", compared=False)
def the_reference_of_roll_of_line(line, characters):
    return cheat.roll_of_line(line, characters)


@wrong("roll_of_line", "'.' is taken for silence")
def dots_are_silence(line, characters):
    return ref.roll_of_line(line.replace(".", "-"), characters)


@wrong("roll_of_line", "'-' does not end a note: the old key sounds on")
def silence_is_held(line, characters):
    return ref.roll_of_line(line.replace("-", "."), characters)


@wrong("roll_of_line", "silence is taken for key 0, or -1 for the last key")
def silence_is_the_last_key(line, characters):
    roll, key = np.zeros((len(line), len(characters)), int), -1
    for t, character in enumerate(line):
        if character != ".":
            key = characters.find(character)
        roll[t, key] = 1
    return roll


@wrong("roll_of_line", "a '.' after silence brings the key before it back")
def silence_is_forgotten(line, characters):
    roll, key = np.zeros((len(line), len(characters)), int), -1
    for t, character in enumerate(line):
        if character in characters:
            key = characters.index(character)
        if character != "-" and key >= 0:
            roll[t, key] = 1
    return roll


@wrong("roll_of_line", "has shape", compared=False)
def transposed(line, characters):
    return ref.roll_of_line(line, characters).T


@wrong("roll_of_line", "held notes add up")
def added(line, characters):
    return np.cumsum(ref.roll_of_line(line, characters), axis=0)


# --------------------------------------------------------------------------------------------------------- gru_step


@wrong("gru_step", "calls minigen", compared=False)
def the_operation_of_the_library(p, h, w, b):
    return mg.gru(p[:, None], w, b, h)[:, 0]


@wrong("gru_step", "the gate's two ends are exchanged: z keeps the old state")
def z_replaces(p, h, w, b):
    c = h.shape[1]
    a = h @ w
    r, z = (np.exp(-np.logaddexp(0, -(p[:, i : i + c] + a[:, i : i + c]))) for i in (0, c))
    n = np.tanh(p[:, 2 * c :] + r * (a[:, 2 * c :] + b))
    return z * n + (1 - z) * h


def _parts(p, h, w):
    c = h.shape[1]
    a = h @ w
    r, z = (np.exp(-np.logaddexp(0, -(p[:, i : i + c] + a[:, i : i + c]))) for i in (0, c))
    return c, a, r, z


@wrong("gru_step", "b stands outside the bracket: the reset gate multiplies it, too")
def b_is_not_reset(p, h, w, b):
    c, a, r, z = _parts(p, h, w)
    return (1 - z) * np.tanh(p[:, 2 * c :] + r * a[:, 2 * c :] + b) + z * h


@wrong("gru_step", "the state is reset before its product with W_n")
def reset_before_the_product(p, h, w, b):
    c, _, r, z = _parts(p, h, w)
    return (1 - z) * np.tanh(p[:, 2 * c :] + (r * h) @ w[:, 2 * c :] + r * b) + z * h


@wrong("gru_step", "b is missing")
def without_b(p, h, w, b):
    return ref.gru_step(p, h, w, 0 * b)


@wrong("gru_step", "reset and update gate are exchanged")
def gates_exchanged(p, h, w, b):
    c = h.shape[1]
    order = np.r_[c : 2 * c, 0:c, 2 * c : 3 * c]
    return ref.gru_step(p[:, order], h, w[:, order], b)


@wrong("gru_step", "the candidate has no tanh")
def without_tanh(p, h, w, b):
    c, a, r, z = _parts(p, h, w)
    return (1 - z) * (p[:, 2 * c :] + r * (a[:, 2 * c :] + b)) + z * h


@wrong("gru_step", "the candidate does not see the state")
def candidate_without_the_past(p, h, w, b):
    c, _, _, z = _parts(p, h, w)
    return (1 - z) * np.tanh(p[:, 2 * c :]) + z * h


@wrong("gru_step", "is NaN or infinite", compared=False)
def overflowing(p, h, w, b):
    c = h.shape[1]
    a = h @ w
    r, z = (np.exp(x) / (1 + np.exp(x)) for x in (p[:, i : i + c] + a[:, i : i + c] for i in (0, c)))
    n = np.tanh(p[:, 2 * c :] + r * (a[:, 2 * c :] + b))
    return (1 - z) * n + z * h


# ---------------------------------------------------------------------------------------------------- gru_step_back


@wrong("gru_step_back", "calls the reference itself", compared=False)
def the_reference_of_gru_step_back(d, h, r, z, n, m, w):
    return cheat.gru_step_back(d, h, r, z, n, m, w)


@wrong("gru_step_back", "the way through z alone is taken: the three products with the state are missing")
def only_the_direct_way(d, h, r, z, n, m, w):
    return d * z, ref.gru_step_back(d, h, r, z, n, m, w)[1]


@wrong("gru_step_back", "the direct way, d z, is missing")
def without_the_direct_way(d, h, r, z, n, m, w):
    dh, dp = ref.gru_step_back(d, h, r, z, n, m, w)
    return dh - d * z, dp


@wrong("gru_step_back", "on the way through the candidate's product, r is missing")
def without_r(d, h, r, z, n, m, w):
    _, dp = ref.gru_step_back(d, h, r, z, n, m, w)
    return d * z + dp @ w.T, dp


@wrong("gru_step_back", "r stands in dL/dp, too: p_n is not multiplied by it")
def r_in_dp(d, h, r, z, n, m, w):
    dh, dp = ref.gru_step_back(d, h, r, z, n, m, w)
    c = h.shape[1]
    return dh, np.concatenate([dp[:, : 2 * c], dp[:, 2 * c :] * r], axis=1)


@wrong("gru_step_back", "the sign of dz is wrong: with a larger z there is more of h, and less of n")
def dz_turned(d, h, r, z, n, m, w):
    c = h.shape[1]
    _, dp = ref.gru_step_back(d, h, r, z, n, m, w)
    dp = np.concatenate([dp[:, :c], -dp[:, c : 2 * c], dp[:, 2 * c :]], axis=1)
    return d * z + np.concatenate([dp[:, : 2 * c], dp[:, 2 * c :] * r], axis=1) @ w.T, dp


@wrong("gru_step_back", "the slope of tanh, 1 - n^2, is missing")
def without_the_slope(d, h, r, z, n, m, w):
    dn = d * (1 - z)
    dz, dr = d * (h - n) * z * (1 - z), dn * m * r * (1 - r)
    return d * z + np.concatenate([dr, dz, dn * r], axis=1) @ w.T, np.concatenate([dr, dz, dn], axis=1)


@wrong("gru_step_back", "no known pattern")
def w_as_it_is(d, h, r, z, n, m, w):
    c = h.shape[1]
    _, dp = ref.gru_step_back(d, h, r, z, n, m, w)
    return d * z + dp[:, :c] @ w[:, :c] + dp[:, c : 2 * c] @ w[:, c : 2 * c] + (dp[:, 2 * c :] * r) @ w[:, 2 * c :], dp


# -------------------------------------------------------------------------------------------- price_of_independence


@wrong("price_of_independence", "calls the reference itself", compared=False)
def the_reference_of_price_of_independence(frames):
    return cheat.price_of_independence(frames)


@wrong("price_of_independence", "the sign is turned: the independent keys cost more")
def turned(frames):
    return -ref.price_of_independence(frames)


@wrong("price_of_independence", "in bits: nats need the natural logarithm")
def in_bits(frames):
    return ref.price_of_independence(frames) / np.log(2)


@wrong("price_of_independence", "a key that does not sound costs something, too: (1 - q) log(1 - q) is missing")
def only_what_sounds(frames):
    _, counts = np.unique(frames, axis=0, return_counts=True)
    f, q = counts / len(frames), frames.mean(axis=0)
    q = q[q > 0]
    return float(-(q * np.log(q)).sum() + (f * np.log(f)).sum())


@wrong("price_of_independence", "that is what the independent keys cost, not how much more than the frames")
def cost_of_the_keys(frames):
    q = np.concatenate([frames.mean(axis=0), 1 - frames.mean(axis=0)])
    q = q[q > 0]
    return float(-(q * np.log(q)).sum())


@wrong("price_of_independence", "the different frames are taken for equally likely")
def frames_alike(frames):
    different = np.unique(frames, axis=0)
    return cost_of_the_keys(frames) - float(np.log(len(different)))


@wrong("price_of_independence", "frames as numbers: 88 keys need more than 64 bits; np.unique has axis=0")
def numbered(frames):
    _, counts = np.unique(frames @ 2 ** np.arange(frames.shape[1]), return_counts=True)
    f = counts / len(frames)
    return cost_of_the_keys(frames) + float((f * np.log(f)).sum())


@wrong("price_of_independence", "frames as floats: 88 keys need more than 53 binary digits; np.unique has axis=0")
def numbered_by_floats(frames):
    _, counts = np.unique(frames @ 2.0 ** np.arange(frames.shape[1]), return_counts=True)
    f = counts / len(frames)
    return cost_of_the_keys(frames) + float((f * np.log(f)).sum())


@wrong("price_of_independence", "summed over all frames: it is the mean that is wanted")
def summed(frames):
    return ref.price_of_independence(frames) * len(frames)


@wrong("price_of_independence", "0 log 0 is 0, not NaN: a key that always sounds, or never")
def not_a_number(frames):
    _, counts = np.unique(frames, axis=0, return_counts=True)
    f, q = counts / len(frames), frames.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(-(q * np.log(q) + (1 - q) * np.log(1 - q)).sum() + (f * np.log(f)).sum())


# -------------------------------------------------------------------------------------------------------- harmonise

CHORD_OF = {0: (0, 4, 7), 2: (7, 11, 2), 4: (0, 4, 7), 5: (5, 9, 0), 7: (0, 4, 7), 9: (5, 9, 0), 11: (7, 11, 2)}


def _below(top, tones):
    """The next two chord tones below, and the root in the bass."""
    inner = [k for k in range(int(top) - 1, 20, -1) if (k - 3) % 12 in tones][:2]
    bass = max(k for k in range(18, 31) if (k - 3) % 12 == tones[0])
    return [*inner, bass]


@wrong("harmonise", "faults a frame", compared=False)
def the_next_chord_tones(soprano, seed):
    """Each frame by itself: parallels all the way."""
    return np.array([_below(top, CHORD_OF[int(top - 3) % 12]) for top in soprano])


@wrong("harmonise", "faults a frame", compared=False)
def octaves_below(soprano, seed):
    return np.stack([soprano - 12, soprano - 12, soprano - 24], axis=1)


@wrong("harmonise", "faults a frame", compared=False)
def always_c(soprano, seed):
    return np.tile([39, 34, 27], (len(soprano), 1))


@wrong("harmonise", "has shape", compared=False)
def with_the_soprano(soprano, seed):
    return np.column_stack([soprano, soprano - 4, soprano - 8, soprano - 12])
