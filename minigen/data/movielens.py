"""MovieLens (Harper & Konstan 2015): films that people rated with up to five stars, of which the good ratings count.

A user likes a film rated above 3.5 (Liang et al. 2018, section 4). Users with fewer than five such films are left
out, and then films that fewer than five of the others like: nobody could learn whom to recommend them to. Of the small
set of 2016 (100 004 ratings) 659 users and 2078 films are left.

It is read from where it was unpacked, as people have it:

    ratings.csv    userId,movieId,rating,...      and movies.csv    of ml-latest-small; the columns in any order
    u.data         user TAB film TAB rating ...   and u.item        of ml-100k
    ratings.dat    user::film::rating::...        and movies.dat    of ml-1m

The second file has the titles, and may be missing. A `ratings.csv` may have a column `title` of its own.
"""

import csv
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..errors import DataError
from .alphabet import can_be_shown
from .dataset import Dataset
from .likes import LEAST, check_size, split_users
from .pinned import content_of
from .places import places

PAGE = "https://grouplens.org/datasets/movielens/"
FOLDERS = ("", "ml-latest-small", "ml-100k", "ml-1m")  # as unpacked, and their content alone
LARGEST = 64 << 20  # bytes of a file
MOST = 1 << 21  # ratings; ml-1m has half as many
ABOVE, STARS = 3.5, 5.0
LONGEST = 300  # characters of a title
NUMBER = re.compile(r"[0-9]{1,9}")
RATING = re.compile(r"[0-9](\.[0-9]{1,6})?")


class Layout(NamedTuple):
    """The files of an edition: the ratings, the titles, what stands between fields, and how letters are written."""

    ratings: str
    titles: str
    between: str
    encoding: str


LAYOUTS = (
    Layout("ratings.csv", "movies.csv", ",", "utf-8-sig"),
    Layout("u.data", "u.item", "\t", "latin-1"),
    Layout("ratings.dat", "movies.dat", "::", "latin-1"),
)


class Ratings(NamedTuple):
    """One entry for each rating: users and films as numbers, stars; and titles of films, those that are known."""

    users: np.ndarray
    films: np.ndarray
    stars: np.ndarray
    titles: dict[int, str]


def load_movielens(part: str, folder: str | Path | None = None, seed: int = 0) -> Dataset:
    """Users to train on, or 100 to test on: bytes (N, films), see `minigen.data.likes`.

    Args:
        part, seed: of `split_users`.
        folder: that holds the files, or a subfolder `movielens`.

    Raises:
        DataError: the files are not there, are damaged, or hold too few ratings or too many.
    """
    path = located(folder)
    if not path:
        where = f"neither {Path(folder) / 'movielens'} nor {folder} holds" if folder else "there is no"
        names = " or ".join(layout.ratings for layout in LAYOUTS)
        raise DataError(
            f"movielens: {where} {names}; get ml-latest-small from {PAGE}, unpack it into FOLDER/movielens, and set "
            "MINIGEN_DATA=FOLDER or pass --data-dir FOLDER"
        )
    likes, titles = table(path, read_ratings(path))
    return split_users("movielens", likes, titles, part, seed)


def located(folder: str | Path | None = None) -> Path | None:
    """The file of ratings, if it is found."""
    found = (
        place / inner / layout.ratings
        for place in places("movielens", folder)
        for inner in FOLDERS
        for layout in LAYOUTS
    )
    return next((path for path in found if os.path.lexists(path)), None)


def table(path: Path, ratings: Ratings) -> tuple[np.ndarray, tuple[str, ...]]:
    """Whether each user likes each film, (users, films), after the choice of both; and the films' titles.

    Raises:
        DataError: too few are left, or too many.
    """
    good = ratings.stars > ABOVE
    users, films = ratings.users[good], ratings.films[good]
    for chosen_by in (0, 1):  # users first
        _, which, counts = np.unique((users, films)[chosen_by], return_inverse=True, return_counts=True)
        kept = counts[which] >= LEAST
        users, films = users[kept], films[kept]
    (of_users, row), (of_films, column) = (np.unique(a, return_inverse=True) for a in (users, films))
    check_size(str(path), len(of_users), len(of_films))
    likes = np.zeros((len(of_users), len(of_films)), bool)
    likes[row, column] = True
    return likes, tuple(ratings.titles.get(film, f"film {film}") for film in of_films.tolist())


