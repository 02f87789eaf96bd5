"""Learning-rate schedules: functions from the step (0, 1, 2, ...) to the learning rate.

Any function of the step will do in their place: `Adam(params, lr=lambda t: 1e-3 / (1 + t) ** 0.5)`. These here are
made by functools.partial, not by lambda, so that an optimizer can be pickled with its schedule.

Lesson 4 shows what they are for.
"""

import functools
import math
from collections.abc import Callable
from typing import TypeAlias

from ..errors import ArgumentError
from .check import at_least_0, whole

Schedule: TypeAlias = Callable[[int], float]


def _constant(lr: float, step: int) -> float:
    return lr


def constant(lr: float) -> Schedule:
    """The same learning rate at every step."""
    at_least_0("lr", lr)
    return functools.partial(_constant, lr)


def _step_decay(lr: float, every: int, factor: float, step: int) -> float:
    return lr * factor ** (step // every)


def step_decay(lr: float, every: int, factor: float = 0.1) -> Schedule:
    """lr * factor^k after k times `every` steps.

    Args:
        lr: the learning rate to start with.
        every: the number of steps between two changes.
        factor: what the rate is multiplied by at a change, in (0, 1].
    """
    at_least_0("lr", lr)
    whole("every", every)
    if not 0 < factor <= 1:
        raise ArgumentError(f"factor: expected a number in (0, 1], got {factor!r}")
    return functools.partial(_step_decay, lr, every, factor)


def _cosine(lr: float, steps: int, final: float, step: int) -> float:
    return final + (lr - final) * (1 + math.cos(math.pi * min(step / steps, 1))) / 2  # equation 5


def cosine(lr: float, steps: int, final: float = 0.0) -> Schedule:
    """Half a cosine wave from `lr` down to `final`: final + (lr - final) (1 + cos(pi t / steps)) / 2.

    Args:
        lr: the learning rate at step 0.
        steps: the step at which `final` is reached; it stays there.
        final: the last learning rate, between 0 and `lr`.

    Source: Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017, equation 5.
    """
    at_least_0("lr", lr)
    whole("steps", steps)
    if at_least_0("final", final) > lr:
        raise ArgumentError(f"final: expected a number between 0 and lr = {lr!r}, got {final!r}")
    return functools.partial(_cosine, lr, steps, final)


def _warmup(full: Schedule, steps: int, step: int) -> float:
    return full(step) * min((step + 1) / steps, 1)


def warmup(schedule: Schedule | float, steps: int) -> Schedule:
    """`schedule` times a factor that rises as 1/steps, 2/steps, ..., 1 and stays there.

    Args:
        schedule: a schedule (its own steps count from 0 as well), or a constant learning rate.
        steps: the number of steps until the full rate is reached.

    Source: Goyal et al., Accurate, Large Minibatch SGD, 2017, section 2.2.
    """
    whole("steps", steps)
    full = schedule if callable(schedule) else constant(schedule)
    return functools.partial(_warmup, full, steps)
