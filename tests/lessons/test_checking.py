"""What a message says beside the verdict: the line, the likely cause, when the file was saved, how to check again."""

import os
import re
import time

import numpy as np
import pytest

from minigen.lessons import all_lessons, check, check_answer, check_file, check_function, find_exercise, reference_of
from minigen.lessons.checking import check_source
from minigen.lessons.differences import difference

HEAD = "import functools\nimport numpy as np\n\n\n"
RNG = np.random.default_rng(0)

# The body of output_size, and the line that must be quoted.
FAULTS = {
    "plain": ("    return 1 / (n - n)", "return 1 / (n - n)"),
    "inside NumPy": ("    a = np.zeros(3)\n    return np.concatenate([a, n])", "return np.concatenate([a, n])"),
    "a lambda": ("    f = lambda x: x[0]\n    return f(n)", "f = lambda x: x[0]"),
    "a comprehension": ("    return [\n        m[0]\n        for m in [n]\n    ]", "m[0]"),
    "a generator": ("    def g():\n        yield n['a']\n    return sum(g())", "yield n['a']"),
    "a nested function": ("    def f(x):\n        return x.y\n    return f(n)", "return x.y"),
    "a callback of NumPy": (
        "    def f(x):\n        return x.y\n    return np.apply_along_axis(f, 0, np.ones(2))",
        "return x.y",
    ),
    "a helper": ("    return half(n)\ndef half(x):\n    return x['half']", "return x['half']"),
    "a class": ("    return C(n)\nclass C:\n    def __init__(self, x):\n        x.append(1)", "x.append(1)"),
    "the reference of another exercise": ("    return conv_forward(n, k, stride, padding)", "return conv_forward("),
    "raised again": (
        "    try:\n        n[0]\n    except TypeError as e:\n        raise ValueError('no') from e",
        "raise ValueError",
    ),
    "a deeper traceback": ("    import json\n    return json.loads(n)", "return json.loads(n)"),
}


def body(text):
    return f"{HEAD}def output_size(n, k, stride, padding):\n{text}\n"


@pytest.mark.parametrize("name", FAULTS)
def test_the_line_that_is_quoted_is_the_students(name):
    text, line = FAULTS[name]
    lesson, exercise = find_exercise("07.1")
    source = body(text)
    message = check_source(lesson, exercise, source, "exercises.py").message
    quoted = re.search(r"where   line (\d+): (.*)", message)
    assert quoted[2].startswith(line), message
    assert source.splitlines()[int(quoted[1]) - 1].strip() == quoted[2]
    if name in ("inside NumPy", "a generator", "the reference of another exercise"):
        isolated = check_answer(lesson, exercise, source, "exercises.py").message
        assert f"where   exercises.py, line {quoted[1]}: {quoted[2]}" in isolated


@pytest.mark.parametrize(
    "made",
    [
        "output_size = functools.partial(half)",
        "output_size = np.vectorize(half)",
        "class C:\n    def __call__(self, *a): return half(*a)\noutput_size = C()",
        "@functools.lru_cache\ndef output_size(*a): return half(*a)",
    ],
)
def test_the_line_of_what_is_no_plain_function(made):
    lesson, exercise = find_exercise("07.1")
    source = f"{HEAD}def half(*a):\n    return a['half']\n\n\n{made}\n"
    assert "where   line 6: return a['half']" in check_source(lesson, exercise, source, "exercises.py").message
    if "partial" in made:
        isolated = check_answer(lesson, exercise, source, "exercises.py").message
        assert "where   exercises.py, line 6: return a['half']" in isolated


def test_a_helper_in_another_cell_is_quoted():
    import linecache

    namespace = {"__name__": "__main__"}
    cells = {
        "<cell 1>": "def half(x):\n    return x['half']\n",
        "<cell 2>": "def output_size(n, k, stride, padding):\n    return half(n)\n",
    }
    for name, text in cells.items():
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec"), namespace)
    message = check(namespace["output_size"]).message
    assert "where   your function, line 2: return x['half']" in message
    assert re.search(r"again   check\(output_size, seed=\d+\)", message)


# ------------------------------------------------------------------------------------------------------- the seed


def test_each_check_draws_new_inputs_and_says_how_to_repeat_them(course, write, monkeypatch):
    monkeypatch.chdir(course)
    write('raise NotImplementedError("output_size: not written yet")', "return (n + padding - k) // stride + 1")
    messages = [check("07.1").message for _ in range(3)]
    seeds = [re.search(r'again   check\("07.1", seed=(\d+)\) draws the same inputs', m)[1] for m in messages]
    assert len(set(seeds)) > 1
    assert check("07.1", seed=int(seeds[0])).message == messages[0]
    write("(n + padding - k) // stride + 1", "max(0, (n + 2 * padding - k) // stride + 1)")
    passed = check("07.1").message
    assert re.search(r'right in all \d+ cases  \(seed (\d+); the same inputs again: check\("07.1", seed=\1\)\)', passed)


# ------------------------------------------------------------------------------------------------- not written yet


