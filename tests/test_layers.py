"""How the files of minigen lie on each other: imports run one way, nothing is hidden, CuPy has one door.

All imports are read from the source: those at the top of a file, those inside functions, and those that only a type
checker follows. The layers stand in CONTRIBUTING.md, and nowhere else.
"""

import ast
import importlib.util
import re
import sys
from pathlib import Path

import pytest

import minigen

PACKAGE = Path(minigen.__file__).parent
FILES = sorted(path for path in PACKAGE.rglob("*.py") if PACKAGE / "lessons" / "material" not in path.parents)
TOP = ("minigen", "minigen.__main__")


def name_of(path):
    """minigen/ops/conv.py as 'minigen.ops.conv', minigen/ops/__init__.py as 'minigen.ops'."""
    parts = ("minigen", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in FILES}


def layers():
    """The list in CONTRIBUTING.md, lowest first."""
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- layers: begin -->\s*```\w*\n(.*?)```\s*<!-- layers: end -->", text, re.S)
    return [line.split()[0] for line in block[1].splitlines() if line.strip()]


def imported(name, tree):
    """The modules of minigen that a file imports, anywhere in it; a name taken from a package counts as the package."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                target = f"{base}.{alias.name}"
                if target in MODULES or base in MODULES:
                    yield target if target in MODULES else base


IMPORTS = {name: set(imported(name, ast.parse(path.read_text("utf-8")))) for name, path in MODULES.items()}


def layer_of(name):
    return name.split(".")[1]


def test_the_list_of_layers_is_complete():
    listed = layers()
    assert len(listed) == len(set(listed))
    assert set(listed) == {layer_of(name) for name in MODULES if name not in TOP}


@pytest.mark.parametrize("name", [name for name in MODULES if name not in TOP])
def test_imports_run_one_way(name):
    listed = layers()
    assert layer_of(name) in listed, "add it to the list in CONTRIBUTING.md"
    below = listed[: listed.index(layer_of(name)) + 1]
    above = {other for other in IMPORTS[name] if other in TOP or layer_of(other) not in below}
    assert not above, f"{name} imports {sorted(above)}, which its layer does not lie on"


def test_no_two_files_need_each_other():
    """Not even inside functions: whoever reads a file can read what it imports first."""
    unread = dict(IMPORTS)
    while free := [name for name, needs in unread.items() if not (needs - {name}) & unread.keys()]:
        for name in free:
            del unread[name]
    in_a_circle = set(unread)
    while outside := [n for n in in_a_circle if not any(n in unread[m] for m in in_a_circle - {n})]:
        in_a_circle -= set(outside)  # it only uses a circle
    assert not in_a_circle, {name: sorted(unread[name] & in_a_circle) for name in sorted(in_a_circle)}


def test_the_test_of_circles_sees_lazy_imports_and_those_of_type_checkers():
    tree = ast.parse(
        "if TYPE_CHECKING:\n    from .op import Op\ndef f():\n    from ..ops import shape, exp\n    import minigen.nn"
    )
    assert set(imported("minigen.autodiff.causes", tree)) == {
        "minigen.autodiff.op",
        "minigen.ops.shape",
        "minigen.ops",
        "minigen.nn",
    }


def test_cupy_is_imported_in_one_place_only():
    def imports_cupy(node):
        if isinstance(node, ast.Import):
            return any(alias.name.partition(".")[0] == "cupy" for alias in node.names)
        return isinstance(node, ast.ImportFrom) and not node.level and node.module.partition(".")[0] == "cupy"

    trees = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}
    assert [n for n, tree in trees.items() if any(map(imports_cupy, ast.walk(tree)))] == ["minigen.backend"]


def test_no_function_hides_a_module():
    """minigen.a.b is the module a/b.py, once all are imported, and not something else of that name."""
    names = [name for name in MODULES if not name.endswith("__main__")]
    for name in names:
        importlib.import_module(name)
    pairs = [(name, name.rpartition(".")) for name in names if name != "minigen"]
    hidden = [name for name, (package, _, own) in pairs if getattr(sys.modules[package], own) is not sys.modules[name]]
    assert hidden == []
