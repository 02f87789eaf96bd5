"""The reader of MATLAB files: what SciPy writes and reads, and what is refused in one line."""

import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from minigen.data import matlab
from minigen.data.matlab import read_cells
from minigen.errors import DataError
from tests.fuzz.samples import MATLAB, cells, element, matrix, packed, rolls

SHARED = os.environ.get("MINIGEN_DATA", "")
MATRICES = st.lists(
    st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(lambda shape: arrays(np.uint8, shape)),
    min_size=1,
    max_size=4,
)
A = element(2, b"\1\0\1\0\1\0")  # the values of a matrix of 2 x 3


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Write bytes to a file and give its path."""
    path = tmp_path_factory.mktemp("mat") / "some.mat"

    def write(content):
        path.write_bytes(content)
        return path

    return write


def as_cells(matrices):
    """A cell array, as SciPy has it."""
    found = np.empty((1, len(matrices)), object)
    for i, one in enumerate(matrices):
        found[0, i] = one
    return found


@settings(max_examples=20)
@given(MATRICES, MATRICES, st.booleans())
def test_what_scipy_writes(tmp_path_factory, one, other, compressed):
    path = tmp_path_factory.getbasetemp() / "scipy.mat"
    content = {"one": as_cells(one), "a_longer_name": as_cells(other), "number": 3.0, "text": "hello"}
    scipy.io.savemat(path, content, do_compression=compressed)
    found = read_cells(path)
    assert found.keys() == {"one", "a_longer_name"}  # what is no list of matrices is left out
    for name, matrices in (("one", one), ("a_longer_name", other)):
        assert len(found[name]) == len(matrices)
        for a, b in zip(found[name], matrices, strict=True):
            assert a.dtype == np.uint8
            assert np.array_equal(a, b)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "bool"])
def test_small_numbers_of_any_type(file, dtype):
    """SciPy writes each type as it is, MATLAB as bytes."""
    matrices = [np.eye(2, 3).astype(dtype), np.zeros((4, 1), dtype)]
    path = file(b"")
    scipy.io.savemat(path, {"x": as_cells(matrices)})
    for ours, theirs in zip(read_cells(path)["x"], matrices, strict=True):
        assert ours.dtype == np.uint8
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("matrix", "found"),
    [(np.full((2, 2), 0.5), "0.5"), (np.full((2, 2), -1, np.int8), "-1"), (np.full((1, 1), np.nan), "nan"),
     (np.full((2, 2), 256), "256")],
)  # fmt: skip
def test_other_numbers_are_no_damage(file, matrix, found):
    path = file(b"")
    scipy.io.savemat(path, {"x": as_cells([matrix])})
    with pytest.raises(DataError, match=rf"holds numbers such as {found} \(\w+\), expected .* numbers 0 ... 255$"):
        read_cells(path)


@pytest.mark.parametrize("name", ["JSB_Chorales.mat", "Nottingham.mat"])
def test_the_real_files_as_scipy_reads_them(name):
    path = Path(SHARED or ".", "music", name)
    if not path.is_file():
        pytest.skip("it is not in the folder of MINIGEN_DATA")
    theirs = scipy.io.loadmat(path)
    ours = read_cells(path)
    assert ours.keys() == {key for key in theirs if not key.startswith("__")}
    for key, matrices in ours.items():
        assert all(np.array_equal(a, b) for a, b in zip(matrices, theirs[key].ravel(), strict=True))


def test_elements_may_be_compressed_or_not(file):
    found = [read_cells(file(pack(cells(x=rolls(), y=rolls(1))))) for pack in (packed, lambda c: MATLAB + c)]
    assert found[1].keys() == {"x", "y"}
    assert found[0].keys() == {"x"}  # a compressed element holds one variable
    assert all(np.array_equal(a, b) for a, b in zip(found[0]["x"], found[1]["x"], strict=True))


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is no MATLAB 5 file: it begins with b''"),
        (b"PK\3\4" + bytes(200), "is no MATLAB 5 file"),
        (MATLAB.replace(b"IM", b"MI"), "is no MATLAB 5 file"),  # of a machine that has its bytes the other way round
        (MATLAB + b"\1", "it ends within an element"),
        (MATLAB + struct.pack("<II", 14, 1 << 31), "promises 2147483648 bytes, and 0 follow"),
        (MATLAB + struct.pack("<HHI", 14, 5, 0), "a small element promises 5 bytes"),
        (MATLAB + struct.pack("<II", 15, 0), "it ends within a compressed element"),
        (MATLAB + struct.pack("<II", 15, 4) + b"abcd", "incorrect header check"),
        (packed(cells(x=rolls()))[:-9], r"promises \d+ bytes, and \d+ follow"),
        (packed(b""), "an element is empty"),
        (MATLAB + element(14, b""), "an element is empty"),
        (MATLAB + element(14, element(6, bytes(8)) + element(5, bytes(12)) + element(1, b"x")), "has no head of flags"),
        (MATLAB + matrix(1, (1, -1), b"x", b""), r"has the axes \(1, -1\)"),
        (MATLAB + matrix(1, (1, 2), b"x", matrix(6, (2, 3), b"", A)), "'x' promises 2 matrices and has 1"),
        (MATLAB + matrix(1, (1, 1), b"x", matrix(6, (2, 4), b"", A)), "2 x 4 has 6 bytes of type 2"),
        (
            MATLAB + matrix(1, (1, 1), b"x", matrix(6, (2, 3), b"", element(10, bytes(48)))),
            "48 bytes of type 10",
        ),
        (
            MATLAB + matrix(1, (1, 1), b"x", matrix(1, (1, 1), b"", matrix(6, (2, 3), b"", A))),
            "of class 1, which is no matrix of n",
        ),
    ],
)
def test_damage_is_one_line(file, content, fault):
    path = file(content)
    with pytest.raises(DataError, match=fault) as refused:
        read_cells(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_cut_is_noticed(file):
    whole = packed(cells(x=rolls(1, 3)))
    for n in range(1, len(whole) - 128):
        with pytest.raises(DataError):
            read_cells(file(whole[:-n]))


def test_a_bomb_does_not_go_off(file, monkeypatch):
    """Sixteen times what may be unpacked in one element, and twice as much in several."""
    monkeypatch.setattr(matlab, "LONGEST", 1 << 20)
    bomb = zlib.compress(bytes(16 << 20))
    path = file(MATLAB + struct.pack("<II", 15, len(bomb)) + bomb)
    tracemalloc.start()
    with pytest.raises(DataError, match="unpacks to more than 1048576 bytes"):
        read_cells(path)
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()
    head = element(6, bytes(8)) + element(5, bytes(8))
    part = zlib.compress(element(14, head + element(1, bytes(400_000))))
    assert read_cells(file(MATLAB + 2 * (struct.pack("<II", 15, len(part)) + part))) == {}
    with pytest.raises(DataError, match="unpacks to more than 1048576 bytes"):
        read_cells(file(MATLAB + 3 * (struct.pack("<II", 15, len(part)) + part)))


def test_a_file_that_is_too_large(tmp_path):
    path = tmp_path / "large.mat"
    with open(path, "wb") as large:
        large.truncate(matlab.LONGEST + 1)
    with pytest.raises(DataError, match=f"has more than {matlab.LONGEST} bytes"):
        read_cells(path)
