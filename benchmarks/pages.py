"""Fills the tables of README.md and docs/faults.md from benchmarks/results and lessons/: none is typed in by hand.

    python -m benchmarks.pages

The counts of faults.json are made by
    MINIGEN_FAULTS=benchmarks/results/faults.json python -m pytest -m "slow or not slow" -k fault
    MINIGEN_FAULTS=benchmarks/results/faults.json python -m tests.fuzz.fuzz_readers --minutes 10 --blind
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

from benchmarks import tables
from benchmarks.workloads import MODELS
from minigen.testing.exercise import Lesson

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def peers() -> str:
    """The training steps beside PyTorch and JAX, and the means of the single operations."""
    content = json.loads((RESULTS / "peers.json").read_text())
    results, here, rounds = content["results"], content["machine"], content["settings"]["rounds"]
    versions = ", ".join(f"{n} {here[n]}" for n in ("minigen", "numpy", "torch", "jax") if n in here)
    steps = {name: results[name][name] for name in MODELS if name in results}
    convolutions, tiny = (results[name]["ratios"]["torch"] for name in ("convs", "tiny"))
    imports = results["import"]["import"]["summary"]["ratios"]["torch"]
    text = (
        f"{here['cpu']}, {here['cores']} cores; Python {here['python']}, {versions}. Medians of {rounds} interleaved "
        "rounds; a ratio is minigen's time over the other's, below 1 where minigen is faster. "
        f"Single convolutions, forward and backward, against PyTorch: geometric mean "
        f"{convolutions['geometric_mean']:.2f}, at worst {convolutions['worst'][1]:.2f} ({convolutions['worst'][0]}); "
        f"operations on 8x8 matrices: {tiny['geometric_mean']:.2f}; import: {tables.Spread(*imports)}.\n"
    )
    return f"\n{tables.models(steps)}\n{text}\n{tables.peak(steps)}\n"


def faults() -> str:
    """Fault, tries, losses."""
    rows = json.loads((RESULTS / "faults.json").read_text())
    head = ["fault", "tries", "losses", ""]
    return tables.markdown(head, [[name, str(r["tries"]), str(r["losses"]), r["note"]] for name, r in rows.items()])


def lessons() -> str:
    """What the first cell of each lesson says of itself: title, what it teaches, how long it takes."""
    rows = []
    for folder in sorted((ROOT / "lessons").glob("[0-9][0-9]_*")):
        lesson = Lesson(folder)
        opening = (folder / "lesson.py").read_text(encoding="utf-8").split("# %% [markdown]\n")[1].split("\n# %%")[0]
        text = " ".join(line.removeprefix("#").strip() for line in opening.splitlines())
        aim = re.search(r"\*\*Afterwards you (can|have)\*\* (.+?)\.(?= |$)", text)
        minutes = re.search(r"\*\*Time:\*\* (\w+) minutes", text)
        if not (aim and minutes):
            raise ValueError(
                f"{folder.name}/lesson.py: expected **Afterwards you can** and **Time:** N minutes at its top"
            )
        link = f"[{int(lesson.number)}. {lesson.title}](lessons/{folder.name}/lesson.ipynb)"
        time = {"ten": "10"}.get(minutes[1], minutes[1])
        rows.append([link, f"{aim[1]} {shortened(aim[2])}", time, str(len(lesson.exercises))])
    return tables.markdown(["lesson", "afterwards you", "minutes to read", "exercises"], rows)


def shortened(aim: str, length: int = 110) -> str:
    """As many of its clauses as fit into a line of a table, at least one."""
    clauses = aim.split(", ")
    while len(clauses) > 1 and len(", ".join(clauses)) > length:
        clauses.pop()
    text = ", ".join(clauses)
    return text if text == aim else text + ", ..."


# The page, what it is made from, how.
TABLES: dict[str, tuple[str, Path, Callable[[], str]]] = {
    "peers": ("README.md", RESULTS / "peers.json", peers),
    "faults": ("docs/faults.md", RESULTS / "faults.json", faults),
    "lessons": ("README.md", ROOT / "lessons", lessons),
}


def filled(page: str, name: str, table: str) -> str:
    """The page with the text between `<!-- NAME: begin -->` and `<!-- NAME: end -->` made anew."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"expected one {begin.strip()} and one {end.strip()} in the page")
    return re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: begin + table + end, page, flags=re.S)


def main() -> None:
    """Fill all pages whose results are there."""
    for name, (file, source, table) in TABLES.items():
        if source.exists():
            path = ROOT / file
            path.write_text(filled(path.read_text(), name, table()))


if __name__ == "__main__":
    main()
