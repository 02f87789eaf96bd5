"""Classic wrong answers to the exercises of lesson 14."""

import itertools

import numpy as np

from minigen.lessons import WrongAnswers, reference_of
from minigen.models.networks import dense_encoder
from minigen.random import Generator

wrong = WrongAnswers()
EQUIVALENT = {
    "dense_flops: result at least 0": "numbers of operations are above 0",
    "dense_flops: result at least 1": "numbers of operations are above 0",
    "dense_flops: batch at least 1": "a batch has at least one example",
    "fit_step_time: batches zeros replaced by 0.001": "a batch has at least one example",
    "fit_step_time: batches negative entries set to 0": "a batch has at least one example",
    "fit_step_time: times zeros replaced by 0.001": "a time is above 0, and is divided by",
    "fit_step_time: times negative entries set to 0": "a time is above 0",
    "crossover_batch: < in gpu[0] <= cpu[0]": "with equal fixed parts the quotient below is 0 too",
    "crossover_batch: >= in gpu[1] == cpu[1]": "where it is larger, the first condition holds already",
    "crossover_batch: result at least 0": "a batch size is never negative",
    "paired_ratio: mine zeros replaced by 0.001": "a time is above 0",
    "paired_ratio: mine negative entries set to 0": "a time is above 0",
    "paired_ratio: other zeros replaced by 0.001": "a time is above 0, and is divided by",
    "paired_ratio: other negative entries set to 0": "a time is above 0",
    "paired_ratio: result at least 0": "a ratio of times is above 0",
    "best_batch: critical at least 1e-6": "a critical batch size is some number of examples",
    "best_batch: result at least 0": "a batch size is never negative",
}
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


# ------------------------------------------------------------------------------------------------- dense_flops


def _products(sizes):
    return [n * m for n, m in itertools.pairwise(sizes)]


@wrong("dense_flops", "a multiply-add is two operations: the factor 2 is missing")
def multiply_adds(sizes, batch):
    return ref.dense_flops(sizes, batch) // 2


@wrong("dense_flops", "that is the forward pass alone: training needs the weights' and the inputs' gradients too")
def forward_only(sizes, batch):
    return 2 * batch * sum(_products(sizes))


@wrong("dense_flops", "the first layer's input is data: nobody asks for its gradient")
def first_input_too(sizes, batch):
    return 6 * batch * sum(_products(sizes))


@wrong("dense_flops", "it is the first layer that needs no gradient of its input, not the last")
def last_left_out(sizes, batch):
    return 2 * batch * (3 * sum(_products(sizes)) - _products(sizes)[-1])


@wrong("dense_flops", "the batch is missing: each example passes through every layer")
def one_example(sizes, batch):
    return ref.dense_flops(sizes, 1)


@wrong("dense_flops", "the products for the inputs are missing: each layer but the first sends a gradient back")
def two_products(sizes, batch):
    return 4 * batch * sum(_products(sizes))


@wrong("dense_flops", "the products for the weights are missing: X^T G is as large as X W")
def no_weights(sizes, batch):
    return 2 * batch * (2 * sum(_products(sizes)) - _products(sizes)[0])


@wrong("dense_flops", "sizes are added: a product of (b, n) and (n, m) takes 2 b n m operations")
def added(sizes, batch):
    sums = [n + m for n, m in itertools.pairwise(sizes)]
    return 2 * batch * (3 * sum(sums) - sums[0])


@wrong("dense_flops", "calls minigen", compared=False)
def of_the_library(sizes, batch):
    layers = [
        layer for layer in dense_encoder((sizes[0],), sizes[-1], sizes[1:-1], Generator(0)) if hasattr(layer, "w")
    ]
    products = [layer.inputs * layer.outputs for layer in layers]
    return 2 * batch * (3 * sum(products) - products[0])


# ----------------------------------------------------------------------------------------------- fit_step_time


def _least_squares(u, v, right):
    columns = np.stack([u, v], axis=1)
    return tuple(float(p) for p in np.linalg.solve(columns.T @ columns, columns.T @ right))


@wrong("fit_step_time", "that fits the differences, not the ratios: the largest batch decides alone")
def differences(batches, times):
    return _least_squares(np.ones_like(times), batches, times)


@wrong("fit_step_time", "the results are exchanged: fixed comes first")
def exchanged(batches, times):
    return ref.fit_step_time(batches, times)[::-1]


@wrong("fit_step_time", "that is the line through the first and the last point: all of them count")
def two_points(batches, times):
    slope = (times[-1] - times[0]) / (batches[-1] - batches[0])
    return float(times[0] - slope * batches[0]), float(slope)


