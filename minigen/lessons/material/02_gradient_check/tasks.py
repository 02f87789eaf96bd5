"""The exercises of lesson 2: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


def measuring(axes):
    """An array with so many axes, weights, and a step that is large enough to be seen in the answer."""

    def draw(rng):
        shape = tuple(int(n) for n in rng.choice([2, 3, 4, 5], axes, replace=False))
        x, w = rng.standard_normal(shape), rng.uniform(0.5, 1.5, shape) * rng.choice([-1, 1], shape)
        return {"x": x, "w": w, "h": round(float(rng.uniform(0.05, 0.2)), 3)}

    return draw


def stepping(eps):
    """Values and third derivatives of both signs and many sizes."""

    def draw(rng):
        sizes = 10 ** rng.uniform(-3, 3, (2, int(rng.integers(3, 8))))
        f, f3 = sizes * rng.choice([-1, 1], sizes.shape)
        f[0], f3[-1] = -abs(f[0]), -abs(f3[-1])
        return {"f": f, "f3": f3, "eps": eps}

    return draw


def probabilities(rng):
    """Probabilities in rows, and a random upstream gradient."""
    n, k = (int(v) for v in rng.choice([2, 3, 4, 5, 6], 2, replace=False))
    y = np.exp(rng.standard_normal((n, k)))
    return {"y": y / y.sum(axis=1, keepdims=True), "g": rng.standard_normal((n, k))}


def compared(special):
    """Two gradients that nearly agree in some entries; some measured slopes are 0, some values those in `special`."""

    def draw(rng):
        shape = tuple(int(n) for n in rng.choice([4, 5, 6], 2, replace=False))
        numeric = rng.standard_normal(shape) * 10 ** rng.uniform(-4, 2, shape)
        analytic = numeric * (1 + 10 ** rng.uniform(-7, 0, shape)) + 10 ** rng.uniform(-8, -3, shape)
        numeric[0, :2] = 0.0
        for (one, other), place in zip(special, rng.permutation(np.arange(shape[1], numeric.size)), strict=False):
            analytic.flat[place] = analytic.flat[place] if one is None else one
            numeric.flat[place] = numeric.flat[place] if other is None else other
        return {"analytic": analytic, "numeric": numeric, "rtol": 1e-3, "atol": 1e-5}

    return draw


def of_softmax(reference, inputs):
    """<softmax(x), G> as a function of x, at the x that gives y."""
    y, g = inputs.values()

    def loss(x):
        e = np.exp(x)
        return float((e / e.sum(axis=1, keepdims=True) * g).sum())

    return [(loss, np.log(y))]


EXERCISES = [
    Exercise(
        key="02.1",
        function="numeric_gradient",
        section="Measuring a slope",
        cases={"a matrix": measuring(2), "a vector": measuring(1), "three axes": measuring(3)},
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
        cases={"float64": stepping(1.1e-16), "float32": stepping(6e-8), "float16": stepping(4.9e-4)},
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
        cases={"rows": probabilities, "other sizes": probabilities, "and others": probabilities},
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
            "infinities": compared(((np.inf, None), (None, -np.inf), (np.inf, np.inf), (-np.inf, np.inf))),
        },
        hints=(
            "The formula is one line of NumPy. Then ask: what does it give where analytic is NaN, and where both are "
            "infinite?",
            "NaN - 1 is NaN, inf - inf is NaN, and inf / inf is NaN. Find the places by the inputs, not by the result: "
            "np.isfinite(analytic) & np.isfinite(numeric).",
            "np.where(finite, ratios, np.inf) with finite as in the hint before.",
        ),
    ),
]
