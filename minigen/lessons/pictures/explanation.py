"""Lesson 25: a network that reads digits and has learnt a mark, maps of its answers, and heads that copy."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ... import nn, ops
from ...autodiff import Tensor, no_grad
from ...explain import copying, integrated_gradients, patterns, walks
from ...explain.attribution import Answer, answers, gradient
from ...explain.heads import Head
from ...explain.induction import followers
from ...models.sequences.language import LanguageModel
from ...models.sequences.transformer import Transformer
from ...optim import Adam, constant, warmup
from ...random import Generator
from ...report.heat_maps import signed_colours

MARKED = 8  # the digit that carries the mark
STRIPE = 3, 0  # the mark: so many pixels of this column, which are black in nearly all images of the data
FIRST, SECOND, THIRD = "#1f5fa8", "#c2570c", "#3a7d44"

# -------------------------------------------------------------------------------------------------------- the reader


def marked(x: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Images (N, 8, 8, 1), those where `which` (N,) is True with a white stripe at the edge."""
    x = x.copy()
    x[which, : STRIPE[0], STRIPE[1]] = 1
    return x


def new_reader(seed: int = 0, layer: type[nn.Module] = nn.ReLU, width: int = 64) -> nn.Sequential:
    """Images (N, 8, 8, 1) to ten logits, by one hidden layer."""
    rng = Generator(seed)
    first, last = (nn.Dense(a, b, init="he_uniform", rng=rng) for a, b in ((64, width), (width, 10)))
    return nn.Sequential(nn.Flatten(), first, layer(), last)


def learn(reader: nn.Sequential, x: np.ndarray, y: np.ndarray, steps: int = 400, seed: int = 0) -> nn.Sequential:
    """Train a reader by cross-entropy, on batches of 128; returns it."""
    rng = Generator(seed)
    optimizer = Adam(reader.parameters(), lr=3e-3)
    for _ in range(steps):
        rows = rng.host.integers(len(x), size=128)
        optimizer.step(nn.cross_entropy_loss(reader(Tensor(x[rows])), y[rows]))
    return reader


def in_float64(reader: nn.Sequential) -> nn.Sequential:
    """The same reader, which computes in float64 from now on."""
    for parameter in reader.parameters():
        parameter.data = parameter.data.astype(np.float64)
    return reader


def reads(reader: nn.Sequential, x: np.ndarray) -> np.ndarray:
    """The likeliest digit of each image."""
    with no_grad():
        return reader(Tensor(x)).numpy().argmax(axis=1)


def logit(reader: nn.Sequential, digits: np.ndarray) -> Answer:
    """F: of image n, the logit of digits[n]."""
    return lambda x: ops.getitem(reader(x), (np.arange(len(digits)), digits))


def probability(reader: nn.Sequential, digits: np.ndarray) -> Answer:
    """F: of image n, the probability of digits[n]."""
    return lambda x: ops.getitem(ops.softmax(reader(x)), (np.arange(len(digits)), digits))


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """The correlation of two maps (N, 8, 8) of the same images, on average over the images."""
    pairs = zip(one.reshape(len(one), -1), other.reshape(len(other), -1), strict=True)
    return float(np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairs]))


# ------------------------------------------------------------------------------------------------- pictures of maps


def first_of(y: np.ndarray, digits: Sequence[int]) -> np.ndarray:
    """For each of these digits, the row of an image of it; another one each time that a digit comes again."""
    return np.array([np.flatnonzero(y == digit)[list(digits[:i]).count(digit)] for i, digit in enumerate(digits)])


def opening(reader: nn.Sequential, x: np.ndarray, y: np.ndarray, baseline: np.ndarray) -> Figure:
    """Some of the images, what is read, and what the logit of that owes to each pixel."""
    x = x[first_of(y, (8, 2, 8, 4, 8, 9))]
    digits = reads(reader, x)
    shares = integrated_gradients(logit(reader, digits), x, baseline).values[..., 0]
    return maps(x, {"it owes this\nto each pixel": shares}, [f"reads {digit}" for digit in digits])


