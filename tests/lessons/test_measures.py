"""Open tasks: an answer is judged by how far it goes, and told the number and the goal."""

import copy
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth, all_lessons, examine
from minigen.lessons.worker.answers import call
from minigen.lessons.worker.messages import Unknown


def rate(inputs, answer):
    """How near the answer comes to x."""
    if not isinstance(answer, float):
        raise ArgumentError("guess: expected a number")
    return Measure(abs(answer - inputs["x"]), 0.5, "distance", better="lower")


EXERCISE = Exercise(
    key="99.6",
    function="guess",
    section="Guessing",
    hints=("", "", ""),
    cases={"near 0": lambda rng: {"x": 0.2 * rng.random()}, "near 3": lambda rng: {"x": 3 + 0.2 * rng.random()}},
    level=3,
    measure=rate,
)
LESSON = SimpleNamespace(name="99_guessing", wrong_answers=[])


def verdict(fn, exercise=EXERCISE):
    return examine(LESSON, exercise, lambda inputs: call(fn, inputs, "guess", ""), seed=5)


def test_every_case_must_reach_the_goal():
    passed = verdict(lambda x: float(round(x)))
    assert passed
    lines = passed.message.splitlines()
    assert lines[0].startswith("99.6 guess: goal reached in all 2 cases  (seed 5")
    assert [line.split(": ")[0] for line in lines[1:]] == ["  near 0", "  near 3"]
    assert all("distance: 0." in line and "(goal: at most 0.5)" in line for line in lines[1:])
    failed = verdict(lambda x: 0.0)
    assert failed.state == "failed"
    assert failed.message.startswith("99.6 guess: does not reach the goal: distance: 3.")
    assert "(goal: at most 0.5)" in failed.message
    assert "case    near 3: x 3." in failed.message


@pytest.mark.parametrize(
    ("fn", "said"),
    [
        (lambda x: "a lot", "99.6 guess: guess: expected a number"),
        (lambda x: None, "returns None"),
        (lambda x: float("nan"), "is NaN or infinite somewhere"),
        (lambda x: Unknown("generator"), "returns a generator, expected numbers"),
        (lambda x: 1 / 0, "stops with ZeroDivisionError"),
    ],
)
def test_what_cannot_be_measured(fn, said):
    assert said in verdict(fn).message


def test_a_measure_that_fails_is_a_verdict_too():
    exercise = Exercise(**{**vars(EXERCISE), "measure": lambda inputs, answer: answer["epochs"]})
    assert "returns something that cannot be measured (TypeError)" in verdict(lambda x: x, exercise).message


def test_each_case_is_measured_once():
    seen = []

    def measure(inputs, answer):
        seen.append(answer)
        return Measure(1, 1, "points")

    assert verdict(lambda x: x, Exercise(**{**vars(EXERCISE), "measure": measure}))
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("measure", "text", "reached"),
    [
        (Measure(8, 7, "modes found"), "modes found: 8 (goal: at least 7)", True),
        (Measure(6, 7, "modes found"), "modes found: 6 (goal: at least 7)", False),
        (Measure(7, 7, "modes found"), "modes found: 7 (goal: at least 7)", True),
        (Measure(0.25, 0.5, "loss", "lower"), "loss: 0.25 (goal: at most 0.5)", True),
        (Measure(0.5000001, 0.5, "loss", "lower"), "loss: 0.5000001 (goal: at most 0.5)", False),
        (Measure(np.inf, 0.5, "loss", "lower"), "loss: inf (goal: at most 0.5)", False),
        (Measure(np.nan, 0.5, "loss"), "loss: nan (goal: at least 0.5)", False),
    ],
)
def test_a_measure_in_words(measure, text, reached):
    assert str(measure) == text
    assert measure.reached == reached


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
@example(0.0, -0.0)
def test_one_of_two_different_numbers_is_higher(value, goal):
    higher, lower = Measure(value, goal, "x"), Measure(value, goal, "x", "lower")
    assert higher.reached != lower.reached or value == goal
    first, second = str(higher).removeprefix("x: ").removesuffix(")").split(" (goal: at least ")
    assert (first == second) == (value == goal)


def test_which_is_better():
    with pytest.raises(ArgumentError, match="higher"):
        Measure(1, 1, "x", better="more")


OPEN = [
    pytest.param(lesson, exercise, id=f"{exercise.key}-{exercise.function}")
    for lesson in all_lessons()
    for exercise in lesson.exercises
    if exercise.measure
]


def test_the_truth_goes_to_the_measure_alone():
    def measured(inputs, answer):
        return Measure(float(answer == inputs.truth["hidden"]), 1.0, "found")

    def hidden(rng):
        return WithTruth({"x": 1.0}, hidden=7.0)

    given = []
    exercise = Exercise("99.6", "guess", "Guessing", ("", "", ""), {"a case": hidden}, level=3, measure=measured)
    assert verdict(lambda x: given.append(x) or 7.0, exercise)
    assert given == [1.0]
    assert not verdict(lambda x: 6.0, exercise)


@pytest.mark.parametrize(("lesson", "exercise"), OPEN)
def test_no_answer_can_draw_what_is_hidden(lesson, exercise, monkeypatch):
    """A case and its measure make no generator of their own: its seed would be among the inputs, or follow from them.

    And the seed that an answer is given for its own numbers decides nothing else.
    """
    make = np.random.default_rng

    def refused(*seed):
        if sys._getframe(1).f_code.co_filename.endswith("tasks.py"):  # not a data set's, whose order is for ever
            pytest.fail("draw it with the generator that the case is given, and hand it over as the truth (WithTruth)")
        return make(*seed)

    for draw in exercise.cases.values():
        rng = np.random.default_rng(3)
        with monkeypatch.context() as patch:
            patch.setattr(np.random, "default_rng", refused)
            inputs = draw(rng)
        answer = lesson.reference[exercise.function](*copy.deepcopy(inputs).values())
        with monkeypatch.context() as patch:
            patch.setattr(np.random, "default_rng", refused)
            found = exercise.measure(copy.deepcopy(inputs), answer)
            if "seed" in inputs:
                inputs["seed"] += 1
                assert exercise.measure(inputs, answer).value == found.value
