"""Lesson 16: counts of contexts, and pictures of shares, prices and losses."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib import pyplot
from matplotlib.figure import Figure
from numpy.lib.stride_tricks import sliding_window_view

from ...data import PAD, Dataset
from ...data.alphabet import decode, lines_of
from ...models.sequences.ngram import NGram
from ...random import Generator

ALPHAS = 10.0 ** np.arange(-3, 1.01, 0.25)


def shown(alphabet: str) -> list[str]:
    """The characters of an alphabet, with a dot for the line end."""
    return ["." if character == "\n" else character for character in alphabet]


def shares_after(text: np.ndarray, alphabet: str) -> Figure:
    """How often each symbol follows each other one in a text (T,), as shares of a row."""
    counts = np.zeros((len(alphabet), len(alphabet)))
    np.add.at(counts, (text[:-1], text[1:]), 1)
    figure, axis = pyplot.subplots(figsize=(6.2, 5.6), layout="constrained")
    image = axis.imshow(counts / counts.sum(axis=1, keepdims=True), cmap="viridis", vmin=0, vmax=0.5)
    axis.set_xticks(range(len(alphabet)), shown(alphabet), fontsize=9)
    axis.set_yticks(range(len(alphabet)), shown(alphabet), fontsize=9)
    axis.set(xlabel="next symbol", ylabel="symbol")
    figure.colorbar(image, label="share of the row (0.5 and more: yellow)", shrink=0.8)
    return figure


def learnt_and_counted(losses: Sequence[float], counted: float) -> Figure:
    """The loss of a net by step, above the loss of the relative frequencies."""
    figure, axis = pyplot.subplots(figsize=(6.5, 2.8), layout="constrained")
    axis.plot(losses, color="C0", label="a net with 27 x 27 logits")
    axis.axhline(counted, color="black", linestyle="--", label="relative frequencies")
    axis.set(xlabel="step", ylabel="nats a symbol, training names")
    axis.legend(fontsize=9)
    return figure


def examples(x: np.ndarray, order: int, symbols: int = 27) -> tuple[np.ndarray, np.ndarray]:
    """The context of each symbol but the first of every line (N, T + 1), as one number, and the symbol: (M,) each.

    A context is a number with `order` digits; the digit 27 stands before the beginning of a line.
    """
    padded = np.hstack([np.full((len(x), order), symbols), x.astype(int)])
    windows = sliding_window_view(padded, order + 1, axis=1)[:, 1:][x[:, 1:] != PAD]  # (M, order + 1)
    return windows[:, :-1] @ (symbols + 1) ** np.arange(order)[::-1], windows[:, -1]


def counts_after(train: np.ndarray, x: np.ndarray, order: int, symbols: int = 27) -> tuple[np.ndarray, np.ndarray]:
    """For each symbol of x that is predicted, how often it followed its context in `train`, and how often any did."""
    (known, followed), (asked, following) = examples(train, order, symbols), examples(x, order, symbols)
    contexts, rows = np.unique(known, return_inverse=True)
    table = np.zeros((len(contexts) + 1, symbols))  # the last row: what was never seen
    np.add.at(table, (rows, followed), 1)
    found = np.searchsorted(contexts, asked).clip(max=len(contexts) - 1)
    found[contexts[found] != asked] = len(contexts)
    return table[found, following], table.sum(axis=1)[found]


def adding(c: np.ndarray, n: np.ndarray, alpha: float, symbols: int = 27) -> float:
    """Nats a symbol, if alpha is added to every count."""
    return float(-np.log((c + alpha) / (n + alpha * symbols)).mean())


def best_alpha(train: np.ndarray, test: np.ndarray, order: int) -> float:
    """Test nats with the alpha that is best for the test names."""
    c, n = counts_after(train, test, order)
    return min(adding(c, n, alpha) for alpha in ALPHAS)


def added(train: np.ndarray, test: np.ndarray) -> Callable[[float, str], Figure]:
    """For `move`: the loss of each order, if 10^alpha is added to every count."""
    counts = {
        part: [counts_after(train, x, order) for order in range(7)] for part, x in (("test", test), ("training", train))
    }
    best = {part: [min(adding(c, n, a) for a in ALPHAS) for c, n in counts[part]] for part in counts}

    def draw(alpha: float, part: str) -> Figure:
        figure, axis = pyplot.subplots(figsize=(6.5, 3.2), layout="constrained")
        found = [adding(c, n, 10**alpha) for c, n in counts[part]]
        axis.plot(found, "o-", color="C0", label=f"alpha = {10**alpha:.3g}")
        axis.plot(best[part], "k:", label="the best alpha of each order")
        axis.set(xlabel="order", ylabel=f"nats a symbol, {part} names", ylim=(1.1, 3.2))
        axis.legend(fontsize=9, loc="lower left")
        return figure

    return draw


def price_of_letters(first: NGram, third: NGram, name: str, alphabet: str) -> Figure:
    """What each letter of a name costs in bits, with two models, and the sums."""
    x = np.array([alphabet.index(character) for character in f"\n{name}\n"])
    figure, axis = pyplot.subplots(figsize=(6.5, 3), layout="constrained")
    places = np.arange(len(x) - 1)
    for model, shift, colour, hatch in ((first, -0.2, "C1", "//"), (third, 0.2, "C0", "")):
        bits = -model.log_probs(x) / np.log(2)
        label = f"order {model.order}: {bits.sum():.1f} bits together"
        axis.bar(places + shift, bits, 0.4, color=colour, hatch=hatch, edgecolor="white", label=label)
    axis.axhline(np.log2(len(alphabet)), color="black", linestyle=":", label="all symbols alike")
    axis.set_xticks(places, [*name, "."])
    axis.set(ylabel="bits", xlabel="next symbol", ylim=(0, 7.8))
    axis.legend(fontsize=9, ncols=2)
    return figure


def compressors(train: Dataset, test: Dataset, nats: Mapping[str, float]) -> None:
    """Print bits a symbol of the test names: of models, and of compressors that have packed the training names."""
    known, new = ("".join(f"{line}\n" for line in lines_of(part.x, part.alphabet)).encode() for part in (train, test))
    print(f"{'all symbols alike':18} {np.log2(len(train.alphabet)):.2f} bits a symbol")
    for name, value in nats.items():
        print(f"{name:18} {value / np.log(2):.2f} bits, perplexity {np.exp(value):.1f}")
    packers: dict[str, Callable[[bytes], bytes]] = {"zlib": zlib.compress, "lzma": lzma.compress, "bz2": bz2.compress}
    for name, pack in packers.items():
        bits = 8 * (len(pack(known + new)) - len(pack(known))) / len(new)
        print(f"{name:18} {bits:.2f} bits")


def by_order(smoothed: Mapping[str, np.ndarray], adding_best: Sequence[float]) -> Figure:
    """Losses by order: test and training with interpolation, and test with the best number added."""
    figure, axis = pyplot.subplots(figsize=(6.5, 3.4), layout="constrained")
    axis.plot(smoothed["test"], "o-", color="C0", label="interpolated, test names")
    axis.plot(adding_best, "s:", color="C1", label="best alpha added, test names")
    axis.plot(smoothed["training"], "^--", color="0.4", label="interpolated, training names")
    axis.set(xlabel="order", ylabel="nats a symbol")
    axis.legend(fontsize=9)
    return figure


def drawn(model: NGram, alphabet: str, n: int, temperature: float = 1.0, seed: int = 0) -> list[str]:
    """n names that the model makes up, with each p to the power 1 / temperature."""
    rng, names = np.random.default_rng(seed), []
    for _ in range(n):
        name = [0]
        while (len(name) < 2 or name[-1]) and len(name) < 30:
            p = model.probs(np.array([name]))[0] ** (1 / temperature)
            name.append(int(rng.choice(len(p), p=p / p.sum())))
        names.append(decode(np.array(name), alphabet).strip("\n"))
    return names


def share_of_copies(model: NGram, train: Dataset, n: int) -> float:
    """The share of n drawn names that are names of the training set."""
    known = set(lines_of(train.x, train.alphabet))
    made = lines_of(model.sample(n, 30, [0], end=0, rng=Generator(0)), train.alphabet)
    return sum(name in known for name in made) / n


def verse(model: NGram, alphabet: str, length: int, seed: int = 0) -> str:
    """A text of that length that the model makes up, from the beginning of a line."""
    return decode(model.sample(1, length, [alphabet.index("\n")], rng=Generator(seed))[0], alphabet).strip()
