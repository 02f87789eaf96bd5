"""How far a student is: every exercise of every lesson, checked, and what to do next."""

from collections.abc import Sequence

from .course import Exercise, Lesson
from .verdicts import check_file

SIGNS = {"passed": "x", "todo": " ", "failed": "!"}


def progress(lessons: Sequence[Lesson]) -> str:
    """The board: a line for each exercise, and the message for the next one."""
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
        lines.append("\n" + message)
    else:
        lines.append(f"  check it:  python -m pytest lessons/{lesson.name} -k {exercise.function}")
        lines.append(f"  a hint:    python -m minigen.lessons hint {exercise.key}")
    return "\n".join(lines)
