"""Exercises are made from solutions; functions are taken out and put back."""

import pytest

from minigen.errors import DataError
from minigen.lessons.exercise_file import function_lines, make_stubs, replace_function

SOLUTIONS = '''"""Two."""

import math


def double(x):
    """Twice x."""
    # answer
    y = 2 * x
    # stub: start with return
    return y
    # end


@staticmethod
def root(x):
    # a comment that stays
    # answer
    return math.sqrt(x)
    # end
'''


def test_the_answers_are_gone_and_all_else_stays():
    assert (
        make_stubs(SOLUTIONS)
        == '''"""Two."""

import math


def double(x):
    """Twice x."""
    # start with return
    raise NotImplementedError("double: not written yet")


@staticmethod
def root(x):
    # a comment that stays
    raise NotImplementedError("root: not written yet")
'''
    )


def test_one_answer_alone_is_left_out():
    namespace = {}
    exec(make_stubs(SOLUTIONS.replace("@staticmethod\n", ""), only="root"), namespace)
    assert namespace["double"](3) == 6
    with pytest.raises(NotImplementedError, match="root"):
        namespace["root"](4)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda s: s.replace("    # end\n", "", 1), "must stand inside a function, and not twice"),
        (lambda s: s.replace("    # answer\n", "", 1), "'# end' without '# answer'"),
        (lambda s: s + "# answer\n", "inside a function"),
        (lambda s: s[: s.rindex("    # end")], "'root' has no '# end'"),
    ],
)
def test_marks_that_do_not_match(spoil, message):
    with pytest.raises(DataError, match=message):
        make_stubs(spoil(SOLUTIONS))


def test_a_function_is_found_with_its_decorators_and_replaced():
    first, last = function_lines(SOLUTIONS, "root")
    lines = SOLUTIONS.splitlines()
    assert lines[first] == "@staticmethod"
    assert lines[last - 1].strip() == "# end" or lines[last - 1].strip().startswith("return")
    stubs = make_stubs(SOLUTIONS)
    mine = stubs.replace('raise NotImplementedError("double: not written yet")', "return x + x")
    back = replace_function(mine, "double", stubs)
    assert back == stubs
    assert replace_function("x = 1\n", "double", stubs).startswith("x = 1\n\n\ndef double(x):")
    with pytest.raises(DataError, match="no function 'half'"):
        function_lines(SOLUTIONS, "half")
