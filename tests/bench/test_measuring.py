"""Measuring ends when its time is up."""

from hypothesis import given
from hypothesis import strategies as st

from minigen.bench import measuring
from minigen.bench.commands import BATCHES
from minigen.bench.workloads import Job


class FakeClock:
    """Time that only passes when it is read."""

    def __init__(self, tick):
        self.now, self.tick = 0.0, tick

    def __call__(self):
        self.now += self.tick
        return self.now


class Free(Job):
    """A job whose steps cost what the fake clock says."""

    def time(self, x, clock, steps):
        clock.now += 1e-3 * x.shape[0] * steps
        return 1.0 * x.shape[0]


@given(st.floats(0.01, 50))
def test_measuring_ends_when_the_time_is_up(budget):
    original, measuring.Job = measuring.Job, Free
    try:
        clock = FakeClock(1e-4)
        rows = measuring.measure("vae", BATCHES, ["cpu"], budget, clock)
    finally:
        measuring.Job = original
    assert [row.batch for row in rows] == list(BATCHES[: len(rows)])
    assert all(2 <= len(row.ms["cpu"]) <= measuring.TURNS for row in rows)
    largest = max((row.batch for row in rows), default=0)
    assert clock.now <= budget + 0.2 + 4e-3 * largest  # at most a warm-up and two turns over
    if budget > 40:
        assert len(rows) == len(BATCHES)
