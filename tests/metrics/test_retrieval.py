"""Recall among similar items: by loops and by counting orders, with ties; colours and shared words by hand."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from minigen.errors import ArgumentError, ShapeError
from minigen.metrics.retrieval import colour_histogram, names_by_bridge, pictures_by_bridge, recall_at, word_overlap


@pytest.mark.parametrize("k", [1, 2, 5, 7])
def test_recall_is_a_mean_over_all_orders_of_equal_items(k):
    """Against all 5! orders in which items may be ranked; equal ones in any order."""
    rng = np.random.default_rng(k)
    s, right = rng.integers(3, size=(6, 5)).astype(float), rng.integers(5, size=6)
    expected = []
    for row, item in zip(s, right, strict=True):
        orders = [o for o in permutations(range(5)) if all(row[a] >= row[b] for a, b in pairwise(o))]
        expected.append(np.mean([item in o[:k] for o in orders]))
    assert recall_at(s, right, k) == pytest.approx(np.mean(expected))


def test_what_is_all_equal_gets_what_chance_gets():
    assert recall_at(np.zeros((7, 40)), np.arange(7), 10) == pytest.approx(0.25)
    rng = np.random.default_rng(0)
    assert recall_at(rng.normal(size=(4000, 50)), rng.integers(50, size=4000), 10) == pytest.approx(0.2, abs=0.02)
    assert recall_at(np.eye(30), np.arange(30), 1) == 1
    assert recall_at(-np.eye(30), np.arange(30), 29) == 0


@pytest.mark.parametrize(
    ("s", "right", "k", "told"),
    [
        (np.zeros((2, 3)), [0], 1, "shapes"),
        (np.zeros(3), [0], 1, "shapes"),
        (np.zeros((1, 3)), [3], 1, "places in 0 ... 2"),
        (np.zeros((1, 3)), [-1], 1, "places in 0 ... 2"),
        (np.zeros((1, 3)), [0.5], 1, "places in 0 ... 2"),
        (np.full((1, 3), np.nan), [0], 1, "finite"),
        (np.zeros((1, 3)), [0], 0, "k"),
    ],
)
def test_nonsense_is_refused(s, right, k, told):
    with pytest.raises((ArgumentError, ShapeError), match=told):
        recall_at(s, np.array(right), k)


def test_a_histogram_counts_boxes_of_colours():
    x = np.random.default_rng(1).random((3, 4, 5, 3), dtype=np.float32)
    x[0, 0, 0] = 1  # the end belongs to the last box
    found = colour_histogram(x)
    assert found.shape == (3, 64)
    for image, shares in zip(x, found, strict=True):
        expected, _ = np.histogramdd(image.reshape(-1, 3), bins=[np.linspace(0, 1, 5)] * 3)
        assert np.allclose(shares, expected.transpose(2, 1, 0).ravel() / 20)  # the first colour runs fastest


def test_overlap_is_shared_words_over_all():
    a, b = np.array([[1, 2, 0], [3, 0, 0], [0, 0, 0]]), np.array([[2, 1], [2, 5], [4, 4]])
    expected = [[1, 1 / 3, 0], [0, 0, 0], [0, 0, 0]]
    assert np.allclose(word_overlap(a, b), expected)


def test_the_bridge_leads_over_the_most_similar_known_pair():
    known_x, known_y = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[1, 2], [3, 0]])
    x, y = np.array([[0.9, 0.8], [0.1, 0.0], [0.6, 0.6]]), np.array([[3, 4], [2, 4], [5, 0]])
    assert np.allclose(names_by_bridge(x, known_x, known_y, y), word_overlap(known_y[[1, 0, 1]], y))
    s = pictures_by_bridge(y[:2], known_x, known_y, x)
    assert s.argmax(axis=1).tolist() == [0, 1]  # nearest to (1, 1), and to (0, 0)
    assert np.allclose(s[0], -np.linalg.norm(x - known_x[1], axis=1))
