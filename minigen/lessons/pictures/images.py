"""Images on an axis: what the lessons on restoring and on repairing draw most."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from minigen.report.plots import mosaic


def grid(axis: Axes, images: np.ndarray, columns: int, title: str = "", rows: list[str] | None = None) -> None:
    """Images (N, H, W, 1) in rows of `columns`, without ticks; `rows`: names of the rows, at the left.

    Large ones are drawn with hard pixels, and all in 32 shades of grey: that keeps a notebook small.
    """
    shades = np.round(31 * mosaic(np.clip(images, 0, 1), columns)) / 31
    large = axis.bbox.width > 2 * shades.shape[1]
    axis.imshow(shades, cmap="gray", vmin=0, vmax=1, interpolation="nearest" if large else "antialiased")
    axis.set_title(title, fontsize=10)
    axis.spines[:].set_visible(False)
    axis.set_xticks([])
    middles = (np.arange(len(rows or [])) + 0.5) * (images.shape[1] + 1) - 1
    axis.set_yticks(middles, rows or [], fontsize=9)
    axis.tick_params(length=0)


def named_rows(images: dict[str, np.ndarray], width: float = 7.5) -> None:
    """Rows of images (N, H, W, 1), as many in each, with their names at the left."""
    everything = np.concatenate(list(images.values()))
    columns = len(everything) // len(images)
    shape = mosaic(everything, columns).shape
    _, axis = plt.subplots(figsize=(width, (width - 0.9) * shape[0] / shape[1] + 0.1), layout="constrained")
    grid(axis, everything, columns, rows=list(images))
    plt.show()
