"""The hook of mkdocs.yml: which pages the site has. None is listed by hand.

Pages keep their paths, so that a link that works in the repository works on the site: README.md (the start page),
CONTRIBUTING.md, CHANGELOG.md, docs/, benchmarks/. Made at each build: a page for each lesson, of its notebook with the
outputs that are in it, and a page for each module of the library, in the reading order of README.md's table.
"""

import ast
import re
from importlib.resources import files as resources
from pathlib import Path

import docstrings  # noqa: F401  (mkdocstrings imports it by this name)
import lesson_pages
import notebooks
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from minigen.lessons import find_lesson
from minigen.lessons.workbook import notebook_text

ROOT = Path(__file__).resolve().parents[2]
MATHJAX = resources("mathjax") / "static" / "mathjax" / "es5"  # of django-static-mathjax


def paths(*patterns: str) -> list[str]:
    """The files of the repository that match, in order."""
    found = [path.relative_to(ROOT).as_posix() for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    return [path for path in found if not re.match(r"minigen/lessons/material/.*\.py$", path)]  # no modules


# ------------------------------------------------------------------------------------------------------ the library


def reading_order() -> list[tuple[str, list[str], str]]:
    """(title, modules' files, text) of each row of README.md's table, and of what no row names."""
    rows = []
    for row in re.findall(r"^\| (`minigen/.*?) \| (.*) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M):
        names = re.findall(r"`(.*?)`", row[0])
        modules = paths(*(name + "**/*.py" if name.endswith("/") else name for name in names))
        rows.append((", ".join(name.removeprefix("minigen/").rstrip("/") for name in names), modules, row[1]))
    named = {module for _, modules, _ in rows for module in modules}
    return [
        *rows,
        ("around it", [m for m in paths("minigen/**/*.py") if m not in named], "what the above is used with"),
    ]


def dotted(module: str) -> str:
    """'minigen/ops/conv.py' as 'minigen.ops.conv'."""
    return module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def reference(module: str) -> str:
    """The page of a module. A package's names that come of its modules are described there."""
    text = f"---\ntitle: {dotted(module).removeprefix('minigen.')}\n---\n\n::: {dotted(module)}\n"
    if module.endswith("__init__.py"):
        body = ast.parse((ROOT / module).read_text(encoding="utf-8")).body
        own = [node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"]
        text += f"    options:\n      members: {own or 'false'}\n"
    return text


def page_of(module: str) -> str:
    """The path of a module's page."""
    return f"api/{dotted(module).replace('.', '/')}.md"


def contents() -> str:
    """The list of all modules, each with the first line of its docstring."""
    parts = ["# The library, in reading order\n"]
    for title, modules, text in reading_order():
        parts.append(f"## {title}\n\n{text[0].upper()}{text[1:]}.\n\n| module | |\n|---|---|")
        for module in modules:
            docstring = ast.get_docstring(ast.parse((ROOT / module).read_text(encoding="utf-8"))) or ""
            first = docstring.split("\n\n")[0].replace("\n", " ").replace("|", "\\|").replace("<", "&lt;")
            parts.append(
                f"| [`{dotted(module).removeprefix('minigen.')}`]({page_of(module).removeprefix('api/')}) | {first} |"
            )
        parts.append("")
    return "\n".join(parts)


# --------------------------------------------------------------------------------------------------------- for MkDocs


def on_config(config: MkDocsConfig) -> None:
    """The navigation."""
    library = [{title: [page_of(module) for module in modules]} for title, modules, _ in reading_order()]
    config.nav = [
        {"minigen": ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]},
        {"Lessons": [path.replace(".ipynb", ".md") for path in paths("lessons/*/lesson.ipynb")]},
        {"Guides": paths("docs/*.md")},
        {"Library": ["api/index.md", *library]},
        {"Benchmarks": paths("benchmarks/*.md", "benchmarks/results/*.md", "benchmarks/results/gpu/*.md")},
    ]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The pages, and the files that they show or link to."""
    for file in list(files):
        if file.src_dir == config.docs_dir:
            files.remove(file)
    pages = ["*.md", "docs/*.md", "benchmarks/**/*.md"]
    shown = [
        "docs/site/*.css",
        "docs/site/*.js",
        "benchmarks/results/*.*",
        "benchmarks/results/gpu/*.png",
        "benchmarks/results/gallery/*.png",
        "minigen/lessons/material/*/opening.png",
    ]
    kept = paths(*pages, *shown)
    for path in dict.fromkeys(kept):
        files.append(File(path, str(ROOT), config.site_dir, config.use_directory_urls))
    for path in paths("lessons/*/lesson.ipynb"):
        lesson = find_lesson(Path(path).parent.name)
        text, pictures = notebooks.page((ROOT / path).read_text(encoding="utf-8"))
        text = lesson_pages.with_answers(lesson_pages.with_ways_to_run(text, lesson, config.repo_url), lesson)
        files.append(File.generated(config, path.replace(".ipynb", ".md"), content=text))
        download = path.replace("lesson.ipynb", f"{lesson.name}.ipynb")
        files.append(File.generated(config, download, content=notebook_text(lesson)))
        for name, picture in pictures.items():
            files.append(File.generated(config, path.replace("lesson.ipynb", name), content=picture))
    files.append(File.generated(config, "api/index.md", content=contents()))
    for module in paths("minigen/**/*.py"):
        files.append(File.generated(config, page_of(module), content=reference(module)))
    fonts = [f"output/chtml/fonts/woff-v2/{font.name}" for font in (MATHJAX / "output/chtml/fonts/woff-v2").iterdir()]
    for name in ["tex-chtml.js", *fonts]:
        files.append(File.generated(config, f"mathjax/{name}", abs_src_path=str(MATHJAX / name)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """What code hosts read otherwise: a list may follow its sentence at once; notebooks and modules are pages here."""
    markdown = re.sub(r"(?m)^(?![-*|>\s#]|1\. )(.+)\n(?=([-*]|1\.) )", r"\1\n\n", markdown)
    markdown = re.sub(r"(\]\([^)\s]*lesson)\.ipynb", r"\1.md", markdown)
    return re.sub(r"(\]\((?:\.\./)*)(minigen/[\w/]*\.py)", lambda link: link[1] + page_of(link[2]), markdown)
