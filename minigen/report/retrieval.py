"""Search among pictures and names by a trained model, beside search without learning: shares that are found, a picture.

All pictures and names are searched, those that were trained on and those that were held out.
"""

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import Dataset, pixels
from ..data.emoji import decode_names
from ..metrics.retrieval import colour_histogram, names_by_bridge, pictures_by_bridge, recall_at
from ..random import Generator
from . import plots
from .canvas import new_figure, own_settings
from .findings import Figures, Files, Measure, Measures
from .trained import Trained
from .without_samples import baselines as baselines
from .without_samples import drawn as drawn
from .without_samples import samples as samples
from .without_samples import suffixes as suffixes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NO_SAMPLES = "compares pictures with names and makes none; see found.png"
K = 10  # finds that count
MOST = 3000  # pairs of the training set that are searched, at most
QUERIES, NAMES = 8, 4  # in the picture: queries of each kind, and names that are found for each
RIGHT = "#0072B2"  # frames and letters


def compared(trained: Trained, data: Dataset, test: Dataset) -> tuple[dict[str, float], Figures]:
    """Recall@10 both ways, of pairs that were held out and of those trained on; chance; the bridge; and a picture.

    Args:
        trained: a model that compares pictures with names. data, test: pairs.

    Returns:
        numbers: name_recall, the share of held-out pictures whose name is found, and picture_recall, the share of
            held-out names whose picture is; seen_... of pairs that were trained on; bridge_... without learning, see
            `minigen.metrics.retrieval`; chance.
        figures: found.png.
    """
    known = min(len(data), MOST)
    x = np.concatenate([pixels(np.asarray(data.x[:known])), pixels(np.asarray(test.x))])
    y = np.concatenate([data.y[:known], test.y])  # type: ignore[index]  # pairs have names
    s, all_of = trained.similarities(x, y), np.arange(len(x))
    seen, held = all_of[:known], all_of[known:]
    colours = colour_histogram(x)
    of_bridge = (
        names_by_bridge(colours[held], colours[seen], y[seen], y),
        pictures_by_bridge(y[held], colours[seen], y[seen], colours),
    )
    found = {
        "name_recall": recall_at(s[held], held, K),
        "picture_recall": recall_at(s.T[held], held, K),
        "seen_name_recall": recall_at(s[seen], seen, K),
        "seen_picture_recall": recall_at(s.T[seen], seen, K),
        "bridge_name_recall": recall_at(of_bridge[0], held, K),
        "bridge_picture_recall": recall_at(of_bridge[1], held, K),
        "chance": min(1.0, K / len(x)),
    }
    shown = held[:: max(1, len(held) // QUERIES)][:QUERIES]
    picture = finds(x, decode_names(y, data.words), s, shown, trained.title)
    return {name: round(value, 4) for name, value in found.items()}, {"found.png": picture}


def results(trained: Trained, train: Dataset, test: Dataset, rng: Generator) -> tuple[dict[str, float], Files]:
    """See `Showing.results`."""
    found, figures = compared(trained, train, test)
    return found, {**figures}


def evaluated(
    trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator, say: Callable[[str], object]
) -> tuple[Measures, Figures]:
    """How often what belongs together is found, beside chance and what needs no net."""
    found, figures = compared(trained, train, test)
    known, chance = {"name": "pictures", "picture": "names"}, found.pop("chance")
    measures = {"chance": Measure(chance, None, f"a guess's share of right ones among {K} finds")}
    for name, value in found.items():
        *how, what, _ = name.split("_")
        whose = f"{'training' if 'seen' in how else 'held-out'} {known[what]}"
        by = ", found by the most similar training pair" if "bridge" in how else ""
        measures[name.replace("_", " ")] = Measure(value, None, f"of {whose}, whose {what} is among {K}{by}")
    return measures, figures


@own_settings()
def finds(x: np.ndarray, names: list[str], s: np.ndarray, shown: np.ndarray, title: str) -> "Figure":
    """Queries and their best finds: for names the ten best pictures, for pictures the four best names.

    What is right is framed, or in colour and marked by a star.

    Args:
        x: all pictures (N, H, W, C) in [0, 1]. names: theirs. s: (N, N), how well each picture and name suit.
        shown: places of the pairs that are queries, such as those held out.
    """
    side, n = x.shape[1] + 1, len(shown)  # of an image and the line after it
    found = np.argsort(-s[:, shown].T, axis=1, kind="stable")[:, :K]  # (n, K)
    figure = new_figure(9, 0.55 * n + 0.55 * n + 0.9, dpi=120, layout="constrained")
    above, below = figure.subplots(2, 1)
    draw(above, x[found.ravel()], K)
    told = f"{title}: held-out names, and the pictures found (blue frame: the right one)"
    above.set_title(told, loc="left", fontsize=10)
    for row, query in enumerate(shown):
        above.text(-6, side * (row + 0.5), wrapped(names[query]), ha="right", va="center", fontsize=8)
        for column in np.flatnonzero(found[row] == query):
            frame(above, side * column, side * row, side)
    draw(below, x[shown], 1)
    below.set_title("held-out pictures, and the names found (blue and a star: the right one)", loc="left", fontsize=10)
    for row, query in enumerate(shown):
        for k, i in enumerate(np.argsort(-s[query], kind="stable")[:NAMES]):
            told = f"{k + 1}. {'* ' if i == query else ''}{names[i]:.48}"
            how = {"color": RIGHT, "weight": "bold"} if i == query else {}
            below.text(
                side * (1.2 + 5 * (k % 2)), side * (row + 0.3 + 0.42 * (k // 2)), told, va="center", fontsize=8, **how
            )
    above.set_xlim(-5 * side, K * side)
    below.set_xlim(-0.5, 15 * side)
    return figure


def draw(axes: Any, images: np.ndarray, columns: int) -> None:
    """Images (N, H, W, C) in rows of so many, with a pixel between them as a unit of both axes."""
    canvas = plots.mosaic(images, columns)
    axes.imshow(canvas.squeeze(-1) if canvas.shape[2] == 1 else canvas, cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()


def frame(axes: Any, left: float, top: float, side: float) -> None:
    """A frame around a square of the axes."""
    axes.plot(
        left + side * np.array([0, 1, 1, 0, 0]) - 1, top + side * np.array([0, 0, 1, 1, 0]) - 1, color=RIGHT, lw=2.5
    )


def wrapped(name: str, width: int = 32) -> str:
    """A name in lines of at most so many characters."""
    return "\n".join(textwrap.wrap(name, width)[:3])
