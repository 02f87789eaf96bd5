"""A call of a student's function, and what is noticed about it."""

import math
import threading

import numpy as np
import pytest

import minigen as mg
from minigen.lessons.worker.answers import call, load, same


def test_equality_tells_what_changed():
    assert same([1, (2.0, math.nan)], [1, (2.0, math.nan)])
    assert not same(1, 1.0)
    assert not same([1], (1,))
    assert not same(np.zeros(2), np.zeros(2, np.float32))
    assert not same({"a": 1}, {"b": 1})
    assert not same(np.zeros(1), 0.0)


def outcome(fn, **inputs):
    return call(fn, inputs, "own", "solutions.py")


def test_a_call_and_what_it_changes():
    def changes(x, y):
        x[0] = 7
        return y

    x = np.zeros(2)
    found = outcome(changes, x=x, y=[1])
    assert (found.state, found.value, found.after["x"][0]) == ("returned", [1], 7)
    assert not x.any()  # it was a copy


def test_a_list_or_number_that_is_changed():
    assert outcome(lambda parents: parents.append(1), parents=[0]).after == {"parents": [0, 1]}


def test_library_calls_are_seen_whatever_their_name():
    forward = mg.conv2d.forward
    found = outcome(lambda x: forward(x, np.ones((1, 1, 1, 1))), x=np.ones((1, 2, 2, 1)))
    assert found.foreign[0].startswith("minigen.ops.conv.")
    torch = pytest.importorskip("torch")
    assert outcome(lambda x: torch.exp(torch.tensor(x)), x=1.0).foreign


def test_the_reference_and_siblings_are_told_apart():
    names = load("def own(x):\n    return x\ndef other(x):\n    return x\n", "solutions.py", {})
    found = outcome(lambda x: names["other"](names["other"](x)) + names["own"](x), x=1.0)
    assert (found.foreign, found.calls) == (["the reference itself"], {"other": 2})
    assert outcome(lambda x: names["other"](x), x=1).calls == {}, "one cannot differentiate by a whole number"


@pytest.mark.parametrize(
    ("body", "state", "error"),
    [
        ("raise NotImplementedError", "unwritten", "NotImplementedError"),
        ("raise ValueError('two\\nlines')", "raised", "ValueError: two"),
        ("1 / 0", "raised", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "raised", "exit(): an exercise returns its result, it must not end the program"),
        ("assert False", "raised", "AssertionError"),
        ("own(x)", "raised", "RecursionError: maximum recursion depth exceeded"),
    ],
)
def test_exceptions(body, state, error):
    fn = load(f"def own(x):\n    {body}\n", "mine.py", {})["own"]
    found = outcome(fn, x=1)
    assert found.state == state
    assert found.error.startswith(error)
    assert found.line.startswith("line ")


def test_a_traceback_quotes_the_text_that_was_run_and_not_a_file_of_that_name(tmp_path):
    file = tmp_path / "exercises.py"
    file.write_text("# the teacher's\n# own\n# file\n")
    fn = load("def own(x):\n    y = x\n    return y / 0  # mine\n", str(file), {})["own"]
    assert outcome(fn, x=1).line == "line 3: return y / 0  # mine"


def test_an_exception_that_cannot_be_printed():
    class Bad(Exception):
        def __str__(self):
            raise ValueError

    def own(x):
        raise Bad

    assert outcome(own, x=1).error == "Bad"


def test_a_thread_is_watched_too():
    def own(x):
        thread = threading.Thread(target=mg.conv2d.forward, args=(x, np.ones((1, 1, 1, 1))))
        thread.start()
        thread.join()

    assert outcome(own, x=np.ones((1, 2, 2, 1))).foreign
