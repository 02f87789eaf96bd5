"""How fast it is here: CPU against GPU, side by side.

    python -m minigen.bench                              # a few minutes
    python -m minigen.bench --quick                      # half a minute
    python -m minigen.bench --plot bench.png --json bench.json
    python -m minigen.bench --tf32                       # the GPU's products rounded to TF32

For each model and batch size the devices take turns, and a step's time is the median over the turns. First of all, both
devices must find the same loss and gradients from the same weights, batch and noise. The clock is read when the device
is done, not when it has been told what to do; the way of the data there and back is timed apart. Without a GPU it says
why, and measures the CPU alone.
"""

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .. import backend
from ..data.files import json_text, write_whole
from ..errors import ArgumentError, DataError, one_of
from ..report.canvas import own_settings
from ..terminal import Parser, attempt
from .measuring import Row, measure, sgemm_peak, transfers
from .parity import check_parity
from .reporting import figure, machine, report
from .workloads import MODELS, Clock, Job

BATCHES = (16, 64, 256, 1024, 4096)
FULL, QUICK = 150.0, 16.0  # seconds of measuring; starting up and the parity check come on top


def run(args: argparse.Namespace, clock: Clock = time.perf_counter) -> None:
    """Measure and report.

    Raises:
        ArgumentError, DataError: an argument that cannot be, before anything is measured.
        NumericalError: the devices do not agree.
    """
    backend.keep_freed_memory()  # as in training
    for name in args.models:
        one_of("models", name, MODELS)
    if not args.batches or min(args.batches) < 2 or list(args.batches) != sorted(set(args.batches)):
        raise ArgumentError(f"batches: expected rising numbers, each at least 2, got {args.batches}")
    for what, path in (("plot", args.plot), ("json", args.json)):
        if path and not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
            raise DataError(f"{what}: cannot write into the folder {path.parent}; make it, or choose another")
    if args.plot and args.plot.suffix not in (".png", ".svg", ".pdf"):
        raise ArgumentError(f"plot: expected a file name that ends in .png, .svg or .pdf, got {str(args.plot)!r}")
    if args.tf32:
        os.environ["CUPY_TF32"] = "1"  # CuPy looks there when it starts, and it has not been started
    status = backend.cuda_status()
    devices = ["cpu"] if status.fault else ["cpu", "cuda"]
    if status.fault:
        print(f"No GPU: {status.fault}. To use one: {status.remedy}. The CPU alone:")
    else:
        print(f"GPU: {backend.device_name()} ({status.found}), products in {'TF32' if backend.tf32() else 'float32'}")
    until = clock() + (QUICK if args.quick else FULL)
    sizes = {d: 1024 if args.quick else 2048 if d == "cpu" else 8192 for d in devices}
    peaks = {d: sgemm_peak(d, n, clock) for d, n in sizes.items()}
    extra: dict[str, Any] = {}
    if "cuda" in devices:
        extra["parity"] = {
            name: check_parity(name, *(Job(name, d).gradients() for d in devices)) for name in args.models
        }
        worst = ", ".join(f"{name} {error:.0e}" for name, error in extra["parity"].items())
        print(f"the same loss and gradients on both devices, up to {worst} of a gradient's length")
        extra["transfers"] = transfers(clock)
        print("transfers: " + ", ".join(f"{speed:.1f} GB/s {way}" for way, speed in extra["transfers"].items()))
    rows: list[Row] = []
    for i, name in enumerate(args.models):
        share = (until - clock()) / (len(args.models) - i)
        rows += measure(name, args.batches, devices, clock() + share, clock)
    peaks = {d: max(peaks[d], sgemm_peak(d, n, clock)) for d, n in sizes.items()}  # the machine may have been busy
    print("sgemm peak: " + ", ".join(f"{d} {peak:.0f} GFLOP/s" for d, peak in peaks.items()))
    print(report(rows, peaks))
    done = {(row.model, row.batch) for row in rows}
    left_out = [f"{m} {b}" for m in args.models for b in args.batches if (m, b) not in done]
    if left_out:
        print(f"left out, as they would take too long{' with --quick' if args.quick else ''}: {', '.join(left_out)}")
    if args.json:
        content = {
            "machine": machine(devices),
            "no gpu": status.fault,
            "sgemm_gflops": peaks,
            **extra,
            "rows": [row._asdict() for row in rows],
        }
        write_whole(args.json, lambda path: path.write_text(json_text(content, indent=1) + "\n"))
        print(f"wrote {args.json}")
    if args.plot and rows:
        with own_settings():
            write_whole(args.plot, lambda path: figure(rows).savefig(path))
        print(f"wrote {args.plot}")


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers with commas between them, got {text!r}") from None


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = Parser(
        prog="python -m minigen.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    root.add_argument("--quick", action="store_true", help="end within half a minute")
    root.add_argument("--tf32", action="store_true", help="let the GPU round the factors of products (CUPY_TF32=1)")
    root.add_argument("--models", type=lambda text: text.split(","), default=list(MODELS), metavar="vae,dcgan")
    root.add_argument("--batches", type=_numbers, default=list(BATCHES), metavar="16,64,...")
    root.add_argument("--plot", type=Path, metavar="FILE", help="time per example against the batch size")
    root.add_argument("--json", type=Path, metavar="FILE", help="everything that was measured")
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run; returns the exit status: 0, 2 for anything refused, 130 when interrupted."""
    with attempt("minigen.bench") as outcome:
        run(parser().parse_args(argv))
    return outcome.status
