"""What is shown of a model of images or points: its samples, and of autoencoders what they make of examples."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import Dataset, pixels
from ..data.files import save_parts
from ..metrics import modes_found
from ..random import Generator
from . import plots
from .evaluation import drawn as drawn
from .evaluation import evaluated as evaluated
from .findings import Figures, Files, counted
from .trained import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURED = {"images": 100, "points": 2000}  # of a run
MOST_IMAGES, MOST_POINTS = 1000, 100_000  # in one picture: more take memory and show nothing further
NO_SAMPLES = ""


def suffixes(trained: Trained) -> tuple[str, ...]:
    """How a file of samples may end."""
    return ".png", ".npy"


def samples(
    trained: Trained,
    n: int | None,
    rng: Generator,
    suffixes: Sequence[str],
    test: Callable[[], Dataset],
    title: str,
    **how: Any,
) -> tuple[str, Files]:
    """See `Showing.samples`."""
    n, most = n or PICTURED[trained.kind], MOST_IMAGES if trained.is_image else MOST_POINTS
    return as_files(
        *(trained, n, rng, suffixes, most),
        lambda x: picture_of(x, None if trained.is_image else test(), title),
        **how,
    )


def as_files(
    trained: Trained,
    n: int,
    rng: Generator,
    suffixes: Sequence[str],
    most: int,
    picture: Callable[[np.ndarray], "Figure"],
    **how: Any,
) -> tuple[str, Files]:
    """n samples as .npy, or at most `most` of them as .png."""
    found: Files = {}
    if ".npy" in suffixes:
        found[".npy"] = lambda path: save_parts(path, (n, *trained.shape), trained.samples(n, rng, **how))
    if ".png" in suffixes:
        found[".png"] = picture(trained.sample(min(n, most), rng, **how))
    return told_of(n, most if ".png" in suffixes else n), found


def told_of(n: int, most: int) -> str:
    """n samples in words, of which `most` are shown."""
    told = counted(n, "sample")
    if n <= most:
        return told
    return f"the first {most} of {told}, as many as a picture shows; all are in a file --out NAME.npy"


def results(trained: Trained, train: Dataset, test: Dataset, rng: Generator) -> tuple[dict[str, float], Files]:
    """See `Showing.results`."""
    return {}, {**final_pictures(trained, test, rng)}


def baselines(train: Dataset, test: Dataset, a_line: bool = False) -> dict[str, float]:
    """None: what samples are held against costs as much as training, and is for `evaluated`."""
    return {}


def final_pictures(trained: Trained, test: Dataset, rng: Generator) -> Figures:
    """samples.png; of autoencoders reconstructions.png and, with two latents, manifold.png."""
    title = trained.title
    samples = trained.sample(PICTURED[trained.kind], rng)
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
