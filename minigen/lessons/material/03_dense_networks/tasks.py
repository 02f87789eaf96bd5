"""The exercises of lesson 3: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


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


def noise(rng):
    """Draws from N(0, 1) for a layer with different numbers of inputs and outputs."""
    return {"noise": rng.standard_normal(tuple(rng.choice([3, 5, 7, 12, 20], 2, replace=False)))}


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
        cases={"small logits": classes(1.0), "usual logits": classes(4.0), "huge logits": classes(1000.0)},
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
        measured=of_cross_entropy,
        cases={"small logits": classes(0.5), "usual logits": classes(2.0), "more": classes(1.0)},
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
        cases={"a layer": noise, "another": noise, "and another": noise},
        hints=(
            "If noise has variance 1, what is the variance of c times noise? So which c gives 2 / fan_in?",
            "The variance of c times noise is c^2: c is the root of 2 / fan_in. fan_in is the number of inputs that "
            "are summed for one output.",
            "noise * np.sqrt(2 / noise.shape[0]).",
        ),
    ),
]
