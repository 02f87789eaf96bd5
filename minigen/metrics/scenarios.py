"""How dangerous traffic is, counted: near-collisions, their frequency with an interval, and what needs no net.

The time to collision is how long it takes until two cars meet if both go on as they do (Hayward 1972):

    TTC = gap / (speed - leader's speed)        where the driver is faster; else infinity, and 0 where they have met

A series has a near-collision if its smallest TTC is below a threshold. Which threshold is a matter of opinion, so all
are shown. Of k such series in n the frequency is k / n, with Wilson's interval (1927); of two frequencies the ratio r
has the interval of Katz et al. (1978),

    log r +- 1.96 sqrt(1/k_1 - 1/n_1 + 1/k_2 - 1/n_2)

The generator is held against two drivers that nobody has to train (lesson 26):

    Gaussian    the accelerations are A c + b + noise with a full covariance, c being the leader's speeds and the gap
    nearest     the speeds of the training driver whose c is the most alike, behind this leader
"""

import math

import numpy as np

from ..data.car_following import GAP, LEADER, SPEED, STEP, with_speeds
from ..errors import ArgumentError, ShapeError
from ..random import Generator
from .arrays import floats

Z = 1.959964  # of 95 %
RIDGE = 1e-3  # added to variances: leaders' speeds repeat themselves, and the examples may be few
PART = 500  # series that are compared at once


def smallest_ttc(x: np.ndarray) -> np.ndarray:
    """The smallest time to collision of each series (N, T+1, 3), in seconds: (N,)."""
    x = _series(x)
    gap, closing = x[..., GAP], x[..., SPEED] - x[..., LEADER]
    with np.errstate(divide="ignore", invalid="ignore"):
        ttc = np.where(gap <= 0, 0, np.where(closing > 0, gap / closing, np.inf))
    return np.asarray(ttc.min(axis=1))


def share_interval(k: int, n: int) -> tuple[float, float]:
    """Wilson's interval of a share of k in n, 95 %."""
    _check_count(k, n)
    p, more = k / n, Z**2 / n
    middle, half = p + more / 2, Z * math.sqrt(p * (1 - p) / n + more / (4 * n))
    return max(0.0, (middle - half) / (1 + more)), min(1.0, (middle + half) / (1 + more))


def ratio_interval(k: int, n: int, k2: int, n2: int) -> tuple[float, float, float]:
    """The ratio of the shares k of n and k2 of n2, and its interval of 95 %; counts of 0 count as a half."""
    _check_count(k, n)
    _check_count(k2, n2)
    a, b = max(k, 0.5), max(k2, 0.5)
    r = (a / n) / (b / n2)
    width = math.exp(Z * math.sqrt(max(0.0, 1 / a - 1 / n + 1 / b - 1 / n2)))
    return r, r / width, r * width


def _check_count(k: int, n: int) -> None:
    if not 0 <= k <= n or n < 1:
        raise ArgumentError(f"k: expected 0 ... n of n >= 1, got {k} of {n}")


def _series(x: np.ndarray) -> np.ndarray:
    """Series (N, T+1, 3), in double precision."""
    (x,) = floats(x=x)
    if x.ndim != 3 or x.shape[2] != 3:
        raise ShapeError(f"x: expected series (N, T+1, 3), got the shape {x.shape}")
    return x.astype(np.float64)


# ---------------------------------------------------------------------------------------------------- without a net


def situation(x: np.ndarray) -> np.ndarray:
    """c of each series (N, T+1, 3): the leader's speeds and the first gap, (N, T+2); the first speeds are equal."""
    x = _series(x)
    return np.concatenate([x[:, :, LEADER], x[:, :1, GAP]], axis=1)


class GaussianDriver:
    """A Gaussian of a driver's accelerations given the situation, fitted by least squares.

    Unlike a driver, it knows in the first step what the leader will do in the last.

    Args:
        train: series (N, T+1, 3), many more than T.
    """

    def __init__(self, train: np.ndarray) -> None:
        c, a = situation(train), accelerations(train)
        self.mean_c, self.mean_a = c.mean(axis=0), a.mean(axis=0)
        c, a = c - self.mean_c, a - self.mean_a
        square = c.T @ c / len(c) + RIDGE * np.eye(c.shape[1])
        self.slope = np.linalg.solve(square, c.T @ a / len(c))  # (T+2, T)
        rest = a - c @ self.slope
        covariance = rest.T @ rest / len(rest) + RIDGE * np.eye(rest.shape[1])
        self.factor = np.linalg.cholesky(covariance)  # (T, T)

    def expected(self, x: np.ndarray) -> np.ndarray:
        """The mean accelerations in the situations of series (N, T+1, 3): (N, T)."""
        return self.mean_a + (situation(x) - self.mean_c) @ self.slope

    def log_prob(self, x: np.ndarray) -> np.ndarray:
        """log p of the accelerations of series (N, T+1, 3), in nats: (N,)."""
        z = np.linalg.solve(self.factor, (accelerations(x) - self.expected(x)).T)
        constant = np.log(np.diag(self.factor)).sum() + len(z) / 2 * math.log(2 * math.pi)
        return -0.5 * np.square(z).sum(axis=0) - constant

    def sample(self, given: np.ndarray, rng: Generator) -> np.ndarray:
        """Drivers in the situations of `given` (N, T+1, 3), no slower than 0."""
        a = self.expected(given)
        a = a + rng.host.standard_normal(a.shape) @ self.factor.T
        speed = given[:, :1, SPEED] + STEP * np.cumsum(a, axis=1)
        return with_speeds(given, np.concatenate([given[:, :1, SPEED], np.maximum(0, speed)], axis=1))


def nearest_driver(given: np.ndarray, train: np.ndarray) -> np.ndarray:
    """The training drivers (M, T+1, 3) in the situations most like those of `given` (N, T+1, 3), put into these."""
    c, known = situation(given), situation(train)
    length = np.square(known).sum(axis=1)
    parts = [(length - 2 * c[i : i + PART] @ known.T).argmin(axis=1) for i in range(0, len(c), PART)]
    speed = train[np.concatenate(parts), :, SPEED]
    return with_speeds(given, speed - speed[:, :1] + given[:, :1, SPEED])


def accelerations(x: np.ndarray) -> np.ndarray:
    """Of the driver in each step of series (N, T+1, 3), in m/s^2: (N, T)."""
    return np.diff(_series(x)[..., SPEED], axis=1) / STEP
