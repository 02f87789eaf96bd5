"""The pictures of a finished run, as figures by name; who asks decides where they go."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from ..data import Dataset, pixels
from ..metrics import modes_found
from ..models.sequences.ngram import counting
from ..models.sequences.sequence_model import SequenceModel
from ..random import Generator
from . import clips, plots, scenarios
from .playing import final_music, is_music, music_baselines
from .trained import Trained
from .writing import final_texts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Figures = dict[str, "Figure"]
Content = Union["Figure", str, bytes, Callable[[Path], object]]  # of a file; the last writes it
Files = dict[str, Content]
MOST_IMAGES, MOST_POINTS = 1000, 100_000  # in one picture: more take memory and show nothing further
NOT_PLOTTED = {"step", "seconds", "g_gradient", "warnings", "skipped"}

# The units of metrics that are no losses, with the ends of their axes; a loss's unit is what the recipe says.
SHARE, RATIO, CODES = ("share", 0.0, 1.0), ("variance\n(data: 1)", 0.0, None), ("nats of codes", None, None)
CLUSTERS, WORDS = ("clusters", 0.0, None), ("words in use", 0.0, None)
UNITS: dict[str, tuple[str, float | None, float | None]] = {
    "real_accuracy": SHARE,
    "fake_accuracy": SHARE,
    "class_accuracy": SHARE,
    "high_quality": SHARE,
    "spread": RATIO,
    "modes": CLUSTERS,
    "perplexity": WORDS,
    "information": CODES,
    "continuous_information": CODES,
    "likeness": ("nats per example", None, None),
    "kl": ("nats per example", None, None),
    "prior": ("nats per grid", None, None),
    "bits_per_dim": ("bits per dimension", None, None),
    "word_nats": ("nats per word", None, None),
    "negative_elbo": ("nats of -ELBO", None, None),  # of an IWAE, far above its loss
}


def final_files(trained: Trained, test: Dataset, rng: Generator) -> Files:
    """What a finished run leaves besides numbers, by file name: pictures, a text, something to hear."""
    if trained.kind == "series":
        return {"samples.png": scenarios.final_picture(trained, test, rng)}
    if trained.kind == "clips":
        return {**clips.final_files(trained, test, rng)}
    written = final_texts(trained, rng) if trained.kind in ("text", "lines") else {}
    if is_music(test.name):
        return {**written, **final_music(trained, test, rng)}
    if written:
        return {**written}
    return {**final_pictures(trained, test, rng)}


def baselines(train: Dataset, test: Dataset, a_line: bool = False) -> dict[str, float]:
    """What needs no net, beside the losses of one that learns text, music or series; nats a symbol, frame or series.

    Args:
        train, test: the data. a_line: whether to count in nats a line.
    """
    if train.kind == "series":
        return scenarios.baselines(train, test)
    if train.kind not in ("text", "lines"):
        return music_baselines(train, test)
    found = counting(train.x, test.x, len(train.alphabet))
    symbols = SequenceModel.counted(test.x).sum() / len(test) if a_line else 1.0
    counted = {name.replace(" ", "_"): round(value * symbols, 4) for name, value in found.items()}
    return counted | music_baselines(train, test)


def final_pictures(trained: Trained, test: Dataset, rng: Generator) -> Figures:
    """samples.png; of autoencoders reconstructions.png and, with two latents, manifold.png."""
    title = trained.title
    samples = trained.sample(100 if test.is_image else 2000, rng)
    figures = {"samples.png": picture_of(samples, test, title)}
    if not trained.can_show("reconstructions"):
        return figures
    x = pixels(test.x[:50]) if test.is_image else test.x[:2000]
    again = trained.reconstruct(x)
    if test.is_image:
        figures["reconstructions.png"] = plots.pairs(x, again, title=f"{title}: originals above reconstructions")
    else:
        figures["reconstructions.png"] = plots.scatter(again, x, title, "reconstructions")
    if trained.can_show("codes") and trained.settings.latent_dim == 2 and test.is_image:
        images = trained.from_codes(plots.manifold_codes(20))
        figures["manifold.png"] = plots.image_grid(images, 20, f"{title}: the latent plane")
    return figures


def curves(rows: list[dict[str, Any]], trained: Trained, test: Dataset) -> "Figure":
    """The metrics of the log, a panel for each unit.

    Args:
        rows: of the log. trained: the model.
        test: its data, which say how many clusters there are.
    """
    loss = (trained.recipe.unit(trained.settings), None, None)
    ends = {
        "clusters": None if test.centres is None else len(test.centres),
        "words in use": trained.settings.get("words", 0) or None,
    }
    by_axis: dict[tuple[str, float | None, float | None], dict[str, list[float]]] = {}
    for name in {name: 0 for row in rows for name in row}:
        if name not in NOT_PLOTTED:
            by_axis.setdefault(UNITS.get(name, loss), {})[name] = [row.get(name, np.nan) for row in rows]
    panels = [plots.Panel(unit, series, low, ends.get(unit, high)) for (unit, low, high), series in by_axis.items()]
    return plots.curves([int(row["step"]) for row in rows], panels, trained.title)


def picture_of(samples: np.ndarray, data: Dataset | None, title: str) -> "Figure":
    """Samples as a grid of images, as rows of frames, as trajectories, or as points over those of the data."""
    if samples.ndim == 5:
        return clips.samples_picture(samples, title)
    if samples.ndim == 3:
        return scenarios.samples_picture(samples, title)
    if data is None or data.is_image:
        return plots.image_grid(samples, 10, title)
    return plots.scatter(samples, data.x[:2000], title)


def modes(trained: Trained, data: Dataset, n: int, rng: Generator) -> dict[str, float]:
    """How many clusters of the data n samples reach, and the share of samples within one; {} if it has none."""
    if data.centres is None:
        return {}
    found = modes_found(trained.sample(n, rng), data.centres, data.sigma)
    return {"modes": found.found, "high_quality": round(found.high_quality, 4)}
