"""The exercises of lesson 19: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth

HELD_OUT = 4000  # points that the open task is measured on, but for
FAR = 2.5  # deviations: a single one that is farther out, in x_1, may cost more than all the others


def sizes(rng, count):
    """So many different sizes."""
    return [int(n) for n in rng.choice(np.arange(3, 9), count, replace=False)]


def points(spread=1.0, centre=0.0, log_std=1.0, n=None, d=None):
    """Inputs of log_density."""

    def draw(rng):
        rows, columns = sizes(rng, 2)
        rows, columns = n or rows, d or columns
        x = centre + spread * rng.standard_normal((rows, columns))
        return {
            "x": x,
            "mean": centre + rng.standard_normal(columns),
            "log_std": log_std * rng.standard_normal(columns).clip(-3, 3),
        }

    return draw


def wide_and_narrow(rng):
    """Deviations from e^-50 to e^50; z is of ordinary size."""
    n = sizes(rng, 1)[0]
    log_std, mean = np.array([-50.0, 0.0, 50.0, -20.0]), np.array([0.0, 1.0, -2.0, 0.0])
    return {"x": mean + np.exp(log_std) * rng.standard_normal((n, 4)), "mean": mean, "log_std": log_std}


def far(rng):
    """Points thousands of deviations away: the density is 0 to the computer, its logarithm is not."""
    inputs = points()(rng)
    return inputs | {"x": inputs["x"] + 1e4}


def some_zeros(draw, name):
    """The inputs of `draw`, with zeros in one of them."""

    def drawn(rng):
        inputs = draw(rng)
        inputs[name][..., ::2] = 0
        return inputs

    return drawn


def at_the_mean(rng):
    """All points at the mean, several times."""
    inputs = points()(rng)
    return inputs | {"x": np.repeat(inputs["mean"][None], sizes(rng, 1)[0], axis=0)}


def halves(d=None, n=None, scale=1.0, name="x"):
    """Inputs of a coupling of d numbers."""

    def draw(rng):
        rows, columns = sizes(rng, 2)
        rows, columns = n or rows, d or columns
        s, t = scale * rng.standard_normal((2, rows, columns // 2))
        return {name: 2 * rng.standard_normal((rows, columns)), "s": s, "t": t}

    return draw


def strong(name):
    """Scales e^s from e^-30 to e^30."""

    def draw(rng):
        inputs = halves(d=6, n=4, name=name)(rng)
        s = np.linspace(-30, 30, 12).reshape(4, 3)
        if name == "y":
            inputs["y"][:, 3:] = np.exp(s) * rng.standard_normal((4, 3)) + inputs["t"]
        return inputs | {"s": s}

    return draw


def alone(name, s, x=1.0, t=0.0):
    """One point of two numbers, of which the first is 0."""
    return lambda rng: {name: np.array([[0.0, x]]), "s": np.array([[s]]), "t": np.array([[t]])}


def zeros(name):
    """A network that says nothing, as at the beginning."""

    def draw(rng):
        inputs = halves(name=name)(rng)
        return inputs | {"s": np.zeros_like(inputs["s"]), "t": np.zeros_like(inputs["t"])}

    return draw


def only(name, kept):
    """A network that only stretches, or only shifts."""

    def draw(rng):
        inputs = halves(name=name)(rng)
        return inputs | {k: np.zeros_like(inputs[k]) for k in ("s", "t") if k != kept}

    return draw


def pixels(alpha, low=0.0, high=1.0, n=None, d=None):
    """Numbers between low and high."""

    def draw(rng):
        rows, columns = sizes(rng, 2)
        return {"v": rng.uniform(low, high, (n or rows, d or columns)), "alpha": alpha}

    return draw


def black_and_white(alpha):
    """Only 0 and 1, and the middle."""
    return lambda rng: {"v": rng.permutation(np.array([0.0, 1.0, 0.5, 0.0, 1.0, 1.0])).reshape(2, 3), "alpha": alpha}


def planar(product=None, d=None, n=None, spread=1.0, b=None):
    """Inputs of planar_log_det; `product` is <u, w>."""

    def draw(rng):
        rows, columns = sizes(rng, 2)
        rows, columns = n or rows, d or columns
        u, w = rng.standard_normal((2, columns)) / np.sqrt(columns)
        wanted = rng.uniform(-0.9, 3) if product is None else product
        u = u + (wanted - u @ w) * w / (w @ w)
        x = spread * rng.standard_normal((rows, columns))
        return {"x": x, "u": u, "w": w, "b": float(rng.standard_normal()) if b is None else b}

    return draw


def lopsided(large):
    """Two of x, u and w are tiny and one has numbers of hundreds."""

    def draw(rng):
        inputs = planar(b=0.3)(rng)
        sizes = {"x": {"x": 400.0, "w": 1 / 400}, "u": {"u": 400.0, "w": 1 / 400}, "w": {"w": 400.0, "x": 1 / 400}}
        for name, size in sizes[large].items():
            inputs[name] = inputs[name] * size
        if large == "w":
            inputs["u"] = inputs["u"] / 400
        return inputs

    return draw


def folded(rng):
    """<u, w> far below -1: near the middle the plane is turned over, and the determinant is negative."""
    inputs = planar(product=-4.0, b=0.0)(rng)
    return inputs | {"x": 0.3 * inputs["x"]}


def far_out(rng):
    """Where the map moves nothing, but for one example, whose determinant is not 1."""
    inputs = planar(spread=30.0)(rng)
    inputs["x"][0] /= 30
    return inputs


def a_flow(rng):
    """The flow that points are drawn from, in z_1: mean, log_std, t's and s's coefficients."""
    t = np.array([rng.uniform(-1, 1), rng.uniform(-0.5, 0.5), rng.choice([-1, 1]) * rng.uniform(0.8, 1.5)])
    s = np.array([rng.uniform(-1.5, -0.8), rng.choice([-1, 1]) * rng.uniform(0.5, 0.9)])
    return float(rng.uniform(-1, 1)), float(rng.uniform(-0.5, 0.5)), t, s


def drawn(flow, n, rng, centre=0.0, unit=1.0):
    """n points of it, moved by `centre` and then in other units; and their log-density."""
    mean, log_std, t, s = flow
    z = rng.standard_normal((n, 2))
    powers = z[:, :1] ** np.arange(3)
    log_scale = powers[:, :2] @ s
    x = np.stack([mean + centre + np.exp(log_std) * z[:, 0], powers @ t + np.exp(log_scale) * z[:, 1]], axis=1)
    log_p = -0.5 * (z**2).sum(axis=1) - np.log(2 * np.pi) - log_std - log_scale - 2 * np.log(unit)
    return unit * x, log_p


def banana(n, centre=0.0, unit=1.0):
    """Points of a flow that nobody tells you."""

    def draw(rng):
        flow = a_flow(rng)
        (x, _), (new, log_p) = (drawn(flow, count, rng, centre, unit) for count in (n, HELD_OUT))
        mean, log_std = flow[:2]
        near = np.abs(new[:, 0] / unit - mean - centre) < FAR * np.exp(log_std)
        new, log_p = new[near], log_p[near]
        return WithTruth({"x": x, "seed": int(rng.integers(1 << 30))}, new=new, log_p=log_p)

    return draw


def excess(inputs, answer):
    """The measure of `fit_banana`: nats above the flow that drew the points, on fresh points."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 4:
        raise ArgumentError("fit_banana: expected four results, (mean, log_std, shift, scale)")
    try:
        mean, log_std = (float(a) for a in answer[:2])
        shift, scale = (np.asarray(a, dtype=float) for a in answer[2:])
    except (TypeError, ValueError):
        raise ArgumentError("fit_banana: expected numbers: two floats, and two arrays of coefficients") from None
    for name, a in (("shift", shift), ("scale", scale)):
        if a.ndim != 1 or not 1 <= len(a) <= 8:
            raise ArgumentError(f"fit_banana: expected 1 to 8 coefficients in {name}, got an array of shape {a.shape}")
    if not np.isfinite([mean, log_std, *shift, *scale]).all():
        raise ArgumentError("fit_banana: a result is not finite")
    x, log_p = inputs.truth.values()
    t, s = (np.polynomial.polynomial.polyval(x[:, 0], a) for a in (shift, scale))
    with np.errstate(all="ignore"):
        z = np.stack([(x[:, 0] - mean) * np.exp(-log_std), (x[:, 1] - t) * np.exp(-s)], axis=1)
        ours = -0.5 * (z**2).sum(axis=1) - np.log(2 * np.pi) - log_std - s
    value = float((log_p - ours).mean())
    return Measure(value if np.isfinite(value) else np.inf, 0.03, "nats above the true flow", better="lower")


