"""A contender's process: requests come in as lines of JSON, answers go out as lines of JSON.

    python -m benchmarks.workers.serve torch_steps fused cpu

Between requests it sleeps in reading the next line. The work itself is in the module that is named first, whose
`build(workload, arrays, option)` gives an object with

    check()    the losses and all gradients at the initial weights and the given noise, and the losses of three training
               steps with that noise: arrays by name, in minigen's layout
    step()     one training step (or one operation, forward and backward) with noise of the framework's own, finished
               when it returns

On another device than the CPU (the third argument) the module has besides

    use(device)      choose it, before anything else
    synchronize()    wait until the device is done: the clock is read then, and `step` need not wait
    free(), memory() give back the device's memory; the most that was taken of it since, in bytes
"""

import gc
import importlib
import json
import math
import os
import statistics
import sys
import time
import traceback
from typing import Any

import numpy as np

from benchmarks.workloads import Workload

SHORTEST = {"cpu": 0.002, "cuda": 0.02, "double": 0.002}  # seconds: of shorter steps several are timed at once


def memory() -> tuple[float, float]:
    """(resident now, the most so far) in MB; away from Linux, the most so far twice."""
    try:
        with open("/proc/self/status") as file:
            fields = dict(line.split(":", 1) for line in file)
        return int(fields["VmRSS"].split()[0]) / 1024, int(fields["VmHWM"].split()[0]) / 1024
    except OSError:
        import resource

        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
        return most, most


def timed(
    step: Any, seconds: float, least: int, shortest: float = SHORTEST["cpu"], synchronize: Any = lambda: None
) -> dict[str, Any]:
    """Steps for so many seconds, and at least so many: the median time of one in ms, and how many there were.

    One step goes before, untimed: the caches still hold another contender's data. `synchronize` waits for a device.
    """

    def duration(several: int) -> float:
        synchronize()
        start = time.perf_counter()
        for _ in range(several):
            step()
        synchronize()
        return time.perf_counter() - start

    several = 1
    if duration(1) < 10 * shortest:  # the first may take long for other reasons
        several = max(1, math.ceil(shortest / duration(1)))
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < least or time.perf_counter() < end:
        times.append(duration(several) / several)
    return {"ms": 1e3 * statistics.median(times), "steps": len(times) * several}


class Server:
    """Answers requests, the name of which is the name of a method."""

    def __init__(self, module: str, option: str, device: str) -> None:
        self.module, self.option = importlib.import_module(f"benchmarks.workers.{module}"), option
        self.device = device
        if device != "cpu":
            self.module.use(device)
        self.work: Any = None
        self.base = 0.0

    def hello(self) -> dict[str, Any]:
        """What is installed here."""
        return {"versions": self.module.versions()}

    def set_up(self, workload: dict[str, Any], file: str) -> dict[str, Any]:
        """Load the arrays and build the model. What is resident in between is what its memory is counted from."""
        self.work = None
        with np.load(file) as content:
            arrays = dict(content)
        gc.collect()
        if self.device != "cpu":
            self.module.free()
        self.base = memory()[0]
        self.work = self.module.build(Workload(**workload), arrays, self.option)
        return {}

    def check(self, file: str) -> dict[str, Any]:
        """Losses and gradients, into a file."""
        np.savez(file, **self.work.check())
        return {}

    def turn(self, seconds: float, least: int) -> dict[str, Any]:
        """See `timed`."""
        if self.device == "cpu":
            return timed(self.work.step, seconds, least)
        return timed(self.work.step, seconds, least, SHORTEST[self.device], self.module.synchronize)

    def memory(self) -> dict[str, Any]:
        """MB: the most that was resident, and how much of it came after imports and data; of a GPU, all its memory."""
        if self.device != "cpu":
            most = self.module.memory() / 2**20
            return {"mb": {"peak": most, "increase": most}}
        peak = memory()[1]
        return {"mb": {"peak": peak, "increase": peak - self.base}}


def main() -> None:
    """Serve until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the framework prints must not get between the answers
    server = Server(*sys.argv[1:])
    rested = time.process_time()
    for line in sys.stdin:
        idle = time.process_time() - rested
        request = json.loads(line)
        try:
            answer = getattr(server, request.pop("do"))(**request)
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps({**answer, "idle_cpu_seconds": idle}), file=answers, flush=True)
        rested = time.process_time()


if __name__ == "__main__":
    main()
