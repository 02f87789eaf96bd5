"""For authors: python lessons/make.py [07 ...] runs lessons, and makes the reading copy of their notebooks.

A lesson's files are in minigen/lessons/material/NN_name/. Its lesson.py is run from top to bottom, in a student's
folder. That gives

    lessons/NN_name/lesson.ipynb   the notebook with its outputs, to read
    material/NN_name/opening.png   the first picture that it draws, which its text shows above the code
    material/NN_name/made.json     what its predictions are about, as measured, and the checksum of solutions.py

--checksum notes the checksum alone, without running anything. Needs the `lessons` extra.
"""

import argparse
import ast
import base64
import json
import os
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from minigen.lessons import Lesson, all_lessons  # noqa: E402
from minigen.lessons.course import checksum  # noqa: E402
from minigen.lessons.moving import WIDGET  # noqa: E402
from minigen.lessons.workbook import MARK, notebook_text  # noqa: E402

SECONDS = 180  # that a lesson may take


def execute(
    lesson: Lesson, seconds: float = SECONDS, first: str = "", last: Mapping[str, str] | None = None
) -> tuple[Any, dict[str, Any]]:
    """The notebook with outputs, run in a student's folder, and what was predicted; raises if a cell does.

    Args:
        seconds: that it may take. first: code to run before it. last: expressions, by name, to evaluate after it, as
            those of the predictions are.
    """
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.reads(notebook_text(lesson), as_version=4)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the Jupyter libraries, about each other
        place = Path(folder, lesson.name)
        place.mkdir()
        Path(folder, MARK).write_text("{}")
        (place / "exercises.py").write_text(lesson.stubs, encoding="utf-8")
        resources = {"metadata": {"path": str(place)}}
        expressions = {prediction.key: prediction.measured for prediction in lesson.questions["PREDICTIONS"]}
        notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
        notebook.cells.append(nbformat.v4.new_code_cell(_asking({**expressions, **(last or {})})))
        NotebookClient(notebook, timeout=seconds, kernel_name="python3", resources=resources).execute()
    measured = ast.literal_eval(notebook.cells.pop()["outputs"][0]["text"])
    del notebook.cells[0]
    notebook.metadata.pop("widgets", None)  # code hosts refuse to draw notebooks that have them
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            data.pop(WIDGET, None)  # a notebook that is only read shows the still picture
            if "text/plain" in data:  # and it was made at no time that matters
                data["text/plain"] = re.sub(r"\n  saved   .*", "", data["text/plain"])
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook, measured


def _asking(expressions: dict[str, str]) -> str:
    """A last cell, which evaluates the predictions' expressions."""
    return "\n".join(
        [
            f"_expressions = {expressions!r}",
            "_values = {key: eval(text) for key, text in _expressions.items()}",
            "print({key: v if isinstance(v, str) else float(v) for key, v in _values.items()})",
        ]
    )


def pictures(notebook: Any) -> list[bytes]:
    """What the cells of a notebook have drawn, in order, as PNG."""
    outputs = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    return [base64.b64decode(data["image/png"]) for data in outputs if "image/png" in data]


def main() -> None:
    """Make the lessons that were named, or all."""
    import nbformat

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("numbers", nargs="*", metavar="NN", help="the lessons (default: all)")
    parser.add_argument("--checksum", action="store_true", help="note the checksum of solutions.py alone")
    args = parser.parse_args()
    for lesson in all_lessons():
        if args.numbers and lesson.number not in args.numbers:
            continue
        noted = lesson.folder / "made.json"
        made = json.loads(noted.read_text()) if noted.exists() else {"measured": {}}
        made["solutions"] = checksum(lesson.solutions_file.read_text(encoding="utf-8"))
        noted.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n")
        if args.checksum:
            continue
        start = time.monotonic()
        notebook, made["measured"] = execute(lesson)
        noted.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n")
        opening = lesson.folder / "opening.png"
        opening.write_bytes(pictures(notebook)[0])
        first = notebook.cells[0]  # the picture lies with the lesson's text
        first.source = first.source.replace("(opening.png)", f"({os.path.relpath(opening, HERE / lesson.name)})")
        path = HERE / lesson.name / "lesson.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
        print(f"{lesson.name}: {time.monotonic() - start:.0f} s, {path.stat().st_size / 1e6:.2f} MB", flush=True)


if __name__ == "__main__":
    main()
