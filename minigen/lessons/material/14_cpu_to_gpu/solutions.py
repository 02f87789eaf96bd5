"""Lesson 14: how long a training step takes, and on which device. Six functions to write, in plain NumPy.

Four of them, 14.2, 14.3, 14.5 and 14.6, belong to one model of the time: something fixed for each step, and something
for each example,

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
        batches: (K,), numbers of examples, at least two different ones, in any order.
        times: (K,), of a step with so many; of any size, in whatever unit.

    Returns:
        fixed, per_example: two numbers, in the unit of the times. They are those of the best line, whatever their
        signs: where the times bend, a fixed part below 0 tells that the line is the wrong model.
    """
    # answer
    columns = np.stack([1 / times, batches / times], axis=1)  # (K, 2)
    fixed, per_example = np.linalg.solve(columns.T @ columns, columns.sum(axis=0))
    return float(fixed), float(per_example)
    # end


def crossover_batch(cpu: tuple[float, float], gpu: tuple[float, float]) -> float:
    """The batch size above which the GPU takes less time, at every larger one too.

    Args:
        cpu, gpu: (fixed, per_example) of each; time(batch) = fixed + per_example * batch. In any unit; as fitted ones,
            they may be below 0.

    Returns:
        A number of examples, not rounded: where the lines cross; 0.0 if the GPU is faster at every batch above 0;
        np.inf if there is no such size. Times per example may be equal; then the fixed parts decide, and two equal
        devices are no gain.
    """
    # answer
    if gpu[1] > cpu[1] or (gpu[1] == cpu[1] and gpu[0] >= cpu[0]):
        return np.inf
    if gpu[0] <= cpu[0]:
        return 0.0
    return (gpu[0] - cpu[0]) / (cpu[1] - gpu[1])
    # end


def paired_ratio(mine: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """How many times as long mine takes, from measurements that took turns.

    mine[i] and other[i] were measured right after one another, so what slowed the machine down slowed both: divide
    them turn by turn. The first turn is a warm-up and does not count. All the others do, however odd they look.

    Args:
        mine, other: (turns,), times, at least two turns.

    Returns:
        median, low, high: the median of the ratios, the smallest and the largest.
    """
    # answer
    ratios = mine[1:] / other[1:]
    return float(np.median(ratios)), float(ratios.min()), float(ratios.max())
    # end


def best_batch(fixed: float, per_example: float, critical: float) -> float:
    """The batch size with which training takes the least time in all.

    Larger batches need fewer steps, but not in proportion: gradients of a large batch are nearly the true gradient
    already, and then further examples hardly help. The empirical law of McCandlish et al. 2018 is

        steps(batch) = least * (1 + critical / batch)

    and a step takes fixed + per_example * batch. Find the batch for which the product of the two is smallest.

    Args:
        fixed, per_example: of the time of a step, both > 0. critical: the critical batch size, > 0.

    Returns:
        The best batch size, a number > 0, not rounded. (It does not depend on `least`.)
    """
    # answer
    return float(np.sqrt(fixed * critical / per_example))
    # end


def share_out(costs: np.ndarray, workers: int) -> np.ndarray:
    """Share out pieces of work, so that all workers are done at nearly the same time.

    A step on several processes takes as long as the slowest of them. Whoever computes piece i is busy for costs[i];
    pieces can't be cut.

    The goal: the busiest worker is busy for at most 1.01 times the mean over the workers. There are many ways.

    Args:
        costs: (N,), > 0, of very different sizes; N is some twenty times the number of workers.
        workers: how many there are, at least 2.

    Returns:
        (N,): for each piece the number of its worker, 0 ... workers - 1.
    """
    # answer
    owner = np.zeros(len(costs), int)
    busy = np.zeros(workers)
    for i in np.argsort(costs)[::-1]:  # the large pieces first: the small ones fill the gaps
        owner[i] = busy.argmin()
        busy[owner[i]] += costs[i]
    return owner
    # end
