"""Collects finished runs into one table: settings, final metrics, time and machine.

    python benchmarks/collect.py benchmarks/results/foundation.json runs/vae-mnist runs/gan-ring

Nothing is typed in by hand: every number comes from the folders that `python -m minigen train` leaves.
"""

import json
import os
import platform
import sys
from pathlib import Path

import numpy as np

from minigen.data.files import json_text
from minigen.runs import load_run


def row(folder: str) -> dict[str, object]:
    """One run: what was trained and what came out."""
    run = load_run(folder)
    config = json.loads((run.folder / "config.json").read_text())
    rows = run.metrics()
    final = {name: value for part in rows[-2:] for name, value in part.items() if name != "seconds"}
    return {**config, "final": final, "seconds": max(part.get("seconds", 0.0) for part in rows)}


def main() -> None:
    """Write the table."""
    if len(sys.argv) < 3:
        sys.exit("usage: python benchmarks/collect.py RESULT.json RUN_FOLDER...")
    machine = {
        "cpu_cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    content = {"machine": machine, "runs": [row(folder) for folder in sys.argv[2:]]}
    Path(sys.argv[1]).write_text(json_text(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
