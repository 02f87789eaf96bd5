"""The references of lesson 16 against the library's counts, and against what they are defined by."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from minigen.data import load
from minigen.lessons import find_lesson
from minigen.models.sequences.ngram import PAD, NGram

REF = SimpleNamespace(**find_lesson("16").reference)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_pairs_are_counted_as_a_loop_counts_them(rng):
    text = rng.integers(5, size=200)
    wanted = np.zeros((5, 5), int)
    for h, s in itertools.pairwise(text):
        wanted[h, s] += 1
    np.testing.assert_array_equal(REF.count_pairs(text, 5), wanted)


def test_two_steps_of_interpolation_are_the_librarys_model_of_order_1(rng):
    text, new = rng.integers(4, size=100), rng.integers(4, size=50)
    counts = REF.count_pairs(text, 5)  # the fifth symbol never occurs
    none = REF.interpolated(counts.sum(axis=0, keepdims=True), np.full((1, 5), 0.2))
    p = REF.interpolated(counts, np.tile(none, (5, 1)))
    model = NGram(1, 5).fit(text)
    np.testing.assert_allclose(p, model.probs(np.arange(5)[:, None]), rtol=1e-12)
    assert REF.nats_a_symbol(new, p) == pytest.approx(model.nats(new)[-1], rel=1e-12)


def test_a_temperature_divides_the_logits(rng):
    logits = rng.standard_normal((3, 6))
    p, colder = (np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in (logits, logits / 0.7))
    np.testing.assert_allclose(REF.with_temperature(p, 0.7), colder, rtol=1e-12)


def test_leaving_one_out_is_what_a_loop_does(rng):
    counts, alpha = rng.integers(4, size=(3, 5)), 0.3
    losses = []
    for h, s in np.argwhere(counts):
        others = counts.copy()
        others[h, s] -= 1
        p = (others[h, s] + alpha) / (others[h].sum() + 5 * alpha)
        losses += counts[h, s] * [-np.log(p)]
    assert REF.leave_one_out(counts, alpha) == pytest.approx(np.mean(losses), rel=1e-12)


def test_the_open_task_is_reached_by_kneser_and_ney_too():
    """Discounts of 0.9, and below the longest context counts of how many longer ones a symbol was seen in."""
    exercise = next(e for e in find_lesson("16").exercises if e.key == "16.6")
    inputs = exercise.cases["some names"](np.random.default_rng(5))
    train, before = inputs["train"], inputs["before"]
    padded = np.hstack([np.full((len(train), 6), 27), train])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 7, axis=1)[:, 1:].reshape(-1, 7)
    windows, p = windows[windows[:, -1] < 27], np.full((len(before), 27), 1 / 27)
    for order in range(6):
        seen = windows if order == 5 else np.unique(windows[:, 5 - order :], axis=0)
        digits = 28 ** np.arange(order)
        contexts, rows = np.unique(seen[:, -1 - order : -1] @ digits, return_inverse=True)
        asked = before[:, 6 - order :] @ digits
        counts = np.zeros((len(contexts) + 1, 27))
        np.add.at(counts, (rows, seen[:, -1]), 1)
        found = np.searchsorted(contexts, asked).clip(max=len(contexts) - 1)
        c = counts[np.where(contexts[found] == asked, found, len(contexts))]
        n, left = c.sum(axis=1, keepdims=True), 0.9 * (c > 0).sum(axis=1, keepdims=True)
        p = np.where(n > 0, (np.maximum(c - 0.9, 0) + left * p) / np.maximum(n, 1), p)
    assert exercise.measure(inputs, p).value < -0.06


def test_the_places_of_the_open_task_are_those_of_the_names():
    exercise = next(e for e in find_lesson("16").exercises if e.key == "16.6")
    inputs = exercise.cases["some names"](np.random.default_rng(5))
    everyone = {tuple(row[row != PAD]) for part in ("train", "test") for row in load("names", part).x}
    known = {tuple(row[row < 27]) for row in inputs["train"]}
    assert known < everyone
    assert len(everyone) - len(known) == 1500
    assert len(inputs["before"]) == 1500  # a row of each name
    first = (inputs["before"][:, -2:] == [27, 0]).all(axis=1).mean()
    assert 0.1 < first < 0.2  # one of seven symbols, line ends among them
