"""Names and sums: which are held out, that none is in both parts, and that the sums are right."""

import os

import numpy as np
import pytest

from minigen import data
from minigen.data import PAD
from minigen.data.alphabet import lines_of
from minigen.data.lines import LONGEST, read_lines, sums
from minigen.errors import ArgumentError, DataError

SHARED = os.environ.get("MINIGEN_DATA", "")
SPLITS = ("train", "test")


def parts(name, folder=None):
    found = [data.load(name, split, folder=folder) for split in SPLITS]
    assert found[0].alphabet == found[1].alphabet
    assert found[0].alphabet[0] == "\n"
    for part in found:
        assert data.kind_of(name) == "lines"
        assert part.x.dtype == np.uint8
        assert np.all(part.x[:, 0] == 0)
        assert np.all((part.x == 0).sum(axis=1) == 2)  # a line end before and after
    return [lines_of(part.x, part.alphabet) for part in found]


def test_names_are_held_out():
    train, test = parts("names")
    assert (len(train), len(test)) == (4647, 516)
    assert sorted(train + test) == read_lines(data.text.EMBEDDED / "names.txt")
    assert not set(train) & set(test)
    initials = [np.mean([name[0] < "m" for name in part]) for part in (train, test)]
    assert abs(initials[0] - initials[1]) < 0.1  # the names are mixed, not from A to Z
    assert data.load("names").x.tobytes() == data.load("names").x.tobytes()


def test_all_sums_are_there_and_right():
    train, test = parts("adder")
    assert (len(train), len(test)) == (9000, 1000)
    assert len(set(train) | set(test)) == 10_000
    for line in (*train[::9], *test):
        a, _, rest = line.partition("+")
        b, _, answer = rest.partition("=")
        assert (len(a), len(b), len(answer)) == (2, 2, 3)
        assert int(a) + int(b) == int(answer[::-1])
    assert "12+34=640" in sums()
    x = data.load("adder", "test").x
    assert x.shape == (1000, 11)
    assert not np.any(x == PAD)


def test_makemore_names():
    if not SHARED or not data.locate("makemore-names", SHARED):
        pytest.skip("they are not in the folder of MINIGEN_DATA")
    train, test = (data.load("makemore-names", split, folder=SHARED) for split in SPLITS)
    assert train.x.shape == (31_033, 15 + 2)
    assert test.x.shape == (1000, 15 + 2)
    assert train.alphabet == "\nabcdefghijklmnopqrstuvwxyz"
    assert len({row.tobytes() for row in (*train.x, *test.x)}) == 29_494  # some stand several times
    assert lines_of(test.x[:4], test.alphabet) == ["sanii", "rhyson", "lida", "gennady"]


def test_what_is_not_read_from_files(tmp_path):
    for name in ("names", "adder", "sonnets"):
        with pytest.raises(ArgumentError, match=f"folder: {name!r} is not read from files"):
            data.load(name, folder=tmp_path)
    assert data.locate("names", tmp_path) == data.locate("sonnets", tmp_path) == "part of minigen"
    assert data.locate("adder", tmp_path) == "computed"


# ------------------------------------------------------------------------------------------------------ what is refused


def test_lines_of_ones_own(tmp_path):
    lines = [f"name{i}" for i in range(2500)]
    (tmp_path / "names.txt").write_text("\r\n".join(f" {line} " for line in lines) + "\n\n\n")
    train, test = parts("makemore-names", tmp_path)
    assert sorted(train + test) == sorted(lines)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\n \n\n", "has no lines; give a file with one example a line"),
        (b"anna\nbob\n", "has 2 lines, expected at least 2000"),
        (b"anna\n\n" + b"x" * (LONGEST + 1), "line 3 has more than 1000 characters"),
        ("\n".join(map(chr, range(200, 500))).encode(), "different characters, expected at most 254"),
        (b"a\n" * 70_000 + b"b" * 1000, "70001 lines, the longest of 1000 characters, would be 70141002 symbols, exp"),
        (b"\xff\xfe", "is no text in UTF-8"),
    ],
)
def test_what_is_no_file_of_lines(tmp_path, content, fault):
    path = tmp_path / "names.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=fault) as refused:
        data.load("makemore-names", folder=tmp_path)
    assert str(path) in str(refused.value)
