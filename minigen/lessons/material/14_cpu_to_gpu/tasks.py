"""The exercises of lesson 14: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure


def network(layers, least=3, most=20):
    """A dense network with so many layers, and a batch of at least and less than so many examples."""

    def draw(rng):
        sizes = rng.choice(np.arange(2, 40), layers + 1, replace=False)
        return {"sizes": tuple(int(n) for n in sizes), "batch": int(rng.integers(least, most))}

    return draw


def equal_layers(rng):
    """A network whose layers are all of the same size, but for the first and the last one."""
    first, inside, last = (int(n) for n in rng.choice(np.arange(2, 40), 3, replace=False))
    return {"sizes": (first, inside, inside, inside, inside, last), "batch": int(rng.integers(3, 20))}


def all_equal(rng):
    """A network whose layers are all of the same size, that of the batch, too."""
    n = int(rng.integers(2, 40))
    return {"sizes": (n, n, n), "batch": n}


def measured(noise, unit=1.0, power=1.0):
    """Times of a step at some batch sizes, in any order. power: of the batch; other than 1 the line is no good fit."""

    def draw(rng):
        batches = rng.permutation(2.0 ** np.arange(2, 2 + rng.integers(5, 9)))
        times = rng.uniform(1, 3) + rng.uniform(0.01, 0.1) * batches
        if power != 1:
            times = rng.uniform(0.01, 0.1) * batches**power
        return {"batches": batches, "times": unit * times * np.exp(noise * rng.standard_normal(len(batches)))}

    return draw


def measured_again(rng):
    """Every batch size is measured twice, and one of them once more with the same result as before."""
    batches = np.repeat(2.0 ** np.arange(2, 7), 2)
    times = (rng.uniform(1, 3) + rng.uniform(0.01, 0.1) * batches) * np.exp(0.2 * rng.standard_normal(10))
    which = rng.permutation([*range(10), 3, 3])
    return {"batches": batches[which], "times": times[which]}


def lines(fixed, per_example, unit=1.0):
    """Two devices; `fixed` and `per_example`: how many times as large the GPU's numbers are, at least.

    unit: of the time.
    """

    def draw(rng):
        cpu = unit * rng.uniform(0.5, 2.0), unit * rng.uniform(0.02, 0.1)
        gpu = cpu[0] * fixed * rng.uniform(1, 1.5), cpu[1] * per_example * rng.uniform(1, 1.5)
        return {"cpu": tuple(map(float, cpu)), "gpu": tuple(map(float, gpu))}

    return draw


def alike(fixed, per_example):
    """Two devices; `fixed` and `per_example`: how many times as large the GPU's numbers are, exactly."""

    def draw(rng):
        cpu = float(rng.uniform(0.5, 2.0)), float(rng.uniform(0.02, 0.1))
        return {"cpu": cpu, "gpu": (cpu[0] * fixed, cpu[1] * per_example)}

    return draw


def below_0(which):
    """Two devices of which one number, 0: fixed, 1: per_example, is below 0 for both, and whose lines cross."""

    def draw(rng):
        cpu, gpu = [rng.uniform(0.5, 2.0), rng.uniform(0.05, 0.1)], [rng.uniform(3.0, 5.0), rng.uniform(0.01, 0.04)]
        cpu[which], gpu[which] = -gpu[which], -cpu[which]
        return {"cpu": tuple(map(float, cpu)), "gpu": tuple(map(float, gpu))}

    return draw


def turns(count, disturbed=False, unit=1.0):
    """Times of two programs in so many turns, the machine slowing down meanwhile, the first turn much slower.

    Args:
        disturbed: whether in one turn something came between, to the harm of mine, and in another to that of the other.
        unit: of the times.
    """

    def draw(rng):
        other = rng.uniform(1, 2) * np.linspace(1, 2, count) * np.exp(0.1 * rng.standard_normal(count))
        mine = rng.uniform(0.5, 3) * other * np.exp(0.1 * rng.standard_normal(count))
        other[0] *= 2
        mine[0] *= 9
        if disturbed:
            first, second = rng.choice(np.arange(1, count), 2, replace=False)
            mine[first] *= 30
            other[second] *= 30
        return {"mine": unit * mine, "other": unit * other}

    return draw


