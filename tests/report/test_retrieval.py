"""Search by a model: the numbers of one that knows and of one that does not, and the picture of what is found."""

import numpy as np
import pytest

from minigen.metrics.retrieval import word_overlap
from minigen.report.retrieval import NAMES, QUERIES, K, compared
from tests.examples import pairs

from .test_trained import untrained

PAIRS = pairs(10)
TRAIN, TEST = (
    type(PAIRS)("emoji", PAIRS.x[part], PAIRS.y[part], words=PAIRS.words) for part in (slice(0, 30), slice(30, 45))
)


def shown(similarities):
    trained = untrained("contrastive", PAIRS, batch_size=20)
    trained.similarities = similarities
    return trained


def test_one_that_knows_finds_all_and_one_that_does_not_finds_what_chance_does():
    found, figures = compared(shown(lambda x, y: word_overlap(y, y)), TRAIN, TEST)
    assert list(figures) == ["found.png"]
    assert found["chance"] == round(K / 45, 4)
    ours = [found[name] for name in found if name.endswith("recall") and "bridge" not in name]
    assert ours == [1, 1, 1, 1]
    found, _ = compared(shown(lambda x, y: np.zeros((len(x), len(y)))), TRAIN, TEST)
    assert [found[name] for name in found if name.endswith("recall") and "bridge" not in name] == [0.2222] * 4
    assert 0 <= min(found.values()) <= max(found.values()) <= 1


def test_seen_and_held_out_are_told_apart():
    """Names that are found for pictures of the training set only; pictures for all names."""

    def similarities(x, y):
        s = np.eye(45)
        s[30:] = -s[30:]
        return s

    found, _ = compared(shown(similarities), TRAIN, TEST)
    assert found["seen_name_recall"] == found["seen_picture_recall"] == 1
    assert found["name_recall"] == found["picture_recall"] == 0


def test_the_picture_shows_queries_with_their_finds_and_frames_the_right_one():
    _, figures = compared(shown(lambda x, y: word_overlap(y, y)), TRAIN, TEST)
    above, below = figures["found.png"].axes
    assert [len(axes.lines) for axes in (above, below)] == [QUERIES, 0]  # all are found, each once
    assert len(above.texts) == QUERIES
    told = [text.get_text() for text in below.texts]
    assert len(told) == NAMES * QUERIES
    assert sum("* " in text for text in told) == QUERIES
    assert [text for text in told if "* " in text] == [text for text in told if text.startswith("1. ")]


def test_an_untrained_model_can_be_measured():
    found, _ = compared(untrained("contrastive", PAIRS, batch_size=20), TRAIN, TEST)
    assert set(found) > {"name_recall", "picture_recall", "chance"}
    assert all(np.isfinite(list(found.values())))
    s = untrained("contrastive", PAIRS, batch_size=20).similarities(TEST.x, PAIRS.y)
    assert (s.shape, s.dtype) == ((15, 45), np.float32)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(s, s[0, 0] + 0 * s)
