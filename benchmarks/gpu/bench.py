"""Part 5: `python -m minigen.bench`, CPU against GPU, within this part's time. Writes OUT/bench.json and bench.png."""

import argparse
import json
from importlib.util import find_spec

from benchmarks.gpu import part
from minigen.bench import commands

OVERHEAD = 0.4  # of the time: peaks, parity and transfers come on top of what minigen.bench measures in


def run(options: argparse.Namespace) -> int:
    """Measure; the exit status of minigen.bench."""
    file, plot = options.out / "bench.json", options.out / "bench.png"
    small = ["--quick", "--models", "vae", "--batches", "4,8"] if options.rehearse else []
    drawn = ["--plot", str(plot)] if find_spec("matplotlib") else []
    with part.device(options.rehearse) as name:
        commands.FULL = commands.QUICK = 20.0 if options.rehearse else (1 - OVERHEAD) * options.seconds
        status = commands.main([*small, "--json", str(file), *drawn])
        if file.exists():
            content = json.loads(file.read_text())
            content["machine"]["gpu"] = name
            part.Findings(file, name, **content).write(complete=status == 0)
    if status == 0:
        print(f"{len(content['rows'])} models and batches" + ("" if drawn else "; no plot without matplotlib"))
    return status


if __name__ == "__main__":
    part.ended(part.main(run))
