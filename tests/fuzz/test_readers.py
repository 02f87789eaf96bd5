"""The readers on what the fuzzer once found, and on damage of every kind for a moment: an array or one clear line."""

import random

import pytest

from tests.faults import record

from . import fuzz_readers, targets


def test_the_seeds_are_right(tmp_path):
    seeds = targets.seeds()
    assert len(seeds) == len(targets.TARGETS)
    assert all(targets.run(content, tmp_path / "input") for content in seeds)


@pytest.mark.parametrize("path", sorted(fuzz_readers.CORPUS.glob("*-*")), ids=lambda path: path.name)
def test_what_was_found_before(path, tmp_path):
    targets.run(path.read_bytes(), tmp_path / "input")


def damaged(tries, path):
    """Read so many damaged files; anything but an array or a DataError of one line ends it."""
    rng, starts = random.Random(0), fuzz_readers.inputs()
    refused = 0
    for _ in range(tries):
        refused += not targets.run(fuzz_readers.changed(rng.choice(starts), starts, rng), path)
    record("data files damaged at random", tries, 0, f"{refused} refused in one line; the others are valid files still")
    assert refused > tries / 3


def test_fault_damaged_files(tmp_path):
    damaged(400, tmp_path / "input")


@pytest.mark.slow
def test_fault_damaged_files_often(tmp_path):
    damaged(20_000, tmp_path / "input")


def test_the_fuzzer_notices(tmp_path, monkeypatch):
    """A reader that lets an error through is found."""

    def careless(path):
        assert path.read_bytes()[40]

    monkeypatch.setattr(targets, "TARGETS", [("idx", careless, bytes)])
    with pytest.raises(IndexError):
        targets.run(b"\0short", tmp_path / "input")
