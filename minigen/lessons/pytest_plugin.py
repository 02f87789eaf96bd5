"""Exercises under pytest: `python -m pytest 07_convolution`, `-k conv_dx`, `-m task_07_3`, `--seed 5`.

The pytest.ini of a student's folder loads this. Each exercises.py there is a file of tests, an exercise each. The
inputs are new in each run, unless their seed is given. A failing check shows its message, without a traceback. What is
not written yet is shown as 'todo', though the exit status counts it as failed. At the end there is a list of all
exercises that were run.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .course import Exercise, Lesson, all_lessons, find_lesson
from .verdicts import check_workbook, fresh_seed
from .workbook import Workbook

SIGNS = {"passed": "done", "todo": "not written yet", "failed": "not right yet"}


class NotSolved(Exception):
    """An exercise's message."""


class ExerciseItem(pytest.Item):
    """One exercise."""

    def __init__(self, *, lesson: Lesson, exercise: Exercise, **how: Any) -> None:
        super().__init__(**how)
        self.lesson, self.exercise = lesson, exercise
        self.add_marker(exercise.mark)

    def runtest(self) -> None:
        """Check it."""
        seed = self.config.getoption("--seed")
        result = check_workbook(Workbook(self.path.parents[1]), self.lesson, self.exercise, seed=seed)
        self.user_properties.append(("verdict", (self.exercise.key, self.exercise.function, result.state)))
        if not result:
            raise NotSolved(result.message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The message alone, if it is one."""
        return str(excinfo.value) if isinstance(excinfo.value, NotSolved) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is, for the terminal."""
        return self.path, None, self.name


class ExercisesFile(pytest.File):
    """A student's exercises.py."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its exercises."""
        lesson = find_lesson(self.path.parent.name)
        for exercise in lesson.exercises:
            name = f"{exercise.key}-{exercise.function}"
            yield ExerciseItem.from_parent(self, name=name, lesson=lesson, exercise=exercise)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The exercises.py of a lesson."""
    known = file_path.parent.name in (lesson.name for lesson in all_lessons())
    return ExercisesFile.from_parent(parent, path=file_path) if file_path.name == "exercises.py" and known else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """--seed N."""
    help = "of the exercises' inputs; the default is a new one, which is said at the end"
    parser.addoption("--seed", metavar="N", type=int, default=fresh_seed(), help=help)


def pytest_configure(config: pytest.Config) -> None:
    """One marker for each task."""
    for lesson in all_lessons():
        for exercise in lesson.exercises:
            config.addinivalue_line("markers", f"{exercise.mark}: exercise {exercise.key}, {exercise.function}")


def _state(report: pytest.TestReport) -> tuple[str, str, str] | None:
    verdicts = [value for name, value in report.user_properties if name == "verdict" and isinstance(value, tuple)]
    return verdicts[0] if verdicts else None


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """'todo' for what is not written yet."""
    state = _state(report)
    if report.when == "call" and report.failed and state and state[2] == "todo":
        return "todo", "t", "TODO"
    return None


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    """The list of exercises, and what to do next."""
    reports = [r for kind in ("passed", "failed", "todo") for r in terminalreporter.stats.get(kind, [])]
    board = sorted({found for r in reports if (found := _state(r))})
    if not board:
        return
    terminalreporter.section("exercises")
    for key, function, state in board:
        terminalreporter.write_line(f"{key}  {function:<24} {SIGNS[state]}")
    seed = terminalreporter.config.getoption("--seed")
    terminalreporter.write_line(f"seed {seed}; the same inputs again: --seed {seed}")
    open_ones = [key for key, _, state in board if state != "passed"]
    if open_ones:
        terminalreporter.write_line(f"next: {open_ones[0]}; a hint: python -m minigen.lessons hint {open_ones[0]}")
