"""The exercises of lesson 1: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure


def graph(forks, variables=()):
    """A random graph: every node uses earlier ones, some of them several times; the second variable may be unused.

    variables: numbers of nodes in the middle that are variables as well.
    """

    def draw(rng):
        count = int(rng.integers(8, 13))
        inputs, slopes = [(), (), ()], [(), (), ()]
        for k in range(3, count):
            uses = [k - 1, int(rng.integers(k))] if forks else [k - 1]
            if k in variables:
                uses = []
            elif forks and k % 3 == 0:
                uses.append(uses[-1])
            elif k - 1 in variables:
                uses.append(k - 2)
            inputs.append(tuple(uses))
            slopes.append(tuple(round(float(v), 3) for v in rng.uniform(0.5, 2.0, len(uses)) * rng.choice([-1, 1])))
        return {"inputs": tuple(inputs), "slopes": tuple(slopes)}

    return draw


def same_graph(rng):
    """Always this one, with other slopes: whatever an answer keeps from one call to the next gets in its way."""
    inputs = ((), (0, 0), (), (1, 2, 0), (3, 2, 3), ())
    inputs = (*inputs, (4, 5, 1))
    return {"inputs": inputs, "slopes": tuple(tuple(rng.uniform(0.5, 2, len(uses)).tolist()) for uses in inputs)}


def only_a_variable(rng):
    """One node, or two of which the last one does not depend on the other."""
    count = int(rng.integers(1, 3))
    return {"inputs": ((),) * count, "slopes": ((),) * count}


def last_is_a_variable(rng):
    """The last node is a variable, and the ones before have nothing to do with it."""
    return {
        "inputs": ((), (0,), (1, 0), ()),
        "slopes": ((), *(tuple(rng.uniform(0.5, 2, n).tolist()) for n in (1, 2)), ()),
    }


def unused_result(rng):
    """A node that was computed from others and is used by none, and a slope of 0."""
    inputs = ((), (), (0, 1), (0, 2), (2, 1))
    slopes = [tuple(rng.uniform(0.5, 2, len(uses)).tolist()) for uses in inputs]
    return {"inputs": inputs, "slopes": (*slopes[:4], (slopes[4][0], 0.0))}


def equal_slopes(rng):
    """Nodes such as x + x and x * x: both uses are of one node, and have one slope."""
    slope = lambda: round(float(rng.uniform(0.5, 2) * rng.choice([-1, 1])), 3)  # noqa: E731
    inputs = ((), (0, 0), (1, 1, 1), (2, 0), (3, 3))
    return {"inputs": inputs, "slopes": tuple((slope(),) * len(uses) for uses in inputs)}


def slopes_of_zero(rng):
    """The first of two uses has the slope 0, in some nodes, and the other one has not."""
    inputs = ((), (), (0, 1), (1, 2), (2, 3), (3, 4))
    slopes = rng.uniform(0.5, 2, (6, 2))
    slopes[[2, 4, 5], 0] = 0.0
    return {"inputs": inputs, "slopes": ((), (), *map(tuple, slopes[2:].tolist()))}


def a_long_graph(rng):
    """Some hundred nodes, the first of which still counts."""
    count = int(10 ** rng.uniform(2.0, 2.4))
    inputs = [()] + [(k - 1, max(k - 5, 0)) for k in range(1, count)]
    slopes = np.column_stack([rng.uniform(0.95, 1.05, count), rng.uniform(-0.05, 0.05, count)]).round(3)
    return {"inputs": tuple(inputs), "slopes": ((), *map(tuple, slopes[1:].tolist()))}


def three(rng):
    """G, A and B of one shape, all sizes different."""
    shape = tuple(int(n) for n in rng.choice([2, 3, 4, 5], 3, replace=False))
    return {name: rng.standard_normal(shape) for name in ("g", "a", "b")}


def some_zeros(given):
    """The same inputs with two zeros in each array: the last entry, and one at a place of its own."""
    for place, array in enumerate(given.values()):
        array.flat[[place, -1]] = 0.0
    return given


def numbers(rng):
    """G, A and B with one entry, of any size."""
    return {name: rng.standard_normal(1) * 10 ** rng.uniform(-3, 3) for name in ("g", "a", "b")}


def matrices(rng, equal=False):
    """G, A and B of a matrix product; square ones if `equal`."""
    n, k, m = [3] * 3 if equal else (int(v) for v in rng.choice([2, 3, 4, 5, 6], 3, replace=False))
    return {"g": rng.standard_normal((n, m)), "a": rng.standard_normal((n, k)), "b": rng.standard_normal((k, m))}


def repeated(new, stretched):
    """A gradient of a broadcast array: `new` axes in front, and these axes of the array stretched."""

    def draw(rng):
        sizes = [int(n) for n in rng.choice([2, 3, 4, 5, 6], 4, replace=False)]
        full = sizes[: new + 2]
        shape = tuple(1 if i in stretched else n for i, n in enumerate(full[new:]))
        return {"g": rng.standard_normal(full), "shape": shape}

    return draw


def of_sizes(full, shape):
    """A gradient of an array with the sizes `full`, broadcast from `shape`."""
    return lambda rng: {"g": rng.standard_normal(full), "shape": shape}


def rows(scale, columns=None):
    """G and X with rows of lengths that differ by up to this factor."""

    def draw(rng):
        n, k = (int(v) for v in rng.choice([2, 3, 4, 5, 6], 2, replace=False))
        x = rng.standard_normal((n, columns or k))
        x *= scale ** rng.uniform(-1, 1, (n, 1)) / np.linalg.norm(x, axis=1, keepdims=True)
        return {"g": rng.standard_normal(x.shape), "x": x}

    return draw


def all_of_length(low, high):
    """G and X, all rows of about one length, which lies between these two powers of ten."""

    def draw(rng):
        given, size = rows(2.0)(rng), 10 ** rng.uniform(low, high)
        return {**given, "x": given["x"] * size}

    return draw


def a_chain(low, high):
    """A chain with so many steps."""
    return lambda rng: {"steps": int(rng.integers(low, high))}


def values_in_memory(inputs, kept):
    """The most values that are in memory at the same time, over the square root of the number of steps."""
    steps, listed = inputs["steps"], np.asarray(kept)
    if listed.ndim != 1 or listed.dtype.kind not in "iuf" or (listed != np.floor(listed)).any():
        raise ArgumentError(f"expected a list of whole numbers, got {kept!r:.60}")
    numbers = [0, *map(int, listed), steps]
    if min(np.diff(numbers)) < 1:
        raise ArgumentError(f"the numbers must increase, each from 1 to steps - 1 = {steps - 1}")
    most = len(numbers) - 2 + max(np.diff(numbers))
    return Measure(most / steps**0.5, 2.25, f"values in memory at most {most}, over the root of {steps}", "lower")


def of_last_node(reference, inputs):
    """The last node of a graph with these slopes, as a function of what is added to each node."""

    def last(added):
        values = []
        for extra, parents, slopes in zip(added, *inputs.values(), strict=True):
            values.append(extra + sum(slope * values[i] for i, slope in zip(parents, slopes, strict=True)))
        return float(values[-1])

    return [(last, np.zeros(len(inputs["inputs"])))]


def of_product(reference, inputs):
    """<G, A * B> as a function of A and of B."""
    g, a, b = inputs.values()
    return [(lambda a: float((g * a * b).sum()), a), (lambda b: float((g * a * b).sum()), b)]


def of_matmul(reference, inputs):
    """<G, A B> as a function of A and of B."""
    g, a, b = inputs.values()
    return [(lambda a: float((g * (a @ b)).sum()), a), (lambda b: float((g * (a @ b)).sum()), b)]


def of_broadcast(reference, inputs):
    """<G, broadcast(x)> as a function of x."""
    g, shape = inputs.values()
    return [(lambda x: float((g * x).sum()), np.ones(shape))]


def of_normalize(reference, inputs):
    """<G, rows of x divided by their lengths> as a function of x, in units of the shortest row.

    The slope is the same as without these units, and a step is small beside every row.
    """
    g, x = inputs.values()
    unit = np.sqrt((x * x).sum(axis=1)).min()
    return [(lambda x: float((g * x / np.sqrt((x * x).sum(axis=1, keepdims=True))).sum() / unit), x / unit)]


EXERCISES = [
    Exercise(
        key="01.1",
        function="backward",
        section="Why in this order, and each node once",
        measured=of_last_node,
        cases={
            "forks": graph(True),
            "a chain": graph(False),
            "more forks": graph(True),
            "variables in the middle": graph(True, (4, 6)),
            "a chain that begins in the middle": graph(False, (5,)),
            "a small graph": same_graph,
            "the same graph, with other slopes": same_graph,
            "a result that nobody uses": unused_result,
            "a variable comes last": last_is_a_variable,
            "nothing but variables": only_a_variable,
            "x + x and x * x": equal_slopes,
            "slopes of 0": slopes_of_zero,
            "many nodes": a_long_graph,
        },
        hints=(
            "Start with total = np.zeros(number of nodes) and total[-1] = 1. Which node is complete now, and may hand "
            "its derivative on?",
            "Go through the nodes from the last to the first: `for k in reversed(range(len(inputs)))`. When k's turn "
            "comes, everything that uses k has been visited.",
            "For node k: `for i, slope in zip(inputs[k], slopes[k]): total[i] += total[k] * slope`. The += is the "
            "fork.",
        ),
    ),
    Exercise(
        key="01.2",
        function="multiply_backward",
        section="From numbers to arrays",
        results=("da", "db"),
        measured=of_product,
        cases={"three axes": three, "zeros": lambda rng: some_zeros(three(rng)), "single numbers": numbers},
        hints=(
            "Look at one entry: Y[i] = A[i] B[i]. If A[i] is raised by a little, by how much does Y[i] rise?",
            "The slope with respect to A[i] is B[i]. What arrives from behind is G[i]. Slopes along a chain are "
            "multiplied.",
            "da is G times B, entry by entry, and db is G times A. Return both, as a tuple.",
        ),
    ),
    Exercise(
        key="01.3",
        function="matmul_backward",
        section="The matrix product",
        results=("da", "db"),
        measured=of_matmul,
        cases={
            "matrices": matrices,
            "other sizes": matrices,
            "square matrices": lambda rng: matrices(rng, equal=True),
            "zeros": lambda rng: some_zeros(matrices(rng)),
            "one row and one column": lambda rng: {name: rng.standard_normal((1, 1)) for name in ("g", "a", "b")},
        },
        hints=(
            "Write the shapes down: G is (N, M), A is (N, K), B is (K, M). Which product of G and B, one of them "
            "perhaps transposed, has the shape of A?",
            "(N, M) times (M, K) is (N, K), and (M, K) is the shape of B transposed. For B do the same with A and G.",
            "da = g @ b.T and db = a.T @ g. The order matters: a.T stands on the left.",
        ),
    ),
    Exercise(
        key="01.4",
        function="unbroadcast",
        section="Broadcasting and its adjoint",
        measured=of_broadcast,
        cases={
            "a bias": repeated(1, ()),
            "a stretched axis": repeated(0, (1,)),
            "new and stretched": repeated(2, (0,)),
            "two stretched": repeated(1, (0, 1)),
            "nothing was repeated": repeated(0, ()),
            "equal sizes": of_sizes((3, 3), (3,)),
            "equal sizes, stretched": of_sizes((3, 3), (3, 1)),
            "a size that comes twice": of_sizes((4, 2, 4), (2, 4)),
            "from a single number": of_sizes((3, 4), ()),
            "new axes of length 1": of_sizes((1, 3, 1), (3, 1)),
            "an axis of length 1 that stays": of_sizes((4, 1, 3), (1, 3)),
            "stretched to 2": of_sizes((3, 2), (3, 1)),
            "three new axes": of_sizes((2, 3, 4, 5), (5,)),
            "many new axes": of_sizes((2, 1, 3, 2, 2, 4), (4,)),
            "one number for each channel": of_sizes((2, 3, 4, 5), (1, 1, 1, 5)),
            "every second axis": of_sizes((2, 3, 4, 5, 2), (2, 1, 4, 1, 2)),
            "the last three axes": of_sizes((3, 2, 4, 5), (3, 1, 1, 1)),
            "zeros": lambda rng: (
                {"g": np.where(rng.permutation(12) < 4, 0.0, rng.standard_normal(12)).reshape(4, 3)} | {"shape": (3,)}
            ),
        },
        hints=(
            "Two kinds of axes were repeated: new ones in front (g has more axes than shape), and those of length 1 in "
            "shape that are longer in g. Sum over both.",
            "First `g = g.sum(axis=tuple(range(g.ndim - len(shape))))`: the new axes disappear. Now g has as many axes "
            "as shape.",
            "Then sum over the axes i with shape[i] == 1 and g.shape[i] != 1, with keepdims=True: they stay, with "
            "length 1.",
        ),
    ),
    Exercise(
        key="01.5",
        function="normalize_backward",
        section="A rule of your own",
        level=2,
        measured=of_normalize,
        cases={
            "rows": rows(1.5),
            "long and short rows": rows(100.0),
            "one column": rows(3.0, columns=1),
            "very short rows": all_of_length(-12, -4),
            "very long rows": all_of_length(3, 9),
            "one row": lambda rng: {name: array[:1] for name, array in rows(2.0, 3)(rng).items()},
            "zeros": lambda rng: some_zeros({name: np.ones((3, 1)) * a[:1] for name, a in rows(2.0, 6)(rng).items()}),
        },
        hints=(
            "Draw the graph of one row: x -> s, the sum of squares; s -> r, its root; x and r -> y, the quotient. "
            "Which node is a fork?",
            "x is used twice, in s and in y. Write down what comes back on each of the two ways: first dL/dr, a sum "
            "over the row, as r is used by all entries of y.",
            "With y = x / r: dL/dr = -sum_k g[k] x[k] / r^2, and dr/dx[j] = x[j] / r = y[j]. Add the direct way, "
            "g[j] / r. It gets shorter with y in place of x / r.",
        ),
    ),
    Exercise(
        key="01.6",
        function="checkpoints",
        section="What the way back has to remember",
        level=3,
        cases={
            "a short chain": a_chain(50, 80),
            "a longer one": a_chain(300, 700),
            "a square": lambda rng: {"steps": int(rng.integers(8, 30)) ** 2},
            "a long one": a_chain(2000, 5000),
        },
        measure=values_in_memory,
        hints=(
            "If you keep every value, nothing is computed again, and all are in memory. If you keep none, all are in "
            "memory too, as they are computed again at once. Try every tenth.",
            "With every k-th value kept, steps / k are in memory all the time, and k more for a while. For which k is "
            "the sum smallest?",
            "The sum steps / k + k is smallest for k near the square root of steps. `range(k, steps, k)` gives every "
            "k-th number without 0 and steps.",
        ),
    ),
]
