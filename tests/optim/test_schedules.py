"""Schedules: closed forms, and refusals."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen.errors import ArgumentError
from minigen.optim import SGD, constant, cosine, step_decay, warmup

RATES = st.floats(1e-6, 10)
STEPS = st.integers(1, 1000)


@given(RATES, STEPS)
def test_constant(lr, step):
    assert constant(lr)(step) == lr


@given(RATES, STEPS, st.floats(0.01, 1))
def test_step_decay_multiplies_once_every_period(lr, every, factor):
    schedule = step_decay(lr, every, factor)
    rate = lr
    for period in range(4):
        assert schedule(period * every) == pytest.approx(rate)
        assert schedule((period + 1) * every - 1) == pytest.approx(rate)
        rate *= factor


@given(RATES, STEPS, st.floats(0, 1))
def test_cosine_falls_from_lr_to_final_symmetrically(lr, steps, share):
    final = lr * share
    schedule = cosine(lr, steps, final)
    assert schedule(0) == pytest.approx(lr)
    assert schedule(steps) == pytest.approx(final)
    assert schedule(10 * steps) == schedule(steps)
    rates = [schedule(t) for t in range(steps + 1)]
    assert all(a >= b - 1e-12 for a, b in pairwise(rates))
    for early, late in zip(rates, reversed(rates), strict=True):
        assert early + late == pytest.approx(lr + final)


def test_cosine_against_its_formula():
    rates = [cosine(2.0, 6)(t) for t in range(7)]
    np.testing.assert_allclose(rates, [1 + math.cos(math.pi * t / 6) for t in range(7)], atol=1e-15)


@given(RATES, STEPS)
def test_warmup_rises_in_equal_steps_and_then_leaves_the_schedule_alone(lr, steps):
    schedule = warmup(cosine(lr, 2000), steps)
    plain = cosine(lr, 2000)
    for t in range(steps):
        assert schedule(t) == pytest.approx(plain(t) * (t + 1) / steps)
    assert schedule(0) > 0
    assert all(schedule(t) == plain(t) for t in range(steps, steps + 50))
    assert warmup(lr, steps)(steps) == lr  # a number stands for a constant


def test_the_first_step_uses_the_rate_of_step_0():
    w = mg.tensor(np.zeros(1, np.float32), requires_grad=True)
    rates = [0.5, 0.25, 0.125]
    optimizer = SGD([w], lr=lambda t: rates[t])
    seen = []
    for _ in rates:
        before = w.item()
        w.grad = mg.ones((1,))
        optimizer.step()
        seen.append(before - w.item())
    assert seen == rates


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: constant(-1.0), "lr: expected a finite number >= 0, got -1.0"),
        (lambda: constant("fast"), "lr: expected a finite number >= 0, got 'fast'"),
        (lambda: step_decay(math.nan, 10), "lr: .* got nan"),
        (lambda: step_decay(1.0, 0), "every: expected an integer >= 1, got 0"),
        (lambda: step_decay(1.0, 10, 0.0), r"factor: expected a number in \(0, 1\], got 0.0"),
        (lambda: step_decay(1.0, 10, 1.5), "factor: .* got 1.5"),
        (lambda: cosine(1.0, 2.5), "steps: expected an integer >= 1, got 2.5"),
        (lambda: cosine(1.0, 10, 2.0), "final: expected a number between 0 and lr = 1.0, got 2.0"),
        (lambda: cosine(1.0, 10, -0.1), "final: .* got -0.1"),
        (lambda: warmup(1.0, 0), "steps: .* got 0"),
        (lambda: warmup(math.inf, 5), "lr: .* got inf"),
    ],
)
def test_bad_settings_are_refused(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
