"""The classifier behind FID-cls: it learns, it is checked before it is used, and it is kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen import data
from minigen.errors import ArgumentError, DataError
from minigen.metrics import classifier, floor, frechet
from minigen.metrics.classifier import accuracy, classifier_for, shifted, train_classifier

TRAIN, TEST = data.load("digits"), data.load("digits", "test")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MINIGEN_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def model():
    return train_classifier(TRAIN, 15)


@given(side=st.integers(8, 30), seed=st.integers(0, 99))
def test_shifts_move_each_image_as_a_whole(side, seed):
    rng = np.random.default_rng(seed)
    most = side // 8
    x = np.zeros((5, side, side, 2), np.float32)
    x[:, most : side - most, most : side - most] = rng.random((5, side - 2 * most, side - 2 * most, 2))
    moved = shifted(x, mg.Generator(seed))
    for before, after in zip(x, moved, strict=True):
        ways = [(i, j) for i in range(-most, most + 1) for j in range(-most, most + 1)]
        assert any(np.array_equal(np.roll(before, way, (0, 1)), after) for way in ways)


def test_it_learns(model):
    assert accuracy(model, TEST) > 0.93
    features = model.features(TEST.x)
    assert features.shape == (len(TEST), classifier.FEATURES)
    assert np.array_equal(model.predict(TEST.x[:7]), model.predict(TEST.x)[:7])  # no batch statistics, no dropout


def test_its_distance_tells_noise_and_a_missing_class_from_real_images(model):
    features = model.features(TRAIN.x)
    least = floor(features, mg.Generator(0))
    half, other = features[0::2], TRAIN.x[1::2]
    noisy = np.clip(other + np.random.default_rng(0).normal(0, 0.3, other.shape), 0, 1).astype(np.float32)
    without_8 = other[TRAIN.y[1::2] != 8]
    for wrong in (noisy, without_8):
        assert frechet(half, model.features(wrong)) > 1.5 * least


def test_it_is_trained_once_and_kept(cache, monkeypatch):
    monkeypatch.setitem(classifier.EPOCHS, "digits", 1)
    monkeypatch.setitem(classifier.MUST_REACH, "digits", 0.2)
    first = classifier_for(TRAIN, TEST)
    monkeypatch.setattr(classifier, "train_classifier", lambda *_: pytest.fail("trained twice"))
    again = classifier_for(TRAIN, TEST)
    assert np.array_equal(first.features(TEST.x), again.features(TEST.x))
    (file,) = cache.rglob("digits-*.safetensors")
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"not the classifier's weights .*; remove the file"):
        classifier_for(TRAIN, TEST)


def test_one_that_is_not_good_enough_is_neither_used_nor_kept(cache, monkeypatch):
    monkeypatch.setitem(classifier.EPOCHS, "digits", 1)
    monkeypatch.setitem(classifier.MUST_REACH, "digits", 1.01)
    with pytest.raises(DataError, match=r"accuracy \d\d\.\d\d%, must reach 101.00%"):
        classifier_for(TRAIN, TEST)
    assert not list(cache.rglob("*.safetensors"))


def test_data_without_labels_or_without_a_recipe_are_refused(cache):
    ring = data.load("ring")
    with pytest.raises(ArgumentError, match="no classifier is laid down for 'ring'; there is one for mnist"):
        classifier_for(ring, ring)
    with pytest.raises(ArgumentError, match="'digits' has no labels to learn"):
        train_classifier(data.Dataset("digits", TRAIN.x), 1)


@pytest.mark.slow
def test_it_reaches_what_is_laid_down(cache):
    for name in classifier.MUST_REACH:
        classifier_for(data.load(name), data.load(name, "test"))
