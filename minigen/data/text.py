"""Texts to go on with, character by character: Shakespeare's sonnets, and a megabyte of his plays.

The first nine tenths are to train on. An example is T + 1 = 65 symbols: the first is given, the others are predicted.

    train    every window of the text: symbols i ... i + 64 for every i; they overlap, in memory the text stands once
    test     blocks, one after another, so that every symbol of the last tenth is predicted once and only once; the
             first of a block is the last of the block before

`shakespeare` is the file of char-rnn (Karpathy 2015) that nanoGPT's example uses too. Lesson 16 counts its symbols.
"""

from pathlib import Path

import numpy as np

from ..errors import DataError
from .alphabet import MOST, PAD, alphabet_of, can_be_shown, encode
from .dataset import Dataset
from .pinned import Pinned, content_of

BLOCK = 64  # symbols of an example that are predicted
LARGEST = 16 << 20  # bytes of a text
EMBEDDED = Path(__file__).parent / "embedded"
SHAKESPEARE = Pinned(
    "text",
    "tinyshakespeare.txt",
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    LARGEST,
)


def load_text(name: str, split: str, folder: str | Path | None = None) -> Dataset:
    """'sonnets' or 'shakespeare': symbols, bytes (N, 65), and their alphabet, that of the whole text.

    Raises:
        DataError: the file is not in `folder`, is no text, or cannot be downloaded.
    """
    path = EMBEDDED / "sonnets.txt" if name == "sonnets" else SHAKESPEARE.path(folder)
    symbols, alphabet = symbols_of(path)
    n = len(symbols) * 9 // 10
    return Dataset(name, windows(symbols[:n]) if split == "train" else blocks(symbols[n - 1 :]), alphabet=alphabet)


def symbols_of(path: Path) -> tuple[np.ndarray, str]:
    """A text as symbols, bytes (T,), and its alphabet.

    Raises:
        DataError: it is missing, no text in UTF-8, too short, or has too many different characters.
    """
    content = read_text(path)
    if len(content) < 20 * BLOCK:
        raise DataError(f"{path}: has {len(content)} characters, expected at least {20 * BLOCK}; give a longer text")
    if (different := len(set(content))) > MOST:
        raise DataError(f"{path}: has {different} different characters, expected at most {MOST}; replace the rarest")
    alphabet = alphabet_of(content)
    return encode(content, alphabet), alphabet


def read_text(path: Path) -> str:
    """A text in UTF-8, with line ends as "\\n", whatever the system that wrote it.

    Raises:
        DataError: it is missing, too large, or no text; says where.
    """
    content = content_of(path, LARGEST)
    try:
        found = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is no text in UTF-8 (byte {error.start}: {error.reason}); save it as UTF-8") from None
    found = found.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "")  # marks where files were joined
    if odd := next((c for c in sorted(set(found)) if not can_be_shown(c)), ""):
        line = found[: found.index(odd)].count("\n") + 1
        raise DataError(f"{path}: line {line} has the character {odd!r}, which cannot be printed; remove it")
    return found


def windows(symbols: np.ndarray, block: int = BLOCK) -> np.ndarray:
    """All windows of a text, (T - block, block + 1): a view that takes no memory, and cannot be written to."""
    return np.lib.stride_tricks.sliding_window_view(symbols, block + 1)


def blocks(symbols: np.ndarray, block: int = BLOCK) -> np.ndarray:
    """The text cut so that all symbols but the first are predicted once: (N, block + 1), the last filled with PAD."""
    n = -(-(len(symbols) - 1) // block)
    x = np.full((n, block + 1), PAD, np.uint8)
    x[:, 0] = symbols[:-1:block]
    x[:, 1:].flat[: len(symbols) - 1] = symbols[1:]
    return x
