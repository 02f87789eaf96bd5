"""Predictions: a guess comes first, then the number that was measured.

    predict("09.a", ...)      # asks for a guess
    predict("09.a", "1.9")    # remembers it, and shows the number

The question stands in the lesson's text above. What it is about is measured each time the notebook is made, by an
expression of the notebook's own variables; no number is typed in.
"""

import textwrap
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

from ..data import locate
from ..errors import ArgumentError, DataError
from .course import Lesson, all_lessons, full_key
from .workbook import Workbook


@dataclass(frozen=True)
class Prediction:
    """What a student is to predict.

    Attributes:
        key: the lesson's number and a letter, like '09.a'.
        measured: a Python expression of the notebook's variables, for after its last cell. It gives a number, or with
            `choices` the letter of the right one.
        because: why it comes out so, in a sentence or two.
        choices: the letters to choose from, like 'abc'; '' where a number is asked for.
        unit: of the number. how: it was found: "Measured" or "Computed". digits: how many of it are shown.
        tolerance: by how much, relatively, another run may differ; None if it depends on the machine.
    """

    key: str
    measured: str
    because: str
    choices: str = ""
    unit: str = ""
    how: str = "Measured"
    digits: int = 3
    tolerance: float | None = 0.1

    def read(self, guess: object) -> str:
        """A guess as it is kept.

        Raises:
            ArgumentError: it is neither a number nor one of the choices.
        """
        text = str(guess).strip().lower()
        if self.choices:
            letter = text.strip("().")
            if len(letter) == 1 and letter in self.choices:
                return letter
            raise ArgumentError(f"predict: {self.key} expects one of {', '.join(self.choices)}, got {guess!r}")
        try:
            value = float(text.removesuffix(self.unit.lower()).removesuffix("%" if self.unit == "%" else ""))
        except ValueError:
            value = float("nan")
        if value != value or abs(value) == float("inf"):
            raise ArgumentError(f"predict: {self.key} expects a number, like 0.5, got {guess!r}")
        return text

    def shown(self, measured: Any) -> str:
        """What was measured, as text."""
        return f"({measured})" if self.choices else f"{measured:.{self.digits}g} {self.unit}".rstrip()


def find_prediction(key: str) -> tuple[Lesson, Prediction]:
    """The prediction with this key.

    Raises:
        ArgumentError: there is none.
    """
    wanted = full_key(key) if isinstance(key, str) else ""
    known = []
    for lesson in all_lessons():
        for prediction in lesson.questions["PREDICTIONS"]:
            if prediction.key == wanted:
                return lesson, prediction
            known.append(prediction.key)
    near = [k for k in known if k[:2] == f"{wanted:0>4}"[:2]] or known[:3]
    raise ArgumentError(f"predict: there is no prediction {key!r}; expected a text, like {', '.join(map(repr, near))}")


def predict(key: str, guess: object = ...) -> None:
    """Remember a guess, and only then show what was measured.

    Args:
        key: like '09.a'.
        guess: a number, or the letter of a choice. The first guess is the one that is kept.

    Raises:
        ArgumentError: there is no such prediction, or the guess is of another kind.
    """
    lesson, prediction = find_prediction(key)
    workbook = _workbook()
    noted = workbook.guesses.get(prediction.key) if workbook else None
    if isinstance(guess, EllipsisType) and noted is None:
        what = "one of " + ", ".join(f'"{c}"' for c in prediction.choices) if prediction.choices else "a number"
        print(f"Your guess first: write {what} in place of the three dots, and run this cell again.")
        print("A wrong guess teaches as much as a right one.")
        return
    first = noted if noted is not None else prediction.read(guess)
    if noted is None and workbook:
        workbook.remember(prediction.key, first)
    measured = lesson.made["measured"][prediction.key]
    right = prediction.choices and (", which is right" if first == measured else ", which is not what happens")
    kept = (
        " at first"
        if noted is not None and not isinstance(guess, EllipsisType) and prediction.read(guess) != noted
        else ""
    )
    found = f"{prediction.how}{_where(lesson, prediction)}: {prediction.shown(measured)}"
    print(f"You guessed {first}{kept}{right}. {found}.")
    print(textwrap.fill(prediction.because, 100))


def _where(lesson: Lesson, prediction: Prediction) -> str:
    """Where the number was measured, if it can differ here."""
    if prediction.tolerance is None:
        return " on the machine that made this lesson (the next cell measures yours)"
    if lesson.uses("handwritten") and not locate("mnist"):
        return " on MNIST (the next cell measures it on the 8x8 digits)"
    return ""


def _workbook() -> Workbook | None:
    """Where guesses are kept; outside of a student's folder nowhere."""
    try:
        return Workbook.find()
    except DataError:
        return None
