"""The error of categories without names, against all matchings tried one by one."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigen.errors import MinigenError
from minigen.metrics import code_error

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)


@given(PAIRS)
def test_the_best_matching_is_found(pairs):
    found, labels = np.array(pairs).T
    best = max((np.array(names)[found] == labels).mean() for names in itertools.permutations(range(4)))
    result = code_error(found, labels)
    assert result.error == pytest.approx(1 - best)
    assert (result.meaning[found] == labels).mean() == pytest.approx(best)


def test_other_names_are_no_error_and_chance_is():
    rng = np.random.default_rng(0)
    labels = rng.integers(10, size=5000)
    names = rng.permutation(10)
    assert code_error(names[labels], labels).error == 0
    assert (code_error(names[labels], labels).meaning[names] == np.arange(10)).all()
    assert 0.85 < code_error(rng.integers(10, size=5000), labels).error < 0.9


def test_categories_to_spare_stand_for_nothing():
    result = code_error(np.array([0, 1, 2, 2]), np.array([0, 0, 1, 1]))
    assert result.error == 0.25
    assert sorted(result.meaning) == [-1, 0, 1]


def test_refusals():
    with pytest.raises(MinigenError, match="two arrays"):
        code_error(np.arange(3), np.arange(4))
    with pytest.raises(MinigenError, match="integers >= 0"):
        code_error(np.array([0.5]), np.array([1]))
    with pytest.raises(MinigenError, match="integers >= 0"):
        code_error(np.array([-1]), np.array([1]))
