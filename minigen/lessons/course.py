"""Exercises and lessons: what a student is asked, on which inputs it is checked, and where the files are.

A lesson's folder, lessons/NN_name/, holds

    lesson.py        the text and code of the notebook; lesson.ipynb is the same with its outputs
    solutions.py     the reference; exercises.py, which the student fills in, is made from it (`exercise_file`)
    tasks.py         EXERCISES: the exercises' cases and hints
    wrong.py         classic wrong answers (`known_mistakes`)
    test_NN_name.py  what pytest runs
"""

import contextlib
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError
from .exercise_file import make_stubs
from .known_mistakes import WrongAnswer
from .measures import Measure
from .worker.answers import Namespace, load, load_siblings

Inputs = dict[str, Any]  # arguments by name: arrays, numbers, tuples of them
ScalarFunction = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Exercise:
    """One function for the student to write.

    Attributes:
        key: like '07.2'. function: its name. section: the heading of the lesson that explains it.
        hints: three, each of which says more than the one before.
        cases: by name, a function of a random generator that draws the inputs and returns them by name, in the order
            of the function's parameters. Shapes are random too, so that an answer cannot rely on a fixed number.
        results: the names of the results, if there are several.
        measured: for a gradient rule, what it is the derivative of: a function of the reference's namespace and the
            inputs that returns, for each result, a scalar function f(x) and the array x at which its gradient is
            asked for. The numeric value in messages comes from it, and the tests check the reference against it.
        judge: where several answers are right: a function of the inputs and the answer that returns what is wrong
            with it, or ''. It replaces the comparison with the reference.
        level: 1 for a transcription (the formula is given), 2 for a derivation (it is not), 3 for an open task.
        measure: of an open task: a function of the inputs and the answer that says how good the answer is. Every
            case must reach its goal. An answer of the wrong form is an ArgumentError, whose message says what is wrong.
        tolerance: the error allowed, relative to the largest entry: enough for float64 arithmetic, too little for
            numeric differentiation.
    """

    key: str
    function: str
    section: str
    hints: tuple[str, str, str]
    cases: Mapping[str, Callable[[np.random.Generator], Inputs]]
    results: tuple[str, ...] = ()
    measured: Callable[[Namespace, Inputs], list[tuple[ScalarFunction, np.ndarray]]] | None = None
    judge: Callable[[Inputs, object], str] | None = None
    level: int = 1
    measure: Callable[[Inputs, object], Measure] | None = None
    tolerance: float = 1e-12

    @property
    def mark(self) -> str:
        """The pytest marker: task_07_2."""
        return "task_" + self.key.replace(".", "_")


@dataclass(frozen=True)
class Lesson:
    """A lesson's folder; its files are read when they are needed."""

    folder: Path

    @property
    def number(self) -> str:
        """Two digits."""
        return self.folder.name[:2]

    @property
    def name(self) -> str:
        """The folder's name, like '07_convolution'."""
        return self.folder.name

    @cached_property
    def title(self) -> str:
        """The first heading of lesson.py, without its number."""
        found = re.search(r"^# # (?:Lesson \d+: )?(.*)$", self._text("lesson.py"), re.M)
        return found[1].strip() if found else self.name[3:].replace("_", " ")

    @property
    def solutions_file(self) -> Path:
        """The reference."""
        return self.folder / "solutions.py"

    @property
    def exercises_file(self) -> Path:
        """What the student edits."""
        return self.folder / "exercises.py"

    @cached_property
    def solutions(self) -> str:
        """The text of the reference."""
        return self._text("solutions.py")

    @cached_property
    def reference(self) -> Namespace:
        """The namespace of the reference."""
        return load(self.solutions, str(self.solutions_file), {})

    @cached_property
    def exercises(self) -> list[Exercise]:
        """The exercises in order."""
        return list(load(self._text("tasks.py"), str(self.folder / "tasks.py"), {})["EXERCISES"])

    @cached_property
    def wrong_answers(self) -> list[WrongAnswer]:
        """The classic mistakes, of all exercises."""
        return list(load(self._text("wrong.py"), str(self.folder / "wrong.py"), {})["wrong"])

    @property
    def names(self) -> list[str]:
        """The names of the exercises' functions."""
        return [exercise.function for exercise in self.exercises]

    @cached_property
    def stubs(self) -> str:
        """The text of exercises.py as it is handed out."""
        return make_stubs(self.solutions)

    def without(self, function: str) -> str:
        """The reference's text without the answer to one exercise."""
        return make_stubs(self.solutions, only=function)

    def siblings(self, function: str) -> Namespace:
        """The reference's functions for all other exercises."""
        return load_siblings(self.without(function), str(self.solutions_file), self.names, function)

    def _text(self, name: str) -> str:
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise DataError(f"lesson {self.folder.name}: {name} is missing; download the folder again") from None


def find_folder(start: Path | str | None = None) -> Path:
    """The folder of the lessons: from `start` upwards; by default from the working directory, else beside the package.

    Raises:
        DataError: there is none.
    """
    checkout = Path(__file__).resolve().parents[2]
    try:
        here = Path(start or ".").resolve()
    except FileNotFoundError:  # the working directory was removed
        here = checkout
    for place in (here, *here.parents, *([checkout] if start is None else [])):
        for folder in (place, place / "lessons"):
            if any(folder.glob("[0-9][0-9]_*/tasks.py")):
                return folder
    raise DataError(
        f"lessons: no lessons found in {here}; run this in a checkout of minigen, or name the folder: --lessons DIR"
    )


def all_lessons(folder: Path | str | None = None) -> list[Lesson]:
    """Every lesson that has exercises, in order."""
    return [Lesson(path.parent) for path in sorted(find_folder(folder).glob("[0-9][0-9]_*/tasks.py"))]


def command_line(given: str | None = None) -> str:
    """How the commands are called again. given: the folder that the user named, if any."""
    return "python -m minigen.lessons" + (f" --lessons {shlex.quote(given)}" if given else "")


def place_of(lesson: Lesson, given: str | None = None) -> str:
    """What to call a lesson's folder in a command. given: the folder that the user named, if any."""
    if not given:
        return f"lessons/{lesson.name}"
    with contextlib.suppress(FileNotFoundError, ValueError):  # the working directory was removed, or is elsewhere
        return shlex.quote(str(lesson.folder.relative_to(Path.cwd())))
    return shlex.quote(str(lesson.folder))


def find_exercise(name: str, folder: Path | str | None = None) -> tuple[Lesson, Exercise]:
    """The exercise with this key ('07.2') or function name.

    Raises:
        ArgumentError: there is none.
    """
    known = []
    for lesson in all_lessons(folder):
        for exercise in lesson.exercises:
            if name in (exercise.key, exercise.function):
                return lesson, exercise
            known.append(f"{exercise.key} {exercise.function}")
    raise ArgumentError(f"exercise: there is none called {name!r}; there are {', '.join(known)}")
