"""GANs: modes of the toys, the Parzen window, and distances of classifier features (FID-cls).

Modes (PacGAN, Lin et al. 2018, section 4.1 and table 1): eight Gaussians on a ring, twenty-five on a grid; a mode is
found if one of 2500 samples lies within three deviations of it. Means over several seeds, which the papers take too:
some of them fail where others do not.

Parzen (Goodfellow et al. 2014, table 1): 10 000 samples of a GAN of MNIST, the width chosen on 1000 training images
kept aside. `real` is what 10 000 training images get in place of the samples, and `blurred` the same images blurred: if
the measure prefers those, it prefers what looks worse, and a high number does not speak for a model. The row of a
DCGAN, whose digits are sharper, shows the same.

FID-cls: the Fréchet distance of 10 000 samples to 10 000 training images, by features of our own classifier; `floor`
is that of 10 000 other training images. The same networks and the same time for each: only loss and penalty differ,
and for the hinge's row the discriminator's normalisation.

Classes: what the discriminators of AC-GAN (trained with labels) and InfoGAN (without) say of the test images. InfoGAN's
categories have no names: they are matched to the digits one for one, so that most images agree.
"""

from typing import Any

import numpy as np

from benchmarks.protocols.row import Goal, Job, Row
from benchmarks.protocols.trained import model_of, trained
from minigen import backend, data
from minigen.data import Dataset, pixels
from minigen.data.stacked import CLASSES
from minigen.metrics import classifier, code_error, frechet, kl_to_uniform, mean_filter, modes_found, parzen
from minigen.metrics.modes import Modes
from minigen.random import Generator
from minigen.runs import Run

TRIALS, FULL_TRIALS = 4, 10
FULL_TOY = 400_000  # steps without a budget: 400 epochs of 1000 batches, as the authors' program
FULL_STACKED = 100_000  # 50 epochs of 2000 batches of 64, as theirs
FULL = 30_000  # steps without a budget where no paper's length is taken over
STACKED_SAMPLES = 26_000
SAMPLES, COUNT = 2500, 10_000  # points, and images, that are drawn
KEPT_ASIDE = 10_000  # training images, to choose a width by


def samples_of(run: Run, n: int, seed: int) -> np.ndarray:
    """n samples of a finished run, pixels in [0, 1]."""
    with backend.device(run.settings.device):
        return model_of(run).sample(n, Generator(seed))


def trials_on(
    name: str, model: str, job: Job, full: int, most: int | None = None, **settings: Any
) -> tuple[list[Modes], Run]:
    """The modes that each of several seeds finds, with its share of the budget; and the last run."""
    train, test = data.load(name), data.load(name, "test")
    assert train.centres is not None
    trials, found = FULL_TRIALS if job.budget is None else TRIALS, []
    for trial in range(trials):
        seed = trials * job.seed + trial
        one = Job(job.budget, seed, job.device, job.folder)
        finished = trained(one, f"trial-{trial}", model, train, test, 0.9 / TRIALS, full, most, **settings)
        found.append(modes_found(samples_of(finished, SAMPLES, seed + 1), train.centres, train.sigma))
    return found, finished


def modes_row(name: str, **settings: Any) -> Any:
    """The row's job: modes and quality, means over seeds."""

    def run(job: Job) -> dict[str, Any]:
        found, finished = trials_on(name, "gan", job, FULL_TOY, **settings)
        return {
            "modes": round(float(np.mean([f.found for f in found])), 2),
            "high_quality": round(float(np.mean([f.high_quality for f in found])), 4),
            "modes_of_each": [f.found for f in found],
            "steps": finished.settings.steps,
        }

    return run


