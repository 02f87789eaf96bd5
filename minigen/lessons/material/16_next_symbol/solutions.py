"""Lesson 16: the next symbol. Six functions to write, in plain NumPy.

A symbol is a number from 0 to V - 1. A text is an array (T,) of symbols. A table p (V, V) holds p(s|h), the probability
that symbol s follows symbol h, in row h and column s.
Use NumPy and Python's own library, and nothing else. Check your work with `check("16.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 16`.
"""

import numpy as np


def count_pairs(text: np.ndarray, symbols: int) -> np.ndarray:
    """How often each symbol follows each other one.

    counts[h, s] is the number of places t where text[t - 1] = h and text[t] = s. A text of one symbol has none.

    Args:
        text: (T,) integers from 0 to symbols - 1, T >= 1. symbols: V.

    Returns:
        (V, V) integers.
    """
    # answer
    counts = np.zeros((symbols, symbols), int)
    np.add.at(counts, (text[:-1], text[1:]), 1)
    return counts
    # end


def nats_a_symbol(text: np.ndarray, p: np.ndarray) -> float:
    """The loss of a table on a text: -log p of each symbol given the one before it, averaged, in nats.

        loss = -1/(T - 1) sum over t = 1 ... T - 1 of log p(text[t] | text[t - 1])

    The first symbol is given and not predicted. If the text holds a pair with p = 0, the loss is infinite (np.inf).
    Zeros in the table that the text does not need cost nothing.

    Args:
        text: (T,) integers, T >= 2. p: (V, V), rows with the sum 1.

    Returns:
        One number, a float.
    """
    # answer
    with np.errstate(divide="ignore"):
        return float(-np.log(p[text[:-1], text[1:]]).mean())
    # end


def interpolated(counts: np.ndarray, shorter: np.ndarray) -> np.ndarray:
    """One step of the smoothing of Witten and Bell: each context's counts, filled up by the shorter context.

        p(s|h) = (c(h, s) + T(h) p(s|h')) / (N(h) + T(h))

    N(h) is the sum of the counts of context h, and T(h) is the number of different symbols that followed it. A context
    that was never seen says what the shorter one says.

    Args:
        counts: (H, V) integers, c(h, s): a row for each context.
        shorter: (H, V), p(s|h'): in each row the probabilities that the shorter context of this context gives.

    Returns:
        (H, V), p(s|h).
    """
    # answer
    n = counts.sum(axis=1, keepdims=True)
    kinds = (counts > 0).sum(axis=1, keepdims=True)
    return np.where(n > 0, (counts + kinds * shorter) / np.maximum(n + kinds, 1), shorter)
    # end


def with_temperature(p: np.ndarray, temperature: float) -> np.ndarray:
    """Distributions made sharper or flatter: each p to the power 1 / temperature, and the sum made 1 again.

    What has the probability 0 keeps it. The result has to be exact for low temperatures too, where p^(1 / temperature)
    of all symbols is too small for a float: divide by the largest p of the row first, or use logarithms.

    Args:
        p: (N, V), rows with the sum 1. temperature: 0.001 or more; 1 changes nothing.

    Returns:
        (N, V), rows with the sum 1.
    """
    # answer
    raised = (p / p.max(axis=1, keepdims=True)) ** (1 / temperature)
    return raised / raised.sum(axis=1, keepdims=True)
    # end


def leave_one_out(counts: np.ndarray, alpha: float) -> float:
    """The loss of counts to which alpha is added, if each symbol is predicted by the counts of all the others.

    The training text consists of pairs of a context h and the symbol s that followed it; counts[h, s] of them are
    alike. Take one of the pairs out of the counts, add alpha to each count, and ask for the probability of this pair's
    symbol after its context. Put the pair back and do the same with the next one. The loss is the mean of -log p over
    all pairs. It tells, without any held-out text, which alpha to choose.

    There may be billions of pairs: find what the mean is in terms of counts, without a loop over the pairs.

    Args:
        counts: (H, V) integers >= 0, with at least one pair. alpha: above 0.

    Returns:
        The mean over all pairs, in nats, a float.
    """
    # answer
    n = counts.sum(axis=1, keepdims=True)
    p = (counts - 1 + alpha) / (n - 1 + alpha * counts.shape[1])
    seen = counts > 0
    return float(-(counts[seen] * np.log(p[seen])).sum() / counts.sum())
    # end


def names_model(train: np.ndarray, before: np.ndarray, seed: int) -> np.ndarray:
    """An open task: the probabilities of the next letters of new names, better than the lesson's best model gives them.

    The measure is your loss, in nats a symbol, less that of the smoothing of Witten and Bell with order 3, which is the
    best of the lesson. It has to be -0.04 at most. The lesson's smoothing with another order does not get there. Ask
    yourself how much a context should be trusted that was seen once.

    Args:
        train: (N, 13), the training names, integers: 0 (the line end), 1 ... 26 (the letters), 0, and then 27 (nothing
            is there any more).
        before: (M, 6), the six symbols before the one that is to be predicted, the last one just before it; 27 stands
            before the beginning of a name. Each row is of another name.
        seed: for random numbers, if you need any.

    Returns:
        (M, 27), the probability of each symbol 0 ... 26; rows with the sum 1, and no zeros.
    """
    # answer
    padded = np.hstack([np.full((len(train), 6), 27), train])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 7, axis=1)[:, 1:].reshape(-1, 7)
    windows = windows[windows[:, -1] < 27]
    p = np.full((len(before), 27), 1 / 27)
    for order in range(5):
        digits = 28 ** np.arange(order)
        seen, asked = windows[:, 6 - order : 6] @ digits, before[:, 6 - order :] @ digits
        contexts, rows = np.unique(seen, return_inverse=True)
        counts = np.zeros((len(contexts) + 1, 27))  # the last row: what was never seen
        np.add.at(counts, (rows, windows[:, -1]), 1)
        found = np.searchsorted(contexts, asked).clip(max=len(contexts) - 1)
        c = counts[np.where(contexts[found] == asked, found, len(contexts))]
        new = 3 * (c > 0).sum(axis=1, keepdims=True)  # three times as much for what is new
        p = (c + np.maximum(new, 1) * p) / (c.sum(axis=1, keepdims=True) + np.maximum(new, 1))
    return p
    # end
