"""Exercises under pytest: `python -m pytest lessons/07_convolution`, `-k conv_dx`, `-m task_07_3`, `--seed 5`.

A lesson's test file uses `tasks(__file__)` and the fixture `verdict`:

    @pytest.mark.parametrize("task", tasks(__file__))
    def test_task(task, verdict):
        verdict(task)

The inputs are new in each run, unless their seed is given. A failing check shows its message, without a traceback.
What is not written yet is shown as 'todo', though the exit status counts it as failed. At the end there is a list of
all exercises that were run.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from .course import Exercise, Lesson, all_lessons
from .verdicts import check_file, fresh_seed

Task = tuple[Lesson, Exercise]
SIGNS = {"passed": "done", "todo": "not written yet", "failed": "not right yet"}


def tasks(test_file: str) -> list[object]:
    """The parameters of a lesson's test: each exercise, with its marker and a readable name like 07.3-conv_dx."""
    lesson = Lesson(Path(test_file).parent)
    return [
        pytest.param((lesson, e), id=f"{e.key}-{e.function}", marks=getattr(pytest.mark, e.mark))
        for e in lesson.exercises
    ]


@pytest.fixture
def verdict(request: pytest.FixtureRequest) -> Callable[[Task], None]:
    """Checks a task and fails with its message."""

    def run(task: Task) -> None:
        lesson, exercise = task
        other = request.config.getoption("--exercises")
        seed = request.config.getoption("--seed")
        result = check_file(lesson, exercise, Path(other) if other else lesson.exercises_file, seed=seed)
        request.node.user_properties.append(("verdict", (exercise.key, exercise.function, result.state)))
        if not result:
            pytest.fail(result.message, pytrace=False)

    return run


def pytest_addoption(parser: pytest.Parser) -> None:
    """--exercises FILE, --seed N."""
    parser.addoption("--exercises", metavar="FILE", help="check this file instead of the lesson's exercises.py")
    help = "of the exercises' inputs; the default is a new one, which is said at the end"
    parser.addoption("--seed", metavar="N", type=int, default=fresh_seed(), help=help)


def pytest_configure(config: pytest.Config) -> None:
    """One marker for each task."""
    for lesson in all_lessons(Path(__file__).parents[2]):
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
