"""Has the model memorised its examples? The nearest training example beside each sample.

A copy is nearer to its original than new data ever are to the training set. So samples are compared with test data:
of those, by definition, 1 % lie nearer than their first percentile. Of a model's samples it should not be many more.
(It finds copies of pixels, not of ideas: a shifted copy is far away.)
"""

from typing import NamedTuple

import numpy as np

from .neighbours import nearest


class Memorisation(NamedTuple):
    """What was found.

    row: (N,) the nearest training example of each sample. distance: (N,) how far it is.
    threshold: the distance that 1 % of the test data fall below. copies: the share of samples that do.
    """

    row: np.ndarray
    distance: np.ndarray
    threshold: float
    copies: float


def memorisation(samples: np.ndarray, train: np.ndarray, test: np.ndarray) -> Memorisation:
    """The nearest training example of each sample, and the share of samples that are suspiciously near to theirs.

    Args:
        samples, train, test: (N, ...), (T, ...) and (M, ...), pixels or features.
    """
    row, distance = nearest(samples, train)
    threshold = float(np.quantile(nearest(test, train).distance, 0.01))
    return Memorisation(row, distance, threshold, float((distance < threshold).mean()))
