"""What music is worth to those who do not compose: nats a frame, or a note, without any network.

Of piano rolls, for each key of the next frame, given

    keys_independent    nothing: how often the key sounds
    key_given_itself    whether the key sounds in the last frame
    logistic            all keys of the last frame, by logistic regression

Of chorales, for each note of alto, tenor and bass, given

    notes_independent   nothing: how often the voice sings it
    below_the_soprano   the soprano's note of the frame: how often the voice is so many semitones below it

A model that is worth its training is below all of them. Counts have a half added to them, so that nothing is
impossible (Krichevsky and Trofimov 1981). Lesson 18 uses them.
"""

import numpy as np

from ..autodiff import Tensor
from ..data import PAD
from ..data.tunes import BAR, CHARACTERS
from ..nn import Dense, bce_loss
from ..optim import Adam, cosine
from ..random import Generator
from .arrays import not_empty

STEPS, BATCH = 800, 1000  # of the logistic regression
VOICES = ("alto", "tenor", "bass")


def roll_baselines(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """Nats a frame of the test rolls, summed over the keys; see above.

    Args:
        train, test: rolls, bytes (N, T+1, keys) of 0, 1 and PAD; each frame but the first of a roll is predicted.
    """
    (last, new), (test_last, test_new) = _frames(train), _frames(test)

    def nats(p: np.ndarray) -> float:
        return float(-np.where(test_new == 1, np.log(p), np.log1p(-p)).sum(axis=1).mean())

    share = _share(new, np.ones_like(new, bool))
    after = np.stack([_share(new, last == before) for before in (0, 1)])  # (2, keys)
    return {
        "keys_independent": nats(share[None]),
        "key_given_itself": nats(np.where(test_last == 1, after[1], after[0])),
        "logistic": nats(_logistic(last, new, share, test_last)),
    }


def harmony_baselines(train: np.ndarray, test: np.ndarray, alphabet: str) -> dict[str, float]:
    """Nats a note of alto, tenor and bass of the test chorales; see above.

    Args:
        train, test: lines of `chorales`, bytes (N, T+1). alphabet: of their symbols.
    """
    (soprano, others), (test_soprano, test_others) = _voices(train, alphabet), _voices(test, alphabet)
    found = {"notes_independent": 0.0, "below_the_soprano": 0.0}
    span = len(CHARACTERS) + 1  # and silence
    for voice in range(3):
        notes = _probabilities(np.bincount(others[..., voice].ravel(), minlength=span))
        below = _probabilities(np.bincount((soprano - others[..., voice]).ravel() + span, minlength=2 * span + 1))
        found["notes_independent"] -= float(np.log(notes[test_others[..., voice]]).mean()) / 3
        found["below_the_soprano"] -= float(np.log(below[test_soprano - test_others[..., voice] + span]).mean()) / 3
    return found


def places_of_harmony(x: np.ndarray, alphabet: str) -> np.ndarray:
    """Where the notes of alto, tenor and bass stand among the predicted symbols of lines (N, T+1): (N, T) of bool."""
    after_bar = np.cumsum(x[:, :-1] == alphabet.index(BAR), axis=1) > 0
    return after_bar & (x[:, 1:] != PAD) & (x[:, 1:] != alphabet.index("\n"))


def _frames(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of a frame and the next: (M, keys) each."""
    not_empty("rolls", x[:, 1:])
    there = x[:, 1:, 0] != PAD
    return x[:, :-1][there], x[:, 1:][there]


def _share(new: np.ndarray, of: np.ndarray) -> np.ndarray:
    """How often each key is 1 in the places `of`, (keys,)."""
    return ((new * of).sum(axis=0, dtype=np.float64) + 0.5) / (of.sum(axis=0) + 1)


def _logistic(last: np.ndarray, new: np.ndarray, share: np.ndarray, test_last: np.ndarray) -> np.ndarray:
    """p of each key of each test frame, (M, keys), by a regression that begins at the shares."""
    rng = Generator(0)
    layer = Dense(last.shape[1], last.shape[1], init=lambda rng, shape, *fan: np.zeros(shape, np.float32), rng=rng)
    assert layer.b is not None
    layer.b.data[...] = np.log(share / (1 - share)).astype(np.float32)
    optimizer = Adam(layer.parameters(), lr=cosine(0.03, STEPS))
    for _ in range(STEPS):
        rows = rng.integers(len(last), (BATCH,), device="cpu")
        x, y = (Tensor(frames[rows].astype(np.float32)) for frames in (last, new))
        optimizer.add(bce_loss(layer(x), y))
        optimizer.step()
    logits = test_last.astype(np.float64) @ layer.w.numpy() + layer.b.numpy()
    p: np.ndarray = 1 / (1 + np.exp(-logits))
    return p.clip(1e-12, 1 - 1e-12)


def _voices(x: np.ndarray, alphabet: str) -> tuple[np.ndarray, np.ndarray]:
    """The keys of the sopranos (N, L), and of the other voices (N, L, 3), 0 for silence, else from 1 on."""
    not_empty("lines", x)
    of = np.array([CHARACTERS.find(c) + 1 for c in alphabet])
    frames = (x.shape[1] - 3) // 4  # \n, L sopranos, the bar, 3 L notes, \n
    return of[x[:, 1 : frames + 1]], of[x[:, frames + 2 : -1]].reshape(len(x), frames, 3)


def _probabilities(counts: np.ndarray) -> np.ndarray:
    return (counts + 0.5) / (counts.sum() + 0.5 * len(counts))
