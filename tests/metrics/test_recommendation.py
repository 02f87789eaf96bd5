"""Rankings by hand and by loops; recommenders by what defines them, and by sums over users."""

import math

import numpy as np
import pytest

from minigen.errors import ArgumentError, ShapeError
from minigen.metrics.recommendation import (
    RECOMMENDERS,
    ease,
    item_cosine,
    ndcg,
    popularity,
    pure_svd,
    ranked,
    recall,
)

RNG = np.random.default_rng(0)
X = (RNG.random((60, 12)) < 0.3).astype(np.uint8)
KNOWN = (RNG.random((9, 12)) < 0.3).astype(np.uint8)
HELD = ((RNG.random((9, 12)) < 0.3) & (KNOWN == 0)).astype(np.uint8)
SCORES = RNG.standard_normal((9, 12))


def by_loops(scores, known, held_out, at):
    """NDCG and recall of each user, by their definitions."""
    found = []
    for s, k, h in zip(scores, known, held_out, strict=True):
        wanted = {i for i in range(len(s)) if h[i]}
        if not wanted:
            continue
        order = sorted((i for i in range(len(s)) if not k[i]), key=lambda i: -s[i])[:at]
        dcg = sum(1 / math.log2(r + 1) for r, i in enumerate(order, 1) if i in wanted)
        best = sum(1 / math.log2(r + 1) for r in range(1, min(at, len(wanted)) + 1))
        found.append((dcg / best, len(wanted & set(order)) / min(at, len(wanted))))
    return np.array(found).T


@pytest.mark.parametrize("at", [1, 2, 5, 12, 100])
def test_the_measures_are_their_definitions(at):
    expected = by_loops(SCORES, KNOWN, HELD, at)
    np.testing.assert_allclose(ndcg(SCORES, KNOWN, HELD, at), expected[0], rtol=1e-12)
    np.testing.assert_allclose(recall(SCORES, KNOWN, HELD, at), expected[1], rtol=1e-12)
    assert len(expected[0]) <= 9


def test_by_hand():
    """Held out are items 2 and 4, found at ranks 1 and 3."""
    scores, known, held = [[9.0, 8, 7, 6, 5]], [[1, 0, 0, 1, 0]], [[0, 0, 1, 0, 1]]
    scores[0][1] = 6.5
    assert ranked(scores, known, 3).tolist() == [[2, 1, 4]]
    assert ndcg(scores, known, held, 100)[0] == pytest.approx((1 + 1 / 2) / (1 + 1 / math.log2(3)))
    assert recall(scores, known, held, 1)[0] == 1  # one of one that could be found
    assert recall(scores, known, held, 2)[0] == 0.5


def test_the_best_ranking_has_one_and_the_worst_has_none():
    held = np.zeros((1, 300), np.uint8)
    held[0, :20] = 1
    known, scores = np.zeros((1, 300)), -np.arange(300.0)[None]
    assert ndcg(scores, known, held)[0] == pytest.approx(1)
    assert recall(scores, known, held, 50)[0] == 1
    assert ndcg(-scores, known, held)[0] == recall(-scores, known, held, 50)[0] == 0


def test_users_of_whom_nothing_was_held_out_do_not_count():
    held = HELD.copy()
    held[3] = 0
    some = held.any(axis=1)
    np.testing.assert_array_equal(ndcg(SCORES, KNOWN, held), ndcg(SCORES[some], KNOWN[some], held[some]))
    with pytest.raises(ArgumentError, match="held_out: nothing is held out"):
        recall(SCORES, KNOWN, np.zeros_like(held))


def test_what_is_known_is_never_recommended():
    scores = np.where(KNOWN, 1e9, SCORES)
    np.testing.assert_array_equal(ndcg(scores, KNOWN, HELD), ndcg(SCORES, KNOWN, HELD))
    for row, known in zip(ranked(scores, KNOWN, 3), KNOWN, strict=True):
        assert not known[row].any()


def test_wrong_arguments_are_named():
    with pytest.raises(ShapeError, match=r"scores: expected one of each item for each user, \(9, 12\), got \(9, 11\)"):
        ndcg(SCORES[:, 1:], KNOWN, HELD)
    with pytest.raises(ShapeError, match="held_out: expected the shape"):
        recall(SCORES, KNOWN, HELD[:5])
    with pytest.raises(ArgumentError, match="held_out: an item is known and held out at once"):
        ndcg(SCORES, KNOWN, np.ones_like(HELD))
    with pytest.raises(ArgumentError, match="scores: expected numbers, got NaN"):
        ndcg(np.full_like(SCORES, np.nan), KNOWN, HELD)
    with pytest.raises(ArgumentError, match="at: expected an integer >= 1, got 0"):
        ndcg(SCORES, KNOWN, HELD, 0)
    for recommender in RECOMMENDERS.values():
        with pytest.raises(ShapeError, match="known: expected users in rows and the same items"):
            recommender(X, KNOWN[:, 1:])
        with pytest.raises(ArgumentError, match="known: expected 0 and 1"):
            recommender(X, 2 * KNOWN)
    with pytest.raises(ArgumentError, match="penalty: expected a number > 0"):
        ease(X, KNOWN, 0)


# -------------------------------------------------------------------------------------------------- the recommenders


def test_popularity_counts():
    assert popularity(X, KNOWN).tolist() == [X.sum(axis=0).tolist()] * 9


def test_cosines_are_those_of_columns():
    cosine = np.zeros((12, 12))
    for i in range(12):
        for j in range(12):
            a, b = X[:, i].astype(float), X[:, j].astype(float)
            cosine[i, j] = 0 if i == j else a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    np.testing.assert_allclose(item_cosine(X, KNOWN), KNOWN @ cosine, rtol=1e-12)
    nobody = X.copy()
    nobody[:, 4] = 0
    assert np.isfinite(item_cosine(nobody, KNOWN)).all()


def test_the_svd_is_that_of_the_table():
    _, _, v = np.linalg.svd(X.astype(float), full_matrices=False)
    np.testing.assert_allclose(pure_svd(X, KNOWN, 5), KNOWN @ v[:5].T @ v[:5], atol=1e-10)
    np.testing.assert_allclose(pure_svd(X, KNOWN, 40), KNOWN, atol=1e-10)  # all of them: what is known


def test_ease_is_the_least_of_its_loss():
    """Column j by itself: ridge regression on all the other items (lambda 7)."""
    b = np.zeros((12, 12))
    for j in range(12):
        others = [i for i in range(12) if i != j]
        a = X[:, others].astype(float)
        b[others, j] = np.linalg.solve(a.T @ a + 7 * np.eye(11), a.T @ X[:, j])
    np.testing.assert_allclose(ease(X, KNOWN, 7.0), KNOWN @ b, atol=1e-10)
    np.testing.assert_allclose(ease(X, np.eye(12), 7.0), b, atol=1e-10)
