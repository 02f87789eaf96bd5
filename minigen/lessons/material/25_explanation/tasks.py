"""The exercises of lesson 25: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth

WALKS = 4000  # that the open task is measured on


def sizes(rng, count):
    """So many different sizes."""
    return [int(n) for n in rng.choice(np.arange(3, 9), count, replace=False)]


def nets(n=None, d=None, k=None, steps=None, scale=1.0, far=1.0):
    """Examples, a baseline and a small network; the last input is the number of steps, if there is one."""

    def draw(rng):
        rows, numbers, units = sizes(rng, 3)
        rows, numbers, units = n or rows, d or numbers, k or units
        x, baseline = far * rng.standard_normal((rows, numbers)), far * rng.standard_normal(numbers)
        w = scale * rng.standard_normal((units, numbers)) / np.sqrt(numbers) / far
        b, v = rng.standard_normal((2, units))
        inputs = {"x": x, "baseline": baseline, "w": w, "b": b, "v": v}
        return inputs if steps is None else inputs | {"steps": steps}

    return draw


def changed(draw, **changes):
    """The inputs of `draw`, of which some are replaced: each by a function of what it was."""

    def drawn(rng):
        inputs = draw(rng)
        return inputs | {name: change(inputs[name]) for name, change in changes.items()}

    return drawn


def some_zeros(draw, *names):
    """The inputs of `draw`, with zeros in some of them."""

    def drawn(rng):
        inputs = draw(rng)
        for name in names:
            inputs[name][..., ::2] = 0
        return inputs

    return drawn


def times(factor):
    """A function that multiplies by it: by a number, or by one for each."""
    return lambda value: factor * value


def levelled_off(rng):
    """At x all units say 1 or -1 and have no slope; on the way from the baseline they had one."""
    inputs = nets(n=3, d=5, k=4, steps=40)(rng)
    return inputs | {"x": inputs["x"] * 40, "baseline": 0.1 * inputs["baseline"]}


def far_away(draw, names=("x", "baseline")):
    """Numbers near 500, which b makes up for: the units' inputs are of ordinary size."""

    def drawn(rng):
        inputs = draw(rng)
        moved = {name: inputs[name] + 500.0 for name in names}
        return inputs | moved | {"b": inputs["b"] - 500.0 * inputs["w"].sum(axis=1)}

    return drawn


def at_the_baseline(draw):
    """One of the examples is the baseline itself, and one differs from it in a single number."""

    def drawn(rng):
        inputs = draw(rng)
        inputs["x"][0] = inputs["baseline"]
        inputs["x"][1, 1:] = inputs["baseline"][1:]
        return inputs

    return drawn


def rows_of(draw):
    """The same for a row of numbers, as covered_falls takes it: x is (D,), the baseline is what it is covered with."""

    def drawn(rng):
        inputs = draw(rng)
        return {"x": inputs["x"][0], "fill": inputs["baseline"]} | {k: inputs[k] for k in "wbv"}

    return drawn


def row(size, d=None, **how):
    """Inputs of covered_falls; a size of 0 is the whole row."""

    def draw(rng):
        inputs = rows_of(nets(d=d, **how))(rng)
        return inputs | {"size": size or len(inputs["x"])}

    return draw


def heads(n=None, t=None, h=None, d=None, head=0):
    """Inputs of mean_ablated."""

    def draw(rng):
        sides = sizes(rng, 4)
        n_, t_, h_, d_ = (given or drawn for given, drawn in zip((n, t, h, d), sides, strict=True))
        width = int(rng.integers(3, 9))
        return {
            "y": rng.standard_normal((n_, t_, h_, d_)),
            "w": rng.standard_normal((h_ * d_, width)),
            "head": head % h_,
        }

    return draw


def attention(s, sharp=1.0):
    """Inputs of prefix_score: random causal attention, and symbols."""

    def draw(rng):
        symbols = np.asarray(s(rng), dtype=np.int64)
        t = len(symbols)
        scores = np.where(np.tri(t, dtype=bool), sharp * rng.standard_normal((t, t)), -np.inf)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        return {"p": p / p.sum(axis=1, keepdims=True), "s": symbols}

    return draw


