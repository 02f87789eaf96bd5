"""Lesson 17: a Transformer of one block that adds, what its heads look at, and weights to move."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib import pyplot
from matplotlib.figure import Figure

from ... import ops
from ...autodiff import Tensor, no_grad, raw
from ...models.sequences.language import LanguageModel
from ...models.sequences.ngram import NGram
from ...models.sequences.transformer import CausalSelfAttention, Transformer
from ...optim import Adam, constant, warmup
from ...random import Generator

ALPHABET = "\n+0123456789="
PLACES = ("\\n", "a1", "a0", "+", "b1", "b0", "=", "s0", "s1", "s2")  # a1 a0 + b1 b0 = s0 s1 s2, units first
ANSWER = slice(6, 9)  # the places at which a digit of the sum is predicted: =, s0 and s1
DIGITS = ("units", "tens", "hundreds")
WIDTH, HEADS = 48, 3

# -------------------------------------------------------------------------------------------------------- the adder


def new_net(seed: int = 0) -> LanguageModel:
    """One block of three heads, 48 features wide, for lines of 11 symbols.

    The vectors of symbols and places start five times as large as the library's: the carry is found sooner.
    """
    rng = Generator(seed)
    net = LanguageModel(len(ALPHABET), WIDTH, Transformer(WIDTH, HEADS, 1, 10, rng=rng), rng=rng)
    for vectors in (net.table.w, net.body.places):
        vectors.data *= 5
    return net


def fit(net: LanguageModel, lines: np.ndarray, steps: int, batch: int = 128, seed: int = 0) -> list[float]:
    """Descend on -log p of the three digits of the sum; returns the loss of each step, in nats a digit.

    It takes so many steps at most, and ends as soon as the mean of 50 losses is below 0.01.
    """
    rng, losses = Generator(seed + 100), list[float]()
    optimizer = Adam(net.parameters(), lr=warmup(constant(5e-3), 50), betas=(0.9, 0.95))
    optimizer.max_norm = 1.0
    while len(losses) < steps and not (len(losses) >= 50 and np.mean(losses[-50:]) < 0.01):
        x = lines[rng.host.integers(len(lines), size=batch)]
        loss = -ops.mean(net.log_probs(x)[:, ANSWER])
        optimizer.step(loss)
        losses.append(loss.item())
    return losses


def unmasked(net: LanguageModel) -> LanguageModel:
    """The same net with its mask taken away: each place sees those after it, too."""
    (block,) = net.body.blocks
    block.attention.__class__ = Unmasked
    return net


class Unmasked(CausalSelfAttention):
    """Attention of each place to all places."""

    def forward(self, x: Tensor, memory: Any = None) -> Tensor:
        """(N, T, C) -> (N, T, C)."""
        n, t, c = x.shape
        qkv = ops.reshape(self.qkv(x), (n, t, 3, self.heads, c // self.heads))
        y = ops.attention(qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2], causal=False)
        return self.out(ops.reshape(y, (n, t, c)))


def written(net: Callable[[np.ndarray], Any], lines: np.ndarray) -> np.ndarray:
    """The three digits that the net writes after each '=', one after the other, the likeliest each time: (N, 3)."""
    x = lines[:, :7].astype(np.int64)
    with no_grad():
        for _ in range(3):
            x = np.concatenate([x, raw(net(x))[:, -1:].argmax(axis=2)], axis=1)
    return x[:, 7:]


def right(net: Callable[[np.ndarray], Any], lines: np.ndarray) -> tuple[float, np.ndarray]:
    """The share of sums that are right, and that of each digit: units, tens, hundreds."""
    same = written(net, lines) == lines[:, 7:10]
    return float(same.all(axis=1).mean()), same.mean(axis=0)


def counting(lines: np.ndarray, order: int) -> Callable[[np.ndarray], np.ndarray]:
    """An n-gram of lesson 16 in the place of a net: log p of the next symbol, (N, T, symbols)."""
    model = NGram(order, len(ALPHABET)).fit(lines)

    def log_probs(x: np.ndarray) -> np.ndarray:
        return np.log(model.probs(x))[:, None]

    return log_probs


def weights(net: LanguageModel, lines: np.ndarray) -> np.ndarray:
    """The weights of all heads of the one block on lines (N, T + 1): (N, H, T, T)."""
    (block,) = net.body.blocks
    part = block.attention
    with no_grad():
        h = net.table(lines[:, :-1].astype(np.int64)) + net.body.places[: lines.shape[1] - 1]
        n, t, c = h.shape
        qkv = raw(part.qkv(block.norm1(h))).reshape(n, t, 3, part.heads, c // part.heads)
        return np.asarray(ops.attention_weights(qkv[:, :, 0], qkv[:, :, 1]))


def without_head(net: LanguageModel, head: int, lines: np.ndarray) -> np.ndarray:
    """The share of right digits if what one head says is dropped; the net is as before afterwards."""
    with silenced(net, head):
        return right(net, lines)[1]


@contextmanager
def silenced(net: LanguageModel, head: int) -> Iterator[None]:
    """Inside it, what one head says is dropped: its rows of the matrix that mixes the heads are 0."""
    (block,) = net.body.blocks
    w = block.attention.out.w.data
    size = WIDTH // HEADS
    rows = slice(head * size, (head + 1) * size)
    kept = w[rows].copy()
    try:
        w[rows] = 0
        yield
    finally:
        w[rows] = kept


# --------------------------------------------------------------------------------------------------------- pictures


def opening(net: LanguageModel, lines: np.ndarray) -> Figure:
    """What each head looks at while it writes the three digits, on the average over lines."""
    mean = weights(net, lines).mean(axis=0)[:, ANSWER]
    figure, axes = pyplot.subplots(HEADS, 1, figsize=(7.2, 5.2), layout="constrained", sharex=True)
    for head, (axis, w) in enumerate(zip(axes, mean, strict=True)):
        table(axis, w, [f"writes {digit}" for digit in DIGITS], PLACES)
        axis.set_title(f"head {head}", fontsize=10)
    return figure


def table(axis: Any, values: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> None:
    """A matrix of shares as a table: darker for more, with the numbers from 0.05 on."""
    axis.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axis.set_yticks(range(len(rows)), rows, fontsize=9)
    axis.set_xticks(range(len(columns)), columns, fontsize=9)
    for (i, j), value in np.ndenumerate(values):
        if value >= 0.05:
            axis.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=9, color="w" if value > 0.6 else "k")


def knocked_out(net: LanguageModel, lines: np.ndarray) -> Figure:
    """The share of right digits with all heads, and without each one."""
    rows = [right(net, lines)[1], *(without_head(net, head, lines) for head in range(HEADS))]
    figure, axis = pyplot.subplots(figsize=(5.2, 2.6), layout="constrained")
    table(axis, np.array(rows), ["all heads", *(f"without head {h}" for h in range(HEADS))], DIGITS)
    axis.set_title("share of right digits", fontsize=10)
    return figure


def curves(masked: Sequence[float], free: Sequence[float]) -> Figure:
    """The losses of two trainings."""
    figure, axis = pyplot.subplots(figsize=(6.5, 2.8), layout="constrained")
    axis.plot(masked, color="C0", label="with the mask")
    axis.plot(free, color="C1", linestyle="--", label="without")
    axis.set(xlabel="step", ylabel="nats a digit", yscale="log")
    axis.legend(fontsize=9)
    return figure


def sharpened() -> Callable[..., Figure]:
    """Weights of 12 causal places, for scores that are multiplied by a number."""
    rng = np.random.default_rng(1)
    q, k = rng.standard_normal((2, 1, 12, 1, 16))

    def draw(factor: float, masked: bool) -> Figure:
        w = ops.attention_weights(factor * q, k, causal=masked)[0, 0]
        figure, axis = pyplot.subplots(figsize=(5.2, 4.2), layout="constrained")
        image = axis.imshow(w, cmap="Blues", vmin=0, vmax=1)
        seen = np.exp(-(w * np.log(np.maximum(w, 1e-30))).sum(axis=1))  # e^entropy
        axis.set(xlabel="key", ylabel="query")
        axis.set_title(f"a query takes from {seen.mean():.1f} keys on average (e to the entropy)", fontsize=10)
        figure.colorbar(image, label="weight", shrink=0.8)
        return figure

    return draw
