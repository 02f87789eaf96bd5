"""Membership attacks on a trained model: can one tell which examples it was trained on?

Each attack is a score that should be higher for members; which there are depends on what the model can show:

    bound            an estimate of the bound on log p(x), as it was trained on (a VAE)
    log-probability  log p(x) (flows, autoregressive models), or an estimate of a bound on it (diffusion)
    reconstruction   -||x - x'|| of the best of some reconstructions (after Hilprecht et al. 2019)
    verdict          the discriminator's logit (LOGAN, Hayes et al. 2019)
    nearest sample   -||x - x'|| to the nearest of many samples (any model; GAN-Leaks, Chen et al. 2020)
    without a model  -||x - mean||, which knows nothing of the training: what the two sets' difference is worth

`python -m minigen evaluate DIR` prints them and draws their ROC curves.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..data import Dataset, pixels
from ..metrics.membership import AUC, auc, roc
from ..metrics.neighbours import nearest
from ..random import Generator
from .canvas import new_figure, own_settings
from .findings import Figures, Measure, Measures
from .trained import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ATTACKED = 1000  # examples of each set, at most
DRAWS = 4  # of the code of each example
WITHOUT = "without a model"

Scores = dict[str, tuple[np.ndarray, np.ndarray]]  # by attack: of members (M,) and of others (N,)


def measured(
    trained: Trained, train: Dataset, test: Dataset, samples: np.ndarray, rng: Generator
) -> tuple[Measures, Figures]:
    """How well attacks tell training examples from test examples, beside a score that does not know the model."""
    members = train.x[np.sort(rng.permutation(len(train))[:ATTACKED])]
    others = test.x[:ATTACKED]
    if min(len(members), len(others)) < 2:
        return {}, {}
    scores = attacks(trained, members, others, rng, samples)
    found = aucs(scores)
    chance = found.pop(WITHOUT).value
    note = f"AUC of telling {len(members)} training from {len(others)} test examples"
    measures = {
        f"attack by {name}": Measure(one.value, chance, f"{note}, 95 %: {one.low:.3f} to {one.high:.3f}")
        for name, one in found.items()
    }
    return measures, {"membership.png": roc_curves(scores, trained.title)}


def attacks(
    trained: Trained, members: np.ndarray, others: np.ndarray, rng: Generator, samples: np.ndarray | None = None
) -> Scores:
    """The scores of each attack that the model allows.

    Args:
        trained: the model. members, others: examples that it was trained on, and examples of the same source that it
            was not, (M, *shape) and (N, *shape), as in the data set.
        rng: of the codes that are drawn.
        samples: of the model, pixels in [0, 1]; without them no attack by the nearest one.
    """
    both = np.concatenate([members, others])
    found = {name: _of(name, trained, both, rng) for name in SCORES if trained.can_show(*SCORES[name])}
    if samples is not None:
        found["nearest sample"] = -nearest(_flat(both), _flat(samples)).distance
    rows = _flat(both)
    found[WITHOUT] = -np.linalg.norm(rows - rows.mean(axis=0), axis=1)
    return {name: (scores[: len(members)], scores[len(members) :]) for name, scores in found.items()}


SCORES = {  # what a model has to show for each attack
    "bound": ("log-weights",),
    "log-probability": ("log-probabilities",),
    "reconstruction": ("reconstructions",),
    "verdict": ("verdicts",),
}


def _of(name: str, trained: Trained, x: np.ndarray, rng: Generator) -> np.ndarray:
    """The score of each of the examples x (N, *shape)."""
    if name == "bound":
        return trained.log_weights(x, DRAWS, rng).mean(axis=1)
    if name == "log-probability":
        return trained.log_prob(x, rng)
    if name == "verdict":
        return trained.verdicts(x)
    rows, tries = _flat(x), [trained.reconstruct(x)]
    if trained.can_show("encodings", "codes"):
        tries += [trained.from_codes(trained.encode(x, rng)) for _ in range(DRAWS)]
    return -np.min([np.linalg.norm(rows - _flat(again), axis=1) for again in tries], axis=0)


def aucs(scores: Scores) -> dict[str, AUC]:
    """How well each attack tells members from others."""
    return {name: auc(*pair) for name, pair in scores.items()}


@own_settings()
def roc_curves(scores: Scores, title: str = "") -> "Figure":
    """The share of members that an attack names, against the share of others that it takes for members."""
    figure = new_figure(5.4, 5, dpi=120)
    axes = figure.add_subplot(aspect="equal")
    for name, found in aucs(scores).items():
        curve = roc(*scores[name])
        line = "--" if name == WITHOUT else "-"
        axes.plot(curve.others, curve.members, linestyle=line, linewidth=1.5, label=f"{name}: {found}")
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    axes.set_xlabel("others taken for members")
    axes.set_ylabel("members found")
    axes.legend(loc="lower right", fontsize=8)
    axes.set_title(title)
    figure.tight_layout()
    return figure


@own_settings()
def auc_by_epochs(found: Mapping[str, Mapping[int, AUC]], title: str = "") -> "Figure":
    """How well an attack does after so many epochs: a line with its interval for each name, such as a training size."""
    figure = new_figure(6.4, 4.2, dpi=120, layout="constrained")
    axes = figure.add_subplot()
    for name, by_epochs in found.items():
        epochs, values = list(by_epochs), np.array(list(by_epochs.values()))
        (line,) = axes.plot(epochs, values[:, 0], marker="o", markersize=3, label=name)
        axes.fill_between(epochs, values[:, 1], values[:, 2], color=line.get_color(), alpha=0.15, linewidth=0)
    axes.axhline(0.5, color="0.6", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("epochs")
    axes.set_ylabel("AUC")
    axes.legend(frameon=False)
    axes.set_title(title)
    return figure


def _flat(x: np.ndarray) -> np.ndarray:
    """Examples as rows of pixels in [0, 1], or of numbers."""
    return pixels(x).reshape(len(x), -1)