def twice(length, symbols):
    """Different symbols, and the same again."""
    return lambda rng: np.tile(rng.permutation(symbols)[:length], 2)


def few(t, symbols):
    """Symbols of a small alphabet, the first of which comes twice."""

    def draw(rng):
        s = rng.integers(symbols, size=t)
        s[-1] = s[0]
        return s

    return draw


def relus(draw, move=0.0):
    """Inputs of exact_shares: no unit has the input 0 at the baseline, or nearly so."""

    def drawn(rng):
        inputs = draw(rng)
        b = inputs["b"] + move
        before = inputs["w"] @ inputs["baseline"] + b
        return inputs | {"b": b + np.where(np.abs(before) < 0.1, 0.3, 0.0)}

    return drawn


def at_right_angles(rng):
    """Units whose input does not change at all, though the numbers do; some are on, some are off."""
    x = np.array([[3.0, 1.0, 2.0], [1.0, 3.0, -1.0], [0.0, 4.0, 5.0]]) + 4 * rng.integers(-2, 3, (3, 1)) * [1, -1, 0]
    w = np.array([[1.0, 1.0, 0.0], [2.0, 2.0, 0.0], [-1.0, -1.0, 0.0], [1.0, 0.0, 1.0]])
    b = np.array([-3.0, -9.0, 5.0, 0.5])
    return {"x": x, "baseline": np.array([2.0, 2.0, 0.0]), "w": w, "b": b, "v": rng.standard_normal(4)}


def a_walk(n, t, symbols, jumps, rng):
    """n walks of t symbols, and the rule of each, (n, symbols)."""
    rules = rng.permuted(np.tile(np.arange(symbols), (n, 1)), axis=1)
    s, jumping = rng.integers(symbols, size=(n, t)), rng.random((n, t)) < jumps
    for i in range(1, t):
        s[:, i] = np.where(jumping[:, i], s[:, i], rules[np.arange(n), s[:, i - 1]])
    return s, rules


def walks(t, symbols, jumps, goal):
    """Beginnings of walks, of t symbols; what comes next is for the measure alone."""

    def draw(rng):
        s, rules = a_walk(WALKS, t + 1, symbols, jumps, rng)
        told = rules[np.arange(WALKS), s[:, -2]] == s[:, -1]
        known = -np.log((1 - jumps) * told + jumps / symbols).mean()
        return WithTruth({"s": s[:, :-1], "symbols": symbols, "jumps": jumps}, next=s[:, -1], known=known, goal=goal)

    return draw


def nats_above(inputs, answer):
    """The measure of `next_in_walk`: nats a symbol above one who knows the rules."""
    n, symbols = len(inputs["s"]), inputs["symbols"]
    try:
        p = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise ArgumentError("next_in_walk: expected an array of probabilities") from None
    if p.shape != (n, symbols):
        raise ArgumentError(f"next_in_walk: expected probabilities of shape ({n}, {symbols}), got {p.shape}")
    if not (np.isfinite(p).all() and (p > 0).all() and np.abs(p.sum(axis=1) - 1).max() < 1e-6):
        raise ArgumentError("next_in_walk: expected positive probabilities, whose rows sum to 1")
    following, known, goal = inputs.truth.values()
    nats = -np.log(p[np.arange(n), following]).mean()
    return Measure(float(nats - known), goal, "nats above one who knows the rules", better="lower")


