"""Induction heads: a Transformer that is wired by hand to copy, and what is left of it without a head."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen.errors import ArgumentError
from minigen.explain import ablated, copying, patterns, prefix_matching, repeated, walks
from minigen.explain.induction import followers, scores_of
from minigen.models.sequences.language import LanguageModel
from minigen.models.sequences.transformer import Transformer

K, L = 8, 6  # symbols, and those of a copy
T, C, HEADS = 2 * L - 1, 48, 2
SYMBOL, BEFORE, PLACE, NEXT = (slice(a, b) for a, b in ((0, K), (K, 2 * K), (16, 16 + T), (32, 32 + K)))


@pytest.fixture(scope="module")
def wired():
    """Features: the symbol, the one before it, the place, the one to come, each one-hot; the norms only scale them.

    Layer 1, head 1: place t asks for place t - 1, which gives its symbol, as what stood before t.
    Layer 2, head 1: symbol A asks for places with A before them, which give their symbol, as what is to come.
    Heads 2: no questions, so that they look at all places alike; and nothing to give.
    """
    rng = mg.Generator(0)
    model = LanguageModel(K, C, Transformer(C, HEADS, 2, T, rng=rng), rng=rng)
    for name, p in model.named_parameters():
        if "norm" not in name:
            p.data[...] = 0
    model.table.w.data[:, SYMBOL] = np.eye(K)
    model.body.places.data[:, PLACE] = np.eye(T)

    def head(layer, asked, offered, given, written):
        w = model.body.blocks[layer].attention.qkv.w.data.reshape(C, 3, HEADS, C // HEADS)
        n = asked.shape[1]
        w[:, 0, 0, :n], w[:, 1, 0, :n] = 12 * asked, 12 * offered
        w[given, 2, 0, :K] = np.eye(K)
        model.body.blocks[layer].attention.out.w.data[:K, written] = np.eye(K)

    def picks(features, shift=0):  # the map that takes so many features to the front
        found = np.zeros((C, features.stop - features.start), np.float32)
        found[features] = np.eye(found.shape[1], k=shift)
        return found

    head(0, picks(PLACE), picks(PLACE, 1), SYMBOL, BEFORE)
    head(1, picks(SYMBOL), picks(BEFORE), SYMBOL, NEXT)
    model.head.w.data[NEXT] = 10 * np.eye(K)
    model.eval()
    return model


@pytest.fixture(scope="module")
def sequences():
    return repeated(50, L, K, mg.Generator(1))


def test_scores_of_wired_heads(wired, sequences):
    """The copying head misses by half at one place of five: the first symbol has only itself before it."""
    found = scores_of(wired, sequences)
    assert found.scores[1, 0] == pytest.approx((L - 2 + 0.5) / (L - 1), abs=1e-3)
    assert found.scores[0, 0] == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(found.scores[:, 1], found.chance, rtol=1e-5)
    assert found.chance == pytest.approx(np.mean([1 / (i + 1) for i in range(L, 2 * L - 1)]))


def test_copying_breaks_without_either_of_the_two_heads_and_without_no_other(wired, sequences):
    whole = copying(wired, sequences)
    assert whole.shape == (2 * L - 1,)
    assert whole[L + 1 :].max() < 0.01
    assert whole[: L - 1].mean() > 1.5
    for way in ("mean", "zero"):
        for head in ((0, 0), (1, 0)):  # what is looked for, and the looking: it takes two layers
            assert copying(wired, sequences, [head], way)[L:].mean() > 1.5, head
        np.testing.assert_allclose(copying(wired, sequences, [(0, 1), (1, 1)], way), whole, atol=1e-4)
    with ablated(wired, [(0, 0)], "zero"):
        assert scores_of(wired, sequences).scores[1, 0] < 0.3  # nothing is left to be found by


def test_what_is_random_is_dear_in_both_copies(wired):
    x = np.concatenate([repeated(50, L, K, mg.Generator(i))[:, :L] for i in (2, 3)], axis=1)
    assert copying(wired, x)[L + 1 :].mean() > 1.5


@pytest.mark.slow
def test_a_trained_transformer_grows_them_on_walks():
    """In the second layer, and copying needs both layers; some 30 seconds."""
    k, t = 12, 32
    rng, drawn = mg.Generator(0), mg.Generator(1)
    model = LanguageModel(k, 32, Transformer(32, 2, 2, t - 1, rng=rng), rng=rng)
    optimizer = mg.optim.Adam(model.parameters(), lr=4e-3)
    for _ in range(1400):
        loss = model.loss(mg.tensor(walks(64, t, k, drawn)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x = repeated(200, k, k, mg.Generator(2))
    found = scores_of(model, x)
    assert found.scores[1].max() > 0.4 > 4 * found.chance
    assert found.scores[0].max() < 0.15
    whole = copying(model, x)[k:].mean()
    assert whole < 1.5 < copying(model, x)[: k - 1].mean()
    for layer in (0, 1):
        assert copying(model, x, [(layer, 0), (layer, 1)])[k:].mean() > 2.2


@given(st.integers(1, 4), st.integers(1, 30), st.integers(2, 9), st.integers(0, 99))
def test_walks_follow_an_order_of_their_own(n, length, symbols, seed):
    x = walks(n, length, symbols, mg.Generator(seed), jumps=0)
    assert x.shape == (n, length)
    assert 0 <= x.min() <= x.max() < symbols
    for row in x.tolist():
        after = {}
        assert all(after.setdefault(a, b) == b for a, b in itertools.pairwise(row))


def test_jumps_are_as_frequent_as_said():
    x = walks(300, 200, 40, mg.Generator(0), jumps=0.3)
    kept = []
    for row in x:
        a, b = row[:-1], row[1:]
        usual = {s: np.bincount(b[a == s], minlength=40).argmax() for s in np.unique(a) if (a == s).sum() > 6}
        kept += [usual[s] == t for s, t in zip(a, b, strict=True) if s in usual]
    assert np.mean(kept) == pytest.approx(0.7 + 0.3 / 40, abs=0.03)
    assert len({tuple(row) for row in x[:, :5].tolist()}) == 300


@given(st.integers(1, 12), st.integers(0, 3), st.integers(0, 99))
def test_repeated_sequences(length, first, seed):
    x = repeated(5, length, K, mg.Generator(seed), first)
    assert x.shape == (5, 2 * length)
    assert np.array_equal(x[:, :length], x[:, length:])
    assert first <= x.min() <= x.max() < K
    if length <= K - first:
        assert all(len(set(row[:length])) == length for row in x.tolist())


@given(st.integers(1, 7), st.integers(2, 4), st.integers(0, 99))
def test_followers_in_a_loop(t, symbols, seed):
    x = np.random.default_rng(seed).integers(0, symbols, (3, t))
    found = followers(x)
    for n, i, j in np.ndindex(found.shape):
        assert found[n, i, j] == (1 <= j <= i and x[n, j - 1] == x[n, i])


def test_prefix_matching_of_patterns_by_hand(sequences):
    x = sequences[:, :-1]
    n, t = x.shape
    perfect, before = np.zeros((t, t)), np.zeros((t, t))
    for i in range(t):
        perfect[i, max(0, i - L + 1)] = before[i, max(0, i - 1)] = 1
    attention = np.broadcast_to(np.stack([perfect, before])[None, None], (1, n, 2, t, t))
    assert np.array_equal(prefix_matching(attention, x).scores, [[1, 0]])


def test_scores_take_the_models_own_patterns(wired, sequences):
    attention = patterns(wired, sequences)
    assert np.array_equal(scores_of(wired, sequences).scores, prefix_matching(attention, sequences[:, :-1]).scores)


def test_refusals():
    for symbols, first in ((1, 0), (3, 2)):
        with pytest.raises(ArgumentError, match="symbols: expected two or more from"):
            repeated(2, 3, symbols, mg.Generator(0), first)
    with pytest.raises(ArgumentError, match="length"):
        repeated(2, 0, 5, mg.Generator(0))
    with pytest.raises(ArgumentError, match="first: expected an integer >= 0, got -3"):
        repeated(2, 3, 5, mg.Generator(0), first=-3)
    sound = {"n": 2, "length": 5, "symbols": 4, "jumps": 0.5}
    for name, value in (("n", 0), ("length", 2.5), ("symbols", 0), ("jumps", np.nan), ("jumps", 1.1)):
        with pytest.raises(ArgumentError, match=f"^{name}: expected"):
            walks(rng=mg.Generator(0), **sound | {name: value})
