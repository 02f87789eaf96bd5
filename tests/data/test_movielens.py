"""Ratings as people have them: three layouts read alike, which likes are left, and files that are damaged."""

import numpy as np
import pytest

from minigen import data
from minigen.data import movielens
from minigen.data.likes import HELD_OUT, LIKED
from minigen.data.movielens import LARGEST, load_movielens, located, read_ratings, table
from minigen.errors import DataError

RNG = np.random.default_rng(0)
# Of 230 users and 30 films; user 7 is generous to four films only, film 29 is liked by four users only.
STARS = np.where(RNG.random((230, 30)) < 0.6, RNG.integers(1, 11, (230, 30)) / 2, 0)
STARS[:, :6] = 4.5
STARS[7] = np.where(np.arange(30) < 4, 5, 3.5)
STARS[:, 29] = np.where(np.arange(230) < 4, 4, 3)
TRIPLES = [(u + 1, 10 * f + 3, STARS[u, f]) for u in range(230) for f in range(30) if STARS[u, f]]
TITLES = {10 * f + 3: f"Film {f}, The (19{f:02})" for f in range(30)}


def csv_of(triples=TRIPLES):
    return "userId,movieId,rating,timestamp\n" + "".join(f"{u},{f},{s},1\n" for u, f, s in triples)


def write(folder, layout, titles=True, triples=TRIPLES):
    folder.mkdir(parents=True, exist_ok=True)
    if layout == "csv":
        (folder / "ratings.csv").write_text(csv_of(triples))
        names = "movieId,title,genres\n" + "".join(f'{f},"{t}",Drama|War\n' for f, t in TITLES.items())
    elif layout == "u.data":
        (folder / "u.data").write_text("".join(f"{u}\t{f}\t{s:g}\t1\n" for u, f, s in triples))
        names = "".join(f"{f}|{t}|01-Jan-1995||http://x|0|1\n" for f, t in TITLES.items())
    else:
        (folder / "ratings.dat").write_text("".join(f"{u}::{f}::{s:g}::1\r\n" for u, f, s in triples))
        names = "".join(f"{f}::{t}::Drama|War\r\n" for f, t in TITLES.items())
    if titles:
        (folder / {"csv": "movies.csv", "u.data": "u.item"}.get(layout, "movies.dat")).write_text(names)
    return folder


@pytest.mark.parametrize("layout", ["csv", "u.data", "dat"])
@pytest.mark.parametrize("inner", ["", "movielens", "movielens/ml-latest-small", "ml-100k"])
def test_all_layouts_are_read_alike(tmp_path, layout, inner):
    write(tmp_path / inner, layout)
    train, test = (data.load("movielens", part, folder=tmp_path) for part in ("train", "test"))
    assert (len(train), len(test)) == (129, 100)  # without user 7
    assert train.items == test.items == tuple(TITLES.values())[:29]  # in the order of their numbers; without film 29
    whole = (STARS > 3.5)[np.arange(230) != 7, :29]
    both = np.concatenate([train.x, test.x > 0])
    assert sorted(map(bytes, both)) == sorted(map(bytes, whole.astype(np.uint8)))
    assert {*np.unique(test.x)} == {0, LIKED, HELD_OUT}
    assert data.locate("movielens", tmp_path) == str(located(tmp_path))
    assert train.kind == data.kind_of("movielens") == "likes"


def test_users_are_chosen_first_and_then_films(tmp_path):
    """User 7 likes the four films of five, of which the fifth is liked by four others: it has to go as well."""
    likes, titles = table(tmp_path, read_ratings(write(tmp_path, "csv") / "ratings.csv"))
    assert likes.shape == (229, 29)
    assert (likes.sum(axis=0) >= 5).all()
    triples = [*TRIPLES, *((u, 999, 5.0) for u in (8, 1, 2, 3, 4))]  # of film 999 five fans: with it, user 7 has five
    ratings = read_ratings(write(tmp_path / "more", "csv", triples=triples) / "ratings.csv")
    likes, titles = table(tmp_path, ratings)
    assert likes.shape == (230, 30)
    assert titles[-1] == "film 999"
    triples = [t for t in triples if t[:2] != (8, 3)]  # without one of the others, user 7 goes, and film 999 with it
    likes, titles = table(tmp_path, read_ratings(write(tmp_path / "less", "csv", triples=triples) / "ratings.csv"))
    assert likes.shape == (229, 29)


def test_without_titles_films_have_their_numbers(tmp_path):
    assert load_movielens("train", write(tmp_path, "u.data", titles=False)).items[:2] == ("film 3", "film 13")


def test_columns_in_any_order_and_titles_among_the_ratings(tmp_path):
    """As R's `write.csv` leaves dslabs::movielens."""
    head = '"movieId","title","year","genres","userId","rating","timestamp"\n'
    body = "".join(f'{f},"{TITLES[f]}",1990,"Drama|War",{u},{s},1\n' for u, f, s in TRIPLES)
    (tmp_path / "ratings.csv").write_text(head + body)
    assert load_movielens("train", tmp_path).items == tuple(TITLES.values())[:29]


