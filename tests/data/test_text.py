"""Texts: every window to train on, every symbol of the rest predicted once, and what is no text."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigen import data
from minigen.data import PAD, decode
from minigen.data.text import BLOCK, EMBEDDED, LARGEST, blocks, read_text, symbols_of, windows
from minigen.errors import DataError

SHARED = os.environ.get("MINIGEN_DATA", "")
SYMBOLS = st.lists(st.integers(0, 9), min_size=2, max_size=40).map(lambda x: np.array(x, np.uint8))


@given(SYMBOLS, st.integers(1, 7))
def test_blocks_predict_each_symbol_but_the_first_once(symbols, block):
    x = blocks(symbols, block)
    assert x.dtype == np.uint8
    assert x.shape[1] == block + 1
    predicted = x[:, 1:][x[:, 1:] != PAD]
    assert predicted.tolist() == symbols[1:].tolist()
    assert x[:, 0].tolist() == symbols[:-1:block].tolist()
    assert np.all(x[:-1] != PAD)  # only the last one is filled up
    assert x[-1, 1] != PAD


@given(SYMBOLS.filter(lambda x: len(x) > 3), st.integers(1, 3))
def test_windows_are_all_of_them_and_take_no_memory(symbols, block):
    x = windows(symbols, block)
    assert x.tolist() == [symbols[i : i + block + 1].tolist() for i in range(len(symbols) - block)]
    assert np.shares_memory(x, symbols)
    with pytest.raises(ValueError, match="read-only"):
        x[0, 0] = 1


def test_the_parts_of_a_text_meet_and_do_not_overlap():
    text = read_text(EMBEDDED / "sonnets.txt")
    train, test = data.load("sonnets"), data.load("sonnets", "test")
    assert train.alphabet == test.alphabet == "".join(sorted(set(text)))
    assert (train.x.dtype, test.x.dtype) == (np.uint8, np.uint8)
    n = len(text) * 9 // 10
    assert train.x.shape == (n - BLOCK, BLOCK + 1)
    assert decode(train.x[0], train.alphabet) == text[: BLOCK + 1]
    assert decode(train.x[-1], train.alphabet) == text[n - BLOCK - 1 : n]
    predicted = test.x[:, 1:][test.x[:, 1:] != PAD]
    assert decode(predicted, test.alphabet) == text[n:]
    assert decode(test.x[0, :1], test.alphabet) == text[n - 1]


def test_a_text_whose_every_block_begins_with_a_line_end_is_no_set_of_lines(tmp_path):
    """Records of 64 characters: in one part, or in both, the first symbols are all the same."""
    rows = np.random.default_rng(0).integers(97, 123, (100, 63)).astype(np.uint8).tobytes()
    records = "".join(rows[i : i + 63].decode() + "\n" for i in range(0, len(rows), 63))
    for shift in range(64):
        (tmp_path / "tinyshakespeare.txt").write_text(records[shift:])
        parts = [data.load("shakespeare", split, folder=tmp_path) for split in ("train", "test")]
        assert [part.kind for part in parts] == ["text", "text"]


def test_they_say_what_they_are():
    assert data.kind_of("sonnets") == data.kind_of("shakespeare") == "text"
    train = data.load("sonnets")
    assert repr(train) == "Dataset('sonnets': 85985 examples of shape (65,), 62 characters)"
    assert not train.is_image


def test_shakespeare():
    if not SHARED or not data.locate("shakespeare", SHARED):
        pytest.skip("it is not in the folder of MINIGEN_DATA")
    train, test = (data.load("shakespeare", split, folder=SHARED) for split in ("train", "test"))
    assert len(train.alphabet) == 65  # as nanoGPT's own preparation says, and the lengths of its parts
    assert len(train) + BLOCK == 1_003_854
    assert (test.x[:, 1:] != PAD).sum() == 111_540
    assert decode(train.x[0], train.alphabet).startswith(
        "First Citizen:\nBefore we proceed any further, hear me speak."
    )


# ------------------------------------------------------------------------------------------------------ what is refused


def test_any_text_of_ones_own(tmp_path):
    text = "\ufeffÄpfel und Birnen.\r\n" * 100
    (tmp_path / "tinyshakespeare.txt").write_bytes(text.encode())
    train = data.load("shakespeare", folder=tmp_path)
    assert decode(train.x[0], train.alphabet).startswith("Äpfel und Birnen.\n")
    assert "\r" not in train.alphabet
    (tmp_path / "tinyshakespeare.txt").write_bytes(b"of an old Mac\r" * 100)
    assert data.load("shakespeare", folder=tmp_path).alphabet[:2] == "\n "


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"\n" * 9 + b"a\x00b" + b"x" * 2000, r"line 10 has the character '\\x00', which cannot be printed; remove it"),
        (b"", "has 0 characters, expected at least 1280"),
        (b"x" * 1279, "has 1279 characters"),
        (b"ab\xff" + b"x" * 2000, r"is no text in UTF-8 \(byte 2: invalid start byte\); save it as UTF-8"),
        ("".join(map(chr, range(200, 500))).encode() * 9, "has 300 different characters, expected at most 255"),
    ],
)
def test_what_is_no_text(tmp_path, content, fault):
    path = tmp_path / "tinyshakespeare.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=fault) as refused:
        data.load("shakespeare", folder=tmp_path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_text_that_is_too_large(tmp_path, little_memory):
    path = tmp_path / "large.txt"
    with open(path, "wb") as file:
        file.truncate(LARGEST + 1)
    little_memory()
    with pytest.raises(DataError, match=f"has more than {LARGEST} bytes"):
        symbols_of(path)