def test_what_is_not_written_says_when_the_file_was_saved(course, write, monkeypatch):
    monkeypatch.chdir(course)
    file = course / "07_convolution" / "exercises.py"
    now = time.strftime("%H:%M", time.localtime(file.stat().st_mtime))
    lesson, exercise = find_exercise("07.1")
    message = check_file(lesson, exercise, file).message
    assert re.search(rf"saved   at {now}:\d\d; if you have written it since, save the file and check again", message)
    assert "where" not in message
    write('raise NotImplementedError("output_size: not written yet")', "size = n\n    raise NotImplementedError")
    message = check_file(lesson, exercise, file).message
    assert "not written yet" in message
    assert "saved   at " in message
    assert re.search(r"where   line \d+: raise NotImplementedError", message)
    os.utime(file, (0, 0))
    assert re.search(r"saved   on 19(69|70)-\d\d-\d\d at \d\d:\d\d;", check_file(lesson, exercise, file).message)


def test_nothing_is_saved_in_a_notebook_cell():
    def output_size(n, k, stride, padding):
        raise NotImplementedError

    message = check(output_size).message
    assert "not written yet" in message
    assert "saved" not in message


# ------------------------------------------------------------------------------------------------------ the causes


def cause(key, answer, seed=0):
    lesson, exercise = find_exercise(key)
    message = check_source(lesson, exercise, HEAD + answer, "mine.py", seed=seed).message
    found = re.search("likely  (.*)", message)
    return found[1] if found else ""


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        (
            "10.1",
            "def batch_norm(x, gamma, beta, eps):\n    axes = tuple(range(x.ndim - 1))\n"
            "    m, v = x.mean(axis=axes), x.var(axis=axes)\n"
            "    return gamma * (x - m) / (np.sqrt(v) + eps / 3) + beta, m, v\n",
        ),
        (
            "12.4",
            "def adain(x, scale, shift, eps):\n    m, v = x.mean((1, 2), keepdims=True), x.var((1, 2), keepdims=True)\n"
            "    return (1 + scale[:, None, None]) * (x - m) / np.sqrt(v + 2 * eps) + shift[:, None, None]\n",
        ),
    ],
)
def test_a_small_constant_is_named(key, answer):
    assert "a small constant such as eps is missing, superfluous or in the wrong place" in cause(key, answer)


def test_a_tiny_constant_is_not_taken_for_float32():
    right = 1 + RNG.random((4, 5))
    assert "such as eps" in difference(right / (1 + 1e-8 / right), right, 1e-12).cause
    assert "float32" in difference(right.astype(np.float32).astype(np.float64), right, 1e-12).cause
    assert "numeric differentiation" in difference(right + 1e-10 * RNG.standard_normal((4, 5)), right, 1e-12).cause


def test_numeric_differentiation_is_suspected_only_where_a_gradient_is_asked_for():
    lesson, exercise = next((x, e) for x in all_lessons() for e in x.exercises if e.function == "heun")
    right = reference_of(str(lesson.solutions_file)).heun
    verdict = check_function(lesson, exercise, lambda *inputs: right(*inputs) + 1e-10 * np.sin(1e9 * inputs[0]))
    assert "digits are lost" in verdict.message, verdict


def test_no_chain_rule_before_it_is_taught():
    nothing = {
        "00.1": "def blend(a, b, t): return np.cos(a) + np.sin(b)\n",
        "01.2": "def multiply_backward(g, a, b): return np.cos(g), np.sin(a)\n",
        "01.3": "def matmul_backward(g, a, b): return np.cos(g @ b.T), np.cos(a.T @ g)\n",
        "03.4": "def he_weights(noise): return np.cos(noise)\n",
    }
    for key, answer in nothing.items():
        assert cause(key, answer) == (
            "no known pattern: a term or a factor is missing; go through the formula once more, factor by factor"
        )
    later = cause("02.3", "def softmax_backward(y, g): return np.cos(y) * g ** 2\n")
    assert "go through the chain rule once more" in later


def test_others_are_called_right_only_where_they_are():
    exact = np.array([[1e6, 2.0, 3.0], [4.0, 5.0, 6.0]])
    for other, said in ((5.0, True), (5.0 + 1e-7, False)):  # 1e-7 is nothing beside a million, but not beside 5
        yours = exact.copy()
        yours[0], yours[1, 1] = 1.0, other
        found = difference(yours, exact, 1e-12)
        assert found.wrong.sum() == 3
        text = _cause(found)
        assert ("the others are right" in text) == said
        assert ("the others that can be told are right" in text) != said


def _cause(found):
    from minigen.lessons.checking import _generic_cause

    _, exercise = find_exercise("00.1")
    return _generic_cause(exercise, found)


def test_no_message_of_a_result_speaks_of_gradients():
    patterns = [lambda e: 0 * e, lambda e: -e, lambda e: e * (np.arange(e.size).reshape(e.shape) > 3), np.cos]
    expected = RNG.standard_normal((3, 4))
    for change in patterns:
        text = _cause(difference(change(expected), expected, 1e-12))
        assert text
        assert not re.search("gradient|chain rule|detach|sends? nothing back", text)


def test_lesson_1_comes_before_the_chain_rule_is_named():
    assert [lesson.number for lesson in all_lessons()][:3] == ["00", "01", "02"]
