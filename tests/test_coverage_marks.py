"""The marks say which lines are run, as a tracer does."""

import ast
import contextlib
from importlib.util import module_from_spec

import pytest
from coverage import Coverage

import minigen
from tests import coverage_marks
from tests.coverage_marks import MARKS, Finder, Marked

SOURCE = '''"""A docstring."""

import functools


@functools.cache
def f(x):
    """Another."""
    if x > 2:
        return 1
    elif x > 1:
        return 2
    try:
        return {
            "a": 1 / x,
        }
    except ZeroDivisionError:
        y = 3
    except TypeError:
        y = 4
    finally:
        x = 5
    for _ in range(0):
        y += 1
    else:
        y += 2
    with open(__file__) as file: file.read(); y += 3
    while y < 0:
        y = 0
    match y:
        case 8:
            return 6
        case _:
            return 7


class C:
    """A third."""

    z: int = 2
    if z:
        t = 8


never = lambda: f(
    9
)
if C.z:
    f(CALL)
'''
UNTOLD = {"except ZeroDivisionError:", "except TypeError:", "case 8:"}  # tried, but it was another


def told(report, path):
    """The lines of a file, of those that coverage counts, that were run."""
    _, statements, _, missing, _ = report.analysis2(str(path))
    return set(statements) - set(missing)


@pytest.mark.parametrize("x", [3, 2, 1, 0, "None"])
def test_the_marks_tell_what_a_tracer_does(tmp_path, x):
    text = SOURCE.replace("CALL", str(x))
    path = tmp_path / "source.py"
    path.write_text(text)
    tracer = Coverage(data_file=None, include=[str(path)])
    with tracer.collect():
        run(compile(text, str(path), "exec"))
    marks = [0] * (len(text.splitlines()) + 1)
    run(compile(Marked().visit(ast.parse(text)), str(path), "exec"), {MARKS: marks})
    ours = Coverage(data_file=None)
    ours.get_data().add_lines({str(path): [line for line, ran in enumerate(marks) if ran]})
    more = told(tracer, path) ^ told(ours, path)
    assert {text.splitlines()[line - 1].strip() for line in more} <= UNTOLD
    assert more <= told(tracer, path)
    assert len(told(ours, path)) > 10


def run(code, scope=()):
    with contextlib.suppress(TypeError):
        exec(code, {"__file__": __file__, **dict(scope)})


def test_a_module_is_loaded_with_its_marks(monkeypatch):
    monkeypatch.setattr(coverage_marks, "SEEN", seen := {})
    assert Finder.find_spec("numpy") is None
    spec = Finder.find_spec("minigen.errors", minigen.__path__)
    for _ in range(2):  # what was seen before stays
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        assert sum(seen[spec.origin]) > 5
        with pytest.raises(module.ArgumentError):
            raise module.ArgumentError("x")
