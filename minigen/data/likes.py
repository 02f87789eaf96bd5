"""What users like, as a table, and how it is cut to train and to test on.

    x[u, i] = LIKED      user u likes item i
              HELD_OUT   likewise, but a recommender is not shown it: it is what it has to find
              0          nothing is known: u has never met i, or does not like it

This is implicit feedback: there are likes and no dislikes. A recommender learns from the rows of some users. It is
tested on other users, of whom it has learnt nothing (strong generalisation; Liang et al. 2018, section 4): four fifths
of what each of these likes is shown to it, and it ranks all other items. The fifth that was held out should come first.
"""

import numpy as np

from ..errors import DataError, one_of
from ..random import Generator
from .dataset import SPLITS, Dataset

LIKED, HELD_OUT = 1, 2
TESTED = 100  # users
SHARE = 5  # of a user's likes, one in so many is held out
LEAST = 5  # likes of a user
MOST_ITEMS = 1 << 14  # an example is a row of so many bytes
MOST = 1 << 27  # bytes of a table


def split_users(name: str, likes: np.ndarray, items: tuple[str, ...], part: str, seed: int = 0) -> Dataset:
    """The users to train on or those to test on, bytes (N, items that a user of the training set likes).

    Args:
        name: of the data set.
        likes: (users, items), whether a user likes an item.
        items: their names.
        part: 'train', or 'test': TESTED users drawn by the seed, with every fifth of their likes held out. A user with
            fewer than five likes of the items that are left has none held out.
        seed: of the users, and of the likes that are held out.

    Raises:
        ArgumentError: another part.
    """
    one_of("split", part, SPLITS)
    rng = Generator(seed)
    order = rng.permutation(len(likes))
    tested, trained = order[:TESTED], order[TESTED:]
    known = likes[trained].any(axis=0)
    names = tuple(item for item, is_known in zip(items, known, strict=True) if is_known)
    if part == "train":
        return Dataset(name, likes[trained][:, known].astype(np.uint8), items=names)
    x = likes[tested][:, known].astype(np.uint8)
    for row in x:
        found = np.flatnonzero(row)
        if len(found) >= LEAST:
            row[found[rng.permutation(len(found))[: len(found) // SHARE]]] = HELD_OUT
    return Dataset(name, x, items=names)


def check_size(where: str, users: int, items: int) -> None:
    """Refuse a table that is too small to be split, or too large, before it is made.

    Args:
        where: what the refusal begins with, such as the file.

    Raises:
        DataError: says how many users and items there are, and may be.
    """
    if users < 2 * TESTED or items < 2:
        raise DataError(
            f"{where}: {users} users like at least {LEAST} items that others like too, {items} of them; expected at "
            f"least {2 * TESTED} users; give more ratings"
        )
    if items > MOST_ITEMS or users * items > MOST:
        raise DataError(
            f"{where}: {users} users and {items} items, expected at most {MOST_ITEMS} items and {MOST} pairs of both; "
            "give a smaller set, such as ml-latest-small"
        )
