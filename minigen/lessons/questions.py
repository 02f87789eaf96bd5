"""Five quick questions at the end of a lesson, with answers that explain.

quiz("09")                 # the questions
quiz("09", "b a c d a")    # your answers, each marked and explained
"""

import textwrap
from dataclasses import dataclass

from ..errors import ArgumentError
from .course import find_lesson

LETTERS = "abcdef"


@dataclass(frozen=True)
class Question:
    """A question with choices.

    Attributes:
        text: the question. choices: the answers to choose from. right: the index of the right one.
        because: for each choice, why it is right or wrong.
    """

    text: str
    choices: tuple[str, ...]
    right: int
    because: tuple[str, ...]


def quiz(number: str, answers: str = "", *, again: str = 'quiz("{number}", "{letters}")') -> None:
    """Print a lesson's questions; with answers, mark and explain them.

    Args:
        number: of the lesson, like '09'. answers: a letter for each question; '-' skips one.
        again: how it is called with answers.

    Raises:
        ArgumentError: there is no such lesson, or the answers do not fit the questions.
    """
    lesson = find_lesson(number)
    asked: list[Question] = lesson.questions["QUESTIONS"]
    if not answers.strip():
        for n, question in enumerate(asked, 1):
            print(textwrap.fill(f"{n}. {question.text}", 100, subsequent_indent="   "))
            print(
                "".join(f"   ({letter}) {choice}\n" for letter, choice in zip(LETTERS, question.choices, strict=False))
            )
        call = again.format(number=lesson.number, letters=" ".join("-" * len(asked)))
        print(f"Your answers:  {call}  with a letter for each dash")
        return
    given = answers.lower().replace(",", " ").split()
    given = list(given[0]) if len(given) == 1 else given
    if len(given) != len(asked):
        raise ArgumentError(f"quiz: expected {len(asked)} letters, one for each question, got {answers!r}")
    for n, (letter, question) in enumerate(zip(given, asked, strict=True), 1):
        allowed = LETTERS[: len(question.choices)] + "-"
        if len(letter) != 1 or letter not in allowed:
            raise ArgumentError(f"quiz: answer {n} is {letter!r}; expected one of {', '.join(allowed)}")
    solved = 0
    for n, (letter, question) in enumerate(zip(given, asked, strict=True), 1):
        if letter == "-":
            print(f"{n}. left out")
            continue
        chosen = LETTERS.index(letter)
        solved += chosen == question.right
        verdict = "right" if chosen == question.right else "no"
        print(textwrap.fill(f"{n}. ({letter}) {verdict}: {question.because[chosen]}", 100, subsequent_indent="   "))
    print(f"{solved} of {len(asked)} right")
