"""The scenes of lesson 23: names without repetition, words that are all known, things where the name says."""

import numpy as np
import pytest

from minigen.lessons.pictures import scenes


def test_held_out_names_consist_of_words_that_are_trained_on():
    names, y, words, out = scenes.scenes()
    assert len(set(names)) == len(names) == 24 * 23
    assert out.sum() == scenes.HELD_OUT
    assert set(y[out].ravel()) <= set(y[~out].ravel())
    assert len(words) == 1 + 6 + 4 + 1


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_thing_is_whole_and_where_its_name_says(seed):
    names = scenes.scene_names()
    x = scenes.paint(names, np.random.default_rng(seed))
    assert x.shape == (len(names), 16, 16, 3)
    assert x.min() >= 0
    assert x.max() <= 1
    for picture, name in zip(x[::7], names[::7], strict=True):
        light = picture.max()
        for rows, thing in zip((picture[:8], picture[8:]), name.split(" above "), strict=True):
            colour, shape = thing.split()
            there = np.abs(rows - light * np.array(scenes.COLOURS[colour])).max(axis=2) < 1e-5
            assert there.sum() == scenes.MASKS[shape].sum()


def test_a_bag_of_words_has_one_vector_for_names_of_the_same_words_and_order_has_two():
    names, y, words, _ = scenes.scenes()
    a, b = (names.index(name) for name in ("orange ring above blue cross", "blue cross above orange ring"))
    rng = scenes.Generator(0)
    for encoder, same in (
        (scenes.BagOfWords(len(words), 8, rng), True),
        (scenes.WordsInOrder(len(words), y.shape[1], 8, rng), False),
    ):
        first, second = encoder(y[[a, b]]).numpy()
        assert np.allclose(first, second, atol=1e-6) is same
