"""Diffusion and flow matching: modes of the toys, optimal pairing, distances of classifier features, restoration.

Modes: as in `games`, beside PacGAN's numbers. `all_modes_high_quality` is the share of samples within three deviations
of a mode, and 0 if any of the seeds misses a mode.

W_2: eight Gaussians, as of Tong et al. 2024 (table 2), on our ring. Two models of equal size, steps and seeds, one with
noise and examples paired at random and one with optimal pairs, in steps of Euler's; W_2 of 2496 samples to as many
points, exactly. How many of so many independent points fall to each cluster alone makes W_2 0.18, and hides the models'
differences. So noise and points are drawn in turns of an eighth of a circle: each set has 312 points for each cluster.
`floor` is W_2 of two such sets of points.

FID-cls: as in `games`, in the time of the GANs there. Of 10 000 samples, drawn in 20 evaluations; and of 640 samples
each, in 1000, 100, 20 and 5 evaluations. Those are held against the floor of 640 training images, as the distance of
few samples is larger.

Restoration: one unconditional model fills a hole and doubles a resolution (DDNM). The rows `inpaint` and
`super-resolve` have a VAE trained for each, in the same time.
"""

import math
from typing import Any

import numpy as np

from benchmarks.protocols.games import FULL_TRIALS, SAMPLES, TRIALS, trials_on
from benchmarks.protocols.row import Goal, Job, Row
from benchmarks.protocols.trained import model_of, trained
from minigen import backend, data
from minigen.autodiff import Tensor, no_grad
from minigen.data import pixels
from minigen.data.toys import RING, RING_SIGMA
from minigen.metrics import classifier, frechet
from minigen.metrics.transport import wasserstein_2
from minigen.random import Generator
from minigen.report.restorations import of_whole_images
from minigen.runs import Run

FULL_TOY, FULL = 50_000, 100_000  # steps without a budget
MOST_TOY = 20_000  # within one
COUNT, FEW = 10_000, 640
EACH = SAMPLES // len(RING)  # points of a cluster
EVALUATIONS, OF_MANY = (1000, 100, 20, 5), 20


def drawn(run: Run, n: int, seed: int, evaluations: int) -> np.ndarray:
    """n samples in so many evaluations."""
    with backend.device(run.settings.device):
        return model_of(run).sample(n, Generator(seed), evaluations=evaluations)


def modes_row(name: str, model: str) -> Any:
    """The row's job: several seeds, each with its share of the budget."""

    def run(job: Job) -> dict[str, Any]:
        found, finished = trials_on(name, model, job, FULL_TOY, MOST_TOY)
        centres = data.load(name).centres
        assert centres is not None
        quality = float(np.mean([f.high_quality for f in found]))
        return {
            "modes": round(float(np.mean([f.found for f in found])), 2),
            "high_quality": round(quality, 4),
            "all_modes_high_quality": round(quality * all(f.found == len(centres) for f in found), 4),
            "steps": finished.settings.steps,
        }

    return run


def in_turns(points: np.ndarray) -> np.ndarray:
    """Points (N, 2), and the same turned about 0 by one to seven eighths of a circle: (8 N, 2)."""
    angles = np.arange(len(RING)) * math.tau / len(RING)
    turns = np.array([[np.cos(angles), np.sin(angles)], [-np.sin(angles), np.cos(angles)]])
    return np.einsum("nd,dek->kne", points, turns).reshape(-1, 2)


def even_ring(rng: Generator) -> np.ndarray:
    """Points of the ring, as many in each cluster."""
    return in_turns(RING[0] + RING_SIGMA * rng.normal((EACH, 2), device="cpu"))


def pairing_row(job: Job) -> dict[str, Any]:
    """W_2 with random and with optimal pairs, in 5 and in 100 evaluations."""
    train, test = data.load("ring"), data.load("ring", "test")
    trials = FULL_TRIALS if job.budget is None else TRIALS
    found: dict[str, list[float]] = {}
    steps = 0
    for trial in range(trials):
        seed = trials * job.seed + trial
        rng = Generator(seed + 1)
        points, z = even_ring(rng), in_turns(rng.normal((EACH, 2), device="cpu")).astype(np.float32)
        found.setdefault("floor", []).append(wasserstein_2(even_ring(rng), points))
        for pairing in ("random", "optimal"):
            one = Job(job.budget, seed, job.device, job.folder)
            name = f"{pairing}-{trial}"
            most = steps or MOST_TOY  # both have the same number
            share = 0.9 / (2 * TRIALS)
            finished = trained(one, name, "flow-matching", train, test, share, FULL_TOY, most, pairing=pairing)
            steps = finished.settings.steps
            with backend.device(job.device):
                model, noise = model_of(finished).model, Tensor(backend.to_device(z, job.device))
            for evaluations in (5, 100):
                with backend.device(job.device), no_grad():
                    x = model.carry(noise, evaluations, "euler").numpy()
                found.setdefault(f"w2_{pairing}_{evaluations}", []).append(wasserstein_2(x, points))
    gaps = [r - o for r, o in zip(found["w2_random_5"], found["w2_optimal_5"], strict=True)]
    means = {name: round(float(np.mean(values)), 4) for name, values in found.items()}
    return means | {"gain_of_each": [round(gap, 4) for gap in gaps], "steps": steps}


