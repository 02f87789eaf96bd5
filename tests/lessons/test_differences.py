"""The first difference between an answer and the expected one, in words."""

import numpy as np
import pytest

from minigen.lessons.differences import difference

A = np.arange(6.0).reshape(2, 3)


def changed(index, value):
    b = A.copy()
    b[index] = value
    return b


@pytest.mark.parametrize(
    ("yours", "expected", "what", "cause"),
    [
        (None, A, "returns None", "`return`"),
        ([[1], [2, 3]], A, "returns a list of 2, expected a NumPy array of shape (2, 3)", "different lengths"),
        ([1], A, "has shape (1,), expected (2, 3)", ""),
        (A.T, A, "has shape (3, 2), expected (2, 3)", ""),
        (A.astype(np.float32), A, "has dtype float32, expected float64", "keep the type"),
        (changed((1, 2), np.nan), A, "is NaN or infinite in 1 of 6 entries", ""),
        (changed((1, 2), 4.0), A, "is wrong in 1 of 6 entries", ""),
        (A * (1 + 1e-10), A, "is right, but only to 10 digits", "numeric differentiation"),
        (A.astype(np.float32) / np.float64(3), A / np.float32(3), "is right, but only to", "float32"),
        (2.5, 2, "returns 2.5, expected a whole number (int)", "//"),
        (3.0, 2, "returns 3, expected 2", ""),
        (True, 1, "returns a bool, expected a whole number (int)", ""),
        (3, 2, "returns 3, expected 2", ""),
        (A, 1.5, "returns an array of shape (2, 3), expected one number", "sum or average"),
        (1.0, 1.5, "is wrong", ""),
        (True, 1.0, "returns a bool, expected one number", ""),
        (np.float32(1.5), 1.5, "has dtype float32, expected float64", "keep the type"),
        ([1, 2], [2, 1], "returns [1, 2], expected [2, 1]", ""),
        (A, (A, A), "returns an array of shape (2, 3), expected (dx, dw)", ""),
        ((A, A.T), (A, A), "dw has shape (3, 2), expected (2, 3)", ""),
    ],
)
def test_differences(yours, expected, what, cause):
    if cause == "float32":
        yours, expected = (A / 3).astype(np.float32).astype(np.float64), A / 3
    found = difference(yours, expected, 1e-12, ("dx", "dw"))
    assert found.what.startswith(what)
    assert cause in found.cause


@pytest.mark.parametrize(
    ("yours", "expected"),
    [
        (A + 1e-15, A),
        (np.int64(2), 2),
        (np.float64(1.5), 1.5),
        (2, 2.0),
        (np.array(1.5), 1.5),
        ((A, A), (A, A)),
        (np.zeros(0), np.zeros(0)),
        (np.array([np.inf, 1]), np.array([np.inf, 1])),
        ("a", "a"),
    ],
)
def test_no_difference(yours, expected):
    assert difference(yours, expected, 1e-12) is None


def test_the_worst_entry_is_the_one_named():
    found = difference(changed((1, 1), 9.0) + np.eye(2, 3), A, 1e-12)
    assert found.index == (1, 1)
    assert difference((A, changed((0, 2), 0.0)), (A, A), 1e-12).part == 1
