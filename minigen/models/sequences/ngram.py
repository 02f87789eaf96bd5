"""Counting as a model of text: n-grams, interpolated as Witten and Bell (1991) propose.

A text is likely if each symbol is, given those before it. A model of order k looks back at no more than k of them,

    p(x_1 ... x_T) = product over t of p(x_t | h),  h = x_{t-k} ... x_{t-1}

and the likelihood of the training text is largest for the relative frequencies c(h, s) / n(h), where c(h, s) counts
how often s follows h and n(h) = sum over s of c(h, s). But a frequency of 0 forbids what has not been seen yet, and a
single text that holds it then costs infinitely many nats.

How likely is something new after h? Read the n(h) symbols that follow it one by one: T(h) of them, as many as there are
different ones, were new when they came. So count "something new" as an event of its own, which has happened T(h) times
in n(h) + T(h) events, and leave it to the shorter context h' (h without its oldest symbol) which symbol it is:

    p(s|h) = (c(h, s) + T(h) p(s|h')) / (n(h) + T(h))
           = a c(h, s) / n(h) + (1 - a) p(s|h'),  a = n(h) / (n(h) + T(h))

The second line is the interpolation of Chen and Goodman (1998). A context that was never seen has n = T = 0 and says
what the shorter one says; the shortest has none before it but the uniform distribution over the symbols. Nothing is
tuned and nothing is trained: one pass over the text, and a net must do better than this to be worth its steps.

Lesson 16 derives it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ...backend import Array, to_numpy
from ...data import PAD
from ...errors import ArgumentError, DTypeError, ShapeError, whole
from ...random import Generator, given_or_default


class Counts(NamedTuple):
    """What is known of the contexts of one length, numbered 0 ... C-1, and of one more that was never seen, number -1.

    Attributes:
        contexts: (C,) sorted: the number of the shorter context times (V + 1), plus the symbol before it.
        pairs: (P,) sorted: the number of a context times V, plus a symbol that follows it.
        c: (P + 1,) how often it follows. n: (C + 1,) how often anything does. kinds: (C + 1,) how many symbols do.
    """

    contexts: np.ndarray
    pairs: np.ndarray
    c: np.ndarray
    n: np.ndarray
    kinds: np.ndarray


def places(table: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Where each key stands in a sorted table; -1 if it does not."""
    found = np.searchsorted(table, keys).clip(max=len(table) - 1)
    return np.where(table[found] == keys, found, -1)


