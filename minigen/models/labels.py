"""Labels of examples that are to be generated, or that a model learns from.

No lesson derives it.
"""

import numpy as np

from ..backend import Array, module_for
from ..errors import ArgumentError, ShapeError
from ..random import Generator


def evenly_drawn(n: int, classes: int, rng: Generator, device: str) -> Array:
    """n random labels (N,) in random order, each class as often as any other, give or take less than 2.

    Stratified sampling: label = floor(classes u), with one u from each n-th of [0, 1). Alone, each label is as likely
    as any other; together they do not leave a batch, and what batch norm makes of it, to chance.
    """
    order = module_for(device).argsort(rng.uniform((n,), device=device))
    return (classes * (order + rng.uniform((n,), device=device)) / n).astype(np.int64)


def each_in_turn(n: int, classes: int) -> np.ndarray:
    """n labels 0, 1, ... classes - 1, 0, 1, ...: in a picture of as many columns, each column is one class."""
    return np.arange(n) % classes


def chosen_labels(n: int, classes: int, label: int | None) -> np.ndarray:
    """The labels of n samples: all of them `label`, or each in turn.

    Raises:
        ArgumentError: there is no such label.
    """
    if label is None:
        return each_in_turn(n, classes)
    if not 0 <= label < classes:
        raise ArgumentError(f"label: expected 0 ... {classes - 1}, got {label}")
    return np.full(n, label)


def given_labels(model: str, labels: Array | None, n: int) -> Array:
    """The labels of n real examples.

    Raises:
        ArgumentError, ShapeError: there are none, or not one for each.
    """
    if labels is None:
        raise ArgumentError(f"labels: {model} learns from examples with their labels, got none")
    if labels.shape != (n,):
        raise ShapeError(f"labels: expected one for each of the {n} examples, got shape {labels.shape}")
    return labels
