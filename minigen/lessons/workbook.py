"""The student's folder: a notebook without outputs and an exercises.py for each lesson, and the student's guesses.

course/
    course.json                      marks the folder
    pytest.ini                       lets pytest find the exercises
    guesses.json                     made by the first `predict`
    07_convolution/lesson.ipynb      to read and run
    07_convolution/exercises.py      to fill in
    07_convolution/opening.png       the picture at the top of the notebook
    capstone/                        the last task (`capstone`)
"""

import json
import re
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..data.files import json_text, locked, write_whole
from ..errors import ArgumentError, DataError
from ..version import __version__
from .course import MATERIAL, Exercise, Lesson, all_lessons
from .exercise_file import is_untouched

MARK = "course.json"
CAPSTONE = "capstone"
PYTEST = """[pytest]
addopts = -p minigen.lessons.pytest_plugin -p no:cacheprovider
"""


class Workbook:
    """A student's folder.

    Args:
        folder: the one that `start` made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def find(cls, start: Path | str | None = None) -> "Workbook":
        """The folder around `start`, by default around the working directory, or the one named course in it.

        Raises:
            DataError: there is none.
        """
        try:
            here = Path(start or ".").resolve()
        except FileNotFoundError:  # the working directory was removed
            raise DataError("course: the working directory is gone; change to the folder of your course") from None
        for place in (here, *here.parents, here / "course"):
            if (place / MARK).is_file():
                return cls(place)
        raise DataError(
            f"course: there is none in {here} or above; `python -m minigen.lessons start DIR` makes one, then work in "
            "DIR, or name it: --course DIR"
        )

    @property
    def lessons(self) -> list[Lesson]:
        """Those that the folder has."""
        return [lesson for lesson in all_lessons() if (self.folder / lesson.name).is_dir()]

    def exercises_file(self, lesson: Lesson) -> Path:
        """What the student edits."""
        return self.folder / lesson.name / "exercises.py"

    def misplaced(self, lesson: Lesson, exercise: Exercise) -> Path | None:
        """Another file of the lesson's folder that has the exercise's function, though exercises.py is untouched."""
        own = self.exercises_file(lesson)
        if own.exists() and not is_untouched(
            own.read_text(encoding="utf-8", errors="replace"), exercise.function, lesson.stubs
        ):
            return None
        for path in sorted(own.parent.glob("*.py")):
            text = path.read_text(encoding="utf-8", errors="replace") if path != own and path.is_file() else ""
            if re.search(rf"^def {exercise.function}\b", text, re.M) and not is_untouched(
                text, exercise.function, lesson.stubs
            ):
                return path
        return None

    # ------------------------------------------------------------------------------------------------ the guesses

    @property
    def guesses(self) -> dict[str, str]:
        """The first guess for each prediction."""
        path = self.folder / "guesses.json"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be read ({error}); delete it to begin anew") from None
        if not isinstance(found, dict) or not all(isinstance(guess, str) for guess in found.values()):
            raise DataError(f"{path}: expected a guess for each key; delete the file to begin anew")
        return found

    def remember(self, key: str, guess: str) -> None:
        """Keep a guess; one that is there stays."""
        path = self.folder / "guesses.json"
        with locked(path):
            text = json_text({key: guess, **self.guesses}, indent=1, sort_keys=True) + "\n"
            write_whole(path, lambda path: path.write_text(text, encoding="utf-8"))


def start(folder: Path) -> list[Path]:
    """Make a student's folder, or add to one what it lacks; what is there stays as it is.

    Returns:
        The files that were made.

    Raises:
        ArgumentError: the folder holds something else. DataError: it cannot be written, or jupytext is missing.
    """
    if folder.exists() and not folder.is_dir():
        raise ArgumentError(f"start: {folder} is a file; name a new folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise ArgumentError(f"start: {folder} has other files in it; name a new folder")
    made: list[Path] = []

    def write(name: str, content: Callable[[], str | bytes]) -> None:
        path = folder / name
        if path.exists():
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"start: {path.parent} cannot be made: {error.strerror}") from None
        made_now = content()  # only for what is missing: to make a notebook takes a while
        data = made_now.encode() if isinstance(made_now, str) else made_now
        write_whole(path, lambda path: path.write_bytes(data))
        made.append(path)

    write(MARK, lambda: json_text({"minigen": __version__}) + "\n")
    write("pytest.ini", lambda: PYTEST)
    for lesson in all_lessons():
        write(f"{lesson.name}/lesson.ipynb", partial(notebook_text, lesson))
        write(f"{lesson.name}/exercises.py", partial(getattr, lesson, "stubs"))
        write(f"{lesson.name}/opening.png", (lesson.folder / "opening.png").read_bytes)
    for path in sorted((MATERIAL / "capstone").iterdir()):
        write(f"{CAPSTONE}/{path.name}", path.read_bytes)
    return made


def command_line(given: str | None = None) -> str:
    """How the commands are called again. given: the folder that the user named, if any."""
    return "python -m minigen.lessons" + (f" --course {shlex.quote(given)}" if given else "")


def notebook_text(lesson: Lesson) -> str:
    """The lesson's notebook without outputs.

    Raises:
        DataError: jupytext is not installed.
    """
    try:
        import jupytext
        import nbformat
    except ImportError as error:
        raise DataError(
            f'start: notebooks need {error.name}: pip install "minigen[lessons]" (".[lessons]" in a checkout)'
        ) from None
    notebook = jupytext.read(lesson.folder / "lesson.py")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02}"  # the same at every run
    return nbformat.writes(notebook) + "\n"