def parzen_row(model: str, **settings: Any) -> Any:
    """The row's job: train on MNIST, then the Parzen window, also of training images and of the same ones blurred."""

    def run(job: Job) -> dict[str, Any]:
        train, test = data.load("mnist"), data.load("mnist", "test")
        kept = Dataset(train.name, train.x[:-KEPT_ASIDE])
        finished = trained(job, "gan", model, kept, test, 0.75, FULL, **settings)
        validation, tested, real = pixels(train.x[-KEPT_ASIDE:][:1000]), pixels(test.x), pixels(kept.x[:COUNT])
        ours, theirs, blurred = (
            parzen(x, validation, tested) for x in (samples_of(finished, COUNT, job.seed + 1), real, mean_filter(real))
        )
        return {
            "parzen": round(ours.log_likelihood, 1),
            "standard_error": round(ours.standard_error, 1),
            "sigma": round(ours.sigma, 3),
            "real": round(theirs.log_likelihood, 1),
            "blurred": round(blurred.log_likelihood, 1),
            "steps": finished.settings.steps,
        }

    return run


def distance_row(model: str = "dcgan", **settings: Any) -> Any:
    """The row's job: train on MNIST, then FID-cls."""

    def run(job: Job) -> dict[str, Any]:
        train, test = data.load("mnist"), data.load("mnist", "test")
        features = classifier.classifier_for(train, test).features
        finished = trained(job, "gan", model, train, test, 0.85, FULL, width=32, **settings)
        order = Generator(job.seed).permutation(len(train))
        real, other = (features(pixels(train.x[np.sort(part)])) for part in (order[:COUNT], order[COUNT : 2 * COUNT]))
        return {
            "fid_cls": round(frechet(features(samples_of(finished, COUNT, job.seed + 1)), real), 3),
            "floor": round(frechet(other, real), 3),
            "steps": finished.settings.steps,
        }

    return run


def stacked_row(**settings: Any) -> Any:
    """The row's job: how many of the 1000 triples of digits 26 000 samples show, and how evenly."""

    def run(job: Job) -> dict[str, Any]:
        train, test = data.load("stacked_mnist"), data.load("stacked_mnist", "test")
        read = classifier.classifier_for(data.load("mnist"), data.load("mnist", "test")).predict
        finished = trained(job, "gan", "dcgan", train, test, 0.8, FULL_STACKED, **settings)
        made = samples_of(finished, STACKED_SAMPLES, job.seed + 1)
        triples = sum(10**c * read(made[..., 2 - c, None]) for c in range(3))
        return {
            "modes": len(np.unique(triples)),
            "kl": round(kl_to_uniform(triples, CLASSES), 3),
            "steps": finished.settings.steps,
        }

    return run


def acgan_row(job: Job) -> dict[str, Any]:
    """How many test digits the discriminator of an AC-GAN names rightly."""
    train, test = data.load("mnist"), data.load("mnist", "test")
    finished = trained(job, "gan", "acgan", train, test, 0.9, FULL, **ACGAN)
    found = categories_of(finished, test)
    return {"accuracy": round(float((found == test.y).mean()), 4), "steps": finished.settings.steps}


def infogan_row(job: Job) -> dict[str, Any]:
    """How far the categories that an InfoGAN has found are from the digits, on the test set."""
    train, test = data.load("mnist"), data.load("mnist", "test")
    finished = trained(job, "gan", "infogan", train, test, 0.9, FULL, shear=0.3)
    assert test.y is not None
    found = code_error(categories_of(finished, test), test.y)
    last = finished.metrics()[-1]
    return {
        "code_error": round(found.error, 4),
        "meaning": [int(label) for label in found.meaning],
        "information": round(last["information"], 3),
        "steps": finished.settings.steps,
    }


def categories_of(run: Run, test: Dataset) -> np.ndarray:
    """The class of each test image, as the discriminator says."""
    with backend.device(run.settings.device):
        return model_of(run).class_of(test.x)


# ---------------------------------------------------------------------------------------------------------- the rows

# Little noise, and weights averaged over some thousand steps: smooth samples, which the measure rewards.
SMOOTH: dict[str, Any] = {"width": 512, "batch_size": 100, "latent_dim": 10, "ema": 0.9995}
# Faster than the recipe: the discriminator, at 2e-4, is not yet the classifier it could be in these few epochs.
ACGAN: dict[str, Any] = {"width": 32, "net": "dcgan-top", "lr": 5e-4, "generator_speed": 2.0, "schedule": "cosine"}
PACGAN, PACGAN_3 = "Lin et al. 2018, table 1", "Lin et al. 2018, table 3"
R1 = "Mescheder et al. 2018"
GOODFELLOW = "Goodfellow et al. 2014, table 1"
ON_TOYS = f"dense GAN of two layers, 2500 samples; mean of {TRIALS} seeds, a share of the budget each"
ON_STACKS = "DCGAN, 26 000 samples of three digits, read by our classifier"
SAME = "DCGAN of width 32, no batch norm in D, 10 000 samples; same networks and budget as the other fid rows"
NETWORKS = "DCGAN networks of width 32 with a dense layer on top, rate 5e-4 down to 0; 10 000 test images"


