"""Short lines, each an example of its own: first names, and sums.

    "\\n" a n n a "\\n" PAD PAD ...          a line end begins and ends each line
    "\\n" 1 2 + 3 4 = 6 4 0 "\\n"           12 + 34 = 046, the answer written backwards: the carry then goes forwards

`names` are the 5163 different first names of the 1990 US Census, `makemore-names` the 32 033 of makemore (Karpathy
2022), in which some names stand several times. `adder` is the task of minGPT's example (Karpathy 2020): all 10 000
sums of two numbers of two digits. Lessons 16 and 17 use them.
"""

import random
from pathlib import Path

from ..errors import DataError
from .alphabet import LARGEST_TABLE, MOST, pack, too_large_a_table
from .dataset import Dataset
from .pinned import Pinned
from .text import EMBEDDED, LARGEST, read_text

HELD_OUT = 1000  # lines to test on, of makemore-names and of adder; of names a tenth
LONGEST = 1000  # characters of a line
MAKEMORE = Pinned(
    "text",
    "names.txt",
    "https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",
    "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
    LARGEST,
)


def load_lines(name: str, split: str, folder: str | Path | None = None) -> Dataset:
    """'names', 'makemore-names' or 'adder': symbols, bytes (N, longest + 2), and their alphabet, that of all lines.

    Which lines are held out is random but always the same.

    Raises:
        DataError: the file is not in `folder`, is damaged, or cannot be downloaded.
    """
    if name == "adder":
        return split_lines(name, sums(), HELD_OUT, split)
    if name == "names":
        found = read_lines(EMBEDDED / "names.txt")
        return split_lines(name, found, len(found) // 10, split)
    path = MAKEMORE.path(folder)
    found = read_lines(path)
    if len(found) < 2 * HELD_OUT:
        raise DataError(f"{path}: has {len(found)} lines, expected at least {2 * HELD_OUT}; give the file of that name")
    return split_lines(name, found, HELD_OUT, split)


def sums() -> list[str]:
    """All 10 000 sums of two numbers of two digits, such as '12+34=640'."""
    return [f"{a:02}+{b:02}={f'{a + b:03}'[::-1]}" for a in range(100) for b in range(100)]


def read_lines(path: Path) -> list[str]:
    """The lines of a file that are not empty, without spaces at their ends.

    Raises:
        DataError: the file is missing, no text, or has lines that are too long or of too many characters, or too many.
    """
    rows = read_text(path).split("\n")
    if long := [i for i, row in enumerate(rows) if len(row) > LONGEST]:
        raise DataError(f"{path}: line {long[0] + 1} has more than {LONGEST} characters; give a file of short lines")
    found = [line for row in rows if (line := row.strip())]
    if not found:
        raise DataError(f"{path}: has no lines; give a file with one example a line")
    longest = max(map(len, found))
    if len(found) * (longest + 2) > LARGEST_TABLE:  # a single long line among many short ones
        raise DataError(f"{path}: {too_large_a_table(len(found), longest)}")
    if (different := len(set().union(*found))) >= MOST:
        raise DataError(
            f"{path}: has {different} different characters, expected at most {MOST - 1}; replace the rarest"
        )
    return found


def split_lines(name: str, found: list[str], held_out: int, split: str) -> Dataset:
    """So many lines to test on, the others to train on, in an order that is random but always the same."""
    alphabet = "\n" + "".join(sorted(set().union(*found)))
    shuffled = list(found)
    random.Random(0).shuffle(shuffled)
    chosen = shuffled[held_out:] if split == "train" else shuffled[:held_out]
    return Dataset(name, pack(chosen, alphabet, max(map(len, found))), alphabet=alphabet)
