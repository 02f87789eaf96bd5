"""What the files say of themselves: every file that has something to derive names the lesson that does."""

import ast
import re
from pathlib import Path

import pytest

import minigen

PACKAGE = Path(minigen.__file__).parent
NOTHING_TO_DERIVE = {
    "autodiff/arrays.py",
    "autodiff/changes.py",
    "autodiff/debugging.py",
    "autodiff/protocols.py",
    "autodiff/refusals.py",
    "nn/exchange.py",
    "nn/module.py",
    "nn/saving.py",
    "ops/operators.py",
    "optim/check.py",
    "optim/flat.py",
}
IN_NO_LESSON = {"optim/clipping.py", "optim/ema.py"}
FILES = [
    path.relative_to(PACKAGE).as_posix()
    for room in ("autodiff", "ops", "nn", "optim")
    for path in sorted((PACKAGE / room).rglob("*.py"))
    if path.name != "__init__.py"
]
LESSONS = {int(folder.name[:2]) for folder in (PACKAGE / "lessons" / "material").glob("[0-9][0-9]_*")}


def lessons_named_in(file):
    text = ast.get_docstring(ast.parse((PACKAGE / file).read_text(encoding="utf-8")))
    return {int(number) for number in re.findall(r"[Ll]esson (\d+)", text)}


@pytest.mark.parametrize("file", FILES)
def test_a_file_names_the_lesson_that_derives_it(file):
    named = lessons_named_in(file)
    assert bool(named) != (file in NOTHING_TO_DERIVE | IN_NO_LESSON)
    assert named <= LESSONS


def test_the_exceptions_exist():
    assert set(FILES) >= NOTHING_TO_DERIVE | IN_NO_LESSON
