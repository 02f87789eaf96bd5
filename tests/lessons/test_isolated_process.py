"""What comes back from the process is never trusted: no value passes that is not right, and none stops the checker."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigen.errors import ArgumentError, DataError
from minigen.lessons import Isolated, Limits, all_lessons, examine, find_exercise, shelter
from minigen.lessons.isolated_process import _as_outcome
from minigen.lessons.worker.answers import Outcome, same
from minigen.lessons.worker.messages import Unknown, pack, unpack
from tests.lessons.trees import trees

EXERCISES = [(lesson, exercise) for lesson in all_lessons() for exercise in lesson.exercises]
LESSON, FIRST = find_exercise("07.1")
values = st.one_of(
    trees,
    st.sampled_from(
        [10**400, -(10**4000), "\ud800", "x" * 10**6, Unknown("\ud800" * 999), float("nan"), np.float32(1)]
    ),
    st.sampled_from([np.array("text"), np.array(["2020-01-01"], "M8[D]"), np.zeros((0, 3)), np.zeros(2, "c16")]),
)


@pytest.mark.long
@given(st.sampled_from(EXERCISES), values)
def test_any_value_at_all_is_judged(task, value):
    verdict = examine(*task, lambda inputs: Outcome("returned", value))
    assert verdict.state == "failed"
    assert all(line.isprintable() and len(line) < 700 for line in verdict.message.splitlines())


FIELDS = ["state", "value", "error", "line", "after", "foreign", "calls"]


@given(st.dictionaries(st.sampled_from(FIELDS), trees) | trees)
def test_any_answer_at_all_is_an_outcome_or_refused(answer):
    try:
        outcome = _as_outcome(answer)
    except ValueError:
        return
    assert outcome.state in ("returned", "unwritten", "raised", "unread")


@given(trees)
def test_an_outcome_comes_through(value):
    sent = Outcome("returned", value, "e", "line 1: x", {"a": 1}, ["b"], {"c": 2})
    found = _as_outcome(unpack(pack(vars(sent))))
    assert same(found.value, value)
    assert (found.after, found.foreign, found.calls) == ({"a": 1}, ["b"], {"c": 2})


def test_a_wall_that_does_not_hold_any_more_ends_the_check(monkeypatch):
    if "landlock" not in shelter.available():
        pytest.skip("this system has no Landlock for us")
    monkeypatch.setattr(shelter, "view", lambda: ["/no/such/folder"])
    with pytest.raises(DataError, match="could not be started in a process of its own: landlock: "):
        Isolated(LESSON, FIRST, LESSON.solutions, "exercises.py", walls=("landlock",))


def test_limits():
    for wrong in ({"seconds": 0}, {"seconds": float("nan")}, {"memory": 1}):
        with pytest.raises(ArgumentError, match="limits"):
            Limits(**wrong)
