"""The notebooks: made from lesson.py, with outputs; run from top to bottom without an error or a warning, in time."""

import importlib.util
import re
import time
from pathlib import Path

import jupytext
import nbformat
import pytest

from minigen.lessons import all_lessons

LESSONS = all_lessons()
FOLDER = LESSONS[0].folder.parent
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)


def maker():
    spec = importlib.util.spec_from_file_location("make_lessons", FOLDER / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def complaints(notebook):
    """What a reader would see that should not be there."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                yield f"{output.ename}: {output.evalue}"
            if output.get("name") == "stderr":
                yield output.text
            if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
                yield "a widget, which code hosts do not draw"


@each_lesson
def test_the_notebook_is_made_from_the_lesson_and_keeps_its_outputs(lesson):
    text = jupytext.read(lesson.folder / "lesson.py")
    notebook = nbformat.read(lesson.folder / "lesson.ipynb", as_version=4)
    assert [(c.cell_type, c.source) for c in notebook.cells] == [(c.cell_type, c.source) for c in text.cells], (
        f"run: python lessons/make.py {lesson.number}"
    )
    nbformat.validate(notebook)
    assert not list(complaints(notebook))
    assert "widgets" not in notebook.metadata
    assert len(maker().pictures(notebook)) >= 3
    assert (lesson.folder / "lesson.ipynb").stat().st_size < 1.5e6


@each_lesson
def test_a_picture_stands_on_the_first_screen(lesson):
    """In the first cell, after a dozen lines of text: the one that the first cell of code makes."""
    notebook = nbformat.read(lesson.folder / "lesson.ipynb", as_version=4)
    text, picture = notebook.cells[0].source, (lesson.folder / "opening.png").read_bytes()
    assert re.fullmatch(r"!\[.{20,}\]\(opening\.png\)", text.splitlines()[-1])
    assert len(text.splitlines()) <= 16
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    drawn = maker().pictures(nbformat.v4.new_notebook(cells=[code]))
    assert picture == drawn[0], f"run: python lessons/make.py {lesson.number}"


@each_lesson
def test_the_lesson_has_its_parts(lesson):
    text = (lesson.folder / "lesson.py").read_text(encoding="utf-8")
    headings = [line.removeprefix("# ## ") for line in text.splitlines() if line.startswith("# ## ")]
    for part in ("**Afterwards you can**", "**Time:**", "Predict before"):
        assert part.lower() in text.lower()
    assert any("misconception" in h.lower() for h in headings) or lesson.number == "00"
    assert headings[-1] == "Where to go next"
    for exercise in lesson.exercises:
        assert exercise.section in headings
        assert f'check("{exercise.key}")' in text


@pytest.mark.parametrize(
    "images", [pytest.param("as found", marks=pytest.mark.long), pytest.param("embedded", marks=pytest.mark.slow)]
)
@each_lesson
def test_the_notebook_runs(lesson, images, monkeypatch, tmp_path):
    """With MNIST, where it is at hand; and where it is not and cannot be had, with the digits of scikit-learn."""
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent))
    if images == "embedded":
        monkeypatch.delenv("MINIGEN_DATA", raising=False)
        monkeypatch.setenv("MINIGEN_CACHE", str(tmp_path))
        for scheme in ("http", "https"):
            monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")  # where nobody listens
    make = maker()
    start = time.monotonic()
    notebook = make.execute(lesson.folder / "lesson.py")  # raises if a cell does, or takes too long
    assert not list(complaints(notebook))
    assert time.monotonic() - start < make.SECONDS


def test_a_lesson_that_warns_or_fails_is_found(tmp_path):
    make = maker()
    bad = Path(tmp_path) / "lesson.py"
    bad.write_text("# %%\nimport warnings\nwarnings.warn('old')\n")
    assert "old" in "".join(complaints(make.execute(bad)))
    bad.write_text("# %%\n1 / 0\n")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        make.execute(bad)
