"""Runs a student's function in a process of its own, behind walls, with limits on time and memory.

The process (`worker`) is given inputs and sends back answers. It never learns what is right. If it hangs, dies or sends
rubbish, that is one more wrong answer.
"""

import time
import types
from dataclasses import dataclass

from ..errors import ArgumentError, DataError
from . import shelter
from .course import Exercise, Inputs, Lesson
from .worker.answers import Outcome
from .worker.functions import as_data
from .worker_process import WorkerProcess


@dataclass(frozen=True)
class Limits:
    """What one exercise may use: seconds for all its cases, memory in MiB."""

    seconds: float = 10.0
    memory: int = 1024

    def __post_init__(self) -> None:
        if not self.seconds > 0 or self.memory < 64:
            raise ArgumentError(f"limits: expected seconds > 0 and >= 64 MiB, got {self.seconds} and {self.memory}")


class Isolated:
    """A student's function in another process: called with inputs, it gives an Outcome. Use it in a `with`.

    Args:
        lesson, exercise: what is checked.
        answer: the text of a file, or a function. filename: the file's name, for messages.
        limits: on time and memory. walls: between the process and the rest; None for all that this system has.

    Raises:
        DataError: no such process could be started.
    """

    def __init__(
        self,
        lesson: Lesson,
        exercise: Exercise,
        answer: str | types.FunctionType,
        filename: str,
        *,
        limits: Limits | None = None,
        walls: tuple[str, ...] | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.left = self.limits.seconds
        walls = shelter.available() if walls is None else walls
        text = isinstance(answer, str)
        setup = {
            "reference": lesson.without(exercise.function),
            "names": lesson.names,
            "own": exercise.function,
            "source": answer if text else "",
            "function": None if text else as_data(answer),  # type: ignore[arg-type]
            "filename": filename,
            "memory": self.limits.memory << 20,
            "seconds": int(min(self.limits.seconds, 1e6)) + 5,
            "walls": list(walls),
            "view": shelter.view(),
        }
        self.worker = WorkerProcess(shelter.namespaces() if "namespaces" in walls else ())
        try:
            ready = self.worker.ask(setup, shelter.START)
            if ready != "ready":
                raise ValueError(ready)
        except (TimeoutError, EOFError, OSError, ValueError) as error:
            self.worker.close()
            raise DataError(f"check: Python with NumPy could not be started in a process of its own: {error}") from None

    def __enter__(self) -> "Isolated":
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.close()

    def __call__(self, inputs: Inputs) -> Outcome:
        """The function's answer, or an outcome 'lost'."""
        start = time.monotonic()
        seconds = f"{self.limits.seconds:g} s"
        try:
            answer = _as_outcome(self.worker.ask(dict(inputs), self.left))
            self.left -= time.monotonic() - start
            return answer
        except TimeoutError:
            return Outcome("lost", error=f"does not end: stopped after {seconds}; look for an endless loop")
        except (EOFError, OSError):
            how = self.worker.status() or f"it used up its {seconds} of processor time"
            return Outcome("lost", error=f"ends its process instead of returning a result ({how})")
        except ValueError:
            return Outcome("lost", error="sends something that is not an answer")


def _as_outcome(answer: object) -> Outcome:
    """What came through the pipe as an Outcome; nothing in it is trusted.

    Raises:
        ValueError: it is none.
    """
    kinds = {"state": str, "error": str, "line": str, "after": dict, "foreign": list, "calls": dict}
    if not isinstance(answer, dict) or set(answer) != {*kinds, "value"}:
        raise ValueError("no outcome")
    sound = all(type(answer[name]) is kind for name, kind in kinds.items())
    if not sound or answer["state"] not in ("returned", "unwritten", "raised", "unread"):
        raise ValueError("no outcome")
    numbers = answer["calls"].values()
    if any(type(name) is not str for name in answer["foreign"]) or any(type(n) is not int for n in numbers):
        raise ValueError("no outcome")
    return Outcome(**answer)
