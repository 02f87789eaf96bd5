"""Uses: denoising, inpainting, super-resolution of MNIST, and a hole in a brain, in dB beside what needs no learning.

The network is a conditional VAE (Sohn et al. 2015) whose guesses are averaged; psnr is over the missing pixels (all of
them, where noise was added), on 1000 test images. There is no paper's number: the baselines stand beside ours.

The brain's slices to test on are 36, of slabs in which no training slice lies, 5 mm away or more
(minigen/data/brain.py). It is one brain, an average: the row says how well a slice is completed by those around it, and
nothing of other brains.
"""

from typing import Any

import numpy as np

from benchmarks.protocols.row import Goal, Job, Row
from benchmarks.protocols.trained import model_of, trained
from minigen import backend, data
from minigen.models import recipe_of
from minigen.report import accuracies_from_few_labels

LABELS, TRIALS = 100, 4
FULL = 20_000  # steps without a budget


def most_steps(model: str, of: str) -> Any:
    """How many a recipe wants for this data, where more do harm; else None."""
    return recipe_of(model).for_data.get(of, {}).get("steps")


def restoration_row(model: str, of: str = "mnist", **settings: Any) -> Any:
    """The row's job: train, and take what the run itself measured."""

    def run(job: Job) -> dict[str, Any]:
        most = most_steps(model, of)
        sets = data.load(of), data.load(of, "test")
        finished = trained(job, "run", model, *sets, 0.9, most or FULL, most, **settings)
        final = finished.metrics()[-1]
        return {name: final[name] for name in final if name.startswith("psnr")} | {"steps": finished.settings.steps}

    return run


def augmentation_row(job: Job) -> dict[str, Any]:
    """Accuracies of a classifier from 100 labels of MNIST, with and without images of a VAE, mean of some seeds."""
    train, test = data.load("mnist"), data.load("mnist", "test")
    finished = trained(job, "run", "vae", train, test, 0.4, FULL)
    with backend.device(job.device):
        vae, seeds = model_of(finished), range(TRIALS * job.seed, TRIALS * (job.seed + 1))
        found = [accuracies_from_few_labels(vae, train, test, LABELS, seed)[0] for seed in seeds]
    means = {name.replace(" ", "_"): round(float(np.mean([f[name] for f in found])), 4) for name in found[0]}
    gains = [f["with generated"] - f["classifier"] for f in found]
    return means | {"gain_of_each": [round(gain, 4) for gain in gains], "steps": finished.settings.steps}


def _row(what: str, baseline: str, model: str, minutes: float = 4, of: str = "mnist", **settings: Any) -> Row:
    goal = Goal("psnr", ">=", f"psnr_{baseline.replace(' ', '_')}")
    few = most_steps(model, of)
    full = f"{few} steps: {minutes:.0f} minutes" if few else f"{FULL} steps: 1 hour"
    return Row("-", f"baseline: {baseline}", what, minutes, full, restoration_row(model, of, **settings), goal)


ROWS = {
    "denoise": _row("noise of deviation 0.5", "3x3 mean", "denoise"),
    "inpaint": _row("a hole of half the side", "nearest neighbour", "inpaint"),
    "brain-hole": _row("a hole of half the side, 64x64", "nearest neighbour", "inpaint", 5, "brain"),
    "super-resolve": _row("from 14x14 to 28x28", "bicubic", "super-resolve"),
    "super-resolve-4": _row("from 7x7 to 28x28", "bicubic", "super-resolve", amount=4.0),
    "augmentation": Row(
        "-",
        "baseline: without generated images",
        f"{LABELS} labels, mean of {TRIALS} seeds",
        6,
        f"{FULL} steps: 10 minutes",
        augmentation_row,
        Goal("with_generated", ">=", "classifier"),
    ),
}
