"""Grading of many submissions: a table of who solved what, with the message for each exercise that is not right.

Every exercise of every submission runs in a process of its own (`isolated_process`). Expected values are computed and
compared here, and the tests, hints and solutions are ours. Nothing in a submission is read except its exercises.py.
"""

import csv
import io
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ..data.files import json_text
from ..errors import ArgumentError, DataError
from ..version import __version__
from .course import Lesson
from .isolated_process import check_isolated

LARGEST = 1 << 20  # bytes of a submission's file


@dataclass(frozen=True)
class Limits:
    """What one exercise may use: seconds for all its cases, memory in MiB."""

    seconds: float
    memory: int

    def __post_init__(self) -> None:
        if not self.seconds > 0 or self.memory < 64:
            raise ArgumentError(f"limits: expected seconds > 0 and >= 64 MiB, got {self.seconds} and {self.memory}")


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
    students = sorted(p for p in folder.iterdir() if not p.name.startswith(".") and (p.is_dir() or p.suffix == ".py"))
    if numbers is None:
        chosen = [lesson for lesson in chosen if any((s / lesson.name / "exercises.py").is_file() for s in students)]
    single = len(chosen) == 1
    handed = [(s, lesson, _file_of(s, lesson, single)) for s in students for lesson in chosen]
    if not any(path for _, _, path in handed):
        raise DataError(
            f"grade: no submissions in {folder}; expected NAME/{lessons[0].name}/exercises.py for each student, "
            "or with --lesson NN also NAME/exercises.py or NAME.py"
        )
    seed = secrets.randbits(32) if seed is None else seed
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        graded = list(pool.map(lambda entry: _grade_file(entry[1], entry[2], limits, seed), handed))
    results: dict[str, dict[str, tuple[str, str]]] = {}
    for (student, _, _), states in zip(handed, graded, strict=True):
        results.setdefault(student.stem if student.is_file() else student.name, {}).update(states)
    return Grades([e.key for lesson in chosen for e in lesson.exercises], results, seed)


def _file_of(student: Path, lesson: Lesson, single: bool) -> Path | None:
    """The file that this student handed in for this lesson."""
    places = [student / lesson.name / "exercises.py"]
    if single:
        places += [student / "exercises.py", student]
    return next((path for path in places if path.is_file()), None)


def _grade_file(lesson: Lesson, path: Path | None, limits: Limits, seed: int) -> dict[str, tuple[str, str]]:
    """The state and message of each exercise."""
    if path is None:
        return {e.key: ("missing", "nothing was handed in") for e in lesson.exercises}
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ValueError(f"larger than {LARGEST >> 20} MiB")
        source = data.decode("utf-8")
    except (OSError, ValueError) as error:
        return {e.key: ("failed", f"the file cannot be read: {error}") for e in lesson.exercises}
    states = {}
    for exercise in lesson.exercises:
        verdict = check_isolated(
            lesson, exercise, source, "exercises.py", seconds=limits.seconds, memory=limits.memory, seed=seed
        )
        states[exercise.key] = (verdict.state, verdict.message)
    return states


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(f"grade: {path} cannot be written: {error.strerror}") from None
