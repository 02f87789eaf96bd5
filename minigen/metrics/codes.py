"""Do the categories that a model has found by itself agree with the labels that people give?

A category is not called '3': which one stands for which label is chosen so that most examples agree, one for one (the
assignment problem). InfoGAN (Chen et al. 2016, section 7.2) reports an error of 5 % on MNIST.
"""

from typing import NamedTuple

import numpy as np

from ..errors import ArgumentError, ShapeError
from .arrays import whole_numbers


class CodeError(NamedTuple):
    """The share of examples whose category does not stand for their label, and what each category stands for.

    A category that stands for nothing (if there are more of them than labels) has -1.
    """

    error: float
    meaning: np.ndarray


def code_error(found: np.ndarray, labels: np.ndarray) -> CodeError:
    """How far categories are from labels, under the best one-to-one matching of the two.

    Args:
        found: the category of each example, (N,) integers >= 0.
        labels: what people call it, (N,) integers >= 0.

    Raises:
        ShapeError, ArgumentError: not two such arrays of one length.
    """
    found, labels = whole_numbers(found, labels)
    if found.ndim != 1 or found.shape != labels.shape:
        raise ShapeError(f"found, labels: expected two arrays (N,), got shapes {found.shape} and {labels.shape}")
    whole = found.dtype.kind in "iu" and labels.dtype.kind in "iu"
    if not len(found) or not whole or min(found.min(), labels.min()) < 0:
        raise ArgumentError("found, labels: expected integers >= 0, at least one")
    from scipy.optimize import linear_sum_assignment  # takes long to import

    agree = np.zeros((found.max() + 1, labels.max() + 1), np.int64)
    np.add.at(agree, (found, labels), 1)
    rows, columns = linear_sum_assignment(agree, maximize=True)
    meaning = np.full(len(agree), -1)
    meaning[rows] = columns
    return CodeError(1 - agree[rows, columns].sum() / len(found), meaning)
