"""How far a student is: every exercise of every lesson, checked, and what to do next."""

from collections.abc import Sequence

from .course import Exercise, Lesson
from .verdicts import check_workbook
from .workbook import CAPSTONE, Workbook, command_line

SIGNS = {"passed": "x", "todo": " ", "failed": "!"}


def progress(workbook: Workbook, lessons: Sequence[Lesson], given: str | None = None) -> str:
    """The board: a line for each exercise, and the message for the next one.

    Args:
        given: the folder that the user named, for the commands that are printed.
    """
    lines: list[str] = []
    following: tuple[Exercise, Lesson, str] | None = None
    solved = failed = total = guessed = predictions = 0
    guesses = workbook.guesses
    for lesson in lessons:
        lines.append(f"{lesson.number}  {lesson.title}")
        there = workbook.exercises_file(lesson).exists()
        keys = [prediction.key for prediction in lesson.questions["PREDICTIONS"]]
        predictions, guessed = predictions + len(keys), guessed + sum(key in guesses for key in keys)
        for exercise in lesson.exercises:
            verdict = check_workbook(workbook, lesson, exercise)
            total += 1
            solved += bool(verdict)
            failed += verdict.state == "failed"
            lines.append(f"  [{SIGNS[verdict.state]}] {exercise.key}  {exercise.function}")
            if not verdict and following is None:
                following = (exercise, lesson, "" if verdict.state == "todo" and there else verdict.message)
    lines.append(f"\n{solved} of {total} solved" + ("; [!] is written, but not right yet" if failed else ""))
    if predictions:
        lines.append(f"{guessed} of {predictions} predictions made")
    if (workbook.folder / CAPSTONE).is_dir():
        lines.append(f"{CAPSTONE[:2]}  the capstone: {command_line(given)} capstone")
    if following is None:
        return "\n".join([*lines, "All done. What next? The last section of each lesson names papers to read."])
    exercise, lesson, message = following
    command = command_line(given)
    lines.append(f"next: {exercise.key} {exercise.function}, in {workbook.exercises_file(lesson)}")
    if message:
        lines.append("\n" + message.replace(command_line(), command))
    else:
        lines.append(f"  check it:  {command} check {exercise.key}")
        lines.append(f"  a hint:    {command} hint {exercise.key}")
    return "\n".join(lines)
