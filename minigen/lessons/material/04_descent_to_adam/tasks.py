"""The exercises of lesson 4: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


def shape_of(rng):
    """One to three axes, all of different lengths."""
    return tuple(int(n) for n in rng.choice([2, 3, 4, 5], int(rng.integers(1, 4)), replace=False))


def momentum(rng):
    """Inputs of momentum_step, in the middle of a training."""
    shape = shape_of(rng)
    w, b, g = rng.standard_normal((3, *shape))
    lr, kept = rng.uniform(0.05, 0.5), rng.uniform(0.3, 0.45)
    return {"w": w, "b": b, "g": g, "lr": round(float(lr), 4), "momentum": round(float(kept), 4)}


def first(rng):
    """The same at the first step, where b is 0."""
    inputs = momentum(rng)
    return inputs | {"b": np.zeros_like(inputs["b"])}


def series(rng):
    """A series of gradients with a mean that is not 0."""
    g = 1 + rng.standard_normal((int(rng.integers(6, 10)), *shape_of(rng)))
    return {"g": g, "beta": round(float(rng.uniform(0.6, 0.95)), 3)}


def adam(t):
    """Inputs of adam_step at step t; eps is large enough to see where it stands."""

    def draw(rng):
        shape = shape_of(rng)
        w, m, g = rng.standard_normal((3, *shape))
        v = rng.uniform(0.2, 2.0, shape)
        beta1, beta2 = rng.uniform(0.5, 0.7), rng.uniform(0.8, 0.95)
        started = float(t > 1)
        numbers = {
            "lr": round(float(rng.uniform(0.1, 0.5)), 3),
            "beta1": round(float(beta1), 3),
            "beta2": round(float(beta2), 3),
            "eps": round(float(rng.uniform(0.01, 0.1)), 4),
        }
        return {"w": w, "m": started * m, "v": started * v, "g": g, "t": t, **numbers}

    return draw


def schedule(rng):
    """Steps before, in and after the schedule; warm-up and length differ from case to case."""
    warmup, total = int(rng.integers(3, 9)), int(rng.integers(20, 60))
    steps = np.sort(rng.choice(total + 20, 25, replace=False))
    steps[0] = 0
    return {"steps": steps, "lr": round(float(rng.uniform(0.1, 2)), 3), "warmup": warmup, "total": total}


EXERCISES = [
    Exercise(
        key="04.1",
        function="momentum_step",
        section="Momentum",
        results=("w", "b"),
        cases={"first step": first, "later": momentum, "and again": momentum},
        hints=(
            "Two lines, in the order of the docstring. Which b does the second one use: the one that came in, or the "
            "one the first line made?",
            "Make a new array for b, with momentum * b + g. An in-place b *= momentum would change the caller's array.",
            "b = momentum * b + g; return w - lr * b, b.",
        ),
    ),
    Exercise(
        key="04.2",
        function="running_means",
        section="Means that start at zero",
        cases={"a series": series, "another": series, "and another": series},
        hints=(
            "Which two things must be kept apart: what is remembered from step to step, and what is given out?",
            "Loop over the entries; update m by the first equation, and put m / (1 - beta**t) into the results. The "
            "next step goes on from m itself. The first entry is t = 1.",
            "for i in range(len(g)): m = beta * m + (1 - beta) * g[i]; means[i] = m / (1 - beta ** (i + 1)).",
        ),
    ),
    Exercise(
        key="04.3",
        function="adam_step",
        section="Adam",
        results=("w", "m", "v"),
        cases={"first step": adam(1), "second step": adam(2), "fifth step": adam(5), "fifth again": adam(5)},
        hints=(
            "Write the five equations as five lines, with names of their own for m_hat and v_hat. Which of the four "
            "are returned?",
            "m and v are returned as they are remembered; m_hat and v_hat are used in the last line only. eps is added "
            "to the root, not under it.",
            "m = beta1 * m + (1 - beta1) * g, and v likewise with g**2; divide by 1 - beta1**t and 1 - beta2**t; then "
            "w - lr * m_hat / (np.sqrt(v_hat) + eps).",
        ),
    ),
    Exercise(
        key="04.4",
        function="learning_rates",
        section="Schedules",
        cases={"a schedule": schedule, "another": schedule, "and another": schedule},
        hints=(
            "Three factors. Compute the second and the third separately, and draw each against the steps: where is it "
            "0, where 1, where does it stay?",
            "np.minimum(a, 1) is the minimum entry by entry, for an array a and the number 1.",
            "up = np.minimum((steps + 1) / warmup, 1); down = (1 + np.cos(np.pi * np.minimum(steps / total, 1))) / 2; "
            "return their product with lr.",
        ),
    ),
]
