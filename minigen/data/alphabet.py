"""Symbols as numbers: a character is its place in an alphabet.

    alphabet = "\\n abc",    "a cab"  ->  2 1 4 2 3,    PAD = 255: there is no more

An alphabet has at most 255 different characters, so that a symbol is a byte and 255 is free.
Lesson 16 begins with them.
"""

import unicodedata

import numpy as np

from ..errors import ArgumentError, DTypeError

PAD = 255  # after the end of a line, a text, or a piece of music
MOST = 255  # characters of an alphabet
LARGEST_TABLE = 1 << 26  # symbols, with those after the ends of lines; names have 86 000


def can_be_shown(character: str) -> bool:
    """Whether a character can be printed, is a space, or ends or indents a line: others could rule a terminal."""
    return character.isprintable() or character in "\n\t" or unicodedata.category(character) == "Zs"


def alphabet_of(text: str) -> str:
    """The different characters of a text, sorted by their code points.

    Raises:
        ArgumentError: there are none, or more than 255.
    """
    return check_alphabet("".join(sorted(set(text))))


def check_alphabet(alphabet: str) -> str:
    """The alphabet, if it is one: 1 ... 255 characters, all different.

    Raises:
        ArgumentError: it is not; says why.
    """
    if not isinstance(alphabet, str):
        raise DTypeError(f"alphabet: expected a string of different characters, got {type(alphabet).__name__}")
    if not 1 <= len(alphabet) <= MOST:
        raise ArgumentError(f"alphabet: expected 1 ... {MOST} characters, got {len(alphabet)}; a symbol is one byte")
    if len(set(alphabet)) < len(alphabet):
        twice = next(c for i, c in enumerate(alphabet) if c in alphabet[:i])
        raise ArgumentError(f"alphabet: expected different characters, got {twice!r} twice; leave one of them out")
    return alphabet


def encode(text: str, alphabet: str) -> np.ndarray:
    """The symbols of a text, bytes (T,): the place of each character in the alphabet.

    Raises:
        ArgumentError: a character that is not in the alphabet; names it and where it stands.
    """
    if not isinstance(text, str):
        raise DTypeError(f"text: expected a string, got {type(text).__name__}")
    known = np.array([ord(c) for c in check_alphabet(alphabet)], np.uint32)
    order = np.argsort(known)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")  # one number a character
    places = order[np.searchsorted(known, codes, sorter=order).clip(max=len(known) - 1)]
    unknown = np.flatnonzero(known[places] != codes)
    if len(unknown):
        i = int(unknown[0])
        raise ArgumentError(
            f"text: the character {text[i]!r} at position {i} is not in the alphabet of {len(alphabet)} characters, "
            f"{alphabet!r}; leave it out"
        )
    return places.astype(np.uint8)


def decode(symbols: np.ndarray, alphabet: str) -> str:
    """The text that symbols (T,) stand for; it ends before the first PAD.

    Raises:
        ArgumentError: a symbol that is neither PAD nor a place in the alphabet.
    """
    symbols = np.asarray(symbols)
    if symbols.ndim != 1 or symbols.dtype.kind not in "iu":
        raise DTypeError(f"symbols: expected integers (T,), got {symbols.dtype} {symbols.shape}; decode line by line")
    ended = np.flatnonzero(symbols == PAD)
    symbols = symbols[: ended[0]] if len(ended) else symbols
    outside = (symbols < 0) | (symbols >= len(check_alphabet(alphabet)))
    if outside.any():
        i = int(np.flatnonzero(outside)[0])
        raise ArgumentError(
            f"symbols: expected 0 ... {len(alphabet) - 1} or {PAD} (the end), got {symbols[i]} at position {i}"
        )
    return "".join(alphabet[k] for k in symbols.tolist())


def lines_of(symbols: np.ndarray, alphabet: str) -> list[str]:
    """The lines that rows of symbols (N, T) stand for, without the line ends that begin and end each.

    Raises:
        ArgumentError: a symbol that is neither PAD nor a place in the alphabet.
    """
    return [decode(row, alphabet).removeprefix("\n").partition("\n")[0] for row in symbols]


def too_large_a_table(lines: int, longest: int) -> str:
    """Why so many lines cannot be rows of symbols, all as long as the longest."""
    return (
        f"{lines} lines, the longest of {longest} characters, would be {lines * (longest + 2)} symbols, expected at "
        f"most {LARGEST_TABLE}; break the longest lines, or take fewer"
    )


def pack(lines: list[str], alphabet: str, longest: int) -> np.ndarray:
    """Lines as rows of symbols, bytes (N, longest + 2): a line end, the line, a line end, then PAD.

    Raises:
        ArgumentError: a line is longer than `longest`, or has a character that is not in the alphabet; says which.
            Or there would be more than LARGEST_TABLE symbols.
    """
    if len(lines) * (longest + 2) > LARGEST_TABLE:
        raise ArgumentError(f"lines: {too_large_a_table(len(lines), longest)}")
    for i, line in enumerate(lines):
        if len(line) > longest or "\n" in line:
            raise ArgumentError(f"lines: expected lines of at most {longest} characters, got {line[:80]!r} as line {i}")
    filled = np.arange(longest + 2) < np.array([len(line) + 2 for line in lines]).reshape(-1, 1)  # (N, longest + 2)
    x = np.full(filled.shape, PAD, np.uint8)
    x[filled] = encode("".join(f"\n{line}\n" for line in lines), alphabet)
    return x
