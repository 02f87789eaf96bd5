"""When several processes pay: a training step on 1, 2, 4, ... of them, its computing alone, and its sum alone.

    python -m benchmarks.processes --json benchmarks/results/processes.json

Needs the extra `mpi`, and a machine with nothing else to do; about three minutes. `python -m benchmarks.pages` then
writes the tables of docs/processes.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.peers import machine
from minigen import Generator, Tensor, distributed
from minigen.data import Dataset
from minigen.data.files import json_text
from minigen.distributed import Group
from minigen.models import recipe_of
from minigen.version import __version__

ROOT = Path(__file__).resolve().parent.parent
SHARDS = 8
MODELS: dict[str, tuple[str, dict[str, Any], tuple[int, int]]] = {  # the recipe, its options, two batch sizes
    "mlp-vae": ("vae", {"width": 400}, (128, 1024)),
    "dcgan28": ("dcgan", {"width": 64}, (64, 256)),
}
SIZES = (10**4, 10**5, 10**6, 10**7)  # numbers in a vector


def trainer_of(model: str, batch: int, shards: int, group: Group) -> Any:
    """A trainer of 28x28 images, with shards of a batch, in this group."""
    name, options, _ = MODELS[model]
    recipe = recipe_of(name)
    images = Dataset("mnist", np.zeros((batch, 28, 28, 1), np.float32))
    settings = recipe.settings(images, batch_size=batch, steps=1000, shards=shards, **options)
    made = recipe.trainer(recipe.build(settings, images.shape, Generator(0)), settings)
    made.join(group, shards)
    return made


def milliseconds(group: Group, work: Callable[[], Any], seconds: float, least: int = 5) -> float:
    """Of one call in the slowest process: the median of as many as fit, begun together."""
    work()
    times: list[float] = []
    begun = time.monotonic()
    while group.largest(len(times) < least or time.monotonic() - begun < seconds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * max(group.everyones(median(times)))


def measured(models: Sequence[str], shards: int, seconds: float) -> dict[str, Any]:
    """Steps, their computing alone, and sums, on the processes that there are."""
    group = distributed.world()
    alone = Group(group.rank, group.size)
    found: dict[str, Any] = {"steps": {}, "computing": {}, "sums": {}, "weights": {}}
    for model in models:
        for batch in MODELS[model][2]:
            x = Tensor(Generator(group.rank).uniform((batch // group.size, 28, 28, 1), device="cpu"))
            for kind, who in (("steps", group), ("computing", alone)):
                trainer, rng = trainer_of(model, batch, shards, who), Generator(1)
                ms = milliseconds(group, lambda t=trainer, x=x, rng=rng: t.step(x, rng), seconds)
                found[kind][f"{model} {batch}"] = round(ms, 3)
                found["weights"][model] = sum(int(o.flat.data.size) for o in trainer.optimizers)
    for size in SIZES if group.size > 1 else ():
        vector = np.zeros(size, np.float32)
        found["sums"][str(size)] = round(milliseconds(group, lambda v=vector: group.sum(v), seconds), 4)
    return found


def run_of(processes: int, shards: int, options: argparse.Namespace, threads: int) -> dict[str, Any]:
    """What so many processes measure, started anew, each on so many threads."""
    launcher = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which("mpiexec")
    if launcher is None:
        raise SystemExit("no mpiexec: pip install '.[mpi]'")
    words = [sys.executable, "-m", "benchmarks.processes", "--worker", "--shards", str(shards)]
    words += ["--seconds", str(options.seconds), "--models", *options.models]
    command = [launcher, "-n", str(processes), *words] if processes > 1 else words
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": str(threads)}
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write or print the results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    default = [p for p in (1, 2, 4, 8) if p <= max(2, cores)]
    parser.add_argument("--json", type=Path, help="where to write the results (default: to standard output)")
    parser.add_argument("--processes", type=int, nargs="+", default=default, help=f"how many (default: {default})")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--seconds", type=float, default=3.0, help="for each number (default: 3)")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--shards", type=int, default=SHARDS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        found = measured(options.models, options.shards, options.seconds)
        if distributed.world().is_first:
            print(json.dumps(found))
        return 0
    content: dict[str, Any] = {
        "machine": machine({"minigen": __version__, "numpy": np.__version__}),
        "settings": {"seconds": options.seconds, "shards": SHARDS},
        "whole": run_of(1, 1, options, cores),
        "processes": {str(p): run_of(p, SHARDS, options, 1) for p in options.processes},
        "a shard each": {str(p): run_of(p, p, options, 1) for p in options.processes},
    }
    text = json_text(content, indent=1) + "\n"
    if options.json:
        options.json.write_text(text)
    else:
        print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
