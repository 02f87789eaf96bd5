"""The exercises of lesson 17: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure

LONGEST, NUMBERS = 6.0, 16  # of the vectors of `look_back`


def sizes(rng, count):
    """So many different sizes."""
    return [int(n) for n in rng.choice(np.arange(2, 9), count, replace=False)]


def parts(queries=None, more=0, keys=None, size=None, width=None, scale=1.0, values=True):
    """Queries, keys and values; `more` keys than queries."""

    def draw(rng):
        t, d, m = sizes(rng, 3)
        t, d, m = queries or t, size or d, width or m
        n = keys or t + more
        inputs = {"q": scale * rng.standard_normal((t, d)), "k": scale * rng.standard_normal((n, d))}
        return inputs | ({"v": rng.standard_normal((n, m))} if values else {})

    return draw


def some_zeros(draw, *names):
    """The same inputs, with zeros in these."""

    def drawn(rng):
        inputs = draw(rng)
        for name in names:
            a = np.array(inputs[name])
            a.reshape(-1)[rng.permutation(a.size)[: max(1, a.size // 3)]] = 0
            inputs[name] = a
        return inputs

    return drawn


def times(draw, **factors):
    """The same inputs, some of them many times as large."""

    def drawn(rng):
        inputs = draw(rng)
        return inputs | {name: factor * inputs[name] for name, factor in factors.items()}

    return drawn


def huge(values):
    """Scores of about 1e5, of both signs: e to that is infinite, or 0."""
    return parts(queries=4, keys=5, size=3, scale=300.0, values=values)


def alike(values):
    """All keys the same, so that all weights are."""

    def draw(rng):
        inputs = parts(queries=3, keys=6, values=values)(rng)
        return inputs | {"k": np.repeat(inputs["k"][:1], 6, axis=0)}

    return draw


def far_below(values):
    """All scores of a query far below 0: without care, each e^score rounds to 0, and their sum too."""

    def draw(rng):
        inputs = parts(queries=4, keys=4, size=2, values=values)(rng)
        return inputs | {"q": np.full((4, 2), 100.0), "k": -500.0 - 10 * rng.random((4, 2))}

    return draw


def very_far_below(rng):
    """All scores are -10^12 and a little, which the computer knows exactly: a mask of -10^9 would be no mask."""
    inputs = parts(queries=4, keys=6, size=16)(rng)
    q, k = (np.round(8 * inputs[name]) / 8 for name in "qk")
    q[:, 0], k[:, 0] = -4e12, 1.0
    return inputs | {"q": q, "k": k}


def late_giant(rng):
    """The last key has by far the largest scores, and only the last query sees it."""
    inputs = parts(queries=5, keys=5, size=2)(rng)
    q, k = np.abs(inputs["q"]) + 1, inputs["k"]
    k[-1] = 5000.0
    return inputs | {"q": q, "k": k}


def backwards(queries=None, more=0, size=None, width=None, scale=1.0, causal=True, zeros=""):
    """Inputs of attention_gradient, the weights among them; `zeros` names those of q, k and v that hold some."""

    def draw(rng):
        inputs = some_zeros(parts(queries, more, size=size, width=width, scale=scale), *zeros)(rng)
        q, k, v = (inputs[name] for name in "qkv")
        scores = q @ k.T / np.sqrt(q.shape[1])
        if causal:
            scores[~np.tri(len(q), len(k), len(k) - len(q), dtype=bool)] = -np.inf
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return {"g": rng.standard_normal((len(q), v.shape[1])), "p": p, **inputs}

    return draw


def sharp(rng):
    """Queries that are sure of a key, but not all of them: else all gradients are next to nothing."""
    while True:
        inputs = backwards(4, scale=3.0)(rng)
        if (inputs["p"].max(axis=1) < 0.9).any():
            return inputs


def upstream_of_ones(rng):
    """All values nearly alike: wherever the weights go, the result hardly changes; queries and keys get little."""
    inputs = backwards(4)(rng)
    return inputs | {"v": inputs["v"][:1] + 0.01 * inputs["v"]}


def far_and_huge(rng):
    """The first key has scores of -1000 and a huge value: its weights are 0, and the value does not count."""
    inputs = parts(queries=3, keys=6, size=4)(rng)
    inputs["q"][:, 0], inputs["k"][:, 0] = 20.0, 0.0
    inputs["k"][0, 0], inputs["v"][0] = -100.0, 1e25
    return inputs


def nothing_of_a_huge_one(which):
    """One group has next to no weight, and huge results."""

    def draw(rng):
        inputs = pieces(t=4)(rng)
        return inputs | {f"l{which}": inputs[f"l{which}"] - 1000, f"y{which}": 1e25 * inputs[f"y{which}"]}

    return draw


def of_attention(reference, inputs):
    """<G, attention> as a function of q, of k and of v; a key is hidden where its weight is 0."""
    g, p, q, k, v = inputs.values()

    def result(q, k, v):
        scores = np.where(p > 0, q @ k.T / np.sqrt(q.shape[1]), -np.inf)
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        return float((g * (e / e.sum(axis=1, keepdims=True) @ v)).sum())

    return [(lambda x: result(x, k, v), q), (lambda x: result(q, x, v), k), (lambda x: result(q, k, x), v)]


def heads(t=None, count=2, each=3, scale=1.0):
    """Inputs of multi_head."""

    def draw(rng):
        places = t or sizes(rng, 1)[0]
        c = count * each
        return {
            "x": scale * rng.standard_normal((places, c)),
            "w": rng.standard_normal((c, 3 * c)) / np.sqrt(c),
            "heads": count,
        }

    return draw


def heads_far_below(rng):
    """Inputs of multi_head whose scores are all about -10^12, as those of `very_far_below` are."""
    inputs = heads(t=5, each=16)(rng)
    x, w = np.round(4 * inputs["x"]) / 4, np.round(4 * inputs["w"]) / 4
    first = np.arange(0, 32, 16)  # of the queries of each head; those of its keys stand 32 columns to the right
    x[:, 0], w[:, first], w[:, 32 + first] = 1.0, 0.0, 0.0
    w[0, first], w[0, 32 + first] = -4e12, 1.0
    return inputs | {"x": x, "w": w}


def pieces(t=None, width=None, centre=0.0, spread=1.0):
    """Inputs of merged: two results, and the logarithms of their sums."""

    def draw(rng):
        n, m = sizes(rng, 2)
        n, m = t or n, width or m
        l1, l2 = centre + spread * rng.standard_normal((2, n))
        y1, y2 = rng.standard_normal((2, n, m))
        return {"y1": y1, "l1": l1, "y2": y2, "l2": l2}

    return draw


def one_is_empty(which):
    """Some queries see no key of one group."""

    def draw(rng):
        inputs = pieces(t=5)(rng)
        inputs[f"l{which}"][[0, 3]] = -np.inf
        inputs[f"y{which}"][[0, 3]] = 0
        return inputs

    return draw


def equal_groups(rng):
    """Both groups have the same sum."""
    inputs = pieces(t=4)(rng)
    return inputs | {"l2": inputs["l1"].copy()}


def looks(n, distance):
    """Inputs of look_back."""
    return lambda rng: {"n": n, "distance": distance}


def weight_there(inputs, answer):
    """The measure of `look_back`: the mean weight on the place that it should look at."""
    n, distance = inputs["n"], inputs["distance"]
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        raise ArgumentError("look_back: expected two results, (q, k)")
    try:
        q, k = (np.asarray(a, dtype=float) for a in answer)
    except (TypeError, ValueError):
        raise ArgumentError("look_back: expected two arrays of numbers, (q, k)") from None
    if q.ndim != 2 or q.shape != k.shape or len(q) != n or not 1 <= q.shape[1] <= NUMBERS:
        raise ArgumentError(
            f"look_back: expected q and k of shape ({n}, D) with D at most {NUMBERS}, got {q.shape} and {k.shape}"
        )
    if not (np.isfinite(q).all() and np.isfinite(k).all()):
        raise ArgumentError("look_back: a number is not finite")
    longest = max(np.linalg.norm(q, axis=1).max(), np.linalg.norm(k, axis=1).max())
    if longest > LONGEST * (1 + 1e-9):
        raise ArgumentError(f"look_back: a vector has the length {longest:.3g}; at most {LONGEST:g} is allowed")
    scores = np.where(np.tri(n, dtype=bool), q @ k.T / np.sqrt(q.shape[1]), -np.inf)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return Measure(float(np.diagonal(p, -distance).mean()), 0.9, "mean weight on the place to look at", better="higher")


EXERCISES = [
    Exercise(
        key="17.1",
        function="attention_weights",
        section="A dictionary that is soft",
        tolerance=1e-9,  # scores of 1e5 are known to 1e-11
        cases={
            "some places": parts(values=False),
            "more keys than queries": parts(3, more=4, values=False),
            "more queries than keys": parts(6, keys=2, values=False),
            "one query": parts(1, keys=5, values=False),
            "one key": parts(4, keys=1, values=False),
            "one number each": parts(size=1, values=False),
            "keys that are alike": alike(False),
            "scores of 1e5": huge(False),
            "scores far below 0": far_below(False),
            "queries of hundreds": times(parts(4, keys=5, values=False), q=3e4, k=1 / 3e4),
            "keys of hundreds": times(parts(4, keys=5, values=False), q=1 / 3e4, k=3e4),
            "zeros among the numbers": some_zeros(parts(5, keys=5, values=False), "q", "k"),
        },
        hints=(
            "Scores first: the inner product of each query with each key, all in one matrix product. What do you "
            "divide it by?",
            "A softmax does not change if the same number is taken from all scores of a row: take the largest, and no "
            "power overflows.",
            "s = q @ k.T / np.sqrt(q.shape[1]); e = np.exp(s - s.max(axis=1, keepdims=True)); return e / "
            "e.sum(axis=1, keepdims=True).",
        ),
    ),
    Exercise(
        key="17.2",
        function="causal_attention",
        section="The mask",
        cases={
            "as many queries as keys": parts(),
            "the last queries of longer keys": parts(3, more=4),
            "the last query alone": parts(1, more=6),
            "one place": parts(1),
            "two places": parts(2),
            "one number each": parts(size=1, width=1),
            "keys that are alike": alike(True),
            "scores of 1e5": huge(True),
            "scores far below 0": far_below(True),
            "scores of -1e12": very_far_below,
            "queries of hundreds": times(parts(4, more=1), q=3e4, k=1 / 3e4),
            "keys of hundreds": times(parts(4, more=1), q=1 / 3e4, k=3e4),
            "values of hundreds": times(parts(4), v=3e4),
            "zeros among the numbers": some_zeros(parts(5), "q", "k", "v"),
            "a huge value that does not count": far_and_huge,
            "the largest score is hidden": late_giant,
        },
        hints=(
            "As before, but what a query does not see must get no weight, and the others must still sum to 1. So "
            "where does the mask come, before the softmax or after it?",
            "Query i sees key j if j <= Tk - Tq + i. np.tri(Tq, Tk, Tk - Tq, dtype=bool) is True there.",
            "scores[~np.tri(Tq, Tk, Tk - Tq, dtype=bool)] = -np.inf; then the softmax of each row, times v.",
        ),
    ),
    Exercise(
        key="17.3",
        function="attention_gradient",
        section="The gradient by hand",
        tolerance=1e-11,
        results=("dq", "dk", "dv"),
        measured=of_attention,
        cases={
            "causal": backwards(),
            "the last queries of longer keys": backwards(3, more=3),
            "all keys seen": backwards(causal=False),
            "one query": backwards(1, more=4),
            "one place": backwards(1),
            "one number each": backwards(size=1, width=1),
            "sharp weights": sharp,
            "values that are alike": upstream_of_ones,
            "zeros among the numbers": some_zeros(backwards(5, zeros="qkv"), "g"),
        },
        hints=(
            "Backwards through y = p v, then through the softmax of each row, then through the scores.",
            "dp = g v^T. In each row ds_i = p_i (dp_i - sum_j p_j dp_j): keep the axis of that sum.",
            "ds = p * (dp - (p * dp).sum(axis=1, keepdims=True)) / np.sqrt(q.shape[1]); return ds @ k, ds.T @ q, "
            "p.T @ g.",
        ),
    ),
    Exercise(
        key="17.4",
        function="multi_head",
        section="Heads",
        cases={
            "two heads": heads(),
            "one head": heads(count=1, each=4),
            "three heads of two": heads(count=3, each=2),
            "heads of one number": heads(count=4, each=1),
            "one place": heads(t=1),
            "as many places as heads": heads(t=2),
            "large numbers": heads(t=5, scale=100.0),
            "scores of -1e12": heads_far_below,
            "large weights": times(heads(t=5), x=1 / 3e4, w=3e4),
            "many heads": heads(t=2, count=120, each=1),
            "zeros among the numbers": some_zeros(heads(t=4), "x", "w"),
        },
        hints=(
            "x w is (T, 3 C). Cut it in three, and each of these into heads: reshape(T, 3, H, C / H) does both.",
            "Matrix products of NumPy work on the last two axes and go over those before: bring the heads in front of "
            "the places, (H, T, C / H).",
            "At the end the other way: y (H, T, C / H) becomes y.transpose(1, 0, 2).reshape(T, C). Each head divides "
            "by the root of its own size, C / H.",
        ),
    ),
    Exercise(
        key="17.5",
        function="merged",
        section="The cache",
        level=2,
        results=("y", "l"),
        cases={
            "two groups": pieces(),
            "one query": pieces(t=1),
            "one number each": pieces(width=1),
            "equal sums": equal_groups,
            "very different sums": pieces(spread=30.0),
            "sums too large for e^l": pieces(centre=1e4),
            "sums too small for e^l": pieces(centre=-1e4),
            "of all sizes": pieces(spread=1e4),
            "the first group is hidden for some": one_is_empty(1),
            "the second group is hidden for some": one_is_empty(2),
            "large results": times(pieces(), y1=3e4, y2=3e4),
            "zeros among the numbers": some_zeros(pieces(t=6), "y1", "y2", "l1", "l2"),
            "the first group huge, and without weight": nothing_of_a_huge_one(1),
            "the second group huge, and without weight": nothing_of_a_huge_one(2),
        },
        hints=(
            "y_i is a sum over the keys of group i of e^score times value, divided by e^l_i. What is the sum over all "
            "keys, and what is it to be divided by?",
            "y = (e^l1 y1 + e^l2 y2) / (e^l1 + e^l2), a mean of the two results. Both powers may overflow: what may be "
            "taken from l1 and l2 without changing the quotient?",
            "l = np.logaddexp(l1, l2); y = y1 * np.exp(l1 - l)[:, None] + y2 * np.exp(l2 - l)[:, None].",
        ),
    ),
    Exercise(
        key="17.6",
        function="look_back",
        section="The block, and the places",
        level=3,
        measure=weight_there,
        cases={
            "the place before, of 40": looks(40, 1),
            "three back, of 128": looks(128, 3),
            "itself, of 128": looks(128, 0),
            "60 back, of 100": looks(100, 60),
            "the first from the last": looks(64, 63),
            "two places": looks(2, 1),
            "one place": looks(1, 0),
        },
        hints=(
            "Give each place t a vector u_t that is like no other one, and let it be the key. What should the query of "
            "the place t be?",
            "q_t = u_(t - distance). Sixteen numbers are too few for 128 vectors at right angles, but nearly right "
            "angles will do. The hands of clocks that run at different speeds, cos(w t) and sin(w t), make such "
            "vectors, and cos^2 + sin^2 = 1 keeps their length.",
            "Eight speeds, w_i = 0.9 pi 0.7^i; u_t = 6 / sqrt(8) (cos w_1 t, ..., cos w_8 t, sin w_1 t, ..., "
            "sin w_8 t).",
        ),
    ),
]
