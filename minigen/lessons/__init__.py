"""The course: exercises that check themselves, its command line, and what the lessons' notebooks share.

    from minigen.lessons import check

    check("07.3")     # what is in exercises.py
    check(conv_dx)    # a function written in a notebook cell

The same check serves a notebook cell, pytest (`pytest_plugin`), the progress board and the grading of a class
(`commands`, run as `python -m minigen.lessons`): `verdicts` is the one way to it. `course` finds the lessons and their
exercises in material/, and `workbook` makes the folder that a student works in. `submissions` reads what was handed in;
a `worker` runs it in an `isolated_process`, behind the walls of its `shelter`. `checking`, `differences` and
`known_mistakes` say what is wrong with the answers. `predictions`, `questions`, `moving` and `pictures` are for the
notebooks.
"""

from .checking import Verdict, check_function, examine
from .course import Exercise, Lesson, all_lessons, find_exercise, find_lesson
from .isolated_process import Isolated, Limits
from .known_mistakes import WrongAnswer, WrongAnswers, reference_of
from .measures import Measure, WithTruth
from .moving import Choice, Slider, animate, move
from .notebook import handwritten, show_source
from .predictions import Prediction, predict
from .questions import Question, quiz
from .verdicts import check, check_answer, check_file
from .workbook import Workbook

__all__ = [
    "Choice",
    "Exercise",
    "Isolated",
    "Lesson",
    "Limits",
    "Measure",
    "Prediction",
    "Question",
    "Slider",
    "Verdict",
    "WithTruth",
    "Workbook",
    "WrongAnswer",
    "WrongAnswers",
    "all_lessons",
    "animate",
    "check",
    "check_answer",
    "check_file",
    "check_function",
    "examine",
    "find_exercise",
    "find_lesson",
    "handwritten",
    "move",
    "predict",
    "quiz",
    "reference_of",
    "show_source",
]
