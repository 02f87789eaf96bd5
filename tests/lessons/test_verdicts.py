"""One verdict everywhere: in a notebook cell, by key, under pytest, on the progress board, and in grading."""

import linecache
import os
import re
import subprocess
import sys
import types
import warnings
from pathlib import Path

import pytest

from minigen.errors import DTypeError
from minigen.lessons import Limits, check, check_answer, find_exercise
from minigen.lessons.grading import grade
from minigen.lessons.progress_board import progress
from minigen.lessons.workbook import MARK, Workbook

ROOT = Path(__file__).parents[2]
LESSON, FIRST = find_exercise("07.1")
STUBS = LESSON.stubs
STUB = 'raise NotImplementedError("output_size: not written yet")'
RIGHT = "return max(0, (n + 2 * padding - k) // stride + 1)"
DONE = STUBS.replace(STUB, RIGHT)


def with_head(text):
    """The right answer, below more lines at the top."""
    return DONE.replace("import numpy as np\n", f"import numpy as np\n{text}\n", 1)


def using(head, line):
    """An answer with its own line, and more lines at the top."""
    return with_head(head).replace(RIGHT, line)


SUBMISSIONS = {  # the file as bytes, the state, and what the message says
    "right": (DONE, "passed", "right in all"),
    "untouched": (STUBS, "todo", "not written yet"),
    "half": (using("", f"if stride == 1:\n        {RIGHT}\n    raise NotImplementedError"), "failed", "one branch"),
    "wrong": (using("", "return (n + padding - k) // stride + 1"), "failed", "counted once"),
    "raises": (using("", "return n[0]"), "failed", "return n[0]"),
    "syntax": (using("", "return ("), "failed", "stops with SyntaxError"),
    "no_function": ("x = 1\n", "failed", "no function 'output_size'"),
    "left_over": (with_head("import matplotlib.pyplot as plt\nplt.style.use('ggplot')"), "passed", "right in all"),
    "not_installed": (with_head("import a_library_of_nobody"), "passed", "right in all"),
    "prepared": (with_head("try:\n    import cupy\nexcept ImportError:\n    cupy = None"), "passed", "right in all"),
    "scipy": (using("import scipy.signal", "return scipy.signal.size(n)"), "failed", "calls scipy.signal.size"),
    "from_scipy": (using("from scipy.signal import size", "return size(n)"), "failed", "calls scipy.signal.size"),
    "inside": (using("", "import torch; return torch.tensor(n)"), "failed", "calls torch.tensor"),
    "the_library": (using("import minigen as mg", "return mg.ops.size(n)"), "failed", "calls minigen.ops.size"),
    "a_library_swallowed": (
        using("import torch", f"try: torch.abs(n)\n    except Exception: pass\n    {RIGHT}"),
        "failed",
        "calls torch.abs",
    ),
    "standard_library": (
        using("import math", "return max(0, math.floor((n + 2 * padding - k) / stride) + 1)"),
        "passed",
        "",
    ),
    "everything": (
        with_head("from numpy import *\nfrom builtins import max\nfor name in dir(np): getattr(np, name, None)"),
        "passed",
        "right in all",
    ),
    "pythons_own": (
        with_head("import asyncio, dbm, doctest, numpy.testing, readline, rlcompleter, subprocess\ndoctest.testmod()"),
        "passed",
        "right in all",
    ),
    "out_of_sight": (
        with_head(
            "import curses, sqlite3, ssl, tkinter.ttk as t\nclass A(t.Frame): pass\n"
            "from sqlite3 import *\nx = sqlite3.Row"
        ),
        "passed",
        "right in all",
    ),
    "starts_a_program": (using("import subprocess", "return subprocess.run(['true'])"), "failed", "not start programs"),
    "unpacked": (
        with_head("import matplotlib.pyplot as plt\nfig, (a, b) = plt.subplots(2)\na.plot([1])"),
        "passed",
        "right in all",
    ),
    "used_unpacked": (
        using("import torch\nx, y = torch.load()", "return x.size(n)"),
        "failed",
        "calls torch.load().size",
    ),
    "new_enough": (with_head("import torch\nif torch.__version__ > '1': pass"), "passed", "right in all"),
    "starred": (with_head("from pylab import *\nfigure()\nx = linspace(0, 1)"), "passed", "right in all"),
    "ordinary": (
        "from __future__ import annotations\n"
        + with_head(
            "import dataclasses, enum, pickle, sys, typing\n@dataclasses.dataclass\nclass D:\n    x: int\n"
            "class E(enum.Enum):\n    A = 1\nassert pickle.loads(pickle.dumps(E.A)) is E.A\n"
            "assert typing.get_type_hints(D) == {'x': int}\nassert sys.modules[__name__].D is D"
        ),
        "passed",
        "right in all",
    ),
    "warns": (with_head("import warnings\nwarnings.warn('old')\nx = '\\d'"), "passed", "right in all"),
    "prints": (using("", f"print('x' * 1000000)\n    {RIGHT}"), "passed", "right in all"),
    "helper": (using("def half(x):\n    return x // 2\n", f"half(3)\n    {RIGHT}"), "passed", "right in all"),
    "files": (using("", "return open('/etc/passwd').read()"), "failed", "may not read files"),
    "exits": (using("", "import os; os._exit(0)"), "failed", "ends its process"),
    "bom": (b"\xef\xbb\xbf" + DONE.encode(), "passed", "right in all"),
    "latin1": (("# -*- coding: latin-1 -*-\n# é\n" + DONE).encode("latin-1"), "passed", "right in all"),
    "cp1252": (("# coding: cp1252\n# „é“\n" + DONE).encode("cp1252"), "passed", "right in all"),
    "crlf": (DONE.replace("\n", "\r\n").encode(), "passed", "right in all"),
    "cr": (DONE.replace("\n", "\r").encode(), "passed", "right in all"),
    "no_newline": (DONE.rstrip("\n").encode(), "passed", "right in all"),
    "tabs": (DONE.replace("    ", "\t").encode(), "passed", "right in all"),
    "form_feed": (with_head("\f").encode(), "passed", "right in all"),
    "utf16": (DONE.encode("utf-16"), "failed", "cannot be read"),
    "unknown_encoding": (b"# coding: nothing\n" + DONE.encode(), "failed", "cannot be read"),
    "nul": (DONE.encode() + b"\0", "failed", "null bytes"),
}


