"""Links between the pages, lessons and files of the repository lead somewhere; those to elsewhere have a sane form."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent
PATTERNS = ("*.md", "docs/*.md", "benchmarks/**/*.md", "lessons/*/*.md", "lessons/*/lesson.ipynb")
PAGES = sorted(page.relative_to(ROOT).as_posix() for pattern in PATTERNS for page in ROOT.glob(pattern))
FENCED = re.compile(r"^(```+|~~~+).*?^\1", re.M | re.S)
LINK = re.compile(r"\]\(<?([^)\s>]*)>?(?:\s+\"[^\"]*\")?\)|^\[[^]]+\]:\s*(\S+)|\b(?:href|src)=\"([^\"]*)\"", re.M)
BARE = re.compile(r"<(https?:[^>]*)>|(?<![(<\w])(https?://[^\s)>\]`]+)")
PATH = re.compile(r"`((?:minigen|tests|docs|benchmarks|lessons|\.ci)/[\w./-]+)`")


def text_of(page):
    """A page's Markdown; of a notebook, that of its text cells."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return text


def anchors(text):
    """The names of its headings, as code hosts and the site make them, and of what it marks with an id."""
    headings = re.findall(r"^#{1,6} +(.*?)\s*#*$", text, re.M)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    ids = re.findall(r"\bid=\"([^\"]+)\"", text)
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain} | set(ids)


def fault(target, page, text):
    """What is wrong with a link of this page, or ''."""
    parts = urlsplit(target)
    if parts.scheme in ("http", "https"):
        fine = re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", parts.hostname or "") and not re.search(r"[\s\\{}]", target)
        return "" if fine else "no address"
    if parts.scheme or target.startswith("/") or not target:
        return "neither an address nor a file named from here"
    file = (page.parent / parts.path).resolve()
    if parts.path == "":
        return "" if parts.fragment.lower() in anchors(text) else "no such heading"
    if not file.is_relative_to(ROOT) or not file.exists():
        return "no such file"
    if parts.fragment and file.suffix in (".md", ".ipynb") and parts.fragment.lower() not in anchors(text_of(file)):
        return "no such heading"
    return ""


def faults(page, text):
    """(target, what is wrong) of each bad link and of each path in backticks that is not there."""
    text = FENCED.sub("", text)
    prose = re.sub(r"(`+)[^`].*?\1", "", text)  # code has brackets too
    targets = ["".join(found) for found in (*LINK.findall(prose), *BARE.findall(prose))]
    bad = [(target, fault(target, page, text)) for target in targets]
    bad += [(path, "no such path") for path in PATH.findall(text) if not (ROOT / path).exists()]
    return [(target, why) for target, why in bad if why]


@pytest.mark.parametrize("page", PAGES)
def test_links(page):
    assert faults(ROOT / page, text_of(ROOT / page)) == []


def test_the_pages_are_found():
    assert {"README.md", "CONTRIBUTING.md", "docs/exchange.md", "lessons/07_convolution/lesson.ipynb"} <= set(PAGES)
    assert sum(len(LINK.findall(text_of(ROOT / page))) for page in PAGES) > 10


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[a](README.md)", ""),
        ("[a](README.md#how-fast) ![b](benchmarks/results/dcgan-mnist.png) [c](#here-it-is)\n\n## Here *it* is", ""),
        ("[a](https://arxiv.org/abs/1312.6114) <https://arxiv.org> https://arxiv.org/abs/1312.6114.", ""),
        ("```sh\n[a](nowhere.md)\n```\n`[a](nowhere.md)` `minigen/ops/conv.py`", ""),
        ("[a](nowhere.md)", "no such file"),
        ("[a]: nowhere.md", "no such file"),
        ("[a](../elsewhere.md)", "no such file"),
        ("![a](nowhere.png)", "no such file"),
        ("[a](README.md#how-slow)", "no such heading"),
        ("[a](#here)", "no such heading"),
        ("[a]()", "neither an address nor a file named from here"),
        ("[a](/README.md)", "neither an address nor a file named from here"),
        ("[a](file:///README.md)", "neither an address nor a file named from here"),
        ("[a](https://arxiv)", "no address"),
        ("see http://localhost:8000/x", "no address"),
        ("`minigen/ops/nowhere.py`", "no such path"),
    ],
)
def test_a_fault_is_found(text, why):
    assert [found for _, found in faults(ROOT / "page.md", text)] == ([why] if why else [])
