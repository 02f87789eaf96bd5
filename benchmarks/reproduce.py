"""Numbers of the literature beside ours.

    python benchmarks/reproduce.py --list
    python benchmarks/reproduce.py vae --budget 30          # minutes; without it, in full
    python benchmarks/reproduce.py vae --budget 30 --seed 1 --device cuda

A run appends what it found to benchmarks/results/reproduction.json: paper, ours, seed, time, machine. An interrupted
one goes on from where it was when it is called again with the same row, budget and seed. Nothing is typed in by hand.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import yardstick  # noqa: E402
from benchmarks.protocols import (  # noqa: E402
    autoregressive,
    diffusion,
    flows,
    games,
    likelihood,
    membership,
    music,
    privacy,
    recommendation,
    restoration,
    scenarios,
    text,
    video,
    words,
)
from benchmarks.protocols.row import Job, Row  # noqa: E402
from minigen import backend  # noqa: E402
from minigen.data.files import json_text, write_whole  # noqa: E402
from minigen.errors import ArgumentError, MinigenError, one_of  # noqa: E402
from minigen.version import __version__  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "reproduction.json"
ROWS: dict[str, Row] = {
    **likelihood.ROWS,
    **games.ROWS,
    **diffusion.ROWS,
    **restoration.ROWS,
    **text.ROWS,
    **flows.ROWS,
    **autoregressive.ROWS,
    **yardstick.ROWS,
    **music.ROWS,
    **recommendation.ROWS,
    **privacy.ROWS,
    **membership.ROWS,
    **words.ROWS,
    **scenarios.ROWS,
    **video.ROWS,
}


def machine(device: str) -> dict[str, Any]:
    """What a time is worth: cores, threads, versions."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "device": device,
        "cpu_cores": os.cpu_count(),
        "threads": int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "minigen": __version__,
    }


def appended(file: Path, entry: dict[str, Any]) -> None:
    """Add an entry to a JSON list, whole or not at all."""
    entries = json.loads(file.read_text()) if file.exists() else []
    text = json_text([*entries, entry], indent=1) + "\n"
    write_whole(file, lambda path: path.write_text(text))


def reproduce(name: str, budget: float | None, seed: int, device: str, file: Path, scratch: Path) -> dict[str, Any]:
    """Run a row, append its numbers to `file`, and return them."""
    one_of("row", name, ROWS)
    if budget is not None and not budget > 0:
        raise ArgumentError(f"budget: expected minutes > 0, got {budget}")
    row = ROWS[name]
    folder = scratch / f"{name}-{'full' if budget is None else f'{budget:g}'}-{seed}-{device}"
    resumed, start, cpu_start = folder.exists(), time.perf_counter(), time.process_time()
    ours = row.run(Job(budget, seed, device, folder))
    entry = {
        "row": name,
        "paper": row.paper,
        "reports": row.reports,
        "protocol": row.protocol if budget is not None else f"in full: {row.full}",
        "ours": ours,
        "seed": seed,
        "budget_minutes": budget,
        "seconds_of_last_call": round(time.perf_counter() - start, 1),
        "resumed": resumed,
        "cpu_seconds_of_last_call": round(time.process_time() - cpu_start, 1),  # whatever else the machine did
        "machine": machine(device),
    }
    appended(file, entry)
    shutil.rmtree(folder, ignore_errors=True)
    return entry


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Reproduce a number of the literature.")
    parser.add_argument("row", nargs="?", help="a name of --list")
    parser.add_argument("--list", action="store_true", help="the rows: paper, number, protocol, estimated cost")
    parser.add_argument("--budget", type=float, metavar="MINUTES", help="for training and measuring (default: in full)")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    parser.add_argument("--device", default="cpu", metavar="cpu|cuda")
    args = parser.parse_args(argv)
    if args.list or not args.row:
        for name, row in ROWS.items():
            print(f"{name}: {row.paper}: {row.reports}")
            print(f"    with --budget {row.minutes}, in minutes: {row.protocol}\n    without: {row.full} of CPU")
            print(f"    must reach: {row.goal}" if row.goal else "    to compare others with")
        return 0
    try:
        backend.module_for(args.device)
        entry = reproduce(args.row, args.budget, args.seed, args.device, RESULTS, ROOT / "runs" / "reproduce")
    except MinigenError as error:
        print(f"reproduce: {error}", file=sys.stderr)
        return 2
    print(json_text(entry["ours"], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
