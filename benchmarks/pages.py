"""Fills the tables of the README and of docs/ from benchmarks/results and lessons/: none is typed in by hand.

    python -m benchmarks.pages

The counts of faults.json are made by
    MINIGEN_FAULTS=benchmarks/results/faults.json python -m pytest -n 0 -m "slow or not slow" -k fault
    MINIGEN_FAULTS=benchmarks/results/faults.json python -m tests.fuzz.fuzz_readers --minutes 10
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np

from benchmarks import defaults as defaults_of_models
from benchmarks import gallery as families
from benchmarks import tables
from benchmarks import yardstick as yardstick_of_families
from benchmarks.gpu import table as gpu_table
from benchmarks.reproduce import ROWS
from benchmarks.workloads import MODELS
from minigen.lessons import all_lessons
from minigen.models.catalogue import FILES

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


def gpu() -> str:
    """The training steps beside PyTorch on a GPU."""
    return gpu_table.published(RESULTS / "gpu")


def faults() -> str:
    """Fault, tries, losses."""
    rows = json.loads((RESULTS / "faults.json").read_text())
    head = ["fault", "tries", "losses", ""]
    return tables.markdown(head, [[name, str(r["tries"]), str(r["losses"]), r["note"]] for name, r in rows.items()])


def reproduction() -> str:
    """Papers' numbers and ours: the last run of each row and seed, and whether it reached what it must."""
    entries = json.loads((RESULTS / "reproduction.json").read_text())
    newest = {(e["row"], e["seed"], e["machine"]["device"]): e for e in entries}
    head = ["row", "paper", "its number", "ours", "must reach", "reached", "run"]
    rows = []
    for name, row in ROWS.items():
        for entry in (e for (of, *_), e in newest.items() if of == name):
            met = row.goal.met(entry, entries) if row.goal else None
            reached = {True: "yes", False: "**no**", None: ""}[met]
            numbers = entry["ours"].items()
            ours = ", ".join(
                f"{key} {value if isinstance(value, str) else f'{value:g}'}"
                for key, value in numbers
                if not isinstance(value, (list, dict))
            )
            rows.append([name, row.paper, entry["reports"], ours, str(row.goal or ""), reached, how_run(entry)])
    not_run = [name for name in ROWS if name not in {e["row"] for e in entries}]
    return tables.markdown(head, rows) + (f"\nNot run here: {', '.join(not_run)}.\n" if not_run else "")


def how_run(entry: Mapping[str, Any]) -> str:
    """Budget, seed, machine and processor time of a run of a row."""
    budget, here = entry["budget_minutes"], entry["machine"]
    length = "in full" if budget is None else f"{budget:g} minutes"
    where = f"{here['threads']} of {here['cpu_cores']} cores" if here["device"] == "cpu" else here["device"]
    spent = 0 if entry.get("resumed") else entry.get("cpu_seconds_of_last_call")
    took = f", {spent / 60:.0f} minutes of processor time" if spent else ""
    return f"{length}, seed {entry['seed']}, {where}{took}"


def processes() -> str:
    """Steps on several processes, sums of vectors, and the batch from which sending is less than what it saves."""
    content = json.loads((RESULTS / "processes.json").read_text())
    here, whole, cut, one_each = (content[name] for name in ("machine", "whole", "processes", "a shard each"))
    shards, counts = content["settings"]["shards"], list(cut)
    head = ["step, batch", "not cut, all cores", *(f"{p} x 1 core, {shards} shards" for p in counts)]
    head += [f"{p} x 1 core, {p} shard{'s' if p != '1' else ''}" for p in counts]
    rows = [
        [name, *(tables.time_of(run["steps"][name]) for run in (whole, *cut.values(), *one_each.values()))]
        for name in whole["steps"]
    ]
    several = [p for p in counts if p != "1"]
    sums = [
        [f"10^{len(size) - 1}", *(tables.time_of(cut[p]["sums"][size]) for p in several)]
        for size in cut[several[0]]["sums"]
    ]
    at = {(model, p): break_even(content, model, p) for model in cut["1"]["weights"] for p in several}
    even = [
        [model, str(cut["1"]["weights"][model]), *(str(math.ceil(at[model, p])) for p in several)]
        for model in cut["1"]["weights"]
    ]
    versions = f"Python {here['python']}, minigen {here['minigen']}, NumPy {here['numpy']}"
    return "\n".join(
        [
            tables.markdown(head, rows),
            tables.markdown(["numbers in the vector", *(f"the sum, {p} processes" for p in several)], sums),
            tables.markdown(["model", "weights", *(f"break-even batch, {p} processes" for p in several)], even),
            f"{here['cpu']}, {here['cores']} cores; {versions}. Medians over "
            f"{content['settings']['seconds']:g} s each, of the slowest process.\n",
        ]
    )


