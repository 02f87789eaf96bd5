"""The proofs of every exercise: the stub is 'not written yet', the reference right, each mistake named."""

import re
from pathlib import Path

import numpy as np
import pytest

from minigen.autodiff.slopes import numeric_derivatives
from minigen.lessons import all_lessons, check_answer, check_function
from minigen.lessons.checking import check_source
from minigen.lessons.exercise_file import make_stubs

LESSONS = all_lessons()
EXERCISES = [pytest.param(lesson, e, id=f"{e.key}-{e.function}") for lesson in LESSONS for e in lesson.exercises]
WRONG = [
    pytest.param(lesson, e, wrong, id=f"{e.key}-{wrong.answer.__name__}")
    for lesson in LESSONS
    for e in lesson.exercises
    for wrong in lesson.wrong_answers
    if wrong.function == e.function
]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_the_exercises_are_made_from_the_solutions(lesson):
    stubs = make_stubs(lesson.solutions)  # which complains if its checksum is not the one that was noted
    assert set(re.findall(r"^def (\w+)", stubs, re.M)) >= set(lesson.names)
    assert stubs.count("raise NotImplementedError") == len(lesson.exercises)


@pytest.mark.parametrize(("lesson", "exercise"), EXERCISES)
def test_the_stub_is_not_written_yet(lesson, exercise):
    verdict = check_answer(lesson, exercise, lesson.stubs, "exercises.py")
    assert verdict.state == "todo"
    assert verdict.message.startswith(f"{exercise.key} {exercise.function}: not written yet")


@pytest.mark.parametrize(("lesson", "exercise"), EXERCISES)
def test_the_reference_passes_with_any_inputs(lesson, exercise):
    """With 10 drawings of them; of an open task, which takes its time, with 2."""
    for seed in range(2 if exercise.measure else 10):
        verdict = check_source(lesson, exercise, lesson.solutions, "exercises.py", seed=seed)
        assert verdict, verdict


@pytest.mark.slow
@pytest.mark.parametrize(("lesson", "exercise"), EXERCISES)
def test_the_reference_passes_with_many_inputs(lesson, exercise):
    for seed in range(2, 20) if exercise.measure else range(10, 100):
        verdict = check_source(lesson, exercise, lesson.solutions, "exercises.py", seed=seed)
        assert verdict, verdict


@pytest.mark.parametrize(("lesson", "exercise"), [task for task in EXERCISES if task.values[1].measured])
def test_the_reference_gradient_is_the_measured_one(lesson, exercise):
    for draw in exercise.cases.values():
        inputs = draw(np.random.default_rng(0))
        answer = lesson.reference[exercise.function](*inputs.values())
        answers = answer if isinstance(answer, tuple) else (answer,)
        for gradient, (f, x) in zip(answers, exercise.measured(lesson.reference, inputs), strict=True):
            x = np.array(x, np.float64)
            measured = numeric_derivatives(f, x, np.ndindex(*x.shape))[:, 0].reshape(x.shape)
            np.testing.assert_allclose(gradient, measured, rtol=1e-5, atol=1e-7)


def says_it_is_a_gradient(function, text):
    """By its name (conv_dw, softmax_backward) or by how its docstring begins; but not one that measures it."""
    named = re.search(r"gradient|derivative|backward|_d[a-z]$", function)
    described = re.match(r"(The )?(gradient|derivative)s?\b", text) or re.search(r"\bdL/d[a-z]+ *=", text, re.I)
    return bool(named or described) and "measured by central differences" not in text


@pytest.mark.parametrize(("lesson", "exercise"), EXERCISES)
def test_what_says_it_is_a_gradient_has_something_to_measure(lesson, exercise):
    text = lesson.reference[exercise.function].__doc__
    assert (exercise.measured is not None) == says_it_is_a_gradient(exercise.function, text)


@pytest.mark.parametrize(
    ("function", "text", "gradient"),
    [
        ("conv_dx", "", True),
        ("softmax_backward", "", True),
        ("player_gradients", "", True),
        ("unbroadcast", "The gradient of an array that was repeated.", True),
        ("relu", "Upstream times slope: dL/dx = G [x > 0].", True),
        ("log_ratios", "The logarithms of the weights.", False),
        ("some_step", "One step; g is the gradient.", False),
        ("measured_gradient", "The gradient of f, measured by central differences.", False),
    ],
)
def test_a_gradient_is_known_by_its_name_or_its_docstring(function, text, gradient):
    assert says_it_is_a_gradient(function, text) == gradient


TESTS_OF_REFERENCES = "".join(
    path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_references_*.py")
)


@pytest.mark.parametrize(
    ("lesson", "exercise"),
    [task for task in EXERCISES if not task.values[1].measured and not task.values[1].measure],
)
def test_a_reference_that_is_no_gradient_is_tested_by_itself(lesson, exercise):
    """By a test that calls it by its name or key, and compares it with the library or with another derivation."""
    called = rf"""(\.|["']){exercise.function}\b|["']{re.escape(exercise.key)}["']"""
    assert re.search(called, TESTS_OF_REFERENCES), "write one in tests/lessons/test_references_*.py"


def fails_with_its_own_message(lesson, exercise, wrong, seed):
    verdict = check_function(lesson, exercise, wrong.answer, seed=seed)
    assert verdict.state == "failed", wrong.cause
    assert wrong.cause in verdict.message, verdict
    if wrong.compared:
        assert not re.search("calls|stops with", verdict.message.splitlines()[0]), verdict
    assert exercise.section in verdict.message


@pytest.mark.parametrize(("lesson", "exercise", "wrong"), WRONG)
def test_a_wrong_answer_fails_with_its_own_message(lesson, exercise, wrong):
    fails_with_its_own_message(lesson, exercise, wrong, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
def test_a_wrong_answer_fails_with_other_inputs(seed):
    for lesson, exercise, wrong in (task.values for task in WRONG):
        fails_with_its_own_message(lesson, exercise, wrong, seed)


@pytest.mark.parametrize(("lesson", "exercise"), EXERCISES)
def test_there_are_enough_wrong_answers_and_three_hints(lesson, exercise):
    wrong = [w for w in lesson.wrong_answers if w.function == exercise.function]
    assert exercise.level in (1, 2, 3)
    assert (exercise.level == 3) == (exercise.measure is not None)
    if exercise.level == 3:
        assert len(wrong) >= 3, "plausible attempts that miss the goal"
    else:
        assert len({w.cause for w in wrong}) >= 6
        assert any("calls" in w.cause for w in wrong), "one that hands the work to someone else"
    assert len(set(exercise.hints)) == 3
    assert min(map(len, exercise.hints)) > 30
    assert exercise.key.startswith(lesson.number + ".")
    assert lesson.reference[exercise.function].__doc__


def test_names_and_keys_are_unique():
    for attribute in ("function", "key"):
        values = [getattr(e, attribute) for lesson in LESSONS for e in lesson.exercises]
        assert len(values) == len(set(values))
