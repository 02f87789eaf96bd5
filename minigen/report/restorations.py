"""How well a trained model restores damaged images, beside what needs no learning: decibels and a picture."""

from collections.abc import Callable

import numpy as np

from ..autodiff import no_grad
from ..backend import to_device
from ..data import Dataset, pixels
from ..data.damage import DAMAGES, Damaged
from ..errors import ArgumentError
from ..metrics import bicubic, fill_from_nearest, fill_with_mean, mean_filter, psnr
from ..models.vaes.restoration import RestorationVAE, with_mask
from ..random import Generator
from . import plots
from .findings import Figures, Files, Measures
from .trained import Trained
from .without_samples import baselines as baselines
from .without_samples import drawn as drawn
from .without_samples import samples as samples
from .without_samples import suffixes as suffixes

TESTED = 1000  # images, at most
REMEMBERED = 10_000  # training images that the nearest neighbour is looked for among, at most
GUESSES = 16
NO_SAMPLES = "restores damaged images and makes none from noise; see restored.png"
STRIPES = np.array([[0.90, 0.62, 0.0], [0.0, 0.45, 0.70]], np.float32)  # colours that the colour-blind can tell apart

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


def evaluated(
    trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator, say: Callable[[str], object]
) -> tuple[Measures, Figures]:
    """Refused.

    Raises:
        ArgumentError: always.
    """
    raise ArgumentError(f"folder: {trained.settings.model!r} restores images; what it is worth is in metrics.jsonl")


def results(trained: Trained, data: Dataset, test: Dataset, rng: Generator) -> tuple[dict[str, float], Files]:
    """PSNR on test images, in dB over the unknown pixels, the model's and the baselines'; and a picture."""
    damage, amount = trained.recipe.damage, trained.settings.amount
    x = np.asarray(pixels(test.x[:TESTED]))
    train = np.asarray(pixels(data.x[:REMEMBERED]))
    damaged = DAMAGES[damage](x, amount, rng)
    others = {name: baseline(damaged.y, damaged.known, train, amount) for name, baseline in BASELINES[damage].items()}
    mean, one = (restored(trained.model, damaged, rng, guesses) for guesses in (GUESSES, 1))
    unknown = 1 - damaged.known
    found = {"psnr": psnr(x, mean, unknown), "psnr_one_guess": psnr(x, one, unknown)}
    found |= {f"psnr_{name.replace(' ', '_')}": psnr(x, other, unknown) for name, other in others.items()}
    best = list(others)[-1]
    first = Damaged(damaged.y[:10], damaged.known[:10])
    shown = [a[:10] for a in (x, others[best], mean, one)]
    what = damage
    if first.known.any():  # nothing else that could be taken for what was there
        first, what = first._replace(y=striped(first)), f"{damage} (striped)"
        shown = [np.broadcast_to(a, (*a.shape[:3], 3)) for a in shown]
    shown.insert(1, first.y)
    title = f"originals, {what}, {best}, mean of {GUESSES} guesses, one guess"
    figures: Files = {"restored.png": plots.image_grid(np.concatenate(shown), 10, title)}
    return {name: round(value, 3) for name, value in found.items()}, figures


def striped(damaged: Damaged) -> np.ndarray:
    """Images with stripes of orange and blue where nothing is known, in colour (N, H, W, 3): black could be a pixel."""
    h, w = damaged.y.shape[1:3]
    stripe = (np.arange(h)[:, None] + np.arange(w)) // 2 % 2  # (H, W) of 0 and 1
    return damaged.known * damaged.y + (1 - damaged.known) * STRIPES[stripe]


def restored(model: RestorationVAE, damaged: Damaged, rng: Generator, guesses: int) -> np.ndarray:
    """Guesses at the originals, averaged, in [0, 1]."""
    parts = []
    with no_grad():
        for i in range(0, len(damaged.y), 250):
            part = Damaged(*(to_device(a[i : i + 250], model.device) for a in damaged))
            parts.append(model.restore(with_mask(part), rng, guesses).numpy())
    return np.clip(np.concatenate(parts), 0, 1)