def test_other_splits(tmp_path):
    write(tmp_path, "csv")
    assert not np.array_equal(load_movielens("test", tmp_path).x, load_movielens("test", tmp_path, 1).x)


def test_it_is_nowhere(tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"^movielens: neither .*movielens nor .* holds ratings.csv or u.data or"):
        data.load("movielens", folder=tmp_path)
    monkeypatch.setenv("MINIGEN_CACHE", str(tmp_path))
    monkeypatch.delenv("MINIGEN_DATA", raising=False)
    with pytest.raises(DataError, match=r"^movielens: there is no ratings.csv .*; get ml-latest-small from https://"):
        data.load("movielens")
    assert data.locate("movielens") == ""


DAMAGES = {  # what is written after the first line, and what is said of it
    "few fields": ("1,2,3\n", "line 2: 3 fields under a header of 4"),
    "a word": ("one,2,3,4\n", "line 2: expected the number of a user, got 'one'"),
    "a negative number": ("1,-2,3,4\n", "line 2: expected the number of a film, got '-2'"),
    "a large number": ("1,99999999999,3,4\n", "line 2: expected the number of a film"),
    "other digits": ("1,\u0661,3,4\n", "line 2: expected the number of a film"),
    "six stars": ("1,2,6,4\n", "line 2: expected a rating of 0 to 5 stars, got '6'"),
    "nan stars": ("1,2,nan,4\n", "line 2: expected a rating of 0 to 5 stars"),
    "twice": ("1,2,3,4\n1,2,4,4\n", "line 3: user 1 rates film 2 a second time"),
    "nothing": ("", "holds no ratings"),
    "an open quote": ('1,"2,3,4\n', "line 3: unexpected end of data"),
    "a NUL": ("1,2\0,3,4\n", "line 2: "),
    "few ratings": ("1,2,5,4\n", "0 users like at least 5 items"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_ratings_are_refused_in_one_line(tmp_path, damage):
    content, said = DAMAGES[damage]
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + content)
    with pytest.raises(DataError) as refusal:
        load_movielens("train", tmp_path)
    assert f"{tmp_path / 'ratings.csv'}: {said}" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "ratings.csv",
            b"userId,rating\n1,2\n",
            "line 1: expected the columns userId, movieId, rating, 'movieId' once",
        ),
        ("ratings.csv", b"\xff\xfe\n", "is no text in UTF-8 (byte 0"),
        ("ratings.csv", b"", "line 1: expected the columns"),
        ("u.data", b"1\t2\n", r"line 1: expected userId, movieId, rating with '\t' between them, got '1\t2'"),
        ("ratings.dat", b"1::2::4::0\n1:2:4:0\n", "line 2: expected userId, movieId, rating with '::'"),
    ],
)
def test_other_files_of_that_name_are_refused(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as refusal:
        load_movielens("train", tmp_path)
    assert str(refusal.value).startswith(f"{tmp_path / name}: {said}")


@pytest.mark.parametrize("title", ["a\x1b[2Jb", "", "  ", "x" * 301, "a\tb"])
def test_titles_that_could_rule_a_terminal_are_refused(tmp_path, title):
    write(tmp_path, "csv")
    (tmp_path / "movies.csv").write_text(f"movieId,title,genres\n3,{title},Drama\n")
    with pytest.raises(DataError, match=r"movies.csv: line 2: expected a title of 1 to 300 characters"):
        load_movielens("train", tmp_path)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    with open(tmp_path / "u.data", "wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(DataError, match=f"u.data: has more than {LARGEST} bytes"):
        load_movielens("train", tmp_path)


def test_a_table_that_would_be_too_large_is_not_made(tmp_path):
    """17 000 films of five users each, and 17 000 users."""
    lines = (f"{i}\t{(i + j) % 17_000}\t5\n" for i in range(17_000) for j in range(5))
    (tmp_path / "u.data").write_text("".join(lines))
    with pytest.raises(DataError, match=r"u.data: 17000 users and 17000 items, expected at most 16384 items"):
        load_movielens("train", tmp_path)


def test_more_ratings_than_memory_is_meant_for(tmp_path, monkeypatch):
    monkeypatch.setattr(movielens, "MOST", 10)
    write(tmp_path, "u.data")
    with pytest.raises(DataError, match=r"u.data: line 11: has more than 10 ratings; give a smaller set"):
        load_movielens("train", tmp_path)


def test_a_film_of_two_titles(tmp_path):
    write(tmp_path, "csv")
    (tmp_path / "movies.csv").write_text("movieId,title\n3,One\n3,One\n3,Other\n")
    with pytest.raises(DataError, match=r"movies.csv: line 4: film 3 has had another title; leave one"):
        load_movielens("train", tmp_path)


@pytest.mark.parametrize("name", ["ratings.csv", "movies.csv"])
def test_a_folder_of_the_name_of_a_file_is_refused(tmp_path, name):
    write(tmp_path, "csv")
    (tmp_path / name).unlink()
    (tmp_path / name).mkdir()
    with pytest.raises(DataError, match=rf"{name}: is not a file; put the file itself there"):
        load_movielens("train", tmp_path)
