"""Does the model betray what it was trained on? The attack as a number: AUC of members against others.

A membership attack gives each example a score that should be higher if the model was trained on it, such as its
log-likelihood (Shokri et al. 2017; of generative models Hayes et al. 2019, Hilprecht et al. 2019). The area under its
ROC curve needs no threshold: it is the chance that a member x scores higher than another example y,

    AUC = P(s(x) > s(y)) + 1/2 P(s(x) = s(y))

1/2 for scores that know nothing, 1 for an attack that never errs. With m members and n others, and for each the share
of the other kind that it lies on the right side of, V_x and V_y, its variance is (DeLong et al. 1988)

    Var(AUC) = Var(V_x) / m + Var(V_y) / n

Members and others must come from one source. If they do not, as the training and the test set of MNIST, whose writers
differ, then scores tell them apart that have never seen the model: the attack counts from there, not from 1/2.

Lesson 24 derives the area and its variance.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from ..errors import ArgumentError, ShapeError
from .arrays import floats

Z = 1.959964  # of N(0, 1): 95 % lie within so many deviations


class AUC(NamedTuple):
    """The area under the ROC curve, and the ends of its interval of 95 %."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def auc(members: np.ndarray, others: np.ndarray) -> AUC:
    """How well scores tell members (M,) from others (N,), two or more of each.

    Raises:
        ArgumentError, ShapeError: too few scores, not one for each example, or one that is not finite.
    """
    members, others = _scores(members, others)
    m, n = len(members), len(others)
    ranks = rankdata(np.concatenate([members, others]))  # equal scores share the mean of their ranks
    of_members = (ranks[:m] - rankdata(members)) / n  # V_x: the share of others below
    of_others = 1 - (ranks[m:] - rankdata(others)) / m  # V_y: the share of members above
    value = float(of_members.mean())
    half = Z * math.sqrt(of_members.var(ddof=1) / m + of_others.var(ddof=1) / n)
    return AUC(value, max(0.0, value - half), min(1.0, value + half))


class ROC(NamedTuple):
    """For each threshold, from high to low: the shares of others and of members that score at least so much."""

    others: np.ndarray
    members: np.ndarray


def roc(members: np.ndarray, others: np.ndarray) -> ROC:
    """The ROC curve of scores of members (M,) and others (N,), from (0, 0) to (1, 1)."""
    members, others = _scores(members, others)
    thresholds = np.unique(np.concatenate([members, others]))[::-1]
    shares = [1 - np.searchsorted(np.sort(s), thresholds, side="left") / len(s) for s in (others, members)]
    return ROC(*(np.concatenate([[0.0], share]) for share in shares))


def _scores(members: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    members, others = (scores.astype(np.float64) for scores in floats(members=members, others=others))
    if members.ndim != 1 or others.ndim != 1:
        raise ShapeError(f"scores: expected one for each example, got shapes {members.shape} and {others.shape}")
    if min(len(members), len(others)) < 2:
        raise ArgumentError(f"scores: expected two or more of each kind, got {len(members)} and {len(others)}")
    return members, others
