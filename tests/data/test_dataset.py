"""What every data set tells of itself: its kind by its name, and a checksum by its numbers."""

import dataclasses

import numpy as np
import pytest

from minigen import data
from minigen.data import Dataset, dataset, kind_of
from minigen.data.text import windows
from tests.examples import BY_KIND


@pytest.mark.parametrize("examples", BY_KIND.values(), ids=BY_KIND)
def test_the_kind_is_that_of_the_name(examples):
    assert examples.kind == kind_of(examples.name)


@pytest.mark.parametrize("kind", [kind for kind in BY_KIND if kind != "points"])
def test_one_number_more_or_less_is_another_checksum(kind):
    examples = BY_KIND[kind]
    again = dataclasses.replace(examples, x=examples.x.copy())
    assert isinstance(again.checksum(), int)
    before = again.checksum()
    for place in (0, -1):
        again.x[place].flat[1] += 1
        assert again.checksum() != before
        again.x[place].flat[1] -= 1
    if examples.y is not None:
        again.y[3] += 1
        assert again.checksum() != before
        again.y[3] -= 1


def test_windows_of_a_text_are_checked_whole_and_take_no_memory():
    text = np.arange(10_000).astype(np.uint8)
    before = Dataset("sonnets", windows(text), alphabet="ab").checksum()
    for place in (0, 5000, 9999):
        other = text.copy()
        other[place] += 1
        assert Dataset("sonnets", windows(other), alphabet="ab").checksum() != before


def test_of_large_data_some_are_checked(monkeypatch):
    monkeypatch.setattr(dataset, "CHECKED", 64)
    images = np.zeros((5000, 2, 2, 1), np.uint8)
    before = Dataset("mnist", images).checksum()
    images[1] += 1
    assert Dataset("mnist", images).checksum() == before
    images[::100] += 1
    assert Dataset("mnist", images).checksum() != before


def test_points_are_computed_and_not_checked():
    assert data.load("moons").checksum() == 0
