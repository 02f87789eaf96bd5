"""The page for teachers: its commands are run as they stand there, on a class of two."""

import csv
import re
from pathlib import Path

import pytest

from minigen.lessons import all_lessons, find_lesson
from minigen.lessons.commands import main

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = [
    line.split("#")[0].split()
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "teaching.md").read_text(), re.S)
    for line in block.splitlines()
]


@pytest.fixture
def classroom(tmp_path, monkeypatch):
    """Two submissions of lesson 7: the reference, and untouched stubs."""
    lesson = find_lesson("07")
    for student, text in (("alice", lesson.solutions), ("bob", lesson.stubs)):
        folder = tmp_path / "submitted" / student / lesson.name
        folder.mkdir(parents=True)
        (folder / "exercises.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_of_the_page(classroom, capsys):
    ours = [words[3:] for words in COMMANDS if words[2:3] == ["minigen.lessons"]]
    assert len(ours) >= 6
    for words in ours:
        assert main([*words, "--course", "course"] if words[0] in ("status", "check", "reset") else words) == (
            1 if words[0] == "check" else 0  # nothing is written yet
        ), capsys.readouterr()
    with open("grades.csv") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert (rows["alice"]["solved"], rows["bob"]["solved"]) == (str(len(find_lesson("07").exercises)), "0")
    assert {rows["bob"][key] for key in ("07.1", "07.4")} == {"todo"}
    assert Path("week7.json").exists()


def test_the_lessons_that_it_names_exist():
    paths = [words[3] for words in COMMANDS if words[2:3] == ["pytest"]]
    assert paths
    assert {lesson.name for lesson in all_lessons()}.issuperset(paths)
