"""Lesson 14: how long a training step takes, and on which device. Four functions to write, in plain NumPy.

All of them belong to one model of the time: something fixed for each step, and something for each example,

    time(batch) = fixed + per_example * batch.

Use NumPy and Python's own library, and nothing else. Check your work with `check("14.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 14`.
"""

import numpy as np


def dense_flops(sizes: tuple[int, ...], batch: int) -> int:
    """Floating-point operations of the matrix products in one training step of a dense network.

    Layer i has a weight matrix (sizes[i], sizes[i + 1]). A product of (n, k) and (k, m) takes 2 n k m operations, a
    multiplication and an addition being two. Each layer needs three products:

        forward X W,    for its weights X^T G,    for its input G W^T

    but the first layer does not need the third: its input is data.

    Args:
        sizes: of the input, of each hidden layer, and of the output. batch: examples in the step.

    Returns:
        An int.
    """
    # answer
    products = [sizes[i] * sizes[i + 1] for i in range(len(sizes) - 1)]
    return 2 * batch * (3 * sum(products) - products[0])
    # end


def fit_step_time(batches: np.ndarray, times: np.ndarray) -> tuple[float, float]:
    """The straight line through measured times, all of them equally important *as ratios*.

    Find the two numbers that minimise

        sum_i ( (fixed + per_example * batches[i]) / times[i]  -  1 )^2

    With u = 1 / times and v = batches / times this is ordinary least squares for fixed * u + per_example * v = 1.

    Args:
        batches: (K,), numbers of examples. times: (K,), of a step with so many.

    Returns:
        fixed, per_example: two numbers, in the unit of the times.
    """
    # answer
    columns = np.stack([1 / times, batches / times], axis=1)  # (K, 2)
    fixed, per_example = np.linalg.solve(columns.T @ columns, columns.sum(axis=0))
    return float(fixed), float(per_example)
    # end


def crossover_batch(cpu: tuple[float, float], gpu: tuple[float, float]) -> float:
    """The batch size above which the GPU takes less time, at every larger one too.

    Args:
        cpu, gpu: (fixed, per_example) of each; time(batch) = fixed + per_example * batch.

    Returns:
        A number of examples, not rounded: where the lines cross; 0.0 if the GPU is faster at every batch, np.inf if
        there is no such size, as the GPU's time per example is not smaller.
    """
    # answer
    if gpu[1] >= cpu[1]:
        return np.inf
    return max(0.0, (gpu[0] - cpu[0]) / (cpu[1] - gpu[1]))
    # end


def paired_ratio(mine: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """How many times as long mine takes, from measurements that took turns.

    mine[i] and other[i] were measured right after one another, so what slowed the machine down slowed both: divide
    them turn by turn. The first turn is a warm-up and does not count.

    Args:
        mine, other: (turns,), times.

    Returns:
        median, low, high: the median of the ratios, the smallest and the largest.
    """
    # answer
    ratios = mine[1:] / other[1:]
    return float(np.median(ratios)), float(ratios.min()), float(ratios.max())
    # end
