"""The exercises of lesson 14: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


def network(layers):
    """A dense network with so many layers."""

    def draw(rng):
        sizes = rng.choice(np.arange(2, 40), layers + 1, replace=False)
        return {"sizes": tuple(int(n) for n in sizes), "batch": int(rng.integers(3, 20))}

    return draw


def measured(noise):
    """Times of a step at some batch sizes."""

    def draw(rng):
        batches = 2.0 ** np.arange(2, 2 + rng.integers(5, 9))
        times = rng.uniform(1, 3) + rng.uniform(0.01, 0.1) * batches
        return {"batches": batches, "times": times * np.exp(noise * rng.standard_normal(len(batches)))}

    return draw


def lines(fixed, per_example):
    """Two devices; `fixed` and `per_example`: how many times as large the GPU's numbers are, at least."""

    def draw(rng):
        cpu = rng.uniform(0.5, 2.0), rng.uniform(0.02, 0.1)
        gpu = cpu[0] * fixed * rng.uniform(1, 1.5), cpu[1] * per_example * rng.uniform(1, 1.5)
        return {"cpu": tuple(map(float, cpu)), "gpu": tuple(map(float, gpu))}

    return draw


def turns(count):
    """Times of two programs in so many turns, the machine slowing down meanwhile, the first turn much slower."""

    def draw(rng):
        other = rng.uniform(1, 2) * np.linspace(1, 2, count) * np.exp(0.1 * rng.standard_normal(count))
        mine = rng.uniform(0.5, 3) * other * np.exp(0.1 * rng.standard_normal(count))
        other[0] *= 2
        mine[0] *= 9
        return {"mine": mine, "other": other}

    return draw


EXERCISES = [
    Exercise(
        key="14.1",
        function="dense_flops",
        section="The arithmetic of a step",
        cases={"two layers": network(2), "three layers": network(3), "one layer": network(1), "five": network(5)},
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
        cases={"exact": measured(0.0), "noisy": measured(0.1), "very noisy": measured(0.3)},
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
        },
        hints=(
            "Set the two times equal and solve for the batch. When is there no solution, and when is it negative?",
            "fixed_c + per_c B = fixed_g + per_g B gives B = (fixed_g - fixed_c) / (per_c - per_g). If per_g >= per_c, "
            "large batches never favour the GPU.",
            "if gpu[1] >= cpu[1]: return np.inf; and else max(0.0, (gpu[0] - cpu[0]) / (cpu[1] - gpu[1])).",
        ),
    ),
    Exercise(
        key="14.4",
        function="paired_ratio",
        section="Reading a benchmark",
        results=("median", "low", "high"),
        cases={"nine turns": turns(9), "eight": turns(8), "five": turns(5)},
        hints=(
            "Which comes first, the division or the median? Think of a machine that is twice as slow in the second "
            "half of the turns.",
            "ratios = mine[1:] / other[1:]: one for each turn that counts. Then three numbers of these.",
            "return float(np.median(ratios)), float(ratios.min()), float(ratios.max())",
        ),
    ),
]