EXERCISES = [
    Exercise(
        key="19.1",
        function="log_density",
        section="Many numbers",
        cases={
            "some points": points(),
            "one number each": points(d=1),
            "one point": points(n=1),
            "far from 0": points(centre=300.0),
            "deviations of 1": points(log_std=0.0),
            "from very narrow to very wide": wide_and_narrow,
            "thousands of deviations away": far,
            "at the mean": at_the_mean,
            "zeros among the numbers": some_zeros(points(), "x"),
        },
        hints=(
            "First z, then log p(z): one logarithm for each of the D numbers, and a sum over them. What does the map "
            "from x to z do to volumes?",
            "dz_i/dx_i = e^-log_std_i, and the other entries of J are 0: log |det J| is the sum of -log_std.",
            "z = (x - mean) * np.exp(-log_std); return -0.5 * (np.log(2 * np.pi) + z**2).sum(axis=1) - log_std.sum().",
        ),
    ),
    Exercise(
        key="19.2",
        function="coupling",
        section="A map that is cheap both ways",
        results=("y", "log_det"),
        cases={
            "some points": halves(),
            "two numbers": halves(d=2),
            "an odd number of them": halves(d=5),
            "an even number": halves(d=6),
            "one point": halves(n=1),
            "a network that says 0": zeros("x"),
            "only stretched": only("x", "s"),
            "only shifted": only("x", "t"),
            "from e^-30 to e^30": strong("x"),
            "zeros among the numbers": some_zeros(halves(name="x"), "x"),
            "stretched by e^120": alone("x", 120.0),
            "numbers of thousands": alone("x", 0.5, x=3000.0, t=-2000.0),
        },
        hints=(
            "Cut x in two: the last D // 2 numbers are moved. Which entries stand on the diagonal of the Jacobian?",
            "Ones for the numbers that stay, e^s for those that are moved; above the diagonal there is nothing. What "
            "is the logarithm of their product?",
            "k = D - D // 2; y = np.concatenate([x[:, :k], x[:, k:] * np.exp(s) + t], axis=1); log_det = "
            "s.sum(axis=1).",
        ),
    ),
    Exercise(
        key="19.3",
        function="coupling_inverse",
        section="A map that is cheap both ways",
        results=("x", "log_det"),
        cases={
            "some points": halves(name="y"),
            "two numbers": halves(d=2, name="y"),
            "an odd number of them": halves(d=5, name="y"),
            "an even number": halves(d=6, name="y"),
            "one point": halves(n=1, name="y"),
            "a network that says 0": zeros("y"),
            "only stretched": only("y", "s"),
            "only shifted": only("y", "t"),
            "from e^-30 to e^30": strong("y"),
            "zeros among the numbers": some_zeros(halves(name="y"), "y"),
            "stretched by e^-120": alone("y", -120.0),
            "numbers of thousands": alone("y", 0.5, x=3000.0, t=-2000.0),
        },
        hints=(
            "Solve y_b = x_b e^s + t for x_b. What was done last is undone first.",
            "x_b = (y_b - t) e^-s. And the Jacobian of the inverse is the inverse of the Jacobian.",
            "k = D - D // 2; x = np.concatenate([y[:, :k], (y[:, k:] - t) * np.exp(-s)], axis=1); log_det = "
            "-s.sum(axis=1).",
        ),
    ),
    Exercise(
        key="19.4",
        function="logit_map",
        section="Pixels",
        results=("y", "log_det"),
        cases={
            "grey pixels": pixels(0.05),
            "a tiny alpha": pixels(1e-6),
            "a large alpha": pixels(0.7),
            "black and white": black_and_white(0.05),
            "black and white, and a tiny alpha": black_and_white(1e-6),
            "black and white, and alpha nearly 0": black_and_white(1e-9),
            "nearly black": pixels(1e-6, 0.0, 1e-5),
            "nearly white": pixels(1e-6, 1 - 1e-5, 1.0),
            "one pixel": pixels(0.05, n=1, d=1),
            "one image": pixels(0.05, n=1),
        },
        tolerance=1e-7,
        hints=(
            "A chain of two maps for each pixel: their slopes multiply, so the logarithms of the slopes add up.",
            "The slope of the shrinking is 1 - alpha; that of log(a / (1 - a)) = log a - log(1 - a) is 1/a + 1/(1 - a) "
            "= 1 / (a (1 - a)).",
            "log_det = (np.log(1 - alpha) - np.log(a) - np.log(1 - a)).sum(axis=1).",
        ),
    ),
    Exercise(
        key="19.5",
        function="planar_log_det",
        section="Other maps",
        level=2,
        cases={
            "some points": planar(),
            "one number": planar(d=1),
            "one point": planar(n=1),
            "two numbers": planar(d=2),
            "a hundred numbers": planar(d=100),
            "a push nearly along the plane": planar(product=0.01),
            "shrunk": planar(product=-0.8),
            "turned over": folded,
            "far from the middle": far_out,
            "shifted": planar(b=2.0),
            "a large x": lopsided("x"),
            "a large u": lopsided("u"),
            "a large w": lopsided("w"),
            "zeros among the numbers": some_zeros(planar(), "x"),
            "zeros in u": some_zeros(planar(), "u"),
            "zeros in w": some_zeros(planar(), "w"),
        },
        tolerance=1e-9,
        hints=(
            "Write down J: the identity, plus a number times a matrix that has u in its columns and w in its rows. "
            "Which vectors does such a matrix leave alone?",
            "J = I + c u w^T with c = 1 - tanh^2. Every vector at a right angle to w stays as it is: D - 1 eigenvalues "
            "are 1. What does J do to u itself?",
            "J u = u (1 + c <w, u>), so the determinant, the product of the eigenvalues, is 1 + c <w, u>.",
        ),
    ),
    Exercise(
        key="19.6",
        function="fit_banana",
        section="A misconception, put to the test",
        level=3,
        measure=excess,
        cases={
            "a thousand points": banana(1000),
            "two thousand": banana(2000),
            "eight hundred": banana(800),
            "far from 0": banana(1000, centre=20.0),
            "in small units": banana(1000, unit=0.01),
            "in large units": banana(1000, centre=-5.0, unit=100.0),
        },
        hints=(
            "The first number: a mean and a deviation. For the second, fit a parabola first (np.polyfit, or least "
            "squares on the powers of x_1), and look at what is left.",
            "What is left, r, is Gaussian with the deviation e^s. Descend on the mean of s + r^2 e^(-2 s) / 2 for the "
            "two coefficients of s; work with z_1 in place of x_1, whose powers have ordinary sizes.",
            "Rows with little scatter say more about the parabola: fit it again with the weights e^-s, and repeat. At "
            "the end turn the polynomials of z_1 into polynomials of x_1 (np.polynomial.Polynomial does it).",
        ),
    ),
]
