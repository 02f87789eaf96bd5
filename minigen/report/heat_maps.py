"""Pictures of explanations: signed maps beside images, patterns of attention, what is lost without each head."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import plots
from .canvas import new_figure, own_settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ORANGE, BLUE = np.array([0.90, 0.45, 0.0], np.float32), np.array([0.0, 0.35, 0.70], np.float32)
SIGNED = "PuOr_r"  # matplotlib's name of a map from purple over white to orange
SPACES = {" ": "\u2423", "\n": "\u23ce"}  # so that they are seen


def signed_colours(values: np.ndarray) -> np.ndarray:
    """Maps (N, H, W) as images (N, H, W, 3): orange above 0, blue below, white at 0; each has its own scale.

    The scale ends at the 99th percentile of the sizes: single pixels would leave all others white.
    """
    flat = np.abs(values).reshape(len(values), -1)
    most = np.quantile(flat, 0.99, axis=1)
    most = np.where(most > 0, most, np.maximum(flat.max(axis=1), 1e-30))
    strength = np.clip(values / most[:, None, None], -1, 1)[..., None].astype(np.float32)
    colour = np.where(strength > 0, ORANGE, BLUE)
    return 1 - np.abs(strength) * (1 - colour)


def maps_below(images: np.ndarray, maps: Sequence[np.ndarray], title: str) -> "Figure":
    """A row of images (N, H, W, C), and a row of signed maps (N, H, W) for each of `maps`."""
    rows = [np.broadcast_to(images, (*images.shape[:3], 3)), *(signed_colours(m) for m in maps)]
    return plots.image_grid(np.concatenate(rows), len(images), title)


def shown(text: str) -> list[str]:
    """The characters, with those that leave no mark as marks."""
    return [SPACES.get(character, character) for character in text]


@own_settings()
def head_patterns(attention: np.ndarray, symbols: Sequence[str], title: str) -> "Figure":
    """What each head looks at: attention (layers, H, T, T), a row of pictures for each layer.

    The scale of the colours ends at the largest share of the later places: the first ones have little choice, and would
    leave all others dark.

    Args:
        symbols: of the T places, for the axes; none for numbers.
    """
    layers, heads, t, _ = attention.shape
    side, most = max(2.6, 0.1 * t), float(attention[:, :, t // 4 :].max())
    figure = new_figure(side * heads + 0.6, (side + 0.1) * layers + 0.5, dpi=110, layout="constrained")
    grid: Any = figure.subplots(layers, heads, squeeze=False)
    for layer, head in np.ndindex(layers, heads):
        axes = grid[layer, head]
        image = axes.imshow(attention[layer, head], cmap="viridis", vmin=0, vmax=most)
        axes.set_title(f"layer {layer + 1}, head {head + 1}", fontsize=9)
        _name_places(axes, symbols, t)
    figure.supxlabel("looks at", fontsize=10)
    figure.supylabel("place", fontsize=10)
    figure.suptitle(title)
    figure.colorbar(image, ax=grid, shrink=0.6, label="share of the attention", extend="max")
    return figure


def _name_places(axes: Any, symbols: Sequence[str], t: int) -> None:
    """The symbols along both axes, if there are any."""
    if symbols:
        axes.set_xticks(range(t), symbols, fontsize=6)
        axes.set_yticks(range(t), symbols, fontsize=6)
        axes.tick_params(length=0)


class HeadMap(NamedTuple):
    """A number for each head, (layers, H), and its error if it has one."""

    name: str
    values: np.ndarray
    error: np.ndarray | None = None


@own_settings()
def head_numbers(maps: Sequence[HeadMap], title: str) -> "Figure":
    """Numbers of heads, side by side, written where they stand; the maps share one scale of colours."""
    layers, heads = maps[0].values.shape
    figure = new_figure(max(6.0, len(maps) * (1.0 * heads + 1.2)), 0.62 * layers + 1.7, dpi=110, layout="constrained")
    most = max(1e-12, *(float(np.abs(m.values).max()) for m in maps))
    beside: Any = figure.subplots(1, len(maps), squeeze=False)
    for axes, m in zip(beside[0], maps, strict=True):
        axes.imshow(m.values, cmap=SIGNED, vmin=-most, vmax=most, aspect="auto")
        for layer, head in np.ndindex(layers, heads):
            value = m.values[layer, head]
            error = "" if m.error is None else f"\n\u00b1 {m.error[layer, head]:.3f}"
            dark = abs(value) > 0.7 * most
            axes.text(head, layer, f"{value:.3f}{error}", ha="center", va="center", fontsize=8, color="01"[int(dark)])
        axes.set_xticks(range(heads), range(1, heads + 1))
        axes.set_yticks(range(layers), range(1, layers + 1))
        axes.set_xlabel("head")
        axes.set_ylabel("layer")
        axes.set_title(m.name, fontsize=9)
    figure.suptitle(title)
    return figure


@own_settings()
def symbol_maps(maps: dict[str, np.ndarray], given: Sequence[str], predicted: Sequence[str], title: str) -> "Figure":
    """What the prediction of each symbol owes to each one before it: matrices (T, T) by name, on one scale each.

    Args:
        given: the symbols of the columns. predicted: those of the rows, each the next after its place.
    """
    t = len(given)
    figure = new_figure(0.19 * t * len(maps) + 1.5 * len(maps), 0.19 * t + 1.4, dpi=110, layout="constrained")
    beside: Any = figure.subplots(1, len(maps), squeeze=False)
    for axes, (name, values) in zip(beside[0], maps.items(), strict=True):
        most = max(1e-12, float(np.quantile(np.abs(values), 0.995)))
        image = axes.imshow(values, cmap=SIGNED, vmin=-most, vmax=most)
        axes.set_xticks(range(t), given, fontsize=7)
        axes.set_yticks(range(t), predicted, fontsize=7)
        axes.tick_params(length=0)
        axes.set_xlabel("symbol that is given")
        axes.set_ylabel("symbol that is predicted")
        axes.set_title(name, fontsize=9)
        figure.colorbar(image, ax=axes, shrink=0.7, label="nats")
    figure.suptitle(title)
    return figure


@own_settings()
def copying_curves(scores: HeadMap, curves: dict[str, np.ndarray], blind: float, title: str) -> "Figure":
    """The prefix matching of each head, and the loss along repeated sequences.

    Args:
        scores: of the heads. curves: losses of each symbol but the first, (2 L - 1,) nats, by what the model lacks.
        blind: nats a symbol of one that knows nothing.
    """
    layers, heads = scores.values.shape
    figure = new_figure(10, max(3.2, 0.5 * layers + 1.5), dpi=110, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 2])
    left.imshow(scores.values, cmap="viridis", vmin=0, vmax=1, aspect="auto")
    for layer, head in np.ndindex(layers, heads):
        value = scores.values[layer, head]
        left.text(head, layer, f"{value:.2f}", ha="center", va="center", fontsize=8, color="10"[int(value > 0.6)])
    left.set_xticks(range(heads), range(1, heads + 1))
    left.set_yticks(range(layers), range(1, layers + 1))
    left.set_xlabel("head")
    left.set_ylabel("layer")
    left.set_title(scores.name, fontsize=9)
    for (name, losses), style in zip(curves.items(), ("-", "--", ":"), strict=False):
        right.plot(range(2, len(losses) + 2), losses, style, label=name)
    right.axhline(blind, color="0.7", linewidth=1, label="all symbols alike")
    right.axvline((len(next(iter(curves.values()))) + 1) / 2 + 0.5, color="0.7", linewidth=1, linestyle="--")
    right.set_xlabel("place; the second copy begins at the dashed line")
    right.set_ylabel("nats")
    right.set_ylim(0, None)
    right.legend(fontsize=8)
    figure.suptitle(title)
    return figure
