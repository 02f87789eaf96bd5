"""Exercises and lessons: what a student is asked, on which inputs it is checked, and where the files are.

A lesson's folder, minigen/lessons/material/NN_name/, holds

    lesson.py      the text and code of the notebook
    solutions.py   the reference; exercises.py, which the student fills in, is made from it (`exercise_file`)
    tasks.py       EXERCISES: the exercises' cases and hints
    wrong.py       classic wrong answers (`known_mistakes`)
    questions.py   PREDICTIONS (`predictions`) and QUESTIONS (`questions`)
    made.json      noted when the notebook was made: what the predictions are about, and the reference's checksum
    opening.png    the first picture

A student works in a copy without the answers (`workbook`). The repository's lessons/ holds the notebooks with their
outputs, to read.
"""

import difflib
import hashlib
import json
import re
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

MATERIAL = Path(__file__).parent / "material"

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
            What the answer must not know is the `truth` of inputs that are a `WithTruth`; a measure draws nothing.
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

    def uses(self, name: str) -> bool:
        """Whether the notebook has this name in its code."""
        return re.search(rf"^[^#\n]*\b{name}\b", self._text("lesson.py"), re.M) is not None

    @property
    def solutions_file(self) -> Path:
        """The reference."""
        return self.folder / "solutions.py"

    @cached_property
    def solutions(self) -> str:
        """The text of the reference.

        Raises:
            DataError: it was written into. Where the answers belong is exercises.py.
        """
        text = self._text("solutions.py")
        if checksum(text) != self.made["solutions"]:
            raise DataError(
                f"{self.solutions_file}: the reference was changed; your answers go into exercises.py. To get the "
                f"reference back, install minigen again (authors: python lessons/make.py --checksum {self.number})"
            )
        return text

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

    @cached_property
    def questions(self) -> Namespace:
        """PREDICTIONS and QUESTIONS."""
        return load(self._text("questions.py"), str(self.folder / "questions.py"), {})

    @cached_property
    def made(self) -> dict[str, Any]:
        """solutions: the reference's checksum; measured: what the predictions are about, by key."""
        return json.loads(self._text("made.json"))

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


def checksum(solutions: str) -> str:
    """By which a change of the reference is noticed."""
    return hashlib.sha256(solutions.encode()).hexdigest()


def all_lessons() -> list[Lesson]:
    """Every lesson, in order."""
    return [Lesson(path.parent) for path in sorted(MATERIAL.glob("[0-9][0-9]_*/tasks.py"))]


def find_lesson(number: str) -> Lesson:
    """The lesson with this number: '07', '7' or '07_convolution'.

    Raises:
        ArgumentError: there is none.
    """
    lessons = {lesson.number: lesson for lesson in all_lessons()}
    found = re.match(r"0*(\d+)(?=_|$)", number)
    try:
        return lessons[f"{int(found[1]):02}" if found else number]
    except KeyError:
        raise ArgumentError(f"lesson: there is none called {number!r}; there are {', '.join(lessons)}") from None


def find_exercise(name: str) -> tuple[Lesson, Exercise]:
    """The exercise with this key ('07.2', or '7.2') or function name.

    Raises:
        ArgumentError: there is none.
    """
    key = full_key(name)
    known: dict[str, tuple[Lesson, Exercise]] = {}
    for lesson in all_lessons():  # a lesson's tasks are read only if those before it do not have the exercise
        for exercise in lesson.exercises:
            if exercise.key == key or exercise.function == name:
                return lesson, exercise
            known[exercise.key] = lesson, exercise
    names = [exercise.function for _, exercise in known.values()]
    near = [f"{k} {e.function}" for k, (_, e) in known.items() if k[:2] == f"{key:0>2}"[:2]]
    near = near or difflib.get_close_matches(name, names, 3) or [f"{k} {e.function}" for k, (_, e) in known.items()][:3]
    raise ArgumentError(
        f"exercise: there is none called {name!r}; near it: {', '.join(near)}; `status` lists all of them"
    )


def full_key(name: str) -> str:
    """'6.3' as '06.3'; anything else as it is."""
    return re.sub(r"^(\d)\.", r"0\1.", name.strip())