def verdicts(top, names):
    """For each of these submissions, (state, message) by each way."""
    found = {name: {} for name in names}
    for name in names:
        text = SUBMISSIONS[name][0]
        data = text if isinstance(text, bytes) else text.encode()
        for kind in ("courses", "class"):
            place = top / kind / name / LESSON.name
            place.mkdir(parents=True)
            (place / "exercises.py").write_bytes(data)
        course = top / "courses" / name
        (course / MARK).write_text("{}")
        here = os.getcwd()
        os.chdir(course / LESSON.name)
        try:
            verdict = check("07.1")
            found[name]["check"] = (verdict.state, verdict.message)
            fn = defined(text) if isinstance(text, str) else None
            if fn:
                verdict = check(fn)
                found[name]["notebook"] = (verdict.state, verdict.message)
        finally:
            os.chdir(here)
        sign = re.search(r"^  \[(.)\] 07.1", progress(Workbook(course), [one_exercise()]), re.M)[1]
        found[name]["progress"] = ({"x": "passed", " ": "todo", "!": "failed"}[sign], "")
    graded = grade(top / "class", [one_exercise()], None, Limits(), seed=0)
    for name in names:
        found[name]["grade"] = graded.results[name]["07.1"]
    under_pytest(top, found)
    return found


def one_exercise():
    """Lesson 7 with its first exercise alone."""
    lesson = type(LESSON)(LESSON.folder)
    lesson.__dict__["exercises"] = [FIRST]
    return lesson


def defined(text):
    """The function, as a cell of a notebook defines it; None where the cell would not run."""
    namespace = {"__name__": "__main__"}
    missing = {name: types.ModuleType(name) for name in ("scipy", "scipy.signal", "a_library_of_nobody", "torch")}
    missing["scipy"].signal = missing["scipy.signal"]
    missing["scipy.signal"].size = types.FunctionType((lambda n: n).__code__, {"__name__": "scipy.signal"}, "size")
    missing["scipy.signal"].size.__module__ = "scipy.signal"
    missing["scipy.signal"].size.__qualname__ = "size"
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, module in missing.items():
            patch.setitem(sys.modules, name, module)
        try:
            exec(compile(text, "<cell 1>", "exec"), namespace)
        except Exception:
            return None
    linecache.cache["<cell 1>"] = (len(text), None, text.splitlines(keepends=True), "<cell 1>")
    return namespace.get("output_size")


