"""Exercises are made from solutions; functions are taken out and put back."""

import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from minigen.errors import DataError
from minigen.lessons.exercise_file import function_lines, is_untouched, make_stubs, replace_function

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


@pytest.mark.parametrize(
    ("change", "untouched"),
    [
        (lambda s: s, True),
        (lambda s: s + "\n\ndef other(x):\n    return double(x)\n", True),
        (lambda s: s.replace('raise NotImplementedError("double: not', 'return 2 * x  # ("double: not'), False),
        (lambda s: s + "\n\ndef double(x):\n    return 2 * x\n", False),
        (lambda s: s + "\n\ndouble = lambda x: 2 * x\n", False),
        (lambda s: s + "\n\nfrom mine import double\n", False),
        (lambda s: "def double(:", False),
        (lambda s: "", False),
        (lambda s: s + "-" * 100_000 + "1" + "(" * 100_000, True),
    ],
)
def test_a_stub_is_known_by_its_text(change, untouched):
    stubs = make_stubs(SOLUTIONS)
    assert is_untouched(change(stubs), "double", stubs) is untouched


def test_what_another_stub_tells_of_a_function_does_not_touch_it():
    stubs = make_stubs(SOLUTIONS) + '\n\ndef four_times(x):\n    """Twice what `double` gives."""\n'
    assert is_untouched(stubs, "double", stubs)
    assert not is_untouched(stubs + "\n\ndouble = four_times\n", "double", stubs)


def test_texts_are_parsed_in_many_threads():
    """Python 3.11 counts the depth of a text's tree for all threads together, and a collection may change threads."""

    def parsed(depth):
        return parsed(depth - 1) if depth else function_lines(SOLUTIONS, "double")

    expected = parsed(0)
    gc.callbacks.append(pause := lambda *_: time.sleep(0))
    before = gc.get_threshold()
    gc.set_threshold(5)
    try:
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(parsed, range(40))) == {expected}
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(pause)
