"""Search among pictures and names by a trained model, beside search without learning: shares that are found, a picture.

All pictures and names are searched, those that were trained on and those that were held out.
"""

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import Dataset, pixels
from ..data.emoji import decode_names
from ..metrics.retrieval import colour_histogram, names_by_bridge, pictures_by_bridge, recall_at
from .canvas import new_figure, own_settings
from .trained import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

K = 10  # finds that count
MOST = 3000  # pairs of the training set that are searched, at most
QUERIES, NAMES = 8, 4  # in the picture: queries of each kind, and names that are found for each
RIGHT = "#0072B2"  # frames and letters


def compared(trained: Trained, data: Dataset, test: Dataset) -> tuple[dict[str, float], dict[str, "Figure"]]:
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


@own_settings()
def finds(x: np.ndarray, names: list[str], s: np.ndarray, shown: np.ndarray, title: str) -> "Figure":
    """Queries and their best finds: for names the ten best pictures, for pictures the four best names.

    What is right is framed, or in colour and marked by a star.

    Args:
        x: all pictures (N, H, W, C) in [0, 1]. names: theirs. s: (N, N), how well each picture and name suit.
        shown: places of the pairs that are queries, such as those held out.
    """
    n = len(shown)
    figure = new_figure(9, 0.62 * n + 0.47 * n + 1.0, dpi=120)
    above, below = figure.subfigures(2, 1, height_ratios=[0.62 * n + 0.5, 0.47 * n + 0.5])
    above.suptitle(f"{title}: held-out names, and the pictures found", fontsize=11)
    grid = above.subplots(n, K + 1, squeeze=False, width_ratios=[5, *[1] * K])
    for row, query in zip(grid, shown, strict=True):
        row[0].text(1, 0.5, wrapped(names[query]), ha="right", va="center", fontsize=8, transform=row[0].transAxes)
        best = np.argsort(-s[:, query], kind="stable")[:K]
        for axes, i in zip(row[1:], best, strict=False):
            draw(axes, x[i], i == query)
        for axes in (row[0], *row[1 + len(best) :]):
            axes.set_axis_off()
    below.suptitle("held-out pictures, and the names found", fontsize=11)
    for (left, right), query in zip(below.subplots(n, 2, squeeze=False, width_ratios=[1, 14]), shown, strict=True):
        draw(left, x[query], False)
        right.set_axis_off()
        for k, i in enumerate(np.argsort(-s[query], kind="stable")[:NAMES]):
            told = f"* {names[i]}" if i == query else names[i]
            place = (0.51 * (k % 2), 0.75 - 0.5 * (k // 2))
            how = {"color": RIGHT, "weight": "bold"} if i == query else {}
            right.text(*place, f"{k + 1}. {told:.50}", va="center", fontsize=8, transform=right.transAxes, **how)
    above.subplots_adjust(left=0.01, right=0.99, top=1 - 0.4 / (0.62 * n + 0.5), bottom=0.01, wspace=0.1, hspace=0.1)
    below.subplots_adjust(left=0.01, right=0.99, top=1 - 0.4 / (0.47 * n + 0.5), bottom=0.02, wspace=0.02, hspace=0.1)
    return figure


def draw(axes: Any, image: np.ndarray, is_right: bool) -> None:
    """An image (H, W, C) without ticks, in a frame if it is the right one."""
    axes.imshow(image.squeeze(-1) if image.shape[2] == 1 else image, cmap="gray", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=is_right, color=RIGHT, linewidth=2.5)


def wrapped(name: str, width: int = 32) -> str:
    """A name in lines of at most so many characters."""
    return "\n".join(textwrap.wrap(name, width)[:3])
