"""A copy of the lessons, to write answers into."""

import shutil

import pytest

from minigen.lessons import find_folder


@pytest.fixture
def lessons(tmp_path):
    """A folder with lesson 7 and the conftest, as a student has it."""
    source = find_folder()
    shutil.copytree(source / "07_convolution", tmp_path / "lessons" / "07_convolution")
    shutil.copy(source / "conftest.py", tmp_path / "lessons")
    return tmp_path / "lessons"


@pytest.fixture
def write(lessons):
    """write(old, new) replaces text in exercises.py."""
    path = lessons / "07_convolution" / "exercises.py"

    def write(old, new):
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return write
