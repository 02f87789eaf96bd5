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


def test_numeric_gradient_is_off_by_the_square_of_the_step():
    measure, drawn = inputs_of("02.1")
    for given in drawn:
        x, w, h = given.values()
        e = np.exp(w * x)
        errors = [np.abs(measure(x, w, step) - w * e / e.sum()).max() for step in (h, h / 2)]
        assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)


def test_best_step_has_the_smallest_bound():
    best_step, drawn = inputs_of("02.2")
    for given in drawn:
        f, f3, eps = np.abs(given["f"]), np.abs(given["f3"]), given["eps"]
        bound = [eps * f / h + h * h * f3 / 6 for h in (best_step(**given) * np.array([[1.0], [0.98], [1.02]]))]
        assert (bound[0] < bound[1]).all()
        assert (bound[0] < bound[2]).all()


def test_softmax_backward_is_the_librarys():
    backward, drawn = inputs_of("02.3")
    for y, g in (given.values() for given in drawn):
        x = mg.tensor(np.log(y), requires_grad=True)
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
