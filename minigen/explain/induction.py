"""Induction heads (Olsson et al. 2022): attention that completes what it has seen before, ... A B ... A -> B.

At the second A such a head looks for places that came after an A, finds B, and makes B likelier. It takes two layers: a
head below writes into each place which symbol stood before it, and the induction head asks for that.

Sequences that show it have nothing else to be predicted by: random symbols, and then the same once more,

    s = r_1 ... r_L r_1 ... r_L

The first half costs log K nats a symbol, whatever the model knows. In the second half one that copies has little loss,
and one that only knows which symbols and pairs are frequent has none of it. For each head,

    prefix matching = mean over places i of the second half of the attention that i pays to all j with s_(j-1) = s_i

is how much it looks at what followed earlier. Blind attention, the same to all places that can be seen, has the score
that `chance` says. A head with a high score need not copy what it looks at: that is shown by ablation, which must make
the second half as dear as the first, and not so if as many other heads go.

A second half can be told without looking for a prefix, too: by counting places, if copies are always as long, or by
elimination, if each symbol comes once. So do not train on `repeated`, or a model learns that. `walks` are sequences
that only the prefix explains: in each one its own symbol follows each symbol, except where it jumps.

Lesson 25 derives it.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from ..autodiff import no_grad
from ..backend import to_device, to_numpy
from ..errors import ArgumentError, whole
from ..random import Generator
from .heads import Head, ablated, patterns


def repeated(n: int, length: int, symbols: int, rng: Generator, first: int = 0) -> np.ndarray:
    """Random symbols, and the same once more: integers (n, 2 length) in first ... symbols - 1.

    No symbol comes twice in a half if there are enough.

    Raises:
        ArgumentError: nothing to choose from.
    """
    whole("n", n)
    whole("length", length)
    choice = whole("symbols", symbols) - whole("first", first, least=0)
    if choice < 2:
        raise ArgumentError(f"symbols: expected two or more from {first} on, got {symbols}")
    times = -(-length // choice)
    half = np.stack([np.concatenate([rng.permutation(choice) for _ in range(times)])[:length] for _ in range(n)])
    return np.tile(first + half, (1, 2)).astype(np.int64)


def walks(n: int, length: int, symbols: int, rng: Generator, jumps: float = 0.25) -> np.ndarray:
    """Sequences with an order of their own: integers (n, length) in 0 ... symbols - 1.

    In each one s_(t+1) = f(s_t), for a random permutation f of its own; but with probability `jumps` it is any symbol.

    Raises:
        ArgumentError: a number that is impossible.
    """
    n, length, symbols = whole("n", n), whole("length", length), whole("symbols", symbols)
    if not 0 <= jumps <= 1:
        raise ArgumentError(f"jumps: expected a number from 0 to 1, got {jumps!r}")
    follows = np.stack([rng.permutation(symbols) for _ in range(n)])  # (n, symbols)
    jumping, anywhere = rng.host.random((n, length)) < jumps, rng.host.integers(symbols, size=(n, length))
    x = anywhere.astype(np.int64)
    for t in range(1, length):
        x[:, t] = np.where(jumping[:, t], anywhere[:, t], follows[np.arange(n), x[:, t - 1]])
    return x


def followers(x: np.ndarray) -> np.ndarray:
    """Which places j a place i finds by prefix: x_(j-1) = x_i with j <= i; symbols (N, T) -> (N, T, T) of bool."""
    match = np.zeros((*x.shape, x.shape[1]), bool)
    match[:, :, 1:] = x[:, :, None] == x[:, None, :-1]
    return np.tril(match)


class PrefixMatching(NamedTuple):
    """Scores of heads, (layers, H), and what attention has that is the same to all places."""

    scores: np.ndarray
    chance: float


def prefix_matching(attention: np.ndarray, x: np.ndarray) -> PrefixMatching:
    """How much each head looks at what followed the last time.

    Args:
        attention: (layers, N, H, T, T), as `patterns` gives it. x: the symbols that it is of, (N, T), of `repeated`;
            the second half counts.
    """
    match = followers(x)
    half = slice((x.shape[1] + 1) // 2, None)
    scores = np.where(match[:, None, half], attention[:, :, :, half], 0).sum(axis=4).mean(axis=(1, 3))
    seen = np.arange(1, x.shape[1] + 1)
    return PrefixMatching(scores, float((match.sum(axis=2) / seen)[:, half].mean()))


def copying(model: Any, x: np.ndarray, without: Collection[Head] = (), way: str = "mean") -> np.ndarray:
    """The loss of each symbol of `repeated` x (N, 2 L) but the first, without some heads: (2 L - 1,) nats."""
    with ablated(model, without, way), no_grad():
        log_p = to_numpy(model.log_probs(to_device(x, model.device)).data)
    return -log_p.mean(axis=0, dtype=np.float64)


def scores_of(model: Any, x: np.ndarray) -> PrefixMatching:
    """The scores of a model's heads on `repeated` sequences x (N, 2 L)."""
    return prefix_matching(to_numpy(patterns(model, to_device(x, model.device))), x[:, :-1])
