"""The Wasserstein distance: closed forms and invariants."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigen.errors import ShapeError
from minigen.metrics.transport import wasserstein_2

RNG = np.random.default_rng(5)


def test_on_a_line_the_sorted_points_are_paired():
    a, b = RNG.standard_normal((300, 1)), 2 + 3 * RNG.standard_normal((300, 1))
    expected = np.sqrt(np.square(np.sort(a, axis=0) - np.sort(b, axis=0)).mean())
    assert wasserstein_2(a, b) == pytest.approx(expected, rel=1e-9)


def test_a_shift_is_its_own_length():
    a = RNG.standard_normal((200, 2))
    assert wasserstein_2(a, a[::-1] + np.array([3.0, 4.0])) == pytest.approx(5, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(1, 3), st.integers(0, 10**6))
def test_it_is_the_least_over_all_pairings(n, d, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, n, d))
    every = (np.square(a - b[list(order)]).sum(axis=1).mean() for order in itertools.permutations(range(n)))
    assert wasserstein_2(a, b) == pytest.approx(np.sqrt(min(every)), rel=1e-9)
    assert wasserstein_2(a, a[rng.permutation(n)]) == pytest.approx(0, abs=1e-7)
    assert wasserstein_2(b, a) == pytest.approx(wasserstein_2(a, b))


def test_sets_of_other_sizes_are_refused():
    with pytest.raises(ShapeError, match="wasserstein_2: expected two sets"):
        wasserstein_2(np.zeros((3, 2)), np.zeros((4, 2)))
