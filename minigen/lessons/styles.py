"""The same answer in another style: a list for an array, a whole float for an int, a list for a tuple of results.

Such an answer is right if its numbers are, so it is brought into the style of the expected one before it is compared.
What might be a mistake stays as it is and gets named: float32, a bool in place of a number, 2.5 in place of an int.
"""

import numpy as np

CLOSE = 1e-9  # relative: an array of ints whose numbers are that near was not cut off by its type


def in_style_of(expected: object, value: object) -> object:
    """`value` with the types of `expected`, where that changes no number; else as it is."""
    if isinstance(expected, np.generic):
        expected = expected.item()
    if isinstance(expected, tuple):
        return _as_tuple(expected, value)
    if isinstance(expected, list):
        parts = _as_tuple(tuple(expected), value)
        return list(parts) if isinstance(parts, tuple) else parts
    if isinstance(expected, dict):
        if not isinstance(value, dict) or value.keys() != expected.keys():
            return value
        return {key: in_style_of(expected[key], value[key]) for key in expected}
    if isinstance(expected, np.ndarray):
        return _as_array(expected, value)
    if isinstance(expected, (bool, int, float)):
        return _as_number(expected, value)
    return value


def _as_tuple(expected: tuple[object, ...], value: object) -> object:
    if isinstance(value, np.ndarray) and value.ndim and len(value) == len(expected):
        parts = tuple(map(in_style_of, expected, value))
        fits = all(np.asarray(a).shape == np.asarray(b).shape for a, b in zip(parts, expected, strict=True))
        return parts if fits else value
    if isinstance(value, (list, tuple)) and len(value) == len(expected):
        return tuple(map(in_style_of, expected, value))
    return value


def _as_array(expected: np.ndarray, value: object) -> object:
    listed = isinstance(value, (list, tuple))
    if listed:
        try:
            value = np.asarray(value)
        except (ValueError, TypeError):  # rows of different lengths
            return value
    elif expected.shape == () and isinstance(value, (int, float, np.generic)):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "iuf" or expected.dtype.kind not in "iuf":
        return value
    if value.dtype.kind == expected.dtype.kind == "f":
        exact = listed and value.dtype == np.float64  # Python's numbers have no other type
        return value.astype(expected.dtype) if exact else value
    if expected.dtype.kind != "f":
        whole = value.dtype.kind != "f" or bool((np.isfinite(value) & (value == np.floor(value))).all())
        return value.astype(expected.dtype) if whole else value
    size = np.abs(expected[np.isfinite(expected)]).max(initial=0.0)
    same = value.shape == expected.shape and np.allclose(value, expected, rtol=0, atol=CLOSE * size)
    return value.astype(expected.dtype) if listed or same else value


def _as_number(expected: bool | int | float, value: object) -> object:
    if isinstance(value, np.ndarray) and value.shape == ():
        value = value[()]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(expected, bool):
        return value
    if isinstance(expected, float):
        if isinstance(value, (int, np.integer)):
            return float(value)
        return float(value) if isinstance(value, np.float64) else value
    if isinstance(value, (float, np.floating)):
        return int(value) if np.isfinite(value) and value == np.floor(value) else value
    return int(value) if isinstance(value, np.integer) else value
