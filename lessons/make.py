"""For authors: python lessons/make.py [07 ...] makes exercises.py, lesson.ipynb with its outputs, and opening.png.

exercises.py comes of solutions.py: whatever was written there is lost. lesson.ipynb comes of lesson.py, run from top
to bottom. opening.png is the first picture that it draws: the text shows it above the code, on the first screen. Needs
the `lessons` extra.
"""

import base64
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SECONDS = 180  # that a lesson may take


def execute(lesson: Path, seconds: float = SECONDS) -> Any:
    """The notebook of a lesson.py, with outputs; raises if a cell does."""
    import jupytext
    from nbclient import NotebookClient

    notebook = jupytext.read(lesson)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02}"  # the same at every run
    root = str(HERE.parent)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the Jupyter libraries, about each other
        client = NotebookClient(
            notebook, timeout=seconds, kernel_name="python3", resources={"metadata": {"path": str(lesson.parent)}}
        )
        client.execute()
    notebook.metadata.pop("widgets", None)  # code hosts refuse to draw notebooks that have them
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata["language_info"] = {"name": "python"}
    return notebook


def pictures(notebook: Any) -> list[bytes]:
    """What the cells of a notebook have drawn, in order, as PNG."""
    outputs = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    return [base64.b64decode(data["image/png"]) for data in outputs if "image/png" in data]


def main(numbers: list[str]) -> None:
    """Make the lessons with these numbers, or all."""
    sys.path.insert(0, str(HERE.parent))
    import nbformat

    from minigen.lessons.exercise_file import make_stubs

    for folder in sorted(HERE.glob("[0-9][0-9]_*")):
        if numbers and folder.name[:2] not in numbers:
            continue
        stubs = make_stubs((folder / "solutions.py").read_text(encoding="utf-8"))
        (folder / "exercises.py").write_text(stubs, encoding="utf-8")
        start = time.monotonic()
        notebook = execute(folder / "lesson.py")
        nbformat.write(notebook, folder / "lesson.ipynb")
        (folder / "opening.png").write_bytes(pictures(notebook)[0])
        size = (folder / "lesson.ipynb").stat().st_size
        print(f"{folder.name}: {time.monotonic() - start:.0f} s, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
