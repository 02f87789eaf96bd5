"""What the package holds itself: the digits are scikit-learn's, the names and sonnets what their notice says."""

from pathlib import Path

import numpy as np

from minigen.data import small_digits
from minigen.data.lines import read_lines
from minigen.data.text import EMBEDDED, read_text

ROOT = Path(__file__).parents[2]


def test_the_digits_are_scikit_learns_byte_for_byte():
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images, labels = small_digits.all_digits()
    assert images.dtype == labels.dtype == np.uint8
    assert images.astype(bunch.images.dtype).tobytes() == bunch.images.tobytes()
    assert labels.astype(bunch.target.dtype).tobytes() == bunch.target.tobytes()


def test_all_files_are_small_and_credited():
    notice = (EMBEDDED / "SOURCES.md").read_text(encoding="utf-8")
    for path in EMBEDDED.iterdir():
        assert path.stat().st_size < 100_000
        assert path.name == "SOURCES.md" or f"`{path.name}`" in notice
    assert "minigen.data = embedded/*" in (ROOT / "setup.cfg").read_text()  # so that a wheel has them


def test_the_names():
    names = read_lines(EMBEDDED / "names.txt")
    assert len(names) == 5163 == 4275 + 1219 - 331
    assert names == sorted(set(names))
    assert set("".join(names)) == set("abcdefghijklmnopqrstuvwxyz")
    assert {"mary", "james", "kim", "guadalupe"} <= set(names)


def test_the_sonnets():
    text = read_text(EMBEDDED / "sonnets.txt")
    assert text.isascii()
    assert not [line for line in text.split("\n") if line != line.rstrip()]
    parts = [part for part in text.split("\n\n") if part.strip()]
    numbers, sonnets = parts[::2], [part.strip("\n").split("\n") for part in parts[1::2]]
    assert len(numbers) == len(sonnets) == 154
    assert set("".join(numbers)) <= set("IVXLC\n")
    lengths = {i + 1: len(sonnet) for i, sonnet in enumerate(sonnets)}
    assert lengths.pop(99) == 15  # the two that are no sonnets by their form
    assert lengths.pop(126) == 12
    assert set(lengths.values()) == {14}
    assert sonnets[17][0] == "Shall I compare thee to a summer's day?"
