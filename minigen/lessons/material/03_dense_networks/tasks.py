"""The exercises of lesson 3: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure


def two_sizes(rng):
    """Two different sizes."""
    return (int(n) for n in rng.choice([2, 3, 4, 5, 6], 2, replace=False))


def pixels(low, high):
    """Logits between these two numbers, with targets between 0 and 1."""

    def draw(rng):
        shape = tuple(two_sizes(rng))
        return {"logits": rng.uniform(low, high, shape), "targets": rng.uniform(0, 1, shape)}

    return draw


def classes(scale):
    """Logits of that size; each row has another largest one, and the first row's label is by far the least likely."""

    def draw(rng):
        n, k = two_sizes(rng)
        logits, labels = scale * rng.standard_normal((n, k)), rng.permutation(np.arange(n) % k)
        logits[0, labels[0]] = logits[0].min() - 2 * scale
        logits += 12 * scale * (1 - np.arange(n)[:, None]) - logits.max(axis=1, keepdims=True)
        return {"logits": logits, "labels": labels}

    return draw


def far_apart(rng):
    """Rows at heights that are 1000 apart, up and down: no single maximum serves them all."""
    logits = 2 * rng.standard_normal((4, 3)) + rng.permutation([-1000.0, 0.0, 1000.0, 2000.0])[:, None]
    return {"logits": logits, "labels": rng.integers(0, 3, 4)}


def ties(rng):
    """Equal logits, among them two that are largest, and as many examples as classes."""
    k = int(rng.integers(3, 6))
    logits = rng.integers(-1, 2, (k, k)).astype(float)
    logits[:, :2] = 1.0
    return {"logits": logits, "labels": rng.integers(0, k, k)}


def many_classes(rng):
    """More classes than ten."""
    k = int(rng.integers(12, 20))
    return {"logits": 2 * rng.standard_normal((3, k)), "labels": np.array([k - 1, 10, 0])}


def one_example(rng):
    """A batch of one."""
    k = int(rng.integers(3, 6))
    return {"logits": rng.standard_normal((1, k)), "labels": rng.integers(0, k, 1)}


def on_the_edge(rng):
    """Logits of 0 and targets of exactly 0 and 1, as many examples as features."""
    n = int(rng.integers(3, 6))
    logits = 3 * rng.standard_normal((n, n))
    logits[0] = 0.0
    return {"logits": logits, "targets": rng.integers(0, 2, (n, n)).astype(float)}


def in_between(rng):
    """Logits around 18 on both sides: log(1 + exp(-|l|)) is small there, but not nothing."""
    shape = tuple(two_sizes(rng))
    logits = rng.uniform(15, 21, shape) * rng.choice([-1, 1], shape)
    return {"logits": logits, "targets": rng.integers(0, 2, shape).astype(float)}


def right_and_sure(low, high):
    """Logits of sizes between these two, and targets that are as they say: every cost is tiny."""

    def draw(rng):
        shape = tuple(two_sizes(rng))
        targets = rng.integers(0, 2, shape).astype(float)
        return {"logits": rng.uniform(low, high, shape) * (2 * targets - 1), "targets": targets}

    return draw


def of_any_size(rng):
    """Logits of both signs, one of them between 1e4 and 1e12 and the largest."""
    shape = tuple(two_sizes(rng))
    logits = 10 ** rng.uniform(0, 1, shape) * 10 ** rng.uniform(3, 11) * rng.choice([-1, 1], shape)
    return {"logits": logits, "targets": rng.uniform(0, 1, shape)}


def repeated(draw):
    """The same examples, each of them twice, and one of them a third time."""

    def drawn(rng):
        given = draw(rng)
        order = rng.permutation(np.append(np.tile(np.arange(len(given["logits"])), 2), 0))
        return {name: array[order] for name, array in given.items()}

    return drawn


def equal_features(rng):
    """Two features that are equal in all examples."""
    return {name: array[:, [0, 1, 0]] for name, array in pixels(-3, 3)(rng).items()}


def one_of(draw, columns=None):
    """The first example of these inputs, or of all examples the first columns."""
    return lambda rng: {name: a[:1] if columns is None else a[:, :columns] for name, a in draw(rng).items()}


def one_class(rng):
    """A single class, which is always right."""
    return {"logits": rng.standard_normal((3, 1)), "labels": np.zeros(3, int)}


def noise(rng):
    """Draws from N(0, 1) for a layer with different numbers of inputs and outputs."""
    return {"noise": rng.standard_normal(tuple(rng.choice([3, 5, 7, 12, 20], 2, replace=False)))}


