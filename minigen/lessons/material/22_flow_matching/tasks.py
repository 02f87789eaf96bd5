"""The exercises of lesson 22: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth


def sizes(rng, count):
    """So many different sizes."""
    return [int(n) for n in rng.choice(np.arange(3, 9), count, replace=False)]


def lines(*shape, n=None, t=None):
    """Inputs of interpolate, examples of this shape; a number for t sets all times."""

    def draw(rng):
        rows = n or sizes(rng, 1)[0]
        inner = shape or (sizes(rng, 1)[0],)
        x_0, x_1 = rng.standard_normal((2, rows, *inner))
        times = rng.uniform(0, 1, rows) if t is None else np.full(rows, t)
        return {"x_0": x_0, "x_1": 3 * x_1 + 1, "t": times}

    return draw


def with_zeros(draw, name):
    """The inputs of `draw`, with zeros in one of them."""

    def drawn(rng):
        inputs = draw(rng)
        inputs[name][..., ::2] = 0
        return inputs

    return drawn


def mixtures(t=None, k=None, d=None, n=None, sigma=None, spread=2.0, even=False, apart=2.0):
    """Inputs of mixture_velocity."""

    def draw(rng):
        rows, columns, clusters = sizes(rng, 3)
        rows, columns, clusters = n or rows, d or columns, k or clusters
        shares = (
            np.full(clusters, 1 / clusters) if even else rng.dirichlet(np.full(clusters, 2.0)) * 0.9 + 0.1 / clusters
        )
        return {
            "x": spread * rng.standard_normal((rows, columns)),
            "t": float(rng.uniform(0.3, 0.7)) if t is None else t,
            "centres": apart * rng.standard_normal((clusters, columns)),
            "sigma": float(rng.uniform(0.3, 0.8)) if sigma is None else sigma,
            "shares": shares,
        }

    return draw


def unlike(rng):
    """One cluster has nearly everything, and the places are near the other one."""
    inputs = mixtures(k=2, spread=0.3, t=0.5)(rng)
    return inputs | {"x": inputs["x"] + 0.5 * inputs["centres"][1], "shares": np.array([1 - 1e-12, 1e-12])}


def fields(steps=None, d=None, n=None, drift=1.0, turn=1.0, even=False, start=0.0, length=1.0, spread=1.0):
    """Inputs of heun."""

    def draw(rng):
        rows, columns, count = sizes(rng, 3)
        rows, columns, count = n or rows, d or columns, steps or count
        times = np.sort(rng.uniform(0, 1, count - 1))
        times = np.linspace(0, 1, count + 1) if even else np.concatenate([[0.0], times, [1.0]])
        return {
            "x": spread * rng.standard_normal((rows, columns)),
            "matrix": turn * rng.standard_normal((columns, columns)),
            "drift": drift * rng.standard_normal(columns),
            "times": start + length * times,
        }

    return draw


def guesses(n=None, d=None, angle=None, scale=1.0):
    """Inputs of velocity_of_guess; a is the sine of the angle and s its cosine."""

    def draw(rng):
        rows, columns = sizes(rng, 2)
        rows, columns = n or rows, d or columns
        angles = rng.uniform(0.2, 1.3, rows) if angle is None else np.full(rows, angle)
        return {
            "y": scale * rng.standard_normal((rows, columns)),
            "a": np.sin(angles),
            "s": np.cos(angles),
            "noise": rng.standard_normal((rows, columns)),
        }

    return draw


def numbers(n=None, shift=0.0, stretch=1.0):
    """Inputs of pair_on_a_line."""

    def draw(rng):
        rows = n or sizes(rng, 1)[0]
        return {"x_0": rng.standard_normal(rows), "x_1": shift + stretch * rng.standard_normal(rows)}

    return draw


def near_zero(name):
    """Numbers of which one is 0 and others lie within a thousandth of it, on both sides."""

    def draw(rng):
        near = rng.permutation(np.array([0.0, 0.0004, -0.0004, 0.0009, 2.0, -1.0]))
        other = rng.standard_normal(6)
        return {"x_0": near, "x_1": other} if name == "x_0" else {"x_0": other, "x_1": near}

    return draw


def in_order(rng):
    """Both rise already."""
    return {name: np.sort(values) for name, values in numbers(n=7)(rng).items()}


def clouds(n, d=2, kind="ring"):
    """Noise, and a ring of eight clusters, one of two moons of a sort, or one cloud far away."""

    def draw(rng):
        x_0 = rng.standard_normal((n, d))
        if kind == "ring":
            angle = 2 * np.pi * rng.integers(8, size=n) / 8
            x_1 = 1.4 * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.07 * rng.standard_normal((n, 2))
        elif kind == "two clouds":
            x_1 = 0.3 * rng.standard_normal((n, d)) + rng.choice([-2, 2], (n, 1))
        else:
            x_1 = 2 + rng.standard_normal((n, d))
        return WithTruth({"x_0": x_0, "x_1": x_1, "seed": int(rng.integers(1 << 30))}, least=least(x_0, x_1))

    return draw


def least(x_0, x_1):
    """The smallest mean squared distance that any pairing has."""
    from scipy.optimize import linear_sum_assignment

    squares = ((x_1[:, None] - x_0) ** 2).sum(axis=2)
    return squares[linear_sum_assignment(squares)].mean()


def excess(inputs, answer):
    """The measure of `nearly_optimal_pairs`: how much longer the squared lines are than they must be, in per cent."""
    order, n = np.asarray(answer), len(inputs["x_0"])
    if order.shape != (n,) or order.dtype.kind not in "iu":
        raise ArgumentError(
            f"nearly_optimal_pairs: expected {n} integers, got {order.dtype} in an array of shape {order.shape}"
        )
    if sorted(order.tolist()) != list(range(n)):
        raise ArgumentError(f"nearly_optimal_pairs: expected each of 0 ... {n - 1} once; some are missing or repeated")
    mean = ((inputs["x_0"][order] - inputs["x_1"]) ** 2).sum(axis=1).mean()
    return Measure(float(100 * (mean / inputs.truth["least"] - 1)), 5.0, "per cent above the least", better="lower")


EXERCISES = [
    Exercise(
        key="22.1",
        function="interpolate",
        section="Lines, and their mean",
        results=("x_t", "velocity"),
        cases={
            "some points": lines(),
            "images": lines(3, 4, 2),
            "as many numbers as examples": lines(5, n=5),
            "images as wide as the batch": lines(4, 4, 4, n=4),
            "one number each": lines(1),
            "one point": lines(n=1),
            "at the beginning": lines(t=0.0),
            "at the end": lines(t=1.0),
            "zeros in the noise": with_zeros(lines(), "x_0"),
            "zeros in the data": with_zeros(lines(), "x_1"),
            "some times are 0": with_zeros(lines(), "t"),
        },
        hints=(
            "Each example has its own t, which multiplies all of its numbers. What shape must t have for that?",
            "t.reshape(-1, 1) is right for points; for images there is a 1 for each axis after the first.",
            "t = t.reshape(-1, *[1] * (x_0.ndim - 1)); and d/dt of (1 - t) x_0 + t x_1 is x_1 - x_0 at every t.",
        ),
    ),
    Exercise(
        key="22.2",
        function="mixture_velocity",
        section="Lines, and their mean",
        level=2,
        cases={
            "some places": mixtures(),
            "one cluster": mixtures(k=1),
            "one number each": mixtures(d=1),
            "one place": mixtures(n=1),
            "as many clusters as numbers": mixtures(k=4, d=4, n=4),
            "at the beginning": mixtures(t=0.0),
            "early": mixtures(t=0.05),
            "late": mixtures(t=0.95),
            "at the end": mixtures(t=1.0, sigma=0.5),
            "narrow clusters": mixtures(sigma=1e-3, t=0.999),
            "very narrow clusters, very late": mixtures(sigma=1e-7, t=1 - 1e-7),
            "centres of hundreds": mixtures(apart=300.0, spread=100.0),
            "wide clusters": mixtures(sigma=3.0),
            "sigma of 1": mixtures(sigma=1.0),
            "far from everything": mixtures(spread=200.0),
            "equal shares": mixtures(even=True),
            "a very rare cluster": unlike,
            "zeros among the places": with_zeros(mixtures(), "x"),
            "zeros among the centres": with_zeros(mixtures(), "centres"),
        },
        tolerance=1e-10,
        hints=(
            "First one cluster: x_t is Gaussian there, and so is x_1 - x_0. What is the mean of one Gaussian number "
            "when another one is known? Then: how probable is each cluster, once x_t is known?",
            "In cluster k: x_t has the mean t c_k and the variance v = (1 - t)^2 + t^2 sigma^2; its covariance with "
            "x_1 - x_0 is t sigma^2 - (1 - t). The mean of x_1 - x_0 is c_k + covariance / v * (x - t c_k).",
            "The weights are shares[k] exp(-|x - t c_k|^2 / 2v), divided by their sum. Far away all of them round to "
            "0: take logarithms, and subtract the largest before np.exp.",
        ),
    ),
    Exercise(
        key="22.3",
        function="heun",
        section="Steps",
        cases={
            "some steps": fields(),
            "one step": fields(steps=1),
            "two steps": fields(steps=2),
            "a hundred small steps": fields(steps=100),
            "equal steps": fields(even=True),
            "one number each": fields(d=1),
            "one point": fields(n=1),
            "no drift": fields(drift=0.0),
            "only drift": fields(turn=0.0),
            "from a later time": fields(start=200.0, length=0.5),
            "from a negative time": fields(start=-1.0, length=2.0),
            "a large x": fields(spread=400.0, turn=1 / 400),
            "a large matrix": fields(spread=1 / 400, turn=400.0, length=0.01),
            "a large drift": fields(drift=400.0),
            "zeros among the places": with_zeros(fields(), "x"),
            "zeros in the matrix": with_zeros(fields(), "matrix"),
            "zeros in the drift": with_zeros(fields(), "drift"),
        },
        hints=(
            "A loop over neighbouring times. In each step the velocity is evaluated twice: at which places, and at "
            "which times?",
            "first = u(x, t). The second one belongs to the end of Euler's step: u(x + h first, t + h).",
            "x = x + h * (first + second) / 2, with h = s - t for neighbouring times t and s; the steps may differ.",
        ),
    ),
    Exercise(
        key="22.4",
        function="velocity_of_guess",
        section="The same network, another path",
        level=2,
        results=("t", "x", "velocity"),
        cases={
            "some examples": guesses(),
            "one example": guesses(n=1),
            "one number each": guesses(d=1),
            "as many numbers as examples": guesses(n=5, d=5),
            "mostly noise": guesses(angle=0.01),
            "mostly data": guesses(angle=np.pi / 2 - 0.01),
            "half and half": guesses(angle=np.pi / 4),
            "large numbers": guesses(scale=1e3),
            "zeros among the examples": with_zeros(guesses(), "y"),
            "zeros among the guesses": with_zeros(guesses(), "noise"),
        },
        hints=(
            "The weights of x_1 and x_0 on the line are t and 1 - t: their sum is 1. What is the sum of a and s?",
            "Divide by a + s: then t = a / (a + s). The velocity is E[x_1 | y] - E[x_0 | y]. The second mean is given; "
            "the first one follows from y.",
            "E[x_1 | y] = (y - s noise) / a, because y is known. Each example has its own a and s: a[:, None].",
        ),
    ),
    Exercise(
        key="22.5",
        function="pair_on_a_line",
        section="Lines that do not cross",
        results=("order", "w2"),
        cases={
            "some numbers": numbers(),
            "one number": numbers(n=1),
            "two": numbers(n=2),
            "three": numbers(n=3),
            "fifty": numbers(n=50),
            "far apart": numbers(shift=100.0),
            "stretched": numbers(stretch=20.0),
            "in order already": in_order,
            "near 0, in x_0": near_zero("x_0"),
            "near 0, in x_1": near_zero("x_1"),
        },
        hints=(
            "np.argsort says where the smallest, the second smallest, ... of an array stand. You need it for both.",
            "The place of the k-th smallest of x_1 must get the place of the k-th smallest of x_0.",
            "order = np.empty(N, int); order[np.argsort(x_1)] = np.argsort(x_0).",
        ),
    ),
    Exercise(
        key="22.6",
        function="nearly_optimal_pairs",
        section="Lines that do not cross",
        level=3,
        measure=excess,
        cases={
            "noise and a ring": clouds(80),
            "noise and a ring of 64": clouds(64),
            "noise and two clouds": clouds(80, kind="two clouds"),
            "in three dimensions": clouds(60, d=3, kind="two clouds"),
            "noise and one cloud far away": clouds(60, kind="far"),
        },
        hints=(
            "Begin with any pairs. The section says which two lines would be shorter with their ends exchanged, even "
            "if they do not cross: compute by how much for each two.",
            "With cost[i, j] = |x_1[i] - x_0[j]|^2, exchanging i and j gains cost[i, o_i] + cost[j, o_j] - cost[i, "
            "o_j] - cost[j, o_i], where o is the order. Make the best exchange, and compute the gains anew.",
            "now = cost[:, order]; gain = now.diagonal()[:, None] + now.diagonal() - now - now.T. Stop where no gain "
            "is above 1e-9. Begin anew from a few other orders, and keep the best.",
        ),
    ),
]
