"""Which walls this system has, tried before they are trusted, and what a submission could still do.

The walls themselves are in `worker.walls`. Here a worker raises them, tries to do harm to a folder of ours, and tells
how far it came.
"""

import contextlib
import functools
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..errors import DataError
from .worker_process import WorkerProcess

START = 60.0  # seconds for Python and NumPy to start on a busy machine; they do not count as the submission's
KINDS = {
    "read": "read other files",
    "list": "read other files",
    "write": "change files",
    "empty": "change files",
    "link": "change files",
    "move": "change files",
    "delete": "change files",
    "mode": "change the modes and times of files",
    "time": "change the modes and times of files",
    "program": "start programs",
    "memory": "reach other processes",
    "signal": "reach other processes",
    "tcp": "use the network",
    "udp": "use the network",
}


@functools.cache
def view() -> list[str]:
    """What a submission may read: Python's own library without what is installed beside it, and NumPy."""
    paths: set[str] = set()
    for library in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}:
        paths |= {e.path for e in os.scandir(library) if e.name not in ("site-packages", "dist-packages")}
    spec = importlib.util.find_spec("numpy")
    assert spec is not None
    assert spec.origin is not None
    numpy = Path(spec.origin).parent
    return sorted(paths) + [str(place) for place in (numpy, numpy.with_name("numpy.libs")) if place.is_dir()]


@functools.cache
def namespaces() -> list[str]:
    """The command that starts another one in namespaces of its own; [] where the system does not allow it."""
    program = shutil.which("unshare")
    if program is None or not sys.platform.startswith("linux"):
        return []
    words = [program, "--mount", "--net", "--ipc", "--pid", "--fork", "--kill-child"]
    for command in ([*words, "--map-root-user"], words):
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            if subprocess.run([*command, "true"], capture_output=True, timeout=10).returncode == 0:
                return command
    return []


def tried(walls: Sequence[str]) -> dict[str, bool]:
    """For each kind of harm whether these walls stop it.

    Raises:
        DataError: this system does not have them.
    """
    if "namespaces" in walls and not namespaces():
        raise DataError("walls: this system has no namespaces for us")
    if not sys.platform.startswith("linux"):
        raise DataError(f"walls: {sys.platform} has none that we know")
    with tempfile.TemporaryDirectory(prefix="minigen-walls-") as folder, socket.socket() as listener:
        os.chmod(folder, 0o755)  # as a class's folder is
        secret = Path(folder, "secret")
        secret.write_text("a solution")
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        setup = {"walls": list(walls), "view": view(), "attempts": (folder, listener.getsockname()[1], os.getpid())}
        worker = WorkerProcess(namespaces() if "namespaces" in walls else ())
        try:
            answer = worker.ask(setup, START)
        except (TimeoutError, EOFError, OSError, ValueError) as error:
            raise DataError(f"walls: {', '.join(walls)}: {error}") from None
        finally:
            worker.close()
        if not isinstance(answer, dict):
            raise DataError(f"walls: {answer}")
        return answer


@functools.cache
def available() -> tuple[str, ...]:
    """The walls that this system has and that keep something out; the hook is always one."""
    found: list[str] = []
    for wall in ("namespaces", "user", "landlock"):
        with contextlib.suppress(DataError):
            if wall != "user" or ("namespaces" not in found and hasattr(os, "geteuid") and os.geteuid() == 0):
                tried([wall])
                found.append(wall)
    return (*found, "hook")


@functools.cache
def left_open(walls: tuple[str, ...]) -> list[str]:
    """What a submission that gets round the hook can still do behind these walls: values of KINDS."""
    solid = [wall for wall in walls if wall != "hook"]
    stopped = tried(solid) if solid else dict.fromkeys(KINDS, False)
    return list(dict.fromkeys(what for kind, what in KINDS.items() if not stopped[kind]))


def report(walls: tuple[str, ...] | None = None) -> str:
    """One line for the teacher: what keeps submissions in, or a warning that little does."""
    walls = available() if walls is None else walls
    still = left_open(walls)
    if not still:
        return f"walls: {', '.join(walls)}; a submission sees Python, NumPy and itself, and can change nothing"
    return (
        f"warning: the walls of this system ({', '.join(walls)}) stop accidents; a submission that is written to "
        f"cheat can {', '.join(still[:-1])}{' and ' if still[1:] else ''}{still[-1]} (docs/teaching.md says what to do)"
    )
