"""Users with tastes: a small computed table of likes, for tests and for whoever has no ratings at hand.

    theta_u ~ Dirichlet(a w)                              how much user u cares for each of the genres; w: for all
    p(i | u) = theta_u[genre of i] / (rank of i)^s / Z    within a genre a few items are known to all (Zipf's law)
    n_u = 10 + a geometric number                         likes, different items, one drawn after another from p

It is what Mult-VAE assumes, but for the network: each user has hidden tastes, and draws items by them. What is popular
with everybody says something about a user, and what else this user likes says much more.
"""

import numpy as np

from ..random import Generator
from .dataset import Dataset
from .likes import split_users

GENRES = ("crime", "love", "space", "history", "music", "horror", "comedy", "nature")
EACH = 25  # items of a genre
USERS = 1000
SPREAD, ZIPF = 0.6, 0.7  # a and s
WEIGHTS = np.arange(len(GENRES), 0, -1) / len(GENRES)  # w
FEWEST, MORE = 10, 10  # likes, and the mean of the geometric number


def load_tastes(part: str, seed: int = 0) -> Dataset:
    """900 users to train on, or 100 to test on: bytes (N, 200).

    Args:
        part, seed: of `split_users`; the users are always the same.
    """
    items = tuple(f"{genre} {rank}" for genre in GENRES for rank in range(1, EACH + 1))
    return split_users("tastes", likes_of(USERS, Generator(0)), items, part, seed)


def likes_of(users: int, rng: Generator) -> np.ndarray:
    """Whether each of so many users likes each item: (users, 200)."""
    within = np.arange(1, EACH + 1) ** -ZIPF
    theta = rng.host.dirichlet(SPREAD * WEIGHTS, users)  # (U, genres)
    p = np.einsum("ug,k->ugk", theta, within / within.sum()).reshape(users, -1)
    keys = np.log(p.clip(1e-30)) + rng.host.gumbel(size=p.shape)  # the n largest: n draws, none put back
    n = FEWEST + rng.host.geometric(1 / (MORE + 1), users) - 1
    rank = np.argsort(np.argsort(-keys, axis=1, kind="stable"), axis=1, kind="stable")
    return rank < n[:, None]
