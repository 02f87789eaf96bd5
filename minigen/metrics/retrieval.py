"""Search from pictures to names and back: is the right one among the first few that are found?

    recall@k  =  the share of queries whose right item is among the k items most similar to it

Where items are equally similar, as if they stood in random order: of t equal ones, the right one among them, after g
that are more similar, it is among the first k with the probability (k - g) / t, within 0 and 1. So similarities that
are all equal get what chance gets, k / M.

Without learning, a pair that is known is the bridge: of a picture, the names that share words with the name of the
most similar known picture; of a name, the pictures most similar to that of the known name that shares most words.
"""

import numpy as np
from scipy.spatial.distance import cdist

from ..errors import ArgumentError, ShapeError
from ..nn.layers import positive
from .arrays import floats, unit_images
from .neighbours import nearest

LEVELS = 4  # of each colour, in a histogram


def recall_at(similarities: np.ndarray, right: np.ndarray, k: int = 10) -> float:
    """The share of queries whose right item is among the k most similar ones.

    Args:
        similarities: (N, M), of each of N queries to each of M items.
        right: (N,) integers, which item is each query's.
    """
    (similarities,) = floats(similarities=similarities)
    positive(k=k)
    right = np.asarray(right)
    if similarities.ndim != 2 or right.shape != similarities.shape[:1]:
        raise ShapeError(
            f"similarities and right: expected (N, M) and (N,), got shapes {similarities.shape} and {right.shape}"
        )
    if right.dtype.kind not in "iu" or not len(right) or right.min() < 0 or right.max() >= similarities.shape[1]:
        raise ArgumentError(f"right: expected one or more places in 0 ... {similarities.shape[1] - 1}")
    its = similarities[np.arange(len(right)), right][:, None]
    more, equal = (similarities > its).sum(axis=1), (similarities == its).sum(axis=1)
    return float(((k - more) / equal).clip(0, 1).mean())


def colour_histogram(x: np.ndarray) -> np.ndarray:
    """The share of pixels in each of 4 x 4 x 4 boxes of colours: images (N, H, W, C) in [0, 1] -> (N, 4^C)."""
    (x,) = unit_images(x=x)
    n, channels = len(x), x.shape[3]
    level = np.minimum((x * LEVELS).astype(np.int64), LEVELS - 1).reshape(n, -1, channels)
    box = level @ LEVELS ** np.arange(channels)  # (N, H W)
    count = LEVELS**channels
    counts = np.bincount((box + count * np.arange(n)[:, None]).ravel(), minlength=n * count).reshape(n, count)
    return (counts / box.shape[1]).astype(x.dtype)


def word_overlap(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The words that two names share, over all words that they have: (N, T) and (M, S) places -> (N, M) in [0, 1].

    Places of words as in `minigen.data.emoji`: 0 is no word.
    """
    words = 1 + int(max(a.max(initial=0), b.max(initial=0)))
    has_a, has_b = (_has(names, words) for names in (a, b))
    shared = has_a @ has_b.T
    either = has_a.sum(axis=1)[:, None] + has_b.sum(axis=1) - shared
    return np.asarray(shared / np.maximum(either, 1))


def _has(names: np.ndarray, words: int) -> np.ndarray:
    """Whether each name (N, T) has each word: (N, words) of 0 and 1."""
    has = np.zeros((len(names), words))
    has[np.arange(len(names))[:, None], names] = 1
    has[:, 0] = 0
    return has


def names_by_bridge(
    features: np.ndarray, known_features: np.ndarray, known_names: np.ndarray, names: np.ndarray
) -> np.ndarray:
    """How well each name suits each picture, by the known picture that is nearest to it: (N, M).

    Args:
        features: of the pictures, (N, F), such as their colour histograms.
        known_features, known_names: of the known pairs, (K, F) and (K, T).
        names: (M, T).
    """
    return word_overlap(known_names[nearest(features, known_features).row], names)


def pictures_by_bridge(
    names: np.ndarray, known_features: np.ndarray, known_names: np.ndarray, features: np.ndarray
) -> np.ndarray:
    """How well each picture suits each name, by the known name that shares most words with it: (M, N).

    Args:
        names: (M, T).
        known_features, known_names: of the known pairs, (K, F) and (K, T).
        features: of the pictures, (N, F).
    """
    bridges = known_features[word_overlap(names, known_names).argmax(axis=1)]  # (M, F)
    return np.asarray(-cdist(bridges, features))
