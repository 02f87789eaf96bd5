"""How well a trained model restores damaged images, beside what needs no learning: decibels and a picture."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..autodiff import no_grad
from ..backend import to_device
from ..data import Dataset, pixels
from ..data.damage import DAMAGES, Damaged, check_damage
from ..errors import ArgumentError
from ..metrics import bicubic, fill_from_nearest, fill_with_mean, mean_filter, psnr
from ..models.diffusion import restoring
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
FEW_TESTED, FEW_GUESSES, PART = 250, 8, 125  # of diffusion, where each guess takes many evaluations
AMOUNTS = {"noise": 0.5, "hole": 0.5, "low resolution": 2.0}
NO_SAMPLES = "restores damaged images and makes none from noise; see restored.png"
STRIPES = np.array([[0.90, 0.62, 0.0], [0.0, 0.45, 0.70]], np.float32)  # colours that the colour-blind can tell apart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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


def results(trained: Trained, train: Dataset, test: Dataset, rng: Generator) -> tuple[dict[str, float], Files]:
    """See `Showing.results`: PSNR on test images in dB, of the model and of the baselines; and restored.png."""
    found, picture = compared(
        lambda damaged, guesses: restored(trained.model, damaged, rng, guesses),
        *(trained.recipe.damage, trained.settings.amount, GUESSES),
        *(pixels(test.x[:TESTED]), pixels(train.x[:REMEMBERED]), rng),
    )
    return found, {"restored.png": picture}


def of_whole_images(
    trained: Trained,
    damage: str,
    amount: float | None,
    train: Dataset,
    test: Dataset,
    rng: Generator,
    say: Callable[[str], object] = lambda text: None,
) -> tuple[dict[str, float], Figures]:
    """The same of a diffusion model of whole images, told no class; see `minigen.models.diffusion.restoring`.

    Args:
        trained: such a model. damage, amount: see `minigen.data.damage`; None for the amount that AMOUNTS has.
        train, test: the data. rng: of all draws. say: is told what is being computed, as it may take minutes.

    Raises:
        ArgumentError: another kind of model, or a damage or amount that is impossible.
    """
    if not (trained.can_show("denoising") and trained.is_image):
        raise ArgumentError(
            f"folder: expected a diffusion model of images, which restores untaught, got {trained.title}; "
            "denoise, inpaint and super-resolve show what they restore when they have been trained"
        )
    amount = AMOUNTS.get(damage, 0.0) if amount is None else amount
    check_damage(damage, amount, trained.shape)
    say(f"{FEW_GUESSES} guesses at each of {min(FEW_TESTED, len(test))} test images, and a single one")
    found, picture = compared(
        lambda damaged, guesses: _by_diffusion(trained, damaged, damage, amount, rng, guesses),
        *(damage, amount, FEW_GUESSES),
        *(pixels(test.x[:FEW_TESTED]), pixels(train.x[:REMEMBERED]), rng),
    )
    return found, {f"restored-{damage.replace(' ', '-')}.png": picture}


def compared(
    restore: Callable[[Damaged, int], np.ndarray],
    damage: str,
    amount: float,
    guesses: int,
    x: np.ndarray,
    train: np.ndarray,
    rng: Generator,
) -> tuple[dict[str, float], "Figure"]:
    """PSNR in dB over the unknown pixels of images x, of a model and of the baselines; and a picture of ten.

    Args:
        restore: (damaged images, how many guesses) -> their mean. guesses: so many, and a single one.
        damage, amount: see `minigen.data.damage`. train: images that baselines know. rng: of the damage.
    """
    damaged = DAMAGES[damage](x, amount, rng)
    others = {name: baseline(damaged.y, damaged.known, train, amount) for name, baseline in BASELINES[damage].items()}
    mean, one = (restore(damaged, count) for count in (guesses, 1))
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
    title = f"originals, {what}, {best}, mean of {guesses} guesses, one guess"
    picture = plots.image_grid(np.concatenate(shown), 10, title)
    return {name: round(value, 3) for name, value in found.items()}, picture


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


def _by_diffusion(
    trained: Trained, damaged: Damaged, damage: str, amount: float, rng: Generator, guesses: int
) -> np.ndarray:
    """The same of a diffusion model, whose pixels lie in [-1, 1]."""
    total = np.zeros(damaged.y.shape, np.float32)
    with no_grad():
        for i in [i for i in range(0, len(total), PART) for _ in range(guesses)]:
            y, known = (to_device(a[i : i + PART], trained.model.device) for a in damaged)
            x = restoring.restored(trained.model, Damaged(2 * y - 1, known), damage, amount, rng).numpy()
            total[i : i + PART] += np.clip((x + 1) / 2, 0, 1)
    return total / guesses
