"""The gradient check must pass what is right, fail what is wrong, and say why."""

import numpy as np
import pytest

import minigen as mg
from minigen.autodiff import GradientError, Tensor, differentiable, numeric_derivatives, raw
from minigen.autodiff.causes import likely_cause
from minigen.errors import ArgumentError, DTypeError

RNG = np.random.default_rng(0)
X, W = RNG.standard_normal((3, 4)), RNG.standard_normal((4, 4))


def product(left, right):
    """A matrix product with the given gradient rules."""

    @differentiable
    def product(x, w, /):
        return x @ w

    product.gradients(left, right)
    return product


def good_left(g, y, x, w):
    return g @ w.T


def good_right(g, y, x, w):
    return x.T @ g


def test_right_gradients_pass_and_are_counted(device):
    report = mg.gradcheck(lambda x, w: mg.tanh(x @ w), X, W)
    assert report
    assert [(f.name, f.order, f.right) for f in report.findings] == [
        ("x", 1, 12),
        ("w", 1, 16),
        ("x", 2, 12),
        ("w", 2, 16),
        ("upstream", 2, 12),
    ]
    assert "the gradient is right" in str(report)


@pytest.mark.parametrize(
    ("right", "cause"),
    [
        (lambda g, y, x, w: -(x.T @ g), "the sign is flipped everywhere"),
        (lambda g, y, x, w: 2 * (x.T @ g), "it is 2 times the right gradient everywhere"),
        (lambda g, y, x, w: (x.T @ g) / 4, "too small by the factor 1/4 everywhere, and axis 0 has length 4"),
        (lambda g, y, x, w: 4 * (x.T @ g), "4 times too large everywhere, and axis 0 has length 4"),
        (lambda g, y, x, w: 0 * (x.T @ g), "it is zero everywhere"),
        (lambda g, y, x, w: (x.T @ g).T, "the right gradient with axes 0 and 1 exchanged"),
        (lambda g, y, x, w: mg.mean(x.T @ g, axis=1, keepdims=True) + 0 * w, "it is the same all along axis 1"),
        (lambda g, y, x, w: mg.log(-mg.abs(x.T @ g)), "it holds NaN or infinity"),
        (lambda g, y, x, w: mg.concatenate([(x.T @ g)[:3], 0 * w[3:]]), "these are zero: some uses of the input"),
        (lambda g, y, x, w: mg.concatenate([(x.T @ g)[:3], w[3:]]), "all wrong entries have index [3] on axis 0"),
    ],
)
def test_wrong_gradients_fail_with_their_cause(right, cause):
    with pytest.raises(GradientError) as caught:
        mg.gradcheck(product(good_left, right), X, W)
    assert "the gradient is WRONG" in str(caught.value)
    assert cause in str(caught.value)
    report = mg.check_gradients(product(good_left, right), X, W)
    assert not report
    assert [f.name for f in report.findings if f.wrong] == ["w"]


def test_the_worst_entry_is_shown():
    def right(g, y, x, w):
        bump = np.zeros((4, 4))
        bump[1, 2], bump[3, 0] = 5.0, 0.1
        return x.T @ g + bump

    finding = mg.check_gradients(product(good_left, right), X, W).findings[1]
    assert finding.wrong[0] == (1, 2)
    assert set(finding.wrong) == {(1, 2), (3, 0)}
    assert finding.analytic - finding.numeric == pytest.approx(5.0, abs=1e-6)
    assert "worst w[1, 2]" in str(finding)
    assert "ratio" in str(finding)


def test_all_ones_upstream_would_be_fooled_and_this_is_not():
    @differentiable
    def softmax(x, /):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    softmax.gradients(lambda g, y, x: 0.0 * x)
    x = mg.tensor(X, requires_grad=True)
    softmax(x).sum().backward()
    true = mg.grad(mg.softmax(x).sum(), x)
    assert np.allclose(x.grad.numpy(), true.numpy())  # with all ones, zero is right
    assert not mg.check_gradients(softmax, X)


