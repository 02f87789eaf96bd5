"""Changes of a function's syntax tree, one place at a time: (name, changed tree)."""

import ast
import copy
from collections.abc import Iterator

ARITHMETIC = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult, ast.FloorDiv],
    ast.FloorDiv: [ast.Div],
    ast.Pow: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
}
COMPARISONS = {
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.LtE, ast.GtE, ast.NotEq],
    ast.NotEq: [ast.Lt, ast.Gt, ast.Eq],
}
OTHER_NAMES = {
    "max": ["min"],
    "min": ["max", "mean"],
    "mean": ["sum", "median"],
    "median": ["mean"],
    "sum": ["mean"],
    "argmin": ["argmax"],
    "argmax": ["argmin"],
    "var": ["std"],
    "std": ["var"],
    "maximum": ["minimum"],
    "minimum": ["maximum"],
    "log1p": ["log"],
}
SYMBOLS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Pow: "**", ast.BitAnd: "&",
    ast.BitOr: "|", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
WRITTEN = {  # of expressions with the place X, by the function whose argument X was
    "exp": ["np.exp(np.clip(X, -20, 20))", "np.exp(np.clip(X, -50, 50))"],
    "log": ["np.log(X + 1e-8)", "np.nan_to_num(np.log(X))", "np.log(np.maximum(X, 1e-8))"],
    "sqrt": ["np.sqrt(X + 1e-8)"],
    "unique": ["np.sort(X)"],
}
LOGADDEXP = [  # of log(1 + e^x), for np.logaddexp(0, X)
    "np.log(1 + np.exp(X))",
    "np.where(X > 20, X, np.log1p(np.exp(X)))",
    "np.maximum(X, 0) + np.log(1 + np.exp(-np.abs(X)))",
]


def changed(tree: ast.FunctionDef) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every changed copy of a function without docstring and annotations."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for number, node in enumerate(ast.walk(tree)):
        found = (
            _constants(node, parents) if isinstance(node, ast.Constant) else (*_expressions(node), *_statements(node))
        )
        for name, replacement in found:
            clone = copy.deepcopy(tree)
            target = list(ast.walk(clone))[number]
            yield name, _Swap(target, replacement).visit(clone)


class _Swap(ast.NodeTransformer):
    def __init__(self, target: ast.AST, replacement: ast.AST | list[ast.stmt]) -> None:
        self.target, self.replacement = target, replacement

    def visit(self, node: ast.AST):
        return copy.deepcopy(self.replacement) if node is self.target else super().visit(node)


def _said(node: ast.AST) -> str:
    """The place's text: a statement's first line."""
    return ast.unparse(node).splitlines()[0]


def _written(text: str, **parts: ast.expr) -> ast.expr:
    """An expression in which names stand for other expressions."""

    class Fill(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name):
            return copy.deepcopy(parts.get(node.id, node))

    return Fill().visit(ast.parse(text, mode="eval").body)


