"""The exercises of lesson 1: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


def graph(forks):
    """A random graph: every node uses earlier ones, some of them several times; the second variable may be unused."""

    def draw(rng):
        count = int(rng.integers(8, 13))
        inputs, slopes = [(), (), ()], [(), (), ()]
        for k in range(3, count):
            uses = [k - 1, int(rng.integers(k))] if forks else [k - 1]
            if forks and k % 3 == 0:
                uses.append(uses[-1])
            inputs.append(tuple(uses))
            slopes.append(tuple(round(float(v), 3) for v in rng.uniform(0.5, 2.0, len(uses)) * rng.choice([-1, 1])))
        return {"inputs": tuple(inputs), "slopes": tuple(slopes)}

    return draw


def three(rng):
    """G, A and B of one shape, all sizes different."""
    shape = tuple(int(n) for n in rng.choice([2, 3, 4, 5], 3, replace=False))
    return {name: rng.standard_normal(shape) for name in ("g", "a", "b")}


def matrices(rng):
    """G, A and B of a matrix product."""
    n, k, m = (int(v) for v in rng.choice([2, 3, 4, 5, 6], 3, replace=False))
    return {"g": rng.standard_normal((n, m)), "a": rng.standard_normal((n, k)), "b": rng.standard_normal((k, m))}


def repeated(new, stretched):
    """A gradient of a broadcast array: `new` axes in front, and these axes of the array stretched."""

    def draw(rng):
        sizes = [int(n) for n in rng.choice([2, 3, 4, 5, 6], 4, replace=False)]
        full = sizes[: new + 2]
        shape = tuple(1 if i in stretched else n for i, n in enumerate(full[new:]))
        return {"g": rng.standard_normal(full), "shape": shape}

    return draw


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
            "and more": graph(True),
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
        cases={"three axes": three, "again": three},
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
        cases={"matrices": matrices, "other sizes": matrices, "and others": matrices},
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
]