def read_ratings(path: Path) -> Ratings:
    """The ratings of a file with one of the names in LAYOUTS, and the titles of the file beside it, if there is one.

    Raises:
        DataError: one of them is no such file; names the line.
    """
    layout = next((layout for layout in LAYOUTS if layout.ratings == path.name), LAYOUTS[0])
    found: dict[tuple[int, int], float] = {}
    titles: dict[int, str] = {}
    columns = ("userId", "movieId", "rating")
    for line, (user, film, stars, *title) in _rows(path, layout, columns, "title"):
        pair = _number(path, line, "user", user), _number(path, line, "film", film)
        if pair in found:
            raise DataError(f"{path}: line {line}: user {user} rates film {film} a second time; leave one of them out")
        if not RATING.fullmatch(stars) or float(stars) > STARS:
            raise DataError(
                f"{path}: line {line}: expected a rating of 0 to {STARS:g} stars, got {stars!r:.40}; fetch it again"
            )
        if len(found) == MOST:
            raise DataError(f"{path}: line {line}: has more than {MOST} ratings; give a smaller set, such as ml-1m")
        found[pair] = float(stars)
        if title:
            titles[pair[1]] = _title(path, line, title[0])
    if not found:
        raise DataError(f"{path}: holds no ratings; fetch it again")
    beside = path.with_name(layout.titles)
    if os.path.lexists(beside):
        names: dict[int, str] = {}
        dividing = layout._replace(between="|") if layout.titles == "u.item" else layout
        for line, (film, name) in _rows(beside, dividing, ("movieId", "title")):
            number, title_of_it = _number(beside, line, "film", film), _title(beside, line, name)
            if names.setdefault(number, title_of_it) != title_of_it:
                raise DataError(f"{beside}: line {line}: film {film} has had another title; leave one of them out")
        titles |= names
    pairs = np.array(list(found), np.int64)
    return Ratings(pairs[:, 0], pairs[:, 1], np.array(list(found.values())), titles)


def _rows(path: Path, layout: Layout, columns: tuple[str, ...], also: str = "") -> Iterator[tuple[int, list[str]]]:
    """The number of each line, from 1, and its fields: of a CSV file those with these names, else the first ones.

    Args:
        columns: the names that there must be. also: one that is read too, if it is there.
    """
    try:
        text = content_of(path, LARGEST).decode(layout.encoding)
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is no text in UTF-8 (byte {error.start}: {error.reason}); fetch it again") from None
    lines = text.replace("\r\n", "\n").split("\n")
    if layout.between != ",":
        for number, line in enumerate(lines, 1):
            if line:
                fields = line.split(layout.between)
                if len(fields) < len(columns):
                    raise DataError(
                        f"{path}: line {number}: expected {', '.join(columns)} with {layout.between!r} between them, "
                        f"got {line!r:.60}; fetch it again"
                    )
                yield number, fields[: len(columns)]
        return
    reader = csv.reader(lines, strict=True)
    try:
        header = next(reader, [])
        if missing := [name for name in columns if header.count(name) != 1]:
            raise DataError(f"{path}: line 1: expected the columns {', '.join(columns)}, {missing[0]!r} once; add it")
        chosen = [header.index(name) for name in (*columns, also) if name in header]
        for fields in reader:
            if fields:
                if len(fields) != len(header):
                    raise DataError(
                        f"{path}: line {reader.line_num}: {len(fields)} fields under a header of {len(header)}; "
                        "fetch it again"
                    )
                yield reader.line_num, [fields[i] for i in chosen]
    except csv.Error as error:
        raise DataError(f"{path}: line {reader.line_num}: {error}; fetch it again") from None


def _number(path: Path, line: int, what: str, text: str) -> int:
    if not NUMBER.fullmatch(text):
        raise DataError(f"{path}: line {line}: expected the number of a {what}, got {text!r:.40}; fetch it again")
    return int(text)


def _title(path: Path, line: int, text: str) -> str:
    if not 0 < len(text.strip()) <= len(text) <= LONGEST or not all(can_be_shown(c) and c not in "\n\t" for c in text):
        raise DataError(
            f"{path}: line {line}: expected a title of 1 to {LONGEST} characters that can be printed, got "
            f"{text!r:.40}; replace it"
        )
    return text
