"""Pictures: functions that return matplotlib Figures. Nothing is shown or written here, and no global state is used."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ShapeError
from .canvas import new_figure, own_settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def mosaic(images: np.ndarray, columns: int) -> np.ndarray:
    """Images (N, H, W, C) in rows of `columns`, one pixel apart: one image (height, width, C), white where none is."""
    if images.ndim != 4 or images.shape[3] not in (1, 3):
        raise ShapeError(f"mosaic: images have shape {images.shape}, expected (N, H, W, 1) or (N, H, W, 3)")
    n, h, w, c = images.shape
    rows = -(-n // columns)
    canvas = np.ones((rows * (h + 1) - 1, columns * (w + 1) - 1, c), np.float32)
    for i, image in enumerate(images):
        top, left = i // columns * (h + 1), i % columns * (w + 1)
        canvas[top : top + h, left : left + w] = image
    return canvas


@own_settings()
def image_grid(images: np.ndarray, columns: int = 10, title: str = "") -> "Figure":
    """Images (N, H, W, 1 or 3) with values in [0, 1] as a grid."""
    return _drawn(mosaic(np.asarray(images), columns), title)


@own_settings()
def pairs(originals: np.ndarray, others: np.ndarray, columns: int = 10, title: str = "") -> "Figure":
    """Rows of originals (N, H, W, C), each with its reconstruction (or repair, ...) right below it."""
    rows: list[np.ndarray] = []
    for start in range(0, len(originals), columns):
        both = [row[start : start + columns] for row in (originals, others)]
        blank = np.ones((columns - len(both[0]), *originals.shape[1:]), np.float32)  # the last row may be shorter
        row = mosaic(np.concatenate([both[0], blank, both[1]]), columns)
        apart = np.ones((max(3, originals.shape[1] // 4), *row.shape[1:]), np.float32)  # between one pair and the next
        rows += [apart, row]
    return _drawn(np.concatenate(rows[1:]), title)


def _drawn(canvas: np.ndarray, title: str) -> "Figure":
    """An image (height, width, C) as a figure."""
    canvas, width = np.clip(canvas, 0, 1), 7.0
    figure = new_figure(width, width * canvas.shape[0] / canvas.shape[1] + (0.4 if title else 0), dpi=120)
    axes = figure.add_subplot()
    axes.imshow(canvas.squeeze(-1) if canvas.shape[2] == 1 else canvas, cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()
    if title:
        axes.set_title(title)
    figure.tight_layout(pad=0.2)
    return figure


@own_settings()
def scatter(samples: np.ndarray, data: np.ndarray, title: str = "", name: str = "samples") -> "Figure":
    """Generated points (N, 2), by their `name`, over points of the data (M, 2), which are larger so as to be seen."""
    extent = np.ptp(data, axis=0)
    sides = np.round(0.7 + 4.3 * np.clip(extent / max(*extent, 1e-9), 0.4, 1), 1)  # flat data have no blank bands
    figure = new_figure(*map(float, sides), dpi=120)
    axes = figure.add_subplot(aspect="equal")
    axes.scatter(data[:, 0], data[:, 1], s=30, color="0.8", label="data")
    axes.scatter(samples[:, 0], samples[:, 1], s=4, color="C3", label=name)
    axes.legend(loc="upper right")
    axes.set_title(title)
    figure.tight_layout()
    return figure


class Panel(NamedTuple):
    """Curves that have one unit, and so one axis: its label, a line of values for each name, and the ends of the axis.

    None as an end is as far as the values go. A level is one number that the curves are held against.
    """

    unit: str
    series: Mapping[str, Sequence[float]]
    low: float | None = None
    high: float | None = None
    levels: Mapping[str, float] = {}


@own_settings()
def curves(steps: Sequence[int], panels: Sequence[Panel], title: str = "") -> "Figure":
    """One line for each metric against the training step, in panels one below the other, the first the tallest."""
    figure = new_figure(8, 3 + 1.4 * (len(panels) - 1), dpi=120, layout="constrained")
    heights = [2.2] + [1] * (len(panels) - 1)
    below = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    alone = "o" if len(steps) == 1 else ""
    for axes, panel in zip(below, panels, strict=True):
        for name, values in panel.series.items():
            told = [(step, value) for step, value in zip(steps, values, strict=True) if not math.isnan(value)]
            axes.plot(*zip(*told, strict=True), label=name.replace("_", " "), linewidth=1, marker=alone)
        for i, (name, value) in enumerate(panel.levels.items()):
            colour = f"C{(len(panel.series) + i) % 10}"
            axes.axhline(
                value, label=f"{name.replace('_', ' ')} {value:.4g}", linestyle="--", linewidth=1, color=colour
            )
        axes.set_ylabel(panel.unit)
        if isinstance(panel.high, int):  # a count of something, and of how many
            axes.set_yticks(sorted({0, panel.high // 2, panel.high}))
        _set_ends(axes, panel)
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), borderaxespad=0, frameon=False)  # beside the curves
        axes.grid(alpha=0.3)
    below[-1].set_xlabel("step")
    below[0].set_title(title)
    figure.align_ylabels(below)
    return figure


def _set_ends(axes: Any, panel: Panel) -> None:
    """The axis from `low` to `high`, and a little more, so that a curve at an end is seen."""
    low, high = axes.get_ylim()
    low, high = (low if panel.low is None else panel.low), (high if panel.high is None else panel.high)
    more = 0.04 * (high - low)
    axes.set_ylim(low - (panel.low is not None) * more, high + (panel.high is not None) * more)


def normal_quantiles(n: int) -> np.ndarray:
    """n points that cut N(0, 1) into parts of equal probability (their midpoints): a grid for the 2-D manifold."""
    from statistics import NormalDist

    return np.array([NormalDist().inv_cdf((i + 0.5) / n) for i in range(n)], np.float32)


def manifold_codes(n: int) -> np.ndarray:
    """The n x n codes (n*n, 2) of a manifold picture: the first latent grows rightwards, the second upwards."""
    q = normal_quantiles(n)
    return np.stack([np.tile(q, n), np.repeat(q[::-1], n)], axis=1)
