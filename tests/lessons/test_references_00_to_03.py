"""The references of lessons 0, 2 and 3 do what the library does, or what they are derived to do."""

import numpy as np
import pytest

import minigen as mg
from minigen.lessons import find_exercise
from minigen.lessons.checking import check_source
from minigen.report.latent import lerp


def inputs_of(key):
    """The reference of an exercise, and its inputs in all cases."""
    lesson, exercise = find_exercise(key)
    drawn = [draw(np.random.default_rng(seed)) for draw in exercise.cases.values() for seed in range(5)]
    return lesson.reference[exercise.function], drawn


def test_one_line_turns_lesson_0_green():
    lesson, exercise = find_exercise("00.1")
    stub = lesson.stubs
    answer = stub.replace('raise NotImplementedError("blend: not written yet")', "return part_of_a + t * b")
    assert answer.count("\n") == stub.count("\n")
    assert check_source(lesson, exercise, answer, "exercises.py")
    blend, drawn = inputs_of("00.1")
    for given in drawn:
        np.testing.assert_array_equal(blend(**given), lerp(*given.values()))


def test_blend_takes_the_other_end_to_the_point_on_the_way():
    other_end, drawn = inputs_of("00.2")
    for given in drawn:
        np.testing.assert_allclose(lerp(given["a"], other_end(**given), given["t"]), given["m"], atol=1e-12)


def test_checkpoints_hold_what_the_way_back_needs():
    """Goes back along the chain with nothing but the kept values, and counts what is in memory."""
    checkpoints, drawn = inputs_of("01.6")
    for steps in (given["steps"] for given in drawn):
        memory = dict.fromkeys([0, *checkpoints(steps)])
        most = 0
        for k in reversed(range(1, steps + 1)):
            if k not in memory:  # compute again from the last kept value on
                begin = max(i for i in memory if i < k)
                memory |= dict.fromkeys(range(begin, k + 1))
            most = max(most, len(memory) - 1)  # without the input
            del memory[k]
        assert most <= 2.25 * steps**0.5


def test_a_stencil_is_exact_for_polynomials():
    stencil, drawn = inputs_of("02.5")
    rng = np.random.default_rng(0)
    for offsets in (given["offsets"] for given in drawn):
        f = np.polynomial.Polynomial(rng.standard_normal(len(offsets)))
        x, h = 0.3, 0.7
        assert stencil(offsets) @ f(x + offsets * h) / h == pytest.approx(f.deriv()(x), rel=1e-6, abs=1e-6)


def test_numeric_gradient_is_off_by_the_square_of_the_step():
    measure, drawn = inputs_of("02.1")
    for given in drawn:
        x, w, h = given.values()
        e = np.exp(w * x)
        errors = [np.abs(measure(x, w, step) - w * e / e.sum()).max() for step in (h, h / 2)]
        if x.any() and x.size > 1 and h < 0.3:  # elsewhere it is exact, or other powers of h count too
            assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)


def test_best_step_has_the_smallest_bound():
    best_step, drawn = inputs_of("02.2")
    for given in drawn:
        some = given["f"] != 0  # where it is 0, so is the step
        f, f3, eps = np.abs(given["f"][some]), np.abs(given["f3"][some]), given["eps"]
        given |= {"f": f, "f3": f3}
        bound = [eps * f / h + h * h * f3 / 6 for h in (best_step(**given) * np.array([[1.0], [0.98], [1.02]]))]
        assert (bound[0] < bound[1]).all()
        assert (bound[0] < bound[2]).all()


def test_softmax_backward_is_the_librarys():
    backward, drawn = inputs_of("02.3")
    for y, g in (given.values() for given in drawn):
        x = mg.tensor(np.log(np.maximum(y, 1e-300)), requires_grad=True)
        np.testing.assert_allclose(backward(y, g), mg.grad([mg.softmax(x)], [x], [mg.tensor(g)])[0].numpy(), atol=1e-14)


def test_error_ratios_find_what_isclose_finds():
    ratios, drawn = inputs_of("02.4")
    for given in drawn:
        result = ratios(**given)
        assert not np.isnan(result).any()
        equal_infinities = np.isinf(given["analytic"]) & (given["analytic"] == given["numeric"])
        close = np.isclose(*given.values())
        np.testing.assert_array_equal((result <= 1) | equal_infinities, close)


@pytest.mark.parametrize(("key", "loss"), [("03.1", mg.nn.bce_loss), ("03.2", mg.nn.cross_entropy_loss)])
def test_losses_are_the_librarys(key, loss):
    reference, drawn = inputs_of(key)
    for given in drawn:
        assert reference(**given) == pytest.approx(float(loss(*given.values())), rel=1e-13)


def test_cross_entropy_backward_is_the_librarys():
    backward, drawn = inputs_of("03.3")
    for logits, labels in (given.values() for given in drawn):
        x = mg.tensor(logits, requires_grad=True)
        wanted = mg.grad(mg.nn.cross_entropy_loss(x, labels), [x])[0].numpy()
        np.testing.assert_allclose(backward(logits, labels), wanted, atol=1e-14)


def test_he_weights_are_the_librarys():
    noise = mg.Generator(3).normal((30, 20))
    (lesson, _) = find_exercise("03.4")
    wanted = mg.nn.he_normal(mg.Generator(3), (30, 20), 30, 20)
    np.testing.assert_allclose(lesson.reference["he_weights"](noise), wanted, rtol=1e-6)


def test_tries_is_minus_the_logarithm_of_what_was_observed_and_its_gradient():
    tries, drawn = inputs_of("03.5")
    for logits, failures in (given.values() for given in drawn):
        x = mg.tensor(logits, requires_grad=True)
        wanted = mg.mean(failures * mg.softplus(x) + mg.softplus(-x))
        loss, gradient = tries(logits, failures)
        assert loss == pytest.approx(wanted.item())
        np.testing.assert_allclose(gradient, mg.grad(wanted, [x])[0].numpy(), atol=1e-14)
        if np.abs(logits).max() < 10 and failures.max() <= 50:  # so that no power is 0
            p = 1 / (1 + np.exp(-logits))
            assert loss == pytest.approx(-np.mean(np.log((1 - p) ** failures * p)))


def test_no_better_network_than_the_interpolating_one_is_needed():
    """A chain of straight pieces through the curve reaches the goal of 03.6 as well: the goal leaves room."""
    _, exercise = find_exercise("03.6")
    for seed in range(20):
        given = exercise.cases["a curve"](np.random.default_rng(seed))
        x, y, units = given.values()
        knots = np.linspace(x[0], x[-1], units + 1)
        heights = np.interp(knots, x, y)
        slopes = np.diff(heights) / np.diff(knots)
        answer = (np.ones(units), -knots[:-1], np.diff(slopes, prepend=0), heights[0])
        assert exercise.measure(given, answer).reached
