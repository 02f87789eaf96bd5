"""The notebooks: made from lesson.py, with outputs; run from top to bottom without an error or a warning, in time."""

import importlib.util
import os
import re
import shutil
import time
from pathlib import Path

import jupytext
import nbformat
import pytest

from minigen.lessons import Lesson, all_lessons

LESSONS = all_lessons()
FOLDER = Path(__file__).parents[2] / "lessons"
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)


def maker():
    spec = importlib.util.spec_from_file_location("make_lessons", FOLDER / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(lesson):
    """The reading copy."""
    return nbformat.read(FOLDER / lesson.name / "lesson.ipynb", as_version=4)


def relative(lesson):
    """The opening picture's place, from the reading copy."""
    return os.path.relpath(lesson.folder / "opening.png", FOLDER / lesson.name)


def complaints(notebook):
    """What a reader would see that should not be there."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                yield f"{output.ename}: {output.evalue}"
            if output.get("name") == "stderr":
                yield output.text
            data = output.get("data", {})
            if "application/vnd.jupyter.widget-view+json" in data:
                yield "a widget, which code hosts do not draw"
            if re.search(r"saved   (at|on) ", data.get("text/plain", "")):
                yield f"when the maker's file was saved: {data['text/plain']}"
        shown = [output.get("data", {}) for output in cell.get("outputs", [])]
        drawn = [data["image/png"] for data in shown if "image/png" in data]
        if len(drawn) > len(set(drawn)):
            yield f"a picture that is shown twice: name it (figure = ...) in the last line of\n{cell.source}"


@each_lesson
def test_the_notebook_is_made_from_the_lesson_and_keeps_its_outputs(lesson):
    text = jupytext.read(lesson.folder / "lesson.py")
    notebook = read(lesson)
    sources = [(c.cell_type, c.source.replace(relative(lesson), "opening.png")) for c in notebook.cells]
    assert sources == [(c.cell_type, c.source) for c in text.cells], f"run: python lessons/make.py {lesson.number}"
    nbformat.validate(notebook)
    assert not list(complaints(notebook))
    assert "widgets" not in notebook.metadata
    assert len(maker().pictures(notebook)) >= 3
    assert (FOLDER / lesson.name / "lesson.ipynb").stat().st_size < 1.5e6


@each_lesson
def test_a_picture_stands_on_the_first_screen(lesson):
    """In the first cell, after a dozen lines of text: the one that the first cell of code makes."""
    notebook = read(lesson)
    text, picture = notebook.cells[0].source, (lesson.folder / "opening.png").read_bytes()
    assert re.fullmatch(rf"!\[.{{20,}}\]\({re.escape(relative(lesson))}\)", text.splitlines()[-1])
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


ON_MNIST = {"04", "05", "06", "08", "10", "12", "13", "15"}  # half of that time, or less, on minigen's own digits
SLOW = {"04", "09", "12", "13", "21", "22", "26"}  # half a minute and more even so; see test_calls_of_lessons.py


def how_long(lesson, images):
    """The marker: of most notebooks, the quicker of the two runs is but long."""
    quicker = (images == "embedded") == (lesson.number in ON_MNIST)
    return pytest.mark.long if quicker and lesson.number not in SLOW else pytest.mark.slow


RUNS = [
    pytest.param(lesson, images, marks=how_long(lesson, images), id=f"{lesson.name}-{images}")
    for lesson in LESSONS
    for images in ("as found", "embedded")
]


@pytest.mark.parametrize(("lesson", "images"), RUNS)
def test_the_notebook_runs(lesson, images, monkeypatch, tmp_path):
    """With MNIST, where it is at hand; and where it is not and cannot be had, with minigen's own digits."""
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent))
    if images == "embedded":
        monkeypatch.delenv("MINIGEN_DATA", raising=False)
        monkeypatch.setenv("MINIGEN_CACHE", str(tmp_path))
        for scheme in ("http", "https"):
            monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")  # where nobody listens
    make = maker()
    start = time.monotonic()
    watch = "from tests.lessons.legible import too_small, watch\nwatch()"
    notebook, measured = make.execute(lesson, first=watch, last={"small": "too_small()"})  # raises if a cell does
    assert not measured["small"], f"texts below 9 points as shown: {measured['small']}"
    assert not list(complaints(notebook))
    for prediction in lesson.questions["PREDICTIONS"]:
        noted, now = lesson.made["measured"][prediction.key], measured[prediction.key]
        if prediction.choices:
            assert now in prediction.choices
        if images == "as found" and prediction.tolerance is not None:
            close = now == noted if prediction.choices else now == pytest.approx(noted, rel=prediction.tolerance)
            assert close, (
                f"{prediction.key}: {noted} was noted, {now} is measured; python lessons/make.py {lesson.number}"
            )
    assert time.monotonic() - start < make.SECONDS


def test_a_lesson_that_warns_or_fails_is_found(tmp_path):
    make = maker()
    for name in ("solutions.py", "questions.py", "made.json"):
        shutil.copy(LESSONS[0].folder / name, tmp_path)
    (tmp_path / "questions.py").write_text("PREDICTIONS = []")
    bad = tmp_path / "lesson.py"
    bad.write_text("# %%\nimport warnings\nwarnings.warn('old')\n")
    assert "old" in "".join(complaints(make.execute(Lesson(tmp_path))[0]))
    bad.write_text("# %%\n1 / 0\n")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        make.execute(Lesson(tmp_path))


@each_lesson
def test_papers_are_linked_by_their_number(lesson):
    """In the last section: each paper or book, which is named by its authors and year, is a link."""
    text = (lesson.folder / "lesson.py").read_text(encoding="utf-8")
    last = re.sub(r"\n#? ?", " ", text.partition("# ## Where to go next")[2])
    linked = re.findall(r"\[[^]]*\]\(https://(?:arxiv\.org/abs/[\w./-]+|doi\.org/10\.[^)\s]+|[^)\s]+)\)", last)
    assert linked, "no link to a paper"
    alone = re.sub(r"\[[^]]*\]\([^)]*\)", "", last)
    assert not re.findall(r"\b(?:19|20)\d\d, \*[^*]+\*", alone), "a paper without a link"


@each_lesson
def test_cells_are_short(lesson):
    """The first cell of code has at most 12 lines, none has more than 30."""
    cells = [cell.source for cell in jupytext.read(lesson.folder / "lesson.py").cells if cell.cell_type == "code"]
    assert len(cells[0].splitlines()) <= 12
    assert max(len(cell.splitlines()) for cell in cells) <= 30


def test_things_to_move_and_to_watch():
    uses = {
        name: [lesson.number for lesson in LESSONS if lesson.uses(name)] for name in ("move", "animate", "numerals")
    }
    assert len(uses["move"]) >= 10
    assert {"04", "05", "06", "07", "09", "11", "12", "13"} <= set(uses["move"])
    assert {"00", "09"} <= set(uses["animate"])
