"""Parts 4: minigen beside PyTorch eager on the GPU. Write OUT/torch-float32.json and OUT/torch-tf32.json.

Before a model is timed at a batch size, both must find the same losses and gradients. Then they take turns, in
processes that are kept from cell to cell; the clock is read when the device is done. A cell that fails, for want of
memory perhaps, is written down, and the next one begins with fresh processes.
"""

import argparse
import contextlib
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.gpu import part
from benchmarks.gpu.cells import CONTENDERS, GOALS, cells
from benchmarks.rounds import Arena, Worker, WorkerError, installed, team

LOSSES = ("loss", "loss of D", "loss of G")
# cuDNN chooses among algorithms that round otherwise. TF32 has 13 binary digits less than float32.
# A rehearsal's layers are so small that a single ReLU that rounding turns over moves a gradient by nearly 1e-2.
TOLERANCES = {"float32": (1e-4, report.GRADIENT_TOLERANCE), "tf32": (1e-2, 0.1), "rehearsal": (1e-4, 1e-2)}


def tolerance(precision: str, name: str) -> float:
    """The relative error allowed to a loss, or to a gradient and what Adam makes of it; precision: see TOLERANCES."""
    of_losses, of_gradients = TOLERANCES[precision]
    return of_losses if name in LOSSES else of_gradients


def cell(result: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a measurement: medians in ms, minigen's time over PyTorch's, MB of the device, parity."""
    peer = CONTENDERS[1]
    summary = report.summarise(0, result["ms"], 0)
    kept = {"ms": summary["ms"], "ratio": summary["ratios"][peer], "rounds": result["ms"]}
    memory = {name: mb["peak"] for name, mb in result["memory"].items()}
    return {**kept, "memory_mb": memory, "parity": result["parity"][peer]}


class Team:
    """The contenders' processes, begun when they are needed, and again after a failure."""

    def __init__(self, device: str, tf32: bool) -> None:
        self.device, self.tf32 = device, tf32
        self.stack, self.workers = contextlib.ExitStack(), dict[str, Worker]()

    def ready(self) -> dict[str, Worker]:
        """The processes."""
        if not self.workers:
            self.workers = self.stack.enter_context(team(CONTENDERS, self.device, self.tf32))
        return self.workers

    def close(self) -> None:
        """End them."""
        self.workers = {}
        self.stack.close()


def run(options: argparse.Namespace) -> int:
    """All cells that the time is enough for; 0 if all were measured."""
    path = options.out / f"torch-{options.precision}.json"
    rounds, seconds, least = (1, 0.0, 1) if options.rehearse else (7, 0.15, 2)
    settings = {"rounds": rounds, "seconds": seconds, "contenders": CONTENDERS}
    check = partial(tolerance, "rehearsal" if options.rehearse else options.precision)
    results: dict[str, dict[str, Any]] = {}
    failed = left_out = measured = 0
    with part.device(options.rehearse) as name:
        found = part.Findings(path, name, precision=options.precision, settings=settings, goals=GOALS, cells=results)
    if not installed(CONTENDERS[1]):
        print("PyTorch is not installed: nothing to compare with")
        return 1
    contenders = Team("double" if options.rehearse else "cuda", options.precision == "tf32")
    with contextlib.closing(contenders), tempfile.TemporaryDirectory(prefix="minigen-gpu-") as folder:
        arena = Arena(Path(folder), CONTENDERS, rounds, seconds, least)
        for model, workload in cells(options.rehearse):
            if time.monotonic() > options.until:
                left_out += 1
                continue
            row = results.setdefault(model, {})
            try:
                workers = contenders.ready()
                row[str(workload.batch)] = cell(arena.measure_with(workload, workers, check))
                measured += 1
            except (report.ParityError, WorkerError) as error:
                row[str(workload.batch)] = {"error": str(error).strip().splitlines()[-1][:300]}
                failed += 1
                contenders.close()
            found.write()  # before it is told: whoever hears of a cell finds it in the file
            print(f"{workload.name}: {row[str(workload.batch)]}", flush=True)
            for file in Path(folder).iterdir():
                file.unlink()  # a batch of 4096 coloured images takes 200 MB
    found.write(complete=not left_out)
    print(f"{measured} cells measured, {failed} failed, {left_out} left out, as the time was up")
    return int(bool(failed or left_out))


if __name__ == "__main__":
    part.ended(part.main(run, precision=("float32", "tf32")))