def coarse_clock(rng):
    """Times of a clock that ticks so seldom that most turns have the same ratio, and some the same times."""
    ratio, other = rng.integers(1, 9) / 4, 2.0 ** rng.integers(3, size=9)
    mine = ratio * other * np.array([9, *rng.permutation([1, 1, 1, 1, 1, 2, 3, 4])])
    return {"mine": mine, "other": other}


def device(fixed, per_example, critical):
    """A device and a problem, each number within a factor of 2 of the given one."""

    def draw(rng):
        factors = np.exp(rng.uniform(-0.7, 0.7, 3))
        numbers = {"fixed": fixed, "per_example": per_example, "critical": critical}
        return {name: float(value * factor) for (name, value), factor in zip(numbers.items(), factors, strict=True)}

    return draw


def pieces(workers, spread):
    """Work for so many workers. spread: the deviation of the logarithm of a piece's cost."""

    def draw(rng):
        return {"costs": np.exp(spread * rng.standard_normal(20 * workers)), "workers": workers}

    return draw


def imbalance(inputs, owner):
    """How much longer than the mean the busiest worker is busy."""
    costs, workers = inputs.values()
    form = f"returns something else than ({len(costs)},) numbers: one worker for each piece"
    try:
        owner = np.asarray(owner)
    except ValueError:  # lists of different lengths
        raise ArgumentError(form) from None
    if owner.shape != costs.shape or owner.dtype.kind not in "iuf":
        raise ArgumentError(form)
    if not np.isin(owner, np.arange(workers)).all():
        raise ArgumentError(f"names a worker that there is not: expected 0 ... {workers - 1}")
    busy = np.bincount(owner.astype(int), costs, minlength=workers)
    return Measure(busy.max() / busy.mean(), 1.01, "busiest worker over the mean", better="lower")


