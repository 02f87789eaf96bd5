"""Time as sines and cosines of many frequencies (Vaswani et al. 2017, section 3.5; Ho et al. 2020, appendix B).

    features(t)  =  [sin(w_1 t), ..., sin(w_k t), cos(w_1 t), ..., cos(w_k t)],     w_i from 1 down to 1/10000

A network that is told t as one number finds it hard to behave quite differently at nearby times; of these numbers some
change fast with t and some slowly.

Lesson 21 draws them.
"""

import math

import numpy as np

from ... import ops
from ...autodiff import Tensor
from ...backend import Array, to_device
from ...nn import Dense, Embedding, Module
from ...random import Generator
from ..pairs.words import BagOfWords

LONGEST = 10_000.0
UNITS = 1000.0  # the time from data to noise, as in Ho et al.


def time_features(t: np.ndarray, features: int) -> np.ndarray:
    """t (N,) in [0, 1] -> (N, features) in float32; `features` is even."""
    half = features // 2
    frequencies = np.exp(-math.log(LONGEST) * np.arange(half) / half)
    angles = UNITS * np.asarray(t, np.float64)[:, None] * frequencies
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1).astype(np.float32)


class Condition(Module):
    """What a denoising network is told besides the example: the time, and the class if there are classes.

    Args:
        features: the length of the vector that comes out. inner: of the sines and cosines.
        classes: how many; one more stands for "not told". 0 for none.
        rng: for the weights.
        words: whether a label is a name, the places of its words, of which there are `classes`; see `BagOfWords`.
    """

    def __init__(self, features: int, inner: int, classes: int, rng: Generator, words: bool = False) -> None:
        self.inner, self.classes = inner, classes
        self.first = Dense(inner, features, init="he_uniform", rng=rng)
        self.second = Dense(features, features, init="he_uniform", rng=rng)
        self.of_class: Module | None = None
        if classes:
            self.of_class = BagOfWords(classes, features, rng) if words else Embedding(classes + 1, features, rng=rng)

    def forward(self, t: np.ndarray, labels: Array | None = None) -> Tensor:
        """Times t (N,) in [0, 1], labels (N,), of which `classes` is "not told", or names (N, T) -> (N, features)."""
        told = Tensor(to_device(time_features(t, self.inner), self.device))
        told = self.second(ops.silu(self.first(told)))
        return told if self.of_class is None else told + self.of_class(labels)
