"""The course: exercises that check themselves, its command line, and what the lessons' notebooks share.

    from minigen.lessons import check

    check("07.3")     # what is in exercises.py
    check(conv_dx)    # a function written in a notebook cell

The same check serves a notebook cell, pytest (`pytest_plugin`), the progress board and the grading of a class
(`commands`, run as `python -m minigen.lessons`): `verdicts` is the one way to it. `course` finds the lessons and their
exercises, and `exercise_file` makes an exercises.py from the solutions. `submissions` reads what was handed in; a
`worker` runs it in an `isolated_process`, behind the walls of its `shelter`. `checking`, `differences` and
`known_mistakes` say what is wrong with the answers.
"""

from .checking import Verdict, check_function, examine
from .course import Exercise, Lesson, all_lessons, find_exercise, find_folder
from .isolated_process import Isolated, Limits
from .known_mistakes import WrongAnswer, WrongAnswers, reference_of
from .measures import Measure
from .notebook import handwritten, show_source
from .verdicts import check, check_answer, check_file

__all__ = [
    "Exercise",
    "Isolated",
    "Lesson",
    "Limits",
    "Measure",
    "Verdict",
    "WrongAnswer",
    "WrongAnswers",
    "all_lessons",
    "check",
    "check_answer",
    "check_file",
    "check_function",
    "examine",
    "find_exercise",
    "find_folder",
    "handwritten",
    "reference_of",
    "show_source",
]
