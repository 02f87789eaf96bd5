"""What is read of a submission: a plain file with one name, wherever it claims to lie, in any encoding."""

import contextlib
import os
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigen.errors import DataError
from minigen.lessons.submissions import LARGEST, decoded, read_source, read_submission

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX has these")


@pytest.fixture
def folder(tmp_path):
    """A class with ada's file, and a file outside."""
    (tmp_path / "class" / "ada").mkdir(parents=True)
    (tmp_path / "class" / "ada" / "exercises.py").write_text("ada = 1\n")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "exercises.py").write_text("answer = 1\n")
    (tmp_path / "class" / "eve").mkdir()
    return tmp_path / "class"


def test_a_plain_file(folder):
    assert read_submission(folder, ("ada", "exercises.py")) == "ada = 1\n"
    with pytest.raises(FileNotFoundError):
        read_submission(folder, ("eve", "exercises.py"))


@posix
def test_links_of_every_kind_are_refused(folder):
    file, outside = folder / "eve" / "exercises.py", folder.parent / "outside"
    for target in (
        outside / "exercises.py",
        "../ada/exercises.py",
        "../../outside/exercises.py",
        "/dev/zero",
        "nowhere",
    ):
        file.symlink_to(target)
        with pytest.raises(DataError, match=r"exercises\.py is a link"):
            read_submission(folder, ("eve", "exercises.py"))
        file.unlink()
    os.link(outside / "exercises.py", file)
    with pytest.raises(DataError, match="hard link"):
        read_submission(folder, ("eve", "exercises.py"))
    for target in (outside, "ada", "."):
        (folder / "mallory").symlink_to(target)
        with pytest.raises(DataError, match="mallory is a link"):
            read_submission(folder, ("mallory", "exercises.py"))
        (folder / "mallory").unlink()
    (folder / "eve" / "07").symlink_to(outside)
    with pytest.raises(DataError, match="07 is a link"):
        read_submission(folder, ("eve", "07", "exercises.py"))


@posix
def test_a_link_put_there_between_look_and_open_is_refused(folder, monkeypatch):
    stat = os.stat
    file = folder / "eve" / "exercises.py"
    file.write_text("mine = 1\n")

    def swapping(path, **settings):
        found = stat(path, **settings)
        if path == "exercises.py":
            file.unlink()
            file.symlink_to(folder.parent / "outside" / "exercises.py")
        return found

    monkeypatch.setattr(os, "stat", swapping)
    with pytest.raises(DataError, match="cannot be read"):
        read_submission(folder, ("eve", "exercises.py"))


@posix
def test_pipes_devices_and_folders_are_refused_at_once(folder):
    file = folder / "eve" / "exercises.py"
    os.mkfifo(file)

    def refused():
        with pytest.raises(DataError, match="no plain file"):
            read_submission(folder, ("eve", "exercises.py"))

    read = threading.Thread(target=refused, daemon=True)
    read.start()
    read.join(10)
    assert not read.is_alive()
    file.unlink()
    file.mkdir()
    with pytest.raises(DataError, match="no plain file"):
        read_submission(folder, ("eve", "exercises.py"))
    with pytest.raises(DataError, match="no plain file"):
        read_submission(folder.parent.parent, (folder.parent.name, "class"))
    with pytest.raises(DataError, match="cannot be read"):
        read_submission(folder, ("ada", "exercises.py", "exercises.py"))


def test_a_huge_file_is_refused(folder):
    with open(folder / "eve" / "exercises.py", "wb") as file:
        file.truncate(1 << 40 if sys.platform == "linux" else LARGEST + 1)
    with pytest.raises(DataError, match="larger than 1 MiB"):
        read_submission(folder, ("eve", "exercises.py"))


@posix
def test_a_students_own_file_may_be_a_link(folder):
    (folder / "mine.py").symlink_to(folder / "ada" / "exercises.py")
    assert read_source(folder / "mine.py") == "ada = 1\n"
    with pytest.raises(DataError, match="`reset` makes a new one"):
        read_source(folder / "nowhere.py")


LINES = st.lists(st.text("ab é\t\f#'ß", max_size=6), max_size=5)
HEADS = {"utf-8": "", "utf-8-sig": "", "latin-1": "# coding: latin-1\n", "cp1252": "# vim: set fileencoding=cp1252 :\n"}


@given(LINES, st.sampled_from(list(HEADS)), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_a_text_is_read_as_python_would(lines, encoding, end, last):
    text = HEADS[encoding] + "\n".join(lines) + ("\n" if last else "")
    assert decoded(text.replace("\n", end).encode(encoding)) == text


@given(st.binary(max_size=40))
def test_any_bytes_are_text_or_refused(data):
    with contextlib.suppress(ValueError):  # and no other
        assert isinstance(decoded(data), str)