def break_even(content: Mapping[str, Any], model: str, processes: str) -> float:
    """The batch b at which the time that P processes save, c b (1 - 1/P), is that of the sum.

    c is the time of an example on one core: the slope between two batch sizes. The sum's time is interpolated between
    the vectors that were measured.
    """
    computing = content["processes"]["1"]["computing"]
    (b1, t1), (b2, t2) = ((int(n.split()[1]), t) for n, t in computing.items() if n.split()[0] == model)
    sums = content["processes"][processes]["sums"]
    sizes, times = np.log([float(size) for size in sums]), np.log(list(sums.values()))
    sum_of = float(np.exp(np.interp(np.log(content["processes"]["1"]["weights"][model]), sizes, times)))
    return sum_of / ((t2 - t1) / (b2 - b1)) / (1 - 1 / int(processes))


def models() -> str:
    """Every model of the command line: its command, its paper, its file."""
    rows = []
    for module in FILES:
        file = f"minigen/models/{module.replace('.', '/')}.py"
        for recipe in import_module(f"minigen.models.{module}").RECIPES:
            rows.append([f"`python -m minigen train {recipe.name}`", recipe.summary, f"[{Path(file).name}](../{file})"])
    return tables.markdown(["command", "model", "file"], rows)


def defaults() -> str:
    """What comes of each model on each data set where nothing is chosen; which rows are missing."""
    rows = defaults_of_models.read()
    head = ["model", "data", "steps", "processor", "measures", "by eye"]
    lines = []
    for name, row in rows.items():
        found = ", ".join(f"{measure} {value:.3g}" for measure, value in row["measures"].items() if value is not None)
        took = f"{row['seconds']} s"
        lines.append([*name.split(), str(row["settings"]["steps"]), took, found, row.get("eye", "not looked at")])
    missing: dict[str, list[str]] = {}
    for model, name in defaults_of_models.offered():
        if f"{model} {name}" not in rows:
            missing.setdefault(name, []).append(model)
    touched = {row.split()[1] for row in rows}
    some = [f"{name}: {', '.join(models)}" for name, models in missing.items() if name in touched]
    untouched = [name for name in missing if name not in touched]
    not_run = "; ".join([*some, *([f"all models on {', '.join(untouched)}"] if untouched else [])])
    return tables.markdown(head, lines) + (f"\nNot run here: {not_run}.\n" if not_run else "")


def starts() -> str:
    """The last test losses before and after the Gaussian likelihood began at a scale of the data's."""
    rows = json.loads((RESULTS / "starts.json").read_text())
    lines = [[*name.split(), f"{loss['before']:.1f}", f"{loss['after']:.1f}"] for name, loss in rows.items()]
    return tables.markdown(["model", "data", "test loss before", "after"], lines)


def yardstick() -> str:
    """Every family on the 8x8 digits, the likeliest first."""
    entries = yardstick_of_families.read()
    lines = []
    for name, entry in sorted(entries.items(), key=lambda item: item[1]["nats"]):
        sign = "" if entry["kind"] == "exact" else "<= "
        nats = f"{sign}{entry['nats']:.1f} +- {entry['standard_error']:.1f}"
        bits = f"{sign}{entry['nats'] / 64 / math.log(2):.3f}"
        weights = f"{entry['weights']}" if "weights" in entry else "counts"
        lines.append([name, nats, bits, entry["kind"], entry["how"], weights, f"{entry['cpu_seconds']:.0f} s"])
    head = ["family", "-log p, nats an image", "bits a pixel", "what it is", "how it is taken", "weights", "processor"]
    missing = [name for name in yardstick_of_families.ENTRIES if name not in entries]
    return tables.markdown(head, lines) + (f"\nNot run yet: {', '.join(missing)}.\n" if missing else "")