def test_second_order_finds_a_rule_that_cuts_the_graph():
    cut = product(good_left, lambda g, y, x, w: Tensor(raw(x.T @ g)) if isinstance(g, Tensor) else x.T @ g)
    assert mg.check_gradients(cut, X, W, order=1)
    report = mg.check_gradients(cut, X, W)
    assert not report
    assert "the first order is right: does the rule use .data" in str(report)


def test_second_order_finds_a_rule_that_differs_while_recording():
    two_faced = product(good_left, lambda g, y, x, w: x.T @ g * (1 if isinstance(g, np.ndarray) else 2))
    assert mg.check_gradients(two_faced, X, W, order=1)
    assert not mg.check_gradients(two_faced, X, W)


def test_kinks_are_left_out_and_named():
    report = mg.gradcheck(mg.relu, np.array([0.5, 0.0, 3e-6, -1.0]))
    first, second = report.findings[:2]
    assert list(first.untold) == list(second.untold) == [(1,)]
    assert first.right == 3
    assert "x: right in 3 of 4 entries\n  cannot tell at x[1]: it lies at a kink or a jump" in str(report)
    assert mg.gradcheck(mg.abs, np.array([0.0]), order=1)  # both sides average to the slope that is documented, 0


def test_what_cannot_be_told_is_neither_right_nor_wrong():
    """And gradcheck does not let it pass, in other words than for a wrong gradient."""
    for f, at, reason in (
        (mg.relu, 0.0, "it lies at a kink or a jump"),
        (lambda x: mg.relu(x) + mg.relu(x - 1), 1.0, "it lies at a kink or a jump"),
        (lambda x: x + 1e20, 1.0, "rounding hides the slope"),
        (lambda x: mg.sin(30 * mg.astype(x, np.float32)), 0.7, "cannot tell at x[0]"),
        (mg.sqrt, 0.0, "fn is NaN or infinite there or next to it"),
        (mg.log, 0.0, "fn is NaN or infinite"),
        (mg.exp, 1000.0, "fn is NaN or infinite"),
    ):
        report = mg.check_gradients(f, np.array([at]), order=1)
        assert report.verdict == "cannot tell", (at, str(report))
        assert not report
        assert reason in str(report)
        with pytest.raises(GradientError, match="cannot tell whether the gradient is right") as caught:
            mg.gradcheck(f, np.array([at]), order=1)
        assert "wrong" not in str(caught.value).lower()


def test_one_entry_that_cannot_be_told_excuses_no_other():
    wrong = mg.check_gradients(lambda x: mg.relu(x) + (mg.relu(x) - mg.relu(x).detach()), np.array([0.0, 1.0, 2.0]))
    assert wrong.verdict == "wrong"
    assert wrong.findings[0].wrong == [(1,), (2,)]
    assert list(wrong.findings[0].untold) == [(0,)]


@pytest.mark.parametrize("factor", [1.00003, 1.0004, 0.999])
def test_a_cause_does_not_contradict_the_numbers(factor):
    """Off by little: as many digits as it takes to see it, and never that it is 1 times the right one."""
    report = mg.check_gradients(lambda x: mg.exp(x) + (factor - 1) * (mg.exp(x) - mg.exp(x).detach()), X)
    assert report.verdict == "wrong"
    assert "is 1 times" not in str(report)
    assert f"too {'large' if factor > 1 else 'small'} by {100 * abs(factor - 1):.2g} % everywhere" in str(report)
    shown = next(part.split() for part in str(report).splitlines() if "analytic" in part)
    assert shown[shown.index("analytic") + 1] != shown[shown.index("numeric") + 1]


