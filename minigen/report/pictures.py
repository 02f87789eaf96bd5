"""The pictures of a finished run, as figures by name; who asks decides where they go."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import Dataset, pixels
from ..metrics import modes_found
from ..random import Generator
from . import plots
from .trained import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Figures = dict[str, "Figure"]
MOST_IMAGES, MOST_POINTS = 1000, 100_000  # in one picture: more take memory and show nothing further
NOT_PLOTTED = {"step", "seconds", "g_gradient", "modes", "high_quality", "warnings", "skipped"}


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
        figures["reconstructions.png"] = plots.scatter(again, x, f"{title}: reconstructions")
    if trained.can_show("codes") and trained.settings.latent_dim == 2 and test.is_image:
        images = trained.from_codes(plots.manifold_codes(20))
        figures["manifold.png"] = plots.image_grid(images, 20, f"{title}: the latent plane")
    return figures


def curves(rows: list[dict[str, Any]], title: str) -> "Figure":
    """The metrics of the log."""
    names = [name for name in {name: 0 for row in rows for name in row} if name not in NOT_PLOTTED]
    series = {name: [row.get(name, np.nan) for row in rows] for name in names}
    return plots.curves([int(row["step"]) for row in rows], series, title)


def picture_of(samples: np.ndarray, data: Dataset | None, title: str) -> "Figure":
    """Samples as a grid of images, or as points over those of the data, if they are."""
    if data is None or data.is_image:
        return plots.image_grid(samples, 10, title)
    return plots.scatter(samples, data.x[:2000], title)


def modes(trained: Trained, data: Dataset, n: int, rng: Generator) -> dict[str, float]:
    """How many clusters of the data n samples reach, and the share of samples within one; {} if it has none."""
    if data.centres is None:
        return {}
    found = modes_found(trained.sample(n, rng), data.centres, data.sigma)
    return {"modes": found.found, "high_quality": round(found.high_quality, 4)}
