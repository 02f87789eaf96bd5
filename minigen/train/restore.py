"""How well a trained model restores damaged images, beside what needs no learning: decibels and a picture."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import plot
from ..data import Dataset, pixels
from ..metrics import bicubic, fill_from_nearest, fill_with_mean, mean_filter, psnr
from ..random import Generator
from .results import draw_curves
from .run import Run
from .trainers import RestorationTrainer

TESTED = 1000  # images, at most
REMEMBERED = 10_000  # training images that the nearest neighbour is looked for among, at most
GUESSES = 16

Baseline = Callable[[np.ndarray, np.ndarray, np.ndarray, float], np.ndarray]
BASELINES: dict[str, dict[str, Baseline]] = {  # (y, known, train, amount) -> restored
    "noise": {
        "the noise left in": lambda y, known, train, amount: y,
        "3x3 mean": lambda y, known, train, amount: mean_filter(y),
    },
    "hole": {
        "mean image": lambda y, known, train, amount: fill_with_mean(y, known, train),
        "nearest neighbour": lambda y, known, train, amount: fill_from_nearest(y, known, train),
    },
    "low resolution": {
        "blocks": lambda y, known, train, amount: y,
        "bicubic": lambda y, known, train, amount: bicubic(y, int(amount)),
    },
}


def report(run: Run, trainer: RestorationTrainer, data: Dataset, test: Dataset, rows: list[dict[str, Any]]) -> Any:
    """PSNR on test images, in dB over the unknown pixels, the model's and the baselines'; and pictures."""
    rng = Generator(run.settings.seed + 1)
    x = np.asarray(pixels(test.x[:TESTED]))
    train = np.asarray(pixels(data.x[:REMEMBERED]))
    damaged = trainer.damaged(x, rng)
    others = {
        name: baseline(damaged.y, damaged.known, train, trainer.amount)
        for name, baseline in BASELINES[trainer.damage].items()
    }
    mean, one = (trainer.restore(damaged, rng, guesses) for guesses in (GUESSES, 1))
    unknown = 1 - damaged.known
    final = {"psnr": psnr(x, mean, unknown), "psnr_one_guess": psnr(x, one, unknown)}
    final |= {f"psnr_{name.replace(' ', '_')}": psnr(x, other, unknown) for name, other in others.items()}
    best = list(others)[-1]
    shown = [a[:10] for a in (x, damaged.y, others[best], mean, one)]
    title = f"originals, {trainer.damage}, {best}, mean of {GUESSES} guesses, one guess"
    run.picture("restored.png", plot.image_grid(np.concatenate(shown), 10, title), seed=rng.seed)
    draw_curves(run, rows)
    return {name: round(value, 3) for name, value in final.items()}