class NGram:
    """Counts of symbols after contexts of 0 ... `order` symbols.

    Before a sequence begins, its contexts are filled with a symbol that stands nowhere else, so that what follows the
    beginning is counted by itself.

    Args:
        order: how many symbols it looks back at; 1 counts pairs.
        symbols: V, how many there are: 0 ... V-1.

    Raises:
        ArgumentError: order is negative, or symbols not in 1 ... 255.
    """

    def __init__(self, order: int, symbols: int) -> None:
        self.order, self.symbols = whole("order", order, 0), whole("symbols", symbols)
        if symbols > PAD:
            raise ArgumentError(f"symbols: expected at most {PAD}, as {PAD} stands for the end, got {symbols}")
        self.levels: list[Counts] = []

    def fit(self, sequences: Array) -> "NGram":
        """Count; what was counted before is forgotten.

        Args:
            sequences: one text (T + 1,), or lines (N, T + 1): integers, each line ending with as many 255 as it is
                shorter than others. The first symbol is given, and not counted as one that follows.

        Raises:
            ShapeError, DTypeError, ArgumentError: they are no such thing.
        """
        history, following = self._examples(self._checked(sequences))
        if not len(following):
            raise ArgumentError(
                "sequences: expected at least one symbol that follows another, got none; give more text"
            )
        self.levels, context = [], np.zeros(len(following), np.int64)  # the empty context is number 0
        contexts = np.zeros(1, np.int64)
        for length in range(self.order + 1):
            if length:
                keys = context * (self.symbols + 1) + history[:, -length]
                contexts, context = np.unique(keys, return_inverse=True)
            pairs, c = np.unique(context * self.symbols + following, return_counts=True)
            of = pairs // self.symbols
            n, kinds = np.bincount(of, c), np.bincount(of)
            self.levels.append(Counts(contexts, pairs, np.append(c, 0), np.append(n, 0), np.append(kinds, 1)))
        return self

    def log_probs(self, sequences: Array) -> np.ndarray:
        """log p of each symbol given those before it, in nats: (T + 1,) -> (T,), or (N, T + 1) -> (N, T); 0 at 255.

        Raises:
            ArgumentError, ShapeError, DTypeError: as of `fit`, and where nothing has been counted.
        """
        x = self._checked(sequences)
        history, following = self._examples(x)
        logs = np.zeros(x[:, 1:].shape)
        logs[x[:, 1:] != PAD] = np.log(self._by_order(history, following[:, None])[-1][:, 0])
        return logs if np.asarray(to_numpy(sequences)).ndim == 2 else logs[0]

    def log_prob(self, sequences: Array) -> np.ndarray:
        """log p of each sequence given its first symbol, in nats: (N, T + 1) -> (N,), or (T + 1,) -> ().

        Raises:
            ArgumentError, ShapeError, DTypeError: as of `log_probs`.
        """
        return self.log_probs(sequences).sum(axis=-1)

    def nats(self, sequences: Array) -> np.ndarray:
        """-log p, mean over the symbols that are predicted, of the models of order 0, 1, ..., `order`: (order + 1,).

        Raises:
            ArgumentError, ShapeError, DTypeError: as of `log_probs`.
        """
        history, following = self._examples(self._checked(sequences))
        if not len(following):
            raise ArgumentError(
                "sequences: expected at least one symbol that follows another, got none; give more text"
            )
        return np.array([-np.log(p).mean() for p in self._by_order(history, following[:, None])])

    def probs(self, before: Array) -> np.ndarray:
        """p(s|h) of all symbols s, after texts h that have begun: integers (N, L), L >= 0 -> (N, V)."""
        x = np.asarray(to_numpy(before))
        if x.ndim != 2:
            raise ShapeError(f"before: expected texts (N, L), got shape {x.shape}")
        history = np.full((len(x), self.order), self.symbols, np.int16)  # (N, order)
        kept = min(self.order, x.shape[1])
        history[:, self.order - kept :] = self._known("before", x)[:, x.shape[1] - kept :]
        return self._by_order(history, np.arange(self.symbols)[None])[-1]

    def likeliest(self, lines: Array) -> np.ndarray:
        """The likeliest symbol at each place but the first, given those before it: (N, T + 1) -> (N, T)."""
        x = self._checked(lines)
        known = np.where(x == PAD, 0, x)
        return np.stack([self.probs(known[:, : t + 1]).argmax(axis=1) for t in range(x.shape[1] - 1)], axis=1)

    def sample(
        self,
        n: int,
        length: int,
        prompt: Array | Sequence[int] = (),
        end: int | None = None,
        rng: Generator | None = None,
    ) -> np.ndarray:
        """n texts that begin with the prompt (L,) and go on for `length` symbols: bytes (n, L + length).

        Args:
            end: a symbol after which a text is over: the rest is 255.

        Raises:
            ArgumentError: n or length is not an integer >= 1, or the prompt has unknown symbols.
        """
        whole("n", n), whole("length", length)
        rng, given = given_or_default(rng), np.asarray(to_numpy(prompt)).reshape(-1)  # type: ignore[arg-type]  # or a list
        texts = np.full((n, len(given) + length), PAD, np.uint8)
        texts[:, : len(given)] = self._known("prompt", given)
        going = np.arange(n)  # the numbers of those that are not over
        for t in range(len(given), texts.shape[1]):
            up_to = self.probs(texts[going, max(0, t - self.order) : t]).cumsum(axis=1)  # (n, V): p of symbols 0 ... s
            drawn = rng.uniform((len(going), 1), dtype=np.float64, device="cpu")
            texts[going, t] = (drawn >= up_to[:, :-1]).sum(axis=1)  # the last symbol takes what rounding leaves
            going = going[texts[going, t] != end]
        return texts

    def _by_order(self, history: np.ndarray, symbols: np.ndarray) -> list[np.ndarray]:
        """p of symbols (M, S) or (1, S) after contexts (M, order), by the models of each order: (M, S) each."""
        if not self.levels:
            raise ArgumentError("NGram: nothing has been counted yet; call fit(sequences) first")
        context, found = np.zeros((len(history), 1), np.int64), []  # (M, 1)
        p: np.ndarray = np.full((len(history), symbols.shape[1]), 1 / self.symbols)
        for length, counts in enumerate(self.levels):
            if length:
                context = places(counts.contexts, context * (self.symbols + 1) + history[:, -length, None])
            c = counts.c[places(counts.pairs, context * self.symbols + symbols)]  # (M, S)
            n, kinds = counts.n[context], counts.kinds[context]  # (M, 1); 0 and 1 after what was never seen
            p = (c + kinds * p) / (n + kinds)
            found.append(p)
        return found

    def _checked(self, sequences: Array) -> np.ndarray:
        """The sequences as integers (N, T + 1)."""
        x = np.asarray(to_numpy(sequences))
        if x.ndim not in (1, 2) or not x.shape[-1]:
            raise ShapeError(f"sequences: expected one text (T + 1,) or lines (N, T + 1), got shape {x.shape}")
        x = x.reshape(-1, x.shape[-1])
        ended = x == PAD
        if (ended[:, :-1] & ~ended[:, 1:]).any():
            raise ArgumentError("sequences: a symbol after 255, which ends a line; 255 only fills its rest")
        self._known("sequences", np.where(ended, 0, x) if x.dtype.kind in "iu" else x)
        return x

    def _known(self, name: str, x: np.ndarray) -> np.ndarray:
        """The symbols x, if they are some."""
        if x.size and x.dtype.kind not in "iu":
            raise DTypeError(f"{name}: expected integers, got {x.dtype}")
        if x.size and (x.min() < 0 or x.max() >= self.symbols):
            wrong = x[(x < 0) | (x >= self.symbols)][0]
            raise ArgumentError(f"{name}: expected symbols 0 ... {self.symbols - 1}, got {wrong}; give more `symbols`")
        return x

    def _examples(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The `order` symbols before each symbol but the first, (M, order), oldest first, and these symbols, (M,)."""
        before = np.full((len(x), self.order), self.symbols, np.int16)
        windows = sliding_window_view(np.hstack([before, x.astype(np.int16)]), self.order + 1, axis=1)[:, 1:]
        kept = windows[x[:, 1:] != PAD]  # (M, order + 1)
        return kept[:, :-1], kept[:, -1]


def text_of(x: np.ndarray) -> np.ndarray:
    """The text (T,) that was cut into windows (N, T + 1), each one symbol on, or blocks that share one."""
    if np.array_equal(x[1:, :-1], x[:-1, 1:]):
        return np.concatenate([x[0], x[1:, -1]])
    if np.array_equal(x[1:, 0], x[:-1, -1]):
        text = np.concatenate([x[:1, 0], x[:, 1:].reshape(-1)])
        return text[text != PAD]
    return x


def counting(
    train_x: np.ndarray, test_x: np.ndarray, symbols: int, kind: str, orders: Sequence[int] = (1, 2, 3, 4, 5)
) -> dict[str, float]:
    """What counting the training examples gets on the test examples, in nats a symbol, by order: {'counting 1': 2.49}.

    Args:
        train_x, test_x: bytes (N, T + 1) of a data set of text or lines.
        symbols: how many characters its alphabet has.
        kind: 'text', of which the examples are pieces, or 'lines', each an example.
        orders: how many symbols are looked back at.
    """
    train, test = (text_of(x) if kind == "text" else x for x in (train_x, test_x))
    found = NGram(max(orders), symbols).fit(train).nats(test)
    return {f"counting {order}": float(found[order]) for order in orders}