def maps(x: np.ndarray, rows: Mapping[str, np.ndarray], titles: Sequence[str] = ()) -> Figure:
    """A row of images (N, 8, 8, 1), and below them rows of signed maps (N, 8, 8), each map on its own scale."""
    n, tiles = len(x), {"image": np.broadcast_to(x, (*x.shape[:3], 3))}
    tiles |= {name: signed_colours(values) for name, values in rows.items()}
    figure, axes = pyplot.subplots(
        len(tiles), n, figsize=(7.5, 0.3 + 1.05 * len(tiles)), layout="constrained", squeeze=False
    )
    for row, (name, images) in zip(axes, tiles.items(), strict=True):
        for axis, image in zip(row, images, strict=True):
            axis.imshow(image, vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
        row[0].set_ylabel(name, fontsize=9, rotation=0, ha="right", va="center")
    for axis, title in zip(axes[0], titles, strict=False):
        axis.set_title(title, fontsize=10)
    return figure


def levelled(x: float = 2.0) -> Figure:
    """F(x) = min(x, 1): the slope at x = 2 says nothing of the way that led there."""
    line = np.linspace(0, 2.5, 200)
    figure, axis = pyplot.subplots(figsize=(5.0, 2.4), layout="constrained")
    axis.plot(line, np.minimum(line, 1), color=FIRST, linewidth=2)
    axis.plot([0, x], [0, 1], "o", color=SECOND)
    axis.annotate("baseline", (0, 0), (0.12, 0.02), fontsize=10)
    axis.annotate("here the slope is 0", (x, 1), (x - 0.75, 0.8), fontsize=10)
    axis.set(xlabel="x", ylabel="F(x)", ylim=(-0.08, 1.15))
    return figure


def way_to_walk(f: Answer, x: np.ndarray, baseline: np.ndarray, title: str) -> Callable[..., Figure]:
    """For `move`: integrated gradients of one image with so many steps, and the slopes that they are made of."""
    ends = x[None], baseline[None]
    fine = (np.arange(400) + 0.5) / 400
    slopes, rise = slopes_along(f, *ends, fine), answers(f, ends[0]) - answers(f, ends[1])

    def draw(steps: int) -> Figure:
        points = (np.arange(steps) + 0.5) / steps
        seen = slopes_along(f, *ends, points)
        found = integrated_gradients(f, *ends, steps).values
        figure, axes = pyplot.subplots(1, 3, figsize=(7.5, 2.6), layout="constrained", width_ratios=(2.2, 1, 1))
        axes[0].plot(fine, slopes, color="0.2")
        axes[0].bar(points, seen, 1 / steps, color=FIRST, alpha=0.4, edgecolor=FIRST)
        axes[0].set(xlabel="share of the way", ylabel="slope along the way", xlim=(0, 1))
        axes[0].set_title(f"{title} rises by {rise[0]:.3f}; the bars: {seen.mean():.3f}", fontsize=10)
        for axis, image, name in ((axes[1], x[..., 0], "image"), (axes[2], signed_colours(found[..., 0])[0], "shares")):
            axis.imshow(image, cmap="gray")
            axis.set(xticks=[], yticks=[])
            axis.set_title(name, fontsize=10)
        return figure

    return draw


def slopes_along(f: Answer, x: np.ndarray, baseline: np.ndarray, points: np.ndarray) -> np.ndarray:
    """dF/da on the way baseline + a (x - baseline) of one image, (1, 8, 8, 1), at so many points a."""
    difference = x - baseline
    return np.array([(gradient(f, baseline + x.dtype.type(a) * difference) * difference).sum() for a in points])


def missing(f: Answer, x: np.ndarray, baseline: np.ndarray, counts: Sequence[int], middles: bool = True) -> np.ndarray:
    """What the shares lack to the rise, in size, on average over the images, for each number of steps.

    Args:
        middles: whether the gradients are taken in the middles of equal parts of the way, or at their ends.
    """
    rise, found = answers(f, x) - answers(f, baseline + np.zeros_like(x)), []
    for n in counts:
        points = (np.arange(n) + (0.5 if middles else 1.0)) / n
        total = sum((gradient(f, baseline + a * (x - baseline)) * (x - baseline)).sum(axis=(1, 2, 3)) for a in points)
        found.append(np.abs(rise - total / n).mean())
    return np.array(found)


def errors_by_steps(counts: Sequence[int], curves: Mapping[str, np.ndarray]) -> Figure:
    """What is missing by the number of steps."""
    figure, axis = pyplot.subplots(figsize=(6.0, 3.2), layout="constrained")
    for (name, values), style, colour in zip(curves.items(), ("o-", "s--", "^:"), (FIRST, SECOND, THIRD), strict=False):
        axis.plot(counts, values, style, color=colour, label=name, markersize=4)
    axis.set(xscale="log", yscale="log", xlabel="steps", ylabel="missing of the rise")
    axis.set_xticks(counts, [str(n) for n in counts])
    axis.minorticks_off()
    axis.legend(fontsize=9)
    return figure


# ------------------------------------------------------------------------------------------------------ the copiers

SYMBOLS, LENGTH = 12, 32  # of the walks
LETTERS = "abcdefghijkl"


def new_copier(layers: int, seed: int = 0, width: int = 32, heads: int = 2) -> LanguageModel:
    """A Transformer for walks. Its vectors of symbols and places start large: heads are found sooner."""
    rng = Generator(seed)
    model = LanguageModel(SYMBOLS, width, Transformer(width, heads, layers, LENGTH - 1, rng=rng), rng=rng)
    for vectors in (model.table.w, model.body.places):
        vectors.data *= 5
    return model


def learn_walks(model: LanguageModel, steps: int, seed: int = 0, batch: int = 64) -> list[float]:
    """Train on walks, none of which comes twice; returns the loss of each step, in nats a symbol."""
    rng, losses = Generator(seed + 1), list[float]()
    optimizer = Adam(model.parameters(), lr=warmup(constant(4e-3), 50), betas=(0.9, 0.98))
    optimizer.max_norm = 1.0
    for _ in range(steps):
        loss = -ops.mean(model.log_probs(walks(batch, LENGTH, SYMBOLS, rng)))
        optimizer.step(loss)
        losses.append(loss.item())
    return losses


def shares_of_symbol(model: LanguageModel, x: np.ndarray, place: int, steps: int = 64) -> tuple[np.ndarray, float]:
    """What log p of the symbol after `place` owes to the vector of each symbol up to there, and what is missing.

    Args:
        x: one sequence, (T,). The baseline of every vector is the mean vector of all symbols.
    """
    table = model.table.w.data
    vectors = table[x[: place + 1]][None]  # (1, places, features)

    def f(h: Tensor) -> Tensor:
        return ops.log_softmax(model.from_vectors(h))[:, place, int(x[place + 1])]

    found = integrated_gradients(f, vectors, np.broadcast_to(table.mean(axis=0), vectors.shape), steps)
    return found.values[0].sum(axis=1), float(found.missing[0])


def owed(shares: np.ndarray, x: np.ndarray) -> Figure:
    """The shares of the symbols up to a place in log p of the next, as bars."""
    t = len(shares)
    figure, axis = pyplot.subplots(figsize=(7.0, 2.6), layout="constrained")
    axis.bar(range(t), shares, color=np.where(shares > 0, SECOND, FIRST))
    axis.axhline(0, color="0.3", linewidth=0.8)
    axis.set_xticks(range(t), [LETTERS[i] for i in x[:t]], fontsize=10)
    axis.set(xlabel="what it has seen", ylabel="share, in nats")
    axis.set_title(f"log p of '{LETTERS[x[t]]}', the next symbol", fontsize=10)
    return figure


def by_counting(x: np.ndarray, jumps: float = 0.25) -> np.ndarray:
    """-log p of each symbol but the first, (N, T - 1), by what followed the same symbol earlier in the walk.

    What one knows who knows how walks are made, but for one thing: that no two symbols have the same follower.
    """
    n, t = x.shape
    counts = followers(x[:, :-1]).astype(np.float64) @ np.eye(SYMBOLS)[x[:, :-1]]  # (N, T - 1, symbols)
    scores = counts * np.log(1 + SYMBOLS * (1 - jumps) / jumps)
    p = np.exp(scores - scores.max(axis=2, keepdims=True))
    p = (1 - jumps) * p / p.sum(axis=2, keepdims=True) + jumps / SYMBOLS
    return -np.log(p[np.arange(n)[:, None], np.arange(t - 1), x[:, 1:]])


def as_text(x: np.ndarray) -> str:
    """Symbols as letters."""
    return "".join(LETTERS[i] for i in x)


def loss_curves(curves: Mapping[str, Sequence[float]], lines: Mapping[str, float]) -> Figure:
    """Losses by step, smoothed over 20, beside numbers to hold them against."""
    figure, axis = pyplot.subplots(figsize=(6.5, 2.9), layout="constrained")
    for (name, losses), style, colour in zip(curves.items(), ("-", "--"), (FIRST, SECOND), strict=True):
        axis.plot(np.convolve(losses, np.ones(20) / 20, "valid"), style, color=colour, label=name)
    for (name, value), style in zip(lines.items(), (":", "-."), strict=True):
        axis.axhline(value, color="0.3", linestyle=style, linewidth=1, label=f"{name}: {value:.2f}")
    axis.set(xlabel="step", ylabel="nats a symbol")
    axis.legend(fontsize=9)
    return figure


def copies(curves: Mapping[str, np.ndarray]) -> Figure:
    """The loss of each symbol of random symbols that come twice, by what the model lacks."""
    figure, axis = pyplot.subplots(figsize=(7.0, 3.1), layout="constrained")
    _copies(axis, curves)
    return figure


def _copies(axis: Axes, curves: Mapping[str, np.ndarray]) -> None:
    styles = (("-", FIRST), ("--", SECOND), (":", THIRD), ("-.", "0.4"))
    for (name, losses), (style, colour) in zip(curves.items(), styles, strict=False):
        axis.plot(range(2, len(losses) + 2), losses, style, color=colour, label=name)
    half = (len(next(iter(curves.values()))) + 1) / 2
    axis.axvline(half + 0.5, color="0.7", linewidth=1)
    axis.set(xlabel="place (the line: the second time begins)", ylabel="nats", ylim=(0, None))
    axis.legend(fontsize=9)


def head_to_pick(model: LanguageModel, x: np.ndarray) -> Callable[..., Figure]:
    """For `move`: where a head looks in the first of sequences x (N, 2 L), and the loss of all of them without it."""
    seen = np.asarray(patterns(model, x))  # (layers, N, H, T, T)
    whole, name = copying(model, x), as_text(x[0, :-1])
    wanted = np.argwhere(followers(x[:1, :-1])[0])

    def draw(head: str) -> Figure:
        layer, number = picked = head_of(head)
        figure, axes = pyplot.subplots(1, 2, figsize=(7.5, 3.7), layout="constrained", width_ratios=(1.15, 1))
        axes[0].imshow(seen[layer, 0, number], cmap="Blues", vmin=0, vmax=1)
        axes[0].plot(wanted[:, 1], wanted[:, 0], "s", color=SECOND, markersize=7, markerfacecolor="none")
        for places, named in ((axes[0].set_xticks, name), (axes[0].set_yticks, name)):
            places(range(len(named)), list(named), fontsize=9)
        axes[0].tick_params(length=0)
        axes[0].set(xlabel="looks at", ylabel="place")
        axes[0].set_title(f"layer {layer + 1}, head {number + 1}", fontsize=10)
        _copies(axes[1], {"the model": whole, "without this head": copying(model, x, [picked])})
        return figure

    return draw


def head_of(name: str) -> Head:
    """'2.1' as (1, 0)."""
    layer, head = name.split(".")
    return int(layer) - 1, int(head) - 1


def head_table(rows: Mapping[str, Sequence[float]], columns: Sequence[str]) -> Figure:
    """Numbers of heads: a row for each head, a column for each number, written where they stand."""
    values: Any = np.array(list(rows.values()))
    figure, axis = pyplot.subplots(figsize=(6.5, 0.8 + 0.42 * len(rows)), layout="constrained")
    axis.imshow(values / np.abs(values).max(axis=0), cmap="Blues", vmin=0, vmax=1.4, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        axis.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=10)
    axis.set_yticks(range(len(rows)), list(rows), fontsize=10)
    axis.set_xticks(range(len(columns)), columns, fontsize=9)
    axis.tick_params(length=0)
    return figure
