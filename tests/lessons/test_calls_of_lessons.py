"""What a lesson's cells take from modules exists, and takes the arguments that it is given.

Some notebooks run for so long that they are run with what is slow: this finds at once that a name or an argument is no
more.
"""

import ast
import inspect

import jupytext
import pytest

from minigen.lessons import all_lessons


def cells(lesson):
    """The lesson's code, as one tree; IPython's own lines are left out."""
    texts = [cell.source for cell in jupytext.read(lesson.folder / "lesson.py").cells if cell.cell_type == "code"]
    lines = [line for line in "\n".join(texts).splitlines() if not line.startswith(("%", "!"))]
    return ast.parse("\n".join(lines))


def imported(tree):
    """What the imports bring, by name; names that are given another value as well are left out."""
    scope, nodes = {}, list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            exec(compile(ast.Module([node], []), "<imports>", "exec"), scope)
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    stored |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return {name: value for name, value in scope.items() if name not in stored and not name.startswith("__")}


def found(node, scope):
    """What `a.b.c` is, if a was imported; else None. Raises an AttributeError if it is not there."""
    if isinstance(node, ast.Name):
        return scope.get(node.id)
    if isinstance(node, ast.Attribute) and (base := found(node.value, scope)) is not None:
        return getattr(base, node.attr)
    return None


def faults(tree):
    """The names that are not there, and the calls that do not fit."""
    scope = imported(tree)
    for node in ast.walk(tree):
        try:
            if isinstance(node, ast.Attribute):
                found(node, scope)
            elif isinstance(node, ast.Call) and (function := found(node.func, scope)) is not None:
                fits(node, function)
        except (AttributeError, TypeError) as error:
            yield f"{ast.unparse(node)}: {error}"


def fits(call, function):
    """Raise a TypeError if the function does not take so many arguments of these names."""
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return
    try:
        signature = inspect.signature(function)
    except ValueError:  # a function in C that does not tell
        return
    signature.bind(*call.args, **{keyword.arg: keyword.value for keyword in call.keywords})


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.name)
def test_names_exist_and_calls_fit(lesson):
    assert list(faults(cells(lesson))) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import numpy as np\nnp.no_such", "no_such"),
        ("import minigen as mg\nmg.data.loads('ring')", "loads"),
        ("from minigen import data\ndata.load('ring', spilt='test')", "spilt"),
        ("from minigen import data\ndata.load()", "missing"),
        ("from minigen.models import VAE\ndef f():\n    VAE(None, None, 2, 3, 4, 5, 6, 7)", "too many"),
    ],
)
def test_what_is_no_more_is_found(text, said):
    told = list(faults(ast.parse(text)))
    assert told
    assert all(said in fault for fault in told)


@pytest.mark.parametrize("text", ["import numpy as np\nnp = 1\nnp.x", "def f(a, **k):\n    a.b.c(*k)", "x.y()"])
def test_what_cannot_be_known_is_left(text):
    assert list(faults(ast.parse(text))) == []
