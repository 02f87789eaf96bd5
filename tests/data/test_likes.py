"""The split of users: who is tested, what is held out, and that nothing of it is learnt from."""

import numpy as np
import pytest

from minigen.data.likes import HELD_OUT, LEAST, LIKED, MOST, MOST_ITEMS, TESTED, check_size, split_users
from minigen.data.tastes import load_tastes
from minigen.errors import ArgumentError, DataError

RNG = np.random.default_rng(0)
LIKES = RNG.random((300, 40)) < 0.2
LIKES[:, 0] = np.arange(300) == 7  # liked by one user alone
ITEMS = tuple(f"item {i}" for i in range(40))


def both(seed=0, likes=LIKES):
    return (split_users("some", likes, ITEMS, part, seed) for part in ("train", "test"))


def rows(x):
    return sorted(map(bytes, x))


@pytest.mark.parametrize("seed", range(4))
def test_users_are_trained_on_or_tested_and_never_both(seed):
    likes = np.unpackbits(np.arange(65536, dtype=">u2").view(np.uint8).reshape(-1, 2), axis=1)  # all rows differ
    likes = likes[likes.sum(axis=1) >= LEAST][:: 100 + seed].astype(bool)
    train, test = (split_users("some", likes, ITEMS[:16], part, seed) for part in ("train", "test"))
    assert train.items == test.items == ITEMS[:16]
    assert len(test) == TESTED
    assert rows(np.concatenate([train.x, (test.x > 0).astype(np.uint8)])) == rows(likes.astype(np.uint8))
    assert train.kind == test.kind == "likes"


def test_a_fifth_of_what_each_tested_user_likes_is_held_out():
    train, test = both()
    assert set(np.unique(train.x)) == {0, LIKED}
    liked, held_out = (test.x > 0).sum(axis=1), (test.x == HELD_OUT).sum(axis=1)
    np.testing.assert_array_equal(held_out, np.where(liked >= LEAST, liked // 5, 0))
    assert (liked < LEAST).any()  # such users are here, too
    assert held_out.max() > 1


def test_which_likes_are_held_out_is_chance():
    """Of 2000 users who like the same ten items, each item is held out of a fifth: within four deviations."""
    x = np.concatenate([split_users("s", np.ones((200, 10), bool), ITEMS[:10], "test", s).x for s in range(20)])
    share = (x == HELD_OUT).mean(axis=0)
    assert np.abs(share - 0.2).max() < 4 * np.sqrt(0.2 * 0.8 / len(x))


def test_items_that_no_trained_user_likes_are_left_out():
    seen = [train.items == test.items and "item 0" in train.items for train, test in map(both, range(12))]
    assert True in seen
    assert False in seen  # in a third of the splits, the one user who likes it is tested
    for seed in range(12):
        train, _ = both(seed)
        assert train.x.any(axis=0).all()
        assert train.shape == (len(train.items),)


def test_a_split_is_its_seeds():
    (a, b), (again, _), (other, _) = both(3), both(3), both(4)
    np.testing.assert_array_equal(a.x, again.x)
    assert not np.array_equal(a.x, other.x)
    assert len(b) == TESTED


def test_tables_of_sizes_that_cannot_be_are_refused():
    check_size("here", 2 * TESTED, 2)
    check_size("here", MOST // MOST_ITEMS, MOST_ITEMS)
    for users, items in ((2 * TESTED - 1, 50), (1000, 1), (1000, MOST_ITEMS + 1), (MOST // 1000 + 1, 1000)):
        with pytest.raises(DataError, match=f"^here: {users} users.* {items} .*; give "):
            check_size("here", users, items)


def test_there_are_two_parts():
    """Any other was taken for the test part."""
    likes = np.ones((2 * TESTED, 3), bool)
    for part in ("valid", "foo", ""):
        with pytest.raises(ArgumentError, match="split: unknown name"):
            split_users("mine", likes, ("a", "b", "c"), part)
        with pytest.raises(ArgumentError, match="split: unknown name"):
            load_tastes(part)
