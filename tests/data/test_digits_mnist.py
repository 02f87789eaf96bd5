"""The image data sets: what they hold, where they are looked for, and what is refused."""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from minigen import data
from minigen.data.download import cache_folder
from minigen.errors import ArgumentError, DataError
from minigen.models.recipe import KINDS

SPLITS = ("train", "test")


# ------------------------------------------------------------------------------------------------- names and `Dataset`


@pytest.mark.parametrize(
    ("name", "near"), [("digit", "digits"), ("mnsit", "mnist"), ("fashion-mnist", "fashion_mnist")]
)
def test_unknown_names_get_the_nearest_one(name, near):
    for function in (data.load, data.locate, data.kind_of):
        with pytest.raises(ArgumentError, match=f"data: unknown name {name!r}; did you mean {near!r}"):
            function(name)


def test_unknown_splits_are_named():
    with pytest.raises(ArgumentError, match="split: unknown name 'tests'; did you mean 'test'"):
        data.load("digits", "tests")


@pytest.mark.parametrize("name", ["digits", "ring"])
def test_a_folder_for_what_is_not_in_files(name, tmp_path):
    with pytest.raises(ArgumentError, match=f"folder: {name!r} is not read from files"):
        data.load(name, folder=tmp_path)


def test_everything_is_described_and_located():
    assert all("\n" not in text and text for text in data.DATASETS.values())
    here = {name for name in data.DATASETS if data.locate(name)}
    images = {"mnist", "fashion_mnist", "stacked_mnist", "moving-mnist", "cifar10", "celeba", "orl32", "orl64", "brain"}
    texts, music = {"shakespeare", "makemore-names"}, {"jsb", "nottingham", "melodies", "chorales"}
    found = {"emoji", "brain"}  # a font or a package may be installed
    assert here - found == set(data.DATASETS) - found - images - texts - music - {"movielens"}


def test_the_kind_is_what_the_description_says():
    for name, text in data.DATASETS.items():
        said = text.split(":")[0].replace("piano rolls", "rolls")
        assert data.kind_of(name) == (said if said in KINDS else "images")
        if data.locate(name):
            assert data.load(name, "test").kind == data.kind_of(name)


def test_data_sets_have_an_identity_and_a_one_line_repr():
    digits = data.load("digits")
    assert repr(digits) == "Dataset('digits': 1500 examples of shape (8, 8, 1), 10 classes)"
    assert {digits: 1}[digits] == 1
    assert data.load("digits") not in {digits}


def test_plain_arrays_below_the_engine():
    """The package imports what lies below it and itself; scikit-learn waits until the digits are asked for."""
    folder = Path(inspect.getfile(data)).parent
    outside = set()
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level == 2:
                outside.add(node.module)
    assert outside <= {"errors", "backend", "files", "random"}
    code = "import sys, minigen.data; sys.exit('sklearn' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, cwd=folder.parent.parent)


# ------------------------------------------------------------------------------------------------------------- digits


def test_digits_are_all_of_scikit_learns():
    from sklearn.datasets import load_digits

    bunch = load_digits()
    train, test = (data.load("digits", split) for split in SPLITS)
    assert (len(train), len(test)) == (1500, 297)

    def pairs(images, labels):
        return sorted(
            (np.rint(image * 16).astype(int).tobytes(), int(label)) for image, label in zip(images, labels, strict=True)
        )

    ours = pairs(np.concatenate([train.x, test.x]), np.concatenate([train.y, test.y]))
    assert ours == pairs(bunch.images / 16, bunch.target)


@pytest.mark.parametrize("split", SPLITS)
def test_digits(split):
    digits = data.load("digits", split)
    assert digits.name == "digits"
    assert digits.is_image
    assert digits.shape == (8, 8, 1) == digits.x.shape[1:]
    assert digits.x.dtype == np.float32
    assert digits.x.min() == 0
    assert digits.x.max() == 1
    assert np.array_equal(np.unique(digits.x), np.arange(17, dtype=np.float32) / 16)
    assert np.array_equal(np.unique(digits.y), np.arange(10))
    share = np.bincount(digits.y) / len(digits)
    assert np.all(np.abs(share - 0.1) < 5 * np.sqrt(0.09 / len(digits)))  # the split does not favour a class
    again = data.load("digits", split)
    assert again.x.tobytes() == digits.x.tobytes()
    assert again.y.tobytes() == digits.y.tobytes()


# --------------------------------------------------------------------------------------------- where files are found


def small(value, n=4):
    """n images of one grey value, and labels."""
    return np.full((n, 28, 28), value, np.uint8), np.arange(n, dtype=np.uint8)


def value_of(dataset):
    return set(np.rint(dataset.x.ravel() * 255).astype(int))


@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("inside", ["", "mnist"])
def test_files_in_a_given_folder(tmp_path, put, inside, compressed):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (4, 28, 28), np.uint8), np.array([3, 1, 4, 1], np.uint8)
    put(tmp_path / inside, "train", images, labels, compressed)
    for folder in (tmp_path, str(tmp_path)):
        got = data.load("mnist", folder=folder)
        assert got.x.shape == (4, 28, 28, 1)
        assert got.x.dtype == np.float32
        assert np.array_equal(got.x, images[..., None] / np.float32(255))
        assert got.y.tolist() == [3, 1, 4, 1]
        assert got.y.dtype == np.int64


