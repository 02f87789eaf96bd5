"""Grading of many submissions: a table of who solved what, with the message for each exercise that is not right.

Nothing of a submission is read except its exercises.py, which must be a plain file (`submissions`). Every exercise runs
in a process of its own, like a student's own checks (`verdicts`); the tests, hints and solutions are ours.
"""

import csv
import io
import os
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ..data.files import json_text
from ..errors import ArgumentError, DataError
from ..version import __version__
from .checking import printable
from .course import Lesson
from .isolated_process import Limits
from .submissions import read_submission
from .verdicts import check_answer


@dataclass(frozen=True)
class Grades:
    """The table. results: for each student and key, (state, message); '' where nothing was handed in."""

    keys: list[str]
    results: dict[str, dict[str, tuple[str, str]]]
    seed: int

    def score(self, student: str) -> int:
        """How many exercises are solved."""
        return sum(state == "passed" for state, _ in self.results[student].values())

    def write_csv(self, path: Path) -> None:
        """One line for each student: name, score, and the state of each exercise."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["student", "solved", "of", *self.keys])
        for student, states in self.results.items():
            name = "'" + student if student[:1] in "=+-@" else student  # or a spreadsheet would take it for a formula
            writer.writerow([name, self.score(student), len(self.keys), *(states[key][0] for key in self.keys)])
        _write(path, text.getvalue())

    def write_json(self, path: Path) -> None:
        """Everything, with the messages for the students and the seed of the inputs."""
        students = {
            student: {
                "solved": self.score(student),
                "exercises": {key: {"state": state, "message": text} for key, (state, text) in states.items()},
            }
            for student, states in self.results.items()
        }
        report = {"minigen": __version__, "seed": self.seed, "of": len(self.keys), "students": students}
        _write(path, json_text(report, indent=1, ensure_ascii=False) + "\n")

    def __str__(self) -> str:
        width = max(map(len, self.results))
        return "\n".join(f"{s:<{width}}  {self.score(s):3} of {len(self.keys)}" for s in self.results)


def grade(
    folder: Path,
    lessons: Sequence[Lesson],
    numbers: Sequence[str] | None,
    limits: Limits,
    *,
    seed: int | None = None,
    jobs: int = 2,
) -> Grades:
    """Grade all submissions in a folder.

    Args:
        folder: holds each student's NAME/NN_lesson/exercises.py, or for a single lesson NAME/exercises.py or NAME.py.
        lessons: all lessons. numbers: of those to grade, like '07'; None for every lesson that somebody handed in.
        limits: for each exercise.
        seed: of the inputs; None for one that nobody can know in advance.
        jobs: how many submissions to grade at a time.

    Raises:
        DataError: the folder has no submissions. ArgumentError: there is no such lesson.
    """
    if not folder.is_dir():
        raise DataError(f"grade: {folder} is not a folder; name one with a folder or a .py file for each student")
    chosen = [lesson for lesson in lessons if numbers is None or lesson.number in numbers]
    if not chosen or (numbers and len(chosen) < len(set(numbers))):
        have = ", ".join(lesson.number for lesson in lessons)
        raise ArgumentError(f"grade: no lesson {' or '.join(numbers or ())}; there are {have}")
    entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    students = [p for p in entries if p.suffix == ".py" or p.is_dir() or p.is_symlink()]
    if numbers is None:
        chosen = [lesson for lesson in chosen if any(_parts(s, lesson, False) for s in students)]
    handed = [(s, lesson, _parts(s, lesson, len(chosen) == 1)) for s in students for lesson in chosen]
    if not any(parts for _, _, parts in handed):
        raise DataError(
            f"grade: no submissions in {folder}; expected NAME/{lessons[0].name}/exercises.py for each student, "
            "or with --lesson NN also NAME/exercises.py or NAME.py"
        )
    seed = secrets.randbits(32) if seed is None else seed
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        graded = list(pool.map(lambda entry: _grade_file(folder, entry[1], entry[2], limits, seed), handed))
    results: dict[str, dict[str, tuple[str, str]]] = {}
    folders = {student.name for student in students if student.suffix != ".py"}
    for (student, _, _), states in zip(handed, graded, strict=True):
        short = student.name.removesuffix(".py")
        name = student.name if short in folders else short  # ada/ and ada.py are two students
        results.setdefault(printable(name.replace("\\", "\\\\"), len(name)), {}).update(states)  # and \n is not a line
    return Grades([e.key for lesson in chosen for e in lesson.exercises], results, seed)


def _parts(student: Path, lesson: Lesson, single: bool) -> tuple[str, ...]:
    """The way from the class's folder to the file that this student handed in for this lesson; () if there is none."""
    ways = [(lesson.name, "exercises.py")] + ([("exercises.py",), ()] if single else [])
    for way in ways:
        path = student.joinpath(*way)
        if (way or student.suffix == ".py" or student.is_symlink()) and os.path.lexists(path):
            return (student.name, *way)
    return ()


def _grade_file(
    folder: Path, lesson: Lesson, parts: tuple[str, ...], limits: Limits, seed: int
) -> dict[str, tuple[str, str]]:
    """The state and message of each exercise."""
    try:
        source = read_submission(folder, parts) if parts else None
    except (DataError, FileNotFoundError) as error:
        return {e.key: ("failed", printable(str(error))) for e in lesson.exercises}
    if source is None:
        return {e.key: ("missing", "nothing was handed in") for e in lesson.exercises}
    states = {}
    for exercise in lesson.exercises:
        verdict = check_answer(lesson, exercise, source, "/".join(parts), limits=limits, seed=seed)
        states[exercise.key] = (verdict.state, verdict.message)
    return states


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(f"grade: {path} cannot be written: {error.strerror}") from None
