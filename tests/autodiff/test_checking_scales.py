"""The gradient check accuses no right function, at any scale, and finds wrong ones there."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import minigen as mg
from tests.autodiff.right_functions import ELEMENTWISE, FUNCTIONS
from tests.faults import tally

SCALES = range(-8, 9)


def inputs(scale, seed, mixed=False):
    rng = np.random.default_rng([seed, scale + 8])
    return rng.standard_normal((4, 3)) * 10.0 ** (rng.integers(-8, 9, (4, 3)) if mixed else scale)


def test_more_than_a_hundred_functions():
    assert len(FUNCTIONS) > 100


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(FUNCTIONS)), st.sampled_from(SCALES), st.integers(0, 10**6), st.booleans())
@example("log softmax of x + 1e8", -5, 1654, True)  # rounding inside of an operation: steps that are fooled alike
@example("entropy", 2, 22328, False)  # log p of -4e-12 from logits of 100: small steps do not move it, all alike
def test_no_right_function_is_accused(name, scale, seed, mixed):
    report = mg.check_gradients(FUNCTIONS[name], inputs(scale, seed, mixed))
    assert report.verdict != "wrong", str(report)


@pytest.mark.parametrize(
    "scales", [pytest.param(SCALES[::4], marks=pytest.mark.long), pytest.param(SCALES, marks=pytest.mark.slow)], ids=len
)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_right_function_is_accused_at_any_scale(name, scales):
    """And nearly all are told to be right: what is not finite, or drowned in what is added, cannot be."""
    reports = [mg.check_gradients(FUNCTIONS[name], inputs(scale, 0)) for scale in scales]
    accused = [str(report) for report in reports if report.verdict == "wrong"]
    tally("gradient check: right functions, at scales of 1e-8 to 1e8", len(reports), len(accused), "none is accused")
    assert accused == []
    assert sum(map(bool, reports)) > len(scales) / 2 or "1e8" in name


def times(factor, f):
    """f with its gradient multiplied by a factor: f - f adds nothing to its value."""
    return lambda x: f(x) + (factor - 1) * (f(x) - f(x).detach())


def test_wrong_gradients_are_found_at_any_scale():
    """By a factor of 2, or of 1.001: never right; and wrong is what they are called wherever the right one is told."""
    told = found = 0
    names = [name for name in ELEMENTWISE if "1e8" not in name]
    for name, scale in itertools.product(names, SCALES[::4]):
        f, x = ELEMENTWISE[name], inputs(scale, 1)[:2, :2]
        t = mg.tensor(x, requires_grad=True)
        gradient = np.nan_to_num(mg.grad(f(t).sum(), t).numpy())
        if not mg.check_gradients(f, x, order=1):
            continue
        for factor in (2.0, 1.001, 0.0):
            if np.abs((factor - 1) * gradient).max() > 1e-7 * min(1, 10.0**-scale):
                verdict = mg.check_gradients(times(factor, f), x, order=1).verdict
                assert verdict != "right", (name, scale, factor)
                told, found = told + 1, found + (verdict == "wrong")
    assert found > 0.97 * told > 200


def wrong_at(index, factor, f):
    """f with its gradient multiplied by a factor at one entry."""

    def g(x):
        mistake = np.zeros(x.shape)
        mistake.flat[index] = factor - 1
        return f(x) + mistake * (f(x) - f(x).detach())

    return g


EXACT = {  # the slope is not hidden: no 1 beside x^2, no period beside which x is large
    name: f
    for name, f in ELEMENTWISE.items()
    if name in {"square", "cube", "one over", "x |x|", "root of square", "log of square", "scaled down", "scaled up"}
}
MAGNITUDES = {"mixed": (-6, 6), "tiny": (-8, -8), "small": (-6, -6), "one": (0, 0), "large": (6, 6), "huge": (8, 8)}


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(EXACT)),
    st.sampled_from(sorted(MAGNITUDES)),
    st.integers(0, 11),
    st.sampled_from([-1.0, 0.0, 2.0]),
    st.integers(0, 10**6),
    st.sampled_from([1, 2]),
)
def test_one_wrong_entry_is_not_hidden_by_the_others(name, magnitude, index, factor, seed, order):
    """Each output is compared at its own size, and not at that of the largest."""
    rng = np.random.default_rng(seed)
    low, high = MAGNITUDES[magnitude]
    x = rng.choice([-1, 1], 12) * rng.uniform(1, 3, 12) * 10.0 ** rng.uniform(low, high, 12)
    report = mg.check_gradients(wrong_at(index, factor, EXACT[name]), x, order=order)
    assert report.findings[0].wrong == [(index,)], str(report)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(ELEMENTWISE)),
    st.sampled_from(sorted(MAGNITUDES)),
    st.integers(0, 11),
    st.sampled_from([-1.0, 0.0, 2.0]),
    st.integers(0, 10**6),
)
@example("elu", "mixed", 0, -1.0, 121)  # e^-41 - 1 is -1 to the last digit, and its slope 1e-18: less than `atol`
def test_one_wrong_entry_is_never_called_right(name, magnitude, index, factor, seed):
    """Not where rounding hides what is measured, as in cos(1e-8) = 1, nor where every step is too long: cos(1e8).

    Slopes of less than `atol` are as good as 0, unless one asks for them; and 0 is right where nothing moves at all.
    """
    rng = np.random.default_rng(seed)
    low, high = MAGNITUDES[magnitude]
    x = rng.choice([-1, 1], 12) * rng.uniform(1, 3, 12) * 10.0 ** rng.uniform(low, high, 12)
    f = ELEMENTWISE[name]
    t = mg.tensor(x, requires_grad=True)
    with np.errstate(all="ignore"):
        y = f(t)
        slope = mg.grad(y.sum(), t).numpy()[index]
        sized = 1e-8 * min(1, abs(y.numpy()[index] / x[index]))  # a hundred times the default, as outputs are weighted
    if np.isfinite(slope) and abs(slope) > 1e-150:
        tolerances = [atol for atol, told in ((0.0, factor != 0), (1e-10, abs(slope) > sized)) if told]
        for atol in tolerances:
            report = mg.check_gradients(wrong_at(index, factor, f), x, order=1, atol=atol)
            assert report.verdict != "right" or (index,) in report.findings[0].untold, (x[index], atol)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x * x, [1e-6, 1e-3, 1.0, 1e3, 1e6]),
        (lambda x: x**2, [1.0, 1e2, 1e4, 1e6, 1e8]),
        (lambda x: x**3, [1e-8, 1e-4, 1.0, 1e2, 1e4]),
        (lambda x: 1 / x, [1e-6, 1e-3, 1.0, 1e3, 1e6]),
        (lambda x: 1 / x, [1e8, 1.3e8, 2e8, -1e8]),
        (mg.exp, [-35.0, -30.0, 0.0, 1.0]),
    ],
)
def test_entries_of_all_sizes_are_told(f, x):
    for index in range(len(x)):
        for factor in (-1.0, 0.0, 2.0, 1.001):
            assert mg.check_gradients(wrong_at(index, factor, f), np.array(x)).findings[0].wrong == [(index,)]
    assert all(finding.right == len(x) for finding in mg.check_gradients(f, np.array(x)).findings)


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (mg.log, 1e-4),
        (mg.log, 1e-9),
        (lambda x: 1 / x, 1e-4),
        (lambda x: x * x, 1e8),
        (lambda x: x * mg.abs(x), 0.0),
        (lambda x: x**3, 0.0),
        (mg.abs, 1e-7),
        (lambda x: x + 1e8, 1.0),
        (lambda x: mg.sin(1e6 * x), 1.0),
        (lambda x: mg.relu(x - 1), 1.000001),
        (lambda x: mg.sum(mg.exp(x)) + 1e4, 3.0),
    ],
)
def test_single_points(f, at):
    assert mg.gradcheck(f, np.array([at]))
    if at:
        with pytest.raises(mg.GradientError, match="WRONG"):
            mg.gradcheck(times(2.0, f), np.array([at]))
