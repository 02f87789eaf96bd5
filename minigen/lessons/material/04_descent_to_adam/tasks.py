"""The exercises of lesson 4: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure


def shape_of(rng):
    """One to three axes, all of different lengths."""
    return tuple(int(n) for n in rng.choice([2, 3, 4, 5], int(rng.integers(1, 4)), replace=False))


def momentum(rng, shape=None):
    """Inputs of momentum_step, in the middle of a training."""
    shape = shape or shape_of(rng)
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


def no_momentum(rng):
    """A momentum of 0, which is plain gradient descent, and zeros in all arrays."""
    inputs = momentum(rng) | {"momentum": 0.0}
    for name, place in (("w", 0), ("b", 1), ("g", -1)):
        inputs[name].flat[place] = 0.0
    return inputs


LONELY = (1, 3, 1, 2, 1)  # a shape with axes of length 1


def with_lonely_axes(rng):
    """The same for weights with five axes, three of them of length 1."""
    return momentum(rng, LONELY)


def steep(rng):
    """Much momentum, a large rate and large gradients."""
    inputs = momentum(rng)
    kept, lr = 1 - 10 ** rng.uniform(-4, -1.5), 10 ** rng.uniform(1, 3)
    return inputs | {"g": 1e6 * inputs["g"], "b": 1e6 * inputs["b"], "lr": float(lr), "momentum": float(kept)}


def tiny(rng):
    """Tiny gradients, and weights of that size, after a long training."""
    inputs, size = momentum(rng), 10 ** rng.uniform(-30, -20)
    return (
        inputs | {name: size * inputs[name] for name in "wbg"} | {"momentum": round(float(rng.uniform(0.9, 0.99)), 4)}
    )


def rate_zero(inputs):
    """The same inputs with a learning rate of 0, as at the end of a schedule: only the memory changes."""
    return lambda rng: inputs(rng) | {"lr": 0.0}


def long_series(rng):
    """A hundred and more entries, and a mean that forgets so slowly that all of them count."""
    g = 1 + rng.standard_normal((int(rng.integers(120, 160)), 2))
    g[::7] = 0.0
    return {"g": g, "beta": round(float(rng.uniform(0.97, 0.995)), 4)}


def single_entry(rng):
    """A series of one entry."""
    return {"g": rng.standard_normal((1, *shape_of(rng))), "beta": round(float(rng.uniform(0.6, 0.95)), 3)}


def soon_forgotten(rng):
    """A plain series (T,): beta^t passes through all sizes, from 1 down to the rounding error."""
    g = 1 + rng.uniform(0, 1, int(rng.integers(60, 80)))
    g[3], g[7:9] = g[1], g[6]
    return {"g": g, "beta": round(float(rng.uniform(0.55, 0.65)), 3)}


def hundreds_of_numbers(rng):
    """Hundreds of numbers, which all still count."""
    g = 1 + rng.standard_normal(int(rng.integers(300, 400)))
    return {"g": g, "beta": round(float(rng.uniform(0.99, 0.993)), 4)}


def lonely_series(rng):
    """Entries with axes of length 1; all of them are tiny."""
    g = 10 ** rng.uniform(-30, -10) * rng.standard_normal((int(rng.integers(6, 10)), *LONELY))
    return {"g": g, "beta": round(float(rng.uniform(0.6, 0.95)), 3)}


def forgets_at_once(rng):
    """A beta of 0: each mean is the last entry."""
    return series(rng) | {"beta": 0.0}


def late_adam(t):
    """Inputs of adam_step at step t of a long training, with the usual betas and eps; some weights never moved."""

    def draw(rng):
        inputs = adam(t)(rng)
        still = np.zeros(inputs["w"].shape, bool)
        still.flat[0] = True
        for name in "mvg":
            inputs[name] = np.where(still, 0.0, inputs[name])
        inputs["w"].flat[-1] = 0.0
        return inputs | {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}

    return draw


def forgetful_adam(rng):
    """Both betas are 0: m is g, and v is its square."""
    return adam(3)(rng) | {"beta1": 0.0, "beta2": 0.0}


def nearly_right_means(rng):
    """A step at which the corrections are small, but larger than rounding errors."""
    betas = {name: round(float(rng.uniform(0.895, 0.905)), 4) for name in ("beta1", "beta2")}
    inputs = adam(int(rng.integers(200, 216)))(rng)
    return inputs | betas | {"w": np.zeros_like(inputs["w"]), "lr": 1.0, "eps": 1e-8}


def rare_gradients(rng):
    """Late in a training, the first gradients that are not 0: steps of many times the rate, which is large itself."""
    inputs = adam(1)(rng)
    sizes = 10 ** rng.uniform(3, 6, inputs["g"].shape)
    late = {"t": int(rng.integers(50_000, 100_000)), "beta1": 0.05, "beta2": 0.99999, "lr": float(rng.uniform(10, 100))}
    return inputs | late | {"g": sizes * inputs["g"]}


def tiny_gradients(rng):
    """Gradients that are smaller than eps, and axes of length 1."""
    inputs, size = adam(int(rng.integers(3000, 5000)), LONELY)(rng), 10 ** rng.uniform(-12, -9)
    means = {"m": size * inputs["m"], "v": size**2 * inputs["v"], "g": size * inputs["g"]}
    return inputs | means | {"w": np.zeros(LONELY), "beta1": 0.9, "beta2": 0.9999, "eps": 1e-8}


def adam(t, shape=None):
    """Inputs of adam_step at step t; eps is large enough to see where it stands."""

    def draw(rng, shape=shape):
        shape = shape or shape_of(rng)
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
    steps = np.sort(rng.uniform(0, total + 20, 25).astype(int))
    steps[0] = 0
    return {"steps": steps, "lr": round(float(rng.uniform(0.1, 2)), 3), "warmup": warmup, "total": total}


def every_step(rng):
    """All steps, backwards, with a warm-up that takes half of the schedule."""
    total = int(rng.integers(20, 40))
    return {"steps": np.arange(total + 5)[::-1].copy(), "lr": 0.5, "warmup": total // 2, "total": total}


def long_warmup(rng):
    """A warm-up that is longer than the schedule."""
    total = int(rng.integers(10, 20))
    return {"steps": np.arange(total + 5), "lr": 2.0, "warmup": total + 8, "total": total}


def long_schedule(rng):
    """Hundreds of steps, and a small rate."""
    warmup, total = int(rng.integers(120, 200)), int(rng.integers(500, 1000))
    return {"steps": rng.integers(0, total + 100, 30), "lr": 5e-7, "warmup": warmup, "total": total}


def endless_schedule(rng):
    """Hundreds of thousands of steps, some asked for twice, and a large rate."""
    warmup, total = int(rng.integers(20_000, 40_000)), int(rng.integers(300_000, 900_000))
    steps = np.concatenate([rng.integers(0, warmup, 5), rng.integers(warmup, total, 10)])
    return {"steps": np.concatenate([steps, steps[2:12]]), "lr": 5e3, "warmup": warmup, "total": total}


def one_step(rng):
    """One step, with a warm-up of one step, which is none."""
    total = int(rng.integers(10, 20))
    return {"steps": rng.integers(1, total, 1), "lr": 0.1, "warmup": 1, "total": total}


def noisy_mean(low, high, last):
    """A beta between these two, and steps up to the last."""

    def draw(rng):
        t = rng.uniform(1, last, int(rng.integers(3, 7))).astype(int)
        return {"beta": round(float(rng.uniform(low, high)), 4), "t": np.array([1, 2, *t, last])}

    return draw


def first_steps(rng):
    """A short memory, and each of the first steps; some twice."""
    return {"beta": round(float(rng.uniform(0.45, 0.55)), 4), "t": np.array([*range(1, 26), 3, 3, 7])}


def one_late_step(rng):
    """One step of a mean that forgets little."""
    return {"beta": 1 - float(10 ** rng.uniform(-4, -3.5)), "t": rng.integers(2000, 3000, 1)}


def without_memory(rng):
    """A beta of 0."""
    return {"beta": 0.0, "t": rng.integers(1, 50, 3)}


def noisy_bowl(rng):
    """A bowl with a flat and a steep direction, and noise."""
    curvature = np.array([rng.uniform(0.5, 1), rng.uniform(5, 10)])
    noise, steps = round(float(rng.uniform(0.5, 2)), 3), int(rng.integers(150, 300))
    return {"curvature": curvature, "noise": noise, "start": rng.uniform(2, 5, 2), "steps": steps}


def large_bowl(rng):
    """A bowl with more directions, and all of its numbers of another size."""
    size = 10 ** rng.uniform(2, 3)
    curvature = size * np.array([*rng.uniform(0.5, 1, 2), *rng.uniform(5, 10, 3)])
    noise, steps = float(size * rng.uniform(50, 200)), int(rng.integers(400, 600))
    return {"curvature": curvature, "noise": noise, "start": 100 * rng.uniform(2, 5, 5), "steps": steps}


def mean_loss(inputs, rates):
    """The mean loss after the last step, over all noise: w^2 has the mean `square`. rates: (steps,) or (steps, R)."""
    curvature, noise, start, _ = inputs.values()
    square = np.multiply.outer(start**2, np.ones(np.shape(rates)[1:]))
    curvature = curvature.reshape(-1, *[1] * (square.ndim - 1))
    with np.errstate(over="ignore", invalid="ignore"):
        for rate in rates:
            square = (1 - rate * curvature) ** 2 * square + (rate * noise) ** 2
        return (curvature * square).sum(axis=0) / 2


def against_constant(inputs, answer):
    """The loss at the end, as a part of what the best constant rate reaches."""
    rates, steps = np.asarray(answer, np.float64), inputs["steps"]
    if rates.shape != (steps,):
        raise ArgumentError(f"rates_that_settle: expected {steps} rates, of shape ({steps},), got {rates.shape}")
    if not (np.isfinite(rates).all() and (rates >= 0).all()):
        raise ArgumentError("rates_that_settle: expected finite rates >= 0")
    constant = np.geomspace(0.001, 2, 200) / inputs["curvature"].max()
    best = mean_loss(inputs, np.broadcast_to(constant, (steps, len(constant)))).min()
    return Measure(
        float(mean_loss(inputs, rates) / best), 0.7, what="loss beside the best constant rate's", better="lower"
    )


EXERCISES = [
    Exercise(
        key="04.1",
        function="momentum_step",
        section="Momentum",
        results=("w", "b"),
        cases={
            "first step": first,
            "later": momentum,
            "and again": momentum,
            "no momentum": no_momentum,
            "a rate of 0": rate_zero(momentum),
            "axes of length 1": with_lonely_axes,
            "much momentum, and a large rate": steep,
            "tiny gradients": tiny,
        },
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
        cases={
            "a series": series,
            "another": series,
            "a long series": long_series,
            "one entry": single_entry,
            "beta 0": forgets_at_once,
            "numbers, soon forgotten": soon_forgotten,
            "hundreds of numbers": hundreds_of_numbers,
            "tiny, with axes of length 1": lonely_series,
        },
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
        cases={
            "first step": adam(1),
            "second step": adam(2),
            "fifth step": adam(5),
            "first step, beta2 0.999": late_adam(1),
            "step 12": late_adam(12),
            "step 100": late_adam(100),
            "step 1000": late_adam(1000),
            "betas of 0": forgetful_adam,
            "a rate of 0": rate_zero(adam(4)),
            "corrections near 1": nearly_right_means,
            "gradients after a long pause": rare_gradients,
            "tiny gradients, axes of length 1": tiny_gradients,
        },
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
        cases={
            "a schedule": schedule,
            "another": schedule,
            "every step, backwards": every_step,
            "a long warm-up": long_warmup,
            "a long schedule": long_schedule,
            "one step": one_step,
            "a schedule without end": endless_schedule,
        },
        hints=(
            "Three factors. Compute the second and the third separately, and draw each against the steps: where is it "
            "0, where 1, where does it stay?",
            "np.minimum(a, 1) is the minimum entry by entry, for an array a and the number 1.",
            "up = np.minimum((steps + 1) / warmup, 1); down = (1 + np.cos(np.pi * np.minimum(steps / total, 1))) / 2; "
            "return their product with lr.",
        ),
    ),
    Exercise(
        key="04.5",
        function="noise_left",
        section="Adam",
        level=2,
        tolerance=1e-9,
        cases={
            "a short memory": noisy_mean(0.3, 0.8, 30),
            "a long memory": noisy_mean(0.9, 0.999, 1000),
            "beta 0": without_memory,
            "the first steps, some twice": first_steps,
            "one late step": one_late_step,
        },
        hints=(
            "The lesson writes m_t as a weighted sum of the gradients. What is the variance of a weighted sum of "
            "independent numbers of variance 1?",
            "It is the sum of the squared weights. They form a geometric series with the ratio beta^2. Then divide by "
            "the square of 1 - beta^t, and take the root.",
            "The variance of m_t is (1 - beta)^2 (1 - beta^(2t)) / (1 - beta^2). As 1 - beta^2 = (1 - beta)(1 + beta), "
            "and 1 - beta^(2t) likewise, (1 - beta)/(1 + beta) * (1 + beta^t)/(1 - beta^t) is left. Take its root.",
        ),
    ),
    Exercise(
        key="04.6",
        function="rates_that_settle",
        section="Schedules",
        level=3,
        cases={"a bowl": noisy_bowl, "another": noisy_bowl, "and another": noisy_bowl, "a large bowl": large_bowl},
        measure=against_constant,
        hints=(
            "You can compute the mean loss for any rates: the lesson has the equation for the variance of a weight. "
            "The mean of w^2 obeys the same one, beginning with start^2.",
            "A rate that falls ends lower than a constant one: large first, to get near, and small at last, to settle. "
            "How large it may be at first depends on the largest curvature and on the noise.",
            "Take a shape, like (1 + cos(pi t / steps)) / 2, times a highest rate. Try 40 highest rates between "
            "0.001 / curvature.max() and 1.9 / curvature.max(), and return the best.",
        ),
    ),
]
