"""A lesson's notebook, as it was run, as a page: text, code, and below each cell what it printed and drew."""

import base64
import json
import re
from typing import Any

COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # of a terminal


def fenced(text: str, language: str) -> str:
    """A block of code, with a fence that does not occur in it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {language}\n{text.rstrip()}\n{fence}\n"


def outputs(cell: dict[str, Any]) -> list[tuple[str, str]]:
    """(kind, content) of each output, kind 'text', 'gif' or 'png'; texts that follow each other are one."""
    found: list[tuple[str, str]] = []
    for output in cell["outputs"]:
        data = output.get("data", {})
        picture = next((kind for kind in ("gif", "png") if f"image/{kind}" in data), None)
        if picture:
            found.append((picture, "".join(data[f"image/{picture}"])))
            continue
        text = COLOUR.sub("", "".join(output.get("text", data.get("text/plain", ""))))
        if found and found[-1][0] == "text":
            text = found.pop()[1] + text
        found.append(("text", text))
    return found


def page(notebook: str) -> tuple[str, dict[str, bytes]]:
    """The Markdown of a notebook (the text of an .ipynb file), and its pictures by the names used there."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in json.loads(notebook)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            parts.append(source + "\n")
            continue
        parts.append(fenced(source, "python"))
        for kind, content in outputs(cell):
            if kind in ("gif", "png"):
                name = f"picture-{len(pictures) + 1:02}.{kind}"
                pictures[name] = base64.b64decode(content)
                parts.append(f"![What the cell above draws]({name})\n")
            elif content.strip():
                parts.append(fenced(content, "{ .text .output }"))
    return "\n".join(parts), pictures
