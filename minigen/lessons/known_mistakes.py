"""Classic wrong answers, each with a sentence for the student who gives it.

They have two uses. A student's results are compared with theirs, to name the likely mistake; and the tests demand that
each of them fails the check, with a message that says why. A lesson's wrong.py:

    wrong = WrongAnswers()

    @wrong("double", "you add two instead of multiplying by it")
    def adds(x):
        return x + 2
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from .styles import in_style_of
from .worker.answers import Outcome, call, load

Answer = Callable[..., object]
ALIKE = 1e-6  # relative to the largest entry: two answers that agree this well come from the same mistake


@dataclass(frozen=True)
class WrongAnswer:
    """A wrong answer to the exercise `function`.

    Attributes:
        cause: the sentence for the student. compared: False for a mistake that numbers cannot show and the checker
            sees in another way (changed inputs, a call to the reference); its message must then contain `cause`.
    """

    function: str
    cause: str
    answer: Answer
    compared: bool


class WrongAnswers(list[WrongAnswer]):
    """A lesson's wrong answers; calling it makes a decorator that adds one."""

    def __call__(self, function: str, cause: str, *, compared: bool = True) -> Callable[[Answer], Answer]:
        """Add the decorated function as a wrong answer; see `WrongAnswer`."""

        def add(answer: Answer) -> Answer:
            self.append(WrongAnswer(function, cause, answer, compared))
            return answer

        return add


def reference_of(file: str, *, watched: bool = False) -> SimpleNamespace:
    """The solutions beside the file of that name, as a namespace: `ref = reference_of(__file__); ref.double(2)`.

    Args:
        watched: whether the checker notices calls to them, as it does in a student's answer; for wrong answers that
            cheat. The others may use the reference freely: calling it is not their mistake.
    """
    path = Path(file).with_name("solutions.py")
    name = str(path) if watched else f"a copy of {path}"
    return SimpleNamespace(**load(path.read_text(encoding="utf-8"), name, {}))


def alike(a: object, b: object) -> bool:
    """Whether two answers agree except for rounding: the same types and shapes, and nearly the same numbers."""
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    if isinstance(a, (np.ndarray, float, int, np.generic)) and isinstance(b, (np.ndarray, float, int, np.generic)):
        one, other = np.asarray(a), np.asarray(b)
        if one.shape != other.shape or (one.dtype.kind == "f") != (other.dtype.kind == "f"):
            return False
        size = np.abs(other[np.isfinite(other)]).max(initial=0.0)
        with np.errstate(invalid="ignore"):
            return bool(np.allclose(one, other, rtol=0, atol=ALIKE * size, equal_nan=True))
    return type(a) is type(b) and bool(a == b)


def known_mistake(
    answers: Sequence[WrongAnswer], cases: Sequence[tuple[Mapping[str, object], Outcome, object]]
) -> Iterator[WrongAnswer]:
    """The wrong answers that do, in every case, what the student's function did.

    A case: the inputs, the outcome of the student's function, and the expected answer.
    """
    for answer in answers:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            if answer.compared and all(_does_the_same(answer, *case) for case in cases):
                yield answer


def _does_the_same(answer: WrongAnswer, inputs: Mapping[str, object], outcome: Outcome, expected: object) -> bool:
    other = call(answer.answer, inputs, "", "")
    if outcome.state != other.state:
        return False
    if outcome.state != "returned":
        return outcome.error == other.error
    return alike(in_style_of(expected, outcome.value), in_style_of(expected, other.value))