EXERCISES = [
    Exercise(
        key="25.1",
        function="collected_shares",
        section="Shares that sum to the whole",
        cases={
            "ten steps": nets(steps=10),
            "one step": nets(steps=1),
            "two steps": nets(steps=2),
            "two hundred steps": nets(n=2, d=4, k=3, steps=200),
            "one example": nets(n=1, steps=5),
            "one number": nets(d=1, steps=5),
            "one unit": nets(k=1, steps=5),
            "the answer has levelled off": levelled_off,
            "examples at the baseline": at_the_baseline(nets(n=4, d=5, steps=5)),
            "numbers of hundreds": nets(far=400.0, steps=8),
            "large weights": nets(far=1 / 400, steps=8),
            "large v": changed(nets(steps=4), v=times(1000.0)),
            "large b, which levels the units off": changed(nets(steps=4), b=times(8.0)),
            "far from 0, which b makes up for": far_away(nets(steps=4)),
            "no b": changed(nets(steps=4), b=times(0.0)),
            "zeros among the numbers": some_zeros(nets(steps=5), "x", "baseline"),
            "zeros in w and v": some_zeros(nets(steps=5), "w", "v"),
        },
        tolerance=1e-10,
        hints=(
            "At each of the points a, take the gradient of F there. It depends on where you are through tanh's slope "
            "alone. The distance x - x' is the same at all points.",
            "dF/dx_i = sum_k v_k (1 - h_k^2) w_ki, with h = tanh(w z + b) at z = x' + a (x - x').",
            "for a in (np.arange(steps) + 0.5) / steps: h = np.tanh((baseline + a * (x - baseline)) @ w.T + b); "
            "total += (v * (1 - h**2)) @ w. At the end (x - baseline) * total / steps.",
        ),
    ),
    Exercise(
        key="25.2",
        function="covered_falls",
        section="Cover a place",
        cases={
            "windows of two": row(2),
            "windows of three": row(3, d=8),
            "windows of one": row(1),
            "the whole row": row(0),
            "all but one": row(4, d=5),
            "one number": row(1, d=1),
            "a long row": row(7, d=40, k=5),
            "long windows": row(120, d=140, k=5),
            "one unit": row(2, k=1),
            "numbers of hundreds": row(2, far=400.0),
            "large weights": row(2, far=1 / 400),
            "large v": changed(row(2), v=times(1000.0)),
            "large b of some units": changed(row(2, k=6), b=times(np.array([8.0, 1.0] * 3))),
            "far from 0, which b makes up for": far_away(row(2), ("x", "fill")),
            "zeros among the numbers": some_zeros(row(2, d=8), "x", "fill"),
            "zeros in w": some_zeros(row(2), "w"),
            "zeros in b": some_zeros(row(2, k=6), "b"),
            "zeros in v": some_zeros(row(2, k=6), "v"),
        },
        tolerance=1e-9,
        hints=(
            "The windows begin at 0, 1, ... D - size. Numbers near the ends are covered by fewer windows: count, for "
            "each number, by how many.",
            "In a window the row takes the numbers of `fill` that stand at the same places. Work on a copy: the next "
            "window begins from the whole x.",
            "for start in range(D - size + 1): add F(x) - F(covered) to falls[start : start + size] and 1 to "
            "times[start : start + size]; return falls / times.",
        ),
    ),
    Exercise(
        key="25.3",
        function="mean_ablated",
        section="Take a head away",
        cases={
            "the first head": heads(),
            "the second head": heads(head=1),
            "the last head": heads(head=-1),
            "one head, which is all": heads(h=1),
            "two examples": heads(n=2),
            "one example, which is its own mean": heads(n=1),
            "one place": heads(t=1),
            "one number each": heads(d=1),
            "as many heads as places and examples": heads(n=3, t=3, h=3, d=3, head=2),
            "many heads": heads(n=3, t=2, h=130, d=1, head=127),
            "numbers of hundreds": changed(heads(), y=times(400.0)),
            "large w": changed(heads(), w=times(400.0)),
            "zeros among the numbers": some_zeros(heads(), "y", "w"),
        },
        hints=(
            "Only y[:, :, head], of shape (N, T, D), changes. Over which of its axes is the mean taken?",
            "Over the examples, axis 0: each place keeps a mean of its own. The input must stay as it is, so change a "
            "copy.",
            "y = y.copy(); y[:, :, head] = y[:, :, head].mean(axis=0); return y.reshape(N, T, H * D) @ w.",
        ),
    ),
    Exercise(
        key="25.4",
        function="prefix_score",
        section="Heads that copy",
        cases={
            "the same twice": attention(twice(6, 9)),
            "a long one twice": attention(twice(30, 40), sharp=4.0),
            "few symbols": attention(few(20, 3)),
            "many symbols": attention(few(25, 14)),
            "one symbol only": attention(lambda rng: np.zeros(7)),
            "two places": attention(lambda rng: np.full(2, 5)),
            "one repetition": attention(lambda rng: rng.permutation(12)[[0, 1, 2, 3, 4, 1, 5]]),
            "sharp attention": attention(few(18, 4), sharp=3000.0),
            "large numbers for symbols": attention(lambda rng: 10**9 + few(20, 4)(rng)),
            "negative numbers for symbols": attention(lambda rng: few(20, 4)(rng) - 3),
        },
        hints=(
            "Build a table of True and False: match[i, j] says whether j follows an earlier s_i. Which j can that be?",
            "s[:, None] == s[:-1] compares each s_i with each s_(j-1), j from 1 on. Only j - 1 < i counts: "
            "np.tril(..., -1).",
            "looked = (p[:, 1:] * match).sum(axis=1); return looked[match.any(axis=1)].mean().",
        ),
    ),
    Exercise(
        key="25.5",
        function="exact_shares",
        section="How many steps?",
        level=2,
        cases={
            "some examples": relus(nets()),
            "many units": relus(nets(k=60)),
            "one example": relus(nets(n=1)),
            "one number": relus(nets(d=1)),
            "one unit": relus(nets(k=1)),
            "all units on": relus(nets(), move=30.0),
            "nearly all units off": relus(nets(n=8, k=20), move=-2.0),
            "units whose input stays": at_right_angles,
            "examples at the baseline": at_the_baseline(relus(nets(n=4, d=5))),
            "numbers of hundreds": relus(nets(far=400.0)),
            "large weights": relus(nets(far=1 / 400)),
            "large v": changed(relus(nets()), v=times(1000.0)),
            "zeros among the numbers": some_zeros(relus(nets()), "x"),
            "zeros in v": some_zeros(relus(nets()), "v"),
            "hardly any b": relus(changed(nets(k=9), b=times(0.0))),
        },
        tolerance=1e-9,
        hints=(
            "The slope of a unit is 1 where it is on and 0 where it is off. So the integral of its slope over the way "
            "is the share of the way on which it is on.",
            "Along the way the unit's input goes evenly from p = <w, x'> + b to q = <w, x> + b. If both are positive "
            "the share is 1, if neither is it is 0. If only one is, the input passes 0 on the way: where?",
            "In all cases the share is (relu(q) - relu(p)) / (q - p); if q = p, it is 1 where p > 0. Then A_i = "
            "(x_i - x'_i) sum_k v_k share_k w_ki.",
        ),
    ),
    Exercise(
        key="25.6",
        function="next_in_walk",
        section="Heads that copy",
        level=3,
        measure=nats_above,
        cases={
            "as in the lesson": walks(32, 12, 0.25, 0.38),
            "few symbols": walks(19, 6, 0.3, 0.235),
            "many symbols, few jumps": walks(59, 20, 0.1, 0.33),
            "every other one jumps": walks(99, 8, 0.5, 0.06),
            "short walks": walks(5, 12, 0.2, 1.29),
        },
        hints=(
            "For each walk: where did it stand at its present symbol before, and what came next each time? Count these "
            "followers, for each symbol b.",
            "Bayes: before you look, each b is equally likely to be the rule's follower. Compare, for one observed "
            "follower, how likely it is if b is the rule's (1 - jumps + jumps / K) and if it is not (jumps / K).",
            "p(b is the rule's) is the softmax over b of count_b * log(1 + K (1 - jumps) / jumps). The next symbol is "
            "the rule's with 1 - jumps, and any with jumps / K each.",
        ),
    ),
]
