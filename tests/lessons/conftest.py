"""A student's folder, to write answers into; and no figure that a test leaves open for the next one."""

import sys

import pytest

from minigen.lessons import find_lesson
from minigen.lessons.workbook import MARK, PYTEST


@pytest.fixture(autouse=True)
def closed_figures():
    """Pyplot keeps what is drawn until it is closed, and some tests ask what it keeps."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture
def course(tmp_path):
    """A student's folder that has lesson 7 alone."""
    lesson = find_lesson("07")
    place = tmp_path / "course" / lesson.name
    place.mkdir(parents=True)
    (place.parent / MARK).write_text("{}")
    (place.parent / "pytest.ini").write_text(PYTEST)
    (place / "exercises.py").write_text(lesson.stubs)
    return place.parent


@pytest.fixture
def write(course):
    """write(old, new) replaces text in exercises.py."""
    path = course / "07_convolution" / "exercises.py"

    def write(old, new):
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return write


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Of a claim that takes long, the first seed is tested with what is long, the others with what is slow."""
    for item in items:
        other = item.path.name.startswith("test_claims") and getattr(item, "callspec", None)
        if other and other.params.get("seed") and item.get_closest_marker("long"):
            item.own_markers[:] = [mark for mark in item.own_markers if mark.name != "long"]
            item.add_marker("slow")
