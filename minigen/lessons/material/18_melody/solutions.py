"""Lesson 18: melody and harmony. Six functions to write, in plain NumPy.

Key k of the 88 keys of a piano has the frequency 440 * 2^((k - 48) / 12) hertz; key 0 is the lowest.
Use NumPy and Python's own library, and nothing else. Check your work with `check("18.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 18`.
"""

import numpy as np


def tone(key: int, count: int, rate: int, strengths: np.ndarray) -> np.ndarray:
    """The samples of a note: a sum of sines, the fundamental and its overtones.

        y[i] = sum over h = 1 ... H of strengths[h - 1] sin(2 pi h f i / rate),     i = 0 ... count - 1

    A sine whose frequency h f is half of the sampling rate or more is left out.

    Args:
        key: from 0 to 87; f is its frequency. count: how many samples, >= 1.
        rate: samples a second. strengths: (H,), that of the fundamental first.

    Returns:
        (count,).
    """
    # answer
    t = np.arange(count) / rate
    y = np.zeros(count)
    for h, strength in enumerate(strengths, 1):
        frequency = h * 440 * 2 ** ((key - 48) / 12)
        if frequency < rate / 2:
            y += strength * np.sin(2 * np.pi * frequency * t)
    return y
    # end


def roll_of_line(line: str, characters: str) -> np.ndarray:
    """A melody as a piano roll.

    Each character of the line is a frame: that of a key, '-' for silence, or '.' for what the frame before has. A '.'
    after silence is silence, and so is one at the beginning.

    Args:
        line: L characters, L >= 1. characters: the characters of keys 0, 1, 2, ...; '-' and '.' are not among them.

    Returns:
        (L, K) integers, K = len(characters): 1 where the key sounds in the frame, else 0.
    """
    # answer
    roll, key = np.zeros((len(line), len(characters)), int), -1
    for t, character in enumerate(line):
        if character != ".":
            key = characters.find(character)  # -1 for silence
        if key >= 0:
            roll[t, key] = 1
    return roll
    # end


