"""Runs a student's function in a process of its own, with limits on time and memory and without a network.

The process (`run_answer`, run as a program) is given inputs and sends back answers. It never learns what is right. If
it hangs, dies or sends rubbish, that is one more wrong answer. On Linux, where the system allows it, the process also
gets namespaces of its own (`unshare`): it has no network device and sees no other process.
"""

import contextlib
import functools
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from ..errors import DataError
from .checking import Verdict, examine
from .course import Exercise, Inputs, Lesson
from .run_answer import Outcome, pack, unpack

WORKER = Path(__file__).with_name("run_answer.py")
LARGEST = 64 << 20  # bytes of an answer
START = 60.0  # seconds for Python and NumPy to start on a busy machine; they do not count as the submission's


@functools.cache
def namespaces() -> list[str]:
    """The command that starts another one in namespaces of its own; [] where the system does not allow it."""
    program = shutil.which("unshare")
    if program is None or not sys.platform.startswith("linux"):
        return []
    command = [program, "--map-root-user", "--net", "--pid", "--fork", "--kill-child"]
    try:
        tried = subprocess.run([*command, "true"], capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return command if tried.returncode == 0 else []


class Isolated:
    """A submission's function in another process: called with inputs, it gives an Outcome. Use it in a `with`.

    Args:
        lesson, exercise: what is checked.
        source: the text of the submission. filename: its name, for messages.
        seconds: for all cases together. memory: in MiB.
    """

    def __init__(
        self,
        lesson: Lesson,
        exercise: Exercise,
        source: str,
        filename: str,
        *,
        seconds: float = 10.0,
        memory: int = 1024,
    ) -> None:
        self.seconds, self.memory, self.left = seconds, memory, seconds
        environment = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG") if name in os.environ}
        environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [*namespaces(), sys.executable, "-I", "-B", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=lesson.folder,
            start_new_session=True,
        )
        self.questions: queue.Queue[bytes | None] = queue.Queue()
        self.answers: queue.Queue[bytes | Exception] = queue.Queue()
        self.thread = threading.Thread(target=self._talk, daemon=True)
        self.thread.start()
        setup = {
            "reference": lesson.without(exercise.function),
            "reference_file": str(lesson.solutions_file),
            "names": lesson.names,
            "own": exercise.function,
            "source": source,
            "filename": filename,
            "memory": memory << 20,
            "seconds": int(seconds) + 5,
            "hidden": [str(lesson.solutions_file), str(lesson.folder / "wrong.py")],
        }
        try:
            self._ask(setup, START)
        except (TimeoutError, EOFError, OSError, ValueError) as error:
            self.close()
            raise DataError(
                f"grading: Python with NumPy could not be started in a process of its own: {error}"
            ) from None

    def __enter__(self) -> "Isolated":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process and everything it started."""
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
        self.process.wait()
        self.questions.put(None)
        self.thread.join(5)
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def __call__(self, inputs: Inputs) -> Outcome:
        """The function's answer, or an outcome 'lost'."""
        start = time.monotonic()
        try:
            answer = _as_outcome(self._ask(inputs, self.left))
            self.left -= time.monotonic() - start
            return answer
        except TimeoutError:
            return Outcome("lost", error=f"does not end: stopped after {self.seconds:g} s; look for an endless loop")
        except (EOFError, OSError):
            return Outcome("lost", error=f"ends its process instead of returning a result ({self._how()})")
        except ValueError:
            return Outcome("lost", error="sends something that is not an answer")

    def _how(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self.process.wait(5)
            if status in (-signal.SIGXCPU, 128 + signal.SIGXCPU):
                return f"it used up its {self.seconds:g} s of processor time"
            return f"exit status {status}"
        return "its pipe is closed"

    def _ask(self, tree: object, seconds: float) -> object:
        """Send a tree and wait for the answer; the thread does both, so that a full pipe cannot block us."""
        self.questions.put(pack(tree))
        try:
            answer = self.answers.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            raise TimeoutError(f"no answer within {seconds:g} s") from None
        if isinstance(answer, Exception):
            raise answer
        return unpack(answer)

    def _talk(self) -> None:
        """In a thread: pass questions on and bring back the bytes of the answers, or the error."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        while (question := self.questions.get()) is not None:
            try:
                stdin.write(len(question).to_bytes(8, "little") + question)
                stdin.flush()
                size = int.from_bytes(_exactly(stdout, 8), "little")
                if size > LARGEST:
                    raise ValueError("the answer is too large")
                self.answers.put(_exactly(stdout, size))
            except (OSError, EOFError, ValueError) as error:
                self.answers.put(error)
                return


def check_isolated(
    lesson: Lesson, exercise: Exercise, source: str, filename: str, *, seconds: float, memory: int, seed: int = 0
) -> Verdict:
    """Check the exercise's function in the text of a file, in a process of its own; see `Isolated`."""
    with Isolated(lesson, exercise, source, filename, seconds=seconds, memory=memory) as run:
        return examine(lesson, exercise, run, seed=seed)


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the process ended")
    return data


def _as_outcome(answer: object) -> Outcome:
    """What came through the pipe as an Outcome; nothing in it is trusted."""
    expected = {"state": str, "error": str, "line": str, "mutated": list, "foreign": list, "calls": dict}
    if (
        not isinstance(answer, dict)
        or "value" not in answer
        or any(not isinstance(answer.get(name), kind) for name, kind in expected.items())
    ):
        raise ValueError("no outcome")
    if answer["state"] not in ("returned", "unwritten", "raised"):
        raise ValueError("no outcome")
    names = [str(name) for name in answer["mutated"]]
    foreign = [str(name) for name in answer["foreign"]]
    calls = {str(name): int(n) for name, n in answer["calls"].items()}
    return Outcome(answer["state"], answer["value"], answer["error"][:500], answer["line"][:300], names, foreign, calls)
