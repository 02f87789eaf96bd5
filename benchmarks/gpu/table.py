"""What a run on a GPU found, as tables: OUT/README.md, and the one on the page of the project.

    python -m benchmarks.gpu.table OUT

A rehearsal is not a result: its page says so in its title, and no page of the project takes a number from it.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.gpu.cells import BATCHES, GOALS, models
from benchmarks.gpu.part import DOUBLE
from benchmarks.report import Spread
from benchmarks.tables import markdown, time_of

PRECISIONS = {"float32": "float32", "tf32": "TF32"}
NOT_MEASURED = "not measured"
Content = Mapping[str, Any]


def content(folder: Path, name: str) -> Content:
    """A part's JSON; empty where there is none."""
    file = folder / f"{name}.json"
    return json.loads(file.read_text()) if file.exists() else {}


def cards(folder: Path) -> list[str]:
    """The devices that the folder's numbers are from."""
    found = (content(folder, file.stem).get("device") for file in sorted(folder.glob("*.json")))
    return list(dict.fromkeys(name for name in found if name))


def batches(folder: Path) -> list[int]:
    """Those that are to be measured; a rehearsal has its own."""
    timed = {int(b) for p in PRECISIONS for row in content(folder, f"torch-{p}").get("cells", {}).values() for b in row}
    return sorted(timed) if DOUBLE in cards(folder) else list(BATCHES)


def goal(model: str) -> str:
    """The largest ratio that is hoped for."""
    return f"<= {GOALS[model]:g}" if GOALS[model] else ""


def cells(folder: Path, batch: int) -> Iterator[tuple[str, str, Content]]:
    """(model, precision, what was measured) of a batch size."""
    for model in models():
        for precision in PRECISIONS:
            measured = content(folder, f"torch-{precision}").get("cells", {}).get(model, {})
            yield model, precision, measured.get(str(batch), {})


def ratio(cell: Content) -> str:
    """minigen's time over PyTorch's, median [least-largest]."""
    return str(Spread(*cell["ratio"])) if "ratio" in cell else "failed" if "error" in cell else NOT_MEASURED


def ratios(folder: Path) -> str:
    """A row for each model and precision, a column for each batch size."""
    sizes = batches(folder)
    columns = {batch: {(m, p): ratio(cell) for m, p, cell in cells(folder, batch)} for batch in sizes}
    rows = [
        [model, PRECISIONS[precision], goal(model), *(columns[batch][model, precision] for batch in sizes)]
        for model in models()
        for precision in PRECISIONS
    ]
    return markdown(["training step", "products", "goal", *(f"batch {batch}" for batch in sizes)], rows)


def times(folder: Path) -> str:
    """A row for each cell that was tried: times, memory, parity, or what went wrong."""
    head = ["training step", "products", "minigen", "PyTorch", "ratio [min-max]", "device memory", "parity"]
    rows = []
    for batch in batches(folder):
        for model, precision, cell in cells(folder, batch):
            row = [f"{model} {batch}", PRECISIONS[precision]]
            if "ratio" in cell:
                row += [*map(time_of, cell["ms"].values()), ratio(cell)]
                row += [" / ".join(f"{mb:.0f}" for mb in cell["memory_mb"].values()) + " MB"]
                row += ["{1:.0e} ({0})".format(*cell["parity"])]
            elif "error" in cell:
                row += ["failed", "", "", "", cell["error"].replace("|", "/")]
            else:
                continue
            rows.append(row)
    return markdown(head, rows) if rows else f"Times and memory: {NOT_MEASURED}.\n"


def parity(folder: Path) -> str:
    """A row for each model: the largest relative differences between the devices."""
    found, rows = content(folder, "parity"), []
    for model, row in found.get("models", {}).items():
        shown = ["{1:.0e} ({0})".format(*row[kind]) if kind in row else "" for kind in found["tolerances"]]
        rows.append([model, *shown, "yes" if row["agrees"] else f"**no** {row.get('error', '')}".strip()])
    head = ["one step of", *(f"{kind} (<= {t:g})" for kind, t in found.get("tolerances", {}).items()), "agrees"]
    return markdown(head, rows) if rows else f"Parity: {NOT_MEASURED}.\n"