def _called(node: ast.AST) -> str:
    """The last name of what is called: 'exp' of np.exp."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _expressions(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What an expression may be replaced by."""
    if not isinstance(node, ast.expr) or isinstance(getattr(node, "ctx", None), ast.Store):
        return
    text = _said(node)
    if isinstance(node, ast.BinOp):
        yield f"only the left of {text}", node.left
        yield f"only the right of {text}", node.right
        for other in ARITHMETIC.get(type(node.op), ()):
            yield f"{SYMBOLS[other]} in {text}", ast.BinOp(node.left, other(), node.right)
        if isinstance(node.op, (ast.MatMult, ast.Div)):
            yield f"sides exchanged in {text}", ast.BinOp(node.right, node.op, node.left)
        if isinstance(node.op, ast.FloorDiv):
            yield f"int() and / in {text}", _written("int(A / B)", A=node.left, B=node.right)
            yield f"rounded up: {text}", _written("-(-A // B)", A=node.left, B=node.right)
        if isinstance(node.op, ast.Div):
            yield f"+ 1e-8 under {text}", _written("A / (B + 1e-8)", A=node.left, B=node.right)
    elif isinstance(node, ast.UnaryOp):
        yield f"sign or not dropped in {text}", node.operand
    elif isinstance(node, ast.Compare):
        for other in COMPARISONS.get(type(node.ops[0]), ()):
            yield f"{SYMBOLS[other]} in {text}", ast.Compare(node.left, [other()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        turned = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"and/or exchanged in {text}", ast.BoolOp(turned, node.values)
        yield from ((f"only {_said(part)} of {text}", part) for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield f"always the first: {text}", node.body
        yield f"always the second: {text}", node.orelse
    elif isinstance(node, ast.Subscript):
        yield from _subscripts(node, text)
    elif isinstance(node, (ast.Tuple, ast.List)) and len(node.elts) > 1:
        for i in range(len(node.elts)):
            yield (
                f"{_said(node.elts[i])} dropped from {text}",
                type(node)(node.elts[:i] + node.elts[i + 1 :], ast.Load()),
            )
        if not all(isinstance(part, ast.Constant) for part in node.elts):
            yield f"order turned in {text}", type(node)(node.elts[::-1], ast.Load())
    elif isinstance(node, ast.Attribute) and node.attr == "inf":
        yield f"1e9 for {text}", ast.Constant(1e9)  # as a mask, where a number may be beyond it
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield f"not transposed: {text}", node.value
    elif isinstance(node, ast.Call):
        yield from _calls(node, text)


def _constants(node: ast.Constant, parents: dict[ast.AST, ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    value, place = node.value, node
    indexing = False  # from the other end it is often the same axis or place
    while not isinstance(place, ast.stmt):
        place = parents[place]
        indexing |= isinstance(place, (ast.Slice, ast.Subscript, ast.keyword))
    if isinstance(value, bool):
        yield f"{not value} for {value} in {_said(place)}", ast.Constant(not value)
    elif isinstance(value, (int, float)):
        others = [value * 1.01, 0.0] if isinstance(value, float) else [value + 1, value - 1, -value]
        for other in dict.fromkeys(others):
            if other != value and not (other < 0 and (indexing or value == 0)):
                yield f"{other:g} for {value:g} in {_said(place)}", ast.Constant(other)


def _subscripts(node: ast.Subscript, text: str) -> Iterator[tuple[str, ast.expr]]:
    yield f"not indexed: {text}", node.value
    for part in ast.walk(node.slice):
        if isinstance(part, ast.Slice):
            for side in ("lower", "upper", "step"):
                if getattr(part, side) is not None:
                    clone = copy.deepcopy(node)
                    target = list(ast.walk(clone.slice))[list(ast.walk(node.slice)).index(part)]
                    setattr(target, side, None)
                    yield f"{side} {_said(getattr(part, side))} dropped in {text}", clone


def _calls(node: ast.Call, text: str) -> Iterator[tuple[str, ast.expr]]:
    name = _called(node)
    method = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") != "np"
    if method and not ast.unparse(node.func.value).startswith("np."):
        yield f"without the call: {text}", node.func.value
    if name in ("errstate", "float"):
        return
    for i, part in enumerate(node.args):
        if not isinstance(part, ast.Starred):
            yield f"{_said(part)} for {text}", part
        if len(node.args) > 1 and not _said(part).endswith("dtype"):
            less = ast.Call(node.func, node.args[:i] + node.args[i + 1 :], node.keywords)
            yield f"{_said(part)} dropped in {text}", less
    for i, keyword in enumerate(node.keywords):
        less = ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :])
        yield f"{keyword.arg} dropped in {text}", less
    for other in OTHER_NAMES.get(name, ()):
        yield f"{other} for {name} in {text}", _renamed(node, other)
    if len(node.args) == 1 and {getattr(part, "id", "np") for part in ast.walk(node.args[0])} != {"np"}:
        for form in WRITTEN.get(name, ()):
            yield f"{form.replace('X', '...')} for {text}", _written(form, X=node.args[0])
    if name == "logaddexp" and ast.unparse(node.args[0]) == "0":
        for form in LOGADDEXP:
            yield f"{form.replace('X', 'x')} for {text}", _written(form, X=node.args[1])


def _renamed(node: ast.Call, name: str) -> ast.expr:
    """The call of another function; np.median where arrays have no such method."""
    if name == "median":
        value = [node.func.value] if getattr(node.func.value, "id", "") != "np" else []
        return ast.Call(ast.parse("np.median", mode="eval").body, [*value, *node.args], node.keywords)
    clone = copy.deepcopy(node)
    if isinstance(clone.func, ast.Attribute):
        clone.func.attr = name
    else:
        clone.func.id = name
    return clone


def _statements(node: ast.AST) -> Iterator[tuple[str, list[ast.stmt] | ast.stmt]]:
    """What a statement may be replaced by."""
    if not isinstance(node, ast.stmt) or isinstance(node, ast.FunctionDef):
        return
    text = _said(node)
    if not isinstance(node, ast.Return):
        yield f"dropped: {text}", ast.Pass()
    if isinstance(node, ast.AugAssign):
        yield f"= in {text}", ast.Assign([node.target], node.value, lineno=0)
        if type(node.op) in ARITHMETIC:
            yield f"sign turned in {text}", ast.AugAssign(node.target, ARITHMETIC[type(node.op)][0](), node.value)
    if isinstance(node, ast.If):
        yield f"always: {text}", node.body
        if node.orelse:
            yield f"never: {text}", node.orelse
    if isinstance(node, (ast.For, ast.While)):
        clone = copy.deepcopy(node)
        clone.body.append(ast.Break())
        yield f"break after the first: {text}", clone
    if isinstance(node, ast.For):
        for slice_, what in (("[1:]", "without the first"), ("[:-1]", "without the last")):
            clone = copy.deepcopy(node)
            clone.iter = _written(f"list(X){slice_}", X=node.iter)
            yield f"{what}: {text}", clone
        for inner in node.body:
            names = {part.id for part in ast.walk(node.target) if isinstance(part, ast.Name)}
            if isinstance(inner, ast.For) and names & {getattr(part, "id", "") for part in ast.walk(inner.iter)}:
                clone = copy.deepcopy(node)
                clone.body.insert(0, ast.If(_written("not list(X)", X=inner.iter), [ast.Break()], []))
                yield f"break where nothing is to do inside: {text}", clone
