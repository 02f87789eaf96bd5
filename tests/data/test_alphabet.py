"""Symbols and characters: there and back, what is not in an alphabet, and where a line ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigen.data.alphabet import PAD, alphabet_of, check_alphabet, decode, encode, lines_of, pack
from minigen.errors import ArgumentError, DTypeError

TEXTS = st.text(st.characters(max_codepoint=0x1F600), min_size=1, max_size=60)
LINES = st.lists(st.text("ab é", max_size=5), min_size=1, max_size=6)


@given(TEXTS)
def test_there_and_back(text):
    alphabet = alphabet_of(text)
    assert list(alphabet) == sorted(set(text))
    symbols = encode(text, alphabet)
    assert symbols.dtype == np.uint8
    assert symbols.tolist() == [alphabet.index(c) for c in text]
    assert decode(symbols, alphabet) == text


@given(st.permutations("xyz \n"), st.text("xyz \n"))
def test_an_alphabet_has_its_own_order(characters, text):
    alphabet = "".join(characters)
    assert encode(text, alphabet).tolist() == [alphabet.index(c) for c in text]


def test_the_largest_alphabet():
    alphabet = "".join(map(chr, range(1000, 1255)))
    assert encode(alphabet, alphabet).tolist() == list(range(255))
    with pytest.raises(ArgumentError, match=r"alphabet: expected 1 ... 255 characters, got 256"):
        check_alphabet(alphabet + "a")


def test_what_is_no_alphabet():
    with pytest.raises(ArgumentError, match="got 0; a symbol is one byte"):
        alphabet_of("")
    with pytest.raises(ArgumentError, match="got 'a' twice"):
        encode("a", "aba")
    with pytest.raises(DTypeError, match="alphabet: expected a string of different characters, got list"):
        decode(np.zeros(1, np.uint8), ["a"])
    with pytest.raises(DTypeError, match="text: expected a string, got bytes"):
        encode(b"a", "a")


@given(st.text("abc", max_size=10), st.text("abc", max_size=10), st.characters(exclude_characters="abc"))
def test_what_is_not_in_the_alphabet_is_named(before, after, stranger):
    with pytest.raises(ArgumentError) as refused:
        encode(before + stranger + after, "cab")
    line = str(refused.value)
    assert f"the character {stranger!r} at position {len(before)} is not in the alphabet of 3 characters" in line


def test_decoding_ends_at_pad():
    assert decode(np.array([0, 1, PAD, 0], np.uint8), "ab") == "ab"
    assert decode(np.array([PAD], np.uint8), "ab") == ""
    with pytest.raises(ArgumentError, match=r"expected 0 ... 1 or 255 \(the end\), got 2 at position 1"):
        decode(np.array([0, 2]), "ab")
    with pytest.raises(ArgumentError, match="got -1 at position 0"):
        decode(np.array([-1]), "ab")
    for wrong in (np.zeros((2, 2), np.uint8), np.zeros(2)):
        with pytest.raises(DTypeError, match=r"symbols: expected integers \(T,\)"):
            decode(wrong, "ab")


@given(LINES)
def test_lines_there_and_back(lines):
    alphabet, longest = "\n" + "ab é", max(map(len, lines)) + 1
    x = pack(lines, alphabet, longest)
    assert x.shape == (len(lines), longest + 2)
    assert x.dtype == np.uint8
    for row, line in zip(x, lines, strict=True):
        assert row[: len(line) + 2].tolist() == [0, *(alphabet.index(c) for c in line), 0]
        assert np.all(row[len(line) + 2 :] == PAD)
    assert lines_of(x, alphabet) == lines


def test_no_lines_are_an_array_too():
    assert pack([], "\na", 3).shape == (0, 5)


def test_lines_that_do_not_fit():
    for line in ("abc", "a\n"):
        with pytest.raises(ArgumentError, match=r"lines: expected lines of at most 2 characters, got .* as line 1"):
            pack(["a", line], "\nabc", 2)


def test_a_single_long_line_among_many_short_ones():
    """They would take a thousand times the memory of the text; nothing is made of them."""
    with pytest.raises(ArgumentError, match=r"lines: 70000 lines, the longest of 1000 characters, would be 70140000"):
        pack(["a"] * 70_000, "\na", 1000)