def _toy(data: str, paper: str, reports: str, minutes: float, goal: Goal | None = None, **settings: Any) -> Row:
    how = ON_TOYS + (", packs of 2" if "pack" in settings else "") + (", R1" if "penalty" in settings else "")
    full = f"{FULL_TRIALS} seeds of {FULL_TOY} steps: 8 hours"
    return Row(paper, reports, how, minutes, full, modes_row(data, depth=2, batch_size=128, **settings), goal)


def _stacked(reports: str, goal: Goal | None = None, **settings: Any) -> Row:
    how = ON_STACKS + (", packs of 2" if settings else "")
    return Row(PACGAN_3, reports, how, 30, f"{FULL_STACKED} steps: 10 hours", stacked_row(**settings), goal)


def _distance(paper: str, model: str = "dcgan", **settings: Any) -> Row:
    goal = Goal("fid_cls", "<=", "fid_cls", "fid-gan") if paper != "-" else None
    return Row(paper, "-", SAME, 8, f"{FULL} steps: 1 hour", distance_row(model, **settings), goal)


def _parzen(networks: str, model: str, goal: Goal | None = None, **settings: Any) -> Row:
    protocol = f"{networks}, averaged weights; 10 000 samples"
    full = f"{FULL} steps: 1 hour"
    return Row(GOODFELLOW, "225 +- 2 nats", protocol, 10, full, parzen_row(model, **settings), goal)


ROWS = {
    "ring-gan": _toy("ring", PACGAN, "GAN: 6.3 of 8 modes", 4),
    "ring-pacgan2": _toy("ring", PACGAN, "PacGAN2: 7.9 of 8 modes", 4, Goal("modes", ">=", 8), pack=2),
    "ring-r1": _toy("ring", R1, "-", 5, Goal("modes", ">=", 8), penalty="r1"),
    "grid-gan": _toy("grid", PACGAN, "GAN: 17.3 of 25 modes", 6),
    "grid-pacgan2": _toy("grid", PACGAN, "PacGAN2: 23.8 of 25 modes", 6, pack=2),
    "grid-r1": _toy("grid", R1, "-", 12, Goal("modes", ">=", 24), penalty="r1"),
    "stacked-gan": _stacked("DCGAN: 99 of 1000 modes, KL 3.40"),
    "stacked-pacgan2": _stacked("PacDCGAN2: 1000 of 1000 modes, KL 0.06", Goal("modes", ">=", 990), pack=2),
    "acgan": Row(
        "Odena et al. 2017",
        "class accuracy 99.1 %",
        NETWORKS,
        12,
        f"{FULL} steps: 1 hour",
        acgan_row,
        Goal("accuracy", ">=", 0.985),
    ),
    "infogan": Row(
        "Chen et al. 2016, section 7.2",
        "code error 5 %",
        "the paper's networks at half its width, images sheared by up to 0.3; 10 categories matched to the test digits",
        30,
        f"{FULL} steps: 2 hours",
        infogan_row,
        Goal("code_error", "<=", 0.1),
    ),
    "parzen": _parzen("dense GAN, 10 numbers of noise", "gan", Goal("parzen", ">=", 225), **SMOOTH),
    "parzen-dcgan": _parzen("DCGAN of width 32", "dcgan", width=32, ema=0.999),
    "fid-gan": _distance("-", net="dcgan-plain"),
    "fid-wgan-gp": _distance("Gulrajani et al. 2017", "wgan-gp"),
    "fid-hinge-sn": _distance("Miyato et al. 2018", "sn-gan"),
    "fid-r1": _distance(R1, net="dcgan-plain", penalty="r1", ema=0.999),
}
