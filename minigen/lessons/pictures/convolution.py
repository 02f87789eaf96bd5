"""What lesson 7 draws: images in a row, a kernel's windows, matrices, and how many stamps fall on each pixel."""

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

WINDOW = "#e76300"
IMAGE = "#3f90da"


def row(images: Sequence[np.ndarray], titles: Sequence[str], width: float = 7.4, limit: float | None = None) -> None:
    """The first images of batches (N, H, W, 1). Grey is 0, black is negative; with `limit` they share a scale."""
    _, axes = plt.subplots(1, len(images), figsize=(width, width / len(images) + 0.4), layout="constrained")
    for axis, image, title in zip(axes, images, titles, strict=True):
        bound = limit or np.abs(image).max()
        axis.imshow(image[0, ..., 0], cmap="gray", vmin=-bound, vmax=bound)
        axis.set_title(f"{title}\n{image.shape[1]} x {image.shape[2]}", fontsize=9)
        axis.set_axis_off()
    plt.show()


def window(pixels: int, kernel: int, stride: int, padding: int, place: int) -> Figure:
    """A square image with its border of zeros, the window of one place of the output, and the output beside it.

    Args:
        pixels: the image's side. place: counted row by row; it starts again after the last one.
    """
    side = pixels + 2 * padding
    outputs = max(0, (side - kernel) // stride + 1)
    figure, axes = plt.subplots(1, 2, figsize=(7, 4.2), layout="constrained")
    _grid(axes[0], np.pad(np.linspace(0.3, 0.95, pixels**2).reshape(pixels, pixels), padding))
    seen = np.zeros(side, bool)
    for start in range(0, outputs * stride, stride):
        seen[start : start + kernel] = True
    for v, u in np.argwhere(~(seen[:, None] & seen)):
        axes[0].add_patch(Rectangle((u - 0.5, v - 0.5), 1, 1, fill=False, hatch="xx", edgecolor="0.6", linewidth=0))
    axes[0].add_patch(_frame(padding, padding, pixels, IMAGE, "--"))
    axes[0].set_title(f"x: {pixels} x {pixels}, padding {padding}")
    axes[0].set_xlabel("dashed: the image; hatched: in no window", fontsize=9)
    if not outputs:
        axes[1].set_axis_off()
        axes[1].set_title("y: the kernel does not fit")
        return figure
    i, j = divmod(place % outputs**2, outputs)
    axes[0].add_patch(_frame(stride * i, stride * j, kernel, WINDOW, "-"))
    _grid(axes[1], np.full((outputs, outputs), 0.85))
    axes[1].add_patch(_frame(i, j, 1, WINDOW, "-"))
    axes[1].set_title(f"y: {outputs} x {outputs}, here y[{i}, {j}]")
    for axis in axes:
        axis.set(xlim=(-0.6, side - 0.4), ylim=(side - 0.4, -0.6))
    return figure


def _grid(axis: Axes, values: np.ndarray) -> None:
    """Grey squares with lines between them."""
    axis.imshow(values, cmap="gray", vmin=0, vmax=1)
    for edge in range(len(values) + 1):
        axis.plot([edge - 0.5] * 2, [-0.5, len(values) - 0.5], color="0.5", linewidth=0.5)
        axis.plot([-0.5, len(values) - 0.5], [edge - 0.5] * 2, color="0.5", linewidth=0.5)
    axis.set(xticks=[], yticks=[], frame_on=False)


def _frame(v: float, u: float, side: int, color: str, style: str) -> Rectangle:
    """The outline of side x side squares from row v and column u on."""
    return Rectangle((u - 0.5, v - 0.5), side, side, fill=False, color=color, linestyle=style, linewidth=3)


def matrices(A: np.ndarray) -> None:
    """A matrix and its transpose; zeros are white."""
    figure, axes = plt.subplots(1, 2, figsize=(7, 3.4), layout="constrained", width_ratios=(2, 1))
    for axis, matrix, name in ((axes[0], A, "A"), (axes[1], A.T, "A transposed")):
        shown = axis.imshow(np.where(matrix == 0, np.nan, matrix), cmap="viridis")
        axis.set_title(f"{name}: from {matrix.shape[1]} numbers to {matrix.shape[0]}", fontsize=10)
        axis.set(xlabel="from", ylabel="to", xticks=range(0, matrix.shape[1], 4), yticks=range(0, len(matrix), 4))
    figure.colorbar(shown, ax=axes[1], label="weight")
    plt.show()


def stamped(images: Sequence[np.ndarray], titles: Sequence[str], digits: int = 0) -> Figure:
    """Small images (H, W) in a row, each pixel with its number."""
    figure, axes = plt.subplots(1, len(images), figsize=(7.4, 7.2 / max(len(images), 2) + 0.4), layout="constrained")
    for axis, image, title in zip(np.atleast_1d(axes), images, titles, strict=True):
        low, high = min(0.0, image.min()), image.max()
        axis.imshow(image, cmap="cividis", vmin=low, vmax=high)
        for (v, u), value in np.ndenumerate(image) if len(image) <= 12 else ():
            dark = value < (low + high) / 2
            axis.text(u, v, f"{value:.{digits}f}", ha="center", va="center", size=9, color="w" if dark else "k")
        axis.set_title(title, fontsize=10)
        axis.set_axis_off()
    return figure
