"""Integrated gradients (Sundararajan, Taly & Yan 2017): how much each input has to do with an answer F(x).

A gradient says what a small change would do, and is small where F has levelled off: a network that is sure of its
answer has hardly any. So the question is asked against a baseline b, an input that stands for nothing, and gradients
are collected all along the straight way from there:

    A_i(x) = (x_i - b_i) integral_0^1 dF/dx_i (b + a (x - b)) da                               (their equation 1)

With the chain rule the sum over i is the integral of dF/da, so that nothing is lost and nothing invented:

    sum_i A_i(x) = F(x) - F(b)                                                  (completeness; their proposition 1)

The integral is taken as a mean over `steps` points. They take the ends of equal parts (equation 3); here it is their
middles, whose error falls with the square of the number of steps, and which is exact where F is quadratic. How far the
sum misses F(x) - F(b) tells whether the steps were enough: it is returned, and should be looked at.

What it cannot tell: the baseline is a choice, and another one gives another map. And a map is only as good as what it
predicts: `without` takes away what it names, to be held against what a random choice of as many inputs would do.

Lesson 25 derives it.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .. import ops
from ..autodiff import Tensor, grad, no_grad, raw
from ..backend import Array, to_numpy, xp_of
from ..errors import ArgumentError, ShapeError, whole

Answer = Callable[[Tensor], Tensor]  # examples (N, ...) -> (N,)


class Attribution(NamedTuple):
    """Of each example: its share in the answer, input by input, and what the shares should sum to.

    Attributes:
        values: (N, ...), in the unit of F.
        rise: F(x) - F(b), (N,).
    """

    values: Array
    rise: Array

    @property
    def missing(self) -> Array:
        """What the values lack to F(x) - F(b), (N,): 0 if the steps were enough."""
        return self.rise - self.values.reshape(len(self.values), -1).sum(axis=1)


def integrated_gradients(f: Answer, x: Array, baseline: Array, steps: int = 64) -> Attribution:
    """The share of each input in F(x) - F(baseline).

    Args:
        f: F, in which no example has to do with another's answer.
        x: examples (N, ...). baseline: one for all, (...), or one each, (N, ...).
        steps: points on the way.

    Raises:
        ShapeError: the baseline does not fit the examples, or F does not give a number for each.
        ArgumentError: fewer than one step.

    Source: Sundararajan et al., Axiomatic Attribution for Deep Networks, 2017, equation 1.
    """
    whole("steps", steps)
    xp = xp_of(x)
    _check_fits("baseline", baseline, x)
    difference = x - baseline
    gradients = xp.zeros_like(x)
    for k in range(steps):
        a = x.dtype.type((k + 0.5) / steps)
        gradients += gradient(f, baseline + a * difference)
    rise = answers(f, x) - answers(f, baseline + xp.zeros_like(x))
    return Attribution(difference * gradients / x.dtype.type(steps), rise)


def gradient_times_input(f: Answer, x: Array, baseline: Array) -> Array:
    """What a single gradient says, at x: (x - baseline) dF/dx, (N, ...). The plain way, to compare with."""
    _check_fits("baseline", baseline, x)
    difference: Array = (x - baseline) * gradient(f, x)
    return difference


def gradient(f: Answer, x: Array) -> Array:
    """dF/dx of each example: (N, ...)."""
    at = Tensor(x, requires_grad=True)
    y = f(at)
    if y.shape != (len(x),):
        raise ShapeError(f"f: expected a number for each of {len(x)} examples, got the shape {y.shape}")
    return raw(grad(ops.sum(y), at))


def answers(f: Answer, x: Array) -> Array:
    """F of each example, without a graph: (N,)."""
    with no_grad():
        return raw(f(Tensor(x)))


def replaced(x: Array, fill: Array, values: Array, share: float) -> Array:
    """The examples with the inputs that have the largest values replaced.

    Args:
        x: examples (N, ...). fill: what is put there instead, of the shape of x or of one example.
        values: (N, ...) numbers for the inputs of x; if they lack the last axis (the channels), it goes as one.
        share: of the inputs, in (0, 1].

    Raises:
        ShapeError: `fill` or `values` do not fit the examples. ArgumentError: a share out of range, or NaN to rank by.
    """
    if not 0 < share <= 1:
        raise ArgumentError(f"share: expected a number with 0 < share <= 1, got {share}")
    _check_fits("fill", fill, x)
    if tuple(values.shape) not in (tuple(x.shape), tuple(x.shape[:-1])):
        raise ShapeError(f"values: expected the shape {x.shape} or {x.shape[:-1]}, got {values.shape}")
    xp = xp_of(x)
    if bool(xp.isnan(values).any()):
        raise ArgumentError("values: expected numbers to rank the inputs by, got NaN")
    flat = values.reshape(len(x), -1)
    n = max(1, round(share * flat.shape[1]))
    # among equal ones the first, so that exactly n are replaced
    rank = xp.argsort(xp.argsort(-flat, axis=1, kind="stable"), axis=1, kind="stable")
    chosen = (rank < n).reshape(values.shape + (1,) * (x.ndim - values.ndim))
    return xp.where(chosen, fill, x).astype(x.dtype)


def _check_fits(name: str, one: Array, x: Array) -> None:
    """Refuse what is neither like the examples x (N, ...) nor like one of them."""
    shape = getattr(one, "shape", ())  # a number has none
    if tuple(shape) not in (tuple(x.shape), tuple(x.shape[1:])):
        raise ShapeError(f"{name}: expected the shape {x.shape[1:]} or {x.shape}, got {tuple(shape)}")


def without(f: Answer, x: Array, fill: Array, values: Array, share: float = 0.1) -> np.ndarray:
    """How much F falls when the inputs with the largest values are replaced: F(x) - F(replaced x), (N,).

    Args:
        f, x, fill, values, share: see above.
    """
    return to_numpy(answers(f, x) - answers(f, replaced(x, fill, values, share)))
