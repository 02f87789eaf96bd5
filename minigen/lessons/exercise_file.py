"""Exercises and reference come from one source: solutions.py, in which each answer stands between two marks.

    def double(x):
        '''Twice x.'''
        # answer
        return 2 * x
        # stub: start with `return`
        # end

The student's exercises.py is made from it. Everything except the answers is kept word for word; an answer becomes

        # start with `return`
        raise NotImplementedError("double: not written yet")
"""

import ast
import re
import threading

from ..errors import DataError

BEGIN, STUB, END = "# answer", "# stub:", "# end"
_PARSING = threading.Lock()  # ast.parse of Python 3.11 counts its depth for all threads together


def _parsed(source: str) -> ast.Module:
    with _PARSING:
        return ast.parse(source)


def function_lines(source: str, name: str) -> tuple[int, int]:
    """The lines [first, last) of the top-level function `name`, with its decorators, counted from 0.

    Raises:
        DataError: no such function.
    """
    for node in _parsed(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            return first - 1, node.end_lineno or node.lineno
    raise DataError(f"exercise: there is no function {name!r} in the file; `reset` puts it back")


def make_stubs(source: str, only: str | None = None) -> str:
    """The text of exercises.py for these solutions.

    Args:
        source: the text of solutions.py.
        only: leave out the answer of this one function, and keep all others.

    Raises:
        DataError: a mark has no partner, or stands outside a function.
    """
    lines = source.splitlines()
    owners = _owners(source)
    made: list[str] = []
    inside = ""
    for number, line in enumerate(lines, 1):
        mark, indent = line.strip(), line[: len(line) - len(line.lstrip())]
        if mark == BEGIN:
            if inside or number not in owners:
                raise DataError(f"solutions, line {number}: {BEGIN!r} must stand inside a function, and not twice")
            inside = owners[number]
        elif mark == END:
            if not inside:
                raise DataError(f"solutions, line {number}: {END!r} without {BEGIN!r}")
            if only in (None, inside):
                made.append(f'{indent}raise NotImplementedError("{inside}: not written yet")')
            inside = ""
        elif inside and mark.startswith(STUB):
            if only in (None, inside):
                made.append(f"{indent}# {mark.removeprefix(STUB).strip()}")
        elif not inside or only not in (None, inside):
            made.append(line)
    if inside:
        raise DataError(f"solutions: the answer of {inside!r} has no {END!r}")
    return "\n".join(made) + "\n"


def _owners(source: str) -> dict[int, str]:
    """For each line inside a top-level function, its name."""
    return {
        line: node.name
        for node in _parsed(source).body
        if isinstance(node, ast.FunctionDef)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def is_untouched(source: str, name: str, stubs: str) -> bool:
    """Whether `source` has the function `name` as it was handed out, and no other that replaces it.

    Only text is compared: a stranger's file is not parsed in this process.
    """
    first, last = function_lines(stubs, name)
    stub = "\n" + "\n".join(stubs.splitlines()[first:last]) + "\n"
    before, found, after = f"\n{source}\n".partition(stub)
    if not found or re.search(rf"def\s+{name}\b", before + "\n" + after):
        return False
    handed_out = set(stubs.splitlines())  # another stub may tell of the function
    lines = [*before.splitlines(), *after.splitlines()]
    return not any(re.search(rf"\b{name}\b(?!\()", line) for line in lines if line not in handed_out)


def replace_function(source: str, name: str, other: str) -> str:
    """`source` with its function `name` replaced by the one in `other`; appended if `source` has none."""
    first, last = function_lines(other, name)
    new = other.splitlines()[first:last]
    lines = source.splitlines()
    try:
        first, last = function_lines(source, name)
    except DataError:
        return "\n".join([*lines, "", "", *new]) + "\n"
    return "\n".join([*lines[:first], *new, *lines[last:]]) + "\n"
