"""Counting: closed forms on tiny texts, a slow twin, and the numbers that stand beside every net of text."""

import math
import os
from collections import Counter
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import minigen as mg
from minigen import backend
from minigen.data import PAD, load
from minigen.errors import ArgumentError, DTypeError, MinigenError, ShapeError
from minigen.models.sequences.ngram import NGram, counting, text_of

TEXTS = Path(os.environ.get("MINIGEN_DATA", "")) / "text"
real = pytest.mark.skipif(not (TEXTS / "names.txt").exists(), reason="MINIGEN_DATA holds no text/")


def lines(*texts, longest=6):
    """Lines of 'a', 'b', ... as symbols 1, 2, ..., each begun and ended by 0."""
    x = np.full((len(texts), longest + 2), PAD, np.uint8)
    for row, text in zip(x, texts, strict=True):
        row[: len(text) + 2] = [0, *(ord(c) - 96 for c in text), 0]
    return x


def by_loop(order, symbols, train, test):
    """-log p of each symbol of the test lines: the formula as it stands, with a dictionary and lists."""
    followers = Counter()

    def examples(sequences):
        for line in sequences:
            line = [s for s in line.tolist() if s != PAD]
            for t in range(1, len(line)):
                before = tuple([None] * order + line[:t])
                yield line[t], [before[len(before) - k :] for k in range(order + 1)]

    for s, contexts in examples(train):
        for h in contexts:
            followers[h, s] += 1

    def p(s, contexts):
        below = 1 / symbols if len(contexts) == 1 else p(s, contexts[:-1])
        counts = [followers[contexts[-1], other] for other in range(symbols)]
        n, kinds = sum(counts), sum(c > 0 for c in counts)
        return (counts[s] + kinds * below) / (n + kinds) if n else below

    return [math.log(p(s, contexts)) for s, contexts in examples(test)]


def test_order_0_counts_symbols():
    """In 'aab' (the first symbol is given) a stands twice and b once: p(a) = (2 + 2/3) / 5 with three symbols."""
    model = NGram(0, 3).fit(np.array([2, 0, 0, 1]))
    np.testing.assert_allclose(model.probs(np.zeros((1, 0), np.uint8)), [[(2 + 2 / 3) / 5, (1 + 2 / 3) / 5, 2 / 15]])


def test_order_1_by_hand():
    """In 0 1 0 1 0 0: after 0 came 1, 1, 0, after 1 came 0, 0; of all five that followed three were 0, two were 1."""
    model = NGram(1, 2).fit(np.array([0, 1, 0, 1, 0, 0]))
    p0 = (3 + 2 * 0.5) / (5 + 2)
    after_0, after_1 = (1 + 2 * p0) / (3 + 2), (2 + 1 * p0) / (2 + 1)
    np.testing.assert_allclose(model.probs(np.array([[0], [1]])), [[after_0, 1 - after_0], [after_1, 1 - after_1]])
    np.testing.assert_allclose(model.log_probs(np.array([1, 0, 1])), np.log([after_1, 1 - after_0]))
    assert model.log_prob(np.array([1, 0, 1])) == pytest.approx(math.log(after_1 * (1 - after_0)))


def test_what_was_never_seen_is_left_to_the_shorter_context():
    model = NGram(2, 3).fit(np.array([0, 1, 0, 1, 0]))
    np.testing.assert_array_equal(
        model.probs(np.array([[2, 0], [1, 2]])), model.probs(np.array([[0, 2, 0], [2, 2, 2]]))
    )
    np.testing.assert_array_equal(model.probs(np.array([[2, 2]])), NGram(0, 3).fit([0, 1, 0, 1, 0]).probs([[]]))


def test_the_beginning_is_a_context_of_its_own():
    """'ab' after the beginning of a line is not 'ab' within one, from order 3 on."""
    model = NGram(3, 4).fit(lines("abc", "cab", "cab"))
    begun, within = model.probs(np.array([[0, 1, 2]]))[0], model.probs(np.array([[3, 1, 2]]))[0]
    assert begun[3] > 0.5 > begun[0]
    assert within[0] > 0.5 > within[3]


