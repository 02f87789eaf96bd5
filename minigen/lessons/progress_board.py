"""How far a student is: every exercise of every lesson, checked, and what to do next."""

from collections.abc import Sequence

from .course import Exercise, Lesson
from .exercise_file import function_lines, make_stubs
from .isolated_process import check_isolated

SIGNS = {"passed": "x", "todo": " ", "failed": "!"}
SECONDS = 20.0  # for one exercise; after that it is reported as an endless loop


def untouched(lesson: Lesson, exercise: Exercise, source: str) -> bool:
    """Whether the exercise in `source` is still the stub, so that there is nothing to run."""

    def body(text: str) -> list[str]:
        first, last = function_lines(text, exercise.function)
        return text.splitlines()[first:last]

    try:
        return body(source) == body(make_stubs(lesson.solutions))
    except (SyntaxError, ValueError, OSError):
        return False


def progress(lessons: Sequence[Lesson]) -> str:
    """The board: a line for each exercise, and the message for the next one."""
    lines: list[str] = []
    following: tuple[Exercise, Lesson, str] | None = None
    solved = total = 0
    for lesson in lessons:
        lines.append(f"{lesson.number}  {lesson.title}")
        path = lesson.exercises_file
        source = path.read_text(encoding="utf-8") if path.exists() else ""
        for exercise in lesson.exercises:
            if not source:
                state, message = "todo", f"{path} is missing: python -m minigen.lessons reset {exercise.key}"
            elif untouched(lesson, exercise, source):
                state, message = "todo", ""
            else:
                verdict = check_isolated(lesson, exercise, source, str(path), seconds=SECONDS, memory=4096)
                state, message = verdict.state, verdict.message
            total += 1
            solved += state == "passed"
            lines.append(f"  [{SIGNS[state]}] {exercise.key}  {exercise.function}")
            if state != "passed" and following is None:
                following = (exercise, lesson, "" if state == "todo" and source else message)
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
