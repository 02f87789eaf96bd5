"""A right answer passes in whatever style it is written; a wrong one does not become right by its style."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from minigen.lessons import check_answer, find_exercise
from minigen.lessons.checking import check_source
from minigen.lessons.differences import difference
from minigen.lessons.styles import in_style_of

finite = st.integers(-(10**9), 10**9).map(lambda n: n / 1000)
numbers = arrays(np.float64, array_shapes(max_dims=3, max_side=4), elements=finite)
whole = arrays(np.int64, array_shapes(max_dims=2, max_side=4), elements=st.integers(-1000, 1000))


def as_tuples(array):
    return tuple(map(as_tuples, array)) if array.ndim else float(array)


ARRAYS = {
    "nested lists": lambda a: a.tolist(),
    "nested tuples": as_tuples,
    "a list of rows": list,
    "another memory order": np.asfortranarray,
    "a view": lambda a: np.stack([a, a], axis=-1)[..., 0],
}


def right(value, expected):
    return difference(value, expected, 1e-12) is None


@pytest.mark.parametrize("style", ARRAYS)
@given(expected=numbers)
def test_an_array_in_any_style(style, expected):
    assert right(ARRAYS[style](expected), expected)
    wrong = expected + 1e-3 * (1 + np.abs(expected).max())
    assert not right(ARRAYS[style](wrong), expected)


@given(expected=numbers, style=st.sampled_from([*ARRAYS]))
def test_one_wrong_entry_is_found_in_any_style(expected, style):
    wrong = expected.copy()
    wrong.flat[-1] += 1 + np.abs(wrong).max()
    found = difference(ARRAYS[style](wrong), expected, 1e-12)
    assert found.index == tuple(n - 1 for n in expected.shape)


@given(whole)
def test_whole_numbers_in_either_type(ints):
    floats = ints.astype(np.float64)
    for value in (ints, floats, ints.astype(np.int32), ints.tolist(), floats.tolist()):
        assert right(value, ints)
        assert right(value, floats)
    assert not right(floats + 0.5, ints)
    assert not right(ints + 1, floats)
    assert not right(ints.astype(bool), ints)
    assert "float32" in difference(floats.astype(np.float32), floats, 1e-12).what


@given(numbers)
def test_numbers_cut_off_by_an_array_of_ints_are_named_by_its_type(expected):
    expected = np.floor(expected) + 0.5
    assert "dtype int64" in difference(expected.astype(int), expected, 1e-12).what


@given(st.integers(-(2**50), 2**50))
def test_one_whole_number(n):
    for value in (n, float(n), np.float64(n), np.int64(n), np.array(n), np.array(float(n))):
        assert right(value, n)
        assert right(value, float(n))
    for value in (n + 1, n + 0.5, float("nan"), float("inf"), n == n, np.True_, str(n), [n], np.array([n]), complex(n)):
        assert not right(value, n)
    for value in (n == n, np.True_, str(n), [n], np.array([n]), complex(n)):
        assert not right(value, float(n))


@given(finite)
def test_float32_is_named(x):
    found = difference(np.float32(x), float(np.float32(x)), 1e-12)
    assert found.what == "has dtype float32, expected float64"


@given(a=numbers, b=finite, n=st.integers(-9, 9))
def test_several_results(a, b, n):
    for value in ((a, b, n), [a, b, n], [a.tolist(), np.array(b), float(n)]):
        assert right(value, (a, b, n))
    for value in ((a, b), [a, b, n, n], [a, b, n + 1], (a, None, n), a, None):
        assert not right(value, (a, b, n))


@given(a=numbers)
def test_results_of_one_shape_as_rows_of_an_array(a):
    assert right(np.stack([a, 2 * a]), (a, 2 * a))
    assert not right(np.stack([a, 2 * a + 1]), (a, 2 * a))
    assert "expected" in difference(np.zeros((2, 7, 7, 7)), (a, a), 1e-12, ("da", "db")).what


def test_rows_of_different_lengths_stay_a_list():
    assert in_style_of(np.zeros((2, 2)), [[1.0], [1.0, 2.0]]) == [[1.0], [1.0, 2.0]]
    assert right([[1.0], [2.0]], [[1.0], [2.0]])
    assert right({"a": 1.0}, {"a": 1})


ANSWERS = {
    "00.1": "def blend(a, b, t): return [((1 - t) * u + t * v).tolist() for u, v in zip(a, b)]",
    "01.1": """def backward(inputs, slopes):
    total = [0] * (len(inputs) - 1) + [1]
    for k in range(len(inputs) - 1, -1, -1):
        for j in range(len(inputs[k])): total[inputs[k][j]] += total[k] * slopes[k][j]
    return tuple(total)""",
    "01.2": "def multiply_backward(g, a, b): return [(g * b).tolist(), np.asfortranarray(g * a)]",
    "07.1": "def output_size(n, k, stride, padding): return max(0, np.floor((n + 2.0 * padding - k) / stride) + 1)",
    "09.4": """def count_modes(samples, centres, sigma):
    d = np.linalg.norm(samples[:, None] - centres, axis=2)
    good = d.min(axis=1) < 3 * sigma
    return [float(np.unique(d.argmin(axis=1)[good]).size), np.mean(good)]""",
}


@pytest.mark.parametrize("key", ANSWERS)
def test_whole_answers_in_another_style(key):
    lesson, exercise = find_exercise(key)
    text = f"import numpy as np\n{ANSWERS[key]}\n"
    for seed in range(3):
        verdict = check_source(lesson, exercise, text, "mine.py", seed=seed)
        assert verdict, verdict
    assert check_answer(lesson, exercise, text, "mine.py", seed=4)


def test_a_known_mistake_is_named_in_another_style():
    lesson, exercise = find_exercise("00.1")
    text = "def blend(a, b, t): return [u.tolist() for u in (1 - t) * a]\n"
    assert "the part of b is missing" in check_source(lesson, exercise, text, "mine.py").message
