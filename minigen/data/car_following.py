"""Cars on one lane of a motorway: a leader that brakes, and a driver behind who sees it late.

The driver follows the Intelligent Driver Model (Treiber, Hennecke & Helbing 2000). With the gap s to the leader, the
own speed v and the speed of approach dv = v - v_leader, the acceleration is

    dv/dt = a [1 - (v / v0)^4 - (s_d / s)^2],        s_d = s0 + v T + v dv / (2 sqrt(a b))

The driver would like to go at v0, to be T seconds and s0 metres behind, and to brake no harder than b. The IDM hardly
ever crashes. What makes it dangerous here is human: s, v and dv are those of a reaction time ago (Treiber, Kesting &
Helbing 2006), no car brakes harder than 8 m/s^2, and each step's acceleration has noise.

    series x (N, T+1, 3), a step a quarter of a second:    leader's speed,  gap,  driver's speed       m/s, m, m/s

The leader's speeds are given, as are the gap and the driver's speed in the first step. All else follows from the
driver, whose v0, T, a, b and reaction time are drawn for each example and appear nowhere in the data. The gap follows
from the speeds (both change linearly within a step):

    s_(t+1) = s_t + step (mean speed of the leader in the step - mean speed of the driver)

What is drawn here are plausible numbers, measured on no road: of a rate of accidents they say nothing.
"""

import numpy as np

from ..backend import Array
from ..random import Generator
from .dataset import Dataset

STEP = 0.25  # seconds
STEPS = 60  # of an example, after the first
LEADER, GAP, SPEED = 0, 1, 2  # channels
HARDEST = 8.0  # m/s^2 of braking, on a dry road
NOISE = 0.3  # m/s^2, the deviation of a step's acceleration
STANDING = 2.0  # s0, metres
Numbers = np.ndarray | float
SIZES = {"train": 20_000, "test": 10_000}
SEEDS = {"train": 0, "test": 1}


def load_series(name: str, split: str) -> Dataset:
    """'car-following': 20 000 series (61, 3) to train on or 10 000 to test on, always the same ones."""
    rng = Generator(SEEDS[split])
    return Dataset(name, followed(conditions(SIZES[split], rng), rng))


def conditions(n: int, rng: Generator, steps: int = STEPS) -> np.ndarray:
    """Leaders, and where the driver begins: series (n, steps+1, 3), whose gaps and driver's speeds are 0 after that.

    A leader goes at 24 to 38 m/s and brakes once: from a random time on, by 1 to 7 m/s^2, down to a speed that is not
    below 18 m/s; after some seconds it accelerates again. The driver goes as fast as it, 0.5 to 2 seconds behind.
    """
    draw = rng.host.uniform
    start = draw(24, 38, n)
    slow = np.maximum(18, start * draw(0.4, 1, n))
    brakes, braking = draw(1, 8, n), 1 + 6 * draw(0, 1, n) ** 2  # hard braking is rare
    stays, accelerating = draw(0, 4, n), draw(0.5, 1.5, n)
    x = np.zeros((n, steps + 1, 3), np.float32)
    x[:, :, LEADER] = _leaders(start, slow, brakes, braking, stays, accelerating, steps)
    x[:, 0, GAP] = STANDING + start * draw(0.5, 2.0, n)
    x[:, 0, SPEED] = start
    return x


def _leaders(
    start: np.ndarray,
    slow: np.ndarray,
    brakes: np.ndarray,
    braking: np.ndarray,
    stays: np.ndarray,
    accelerating: np.ndarray,
    steps: int,
) -> np.ndarray:
    """Speeds (n, steps+1): `start` until `brakes` seconds, down to `slow`, and after `stays` seconds up again."""
    t = STEP * np.arange(steps + 1)[None]
    down = start[:, None] - braking[:, None] * np.maximum(0, t - brakes[:, None])
    again = brakes + (start - slow) / braking + stays
    up = slow[:, None] + accelerating[:, None] * np.maximum(0, t - again[:, None])
    return np.where(t < again[:, None], np.maximum(down, slow[:, None]), np.minimum(up, start[:, None]))


def followed(given: np.ndarray, rng: Generator) -> np.ndarray:
    """The series of `conditions` with the drivers' gaps and speeds: float32 (n, T+1, 3). Draws a driver for each.

    A generator with a seed of SEEDS draws the numbers once more that made the leaders of the data: behind these, its
    drivers are not independent of them.
    """
    n, places, _ = given.shape
    draw, rows = rng.host.uniform, np.arange(n)
    v0 = given[:, 0, SPEED] * draw(1.05, 1.3, n)
    headway, a, b = draw(0.4, 1.6, n), draw(0.8, 2.0, n), draw(1.2, 3.0, n)
    late = rng.host.integers(1, 8, n)  # steps
    leader = given[:, :, LEADER].astype(np.float64)
    gap, speed = np.zeros((n, places)), np.zeros((n, places))
    gap[:, 0], speed[:, 0] = given[:, 0, GAP], given[:, 0, SPEED]
    for t in range(places - 1):
        seen = np.maximum(0, t - late)
        wanted = idm(gap[rows, seen], speed[rows, seen], leader[rows, seen], v0, headway, a, b)
        acceleration = np.maximum(wanted, -HARDEST) + NOISE * rng.host.standard_normal(n)
        speed[:, t + 1] = np.maximum(0, speed[:, t] + STEP * acceleration)
        gap[:, t + 1] = next_gap(gap[:, t], leader[:, t : t + 2], speed[:, t : t + 2])
    return np.stack([leader, gap, speed], axis=2).astype(np.float32)


def idm(
    s: np.ndarray, v: np.ndarray, leader: np.ndarray, v0: Numbers, headway: Numbers, a: Numbers, b: Numbers
) -> np.ndarray:
    """The acceleration of the Intelligent Driver Model, in m/s^2; gaps s below half a metre count as that."""
    desired = STANDING + v * headway + v * (v - leader) / (2 * np.sqrt(a * b))
    return a * (1 - (v / v0) ** 4 - (np.maximum(desired, 0) / np.maximum(s, 0.5)) ** 2)


def next_gap(gap: Array, leader: Array, speed: Array) -> Array:
    """The gap (n,) after a step, from that before and the speeds (n, 2) before and after of both."""
    return gap + STEP * (leader.mean(axis=1) - speed.mean(axis=1))


def with_speeds(given: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """The series of `conditions` (n, T+1, 3) with drivers of these speeds (n, T+1), and the gaps that follow."""
    closing = given[:, :, LEADER] - speed  # of the gap, negative where it shrinks
    gap = given[:, :1, GAP] + STEP * np.cumsum((closing[:, 1:] + closing[:, :-1]) / 2, axis=1, dtype=np.float64)
    return np.stack([given[:, :, LEADER], np.concatenate([given[:, :1, GAP], gap], axis=1), speed], 2).astype(
        np.float32
    )