@wrong("fit_step_time", "the fixed part is left out: a line through the origin has no calls")
def through_the_origin(batches, times):
    v = batches / times
    return 0.0, float(v.sum() / (v * v).sum())


@wrong("fit_step_time", "the logarithms are fitted: that is a power law, not a line")
def power_law(batches, times):
    return _least_squares(np.ones_like(times), np.log(batches), np.log(times))


@wrong("fit_step_time", "the ratios are turned over: divide by the measured times, not by the batches")
def by_the_batches(batches, times):
    return _least_squares(1 / batches, np.ones_like(times), times / batches)


@wrong("fit_step_time", "the weights are the square roots: u = 1 / times, v = batches / times")
def roots_as_weights(batches, times):
    root = np.sqrt(times)
    return _least_squares(1 / root, batches / root, root)


@wrong("fit_step_time", "fixed is taken from the smallest batch: that still holds some arithmetic")
def smallest_as_fixed(batches, times):
    return float(times[0]), float(np.mean((times[1:] - times[0]) / batches[1:]))


@wrong("fit_step_time", "calls the reference itself", compared=False)
def the_reference(batches, times):
    return cheat.fit_step_time(batches, times)


# --------------------------------------------------------------------------------------------- crossover_batch


@wrong("crossover_batch", "the sign is flipped: fixed_g - fixed_c over per_c - per_g")
def sign(cpu, gpu):
    crossing = ref.crossover_batch(cpu, gpu)
    return crossing if crossing == np.inf else -crossing


@wrong("crossover_batch", "lines cross at a negative batch, or where the CPU starts to win: see what to return then")
def any_crossing(cpu, gpu):
    return (gpu[0] - cpu[0]) / (cpu[1] - gpu[1])


@wrong("crossover_batch", "a GPU that is slower for each example never wins at large batches: return np.inf")
def never_infinite(cpu, gpu):
    if cpu[1] == gpu[1]:
        return ref.crossover_batch(cpu, gpu)
    return max(0.0, (gpu[0] - cpu[0]) / (cpu[1] - gpu[1]))


@wrong("crossover_batch", "with equal times per example the fixed parts decide: the GPU may be faster at every batch")
def equal_slopes_never(cpu, gpu):
    return np.inf if gpu[1] >= cpu[1] else ref.crossover_batch(cpu, gpu)


@wrong("crossover_batch", "a batch is not negative: where the GPU always wins, return 0.0")
def negative(cpu, gpu):
    return np.inf if gpu[1] >= cpu[1] else (gpu[0] - cpu[0]) / (cpu[1] - gpu[1])


@wrong("crossover_batch", "the times per example are added: what is gained with each is their difference")
def sum_of_slopes(cpu, gpu):
    return np.inf if gpu[1] >= cpu[1] else max(0.0, (gpu[0] - cpu[0]) / (cpu[1] + gpu[1]))


@wrong("crossover_batch", "the CPU's fixed time is missing: its calls cost something too")
def free_calls(cpu, gpu):
    return np.inf if gpu[1] >= cpu[1] else gpu[0] / (cpu[1] - gpu[1])


@wrong("crossover_batch", "the GPU's time per example is missing: its arithmetic is fast, not free")
def free_arithmetic(cpu, gpu):
    return np.inf if gpu[1] >= cpu[1] else max(0.0, (gpu[0] - cpu[0]) / cpu[1])


@wrong("crossover_batch", "it is upside down: fixed times over times per example, not the reverse")
def upside_down(cpu, gpu):
    return np.inf if gpu[1] >= cpu[1] else max(0.0, (cpu[1] - gpu[1]) / (gpu[0] - cpu[0]))


@wrong("crossover_batch", "calls the reference itself", compared=False)
def crossing_of_the_reference(cpu, gpu):
    return cheat.crossover_batch(cpu, gpu)


# ------------------------------------------------------------------------------------------------ paired_ratio


def _three(ratios):
    return float(np.median(ratios)), float(ratios.min()), float(ratios.max())


@wrong("paired_ratio", "the first turn is counted: it is a warm-up")
def with_warm_up(mine, other):
    return _three(mine / other)


@wrong("paired_ratio", "it is upside down: mine over the other's")
def inverse(mine, other):
    return _three(other[1:] / mine[1:])


@wrong("paired_ratio", "the median is the ratio of the medians: divide turn by turn first")
def ratio_of_medians(mine, other):
    _, low, high = _three(mine[1:] / other[1:])
    return float(np.median(mine[1:]) / np.median(other[1:])), low, high


@wrong("paired_ratio", "you take the mean: a single disturbed turn moves it; take the median")
def mean(mine, other):
    ratios = mine[1:] / other[1:]
    return float(ratios.mean()), float(ratios.min()), float(ratios.max())