def test_partly_right_is_what_the_check_calls_right():
    """One entry off by 1e-4: the cause speaks of that entry, and not of a pattern in all."""
    bump = np.zeros((4, 4))
    bump[1, 2] = 1e-4
    report = mg.check_gradients(product(good_left, lambda g, y, x, w: x.T @ g * (1 + bump)), X, W)
    assert report.findings[1].wrong == [(1, 2)]
    assert "all wrong entries have index [1] on axis 0; the others are right" in str(report)


def test_a_wrong_gradient_is_not_excused_as_a_kink():
    @differentiable
    def cubed(x, /):
        return x**3

    cubed.gradients(lambda g, y, x: g * 3 * x)
    assert not mg.check_gradients(cubed, np.array([2.0, -1.5]))


def test_noise_is_told():
    rng = np.random.default_rng(0)
    with pytest.raises(GradientError, match="different values on two calls"):
        mg.gradcheck(lambda x: x * rng.random(), X)


def test_integers_are_passed_on_unchecked():
    report = mg.gradcheck(lambda x, ids: mg.take(x, ids, axis=0), X, np.array([2, 0, 2]))
    assert {f.name for f in report.findings} == {"x", "upstream"}
    with pytest.raises(DTypeError, match="none of the inputs"):
        mg.gradcheck(lambda ids: ids * 1.0, np.array([1]))


@pytest.mark.parametrize(
    ("fn", "error", "message"),
    [
        (lambda x: x.numpy(), DTypeError, "must return a tensor, got ndarray"),
        (lambda x: x.detach() * 2, GradientError, "zero everywhere"),
    ],
)
def test_functions_that_cannot_be_checked(fn, error, message):
    with pytest.raises(error, match=message):
        mg.gradcheck(fn, X)


def test_a_bad_order():
    with pytest.raises(ArgumentError, match="order: expected 1 or 2, got 3"):
        mg.gradcheck(mg.exp, X, order=3)


def test_the_direction_is_not_the_input():
    """Inputs from default_rng(seed) must not meet themselves as upstream gradient: x^T x hides a transposition."""
    x = np.random.default_rng(5).standard_normal((3, 4))
    assert not mg.check_gradients(product(good_left, lambda g, y, x, w: (x.T @ g).T), x, W, seed=5)


def test_many_entries_are_sampled():
    assert mg.gradcheck(mg.sin, RNG.standard_normal(1000), elements=30).findings[0].right == 30


def test_unused_inputs_have_gradient_zero():
    assert mg.gradcheck(lambda x, unused: x * 2, X, W)


def test_numeric_derivatives_of_a_plain_function():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    slopes = numeric_derivatives(lambda a: (a**3).sum(), x, [(0, 1), (1, 0)])
    assert np.allclose(slopes[:, 0], [12.0, 27.0])
    assert np.array_equal(x, [[1.0, 2.0], [3.0, 4.0]])


def test_causes_of_plain_arrays():
    assert "shape (3,)" in likely_cause(np.zeros(3), np.zeros((2, 3)), np.ones(3, bool))
    right, everywhere = RNG.standard_normal((3, 5)), np.ones((3, 5), bool)
    assert "no known pattern" in likely_cause(RNG.standard_normal((3, 5)), right, everywhere)
    known = np.where(right > 0, right, np.nan)  # of which only some were measured
    assert "it is 7 times the right gradient" in likely_cause(7 * right, known, everywhere)
    assert "times" not in likely_cause(right * (1 + 1e-9), right, everywhere)


def test_long_rows_of_indices_are_told_by_their_ends():
    right, wrong = RNG.standard_normal(400), np.ones(400, bool)
    wrong[[0, 3]] = False
    said = likely_cause(np.where(wrong, 2 * right + 1, right), right, wrong)
    assert "have index [1, 2, 4 to 399] on axis 0" in said
    wrong = np.arange(400) % 2 == 1
    said = likely_cause(np.where(wrong, 2 * right + 1, right), right, wrong)
    assert "have index [1, 3, 5, 7, 9, 11, ... and 194 more] on axis 0" in said
