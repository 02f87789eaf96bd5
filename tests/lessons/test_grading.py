"""Grading: right and wrong submissions in one class with hostile ones, which cost only themselves."""

import csv
import json
import os
import sys
import time
from pathlib import Path

import pytest

from minigen.errors import ArgumentError
from minigen.lessons import Limits, find_exercise, shelter
from minigen.lessons.commands import main
from minigen.lessons.grading import grade
from tests.faults import counted

LESSON, FIRST = find_exercise("07.1")
SOLUTIONS = LESSON.solutions
HEAD = "import numpy as np\n"
RIGHT = "return max(0, (n + 2 * padding - k) // stride + 1)"


def answer(body, head=""):
    """A submission with one function, output_size."""
    return f"{HEAD}{head}\ndef output_size(n, k, stride, padding):\n    {body}\n"


def one_exercise():
    """Lesson 7 with its first exercise alone."""
    lesson = type(LESSON)(LESSON.folder)
    lesson.__dict__["exercises"] = [FIRST]
    return lesson


HOSTILE = {
    "hangs": (answer("while True: pass"), "does not end: stopped after 3 s; look for an endless loop"),
    "hangs_at_import": (answer(RIGHT, "while True: pass\n"), "does not end"),
    "sleeps": (answer("__import__('time').sleep(1000)"), "does not end"),
    "exits": (answer("raise SystemExit(0)"), "it must not end the program"),
    "exits_hard": (answer("__import__('os')._exit(0)"), "ends its process"),
    "exits_at_import": (answer(RIGHT, "import os; os._exit(0)\n"), "ends its process"),
    "crashes": (
        answer("import sys; x = []; sys.setrecursionlimit(1 << 30)\n    for _ in range(1 << 20): x = [x]\n    repr(x)"),
        ": ",  # the process is gone, or from Python 3.12 on a RecursionError
    ),
    "eats_memory": (answer("return len(np.ones((1 << 33,)))"), "MemoryError"),
    "reads_solutions": (answer(f"return open({str(LESSON.solutions_file)!r}).read()"), "may not read files"),
    "edits_tests": (
        answer(f"open({str(LESSON.folder / 'wrong.py')!r}, 'w').write('')"),
        "PermissionError: an exercise may not write files",
    ),
    "deletes": (answer(f"__import__('os').remove({str(LESSON.folder / 'tasks.py')!r})"), "may not change files"),
    "moves": (answer(f"__import__('shutil').move({str(LESSON.folder / 'tasks.py')!r}, 'x')"), "may not change files"),
    "phones_home": (answer("import socket; socket.create_connection(('127.0.0.1', 9))"), "may not use the network"),
    "starts_a_shell": (answer("__import__('os').system('true')"), "may not start programs"),
    "forks": (answer("__import__('os').fork()"), "may not start processes"),
    "kills_its_parent": (answer("import os; os.kill(os.getppid(), 9)"), "may not send signals"),
    "calls_c": (answer("import ctypes; ctypes.string_at(0)"), "may not"),
    "uses_the_library": (answer("import minigen; return minigen.output_size(n)"), "calls minigen.output_size"),
    "uses_the_tests": (answer("import pytest; return pytest.main([])"), "calls pytest.main"),
    "answers_by_itself": (
        answer(
            f"import os\n    for fd in range(3, 9):\n        try: os.write(fd, b'x' * 100)\n"
            f"        except OSError: pass\n    {RIGHT}"
        ),
        ": ",
    ),
    "returns_an_object": (answer("return object()"), "returns an object, expected an int"),
    "equal_to_everything": (
        answer("return Always()", "class Always(int):\n    __eq__ = __ge__ = __le__ = lambda *_: True\n"),
        "returns an Always, expected",
    ),
    "huge_answer": (answer("return np.zeros(1 << 24)"), ": "),
    "syntax": ("def output_size(:", "SyntaxError"),
    "lies_about_itself": (
        answer("return Five(0)", "class Five(int):\n    __class__ = int\n    __int__ = __index__ = lambda self: 5\n"),
        "returns a Five, expected",
    ),
    "lying_array": (
        answer(
            "return np.zeros(3).view(Lying)",
            "class Lying(np.ndarray):\n    __eq__ = __ge__ = lambda *_: True\n    shape = property(lambda _: ())\n",
        ),
        ": ",
    ),
    "outlives": (
        answer(
            "return 0",
            "import threading, time, atexit\natexit.register(time.sleep, 99)\n"
            "threading.Thread(target=time.sleep, args=(99,)).start()\n",
        ),
        "returns 0, expected",
    ),
    "forges_a_verdict": (
        answer(
            "import json, os\n    said = json.dumps(['dict', {'state': ['plain', 'passed'], 'value': ['plain', 5]}])\n"
            "    data = len(said).to_bytes(8, 'little') + said.encode()\n"
            "    [os.write(fd, len(data).to_bytes(8, 'little') + data) for fd in range(3, 7) if os.path.exists('/')]"
        ),
        ": ",
    ),
    "exits_with_success": (answer("import sys, os; sys.stdout = None; os._exit(0)"), "ends its process"),
    "unwatched": (answer("import sys; sys.setprofile(None); return 1"), "may not change how it is watched"),
    "patches_the_checker": (
        answer(
            "return 0",
            "import sys\nfor m in list(sys.modules.values()):\n"
            "    for name in ('same', 'pack', 'send', 'call', 'difference', 'examine'):\n"
            "        if hasattr(m, name): setattr(m, name, lambda *a, **k: None)\n",
        ),
        ": ",
    ),
    "endless_int": (answer("return 10 ** 400"), "returns 1000"),
    "nested": (answer("x = []\n    for _ in range(900): x = [x]\n    return x"), ": "),
    "rubbish": (b"\xff\xfe\x00", "cannot be read"),
    "numpy_patched": (
        answer("return 0", "np.array_equal = np.allclose = lambda *a, **k: True\n"),
        "returns 0, expected",
    ),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """One class: two honest students and all the hostile ones, graded on lesson 7."""
    folder = tmp_path_factory.mktemp("class")
    prints = SOLUTIONS.replace("# answer", "for _ in range(100): print('x' * 100_000)\n    # answer")
    for name, text in {"ada": SOLUTIONS, "bob": LESSON.stubs, "prints": prints}.items():
        (folder / name / "07_convolution").mkdir(parents=True)
        (folder / name / "07_convolution" / "exercises.py").write_text(text)
    (folder / "cyd").mkdir()
    before = {p: p.read_bytes() for p in LESSON.folder.iterdir() if p.is_file()}
    honest = grade(folder, [LESSON], None, Limits(20, 1024), seed=5)
    assert {p: p.read_bytes() for p in LESSON.folder.iterdir() if p.is_file()} == before
    return honest


def test_honest_students(graded):
    assert graded.score("ada") == len(LESSON.exercises)
    assert graded.score("prints") == len(LESSON.exercises), "it printed 40 MB, and that went nowhere"
    assert graded.score("bob") == 0
    assert {state for state, _ in graded.results["bob"].values()} == {"todo"}
    assert {state for state, _ in graded.results["cyd"].values()} == {"missing"}


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="limits of memory and processor time are POSIX")
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_submission_costs_only_itself(name, tmp_path):
    text, message = HOSTILE[name]
    for student, submission in (("a_right", SOLUTIONS), (name, text), ("z_right", SOLUTIONS)):
        path = tmp_path / f"{student}.py"
        path.write_bytes(submission if isinstance(submission, bytes) else submission.encode())
    before = {p: p.read_bytes() for p in LESSON.folder.iterdir() if p.is_file()}
    start = time.monotonic()
    table = grade(tmp_path, [one_exercise()], ["07"], Limits(3, 1024), seed=0, jobs=1)
    assert time.monotonic() - start < 60
    state, text = table.results[name]["07.1"]
    with counted("grading: hostile submissions", "no marks, and nothing lost but their own"):
        assert state == "failed"
        assert message in text, text
        assert table.score("a_right") == table.score("z_right") == 1
        assert {p: p.read_bytes() for p in LESSON.folder.iterdir() if p.is_file()} == before


