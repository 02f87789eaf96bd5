"""A bag of words: the mean of the words' vectors, in any order, and 0 of no word."""

import numpy as np
import pytest

import minigen as mg
from minigen import backend
from minigen.errors import ArgumentError
from minigen.models.pairs.words import BagOfWords


def test_a_name_is_the_mean_of_its_words(device):
    bag = BagOfWords(6, 4, mg.Generator(0))
    v = bag.vectors.w.numpy()
    names = backend.to_device(np.array([[2, 5, 0], [5, 2, 0], [3, 0, 0], [0, 0, 0], [1, 1, 4]]), device)
    expected = [(v[2] + v[5]) / 2, (v[2] + v[5]) / 2, v[3], 0 * v[0], (2 * v[1] + v[4]) / 3]
    found = bag(names)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-7)


def test_the_vector_of_no_word_never_learns():
    bag = BagOfWords(6, 4, mg.Generator(0))
    (bag(np.array([[2, 5, 0], [0, 0, 0]])) ** 2).sum().backward()
    gradient = bag.vectors.w.grad.numpy()
    assert gradient[[2, 5]].all()
    assert not gradient[[0, 1, 3, 4]].any()


@pytest.mark.parametrize("names", [np.array([1, 2]), np.array([[1.0, 2.0]])])
def test_what_are_no_names_is_refused(names):
    with pytest.raises(ArgumentError, match="names: expected the places of words"):
        BagOfWords(6, 4, mg.Generator(0))(names)