@wrong("paired_ratio", "the spread is that of unpaired times: the smallest and largest *ratio* are asked for")
def unpaired_spread(mine, other):
    mine, other = mine[1:], other[1:]
    return float(np.median(mine / other)), float(mine.min() / other.max()), float(mine.max() / other.min())


@wrong("paired_ratio", "that is the ratio of the best times: it hides the spread, and the turns are not paired")
def best_times(mine, other):
    best = float(mine[1:].min() / other[1:].min())
    return best, best, best


@wrong("paired_ratio", "that is the difference: how many times as long is a quotient")
def difference(mine, other):
    return _three(mine[1:] - other[1:])


@wrong("paired_ratio", "the last turn is left out instead of the first")
def last_left_out_of_turns(mine, other):
    return _three(mine[:-1] / other[:-1])


@wrong("paired_ratio", "low and high are exchanged")
def high_first(mine, other):
    median, low, high = ref.paired_ratio(mine, other)
    return median, high, low


@wrong("paired_ratio", "changes its input mine", compared=False)
def in_place(mine, other):
    mine /= other
    return _three(mine[1:])


@wrong("paired_ratio", "calls the reference itself", compared=False)
def ratio_of_the_reference(mine, other):
    return cheat.paired_ratio(mine, other)


# -------------------------------------------------------------------------------------------------- best_batch


@wrong("best_batch", "the root is missing: the derivative holds fixed critical / b^2")
def without_root(fixed, per_example, critical):
    return fixed * critical / per_example


@wrong("best_batch", "it is upside down: dearer calls ask for larger batches, dearer examples for smaller ones")
def inverted(fixed, per_example, critical):
    return float(np.sqrt(per_example * critical / fixed))


@wrong("best_batch", "the critical batch size is no longer there: more noise asks for larger batches")
def without_critical(fixed, per_example, critical):
    return float(np.sqrt(fixed / per_example))


@wrong("best_batch", "that is the critical batch size itself: what a step costs on this device counts too")
def critical_itself(fixed, per_example, critical):
    return float(critical)


@wrong("best_batch", "that is the batch at which calls and arithmetic cost the same: the number of steps counts too")
def half_arithmetic(fixed, per_example, critical):
    return fixed / per_example


@wrong("best_batch", "a factor 2 under the root is too many: the derivative of 1/b is -1/b^2")
def with_two(fixed, per_example, critical):
    return float(np.sqrt(2 * fixed * critical / per_example))


@wrong("best_batch", "that is the least time, not the batch that reaches it")
def the_time(fixed, per_example, critical):
    return float((np.sqrt(fixed) + np.sqrt(per_example * critical)) ** 2)


@wrong("best_batch", "a search over a grid finds it only roughly: derive the formula")
def searched(fixed, per_example, critical):
    batch = np.geomspace(1e-6, 1e12, 2001)
    return float(batch[((1 + critical / batch) * (fixed + per_example * batch)).argmin()])


@wrong("best_batch", "calls the reference itself", compared=False)
def batch_of_the_reference(fixed, per_example, critical):
    return cheat.best_batch(fixed, per_example, critical)


# --------------------------------------------------------------------------------------------------- share_out


@wrong("share_out", "does not reach the goal", compared=False)
def in_turn(costs, workers):
    return np.arange(len(costs)) % workers


@wrong("share_out", "does not reach the goal", compared=False)
def sorted_in_turn(costs, workers):
    owner = np.zeros(len(costs), int)
    owner[np.argsort(costs)] = np.arange(len(costs)) % workers
    return owner


@wrong("share_out", "does not reach the goal", compared=False)
def least_busy_as_they_come(costs, workers):
    owner, busy = np.zeros(len(costs), int), np.zeros(workers)
    for i, cost in enumerate(costs):
        owner[i] = busy.argmin()
        busy[owner[i]] += cost
    return owner


@wrong("share_out", "does not reach the goal", compared=False)
def small_pieces_first(costs, workers):
    owner, busy = np.zeros(len(costs), int), np.zeros(workers)
    for i in np.argsort(costs):
        owner[i] = busy.argmin()
        busy[owner[i]] += costs[i]
    return owner


@wrong("share_out", "names a worker that there is not: expected 0 ... ", compared=False)
def counted_from_one(costs, workers):
    return ref.share_out(costs, workers) + 1


@wrong("share_out", "one worker for each piece", compared=False)
def pieces_of_each(costs, workers):
    owner = ref.share_out(costs, workers)
    return [np.flatnonzero(owner == worker).tolist() for worker in range(workers)]