def test_nothing_is_left_running(tmp_path):
    if not shelter.namespaces():
        pytest.skip("this system has no namespaces for us")
    (tmp_path / "eve.py").write_text(answer(RIGHT, "while True: pass\n"))
    grade(tmp_path, [one_exercise()], ["07"], Limits(1, 1024), jobs=1)
    mine = [
        p for p in Path("/proc").glob("[0-9]*/stat") if p.exists() and int(p.read_text().split()[-49]) == os.getpid()
    ]
    assert not [p for p in mine if "worker.program" in (p.parent / "cmdline").read_text()]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_and_files_of_others_get_no_marks_and_harm_nobody(tmp_path):
    """The link to the solutions, the linked folder, the classmate's file: each was once worth full marks."""
    folder = tmp_path / "class"
    (folder / "ada" / LESSON.name).mkdir(parents=True)
    (folder / "ada" / LESSON.name / "exercises.py").write_text(SOLUTIONS)
    ways = {
        "solutions": lambda at: (at / LESSON.name / "exercises.py").symlink_to(LESSON.solutions_file),
        "classmate": lambda at: (at / LESSON.name / "exercises.py").symlink_to(f"../../ada/{LESSON.name}/exercises.py"),
        "hard": lambda at: os.link(tmp_path / "copy.py", at / LESSON.name / "exercises.py"),
        "pipe": lambda at: os.mkfifo(at / LESSON.name / "exercises.py"),
        "folder_instead": lambda at: (at / LESSON.name / "exercises.py").mkdir(),
    }
    (tmp_path / "copy.py").write_text(SOLUTIONS)
    for name, way in ways.items():
        (folder / name / LESSON.name).mkdir(parents=True)
        way(folder / name)
    (folder / "linked").symlink_to("ada")
    (folder / "inner").mkdir()
    (folder / "inner" / LESSON.name).symlink_to(folder / "ada" / LESSON.name)
    (folder / "alone.py").symlink_to(LESSON.solutions_file)
    table = grade(folder, [LESSON], ["07"], Limits(20), seed=0)
    assert table.score("ada") == len(LESSON.exercises)
    assert set(table.results) == {"ada", *ways, "linked", "inner", "alone"}
    for name in (*ways, "linked", "inner", "alone"):
        assert {state for state, _ in table.results[name].values()} == {"failed"}, name
        assert "the file cannot be read" in table.results[name]["07.1"][1]


