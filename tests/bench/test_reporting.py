"""The batch size from which the GPU wins."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minigen.bench.reporting import crossover

sizes = st.lists(st.integers(1, 10**5), min_size=2, max_size=6, unique=True).map(sorted)


@given(sizes, st.floats(0.1, 10), st.floats(1e-3, 1), st.floats(0.1, 1e4))
def test_the_crossover_of_two_straight_lines(batches, cpu_each, gpu_each, launch):
    """CPU: b per batch. GPU: a + c b. The GPU wins from a / (b - c) on."""
    cpu = [cpu_each * b for b in batches]
    gpu = [launch + gpu_each * cpu_each * 0.9 * b for b in batches]
    exact = launch / (cpu_each * (1 - 0.9 * gpu_each))
    found = crossover(batches, cpu, gpu)
    if exact > batches[-1]:
        assert found is None
    elif exact < batches[0]:
        assert found == batches[0]
    else:
        i = int(np.searchsorted(batches, exact))
        assert batches[max(i - 1, 0)] * (1 - 1e-9) <= found <= batches[i] * (1 + 1e-9)


def test_a_gpu_that_loses_again_at_the_largest_size_has_not_won():
    assert crossover([1, 10, 100], [1, 1, 1], [2, 0.5, 2]) is None
    assert math.isclose(crossover([1, 100], [1, 1], [2, 0.5]), 10)
