"""The exercises of lesson 2: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, reference_of

ref = reference_of(__file__)


def measuring(axes, sizes=(2, 3, 4, 5), low=-1.3, high=-0.7):
    """An array with so many axes, weights, and a step between two powers of ten, large enough to be seen."""

    def draw(rng):
        shape = tuple(int(n) for n in rng.choice(sizes, axes, replace=False))
        x, w = rng.standard_normal(shape), rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape)
        return {"x": x, "w": w, "h": float(f"{10 ** rng.uniform(low, high):.3g}")}

    return draw


def stepping(eps, shape=None):
    """Values and third derivatives of both signs and many sizes, of this shape, or so many as chance will have it."""

    def draw(rng):
        sizes = 10 ** rng.uniform(-3, 3, (2, *(shape or [int(rng.integers(3, 8))])))
        f, f3 = sizes * rng.choice([-1, 1], sizes.shape)
        f.flat[0], f3.flat[-1] = -abs(f.flat[0]), -abs(f3.flat[-1])
        return {"f": f, "f3": f3, "eps": eps}

    return draw


def zero_value(rng):
    """One of the values is 0, where there is nothing to round."""
    given = stepping(1e-4)(rng)
    given["f"][1] = 0.0
    return given


def probabilities(rng):
    """Probabilities in rows, and a random upstream gradient."""
    n, k = (int(v) for v in rng.choice([2, 3, 4, 5, 6], 2, replace=False))
    y = np.exp(rng.standard_normal((n, k)))
    return {"y": y / y.sum(axis=1, keepdims=True), "g": rng.standard_normal((n, k))}


def certain(rng):
    """Rows of which one entry has nearly all of the probability, and others so little that they are 0; the last is not.

    Were they all so, each gradient would be little more than the rounding of a difference.
    """
    n, k = (int(v) for v in rng.choice([3, 4, 5, 6], 2, replace=False))
    x = rng.standard_normal((n, k))
    x[np.arange(n), rng.integers(k, size=n)] += np.concatenate([[1000.0], 10 ** rng.uniform(0.5, 1.5, n - 2), [0.0]])
    y, g = np.exp(x - x.max(axis=1, keepdims=True)), rng.standard_normal((n, k))
    g[-1, 0] = 0.0
    return {"y": y / y.sum(axis=1, keepdims=True), "g": g}


def one_column(rng):
    """Rows with a single entry, which has the probability 1."""
    n = int(rng.integers(2, 6))
    return {"y": np.ones((n, 1)), "g": rng.standard_normal((n, 1))}


def offsets(values=None, n=None):
    """Offsets of a difference formula: these, in any order, or n random ones."""

    def draw(rng):
        chosen = rng.permutation(np.arange(-8, 9))[:n] / 2 if values is None else rng.permutation(values)
        return {"offsets": np.array(chosen, np.float64)}

    return draw


def points(rng):
    """Some fifty points."""
    return {"x": rng.uniform(-2, 2, int(rng.integers(30, 80)))}


def right_digits(inputs, answer):
    """How many digits of the slopes are right; the step in the imaginary direction gives all of them."""
    slopes, right = np.asarray(answer, np.float64), ref.winding(inputs["x"] + 1e-30j).imag / 1e-30
    if slopes.shape != right.shape:
        raise ArgumentError(f"the slopes have shape {slopes.shape}, expected {right.shape}")
    error = np.sqrt(np.mean((slopes - right) ** 2) / np.mean(right**2))
    return Measure(float(min(16.0, -np.log10(max(error, 1e-16)))), 11.5, "right digits")


def compared(special, rtol=1e-3, atol=1e-5, shape=None):
    """Two gradients that nearly agree in some entries; some measured slopes are 0, some values those in `special`."""

    def draw(rng):
        sizes = shape or tuple(int(n) for n in rng.choice([4, 5, 6], 2, replace=False))
        numeric = rng.standard_normal(sizes) * 10 ** rng.uniform(-4, 2, sizes)
        analytic = numeric * (1 + 10 ** rng.uniform(-7, 0, sizes)) + 10 ** rng.uniform(-8, -3, sizes)
        numeric.flat[:2] = 0.0
        analytic.flat[1:3] = 0.0
        for (one, other), place in zip(special, rng.permutation(np.arange(4, numeric.size)), strict=False):
            analytic.flat[place] = analytic.flat[place] if one is None else one
            numeric.flat[place] = numeric.flat[place] if other is None else other
        return {"analytic": analytic, "numeric": numeric, "rtol": rtol, "atol": atol}

    return draw


def of_softmax(reference, inputs):
    """<softmax(x), G> as a function of x, at the x that gives y."""
    y, g = inputs.values()

    def loss(x):
        e = np.exp(x)
        return float((e / e.sum(axis=1, keepdims=True) * g).sum())

    return [(loss, np.log(np.maximum(y, 1e-300)))]  # a probability of 0 comes from -infinity, or nearly


EXERCISES = [
    Exercise(
        key="02.1",
        function="numeric_gradient",
        section="Measuring a slope",
        cases={
            "a matrix": measuring(2),
            "a vector": measuring(1),
            "three axes": measuring(3),
            "four axes, one of length 1": measuring(4, sizes=[1, 2, 3, 4]),
            "a smaller step": measuring(1, low=-2.2, high=-1.5),
            "a large step": measuring(2, low=-0.5, high=0.5),
            "one entry": lambda rng: {"x": rng.standard_normal(1), "w": rng.uniform(0.5, 1.5, 1), "h": 0.125},
            "zeros": lambda rng: {**measuring(2)(rng), "x": np.zeros((2, 3)), "w": rng.standard_normal((2, 3))},
            "a weight of 0": lambda rng: {
                "x": rng.standard_normal(4),
                "w": np.array([0.0, 1.0, -1.0, 0.0]),
                "h": 0.125,
            },
        },
        hints=(
            "There are as many slopes as entries. For one of them, which entries of x move, and how often is "
            "smooth_max evaluated?",
            "Loop over all indices of an array of any shape with `for i in np.ndindex(*x.shape)`. Move x[i] by +h, "
            "evaluate, move it to -h, evaluate, and put it back before the next one moves.",
            "On a copy of x: `kept = x[i]; x[i] = kept + h; right = smooth_max(x, w); x[i] = kept - h; left = "
            "smooth_max(x, w); x[i] = kept`, and result[i] = (right - left) / (2 * h).",
        ),
    ),
    Exercise(
        key="02.2",
        function="best_step",
        section="The step: not too large, not too small",
        cases={
            "float64": stepping(1.1e-16),
            "float32": stepping(6e-8),
            "float16": stepping(4.9e-4),
            "f is 0": zero_value,
            "one point": stepping(1e-3, [1]),
            "points in rows": stepping(1e-8, [2, 3]),
            "three axes, one of length 1": stepping(6e-8, [3, 1, 2]),
        },
        hints=(
            "One part of the error falls as h grows, the other rises. What holds for the derivative of a function at "
            "its minimum?",
            "d error / dh = -eps |f| / h^2 + h |f'''| / 3. Set it to 0 and solve for h.",
            "h^3 = 3 eps |f| / |f'''|. The cube root is `** (1 / 3)` or np.cbrt; take np.abs of f and of f3 first.",
        ),
    ),
    Exercise(
        key="02.3",
        function="softmax_backward",
        section="A misconception, put to the test: the sum is enough",
        measured=of_softmax,
        cases={
            "rows": probabilities,
            "other sizes": probabilities,
            "probabilities of nearly 0 and 1": certain,
            "one class": one_column,
            "one row": lambda rng: {name: array[:1] for name, array in probabilities(rng).items()},
        },
        hints=(
            "Each output of a row depends on every input of this row. Put the second formula of the docstring into "
            "the first. What happens to the two terms?",
            "The term with k == j leaves G[n, j] Y[n, j]; the other one leaves -Y[n, j] sum_k G[n, k] Y[n, k]. That "
            "sum is one number for each row.",
            "y * (g - s) with s = (g * y).sum(axis=1, keepdims=True), of shape (N, 1).",
        ),
    ),
    Exercise(
        key="02.4",
        function="error_ratios",
        section="When are two numbers equal?",
        cases={
            "finite": compared(()),
            "a NaN of the rule": compared(((np.nan, None),)),
            "a NaN of the measurement": compared(((None, np.nan),)),
            "other tolerances": compared(((np.nan, np.nan),), rtol=0.1, atol=1e-2),
            "tiny tolerances": compared((), rtol=1e-9, atol=1e-12),
            "infinities": compared(((np.inf, None), (None, -np.inf), (np.inf, np.inf), (-np.inf, np.inf))),
            "negative infinities": compared(((-np.inf, -np.inf), (-np.inf, None))),
            "one axis": compared(((np.nan, None),), shape=(7,)),
            "axes of length 1": compared(((None, np.inf),), shape=(5, 1)),
            "three axes": compared(((-np.inf, np.nan),), shape=(1, 3, 4)),
        },
        hints=(
            "The formula is one line of NumPy. Then ask: what does it give where analytic is NaN, and where both are "
            "infinite?",
            "NaN - 1 is NaN, inf - inf is NaN, and inf / inf is NaN. Find the places by the inputs, not by the result: "
            "np.isfinite(analytic) & np.isfinite(numeric).",
            "np.where(finite, ratios, np.inf) with finite as in the hint before.",
        ),
    ),
    Exercise(
        key="02.5",
        function="stencil",
        section="More points",
        level=2,
        tolerance=1e-9,
        cases={
            "two points": offsets((-1, 1)),
            "to the right": offsets((0, 1)),
            "four points": offsets((-2, -1, 1, 2)),
            "three on one side": offsets((0, 1, 2)),
            "any two": offsets(n=2),
            "any three": offsets(n=3),
            "any four": offsets(n=4),
            "any five": offsets(n=5),
            "any six": offsets(n=6),
        },
        hints=(
            "The formula has to be right for f = 1, for f = x, for x^2, ... up to x^(n - 1), at x = 0 and with h = 1. "
            "Write down what that says for each of them.",
            "For f = x^p: sum_i w_i o_i^p has to be the derivative of x^p at 0. That is 1 for p = 1, and 0 for all "
            "other p. These are n linear equations for n weights.",
            "A matrix with `offsets ** p` in row p, p = 0 ... n - 1, and a right side that is 1 in row 1 and 0 in all "
            "others. np.linalg.solve does the rest.",
        ),
    ),
    Exercise(
        key="02.6",
        function="sharp_slope",
        section="Many digits",
        level=3,
        cases={"points": points, "other points": points, "and others": points},
        measure=right_digits,
        hints=(
            "A central difference gives about ten digits, with the best step. Which part of its error can be made "
            "smaller without a smaller step?",
            "Take more points: with six of them the error of the series falls with h^6, so that a larger step is good "
            "enough, and rounding does less harm. Exercise 02.5 gives the weights.",
            "Six points at (-3, -2, -1, 1, 2, 3) h with h = 0.0008 are enough. So are a step in the imaginary "
            "direction, winding(x + 1e-20j).imag / 1e-20, and the chain rule through the loop.",
        ),
    ),
]