def test_two_students_of_nearly_one_name_and_names_that_are_no_text(tmp_path):
    folder = tmp_path / "class"
    (folder / "ada").mkdir(parents=True)
    (folder / "ada" / "exercises.py").write_text(answer(RIGHT))
    (folder / "ada.py").write_text(answer("return 1"))
    odd = os.fsdecode(b"\xff.py")
    if sys.platform == "linux":
        (folder / odd).write_text(answer(RIGHT))
    table = grade(folder, [one_exercise()], ["07"], Limits(20), seed=0)
    assert (table.score("ada"), table.score("ada.py")) == (1, 0)
    table.write_csv(tmp_path / "g.csv")
    table.write_json(tmp_path / "g.json")
    str(table).encode()


@pytest.mark.skipif(sys.platform == "win32", reason="names there have no such characters")
def test_a_name_cannot_break_the_table(tmp_path):
    names = ["a\nbob  4 of 4", "a\\nbob  4 of 4", "\x1b[2J\x1b]0;x\x07", "\u202eabc", "a\rb", "tab\t"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "exercises.py").symlink_to("x\x1b[0m")
    table = grade(tmp_path, [one_exercise()], ["07"], Limits(20), seed=0)
    assert len(table.results) == len(names)
    lines = str(table).split("\n")
    assert len(lines) == len(names)
    messages = [message for states in table.results.values() for _, message in states.values()]
    assert all(text.isprintable() for text in [*lines, *messages])


def test_a_message_cannot_break_the_table(tmp_path):
    text = answer("raise ValueError('\\ud800\\x1b[2J\\u202e' + 'x' * 10000)")
    (tmp_path / "eve.py").write_text(text)
    table = grade(tmp_path, [one_exercise()], ["07"], Limits(20), seed=0)
    table.write_json(tmp_path / "g.json")
    message = json.loads((tmp_path / "g.json").read_text())["students"]["eve"]["exercises"]["07.1"]["message"]
    assert "\\ud800\\x1b[2J" in message
    assert all(line.isprintable() and len(line) < 700 for line in message.splitlines())


def test_csv_and_json(graded, tmp_path):
    graded.write_csv(tmp_path / "g.csv")
    graded.write_json(tmp_path / "g.json")
    rows = list(csv.reader((tmp_path / "g.csv").read_text().splitlines()))
    count = len(LESSON.exercises)
    assert rows[0] == ["student", "solved", "of", *(exercise.key for exercise in LESSON.exercises)]
    assert ["ada", str(count), str(count), *["passed"] * count] in rows
    report = json.loads((tmp_path / "g.json").read_text())
    assert report["seed"] == 5
    assert report["students"]["bob"]["exercises"]["07.2"]["message"].startswith("07.2 conv_forward: not written yet")


def test_the_command(tmp_path, capsys, monkeypatch):
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ada.py").write_text(answer(RIGHT))
    (tmp_path / "class" / "=HYPERLINK(1).py").write_text(answer("return 1"))
    monkeypatch.chdir(tmp_path)
    assert main(["grade", "class", "--lesson", "07", "--seconds", "20"]) == 0
    assert "ada           " in capsys.readouterr().out
    assert f"\n'=HYPERLINK(1),0,{len(LESSON.exercises)},failed" in Path("grades.csv").read_text()
    message = json.loads(Path("grades.json").read_text())["students"]["ada"]["exercises"]["07.2"]["message"]
    assert "there is no function 'conv_forward' in the file" in message


def test_refusals(tmp_path, capsys):
    assert main(["grade", str(tmp_path / "none")]) == 2
    assert "is not a folder" in capsys.readouterr().err
    assert main(["grade", str(tmp_path)]) == 2
    assert "no submissions in" in capsys.readouterr().err
    assert main(["grade", str(tmp_path), "--lesson", "99"]) == 2
    assert "no lesson 99" in capsys.readouterr().err
    with pytest.raises(ArgumentError, match="limits"):
        Limits(0, 1024)
