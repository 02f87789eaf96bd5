"""The computed table: of what sizes, drawn as it says, and with tastes that tell more than popularity does."""

import numpy as np

from minigen import Generator, data
from minigen.data.likes import HELD_OUT, LIKED
from minigen.data.tastes import EACH, FEWEST, GENRES, MORE, SPREAD, WEIGHTS, likes_of, load_tastes
from minigen.metrics.recommendation import item_cosine, ndcg, popularity


def test_what_it_is():
    train, test = data.load("tastes"), data.load("tastes", "test")
    assert (train.x.shape, test.x.shape, train.x.dtype) == ((900, 200), (100, 200), np.uint8)
    assert train.items[:2] == ("crime 1", "crime 2")
    assert len(set(train.items)) == len(GENRES) * EACH
    assert data.kind_of("tastes") == train.kind == "likes"
    assert data.locate("tastes") == "computed"
    np.testing.assert_array_equal(train.x, load_tastes("train").x)
    assert not np.array_equal(train.x, load_tastes("train", 1).x)


def test_the_number_of_likes_is_ten_and_a_geometric_one():
    n = likes_of(4000, Generator(1)).sum(axis=1)
    assert n.min() == FEWEST
    deviation = np.sqrt(MORE * (MORE + 1))
    assert abs(n.mean() - FEWEST - MORE) < 4 * deviation / np.sqrt(len(n))
    assert abs((n == FEWEST).mean() - 1 / (MORE + 1)) < 4 * np.sqrt(0.1 / len(n))


def test_genres_differ_in_what_they_are_worth_and_users_in_what_they_like():
    """A Dirichlet's shares vary much more between users than twenty draws of equal shares would."""
    x = likes_of(4000, Generator(2)).reshape(-1, len(GENRES), EACH)
    share = x.sum(axis=2) / x.sum(axis=(1, 2))[:, None]  # (U, genres)
    assert (np.diff(share.mean(axis=0)) < 0).all()  # from the most liked to the least, as `WEIGHTS`
    a = SPREAD * WEIGHTS
    dirichlet = np.sqrt(a * (a.sum() - a) / a.sum() ** 2 / (a.sum() + 1))
    assert (share.std(axis=0) > dirichlet / 2).all()
    assert (np.diff(x.mean(axis=0)[:, [0, 4, 24]], axis=1) < 0).all()  # within a genre, by rank


def test_tastes_tell_more_than_popularity():
    train, test = data.load("tastes"), data.load("tastes", "test")
    known, held_out = test.x == LIKED, test.x == HELD_OUT
    by_taste, by_all = (ndcg(of(train.x, known), known, held_out) for of in (item_cosine, popularity))
    gain = by_taste - by_all
    assert gain.mean() > 4 * gain.std() / np.sqrt(len(gain))
