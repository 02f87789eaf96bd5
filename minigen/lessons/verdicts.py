"""The one way to a verdict. Notebook, pytest, progress board and grading all come through here.

Whatever is checked runs in a process of its own (`isolated_process`), with the same limits and the same libraries, so
the same answer gets the same verdict everywhere, and an endless loop ends everywhere.
"""

import inspect
import secrets
import time
import types
from collections.abc import Callable
from pathlib import Path

from ..errors import DataError, DTypeError
from .checking import Verdict, examine, unwritten
from .course import Exercise, Lesson, find_exercise
from .exercise_file import is_untouched
from .isolated_process import Isolated, Limits
from .submissions import read_source
from .workbook import Workbook
from .worker.answers import Outcome


def check(answer: Callable[..., object] | str, *, seed: int | None = None) -> Verdict:
    """Check an exercise, from a notebook cell or anywhere.

    Args:
        answer: your function, named as the exercise is; or the exercise's key ('07.2') or name, to check what is in
            exercises.py.
        seed: of the random inputs; None for new ones each time. The verdict says which seed it was, so that a check
            can be repeated.

    Returns:
        The verdict; a notebook shows its message.
    """
    seed = fresh_seed() if seed is None else seed
    if isinstance(answer, str):
        lesson, exercise = find_exercise(answer)
        return check_workbook(Workbook.find(), lesson, exercise, seed=seed)
    if not callable(answer) or not hasattr(answer, "__name__"):
        raise DTypeError(f"check: expected a function or an exercise's key like '07.2', got {type(answer).__name__}")
    lesson, exercise = find_exercise(answer.__name__)
    fn = inspect.unwrap(answer)
    if not isinstance(fn, types.FunctionType):  # a library's own function under the exercise's name
        borrowed = Outcome(
            "returned", foreign=[f"{getattr(fn, '__module__', None) or type(fn).__name__}.{fn.__name__}"]
        )
        return examine(lesson, exercise, lambda inputs: borrowed, seed=seed, again=_again(exercise, fn, seed))
    file = fn.__code__.co_filename
    return check_answer(lesson, exercise, fn, file if Path(file).name == "exercises.py" else "your function", seed=seed)


def check_workbook(workbook: Workbook, lesson: Lesson, exercise: Exercise, *, seed: int | None = None) -> Verdict:
    """Check the exercise in a student's folder; an answer that was written into another file is noticed."""
    path = workbook.exercises_file(lesson)
    other = workbook.misplaced(lesson, exercise)
    if other is not None:
        return Verdict(
            exercise,
            "todo",
            f"{exercise.key} {exercise.function}: not written yet in {path}; {other.name} beside it has this function, "
            "but only exercises.py is read: write it there",
        )
    return check_file(lesson, exercise, path, seed=seed)


def fresh_seed() -> int:
    """A seed that nobody knows in advance, short enough to be typed."""
    return secrets.randbelow(10**6)


def check_file(lesson: Lesson, exercise: Exercise, path: Path, *, seed: int | None = None) -> Verdict:
    """Check the exercise's function in a student's own file; a file that cannot be read is a verdict too.

    Args:
        seed: of the inputs; None for new ones.
    """
    if not path.exists():
        return Verdict(exercise, "todo", f"{path} is missing: python -m minigen.lessons reset {exercise.key}")
    try:
        source = read_source(path)
    except DataError as error:
        return Verdict(exercise, "failed", str(error))
    seed = fresh_seed() if seed is None else seed
    return check_answer(lesson, exercise, source, str(path), seed=seed, saved=_saved(path))


def check_answer(
    lesson: Lesson,
    exercise: Exercise,
    answer: str | types.FunctionType,
    filename: str,
    *,
    limits: Limits | None = None,
    seed: int = 0,
    saved: str = "",
) -> Verdict:
    """Check the exercise's function, given as the text of a file like exercises.py or as itself.

    The other exercises' functions, if it calls them, are the reference's. A stub as it was handed out is not run.

    Args:
        filename: what messages call the file. limits: on time and memory. seed: of the inputs.
        saved: when the file was saved.
    """
    if isinstance(answer, str) and is_untouched(answer, exercise.function, lesson.stubs):
        return Verdict(exercise, "todo", unwritten(lesson, exercise, saved))
    with Isolated(lesson, exercise, answer, filename, limits=limits) as run:
        again = _again(exercise, answer, seed)
        return examine(lesson, exercise, run, filename=filename, seed=seed, again=again, saved=saved)


def _again(exercise: Exercise, answer: object, seed: int) -> str:
    """The call that checks the same answer on the same inputs."""
    name = f'"{exercise.key}"' if isinstance(answer, str) else exercise.function
    return f"check({name}, seed={seed})"


def _saved(path: Path) -> str:
    """When a file was saved: the time of day, and the day unless it is today."""
    then, now = time.localtime(path.stat().st_mtime), time.localtime()
    return time.strftime("at %H:%M:%S" if then[:3] == now[:3] else "on %Y-%m-%d at %H:%M", then)