def lessons() -> str:
    """What the first cell of each lesson says of itself: title, what it teaches, how long it takes."""
    rows = []
    for lesson in all_lessons():
        folder = lesson.folder
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
        rows.append([link, f"{aim[1]} {aim[2]}", time, str(len(lesson.exercises))])
    return tables.markdown(["lesson", "afterwards you", "minutes to read", "exercises"], rows)


def references() -> str:
    """The papers and books that the lessons link to, each with its number and its lessons."""
    found: dict[str, list[str]] = {}
    titles: dict[str, str] = {}
    for lesson in all_lessons():
        text = re.sub(r"\n# ", " ", (lesson.folder / "lesson.py").read_text(encoding="utf-8"))
        for title, address in re.findall(r"\[([^]]+)\]\((https?://[^)]+)\)", text):
            numbers = found.setdefault(address, [])
            titles.setdefault(address, " ".join(title.split()))
            link = f"[{int(lesson.number)}](../lessons/{lesson.name}/lesson.ipynb)"
            if link not in numbers:
                numbers.append(link)
    rows = [[titles[address], f"[{number_of(address)}]({address})", ", ".join(n)] for address, n in found.items()]
    return tables.markdown(["what", "where", "lessons"], rows)


def number_of(address: str) -> str:
    """A paper's number: arXiv:1312.6114 or doi:10.1038/...; else the host."""
    place = urlsplit(address)
    if place.hostname == "arxiv.org":
        return "arXiv:" + place.path.removeprefix("/abs/")
    if place.hostname == "doi.org":
        return "doi:" + place.path.removeprefix("/")
    return place.hostname or address


def gallery(page: str) -> str:
    """The pictures of a page, each above the commands that made it."""
    parts, up = [], "../" * page.count("/")
    for name, made in families.read().items():
        entry = families.GALLERY[name]
        if entry.page != page:
            continue
        commands = "\n".join(f"python -m minigen {command}" for command in made["commands"])
        picture = f"![{entry.title}: {entry.caption}]({up}benchmarks/results/gallery/{name}.png)"
        parts.append(f"**{entry.title}**: {entry.caption}.\n\n{picture}\n\n```sh\n{commands}\n```\n")
    return "\n".join(parts)


class Table(NamedTuple):
    """The page that a table is on, what makes it, and what it is made from."""

    page: str
    make: Callable[[], str]
    source: Path


TABLES = {
    "gallery": Table(families.FRONT, lambda: gallery(families.FRONT), families.RESULTS),
    "faces": Table(families.FACES, lambda: gallery(families.FACES), families.RESULTS),
    "peers": Table("README.md", peers, RESULTS / "peers.json"),
    "gpu": Table("README.md", gpu, RESULTS / "gpu"),
    "faults": Table("docs/faults.md", faults, RESULTS / "faults.json"),
    "reproduction": Table("docs/reproduction.md", reproduction, RESULTS / "reproduction.json"),
    "processes": Table("docs/processes.md", processes, RESULTS / "processes.json"),
    "defaults": Table("docs/models.md", defaults, defaults_of_models.RESULTS),
    "starts": Table("docs/models.md", starts, RESULTS / "starts.json"),
    "yardstick": Table("docs/yardstick.md", yardstick, yardstick_of_families.RESULTS),
    "models": Table("docs/models.md", models, ROOT / "minigen" / "models" / "catalogue.py"),
    "references": Table("docs/references.md", references, ROOT / "minigen" / "lessons" / "material"),
    "lessons": Table("README.md", lessons, ROOT / "minigen" / "lessons" / "material"),
}


def filled(page: str, name: str, table: str) -> str:
    """The page with the text between `<!-- NAME: begin -->` and `<!-- NAME: end -->` made anew."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    if page.count(begin) != 1 or page.count(end) != 1:
        raise ValueError(f"expected one {begin.strip()} and one {end.strip()} in the page")
    return re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: begin + table + end, page, flags=re.S)


def main() -> None:
    """Fill all pages whose results are there."""
    for name, table in TABLES.items():
        if table.source.exists():
            path = ROOT / table.page
            path.write_text(filled(path.read_text(), name, table.make()))


if __name__ == "__main__":
    main()
