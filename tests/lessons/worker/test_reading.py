"""A student's file, statement by statement: what a library is missed for costs nothing, anything else is an error."""

import sys
import traceback

import pytest

from minigen.lessons.worker.libraries import Finder, Usage
from minigen.lessons.worker.reading import read


@pytest.fixture
def outcome(monkeypatch):
    """Reads a text; gives its names. `nowhere` is a library that is not at hand."""
    usage = Usage()
    monkeypatch.setattr(sys, "meta_path", [Finder(usage, set()), *sys.meta_path])
    yield lambda text: read(text, "f.py", {}, usage, {"__name__": "exercises"})
    for name in [name for name in sys.modules if name.split(".")[0] == "nowhere"]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a, b = nowhere.f()", "a b"),
        ("(a, *b), c = nowhere.f(), 1", "a b c"),
        ("for a, b in [nowhere.f()]: c = 1", "a b c"),
        ("with nowhere.f() as (a, b): import json as j", "a b j"),
        ("class A:\n    x, y = nowhere.f()", "A"),
        ("@nowhere.f().__wrapped__\ndef g(): c = 1", "g"),
        ("if nowhere.__release__ > 1: pass", ""),
        ("from nowhere import *\na = Missing()", "a"),
    ],
)
def test_a_statement_that_a_library_is_missed_for(outcome, text, names):
    found = outcome(f"import nowhere\n{text}\nlast = 1\n")
    assert found["last"] == 1
    assert {name for name in found if type(found[name]).__name__ == "StandIn"} >= set(names.split())
    assert not {"x", "y"} & set(found)


ERRORS = ["a, b = 1", "import nowhere\nnowhere.f()\n1 / 0", "from math import nothing", "undefined"]


@pytest.mark.parametrize("text", ERRORS)
def test_an_error_of_the_file_stays_one(outcome, text):
    with pytest.raises((TypeError, ZeroDivisionError, ImportError, NameError)) as caught:
        outcome(text)
    assert traceback.extract_tb(caught.value.__traceback__)[-1].filename == "f.py"


def test_statements_make_up_a_file(outcome):
    found = outcome("'''Doc.'''\nfrom __future__ import annotations\n'''no doc'''\ndef f(x: Later): return x\n")
    assert found["__doc__"] == "Doc."
    assert found["f"].__annotations__ == {"x": "Later"}