def tests(folder: Path) -> str:
    """Counts, failures, and files that could not be imported."""
    lines = []
    for which in ("quick", "rest"):
        found = content(folder, f"tests-{which}")
        counts = ", ".join(f"{n} {outcome}" for outcome, n in sorted(found.get("counts", {}).items()))
        lines += [f"Tests on the device, {which}: {counts or NOT_MEASURED}{ending(found)}.\n"]
        faults = [*found.get("failures", []), *found.get("not_imported", [])]
        lines += ["".join(f"- `{fault['test']}`: {fault['line']}\n" for fault in faults)] * bool(faults)
    return "\n".join(lines)


def ending(found: Content) -> str:
    """Whether a part came to its end."""
    return "" if not found or found["complete"] else " (cut off)"


def bench(folder: Path) -> str:
    """`python -m minigen.bench`: milliseconds a step on either device."""
    rows = []
    for row in content(folder, "bench").get("rows", []):
        ms = [time_of(median(row["ms"][device])) if device in row["ms"] else "" for device in ("cpu", "cuda")]
        rows.append([row["model"], str(row["batch"]), *ms])
    if not rows:
        return f"CPU against GPU: {NOT_MEASURED}.\n"
    plot = "\n![Time per example against the batch size, on CPU and GPU](bench.png)\n"
    return markdown(["model", "batch", "CPU", "GPU"], rows) + (plot if (folder / "bench.png").exists() else "")


def about(folder: Path) -> str:
    """The card and what computed, in a sentence."""
    found = content(folder, "doctor")
    if not cards(folder):
        return f"Card: {NOT_MEASURED}."
    card, machine = found.get("card", {}), found.get("machine", {})
    size = f", {card['memory_gb']:g} GB" if "memory_gb" in card else ""
    versions = "; " + ", ".join(f"{n} {machine[n]}" for n in machine if n not in ("system", "cpu_cores"))
    return f"Card: {', '.join(cards(folder))}{size}{versions if machine else ''}."


EXPLANATION = (
    "A ratio is minigen's time over that of PyTorch eager with its fused Adam, below 1 where minigen is faster: the "
    "median over interleaved rounds [min-max], on a GPU that is waited for before the clock is read. Both found the "
    "same losses and gradients before."
)


def published(folder: Path) -> str:
    """The table for the page of the project.

    Raises:
        ValueError: some of the folder's numbers are a rehearsal's, or they are of several cards.
    """
    if DOUBLE in cards(folder):
        raise ValueError(f"{folder}: a rehearsal on the {DOUBLE} is no result; run benchmarks/gpu.sh on a GPU")
    if len(cards(folder)) > 1:
        raise ValueError(f"{folder}: numbers of several cards ({', '.join(cards(folder))}); keep those of one run")
    return f"\n{ratios(folder)}\n{about(folder)} {EXPLANATION}\n\n"


def page(folder: Path) -> str:
    """All that was found."""
    title = "A rehearsal without a GPU: not a result" if DOUBLE in cards(folder) else "minigen on a GPU"
    parts = content(folder, "parts").get("parts", [])
    ends = "".join(f"- {p['part']}: {p['state']} after {p['seconds']:.0f} s: {p['said']}\n" for p in parts)
    sections = [
        f"# {title}\n",
        f"Made by `bash benchmarks/gpu.sh OUT`. {about(folder)}\n",
        *([ends] if ends else []),
        "## Beside PyTorch\n",
        f"{EXPLANATION} Memory is the most that minigen / PyTorch took of the device, pools included.\n",
        ratios(folder),
        times(folder),
        "## CPU and GPU\n",
        "The largest relative difference of an array between the devices, after one step from the same start.\n",
        parity(folder),
        bench(folder),
        "## Tests\n",
        tests(folder),
    ]
    return "\n".join(sections)


def main() -> None:
    """Write the page."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.gpu.table OUT")
    file = Path(sys.argv[1]) / "README.md"
    file.write_text(page(file.parent))
    print(f"wrote {file}")


if __name__ == "__main__":
    main()
