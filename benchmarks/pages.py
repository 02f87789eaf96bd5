"""Fills the tables of README.md and docs/faults.md from benchmarks/results: nothing in them is typed in by hand.

    python -m benchmarks.pages

The counts of faults.json are made by
    MINIGEN_FAULTS=benchmarks/results/faults.json python -m pytest -m "slow or not slow" -k fault
    MINIGEN_FAULTS=benchmarks/results/faults.json python -m tests.fuzz.fuzz_readers --minutes 10
"""

import json
import re
from collections.abc import Callable
from pathlib import Path

from benchmarks import tables
from benchmarks.workloads import MODELS

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


TABLES: dict[str, tuple[str, Callable[[], str]]] = {"peers": ("README.md", peers), "faults": ("docs/faults.md", faults)}


def filled(page: str, name: str, table: str) -> str:
    """The page with the text between `<!-- NAME: begin -->` and `<!-- NAME: end -->` made anew."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"expected one {begin.strip()} and one {end.strip()} in the page")
    return re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: begin + table + end, page, flags=re.S)


def main() -> None:
    """Fill all pages whose results are there."""
    for name, (file, table) in TABLES.items():
        if (RESULTS / f"{name}.json").exists():
            path = ROOT / file
            path.write_text(filled(path.read_text(), name, table()))


if __name__ == "__main__":
    main()
