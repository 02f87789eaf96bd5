"""What it costs to notice data that change between a loss and its backward pass (`minigen.autodiff.changes`).

    python -m benchmarks.changes mlp-vae-128 dcgan28

Two measurements, as the cost is below what the clock can tell of a whole step. The calls that one step makes are kept
and made again, many times, and the shortest time counts: this works on a busy machine too. And steps with and without
the watch take turns: on an idle machine, the median of their ratios is what it costs.
"""

import argparse
import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

from benchmarks.workers import minigen_steps
from benchmarks.workloads import MODELS, arrays
from minigen.autodiff import backpropagation, changes

REPEATS = 2000
PLACES = (  # where the engine calls, and what
    (changes, "stamps"),
    (changes, "memory_of_view"),
    (changes, "copied"),
    (backpropagation, "refuse_changed"),
)


def calls_of(step: Callable[[], Any]) -> dict[str, tuple[Callable[..., Any], list[tuple[Any, ...]]]]:
    """By name, each function and the arguments of every call that a step makes."""
    found: dict[str, tuple[Callable[..., Any], list[tuple[Any, ...]]]] = {}
    with contextlib.ExitStack() as stack:
        for place, name in PLACES:
            function, calls = getattr(place, name), []
            found[name] = function, calls
            stack.enter_context(mock.patch.object(place, name, _noting(function, calls)))
        step()
    return found


def _noting(function: Callable[..., Any], calls: list[tuple[Any, ...]]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        calls.append(args)
        return function(*args)

    return call


@contextlib.contextmanager
def unwatched() -> Iterator[None]:
    """Inside a `with` block, nothing is stamped, and so nothing is compared."""
    with mock.patch.object(changes, "stamps", return_value={}):
        yield


def shortest(function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> float:
    """Microseconds for all of the calls, at best."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        for args in calls:
            function(*args)
        best = min(best, time.perf_counter() - start)
    return 1e6 * best


def parts(step: Callable[[], Any]) -> dict[str, float]:
    """Microseconds of a step by function; prints nothing."""
    found = calls_of(step)
    _, checks = found["refuse_changed"]
    for node, *_ in checks:  # the step has moved the weights: stamp them anew, so that the checks find nothing
        node.stamps = {
            k: (array, memory, memory.version if memory else 0, sample and changes.sample(array, len(sample)))
            for k, (array, memory, _, sample) in node.stamps.items()
        }
    return {name: shortest(function, calls) for name, (function, calls) in found.items()}


def turns(step: Callable[[], Any], seconds: float) -> tuple[float, float, float]:
    """The median of a step without the watch, in ms; of the ratios with it to without it, the median and the spread."""
    without: list[float] = []
    ratios: list[float] = []
    end = time.perf_counter() + seconds
    while len(ratios) < 3 or time.perf_counter() < end:
        pair = {}
        for watched in (True, False) if len(ratios) % 2 else (False, True):
            with contextlib.nullcontext() if watched else unwatched():
                start = time.perf_counter()
                for _ in range(5):
                    step()
                pair[watched] = (time.perf_counter() - start) / 5
        without.append(1e3 * pair[False])
        ratios.append(pair[True] / pair[False])
    quarters = statistics.quantiles(ratios, n=4)
    return statistics.median(without), quarters[1], quarters[2] - quarters[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both for each workload; returns the exit status."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="+", choices=list(MODELS))
    parser.add_argument("--seconds", type=float, default=10.0, help="how long steps take turns; default: 10")
    options = parser.parse_args(arguments)
    for name in options.workloads:
        workload = MODELS[name]
        step = minigen_steps.build(workload, arrays(workload), "").step
        for _ in range(3):
            step()
        found = parts(step)
        for part, microseconds in found.items():
            print(f"  {microseconds:6.1f} us  {part}")
        total, (whole, ratio, spread) = sum(found.values()), turns(step, options.seconds)
        print(f"{name}: {total:.0f} us in all, {total / whole / 10:.2f} % of a step of {whole:.2f} ms without it")
        print(f"{name}: with it to without it {ratio:.4f} (half of the pairs within {spread:.4f})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
