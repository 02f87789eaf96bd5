"""How far a student is: every exercise of every lesson, checked, and what to do next."""

from collections.abc import Sequence

from .course import Exercise, Lesson, command_line, place_of
from .verdicts import check_file

SIGNS = {"passed": "x", "todo": " ", "failed": "!"}


def progress(lessons: Sequence[Lesson], given: str | None = None) -> str:
    """The board: a line for each exercise, and the message for the next one.

    Args:
        given: the folder that the user named, for the commands that are printed.
    """
    lines: list[str] = []
    following: tuple[Exercise, Lesson, str] | None = None
    solved = total = 0
    for lesson in lessons:
        lines.append(f"{lesson.number}  {lesson.title}")
        there = lesson.exercises_file.exists()
        for exercise in lesson.exercises:
            verdict = check_file(lesson, exercise, lesson.exercises_file)
            total += 1
            solved += bool(verdict)
            lines.append(f"  [{SIGNS[verdict.state]}] {exercise.key}  {exercise.function}")
            if not verdict and following is None:
                following = (exercise, lesson, "" if verdict.state == "todo" and there else verdict.message)
    lines.append(f"\n{solved} of {total} solved")
    if following is None:
        return "\n".join([*lines, "All done. What next? The last section of each lesson names papers to read."])
    exercise, lesson, message = following
    lines.append(f"next: {exercise.key} {exercise.function}, in {lesson.exercises_file}")
    if message:
        message = message.replace(place_of(lesson), place_of(lesson, given))
        lines.append("\n" + message.replace(command_line(), command_line(given)))
    else:
        lines.append(f"  check it:  python -m pytest {place_of(lesson, given)} -k {exercise.function}")
        lines.append(f"  a hint:    {command_line(given)} hint {exercise.key}")
    return "\n".join(lines)
