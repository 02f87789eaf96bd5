"""Labels that are drawn, chosen, or given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen.errors import ArgumentError, ShapeError
from minigen.models.labels import chosen_labels, evenly_drawn, given_labels


@given(st.integers(1, 200), st.integers(1, 20), st.integers(0, 2**32))
def test_a_batch_holds_each_class_as_often_as_any_other(n, classes, seed):
    labels = evenly_drawn(n, classes, mg.Generator(seed), "cpu")
    assert labels.shape == (n,)
    assert np.abs(np.bincount(labels, minlength=classes) - n / classes).max() < 2
    assert labels.max() < classes


def test_chosen_labels_are_each_in_turn_or_all_the_same():
    assert chosen_labels(7, 3, None).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert chosen_labels(3, 3, 2).tolist() == [2, 2, 2]
    for label in (-1, 3):
        with pytest.raises(ArgumentError, match=f"label: expected 0 ... 2, got {label}"):
            chosen_labels(3, 3, label)


def test_labels_are_one_for_each_example():
    labels = np.array([0, 2, 1])
    assert given_labels("model", labels, 3) is labels
    with pytest.raises(ArgumentError, match="labels: a model learns from examples with their labels, got none"):
        given_labels("a model", None, 3)
    with pytest.raises(ShapeError, match=r"expected one for each of the 2 examples, got shape \(3,\)"):
        given_labels("model", labels, 2)