def one_input(rng):
    """A layer with a single input."""
    return {"noise": rng.standard_normal((1, int(rng.integers(2, 6))))}


def many_inputs(rng):
    """A layer with many inputs, and one output."""
    return {"noise": rng.standard_normal((int(10 ** rng.uniform(1.5, 3.3)), 1))}


def with_a_zero(rng):
    """One of the draws is 0."""
    inputs = noise(rng)
    inputs["noise"][1, 1] = 0.0
    return inputs


def counts(low, high, most):
    """Logits of a size between these two, of both signs, and up to so many failures."""

    def draw(rng):
        n = int(rng.integers(4, 9))
        logits = rng.uniform(low, high, n) * rng.choice([-1, 1], n)
        logits[:2] = np.abs(logits[:2]) * [-1, 1]
        failures = rng.integers(0, most + 1, n)
        failures[2] = 0
        return {"logits": logits, "failures": failures}

    return draw


def often_failed(rng):
    """Many failures, by chance from a hundred to a million."""
    given = counts(0, 3, 3)(rng)
    most = int(10 ** rng.uniform(3, 6))
    return {**given, "failures": rng.integers(most // 10, most, len(given["logits"]))}


def in_steps(rng):
    """Logits at all heights from -30 to 30."""
    logits = rng.permutation(np.arange(-30.0, 31.0, 2.0)) + rng.uniform(-1, 1)
    return {"logits": logits, "failures": rng.integers(0, 4, len(logits))}


def never_failed(rng):
    """Every first try succeeded; one logit is 0."""
    n = int(rng.integers(1, 5))
    return {"logits": np.append(2 * rng.standard_normal(n), 0.0), "failures": np.zeros(n + 1, int)}


def curve(units, width=1.0):
    """A smooth curve that rises and falls several times, the more often the more units there may be.

    width: how wide it is, by chance this or this much narrower, and where it lies; 1: from -3 to 3.
    """

    def draw(rng):
        x = np.sort(rng.uniform(-3, 3, 200))
        sizes, phases = rng.uniform(0.5, 1, 3) / [1, 1.5, 2], rng.uniform(0, 2 * np.pi, 3)
        waves = np.array([1, 2, 3]) * units / 16
        y = sum(size * np.sin(k * x + phase) for k, size, phase in zip(waves, sizes, phases, strict=True))
        if width != 1.0:
            x, y = (x + rng.uniform(6, 9) * rng.choice([-1, 1])) * width, y * 10 ** rng.uniform(-2, 2)
        return {"x": x, "y": y, "units": units}

    return draw


def distance(inputs, answer):
    """How far the network is from the curve."""
    x, y, units = inputs.values()
    if not isinstance(answer, (tuple, list)) or len(answer) != 4:
        raise ArgumentError("bends: expected four results (u, a, v, c)")
    u, a, v, c = (np.asarray(part, np.float64) for part in answer)
    if not u.shape == a.shape == v.shape or u.ndim != 1 or c.ndim:
        shapes = ", ".join(str(part.shape) for part in (u, a, v, c))
        raise ArgumentError(f"bends: expected u, a and v of one shape (K,) and a number c; the shapes are {shapes}")
    if len(u) > units:
        raise ArgumentError(f"bends: expected at most {units} units, got {len(u)}")
    f = np.maximum(x[:, None] * u + a, 0) @ v + c
    error = float(np.sqrt(np.mean((f - y) ** 2)) / y.std())
    return Measure(error, 0.1, what="distance from the curve, in standard deviations of y", better="lower")


def of_cross_entropy(reference, inputs):
    """The cross-entropy as a function of the logits."""
    logits, labels = inputs.values()
    return [(lambda logits: reference["cross_entropy"](logits, labels), logits)]


EXERCISES = [
    Exercise(
        key="03.1",
        function="bce",
        section="The loss is a likelihood",
        cases={
            "small logits": pixels(-2, 2),
            "usual logits": pixels(-10, 10),
            "large logits": pixels(800, 2000),
            "very negative logits": pixels(-2000, -800),
            "zeros and ones": on_the_edge,
            "certain": in_between,
            "right and sure": right_and_sure(26, 34),
            "right and very sure": right_and_sure(60, 300),
            "right and nearly sure": right_and_sure(11, 16),
            "logits of any size": of_any_size,
            "the same example again": repeated(pixels(-3, 3)),
            "the same feature again": equal_features,
            "one example": one_of(pixels(-3, 3)),
            "one feature": one_of(pixels(-3, 3), 1),
        },
        hints=(
            "The right side of the formula has no sigmoid in it. Why can none of its three terms overflow?",
            "exp(-|l|) lies between 0 and 1. np.log1p(z) is log(1 + z), exact for small z too. Then look at the two "
            "axes: over one you sum, over the other you average.",
            "nats = np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits))), and then "
            "nats.sum(axis=1).mean().",
        ),
    ),
    Exercise(
        key="03.2",
        function="cross_entropy",
        section="Many classes: softmax",
        cases={
            "small logits": classes(1.0),
            "usual logits": classes(4.0),
            "huge logits": classes(1000.0),
            "rows far apart": far_apart,
            "equal logits": ties,
            "one example": one_example,
            "many classes": many_classes,
            "the same example again": repeated(classes(2.0)),
            "one class": one_class,
        },
        hints=(
            "For one example: which of the K log-probabilities is asked for? And what may be subtracted from all its "
            "logits without changing any probability?",
            "shifted = logits - logits.max(axis=1, keepdims=True) has nothing above 0. Take the logarithm of the sum, "
            "not of the softmax: a probability may round to 0.",
            "log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)); pick with "
            "log_p[np.arange(len(labels)), labels], one entry of each row; then minus the mean.",
        ),
    ),
    Exercise(
        key="03.3",
        function="cross_entropy_backward",
        section="The gradient: what is predicted minus what is true",
        tolerance=1e-11,
        measured=of_cross_entropy,
        cases={
            "small logits": classes(0.5),
            "usual logits": classes(2.0),
            "huge logits": classes(1000.0),
            "rows far apart": far_apart,
            "equal logits": ties,
            "one example": one_example,
            "many classes": many_classes,
            "the same example again": repeated(classes(2.0)),
        },
        hints=(
            "Compute p first: the softmax of each row, with the largest logit subtracted. In how many entries of a row "
            "does the gradient differ from p / N?",
            "Only in the entry of the right class: there 1 is taken away. And the loss is a mean over N examples.",
            "p[np.arange(len(labels)), labels] -= 1, then return p / len(labels).",
        ),
    ),
    Exercise(
        key="03.4",
        function="he_weights",
        section="How large at the start?",
        cases={
            "a layer": noise,
            "another": noise,
            "one input": one_input,
            "many inputs": many_inputs,
            "a draw of 0": with_a_zero,
        },
        hints=(
            "If noise has variance 1, what is the variance of c times noise? So which c gives 2 / fan_in?",
            "The variance of c times noise is c^2: c is the root of 2 / fan_in. fan_in is the number of inputs that "
            "are summed for one output.",
            "noise * np.sqrt(2 / noise.shape[0]).",
        ),
    ),
    Exercise(
        key="03.5",
        function="tries",
        section="The gradient: what is predicted minus what is true",
        level=2,
        results=("loss", "gradient"),
        cases={
            "usual logits": counts(0, 3, 5),
            "many failures": counts(0, 2, 50),
            "large logits": counts(800, 2000, 3),
            "never failed": never_failed,
            "failed very often": often_failed,
            "logits of many sizes": in_steps,
            "huge logits": counts(1e5, 1e9, 3),
            "one example": lambda rng: {name: array[:1] for name, array in counts(0, 3, 5)(rng).items()},
            "the same example again": repeated(counts(0, 3, 5)),
        },
        hints=(
            "With k failures, k tries went wrong and then one went well. What is the probability of that, in p? And "
            "minus its logarithm?",
            "The lesson writes log p and log(1 - p) by l alone; both have a form that is safe for l of either sign. "
            "For the gradient you need the derivatives of these two logarithms: 1 - p and -p.",
            "e = exp(-|l|); -log p = max(-l, 0) + log1p(e), -log(1 - p) = max(l, 0) + log1p(e). The loss is the mean "
            "of k times the second plus the first, the gradient (k p - (1 - p)) / N, and p = 1 / (1 + e) or "
            "e / (1 + e).",
        ),
    ),
    Exercise(
        key="03.6",
        function="bends",
        section="A layer, and why it needs a bend",
        level=3,
        cases={
            "a curve": curve(16),
            "fewer units": curve(10, width=30.0),
            "more units": curve(40, width=0.03),
        },
        measure=distance,
        hints=(
            "Each unit bends at one point: where x u + a = 0. Between two such points f is a straight line. So f is a "
            "chain of straight pieces, and you choose where they meet.",
            "Take u = 1 and spread the bends evenly from x[0] to x[-1]. Then only v and c are missing, and f is linear "
            "in them.",
            "hidden = np.maximum(x[:, None] - knots, 0), with a column of ones for c; np.linalg.lstsq of it and y "
            "gives v and c; a = -knots.",
        ),
    ),
]
