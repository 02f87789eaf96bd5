"""Every wall by itself, without the others: what a submission tries comes to nothing, and outside nothing changes.

The same things are tried in plain Python, where they must succeed: so each of them is a real one.
"""

import ast
import os
import py_compile
import stat
import subprocess
import sys
import zipfile
import zlib

import pytest

from minigen.lessons import Isolated, Limits, find_exercise, shelter
from tests.lessons import hostile

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the ways and the walls are those of Linux"),
]
LESSON, FIRST = find_exercise("07.1")
INPUTS = {"n": 5, "k": 3, "stride": 1, "padding": 0}
SOLID = ["namespaces", "landlock", "user"]


def walls_or_skip(wall):
    if wall not in shelter.available():
        pytest.skip(f"this system has no {wall} for us")
    return (wall,)


def outcome_of(text, walls):
    with Isolated(LESSON, FIRST, text, "exercises.py", limits=Limits(60, 4096), walls=walls) as run:
        return run(INPUTS)


def succeeded(text, walls):
    found = outcome_of(text, walls)
    assert found.state == "returned", found
    return set(found.value)


@pytest.fixture
def secret(tmp_path):
    """A folder with the solutions, their bytecode, a commit and an archive of them."""
    file = tmp_path / "solutions.py"
    file.write_bytes(LESSON.solutions.encode())
    (tmp_path / ".git" / "objects" / "ab").mkdir(parents=True)
    (tmp_path / ".git" / "objects" / "ab" / "cd").write_bytes(zlib.compress(file.read_bytes()))
    with zipfile.ZipFile(tmp_path / "course.zip", "w") as archive:
        archive.write(file, "solutions.py")
    names = {"SECRET": str(file), "FOLDER": str(tmp_path), "PARENT": os.getpid()}
    mark = f"minigen-{os.getpid()}"
    yield {**names, "PYC": py_compile.compile(str(file), str(tmp_path / "solutions.pyc")), "MARK": mark}
    if os.path.lexists(f"/tmp/{mark}"):
        os.remove(f"/tmp/{mark}")


@pytest.fixture
def victims(tmp_path):
    """A folder for each way to change files, with the file of somebody else."""
    for name in (*hostile.CHANGES, *hostile.MODES):
        (tmp_path / name).mkdir()
        (tmp_path / name / "victim").write_text("an answer")
    return tmp_path


def snapshot(folder):
    """Everything about the files in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(about.st_mode) else b""
        found[str(path)] = (about.st_mode, about.st_uid, about.st_mtime_ns if content else 0, about.st_nlink, content)
    return found


def in_plain_python(text):
    command = [sys.executable, "-c", text + "print(output_size(5, 3, 1, 0))"]
    done = subprocess.run(command, capture_output=True, text=True)
    return set(ast.literal_eval(done.stdout.splitlines()[-1]))


def test_elsewhere_all_ways_to_read_succeed(secret):
    missing = set(hostile.READS) - in_plain_python(hostile.submission(hostile.READS, **secret))
    assert missing <= {"readline", "c_syscall", "c_ptrace", "proc_parent_memory", "proc_parent_root"}, missing


def test_elsewhere_all_ways_to_change_files_succeed(victims):
    ways = {**hostile.CHANGES, **hostile.MODES}
    del ways["c_mount"]  # root's would stay
    missing = set(ways) - in_plain_python(hostile.submission(ways, ROOT=str(victims), MARK=f"minigen-{os.getpid()}"))
    assert missing <= {"dbm", "readline", "mknod"}, missing


@pytest.mark.parametrize("wall", [*SOLID, "hook", "all"])
def test_nothing_is_read(wall, secret):
    walls = shelter.available() if wall == "all" else walls_or_skip(wall)
    allowed = {"user": set(hostile.READS)}.get(wall, set())  # what is open to all, nobody may read
    assert succeeded(hostile.submission(hostile.READS, **secret), walls) <= allowed


@pytest.mark.parametrize("wall", [*SOLID, "hook", "all"])
def test_nothing_is_changed(wall, victims):
    walls = shelter.available() if wall == "all" else walls_or_skip(wall)
    ways, allowed = {**hostile.CHANGES, **hostile.MODES}, set()
    if wall == "user":
        allowed = {"anywhere", "shared_memory"}  # folders that are open to all
    if wall == "landlock":
        ways = hostile.CHANGES
    if wall == "hook":  # no audit hook is told of these
        ways = {name: way for name, way in ways.items() if name not in ("mkfifo", "mknod")}
    before = snapshot(victims)
    text = hostile.submission(ways, ROOT=str(victims), MARK=f"minigen-{os.getpid()}")
    assert succeeded(text, walls) <= allowed
    assert snapshot(victims) == before


@pytest.mark.parametrize("wall", ["none", *SOLID, "hook"])
def test_the_answer_is_not_in_the_process(wall, secret):
    walls = () if wall == "none" else walls_or_skip(wall)
    assert not succeeded(hostile.submission(hostile.MEMORY, **secret), walls)


@pytest.mark.parametrize("wall", SOLID)
def test_what_the_probe_says_of_a_wall(wall):
    stopped = shelter.tried(walls_or_skip(wall))
    open_to = {"namespaces": set(), "landlock": {"mode", "time", "udp", "tcp", "signal"}}
    open_to["user"] = {"read", "list", "program", "tcp", "udp"}
    assert {kind for kind, held in stopped.items() if not held} <= open_to[wall]
    assert set(stopped) == set(shelter.KINDS)


def test_nothing_is_stopped_without_walls():
    assert not any(held for kind, held in shelter.tried([]).items() if kind != "memory")
