"""The worker as a process: started, asked through a pipe with a time limit, ended with everything that it started."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from .worker.messages import pack, unpack

HERE = Path(__file__).parent
LARGEST = 8 << 20  # bytes of an answer
START = "import sys; sys.path.insert(0, sys.argv[1]); from worker.program import main; del sys.path[0]; main()"


class WorkerProcess:
    """A worker that waits for its setup. before: the command that starts it in namespaces, or nothing."""

    def __init__(self, before: Sequence[str] = ()) -> None:
        environment = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LANG") if name in os.environ}
        environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self.process = subprocess.Popen(
            [*before, sys.executable, "-I", "-B", "-c", START, str(HERE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=os.path.abspath(os.sep),
            start_new_session=True,
        )
        self.questions: queue.Queue[bytes | None] = queue.Queue()
        self.answers: queue.Queue[bytes | Exception] = queue.Queue()
        self.thread = threading.Thread(target=self._talk, daemon=True)
        self.thread.start()

    def ask(self, tree: object, seconds: float) -> object:
        """Send a tree and wait for the answer; the thread does both, so that a full pipe cannot block us.

        Raises:
            TimeoutError: it takes too long. EOFError, OSError: the process is gone. ValueError: no answer of ours.
        """
        self.questions.put(pack(tree))
        try:
            answer = self.answers.get(timeout=max(seconds, 0.0))
        except queue.Empty:
            raise TimeoutError(f"no answer within {seconds:g} s") from None
        if isinstance(answer, Exception):
            raise answer
        return unpack(answer)

    def status(self) -> str:
        """How it ended, in words; '' if it was its processor time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self.process.wait(5)
            over = getattr(signal, "SIGXCPU", None)
            return "" if over and status in (-over, 128 + over) else f"exit status {status}"
        return "its pipe is closed"

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


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError("the process ended")
    return data