def sequences(symbols):
    return st.lists(st.lists(st.integers(0, symbols - 1), min_size=2, max_size=7), min_size=1, max_size=6)


def packed(rows):
    x = np.full((len(rows), max(map(len, rows))), PAD, np.uint8)
    for line, row in zip(x, rows, strict=True):
        line[: len(row)] = row
    return x


@settings(max_examples=60)
@given(st.integers(0, 4), sequences(3), sequences(3))
def test_it_is_a_distribution_and_the_loop_agrees(order, train, test):
    model = NGram(order, 3).fit(packed(train))
    logs = model.log_probs(packed(test))
    filled = packed(test)[:, 1:] != PAD
    np.testing.assert_allclose(logs[filled], by_loop(order, 3, packed(train), packed(test)), rtol=1e-12)
    assert not logs[~filled].any()
    assert model.nats(packed(test))[-1] == pytest.approx(-logs[filled].mean())
    everywhere = model.probs(packed(test)[:1, :1])
    assert (everywhere > 0).all()
    assert everywhere.sum() == pytest.approx(1)


@settings(max_examples=20)
@given(sequences(4))
def test_each_level_is_the_model_of_that_order(train):
    x = packed(train)
    alone = [NGram(order, 4).fit(x).nats(x)[-1] for order in range(4)]
    np.testing.assert_allclose(NGram(3, 4).fit(x).nats(x), alone)


def test_all_lines_of_a_length_have_probability_1():
    """Of all texts of three symbols after the first, exactly one comes."""
    model = NGram(2, 3).fit(np.array([[0, 1, 2, 2, 1], [1, 1, 0, 1, PAD]]))
    every = np.array(np.meshgrid([1], *[range(3)] * 3)).reshape(4, -1).T
    assert np.exp(model.log_prob(every)).sum() == pytest.approx(1)


def test_the_largest_alphabet_and_the_longest_context():
    """No number overflows: 255 symbols to the power of 13 would not fit into 64 bits."""
    text = np.random.default_rng(0).integers(255, size=150)
    model = NGram(12, 255).fit(text)
    assert model.probs(text[None, 50:62])[0].argmax() == text[62]
    np.testing.assert_allclose(model.log_probs(text), by_loop(12, 255, text[None], text[None]))


def test_arrays_of_a_device_are_counted_on_the_host(device):
    x = lines("abc", "cab")
    there = backend.to_device(x, device)
    np.testing.assert_array_equal(NGram(2, 4).fit(there).log_probs(there), NGram(2, 4).fit(x).log_probs(x))
    drawn = NGram(2, 4).fit(there).sample(2, 5, there[0, :2], rng=mg.Generator(0))
    np.testing.assert_array_equal(drawn, NGram(2, 4).fit(x).sample(2, 5, x[0, :2], rng=mg.Generator(0)))


def test_samples_follow_the_probabilities():
    model = NGram(2, 3).fit(np.random.default_rng(0).integers(3, size=60))
    drawn = model.sample(20_000, 2, [1, 2], rng=mg.Generator(0))
    assert drawn.shape == (20_000, 4)
    assert (drawn[:, :2] == [1, 2]).all()
    first = model.probs(np.array([[1, 2]]))[0]
    for s in range(3):
        rows = drawn[drawn[:, 2] == s]
        assert len(rows) / 20_000 == pytest.approx(first[s], abs=4 * math.sqrt(0.25 / 20_000))
        often = np.bincount(rows[:, 3], minlength=3) / len(rows)
        np.testing.assert_allclose(often, model.probs(np.array([[2, s]]))[0], atol=4 * math.sqrt(0.25 / len(rows)))


