"""Which lines of minigen the tests run: each statement leaves a mark, which costs little.

    python -m pytest -p tests.coverage_marks
    python -m coverage combine && python -m coverage report

(A tracer, as `pytest --cov` uses it before Python 3.12, doubles the time that Python's own code takes.)
"""

import ast
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path

import pytest
from coverage import CoverageData

MARKS = "__marks__"  # in each module: a list, with 1 at every line that was run
PACKAGE = Path(__file__).resolve().parents[1] / "minigen"
SEEN = {}  # file: its marks


class Marked(ast.NodeTransformer):
    """Puts __marks__[n] = 1 before each statement, for the line n where it begins."""

    def generic_visit(self, node):
        super().generic_visit(node)
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block:
                setattr(node, name, [new for old in block for new in marked(old)])
        if isinstance(node, (ast.ExceptHandler, ast.match_case)):  # the line of `except` or of `case`
            line = node.lineno if isinstance(node, ast.ExceptHandler) else node.pattern.lineno
            node.body.insert(0, mark(line, node.body[0]))
        return node


def mark(line, place):
    tree = ast.parse(f"{MARKS}[{line}] = 1").body[0]
    for node in ast.walk(tree):
        ast.copy_location(node, place)
    return tree


def marked(statement):
    """The statement with its marks; a docstring must come first, and gets none."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return [statement]
    lines = {statement.lineno, *(node.lineno for node in getattr(statement, "decorator_list", []))}
    return [*(mark(line, statement) for line in sorted(lines)), statement]


class Loader(SourceFileLoader):
    """Loads a module with its marks, always from its source."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path), path)
        return compile(Marked().visit(tree), path, "exec", dont_inherit=True)

    def exec_module(self, module):
        lines = self.get_data(self.path).count(b"\n") + 1
        vars(module)[MARKS] = SEEN.setdefault(self.path, [0] * (lines + 1))
        super().exec_module(module)


class Finder:
    """Finds the modules of minigen, for `Loader`."""

    @staticmethod
    def find_spec(name: str, path=None, target=None) -> ModuleSpec | None:
        if name.partition(".")[0] != PACKAGE.name:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin and Path(spec.origin).is_relative_to(PACKAGE):
            spec.loader = Loader(name, spec.origin)
        return spec


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests():
    """Before anything of minigen is imported."""
    assert PACKAGE.name not in sys.modules
    sys.meta_path.insert(0, Finder)


def pytest_unconfigure(config):
    """Of each process that runs tests: the lines, for coverage to combine. A file that was not loaded has none."""
    data = CoverageData(os.environ.get("COVERAGE_FILE", ".coverage"), suffix=True)
    data.add_lines({file: [line for line, ran in enumerate(marks) if ran] for file, marks in SEEN.items()})
    for file in PACKAGE.rglob("*.py"):
        data.touch_file(str(file))
    data.write()
