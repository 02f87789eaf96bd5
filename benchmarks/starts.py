"""The models with a Gaussian likelihood before and after its variance began at a scale of the data's: one picture.

    git worktree add ../before b896728
    python -m benchmarks.starts ../before      # before: that tree; after: this one

Each model is trained with the defaults of both trees by the command line. The last test losses go into
benchmarks/results/starts.json, the samples into benchmarks/results/starts.png. A model that is there is not run again.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from minigen import data
from minigen.report.canvas import new_figure
from minigen.report.plots import mosaic

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "starts.json"
PICTURE = RESULTS.with_suffix(".png")
PAIRS = (
    *(("vae", "digits"), ("vae", "ring"), ("cvae", "digits"), ("iwae", "ring")),
    *(("two-layer-iwae", "ring"), ("conv-vae", "digits")),
)
IMAGES, POINTS = 20, 1000


def trained(tree: Path, model: str, name: str, folder: Path) -> dict[str, Any]:
    """Train and sample by the command line of a tree; the last test loss, in nats, and the samples."""
    samples = folder / "samples.npy"
    sampling = ["sample", str(folder), "--n", str(IMAGES if name == "digits" else POINTS), "--out", str(samples)]
    if not samples.exists():
        for words in (["train", model, "--data", name, "--out", str(folder), "--quiet"], sampling):
            environment = os.environ | {"PYTHONPATH": str(tree)}
            subprocess.run([sys.executable, "-m", "minigen", *words], cwd=tree, env=environment, check=True)
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    loss = next(row["test_loss"] for row in reversed(rows) if "test_loss" in row)
    return {"loss": loss, "samples": np.load(samples)}


def draw(found: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
    """A row for each model and data set: before, after."""
    heights = [1 if name == "digits" else 2.6 for _, name in found]
    figure = new_figure(6, 1.05 * sum(heights), dpi=80)
    axes = figure.subplots(len(found), 2, squeeze=False, gridspec_kw={"height_ratios": heights})
    for row, ((model, name), sides) in zip(axes, found.items(), strict=True):
        for axis, side, when in zip(row, sides, ("before", "after"), strict=True):
            if name == "digits":
                axis.imshow(np.clip(mosaic(side["samples"], 10).squeeze(-1), 0, 1), cmap="gray", vmin=0, vmax=1)
            else:
                for points, color in ((data.load(name, "test").x[:POINTS], "0.75"), (side["samples"], "C3")):
                    axis.scatter(points[:, 0], points[:, 1], s=2, color=color)
                axis.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal")
            axis.set(xticks=[], yticks=[])
            axis.set_title(f"{model} on {name}, {when}: {side['loss']:.1f} nats", fontsize=7)
    figure.tight_layout(pad=0.4)
    figure.savefig(PICTURE)


def main() -> None:
    """Train what is missing; write the losses and the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="a tree of the time before")
    parser.add_argument("--scratch", type=Path, default=Path("runs/starts"), help="where the runs go")
    args = parser.parse_args()
    found = {}
    for model, name in PAIRS:
        folder = args.scratch.resolve() / f"{model}-{name}"
        sides = ("before", args.before.resolve()), ("after", ROOT)
        found[model, name] = [trained(tree, model, name, folder / when) for when, tree in sides]
        draw(found)
        losses = {
            f"{m} {d}": {"before": before["loss"], "after": after["loss"]} for (m, d), (before, after) in found.items()
        }
        RESULTS.write_text(json.dumps(losses, indent=1, allow_nan=False) + "\n")
        print(model, name, losses[f"{model} {name}"], flush=True)


if __name__ == "__main__":
    main()