EXERCISES = [
    Exercise(
        key="14.1",
        function="dense_flops",
        section="The arithmetic of a step",
        cases={
            "two layers": network(2),
            "three layers": network(3),
            "one layer": network(1),
            "five": network(5),
            "a large batch": network(3, 200, 900),
            "equal layers": equal_layers,
            "all sizes equal": all_equal,
        },
        hints=(
            "For one layer (n, m) and a batch of b, write down the three products with their shapes. How many "
            "operations has each?",
            "Each has 2 b n m, whatever is transposed. So 6 b n m a layer, and for the first layer 4 b n m.",
            "products = [sizes[i] * sizes[i + 1] for i in range(len(sizes) - 1)]; return 2 * batch * "
            "(3 * sum(products) - products[0])",
        ),
    ),
    Exercise(
        key="14.2",
        function="fit_step_time",
        section="The model, fitted",
        results=("fixed", "per_example"),
        cases={
            "exact": measured(0.0),
            "noisy": measured(0.1),
            "very noisy": measured(0.3),
            "in seconds": measured(0.1, unit=1e-6),
            "bent upwards": measured(0.0, power=1.5),
            "falling": measured(0.0, power=-0.5),
            "measured again": measured_again,
        },
        tolerance=1e-8,
        hints=(
            "The unknowns enter linearly. Write the K conditions fixed * u + per_example * v = 1 as a matrix with two "
            "columns times a vector of two.",
            "For a matrix A (K, 2) and a right side of ones, least squares solves A^T A p = A^T 1.",
            "A = np.stack([1 / times, batches / times], axis=1); p = np.linalg.solve(A.T @ A, A.sum(axis=0)); "
            "return float(p[0]), float(p[1])",
        ),
    ),
    Exercise(
        key="14.3",
        function="crossover_batch",
        section="Where the lines cross",
        cases={
            "dear calls, fast arithmetic": lines(3.0, 0.1),
            "much dearer": lines(20.0, 0.3),
            "faster in everything": lines(0.2, 0.1),
            "slower in everything": lines(3.0, 1.2),
            "cheap calls, slow arithmetic": lines(0.2, 1.2),
            "equal slopes, dearer calls": alike(2.0, 1.0),
            "equal slopes, cheaper calls": alike(0.5, 1.0),
            "equal in everything": alike(1.0, 1.0),
            "equal calls, fast arithmetic": alike(1.0, 0.5),
            "nearly equal slopes, faster": alike(2.0, 1 - 1e-10),
            "nearly equal slopes, slower": alike(0.5, 1 + 1e-10),
            "nearly equal calls": alike(1 + 1e-10, 0.5),
            "in seconds": lines(3.0, 0.1, unit=1e-9),
            "in seconds, slower in the end": lines(0.2, 1.2, unit=1e-9),
            "in another unit": lines(3.0, 0.1, unit=1e-15),
            "fixed parts below 0": below_0(0),
            "slopes below 0": below_0(1),
        },
        hints=(
            "Set the two times equal and solve for the batch. When is there no solution, and when is it negative?",
            "fixed_c + per_c B = fixed_g + per_g B gives B = (fixed_g - fixed_c) / (per_c - per_g). If per_g > per_c, "
            "large batches never favour the GPU. If they are equal, the fixed parts decide for every batch.",
            "if gpu[1] > cpu[1] or (gpu[1] == cpu[1] and gpu[0] >= cpu[0]): return np.inf; if gpu[0] <= cpu[0]: "
            "return 0.0; and else (gpu[0] - cpu[0]) / (cpu[1] - gpu[1]).",
        ),
    ),
    Exercise(
        key="14.4",
        function="paired_ratio",
        section="Reading a benchmark",
        results=("median", "low", "high"),
        cases={
            "nine turns": turns(9),
            "eight": turns(8),
            "five": turns(5),
            "two": turns(2),
            "two of nine disturbed": turns(9, disturbed=True),
            "two hundred": turns(200),
            "in seconds": turns(9, unit=1e-9),
            "a coarse clock": coarse_clock,
        },
        hints=(
            "Which comes first, the division or the median? Think of a machine that is twice as slow in the second "
            "half of the turns.",
            "ratios = mine[1:] / other[1:]: one for each turn that counts. Then three numbers of these.",
            "return float(np.median(ratios)), float(ratios.min()), float(ratios.max())",
        ),
    ),
    Exercise(
        key="14.5",
        function="best_batch",
        section="The batch that is done first",
        level=2,
        cases={
            "a CPU": device(1.0, 0.02, 200.0),
            "a GPU": device(3.0, 1e-4, 200.0),
            "dear examples": device(1e-3, 5.0, 1000.0),
            "noisy gradients": device(0.5, 0.01, 1e6),
            "in seconds": device(1e-7, 1e-9, 300.0),
        },
        hints=(
            "Write the time of the whole training as a function T of the batch b, and multiply it out. Which terms "
            "grow with b, which fall, and which stay?",
            "T(b) / least is fixed + per_example critical, which stays, + per_example b + fixed critical / b. At the "
            "smallest value its derivative is 0.",
            "per_example - fixed critical / b^2 = 0. Solve this for b.",
        ),
    ),
    Exercise(
        key="14.6",
        function="share_out",
        section="Several processes",
        level=3,
        cases={"four workers": pieces(4, 1.0), "seven workers": pieces(7, 0.8), "two workers": pieces(2, 1.2)},
        measure=imbalance,
        hints=(
            "Keep account of how long each worker is busy. The next piece goes to the one who is least busy so far.",
            "The last pieces decide how uneven the end is. In which order should the pieces be shared out, so that the "
            "last ones are small?",
            "for i in np.argsort(costs)[::-1]: owner[i] = busy.argmin(); busy[owner[i]] += costs[i]",
        ),
    ),
]