def test_the_most_explicit_place_wins(tmp_path, put, monkeypatch):
    put(cache_folder() / "mnist", "train", *small(1))
    assert value_of(data.load("mnist")) == {1}
    put(tmp_path / "env", "train", *small(2))
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path / "env"))
    assert value_of(data.load("mnist")) == {2}
    put(tmp_path / "env" / "mnist", "train", *small(3))
    assert value_of(data.load("mnist")) == {3}
    put(tmp_path / "given", "train", *small(4))
    assert value_of(data.load("mnist", folder=tmp_path / "given")) == {4}
    put(tmp_path / "given" / "mnist", "train", *small(5))
    assert value_of(data.load("mnist", folder=tmp_path / "given")) == {5}


def test_mnist_in_the_shared_folder_is_not_taken_for_fashion(tmp_path, put, monkeypatch):
    """Both sets have the same file names; only FOLDER/fashion_mnist says which it is."""
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path))
    put(tmp_path, "train", *small(1))
    put(cache_folder() / "fashion_mnist", "train", *small(2))
    assert value_of(data.load("fashion_mnist")) == {2}
    put(tmp_path / "fashion_mnist", "train", *small(3))
    assert value_of(data.load("fashion_mnist")) == {3}
    assert value_of(data.load("fashion_mnist", folder=tmp_path / "fashion_mnist")) == {3}


def test_images_of_one_place_never_meet_labels_of_another(tmp_path, put, monkeypatch):
    put(cache_folder() / "mnist", "train", *small(1))
    put(tmp_path / "mnist", "train", *small(2))
    (tmp_path / "mnist" / "train-labels-idx1-ubyte.gz").unlink()
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path))
    assert value_of(data.load("mnist")) == {1}


def test_a_given_folder_is_the_only_place(tmp_path, put):
    put(cache_folder() / "mnist", "train", *small(1))
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(DataError, match=r"folder: neither .*mnist nor .* holds train-images-idx3-ubyte.gz and"):
            data.load("mnist", folder=folder)
    put(tmp_path, "train", *small(1))
    with pytest.raises(DataError, match=r"holds t10k-images-idx3-ubyte.gz and t10k-labels"):
        data.load("mnist", "test", folder=tmp_path)


def test_located_means_all_four_files(tmp_path, put):
    put(tmp_path / "mnist", "train", *small(1))
    assert data.locate("mnist", tmp_path) == ""
    put(tmp_path / "mnist", "test", *small(1))
    assert data.locate("mnist", tmp_path) == str(tmp_path / "mnist")


def test_files_that_do_not_belong_together(tmp_path, put):
    put(tmp_path, "train", small(1)[0], small(1, n=5)[1])
    with pytest.raises(DataError, match="4 images and 5 labels in train; the two files do not belong together"):
        data.load("mnist", folder=tmp_path)
    put(tmp_path, "train", small(1)[1], small(1)[0])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz: has 1 axes, expected 3"):
        data.load("mnist", folder=tmp_path)


# --------------------------------------------------------------------------------------------------------- real MNIST

SHARED = os.environ.get("MINIGEN_DATA", "")


@pytest.fixture(scope="module")
def mnist():
    if not SHARED or not data.locate("mnist", SHARED):
        pytest.skip("MNIST is not in the folder of MINIGEN_DATA")
    return {split: data.load("mnist", split, folder=SHARED) for split in SPLITS}


def test_mnist_counts_and_labels(mnist):
    train, test = mnist["train"], mnist["test"]
    assert train.x.shape == (60_000, 28, 28, 1)
    assert test.x.shape == (10_000, 28, 28, 1)
    # The first labels and the number of each digit, as the database's authors and many a tutorial give them.
    assert train.y[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(train.y).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(test.y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_mnist_pixels(mnist):
    for dataset in mnist.values():
        assert dataset.x.dtype == np.float32
        assert (dataset.x.min(), dataset.x.max()) == (0, 1)
    x = mnist["train"].x
    assert x.mean(dtype=np.float64) == pytest.approx(0.1307, abs=1e-4)  # the usual constants of normalisation
    assert x.std(dtype=np.float64) == pytest.approx(0.3081, abs=1e-4)


def test_mnist_labels_belong_to_their_images(mnist):
    """The nearest class mean classifies about 82 % of the test images correctly, if nothing is out of step."""
    train, test = ((d.x.reshape(len(d), -1), d.y) for d in (mnist["train"], mnist["test"]))
    means = np.stack([train[0][train[1] == digit].mean(axis=0) for digit in range(10)])
    scores = test[0] @ means.T - (means**2).sum(axis=1) / 2  # largest where the squared distance is smallest
    assert (scores.argmax(axis=1) == test[1]).mean() == pytest.approx(0.82, abs=0.005)
