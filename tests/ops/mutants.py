"""Wrong gradient rules, made from the right ones.

Some are wrong in a general way (zero, sign, factor, scrambled, ...). The others are made from the source: one node of
the rule's expression at a time is replaced, so that a term, a factor or a function goes missing or a comparison turns.
"""

import ast
import contextlib
import copy
import inspect
import sys

import numpy as np

import minigen as mg
from minigen.autodiff import Tensor, raw
from minigen.autodiff.op import Op
from tests.ops.cases import follows


def _scrambled(dx):
    """The same numbers in other places: transposed if square, else in reverse order."""
    if dx.ndim >= 2 and dx.shape[-1] == dx.shape[-2]:
        return mg.transpose(dx, (*range(dx.ndim - 2), dx.ndim - 1, dx.ndim - 2))
    return mg.reshape(mg.flip(mg.reshape(dx, (-1,)), 0), dx.shape)


def _length(dx):
    return dx.shape[0] if dx.ndim and dx.shape[0] > 1 else 3


GENERAL = {
    "zero": lambda dx: dx * 0.0,
    "sign": lambda dx: -dx,
    "twice": lambda dx: 2.0 * dx,
    "divided by the batch size": lambda dx: dx / _length(dx),
    "multiplied by the batch size": lambda dx: dx * _length(dx),
    "scrambled": _scrambled,
}


def general(rule):
    """(description, wrong rule) that changes what the rule returns, or what it is given."""
    for name, change in GENERAL.items():
        yield name, lambda *args, change=change, **named: change(rule(*args, **named))
    first = 1 if "i" in inspect.signature(rule).parameters else 0  # rules for any number of arrays get i before g

    def ignoring(*args, **named):
        return rule(*args[:first], args[first] * 0.0 + 1.0, *args[first + 1 :], **named)

    yield "upstream gradient ignored", ignoring


def detached(rule):
    """Right to first order; but the result has no history."""

    def cut(*args, **named):
        dx = rule(*args, **named)
        return Tensor(raw(dx)) if isinstance(dx, Tensor) else dx

    return cut


def _replacements(node):
    """What a node may be replaced by, with a description."""
    if isinstance(node, ast.BinOp):
        yield "left only", node.left
        yield "right only", node.right
        if isinstance(node.op, (ast.Add, ast.Sub)):
            turned = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
            yield "+ and - exchanged", ast.BinOp(node.left, turned, node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "minus dropped", node.operand
    elif isinstance(node, ast.Call) and node.args and not isinstance(node.args[0], ast.Starred):
        yield "call dropped", node.args[0]
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Gt, ast.GtE)):
        yield "comparison turned", ast.Compare(node.left, [ast.Lt()], node.comparators)
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Lt, ast.LtE)):
        yield "comparison turned", ast.Compare(node.left, [ast.Gt()], node.comparators)
    elif isinstance(node, ast.IfExp):
        yield "always the first", node.body
        yield "always the second", node.orelse


def _mutated(tree):
    """Copies of a tree, each with one node replaced."""
    for i, node in enumerate(ast.walk(tree)):
        for name, replacement in _replacements(node):
            clone = copy.deepcopy(tree)
            target = list(ast.walk(clone))[i]

            class Swap(ast.NodeTransformer):
                def generic_visit(self, n, target=target, replacement=replacement):
                    return copy.deepcopy(replacement) if n is target else super().generic_visit(n)

            yield f"{name}: {ast.unparse(node)}", ast.fix_missing_locations(Swap().visit(clone))


class _Bare(ast.NodeTransformer):
    """Without annotations, which are no code to be wrong."""

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node):
        node.annotation = None
        return node


def from_source(function, tree):
    """(description, wrong function) for each mutation of the function's source."""
    scope = vars(sys.modules[function.__module__])
    tree = _Bare().visit(copy.deepcopy(tree))
    for name, mutant in _mutated(tree):
        if isinstance(mutant, ast.Lambda):
            yield name, eval(compile(ast.fix_missing_locations(ast.Expression(mutant)), "<mutant>", "eval"), scope)
        else:
            local = {}
            exec(compile(ast.Module([mutant], []), "<mutant>", "exec"), scope, local)
            yield name, local[mutant.name]


def trees_of(op: Op):
    """The syntax tree of each rule of an operation, by position; functions by their definition."""
    module = ast.parse(inspect.getsource(sys.modules[op.forward.__module__]))
    definitions = {n.name: n for n in ast.walk(module) if isinstance(n, ast.FunctionDef)}
    for call in ast.walk(module):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr in ("gradients", "gradient_for_each")
            and getattr(call.func.value, "id", "") == op.forward.__name__
        ):
            return [definitions.get(getattr(arg, "id", ""), arg) for arg in call.args]
    raise LookupError(op.name)


def helpers_of(rule, names):
    """The functions among `names`, of the same module, that a rule calls, with those that they call."""
    scope, found, stack = vars(sys.modules[rule.__module__]), {}, [rule]
    while stack:
        for name in stack.pop().__code__.co_names:
            helper = scope.get(name)
            if inspect.isfunction(helper) and name in names and name not in found:
                found[name] = helper
                stack.append(helper)
    return found


@contextlib.contextmanager
def replaced(op: Op, i, rule):
    """Give an operation another rule for input i inside a `with` block."""
    if op.rule_for_each is not None:
        right, op.rule_for_each = op.rule_for_each, rule
        try:
            yield
        finally:
            op.rule_for_each = right
        return
    right, op.rules[i] = op.rules[i], rule
    try:
        yield
    finally:
        op.rules[i] = right


def caught(cases, conventions, order):
    """Whether, in at least one case, the gradient check fails or an error is raised, or a convention is broken."""
    with np.errstate(all="ignore"):
        try:
            quick = (mg.check_gradients(case.fn, *case.inputs, order=order, elements=2) for case in cases)
            if any(report.verdict == "wrong" for report in quick):
                return True  # as most are, in whichever entries one looks at
            for case in cases:
                mg.gradcheck(case.fn, *case.inputs, order=order, elements=20)
            return not all(follows(convention) for convention in conventions)
        except Exception:
            return True
