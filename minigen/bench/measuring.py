"""The clock: steps of a model at each batch size, the peak they are compared with, and the way to the GPU and back."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from .. import backend, ops
from ..random import Generator
from .workloads import MODELS, Clock, Job, flops

TURNS = 9  # at most, for each device and batch size


def _best(action: Callable[[], Any], device: str, clock: Clock, repeats: int = 4) -> float:
    """Seconds that it takes at best; the first time does not count."""
    seconds = []
    for _ in range(repeats):
        backend.synchronize(device)
        start = clock()
        action()
        backend.synchronize(device)
        seconds.append(clock() - start)
    return max(min(seconds[1:]), 1e-9)


def sgemm_peak(device: str, n: int, clock: Clock) -> float:
    """GFLOP/s of a product of two (n, n) matrices of float32: what the arithmetic of a step is compared with.

    It is the better of two ways: on the threads of BLAS, which wait for each other where another program takes a core,
    and on ours.
    """
    a = backend.to_device(np.random.default_rng(0).random((n, n), dtype=np.float32), device)
    seconds = min(_best(lambda: a @ a, device, clock), _best(lambda: ops.matmul(a, a), device, clock))
    return 2 * n**3 / seconds / 1e9


def transfers(clock: Clock, mebibytes: int = 64) -> dict[str, float]:
    """GB/s from the host to the GPU and back."""
    host = np.zeros(mebibytes << 18, np.float32)
    there = backend.to_device(host, "cuda")
    up = _best(lambda: backend.to_device(host, "cuda"), "cuda", clock)
    down = _best(lambda: backend.to_numpy(there), "cuda", clock)
    return {"to the GPU": host.nbytes / up / 1e9, "to the host": host.nbytes / down / 1e9}


class Row(NamedTuple):
    """One model at one batch size: ms a step by device, turn by turn."""

    model: str
    batch: int
    ms: dict[str, list[float]]
    flops: int  # of a step


def measure(name: str, batches: Sequence[int], devices: Sequence[str], until: float, clock: Clock) -> list[Row]:
    """Steps of a model at each batch size for as long as the time lasts; what does not fit is left out.

    Args:
        until: when to stop, by the clock. Each batch size may take an equal part of what is left.
    """
    jobs, rows = [Job(name, device) for device in devices], []
    needed = flops(MODELS[name](Generator(0))[0], jobs[0].example)
    estimate = 0.0  # seconds of a step for one example, from the batch before
    for i, batch in enumerate(batches):
        share = (until - clock()) / (len(batches) - i)
        if share <= 0 or estimate * batch * 3 > until - clock():  # a warm-up and two turns
            break
        data = [job.batch(batch) for job in jobs]
        first = [job.time(x, clock, 1) for job, x in zip(jobs, data, strict=True)]  # warm-up: memory, kernels
        steps = [max(1, int(50 / max(ms, 1e-6))) if share > 2 else 1 for ms in first]  # a turn of about 50 ms
        ms: dict[str, list[float]] = {device: [] for device in devices}
        end = clock() + share
        for turn in range(TURNS):
            if turn >= 2 and clock() >= end:
                break
            for job, x, count in zip(jobs, data, steps, strict=True):
                ms[job.device].append(job.time(x, clock, count))
        estimate = sum(median(times) for times in ms.values()) / 1e3 / batch
        rows.append(Row(name, batch, ms, needed * batch))
    return rows