def test_a_sample_of_a_line_ends_with_it_and_a_seed_gives_it_again():
    model = NGram(5, 4).fit(lines("abc", "cab"))
    drawn = model.sample(200, 12, [0], end=0, rng=mg.Generator(1))
    np.testing.assert_array_equal(drawn, model.sample(200, 12, [0], end=0, rng=mg.Generator(1)))
    ended = (drawn[:, 1:] == 0).any(axis=1)
    assert ended.mean() > 0.9
    for row in drawn[ended]:
        after = 1 + row[1:].tolist().index(0)
        assert (row[after + 1 :] == PAD).all()
        assert not (row[:after] == PAD).any()
    texts = {bytes(row[1:4] + 96).decode() for row in drawn}
    assert {"abc", "cab"} <= texts


@pytest.mark.parametrize("cut", ["windows", "blocks"])
def test_a_text_is_put_together_again(cut):
    text = np.random.default_rng(0).integers(1, 5, size=51).astype(np.uint8)
    if cut == "windows":
        np.testing.assert_array_equal(text_of(np.lib.stride_tricks.sliding_window_view(text, 9)), text)
    else:
        blocks = np.full((8, 8), PAD, np.uint8)
        blocks[:, 0], blocks[:, 1:].flat[:50] = text[:-1:7], text[1:]
        np.testing.assert_array_equal(text_of(blocks), text)


def test_counting_is_told_by_order():
    train, test = lines("abc", "cab", "cb"), lines("ab", "cc")
    found = counting(train, test, 4, "lines", orders=(1, 3))
    assert list(found) == ["counting 1", "counting 3"]
    assert found["counting 3"] == pytest.approx(-np.mean(by_loop(3, 4, train, test)))


def test_lines_of_one_length_and_a_text_of_such_lines():
    """They look alike, in rows that begin and end with a line end; counted once as lines, and once as one text."""
    equal = lines("abc", "cab", "bbc", longest=3)
    text = np.append(equal[:, :-1].reshape(-1), 0)
    for kind, sequences in (("lines", equal), ("text", text)):
        wanted = NGram(2, 4).fit(sequences).nats(sequences)[2]
        assert counting(equal, equal, 4, kind, orders=(2,)) == {"counting 2": wanted}


@pytest.mark.parametrize(
    ("call", "error", "word"),
    [
        (lambda: NGram(-1, 3), ArgumentError, "order"),
        (lambda: NGram(1, 256), ArgumentError, "at most 255"),
        (lambda: NGram(1, 3).log_probs([0, 1]), ArgumentError, "fit"),
        (lambda: NGram(1, 3).fit([0, 3]), ArgumentError, "symbols 0 ... 2, got 3"),
        (lambda: NGram(1, 3).fit([0, -1]), ArgumentError, "got -1"),
        (lambda: NGram(1, 3).fit([0.0, 1.0]), DTypeError, "integers"),
        (lambda: NGram(1, 3).fit([[[0]]]), ShapeError, "sequences"),
        (lambda: NGram(1, 3).fit([1]), ArgumentError, "at least one"),
        (lambda: NGram(1, 3).fit([[1, PAD, 1]]), ArgumentError, "255"),
        (lambda: NGram(1, 3).fit([0, 1]).nats([1]), ArgumentError, "at least one"),
        (lambda: NGram(1, 3).fit([0, 1]).probs([0]), ShapeError, "before"),
        (lambda: NGram(1, 3).fit([0, 1]).probs([[7]]), ArgumentError, "before"),
        (lambda: NGram(1, 3).fit([0, 1]).sample(0, 1), ArgumentError, "n:"),
        (lambda: NGram(1, 3).fit([0, 1]).sample(1, 1, [9]), ArgumentError, "prompt"),
    ],
)
def test_what_is_refused(call, error, word):
    with pytest.raises(error, match=word) as caught:
        call()
    assert isinstance(caught.value, MinigenError)
    assert "\n" not in str(caught.value)


@real
@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "wanted"),
    [("shakespeare", [2.486, 2.049, 1.774, 1.669, 1.698]), ("makemore-names", [2.458, 2.232, 2.077, 2.026])],
)
def test_what_a_net_must_beat(name, wanted):
    train, test = load(name), load(name, "test")
    found = counting(train.x, test.x, len(train.alphabet), train.kind, orders=range(1, len(wanted) + 1))
    np.testing.assert_allclose(list(found.values()), wanted, atol=0.001)