def under_pytest(top, found):
    plugins = ["-p", "no:cacheprovider", "-p", "minigen.lessons.pytest_plugin"]
    words = [sys.executable, "-m", "pytest", *plugins, "-v", "-k", "output_size", "courses"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": "", "COLUMNS": "200"}
    done = subprocess.run(words, cwd=top, env=env, capture_output=True, text=True)
    states = {"PASSED": "passed", "FAILED": "failed", "TODO": "todo"}
    for name in found:
        said = re.search(rf"courses/{name}/\S+ (\w+)", done.stdout)
        assert said, done.stdout[-3000:] + done.stderr
        found[name]["pytest"] = (states[said[1]], "")


@pytest.mark.long
@pytest.mark.parametrize("part", range(2))  # pytest is started once for all of a part
def test_one_verdict_in_every_way(part, tmp_path):
    names = list(SUBMISSIONS)[part::2]
    wrong = {}
    for name, by_way in verdicts(tmp_path, names).items():
        _, state, text = SUBMISSIONS[name]
        assert set(by_way) >= {"check", "pytest", "progress", "grade"}
        said = [by_way[way][1] for way in ("check", "grade", "notebook") if way in by_way]
        if {found for found, _ in by_way.values()} != {state} or not all(text in message for message in said):
            wrong[name] = by_way
    assert wrong == {}


@pytest.mark.long
def test_messages_name_the_students_file_and_quote_its_line(tmp_path):
    by_way = verdicts(tmp_path, ["raises"])["raises"]
    where = {way: re.search("where   (.*)", text)[1] for way, (_, text) in by_way.items() if text}
    number = 1 + SUBMISSIONS["raises"][0].splitlines().index("    return n[0]")
    quoted = f"line {number}: return n[0]"
    assert where["check"].endswith(f"courses/raises/07_convolution/exercises.py, {quoted}")
    assert where["grade"] == f"raises/07_convolution/exercises.py, {quoted}"
    assert where["notebook"] == f"your function, {quoted}"


def test_an_endless_loop_in_a_notebook_ends_with_its_line():
    def output_size(n, k, stride, padding):
        while True:
            pass

    verdict = check_answer(LESSON, FIRST, output_size, "your function", limits=Limits(1.0))
    assert verdict.state == "failed"
    assert "does not end: stopped after 1 s; look for an endless loop" in verdict.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "there is no function 'output_size' in the file; `reset` puts it back\n  where   f.py"),
        ("x = (1\n", "stops with SyntaxError: '(' was never closed\n  where   f.py, line 1: x = (1"),
        ("x = 1\0\n", "null bytes\n  where   f.py"),
        ("return\n", "stops with SyntaxError: 'return' outside function\n  where   f.py, line 1"),
        ("\n1 / 0\n", "stops with ZeroDivisionError: division by zero\n  where   f.py, line 2: 1 / 0"),
    ],
)
def test_a_file_without_a_function_to_call_is_told_no_inputs(text, said):
    message = check_answer(LESSON, FIRST, text, "f.py").message
    assert message.startswith("07.1 output_size: ")
    assert message.endswith(said)


@pytest.mark.parametrize("trick", ["np.array_equal = lambda *a, **k: True", "import copy\ncopy.deepcopy = lambda x: x"])
def test_what_happened_to_the_inputs_is_judged_outside(trick):
    lesson, exercise = find_exercise("01.2")
    text = f"import numpy as np\n{trick}\ndef multiply_backward(g, a, b):\n    r = g * b, g * a; a += 1\n    return r\n"
    assert "changes its input a" in check_answer(lesson, exercise, text, "f.py").message


def test_a_named_tuple_is_a_tuple():
    lesson, exercise = find_exercise("01.2")
    head = "import collections\nP = collections.namedtuple('P', 'a b')\n"
    text = head + "def multiply_backward(g, a, b): return P(g * b, g * a)\n"
    assert check_answer(lesson, exercise, text, "f.py")


def test_what_is_no_function():
    with pytest.raises(DTypeError, match="expected a function"):
        check(3)

    class Borrowed:
        __name__ = "output_size"
        __module__ = "minigen.ops.conv"

        def __call__(self, n, k, stride, padding):
            return max(0, (n + 2 * padding - k) // stride + 1)

    assert "calls minigen.ops.conv.output_size" in check(Borrowed()).message
