"""How good recommendations are, and recommenders that need no network.

A recommender gives each item a score; those that the user is known to like are left out, and the others are ranked. Let
w(r) be 1 if the item at rank r = 1, 2, ... is one of the n that were held out, else 0. Then (Liang et al. 2018,
section 4)

    Recall@R  =  sum_{r <= R} w(r) / min(R, n)
    DCG@R     =  sum_{r <= R} w(r) / log2(r + 1)
    NDCG@R    =  DCG@R / max DCG@R,     max DCG@R = sum_{r <= min(R, n)} 1 / log2(r + 1)

so that both are 1 where all that was held out comes first: a mean over users, without those of whom nothing was held
out. NDCG asks for the first ranks most.

The recommenders below are what a model has to be held against (Ferrari Dacrema, Cremonesi & Jannach 2019, found most of
the networks of their time behind simple methods). X (U, I) is 1 where a user of the training set likes an item, x (I,)
what is known of a new user, and G = X^T X counts the users who like both of two items:

    popularity    how many like an item: the same for everybody
    item cosine   x C,  C_ij = G_ij / sqrt(G_ii G_jj) for i != j, else 0   (Sarwar et al. 2001)
    PureSVD       x V V^T,  V (I, k) the first k right singular vectors of X   (Cremonesi et al. 2010)
    EASE          x B,  B the matrix that minimises |X - X B|^2 + lambda |B|^2 with B_jj = 0   (Steck 2019)

EASE is a linear autoencoder that must not tell an item from itself. Its minimum: with a Lagrange multiplier g_j for
each B_jj = 0 the gradient is (G + lambda) B - G + diag(g) = 0, so with P = (G + lambda)^-1

    B = P (G - diag(g)) = 1 - P diag(lambda + g),   and B_jj = 0 says lambda + g_j = 1 / P_jj
    B_ij = -P_ij / P_jj  for i != j

one inverse of a matrix, and nothing to train (lesson 26).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ArgumentError, ShapeError, whole
from .arrays import as_floats

FACTORS = 40  # k
LAMBDA = 200.0


def ndcg(scores: Any, known: Any, held_out: Any, at: int = 100) -> np.ndarray:
    """NDCG@`at` of each user of whom something was held out: (users with held-out items,), in [0, 1].

    Args:
        scores: (N, I) real numbers, the largest first. Of equal ones the first item comes first.
        known: (N, I), what the recommender was shown: not recommended.
        held_out: (N, I), what it has to find.
        at: R, how many ranks count.
    """
    found, n = _found(scores, known, held_out, at)
    gains = 1 / np.log2(np.arange(2, found.shape[1] + 2))
    best = np.cumsum(gains)[np.minimum(found.shape[1], n) - 1]
    return np.asarray(found @ gains / best)


def recall(scores: Any, known: Any, held_out: Any, at: int = 20) -> np.ndarray:
    """Recall@`at` of each user of whom something was held out, in [0, 1]; arguments as of `ndcg`."""
    found, n = _found(scores, known, held_out, at)
    return np.asarray(found.sum(axis=1) / np.minimum(at, n))


def ranked(scores: Any, known: Any, at: int) -> np.ndarray:
    """The items to recommend to each user, the best first: (N, at), or fewer where there are no more items.

    Items that are known come last, after all others.
    """
    values = as_floats(scores)
    known = np.asarray(known).astype(bool)
    if values.ndim != 2 or values.shape != known.shape:
        raise ShapeError(f"scores: expected one of each item for each user, {known.shape}, got {values.shape}")
    if np.isnan(values).any():
        raise ArgumentError("scores: expected numbers, got NaN; see what the recommender computes")
    order = np.argsort(-np.where(known, -np.inf, values), axis=1, kind="stable")
    return np.asarray(order[:, : whole("at", at)])


def _found(scores: Any, known: Any, held_out: Any, at: int) -> tuple[np.ndarray, np.ndarray]:
    """w(r) of each user of whom something was held out, (N, R), and how much was, (N,)."""
    held = np.asarray(held_out).astype(bool)
    best = ranked(scores, known, at)
    if held.shape != np.shape(scores):
        raise ShapeError(f"held_out: expected the shape of the scores, {np.shape(scores)}, got {held.shape}")
    if (held & np.asarray(known).astype(bool)).any():
        raise ArgumentError("held_out: an item is known and held out at once; leave it out of one of them")
    n = held.sum(axis=1)
    if not n.any():
        raise ArgumentError("held_out: nothing is held out of any user; there is nothing to find")
    return np.take_along_axis(held, best, axis=1)[n > 0].astype(np.float64), n[n > 0]


# -------------------------------------------------------------------------------------------------- the recommenders


def popularity(train: Any, known: Any) -> np.ndarray:
    """How many users like each item: train (U, I), known (N, I) of 0 and 1 -> scores (N, I)."""
    x, known = _tables(train, known)
    return np.asarray(np.broadcast_to(x.sum(axis=0), known.shape))


def item_cosine(train: Any, known: Any) -> np.ndarray:
    """The cosines of an item's users with those of each item that is known, added; arguments as of `popularity`."""
    x, known = _tables(train, known)
    g = x.T @ x
    norm = np.sqrt(np.maximum(np.diag(g), 1))  # of an item that nobody likes: 0 / 1
    cosine = g / norm / norm[:, None]
    np.fill_diagonal(cosine, 0)
    return np.asarray(known @ cosine)


def pure_svd(train: Any, known: Any, factors: int = FACTORS) -> np.ndarray:
    """What is known, projected on the first right singular vectors of the table; arguments as of `popularity`."""
    x, known = _tables(train, known)
    _, v = np.linalg.eigh(x.T @ x)  # (I, I): those of the largest eigenvalues are last
    v = v[:, -min(whole("factors", factors), min(x.shape)) :]
    return np.asarray(known @ v @ v.T)


def ease(train: Any, known: Any, penalty: float = LAMBDA) -> np.ndarray:
    """The linear autoencoder without a diagonal (Steck 2019); arguments as of `popularity`, penalty: lambda > 0."""
    if not penalty > 0:
        raise ArgumentError(f"penalty: expected a number > 0, got {penalty!r}")
    x, known = _tables(train, known)
    p = np.linalg.inv(x.T @ x + penalty * np.eye(x.shape[1]))
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0)
    return np.asarray(known @ b)


def _tables(*tables: Any) -> list[np.ndarray]:
    """Tables of 0 and 1 as float64, (N, I) with the same items."""
    found = [np.asarray(table).astype(np.float64) for table in tables]
    if any(t.ndim != 2 for t in found) or len({t.shape[1] for t in found}) != 1:
        raise ShapeError(f"known: expected users in rows and the same items, got the shapes {[t.shape for t in found]}")
    if not all(np.isin(t, (0, 1)).all() for t in found):
        raise ArgumentError("known: expected 0 and 1, got other values; give (x == LIKED) of minigen.data.likes")
    return found


RECOMMENDERS: dict[str, Callable[[Any, Any], np.ndarray]] = {
    "popularity": popularity,
    "item cosine": item_cosine,
    f"PureSVD-{FACTORS}": pure_svd,
    "EASE": ease,
}
