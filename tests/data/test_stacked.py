"""Stacked MNIST: each channel is a digit of MNIST, and the label says which three."""

import gzip

import numpy as np
import pytest

from minigen import data
from minigen.data.mnist import STEMS


@pytest.fixture
def folder(tmp_path):
    """A small MNIST whose image number i is one grey level throughout, 2 i."""
    rng = np.random.default_rng(0)
    for images, labels in STEMS.values():
        x = np.broadcast_to(2 * np.arange(100, dtype=np.uint8)[:, None, None], (100, 28, 28))
        y = rng.integers(10, size=100).astype(np.uint8)
        for stem, array in ((images, x), (labels, y)):
            head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
            (tmp_path / f"{stem}.gz").write_bytes(gzip.compress(head + array.tobytes()))
    return tmp_path


@pytest.mark.parametrize("split", ["train", "test"])
def test_channels_are_digits_and_the_label_names_them(folder, split):
    digits, stacks = (data.load(name, split, folder=folder) for name in ("mnist", "stacked_mnist"))
    assert stacks.x.shape == (100, 28, 28, 3)
    assert stacks.x.dtype == np.uint8
    number = stacks.x[:, 0, 0] // 2  # which digit each channel shows
    assert (stacks.y == digits.y[number] @ [100, 10, 1]).all()
    assert (number[:, 0] != number[:, 1]).mean() > 0.9
    again = data.load("stacked_mnist", split, folder=folder)
    assert (again.x == stacks.x).all()


def test_it_is_where_mnist_is(folder):
    assert data.locate("stacked_mnist", folder) == data.locate("mnist", folder)
