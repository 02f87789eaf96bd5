"""Where a training step's time goes: each operation, forward and backward, by itself.

    python -m benchmarks.breakdown dcgan28 mlp-vae-128

The time of an operation is without that of the operations inside of it. Measuring costs some microseconds a call, so
the step as a whole is timed without it too.
"""

import argparse
import contextlib
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

from benchmarks.workers import minigen_steps
from benchmarks.workloads import MODELS, arrays
from minigen.autodiff import backpropagation
from minigen.autodiff.op import REGISTRY, Op
from minigen.optim import Optimizer

Times = dict[str, float]  # seconds by name


@contextlib.contextmanager
def timed() -> Iterator[Times]:
    """Inside a `with` block, note how long operations, gradient rules and the optimizer take."""
    found: Times = defaultdict(float)
    inside = [0.0]  # seconds in calls within the one that is running, for each level

    def watched(function: Callable[..., Any], name: Callable[[tuple[Any, ...]], str]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            inside.append(0.0)
            start = time.perf_counter()
            try:
                return function(*args, **named)
            finally:
                taken = time.perf_counter() - start
                found[name(args)] += taken - inside.pop()
                inside[-1] += taken

        return call

    def always(name: str) -> Callable[[tuple[Any, ...]], str]:
        return lambda args: name

    with contextlib.ExitStack() as stack:
        for op in REGISTRY.values():
            stack.enter_context(mock.patch.object(op, "forward", watched(op.forward, always(op.name))))
        rule = watched(Op.gradient, lambda args: f"{args[0].name}, gradient {args[1] + 1}")
        stack.enter_context(mock.patch.object(Op, "gradient", lambda *args: rule(*args)))
        step = watched(Optimizer.step, always("optimizer"))
        stack.enter_context(mock.patch.object(Optimizer, "step", lambda *args: step(*args)))
        copy = watched(backpropagation._accumulate, always("gradients to their places"))
        stack.enter_context(mock.patch.object(backpropagation, "_accumulate", copy))
        yield found


def breakdown(name: str, seconds: float) -> tuple[float, Times]:
    """A workload's step in milliseconds, the median; and of its parts, the means."""
    workload = MODELS[name]
    work = minigen_steps.build(workload, arrays(workload), "")
    for _ in range(3):
        work.step()

    def steps() -> list[float]:
        times: list[float] = []
        while len(times) < 3 or sum(times) < seconds:
            start = time.perf_counter()
            work.step()
            times.append(time.perf_counter() - start)
        return times

    whole = statistics.median(steps())
    with timed() as found:
        count = len(steps())
    return 1e3 * whole, {part: 1e3 * taken / count for part, taken in found.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table for each workload; returns the exit status."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="+", choices=list(MODELS))
    parser.add_argument("--seconds", type=float, default=2.0, help="how long to measure, twice; default: 2")
    options = parser.parse_args(arguments)
    for name in options.workloads:
        whole, parts = breakdown(name, options.seconds)
        print(f"{name}: a step takes {whole:.2f} ms, of which")
        for part, taken in sorted(parts.items(), key=lambda item: -item[1]):
            if taken > whole / 200:
                print(f"  {taken:8.2f} ms  {part}")
        print(f"  {whole - sum(parts.values()):8.2f} ms  all else, less the cost of measuring")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
