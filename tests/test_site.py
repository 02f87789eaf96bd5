"""The parts of the documentation site that do not need MkDocs: docstrings as formulas, notebooks as pages."""

import ast
import importlib.util
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from minigen.lessons import Question, find_lesson

ROOT = Path(__file__).resolve().parent.parent


def module(name):
    spec = importlib.util.spec_from_file_location(f"site_{name}", ROOT / "docs" / "site" / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


formulas, notebooks, lesson_pages = module("formulas"), module("notebooks"), module("lesson_pages")


@pytest.mark.parametrize(
    ("plain", "latex"),
    [
        ("a b + c", r"a\,b + c"),
        ("x_i^2", "x_{i}^{2}"),
        ("beta1^t", r"\beta _{1}^{t}"),
        ("m_hat", r"\hat{m}"),
        ("weight_decay w", r"\mathrm{weight\_decay}\,w"),
        ("L_like", r"L_{\mathrm{like}}"),
        ("delta_ij", r"\delta _{ij}"),
        ("dL/dx[n,i]", r"\frac{\partial L}{\partial x[n,i]}"),
        ("1/n sum_n x^T", r"\tfrac{1}{n}\,\sum _{n} x^{\top}"),
        ("sqrt(f(v)) + eps", r"\sqrt{f(v)} + \varepsilon "),
        ("(A B)^(1/2)", r"(A\,B)^{\tfrac{1}{2}}"),
        ("e^-|l|", "e^{-|l|}"),
        ("E_{x ~ p}[log D(x)]", r"\mathbb{E}_{x \sim  p}[\log  D(x)]"),
        ("KL(q || N(0, 1))", r"\mathrm{KL}(q\,\Vert \,\mathcal{N}(0, 1))"),
        ("<A x, g>", r"\langle A\,x, g\rangle "),
        ("a <= b -> c", r"a \le  b \to  c"),
        ("P(s(x) > y < z)", r"P(s(x) \gt  y \lt  z)"),
    ],
)
def test_notation(plain, latex):
    assert formulas.latex(plain) == latex


def test_lines_are_aligned_and_remarks_are_text():
    block = "    a = b,   c <- d      (their equation 3)\n      = e"
    assert formulas.markdown(f"So\n\n{block}\n\nand on.") == (
        "So\n\n$$\n\\begin{aligned}\n"
        "a &=b, &\\qquad c &\\leftarrow d &\\qquad &\\text{(their equation 3)} \\\\\n &=e\n"
        "\\end{aligned}\n$$\n\nand on."
    )


@pytest.mark.parametrize(
    "block",
    ["x = f(y)\n    z = 3  # why", "check('07.3') = 3", "a = f(b=3)", "byte 0-1: zero    byte 2: type (8 = x)", "a, b"],
)
def test_what_is_no_formula_stays(block):
    assert formulas.markdown(f"So\n\n    {block}\n") == f"So\n\n    {block}\n"


def test_signs_in_prose_are_kept():
    assert formulas.markdown("<x, y> is *not* kh*kw * 2, `a*b<c`.") == r"&lt;x, y> is *not* kh\*kw \* 2, `a*b<c`."


def docstrings():
    for path in sorted(ROOT.glob("minigen/**/*.py")):
        if ROOT / "minigen" / "lessons" / "material" in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
                yield formulas.markdown(ast.get_docstring(node))


def test_every_formula_of_the_library_is_whole():
    found = [formula for text in docstrings() for formula in re.findall(r"\$\$\n(.*?)\n\$\$", text, re.S)]
    assert len(found) > 25
    for formula in found:
        assert formula.count("{") == formula.count("}"), formula
        assert not re.search(r"<|>|\*(?!\{)|(?<!\\)_(?!\{)|\^(?!\{)", formula), formula


def test_a_notebook_is_a_page():
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "$x$"]},
        {"cell_type": "code", "source": "print('```')", "outputs": [
            {"output_type": "stream", "text": ["\x1b[31mred\x1b[0m\n"]},
            {"output_type": "execute_result", "data": {"text/plain": ["3"]}},
            {"output_type": "display_data", "data": {"text/plain": "<Figure>", "image/png": "cG5n\n"}},
        ]},
    ]  # fmt: skip
    text, pictures = notebooks.page(json.dumps({"cells": cells}))
    assert text == (
        "# Title\n$x$\n\n```` python\nprint('```')\n````\n\n``` { .text .output }\nred\n3\n```\n\n"
        "![What the cell above draws](picture-01.png)\n"
    )
    assert pictures == {"picture-01.png": b"png"}


def test_a_lessons_page_says_where_it_can_be_run():
    lesson = find_lesson("07")
    page = lesson_pages.with_ways_to_run("# Lesson 7\n\nText.\n", lesson, None)
    assert page.startswith("# Lesson 7\n\n!!! note")
    assert "(07_convolution.ipynb){ .md-button" in page
    assert "binder" not in page, "no address is known"
    for address in ("https://github.com/some.one/minigen", "https://github.com/some.one/minigen.git"):
        page = lesson_pages.with_ways_to_run("# Lesson 7\n\nText.\n", lesson, address)
        assert "mybinder.org/v2/gh/some.one/minigen/HEAD?labpath=course/07_convolution/lesson.ipynb" in page


def test_answers_are_folded_below_the_questions():
    asked = [Question("2 + 2?", ("3", "4"), right=1, because=("One is missing.", "Twice two."))]
    lesson = SimpleNamespace(questions={"QUESTIONS": asked})
    page = lesson_pages.with_answers("Questions\n\n## Where to go next\n\nOn.\n", lesson)
    assert page == ('Questions\n\n??? question "The answers"\n    1. (b) Twice two.\n\n## Where to go next\n\nOn.\n')


def test_animations_play():
    cell = {"cell_type": "code", "source": "x", "outputs": [{"data": {"image/gif": "R0lG", "image/png": "cG5n"}}]}
    assert notebooks.page(json.dumps({"cells": [cell]}))[1] == {"picture-01.gif": b"GIF"}
