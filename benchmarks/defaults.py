"""How far each model comes on each data set where nothing is chosen: trained, measured, and looked at by somebody.

    python -m benchmarks.defaults --list
    python -m benchmarks.defaults gan cgan --data ring grid      # these rows; without names all that are missing
    python -m benchmarks.defaults --eye "gan grid" good          # what the samples look like, to one who has looked

A row that is there already is not run again, unless the defaults have changed since. Each goes into
benchmarks/results/defaults.json as soon as it is measured; its pictures stay in runs/defaults/MODEL-DATA. Times are
those of the processor, not of the clock; set OMP_NUM_THREADS=1 for times of one core.
"""

import argparse
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.reproduce import machine
from minigen import data
from minigen.data.files import json_text, write_whole
from minigen.models import RECIPES
from minigen.report import Trained, evaluate
from minigen.report.findings import as_json
from minigen.runs import load_run
from minigen.train import train

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "defaults.json"
SAMPLES = 2500  # as in the papers that count modes
SHOWN = ("NLL", "modes", "high quality", "coverage", "FID-cls", "class asked", "class accuracy", "code error", "psnr")

Rows = dict[str, dict[str, Any]]


def offered() -> Iterator[tuple[str, str]]:
    """Each model with each data set that it is offered for."""
    for model, recipe in RECIPES.items():
        for name in data.DATASETS:
            if data.kind_of(name) in recipe.takes:
                yield model, name


def defaults_of(model: str, name: str) -> dict[str, Any]:
    """What a run is made of where nothing is chosen."""
    return dict(RECIPES[model].settings(data.load(name)).options)


def measured(model: str, name: str, scratch: Path) -> dict[str, Any]:
    """Train with the defaults, and measure as `evaluate` does."""
    recipe = RECIPES[model]
    sets = data.load(name), data.load(name, "test")
    settings, folder = recipe.settings(sets[0]), scratch / f"{model}-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    start = time.process_time()
    run = train(settings, *sets, str(folder), quiet=True)
    seconds = time.process_time() - start
    if recipe.damage:  # its measure is taken while it trains
        found = {"psnr": next(row["psnr"] for row in reversed(run.metrics()) if "psnr" in row)}
    else:
        run = load_run(folder)
        trained = Trained(run.load_model(), settings, run.shape)
        measures, _ = evaluate(trained, *sets, SAMPLES, 0)
        told = json.loads(as_json(trained, measures, SAMPLES, 0))["measures"]
        found = {measure: told[measure]["value"] for measure in SHOWN if measure in told}
    return {"seconds": round(seconds), "measures": found, "settings": dict(settings.options), "machine": machine("cpu")}


def read() -> Rows:
    """The rows that are there, by 'MODEL DATA'."""
    rows: Rows = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    return rows


def write(row: str, content: dict[str, Any]) -> None:
    """Put one row into the file, in the order of the catalogue."""
    rows = read() | {row: content}
    names = [f"{model} {name}" for model, name in offered()]
    text = json_text({name: rows[name] for name in names if name in rows}, indent=1) + "\n"
    write_whole(RESULTS, lambda path: path.write_text(text))


def main(argv: Sequence[str] | None = None) -> None:
    """Measure rows that are missing, or note what one looks like."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", choices=[[], *RECIPES], metavar="MODEL", help="default: all")
    parser.add_argument("--data", nargs="*", choices=data.DATASETS, metavar="NAME", help="default: all that are here")
    parser.add_argument("--list", action="store_true", help="the rows, and which are there")
    parser.add_argument("--eye", nargs=2, metavar=("ROW", "WORD"), help="what the samples of a row look like")
    parser.add_argument("--scratch", type=Path, default=Path("runs/defaults"), help="where the runs go")
    args = parser.parse_args(argv)
    if args.eye:
        row, word = args.eye
        write(row, read()[row] | {"eye": word})
        return
    for model, name in offered():
        if (args.models and model not in args.models) or (args.data and name not in args.data):
            continue
        row = f"{model} {name}"
        there = data.locate(name)
        done = bool(there) and read().get(row, {}).get("settings") == defaults_of(model, name)
        if args.list:
            print(row, "is there" if done else "is missing" if there else f"cannot be run: no {name} here")
        elif there and not done:
            content = measured(model, name, args.scratch)
            write(row, content)
            print(row, f"{content['seconds']} s", content["measures"], flush=True)


if __name__ == "__main__":
    main()
