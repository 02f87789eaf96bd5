"""Lesson 1: programs drawn as graphs that lay themselves out, and the pictures of gradients of arrays.

A node is anything with a name, a value, the nodes it was computed from (inputs), its slopes with respect to them, and
its total: the derivative of the last node with respect to it, or None where none is to be shown.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.path import Path

from ...autodiff import Tensor, grad, tensor
from ...ops import sin

Point = tuple[float, float]
RADIUS = 0.27  # of a node, where the distance of two columns is 1


def layout(inputs: Sequence[Sequence[int]]) -> tuple[list[Point], dict[tuple[int, int], list[Point]]]:
    """Places for the nodes of a graph, in columns from left to right, and ways for its arrows.

    A node stands one column to the right of the last of its inputs. An arrow that crosses columns keeps a place free
    in each of them. Within a column places are ordered by the mean height of what they come from.

    Args:
        inputs: for each node the numbers of the nodes it was computed from, all of them smaller.

    Returns:
        A place (x, y) for each node; and for the use number j of node k the points through which its arrow goes.
    """
    column: list[int] = []
    for sources in inputs:
        column.append(1 + max((column[i] for i in sources), default=-1))
    # A row of a column is a node, (k,), or the place that an arrow keeps free, (k, j, column).
    before: dict[tuple[int, ...], list[tuple[int, ...]]] = {(k,): [] for k in range(len(inputs))}
    chains: dict[tuple[int, int], list[tuple[int, ...]]] = {}
    for k, sources in enumerate(inputs):
        for j, i in enumerate(sources):
            chain = [(i,), *((k, j, c) for c in range(column[i] + 1, column[k])), (k,)]
            chains[k, j] = chain
            for one, other in pairwise(chain):
                before.setdefault(other, []).append(one)
    heights: dict[tuple[int, ...], float] = {}
    for c in range(max(column) + 1):
        rows = [row for row in before if (column[row[0]] if len(row) == 1 else row[2]) == c]
        rows.sort(key=lambda row: -float(np.mean([heights[b] for b in before[row]])) if before[row] else row[0])
        heights |= {row: (len(rows) - 1) / 2 - place for place, row in enumerate(rows)}

    def place(row: tuple[int, ...]) -> Point:
        return (column[row[0]] if len(row) == 1 else row[2], heights[row])

    return [place((k,)) for k in range(len(inputs))], {use: [place(r) for r in chain] for use, chain in chains.items()}


def draw(axis: Axes, nodes: Sequence[Any], title: str = "", active: Any = None) -> None:
    """Draw a graph: each node's name, its value, and below it in red its total.

    Args:
        active: the node that hands its total on; its arrows are red and carry their slopes.
    """
    number = {id(node): k for k, node in enumerate(nodes)}
    inputs = [[number[id(source)] for source in node.inputs] for node in nodes]
    places, ways = layout(inputs)
    for (k, j), points in ways.items():
        color = "C3" if nodes[k] is active else "0.6"
        twice = inputs[k].count(inputs[k][j]) > 1 and len(points) == 2
        bend = (0.3 if inputs[k].index(inputs[k][j]) == j else -0.3) if twice else 0.0
        _arrow(axis, points, color, bend)
        if nodes[k] is active:
            (x, y), (end_x, end_y) = points[-2:]
            text = f"{nodes[k].slopes[j]:.2f}"
            axis.text((x + end_x) / 2, (y + end_y) / 2 + 0.12 - bend, text, color="C3", ha="center", va="center")
    for (x, y), node in zip(places, nodes, strict=True):
        edge = "C3" if node is active else "0.3"
        axis.add_patch(Circle((x, y), RADIUS, facecolor="white", edgecolor=edge, zorder=2))
        known = node.total is not None
        axis.text(x, y + 0.1 * known, f"{node.value:.2f}", ha="center", va="center", zorder=3)
        if known:
            axis.text(x, y - 0.11, f"{node.total:.2f}", ha="center", va="center", color="C3", weight="bold", zorder=3)
        name = node.name if len(node.name) <= 14 else node.name[:13] + "\N{HORIZONTAL ELLIPSIS}"
        axis.text(x, y + RADIUS + 0.06, name, ha="center", va="bottom", style="italic")
    right, top = max(x for x, _ in places), max(y for way in [places, *ways.values()] for _, y in way)
    axis.set(xlim=(-0.4, right + 0.4), ylim=(-top - 0.35, top + 0.55), title=title, aspect="equal")
    axis.set_axis_off()


def _arrow(axis: Axes, points: Sequence[Point], color: str, bend: float) -> None:
    """An arrow through some points, from the edge of the first node to that of the last."""
    way = np.array(points, float)
    for here, there in ((0, 1), (-1, -2)):
        step = way[there] - way[here]
        way[here] += RADIUS * step / np.linalg.norm(step)
    look: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 12, "color": color, "shrinkA": 0, "shrinkB": 0}
    if len(way) == 2:
        arrow = FancyArrowPatch(way[0], way[1], connectionstyle=f"arc3,rad={-bend}", **look)
    else:
        arrow = FancyArrowPatch(path=Path(way), **look)
    axis.add_patch(arrow)


def graph(nodes: Sequence[Any], title: str = "", active: Any = None) -> Figure:
    """A figure with one graph."""
    figure, axis = plt.subplots(figsize=(7.0, 3.0), layout="constrained")
    draw(axis, nodes, title, active)
    return figure


def opening() -> None:
    """Show L = u sin(u) with u = x y + y, forward and backward; the library computes both."""
    x, y = (tensor(v, requires_grad=True) for v in (2.0, -1.5))
    p = x * y
    u = p + y
    s: Tensor = sin(u)
    parts: dict[str, tuple[Any, ...]] = {
        "x": (x,),
        "y": (y,),
        "x y": (p, 0, 1),
        "u": (u, 2, 1),
        "sin(u)": (s, 3),
        "L": (u * s, 3, 4),
    }
    totals = grad(parts["L"][0], [part[0] for part in parts.values()])
    _, axes = plt.subplots(2, 1, figsize=(7.0, 5.6), layout="constrained")
    for axis, title in zip(axes, ("forward: the values", "backward: the derivatives of L, in red"), strict=True):
        nodes: list[Any] = []
        for (name, (value, *inputs)), total in zip(parts.items(), totals, strict=True):
            known = total.item() if axis is axes[1] else None
            sources = [nodes[i] for i in inputs]
            nodes.append(SimpleNamespace(name=name, value=value.item(), inputs=sources, total=known))
        draw(axis, nodes, title)
    plt.show()


def visits(eager: Sequence[int], in_order: Sequence[int]) -> None:
    """Show how often nodes are visited in chains of 1, 2, 3, ... forks, in two ways of passing."""
    _, axis = plt.subplots(figsize=(6, 2.8), layout="constrained")
    forks = range(1, len(eager) + 1)
    axis.semilogy(forks, eager, "o-", label="eager: one visit for each path")
    axis.semilogy(forks, in_order, "s--", label="in order: one visit for each node")
    axis.set(xlabel="forks in a row", ylabel="visits")
    axis.legend()
    plt.show()


def matrices(arrays: Mapping[str, np.ndarray]) -> None:
    """Show small arrays beside each other, coloured, with their numbers."""
    _, axes = plt.subplots(1, len(arrays), figsize=(7.4, 2.2), layout="constrained")
    for axis, (title, array) in zip(axes, arrays.items(), strict=True):
        table = np.atleast_2d(array)
        axis.imshow(table, cmap="coolwarm", vmin=-4, vmax=4)
        for (i, j), value in np.ndenumerate(table):
            axis.text(j, i, f"{value:.1f}", ha="center", va="center")
        axis.set_title(title)
        axis.set_axis_off()
    plt.show()


def weight_images(columns: np.ndarray, shape: tuple[int, int]) -> None:
    """Show the columns (pixels, 10) of an array of weights as ten images, red where positive, blue where negative."""
    _, axes = plt.subplots(2, 5, figsize=(7.0, 3.2), layout="constrained")
    for digit, axis in enumerate(axes.flat):
        image = columns[:, digit].reshape(shape)
        axis.imshow(image, cmap="coolwarm", vmin=-np.abs(image).max(), vmax=np.abs(image).max())
        axis.set_title(str(digit))
        axis.set_axis_off()
    plt.show()


def stored(kept: Mapping[str, Sequence[int]], steps: int) -> None:
    """Show which values of a chain of steps are kept, and how many are in memory at most.

    Args:
        kept: by name, the numbers of the values that are kept.
    """
    _, axis = plt.subplots(figsize=(7.0, 0.6 * len(kept) + 1.0), layout="constrained")
    for row, numbers in enumerate(kept.values()):
        gaps = np.diff([0, *sorted(numbers), steps])
        axis.plot(numbers, [row] * len(numbers), "|", color="C0", markersize=12)
        axis.text(steps * 1.02, row, f"{len(numbers)} + {gaps.max()} = {len(numbers) + gaps.max()}", va="center")
    axis.set_yticks(range(len(kept)), list(kept))
    axis.set(xlabel="number of the value", xlim=(-1, steps * 1.3), ylim=(-0.5, len(kept) - 0.5))
    axis.set_xticks(range(0, steps + 1, steps // 5))
    axis.set_title("kept + computed again = in memory at most", loc="right")
    plt.show()
