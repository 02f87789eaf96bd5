"""Lesson 17: attention and the Transformer. Six functions to write, in plain NumPy.

A head has queries q (Tq, D), keys k (Tk, D) and values v (Tk, M), a row for each place. The score of query i and key j
is the inner product of their rows over sqrt(D), and the weights of a query are the softmax of its scores. In causal
attention the queries are the last Tq of the Tk places, Tq <= Tk: query i sees the keys 0 ... Tk - Tq + i, and no other.

Use NumPy and Python's own library, and nothing else. Check your work with `check("17.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 17`.
"""

import numpy as np


def attention_weights(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """How much each query takes from each key, where it sees them all: each row sums to 1.

    Args:
        q: (Tq, D). k: (Tk, D). The scores may be as large as 1e5.

    Returns:
        (Tq, Tk).
    """
    # answer
    scores = q @ k.T / np.sqrt(q.shape[1])
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
    # end


def causal_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The mean of the values, weighted as each query weights the keys that it sees.

    Args:
        q: (Tq, D), the last Tq places. k: (Tk, D), Tk >= Tq. v: (Tk, M). The scores may be as large as +-1e12.

    Returns:
        (Tq, M).
    """
    # answer
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores[~np.tri(len(q), len(k), len(k) - len(q), dtype=bool)] = -np.inf
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) @ v
    # end


def attention_gradient(
    g: np.ndarray, p: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From the gradient at the result of attention to those at the queries, the keys and the values.

    Args:
        g: dL/dy, (Tq, M), where y = p v. p: the weights of the forward pass, (Tq, Tk): softmax(q k^T / sqrt(D)), with
            0 where a key is hidden. q: (Tq, D). k: (Tk, D). v: (Tk, M).

    Returns:
        (dq, dk, dv), of the shapes of q, k and v.
    """
    # answer
    dp = g @ v.T
    ds = p * (dp - (p * dp).sum(axis=1, keepdims=True)) / np.sqrt(q.shape[1])
    return ds @ k, ds.T @ q, p.T @ g
    # end


def multi_head(x: np.ndarray, w: np.ndarray, heads: int) -> np.ndarray:
    """Causal self-attention in several heads: each place asks, and offers a key and a value.

    The product x w has 3 C columns: C of queries, then C of keys, then C of values. Of each C, the first C / H columns
    are those of head 0, the next C / H those of head 1, and so on. The results of the heads stand side by side again.

    Args:
        x: (T, C). w: (C, 3 C). heads: H, which divides C. The scores may be as large as +-1e12.

    Returns:
        (T, C).
    """
    # answer
    t, c = x.shape
    q, k, v = (x @ w).reshape(t, 3, heads, c // heads).transpose(1, 2, 0, 3)  # (H, T, C / H) each
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(c // heads)
    scores = np.where(np.tri(t, dtype=bool), scores, -np.inf)
    e = np.exp(scores - scores.max(axis=2, keepdims=True))
    y = e / e.sum(axis=2, keepdims=True) @ v
    return y.transpose(1, 0, 2).reshape(t, c)
    # end


def merged(y1: np.ndarray, l1: np.ndarray, y2: np.ndarray, l2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Attention to many keys, put together from attention to some of them and attention to the others.

    The keys of a query were split into two groups. For group i, y_i is the result of attention to the keys of this
    group alone, and l_i is the logarithm of the sum of e^score over its keys. Find from these four what attention to
    all keys gives. The scores themselves are gone.

    Args:
        y1, y2: (T, M). l1, l2: (T,), any numbers from -1e5 to 1e5, or -inf where a query sees no key of the group (its
            row of y_i is 0 then). No query has -inf in both.

    Returns:
        (y, l): (T, M) and (T,), as if there had been one group.
    """
    # answer
    total = np.logaddexp(l1, l2)
    return y1 * np.exp(l1 - total)[:, None] + y2 * np.exp(l2 - total)[:, None], total
    # end


def look_back(n: int, distance: int) -> tuple[np.ndarray, np.ndarray]:
    """Queries and keys of a head that looks at the place `distance` places back, made by you and not by training.

    An open task: every way to choose them is right. The vectors are short and have few numbers: D is at most 16, and
    no vector has a length above 6.

    The goal: in causal attention the weight of place t on the place t - distance, averaged over t = distance ... n - 1,
    is at least 0.9.

    Args:
        n: the number of places, 1 to 128. distance: from 0 to n - 1.

    Returns:
        (q, k): both (n, D); row t is that of place t.
    """
    # answer
    speeds = 0.9 * np.pi * 0.7 ** np.arange(8)  # the hands of eight clocks

    def hands(t: np.ndarray) -> np.ndarray:
        angles = t[:, None] * speeds
        return 6 / np.sqrt(8) * np.concatenate([np.cos(angles), np.sin(angles)], axis=1)

    places = np.arange(n)
    return hands(places - distance), hands(places)
    # end
