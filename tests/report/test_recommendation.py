"""What is told of recommendations: the measures are those of the metrics, and the page says what was held out."""

import numpy as np
import pytest

from minigen import Generator, data
from minigen.data.likes import HELD_OUT, LIKED
from minigen.metrics.recommendation import RECOMMENDERS, ndcg, recall
from minigen.report import evaluate, recommendation
from minigen.report.samples import sampled

from .test_trained import untrained

TRAIN, TEST = data.load("tastes"), data.load("tastes", "test")
KNOWN, HELD = TEST.x == LIKED, TEST.x == HELD_OUT


@pytest.fixture(scope="module")
def shown():
    return untrained("mult-vae", TRAIN)


def test_the_measures_are_those_of_the_models_scores(shown):
    scores = shown.scores(TEST.x)
    assert scores.shape == TEST.x.shape
    assert recommendation.measures(shown, TEST) == {
        "ndcg_100": pytest.approx(ndcg(scores, KNOWN, HELD, 100).mean(), abs=1e-4),
        "recall_20": pytest.approx(recall(scores, KNOWN, HELD, 20).mean(), abs=1e-4),
        "recall_50": pytest.approx(recall(scores, KNOWN, HELD, 50).mean(), abs=1e-4),
    }
    found = recommendation.baselines(TRAIN, TEST)
    assert found.keys() == {"popularity", "item_cosine", "puresvd_40", "ease"}
    for value, recommender in zip(found.values(), RECOMMENDERS.values(), strict=True):
        assert value == pytest.approx(ndcg(recommender(TRAIN.x, KNOWN), KNOWN, HELD).mean(), abs=1e-4)


def test_evaluate_gives_all_measures_of_all_recommenders(shown):
    measures, figures = evaluate(shown, TRAIN, TEST, 100, 0)
    assert not figures
    names = ("NDCG@100", "Recall@20", "Recall@50")
    assert [*measures] == [*names, *(f"{name}, {of}" for of in RECOMMENDERS for name in names)]
    ours = recall(shown.scores(TEST.x), KNOWN, HELD, 20)
    assert measures["Recall@20"].value == pytest.approx(ours.mean())
    assert measures["Recall@20"].note == f"mean of 100 users, +- {ours.std(ddof=1) / 10:.3f}"


def test_the_page_says_who_likes_what(shown):
    page = recommendation.page(shown, TEST, 7, Generator(0))
    new, made_up = (page.count(f"A user who is {who} likes") for who in ("new", "made up"))
    assert (new, made_up) == (7, 7)
    rows = TEST.x[Generator(0).permutation(100)[:7]]
    for row, part in zip(rows, page.split("A user who is new likes ")[1:], strict=True):
        liked, recommended = part.split("A user who is made up")[0].split("and is recommended")
        names = [line.strip() for line in liked.splitlines()[1:]]
        assert names == [TEST.items[i] for i in np.flatnonzero(row == LIKED)[:10]]
        assert liked.startswith(f"{(row == LIKED).sum()} items")
        for line in recommended.strip().splitlines()[1:]:
            state = row[TEST.items.index(line.strip("* "))]
            assert state == (HELD_OUT if "*" in line else 0)
    assert sampled(shown, 7, 0, (".txt",), None, {}) == ("7 users", {".txt": page})


def test_made_up_users_as_numbers(shown, tmp_path):
    told, files = sampled(shown, 3, 0, (".npy",), None, {})
    files[".npy"](tmp_path / "x.npy")
    x = np.load(tmp_path / "x.npy")
    assert told == "3 users"
    assert x.shape == (3, 200)
    assert (x.sum(axis=1) == 20).all()
