"""The page for teachers: its commands are run as they stand there, on a class of two."""

import csv
import re
import shutil
from pathlib import Path

import pytest

from minigen.lessons import find_folder
from minigen.lessons.commands import main

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = [
    line.split("#")[0].split()[2:]
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "teaching.md").read_text(), re.S)
    for line in block.splitlines()
]


@pytest.fixture
def classroom(tmp_path, monkeypatch):
    """A folder with the lessons and two submissions of lesson 7: the reference, and untouched stubs."""
    lesson = Path(find_folder(None)) / "07_convolution"
    shutil.copytree(lesson, tmp_path / "lessons" / lesson.name)
    for student, file in (("alice", "solutions.py"), ("bob", "exercises.py")):
        folder = tmp_path / "submitted" / student / lesson.name
        folder.mkdir(parents=True)
        shutil.copy(lesson / file, folder / "exercises.py")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_of_the_page(classroom, capsys):
    ours = [words[1:] for words in COMMANDS if words[0] == "minigen.lessons"]
    assert len(ours) >= 6
    for words in ours:
        assert main(words) == 0, capsys.readouterr()
    with open("grades.csv") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert (rows["alice"]["solved"], rows["bob"]["solved"]) == ("4", "0")
    assert {rows["bob"][key] for key in ("07.1", "07.4")} == {"todo"}
    assert Path("week7.json").exists()


def test_the_lessons_that_it_names_exist():
    paths = [words[1] for words in COMMANDS if words[0] == "pytest"]
    assert paths
    assert all((ROOT / path).is_dir() for path in paths)