def distance_row(model: str) -> Any:
    """The row's job: train on MNIST, then FID-cls by the number of evaluations."""

    def run(job: Job) -> dict[str, Any]:
        train, test = data.load("mnist"), data.load("mnist", "test")
        features = classifier.classifier_for(train, test).features
        finished = trained(job, "run", model, train, test, 0.85, FULL)
        order = Generator(job.seed).permutation(len(train))
        real, other = (features(pixels(train.x[np.sort(part)])) for part in (order[:COUNT], order[COUNT : 2 * COUNT]))
        done = job.load()

        def distance(name: str, n: int, evaluations: int) -> float:
            if name not in done:  # sampling takes longer than training
                made = features(drawn(finished, n, job.seed + 1, evaluations))
                done[name] = np.array(frechet(made, real))
                job.save(done)
            return round(float(done[name]), 3)

        curve = {
            f"fid_cls_{evaluations}": distance(f"of {evaluations}", FEW, evaluations) for evaluations in EVALUATIONS
        }
        return {
            "fid_cls": distance("all", COUNT, OF_MANY),
            "floor": round(frechet(other, real), 3),
            **curve,
            "floor_of_few": round(frechet(other[:FEW], real), 3),
            "steps": finished.settings.steps,
        }

    return run


def restoration_row(name: str, damages: tuple[str, ...], **settings: Any) -> Any:
    """The row's job: decibels of several damages, by one model."""

    def run(job: Job) -> dict[str, Any]:
        train, test = data.load(name), data.load(name, "test")
        finished = trained(job, "run", "ddpm", train, test, 0.7, FULL, **settings)
        found: dict[str, Any] = {}
        with backend.device(job.device):
            for damage in damages:
                decibels, _ = of_whole_images(model_of(finished), damage, None, train, test, Generator(job.seed))
                found |= {f"{damage.split()[-1]}_{one}": round(value, 3) for one, value in decibels.items()}
        return found | {"steps": finished.settings.steps}

    return run


PACGAN = "Lin et al. 2018, table 1"
ON_TOYS = f"dense net of three layers, {SAMPLES} samples in 100 evaluations; mean of {TRIALS} seeds"


def _toy(name: str, model: str, reports: str) -> Row:
    goal = Goal("all_modes_high_quality", ">=", 0.95)
    full = f"{FULL_TRIALS} seeds of {FULL_TOY} steps: 1 hour"
    return Row(PACGAN, reports, ON_TOYS, 8, full, modes_row(name, model), goal)


def _distance(paper: str, model: str) -> Row:
    how = f"U-Net of width 32, {COUNT} samples in {OF_MANY} evaluations; trained as long as the other fid rows"
    full = f"{FULL} steps: 7 hours"
    return Row(paper, "-", how, 8, full, distance_row(model), Goal("fid_cls", "<=", "fid_cls", "fid-gan"))


ROWS = {
    "ring-ddpm": _toy("ring", "ddpm", "PacGAN2: 7.9 of 8 modes"),
    "grid-ddpm": _toy("grid", "ddpm", "PacGAN2: 23.8 of 25 modes"),
    "ring-flow-matching": _toy("ring", "flow-matching", "PacGAN2: 7.9 of 8 modes"),
    "grid-flow-matching": _toy("grid", "flow-matching", "PacGAN2: 23.8 of 25 modes"),
    "optimal-pairs": Row(
        "Tong et al. 2024, table 2",
        "optimal pairs are better at few evaluations",
        f"dense nets of three layers, W_2 of {len(RING) * EACH} samples to as many points; mean of {TRIALS} seeds",
        10,
        f"{FULL_TRIALS} seeds of {FULL_TOY} steps: 3 hours",
        pairing_row,
        Goal("w2_optimal_5", "<=", "w2_random_5"),
    ),
    "fid-ddpm": _distance("Ho et al. 2020", "ddpm"),
    "fid-flow-matching": _distance("Lipman et al. 2023", "flow-matching"),
    "restore-ddpm": Row(
        "Wang et al. 2023 (DDNM)",
        "baseline: nearest neighbour",
        "a hole of half the side, and from 14x14, by one unconditional U-Net; rows inpaint and super-resolve are VAEs",
        12,
        f"{FULL} steps: 7 hours",
        restoration_row("mnist", ("hole", "low resolution")),
        Goal("hole_psnr", ">=", "hole_psnr_nearest_neighbour"),
    ),
    "brain-hole-ddpm": Row(
        "Wang et al. 2023 (DDNM)",
        "baseline: nearest neighbour",
        "a hole of half the side, 64x64, by an unconditional U-Net; row brain-hole is a VAE",
        30,
        f"{FULL} steps: 10 hours",
        restoration_row("brain", ("hole",), batch_size=16),
        Goal("hole_psnr", ">=", "hole_psnr_nearest_neighbour"),
    ),
}
