"""Reads a student's file, statement by statement, so that what a library is missed for costs no function of the file.

A statement that fails after it touched a stand-in (`libraries`) is passed over, and the names that it would have
defined become stand-ins: `fig, ax = plt.subplots()` does no harm, and who uses `fig` in an answer is told.
"""

import __future__

import ast
import functools
import operator
import sys
import types
from collections.abc import Iterator, Mapping

from .answers import Namespace, quote
from .libraries import Module, StandIn, Usage

FLAGS = (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
FUTURE = functools.reduce(operator.or_, FLAGS)


def new_module(filename: str) -> types.ModuleType:
    """An empty module of the student's, which Python finds under its name as it does any other."""
    module = types.ModuleType("exercises")
    module.__file__ = filename
    sys.modules["exercises"] = module
    return module


def read(source: str, filename: str, siblings: Mapping[str, object], usage: Usage, namespace: Namespace) -> Namespace:
    """Run a student's file in `namespace`; then `siblings` (the other exercises) are put there.

    Raises:
        Exception: whatever stops the file.
    """
    quote(source, filename)
    flags = compile(source, filename, "exec", dont_inherit=True).co_flags & FUTURE
    everything = False  # of a stand-in was imported, by a star
    for number, statement in enumerate(ast.parse(source, filename).body):
        if number and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # by itself it would be the module's docstring
        code = compile(ast.Module([statement], []), filename, "exec", flags, dont_inherit=True)
        usage.touched = ""
        try:
            exec(code, namespace)
        except Exception as error:
            if everything and isinstance(error, NameError):
                usage.touched = str(error.name)
            if not usage.touched:
                raise
            namespace |= {name: StandIn(usage.touched, usage) for name in _defined(statement)}
        if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
            everything |= isinstance(sys.modules.get(statement.module or ""), Module)
    namespace |= siblings
    return namespace


def _defined(node: ast.AST) -> Iterator[str]:
    """The names that a statement assigns; those inside its functions and classes are not the file's."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).split(".")[0]
    elif not isinstance(node, ast.Lambda):
        for inner in ast.iter_child_nodes(node):
            yield from _defined(inner)