def gru_step(p: np.ndarray, h: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The next state of a gated recurrent unit.

        r = sigmoid(p_r + h W_r)     z = sigmoid(p_z + h W_z)     n = tanh(p_n + r (h W_n + b))
        h' = (1 - z) n + z h

    p holds p_r, p_z, p_n side by side, and w holds W_r, W_z, W_n side by side. sigmoid(x) = 1 / (1 + e^-x). Inputs of
    +-1000 must not warn or give NaN.

    Args:
        p: (N, 3C). h: (N, C), the state before. w: (C, 3C). b: (C,).

    Returns:
        (N, C), h'.
    """
    # answer
    c = h.shape[1]
    a = h @ w
    r, z = (np.exp(-np.logaddexp(0, -(p[:, i : i + c] + a[:, i : i + c]))) for i in (0, c))
    n = np.tanh(p[:, 2 * c :] + r * (a[:, 2 * c :] + b))
    return (1 - z) * n + z * h
    # end


def gru_step_back(
    d: np.ndarray, h: np.ndarray, r: np.ndarray, z: np.ndarray, n: np.ndarray, m: np.ndarray, w: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The gradient of one step of a gated recurrent unit, whose gates are known.

        dn = d (1 - z) (1 - n^2)     dz = d (h - n) z (1 - z)     dr = dn m r (1 - r)
        dL/dp = (dr, dz, dn)         dL/dh = d z + (dr, dz, dn r) W^T

    Args:
        d: dL/dh', (N, C), what arrives at the state after the step.
        h: the state before it. r, z, n: the two gates and the candidate. m: h W_n + b. All (N, C).
        w: (C, 3C), W_r, W_z, W_n side by side.

    Returns:
        (dL/dh (N, C), dL/dp (N, 3C)).
    """
    # answer
    dn = d * (1 - z) * (1 - n * n)
    dz = d * (h - n) * z * (1 - z)
    dr = dn * m * r * (1 - r)
    dh = d * z + np.concatenate([dr, dz, dn * r], axis=1) @ w.T
    return dh, np.concatenate([dr, dz, dn], axis=1)
    # end


def price_of_independence(frames: np.ndarray) -> float:
    """What independent keys cost at least, in nats a frame.

    The frames come one after the other, at random, each as often as it stands in the list. Two models may be fitted to
    them as well as possible, by maximum likelihood. The first knows every different frame, and gives each a probability
    of its own. The second has a probability for each key, and tosses the keys independently of each other. How many
    nats does the second one cost more than the first one, for each of these frames on average?

    Args:
        frames: (N, K) integers, 0 and 1; N >= 1, K >= 1.

    Returns:
        One number, >= 0: 0 where the keys are independent already.
    """
    # answer
    _, counts = np.unique(frames, axis=0, return_counts=True)
    together = counts / len(frames)
    ones = frames.mean(axis=0)
    alone = np.concatenate([ones, 1 - ones])
    alone = alone[alone > 0]
    return float(-(alone * np.log(alone)).sum() + (together * np.log(together)).sum())
    # end


def harmonise(soprano: np.ndarray, seed: int) -> np.ndarray:
    """An open task: alto, tenor and bass for a melody in C major, with as few faults as possible.

    The measure is the number of faults, divided by the number of frames; it has to be 0.15 at most. Faults are:

    - 2 for a frame whose tones are not those of one of the chords C-E-G, D-F-A, E-G-B, F-A-C, G-B-D, A-C-E: all of
      them have to belong to the chord, whose first and second tone have to be there (the third may be missing);
    - 2 for a frame in which a voice is higher than the one above it, or is out of its range: alto 34 ... 53, tenor
      27 ... 46, bass 18 ... 39;
    - 1 for a frame whose bass is not the first tone of its chord;
    - 1 for every two voices that are a fifth or an octave (or a multiple of an octave more) apart, in two frames that
      follow each other, and both move: "parallel fifths and octaves";
    - 1 for every leap of more than 7 keys in alto or tenor, or of more than 12 in the bass;
    - 2 if the last chord is not C-E-G, although the melody ends with C, E or G.

    Key k is a C if (k - 3) % 12 is 0, a D if it is 2, an E: 4, F: 5, G: 7, A: 9, B: 11.

    Args:
        soprano: (L,) keys of the C major scale from 39 (middle C) to 58, L >= 2.
        seed: for random numbers, if you need any.

    Returns:
        (L, 3) integers: the keys of alto, tenor and bass.
    """
    # answer
    scale, thirds = (0, 2, 4, 5, 7, 9, 11), {0: (4, 7), 2: (5, 9), 4: (7, 11), 5: (9, 0), 7: (11, 2), 9: (0, 4)}

    def voicings(top: int) -> list[tuple[int, int, int]]:
        found = []
        for root, (third, fifth) in thirds.items():
            tones = (root, third, fifth)
            keys = [k for k in range(18, 54) if (k - 3) % 12 in tones]
            if (top - 3) % 12 in tones:
                for bass in (k for k in keys if (k - 3) % 12 == root and k <= 39):
                    for tenor in (k for k in keys if max(27, bass) <= k <= 46):
                        for alto in (k for k in keys if max(34, tenor) <= k <= min(53, top)):
                            if third in {(v - 3) % 12 for v in (top, alto, tenor)}:
                                found.append((alto, tenor, bass))
        return found

    def cost(before: tuple[int, ...], now: tuple[int, ...]) -> float:
        total = sum(abs(x - y) for x, y in zip(before[1:], now[1:], strict=True)) / 1000  # of equals, the calmest
        for voice, most in ((1, 7), (2, 7), (3, 12)):
            total += abs(now[voice] - before[voice]) > most
        for i in range(4):
            for j in range(i + 1, 4):
                gap = (before[i] - before[j]) % 12
                both = before[i] != now[i] and before[j] != now[j]
                total += gap in (0, 7) and gap == (now[i] - now[j]) % 12 and both
        return total

    assert all((key - 3) % 12 in scale for key in soprano)
    choices = [voicings(int(top)) for top in soprano]
    best = [dict.fromkeys(choices[0], (0.0, None))]
    for t in range(1, len(soprano)):
        before, column = (int(soprano[t - 1]),), {}
        kept = sorted(best[-1].items(), key=lambda item: item[1][0])[:25]
        for voicing in choices[t]:
            last = 2.0 if t == len(soprano) - 1 and (voicing[2] - 3) % 12 else 0.0
            now = (int(soprano[t]), *voicing)
            column[voicing] = min(((c + cost((*before, *v), now) + last, v) for v, (c, _) in kept), key=lambda x: x[0])
        best.append(column)
    path = [min(best[-1], key=lambda v: best[-1][v][0])]
    for column in best[:0:-1]:
        path.append(column[path[-1]][1])
    return np.array(path[::-1])
    # end
