"""The references of lesson 18 against the library and against what they are defined by."""

from types import SimpleNamespace

import numpy as np
import pytest

import minigen as mg
from minigen.data.tunes import CHARACTERS, roll_of_melody
from minigen.lessons import find_lesson
from minigen.lessons.pictures import melody
from minigen.metrics.music import roll_baselines

LESSON = find_lesson("18")
REF = SimpleNamespace(**LESSON.reference)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_a_tone_has_its_frequency_and_its_overtones():
    """The strengths stand in the spectrum, at multiples of 440 hertz, and nothing else does."""
    strengths = np.array([1.0, 0.5, 0.25, 0.125])
    wave = REF.tone(48, 4000, 4000, strengths)  # a second: the spectrum has a line for each hertz
    spectrum = 2 * np.abs(np.fft.rfft(wave)) / 4000
    expected = np.zeros(2001)
    expected[440 * np.arange(1, 5)] = strengths
    np.testing.assert_allclose(spectrum, expected, atol=1e-9)
    assert (REF.tone(60, 9, 8000, np.ones(1))[1:] != REF.tone(48, 9, 8000, np.ones(1))[1:]).all()


@pytest.mark.parametrize("name", melody.TUNES)
def test_a_line_is_the_roll_that_the_library_makes_of_it(name):
    line = melody.tune(name)
    assert len(line) == 32
    np.testing.assert_array_equal(REF.roll_of_line(line, CHARACTERS), roll_of_melody(line))


def test_steps_of_the_unit_are_the_librarys_and_so_is_the_way_back(rng):
    c, n, steps = 4, 3, 5
    p, w, b, h = (rng.standard_normal(s) for s in ((n, steps, 3 * c), (c, 3 * c), (c,), (n, c)))
    tensors = [mg.tensor(x, requires_grad=True) for x in (p, w, b, h)]
    y = mg.gru(*tensors)
    states = [h]
    for t in range(steps):
        states.append(REF.gru_step(p[:, t], states[-1], w, b))
    np.testing.assert_allclose(np.stack(states[1:], axis=1), y.numpy(), rtol=1e-12)
    g = rng.standard_normal((n, steps, c))
    y.backward(g)
    d, dp = np.zeros((n, c)), []
    for t in reversed(range(steps)):
        a = states[t] @ w
        r, z = (1 / (1 + np.exp(-p[:, t, part] - a[:, part])) for part in (slice(0, c), slice(c, 2 * c)))
        m = a[:, 2 * c :] + b
        d, one = REF.gru_step_back(d + g[:, t], states[t], r, z, np.tanh(p[:, t, 2 * c :] + r * m), m, w)
        dp.append(one)
    np.testing.assert_allclose(d, tensors[3].grad.numpy(), rtol=1e-9)
    np.testing.assert_allclose(np.stack(dp[::-1], axis=1), tensors[0].grad.numpy(), rtol=1e-9, atol=1e-12)


def test_the_price_is_the_divergence_of_the_frames_from_independent_keys(rng):
    frames = rng.integers(2, size=(3, 4))[rng.integers(3, size=60)]
    different, counts = np.unique(frames, axis=0, return_counts=True)
    f, q = counts / 60, frames.mean(axis=0)
    independent = np.prod(np.where(different == 1, q, 1 - q), axis=1)
    assert REF.price_of_independence(frames) == pytest.approx((f * np.log(f / independent)).sum(), rel=1e-12)
    assert REF.price_of_independence(np.array([[0, 1], [1, 0]])) == pytest.approx(np.log(2))


def test_the_price_is_what_the_librarys_keys_cost_beyond_the_frames(rng):
    """Of frames that know nothing of each other, `keys_independent` is the second model, but for the halves it adds."""
    chords = rng.integers(2, size=(4, 5))
    frames = chords[rng.integers(4, size=20_001)].astype(np.uint8)
    nats = roll_baselines(frames[None], frames[None])["keys_independent"]
    entropy = -(p := np.unique(frames, axis=0, return_counts=True)[1] / len(frames)) @ np.log(p)
    assert nats - entropy == pytest.approx(REF.price_of_independence(frames), abs=2e-3)


def test_a_harmony_without_faults_and_what_counts_as_one():
    exercise = next(e for e in LESSON.exercises if e.key == "18.6")
    soprano = np.array([51, 50, 51])  # C5, B4, C5 over C, G, C
    good = np.array([[46, 43, 27], [46, 41, 34], [46, 43, 27]])

    def faults(voices):
        return round(3 * exercise.measure({"soprano": soprano, "seed": 0}, voices).value)

    def changed(frame, voice, key):
        voices = good.copy()
        voices[frame, voice] = key
        return voices

    assert faults(good) == 0
    assert faults(changed(1, 1, 42)) == 2 + 0  # C# in a chord of G
    assert faults(changed(0, 2, 31)) == 1  # E in the bass of a chord of C
    assert faults(changed(2, 2, 34)) == 1 + 0  # G in its bass
    assert faults(np.stack([soprano - 12, soprano - 12, soprano - 24], axis=1)) > 8
    assert REF.harmonise(soprano, 0).shape == (3, 3)
    assert faults(REF.harmonise(soprano, 0)) == 0
