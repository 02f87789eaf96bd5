"""The IDX reader returns exactly what the file says, or refuses in one line; it never believes a header's size."""

import gzip
import math
import random
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from minigen.data.idx import LARGEST, read_idx
from minigen.errors import DataError
from tests.faults import record

ARRAYS = arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, max_side=6))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Write bytes to a file and give its path."""
    path = tmp_path_factory.mktemp("idx") / "some-idx-ubyte"

    def write(content):
        path.write_bytes(content)
        return path

    return write


def read(path, ndim):
    """The array, or None where the reader refuses; a refusal is one line that names the file."""
    try:
        return read_idx(path, ndim)
    except DataError as error:
        line = str(error)
    assert str(path) in line
    assert "\n" not in line
    return None


def expected(content, ndim):
    """What plain bytes mean, worked out the long way: byte by byte."""
    if content[:4] != bytes((0, 0, 8, ndim)) or len(content) < 4 + 4 * ndim:
        return None
    shape = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(ndim)]
    payload = list(content[4 + 4 * ndim :])
    if not payload or math.prod(shape) != len(payload):
        return None
    return np.array(payload, np.uint8).reshape(shape)


def same(a, b):
    return (a is None) == (b is None) and (a is None or (a.shape == b.shape and np.array_equal(a, b)))


@given(ARRAYS, st.booleans())
def test_round_trip(file, idx, array, compressed):
    content = idx(array)
    got = read_idx(file(gzip.compress(content) if compressed else content), array.ndim)
    assert got.dtype == np.uint8
    assert same(got, array)


@given(ARRAYS, st.data(), st.booleans())
def test_truncation_is_refused(file, idx, array, data, compressed):
    content = gzip.compress(idx(array)) if compressed else idx(array)
    cut = data.draw(st.integers(0, len(content) - 1))
    assert read(file(content[:cut]), array.ndim) is None


@given(ARRAYS, st.binary(min_size=1), st.booleans())
def test_trailing_bytes_are_refused(file, idx, array, rest, compressed):
    content = idx(array) + rest
    assert read(file(gzip.compress(content) if compressed else content), array.ndim) is None


@given(ARRAYS, st.data())
def test_a_changed_header_is_refused_or_read_as_it_says(file, idx, array, data):
    content = bytearray(idx(array))
    i = data.draw(st.integers(0, 3 + 4 * array.ndim))
    content[i] = data.draw(st.integers(0, 255))
    assert same(read(file(content), array.ndim), expected(content, array.ndim))


@given(st.binary(max_size=64), st.integers(1, 4))
def test_random_bytes(file, content, ndim):
    assert same(read(file(content), ndim), None if content[:2] == b"\x1f\x8b" else expected(content, ndim))


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4), st.binary(max_size=32), st.booleans())
def test_any_sizes_in_the_header(file, shape, payload, compressed):
    content = bytes((0, 0, 8, len(shape))) + struct.pack(f">{len(shape)}I", *shape) + payload
    got = read(file(gzip.compress(content) if compressed else content), len(shape))
    assert same(got, expected(content, len(shape)))


@given(ARRAYS, st.data())
def test_a_changed_byte_of_a_gzip_file_is_noticed(file, idx, array, data):
    content = bytearray(gzip.compress(idx(array)))
    i = data.draw(st.integers(0, len(content) - 1))
    content[i] ^= data.draw(st.integers(1, 255))
    got = read(file(content), array.ndim)
    assert got is None or same(got, array)  # some bytes of a gzip header mean nothing


@given(ARRAYS, st.binary(max_size=40))
def test_rubbish_after_the_gzip_magic(file, idx, array, rubbish):
    assert read(file(b"\x1f\x8b" + rubbish), array.ndim) is None


MB = 1 << 20


def peak_of_reading(path):
    """What `read` gives of a file of labels, and the most memory that took."""
    tracemalloc.start()
    try:
        return read(path, 1), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def labels(promised, content=b"abc"):
    return b"\0\0\x08\x01" + struct.pack(">I", promised) + content


def test_fault_memory_follows_the_file_not_the_header(file):
    """Sizes that are not there, and bombs behind a small size or too large a one."""
    cases = [labels(promised) for promised in (100 * MB, LARGEST, LARGEST + 1, 2**32 - 1)]
    cases += [gzip.compress(content) for content in cases]
    cases += [gzip.compress(labels(n, bytes(100 * MB)), 1) for n in (3, LARGEST + 1)]
    losses = 0
    for content in cases:
        got, peak = peak_of_reading(file(content))
        losses += got is not None or peak > 4 * MB
    record("IDX: false sizes and gzip bombs", len(cases), losses, "one line, less than 4 MB of memory")
    assert losses == 0
    assert len(peak_of_reading(file(labels(3)))[0]) == 3


def test_large_files_are_read_whole(file, idx):
    array = np.frombuffer(random.Random(0).randbytes(3 * MB + 5), np.uint8)  # more than one block
    assert same(read_idx(file(idx(array)), 1), array)
    assert same(read_idx(file(gzip.compress(idx(array), 1)), 1), array)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file of bytes: it begins with nothing, expected 00 00 08 03"),
        (b"<!DOCTYPE html>", "it begins with 3c 21 44 4f, expected 00 00 08 03; give the MNIST-like file"),
        (b"\0\0\x0d\x03" + bytes(12), "it begins with 00 00 0d 03, expected 00 00 08 03"),
        (b"\0\0\x08\x01" + bytes(12), "has 1 axes, expected 3; are images and labels mixed up?"),
        (b"\0\0\x08\x03\0\0", "ends after 6 bytes, within its header; remove it and fetch it again"),
        (
            b"\0\0\x08\x03" + struct.pack(">3I", 2, 3, 4) + bytes(23),
            "promises 2 x 3 x 4 = 24 bytes and only 23 follow; it is damaged: remove it and fetch it again",
        ),
        (b"\0\0\x08\x03" + struct.pack(">3I", 2, 3, 4) + bytes(25), "promises 2 x 3 x 4 = 24 bytes and more follow"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 0, 28, 28), f"0 x 28 x 28 = 0 bytes, expected 1 ... {LARGEST}"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 0), "= 0 bytes, expected 1"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 2**16, 2**15, 1), f"= 2147483648 bytes, expected 1 ... {LARGEST}"),
        (
            gzip.compress(b"\0\0\x08\x03" + struct.pack(">3I", 1, 1, 1) + b"a")[:-4],
            "cannot be read (Compressed file ended",
        ),
        (b"\x1f\x8bnot gzip at all", "if it is damaged, remove it and fetch it again"),
    ],
    ids=[
        "nothing",
        "html",
        "doubles",
        "labels",
        "half a header",
        "too short",
        "too long",
        "no images",
        "sizes that overflow",
        "too large",
        "half a gzip file",
        "not gzip",
    ],
)
def test_refusals(file, content, message):
    path = file(content)
    with pytest.raises(DataError) as refusal:
        read_idx(path, 3)
    assert message in str(refusal.value)
    assert str(path) in str(refusal.value)


def test_no_such_file(tmp_path):
    with pytest.raises(DataError, match="nowhere: no such file"):
        read_idx(tmp_path / "nowhere", 3)
    with pytest.raises(DataError, match="cannot be read"):
        read_idx(tmp_path, 3)
