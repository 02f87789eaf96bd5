"""Lesson 25: why did it draw that? Six functions to write, in plain NumPy.

An explanation is of a function F of an example's numbers. In the first exercises F is a small network with K hidden
units, F(x) = sum_k v_k act(<w_k, x> + b_k), and its share A_i of each number x_i is asked for, against a baseline x'.

Use NumPy and Python's own library, and nothing else. Check your work with `check("25.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 25`.
"""

import numpy as np


def collected_shares(
    x: np.ndarray, baseline: np.ndarray, w: np.ndarray, b: np.ndarray, v: np.ndarray, steps: int
) -> np.ndarray:
    """Integrated gradients of F(x) = sum_k v_k tanh(<w_k, x> + b_k), with a sum in place of the integral.

        A_i = (x_i - x'_i) mean over a of dF/dx_i (x' + a (x - x')),    a = 1/2 / n, 3/2 / n, ... (n - 1/2) / n

    where n is `steps`: the middles of n equal parts of the way. The slope of tanh is 1 - tanh^2.

    Args:
        x: (N, D). baseline: (D,), the same for all examples. w: (K, D). b, v: (K,). steps: 1 or more.

    Returns:
        (N, D).
    """
    # answer
    total = np.zeros_like(x)
    for a in (np.arange(steps) + 0.5) / steps:
        h = np.tanh((baseline + a * (x - baseline)) @ w.T + b)
        total += (v * (1 - h**2)) @ w
    return (x - baseline) * total / steps
    # end


def covered_falls(
    x: np.ndarray, fill: np.ndarray, w: np.ndarray, b: np.ndarray, v: np.ndarray, size: int
) -> np.ndarray:
    """Occlusion of a row of numbers, for F(x) = sum_k v_k tanh(<w_k, x> + b_k).

    A window of `size` neighbours stands at each place where it fits, one after the other. In it, x is replaced by
    `fill`; F falls by F(x) - F(x so covered). Each number of x gets the mean fall over all windows that cover it.

    Args:
        x, fill: (D,). w: (K, D). b, v: (K,). size: from 1 to D.

    Returns:
        (D,).
    """
    # answer
    falls, times = np.zeros(len(x)), np.zeros(len(x))
    before = np.tanh(w @ x + b) @ v
    for start in range(len(x) - size + 1):
        covered = x.copy()
        covered[start : start + size] = fill[start : start + size]
        falls[start : start + size] += before - np.tanh(w @ covered + b) @ v
        times[start : start + size] += 1
    return falls / times
    # end


def mean_ablated(y: np.ndarray, w: np.ndarray, head: int) -> np.ndarray:
    """The output of a layer of attention in which one head always says the same.

    What this head says at a place of an example is replaced by the mean of what it says there over all examples. The
    other heads stay as they are. Then the heads of a place stand side by side, head 0 first, and are multiplied by w.

    Args:
        y: (N, T, H, D): examples, places, heads, and what each head says. w: (H D, C). head: from 0 to H - 1.

    Returns:
        (N, T, C).
    """
    # answer
    y = y.copy()
    y[:, :, head] = y[:, :, head].mean(axis=0)
    return y.reshape(*y.shape[:2], -1) @ w
    # end


def prefix_score(p: np.ndarray, s: np.ndarray) -> float:
    """How much a head looks at what followed the last time.

    At place i stands the symbol s_i. A place j up to i followed the same symbol if s_(j-1) = s_i. The attention that
    place i pays to all such places j is added up. The score is the mean of these sums over the places i that have such
    a j at all; the others do not count.

    Args:
        p: (T, T), causal attention: row i sums to 1, and is 0 after place i. s: (T,) integers. Some symbol comes twice.

    Returns:
        A number from 0 to 1.
    """
    # answer
    match = np.tril(s[:, None] == s[:-1], -1)  # [i, j - 1]
    looked = (p[:, 1:] * match).sum(axis=1)
    return float(looked[match.any(axis=1)].mean())
    # end


def exact_shares(x: np.ndarray, baseline: np.ndarray, w: np.ndarray, b: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Integrated gradients of F(x) = sum_k v_k relu(<w_k, x> + b_k), without any steps: the integral itself.

    Find a formula. (On the straight way a hidden unit is switched on or off at most once. For which share of the way
    is it on?) A unit whose input does not change on the way, up to rounding, is on or off all along.

    Args:
        x: (N, D). baseline: (D,), where no hidden unit has the input 0. w: (K, D). b, v: (K,).

    Returns:
        (N, D), whose rows sum to F(x) - F(baseline) but for rounding.
    """
    # answer
    before, after = w @ baseline + b, x @ w.T + b  # (K,), (N, K)
    change = after - before
    still = change == 0
    rise = np.maximum(after, 0) - np.maximum(before, 0)
    on = np.where(still, before > 0, rise / np.where(still, 1, change))  # share of the way
    return (x - baseline) * ((v * on) @ w)
    # end


def next_in_walk(s: np.ndarray, symbols: int, jumps: float) -> np.ndarray:
    """Be the induction head: what comes next in each walk? An open task: every way to find it is right.

    In each walk a rule of its own says which symbol follows which: one that sends all symbols to different ones. The
    next symbol is the one that the rule says, but with probability `jumps` it is any of the symbols, all equally
    likely. The first symbol is any. You see the beginning of each walk, but not its rule.

    The goal is a loss, in nats a symbol: the mean of -log p(the next symbol), less that of one who knows the rules. How
    low it must be is said in each case; it takes more than the last follower, or counts to which something is added.

    Args:
        s: (N, T), integers from 0 to symbols - 1. symbols: K. jumps: in (0, 1).

    Returns:
        p: (N, K), positive, whose rows sum to 1.
    """
    # answer
    before = s[:, :-1] == s[:, -1:]  # where the walk stood at the present symbol earlier on
    counts = (before[:, :, None] * np.eye(symbols)[s[:, 1:]]).sum(axis=1)  # what followed, (N, K)
    scores = counts * np.log(1 + symbols * (1 - jumps) / jumps)  # log-likelihood of the rule, less that of jumps
    rule = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (1 - jumps) * rule / rule.sum(axis=1, keepdims=True) + jumps / symbols
    # end
