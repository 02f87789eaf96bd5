"""A student's folder: made from the package alone, added to without loss, and what lies in it in the wrong place."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from minigen.errors import ArgumentError, DataError
from minigen.lessons import Workbook, all_lessons, find_exercise
from minigen.lessons.commands import main
from minigen.lessons.course import Lesson
from minigen.lessons.verdicts import check_workbook
from minigen.lessons.workbook import start

STUB = 'raise NotImplementedError("output_size: not written yet")'
RIGHT = "return max(0, (n + 2 * padding - k) // stride + 1)"


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    folder = tmp_path_factory.mktemp("student") / "course"
    start(folder)
    return folder


def test_nothing_in_it_gives_an_answer_away(started):
    files = {path.relative_to(started).as_posix() for path in started.rglob("*") if path.is_file()}
    allowed = {
        f"{lesson.name}/{name}" for lesson in all_lessons() for name in ("lesson.ipynb", "exercises.py", "opening.png")
    }
    assert files == allowed | {"course.json", "pytest.ini", "capstone/README.md", "capstone/report.md"}
    for lesson in all_lessons():
        notebook = nbformat.read(started / lesson.name / "lesson.ipynb", as_version=4)
        nbformat.validate(notebook)
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
        text = (started / lesson.name / "exercises.py").read_text()
        assert text.count("not written yet") == len(lesson.exercises)


def test_links_of_its_notebooks_lead_to_its_files(started):
    for path in started.rglob("lesson.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        text = "".join(cell.source for cell in cells if cell.cell_type == "markdown")
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            if not re.match(r"https?:", target):
                assert (path.parent / target).exists(), f"{path.parent.name}: {target}"


def test_starting_again_adds_what_is_missing_and_keeps_the_rest(tmp_path, capsys):
    folder = tmp_path / "my course"
    assert main(["start", str(folder), "--no-mnist"]) == 0
    own, lost = folder / "07_convolution" / "exercises.py", folder / "03_dense_networks" / "lesson.ipynb"
    own.write_text("mine = 1\n")
    lost.unlink()
    assert start(folder) == [lost]
    assert own.read_text() == "mine = 1\n"
    assert start(folder) == []


def test_other_peoples_folders_are_left_alone(tmp_path, capsys):
    (tmp_path / "thesis").write_text("all of it")
    for folder in (tmp_path, tmp_path / "thesis"):
        assert main(["start", str(folder)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert os.listdir(tmp_path) == ["thesis"]


def test_an_interrupted_start_can_be_finished(tmp_path, monkeypatch):
    real = Lesson.stubs.func
    calls = []

    def full(lesson):
        calls.append(lesson)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return real(lesson)

    with monkeypatch.context() as patch:
        patch.setattr(Lesson, "stubs", property(full))
        with pytest.raises(OSError):
            start(tmp_path / "course")
    start(tmp_path / "course")
    assert len(Workbook(tmp_path / "course").lessons) == len(all_lessons())


def test_it_is_found_from_inside_and_from_beside(course, monkeypatch):
    for place in (course, course / "07_convolution", course.parent):
        monkeypatch.chdir(place)
        assert Workbook.find().folder == course
    monkeypatch.chdir(Path("/"))
    with pytest.raises(DataError, match=r"minigen.lessons start DIR"):
        Workbook.find()


def test_an_answer_in_another_file_is_noticed(course, capsys):
    lesson, exercise = find_exercise("07.1")
    for name in ("solutions.py", "exercises_1.py", "my answers.py"):
        other = course / lesson.name / name
        other.write_text(lesson.stubs.replace(STUB, RIGHT))
        verdict = check_workbook(Workbook(course), lesson, exercise)
        assert verdict.state == "todo"
        assert f"{name} beside it has this function" in verdict.message
        other.write_text(lesson.stubs)  # a copy of what was handed out is no answer
        assert "beside it" not in check_workbook(Workbook(course), lesson, exercise).message
        other.unlink()


def test_writing_into_the_reference_is_noticed(tmp_path):
    lesson = all_lessons()[7]
    for path in lesson.folder.glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert Lesson(tmp_path).solutions == lesson.solutions
    (tmp_path / "solutions.py").write_text(lesson.solutions.replace(RIGHT, "return 1"))
    with pytest.raises(DataError, match=r"your answers go into exercises.py"):
        _ = Lesson(tmp_path).solutions


def test_the_first_guess_is_kept(course):
    workbook = Workbook(course)
    assert workbook.guesses == {}
    workbook.remember("09.a", "1.9")
    workbook.remember("09.b", "c")
    workbook.remember("09.a", "0.0025")
    assert workbook.guesses == {"09.a": "1.9", "09.b": "c"}
    for broken in ("{", "[1]", json.dumps({"09.a": 3})):
        (course / "guesses.json").write_text(broken)
        with pytest.raises(DataError, match=r"guesses.json"):
            _ = workbook.guesses


def test_guesses_of_many_processes_are_all_kept(course):
    """Each process reads, adds its own, and writes."""
    code = "import sys; from minigen.lessons import Workbook; from pathlib import Path\n"
    code += "for k in range(20): Workbook(Path(sys.argv[1])).remember(f'{sys.argv[2]}.{k}', '1')"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    running = [subprocess.Popen([sys.executable, "-c", code, str(course), str(n)], env=env) for n in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(Workbook(course).guesses) == 60


def test_each_reset_keeps_its_copy(course, monkeypatch):
    monkeypatch.chdir(course)
    path = course / "07_convolution" / "exercises.py"
    solved = all_lessons()[7].solutions
    path.write_text(solved)
    for key in ("7.1", "7.2"):
        assert main(["reset", key]) == 0
    copies = sorted(p.read_text() for p in path.parent.glob("exercises.before-reset-*.txt"))
    assert len(copies) == 2
    assert solved in copies


def test_short_keys(course, monkeypatch, capsys):
    monkeypatch.chdir(course)
    assert main(["hint", "7.1"]) == 0
    assert "07.1 output_size, hint 1" in capsys.readouterr().out
    assert main(["check", "7"]) == 1
    assert len(re.findall(r"^07\.\d \w+: not written yet", capsys.readouterr().out, re.M)) == len(
        all_lessons()[7].exercises
    )
    for wrong in ("7.9", "77.1", "", "conv"):
        with pytest.raises(ArgumentError, match="there is none called"):
            find_exercise(wrong)
