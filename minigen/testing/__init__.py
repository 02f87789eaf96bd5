"""Exercises that check themselves: the same check for a notebook cell, pytest, and the grading of a class.

    from minigen.testing import check

    check("07.3")     # what is in exercises.py
    check(conv_dx)    # a function written in a notebook cell

`worker` and `isolated` run a student's function and watch it, `compare` and `checker` say what is wrong with its
answers, `wrong` knows the classic mistakes, `stubs` makes the exercises from the solutions.
"""

from .checker import Verdict, check, check_file, check_function, examine
from .exercise import Exercise, Lesson, all_lessons, find_exercise, find_folder
from .isolated import Isolated
from .wrong import WrongAnswer, WrongAnswers, reference_of

__all__ = [
    "Exercise",
    "Isolated",
    "Lesson",
    "Verdict",
    "WrongAnswer",
    "WrongAnswers",
    "all_lessons",
    "check",
    "check_file",
    "check_function",
    "examine",
    "find_exercise",
    "find_folder",
    "reference_of",
]
