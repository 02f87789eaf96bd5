"""The checks must be able to fail: every change of a reference is found, or is listed as equivalent with its reason."""

import ast

import numpy as np
import pytest

from minigen.lessons import all_lessons, find_exercise
from tests.lessons.changes import changed
from tests.lessons.mutants import Check, equivalents, faults, means, mutants_of
from tests.lessons.wrappers import first_remembered, previous_remembered


@pytest.mark.long
@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.name)
def test_the_check_finds_every_mutant(lesson):
    assert faults(lesson)[:-1] == [], f"python -m tests.lessons.mutants {lesson.number}"


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.name)
def test_equivalents_have_reasons(lesson):
    assert all(len(reason) > 15 for reason in equivalents(lesson).values())


def test_the_reference_passes_and_names_are_unique():
    lesson, exercise = find_exercise("07.3")
    check = Check(lesson, exercise, 0)
    assert check.passes(lesson.reference["conv_dx"])
    names = [mutant.name for mutant in mutants_of(lesson, exercise)]
    assert len(names) == len(set(names)) > 90
    assert names == [mutant.name for mutant in mutants_of(lesson, exercise)]


SOURCE = """def f(x, n):
    total = -np.inf
    total = 0
    for i in range(n):
        if x[i] < 2 and i:
            total += x[i] // 2 * np.logaddexp(0, x[i])
    return total
"""


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("dropped: total = 0", "    pass"),
        ("break after the first: for i in range(n):", "        break"),
        ("without the last: for i in range(n):", "    for i in list(range(n))[:-1]:"),
        ("always: if x[i] < 2 and i:", "        total += x[i] // 2 * np.logaddexp(0, x[i])"),
        ("<= in x[i] < 2", "        if x[i] <= 2 and i:"),
        ("only i of x[i] < 2 and i", "        if i:"),
        ("= in total += x[i] // 2 * np.logaddexp(0, x[i])", "            total = x[i] // 2 * np.logaddexp(0, x[i])"),
        ("int() and / in x[i] // 2", "            total += int(x[i] / 2) * np.logaddexp(0, x[i])"),
        (
            "np.log(1 + np.exp(x)) for np.logaddexp(0, x[i])",
            "            total += x[i] // 2 * np.log(1 + np.exp(x[i]))",
        ),
        ("3 for 2 in if x[i] < 2 and i:", "        if x[i] < 3 and i:"),
        ("not indexed: x[i]", "        if x < 2 and i:"),
        ("1e9 for np.inf", "    total = -1000000000.0"),
    ],
)
def test_changes(change, line):
    tree = ast.parse(SOURCE).body[0]
    made = {}
    for name, mutant in changed(tree):
        made.setdefault(name, ast.unparse(ast.fix_missing_locations(mutant)))
    assert line in made[change].splitlines()
    assert ast.unparse(tree) == SOURCE.strip(), "the original is as it was"


def test_an_endless_loop_ends():
    lesson, exercise = find_exercise("01.1")
    mutant = next(m for m in mutants_of(lesson, exercise) if m.name.startswith("backward: dropped: total = "))
    assert not Check(lesson, exercise, 0).passes(mutant.make())


def test_what_remembers_is_found():
    lesson, exercise = find_exercise("01.3")
    right = lesson.reference[exercise.function]
    for remembering in first_remembered, previous_remembered:
        assert not Check(lesson, exercise, 0).passes(remembering(right))


def test_entries_of_the_list():
    assert means("f: x sorted", "f: x sorted")
    assert means("*: x sorted", "f: x sorted")
    assert not means("*: sorted", "f: x sorted")
    assert np.all([not means("g: x sorted", "f: x sorted")])
