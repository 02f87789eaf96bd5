"""The contenders' processes: first whether they all compute the same, then their times, in turns."""

import contextlib
import copy
import dataclasses
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import report
from benchmarks.workloads import SGEMM, Workload, arrays

ROOT = Path(__file__).resolve().parent.parent
Tolerance = Callable[[str], float]
SETTLE = 0.05  # seconds: threads of BLAS and OpenMP keep their core busy for up to 30 ms after their last work


class Contender(NamedTuple):
    """Who takes part: the module with its steps, that module's option, the package it needs, the models it has."""

    module: str
    option: str
    package: str
    models: tuple[str, ...]


WITH_OPTIMIZER = ("mlp-vae", "conv-vae", "dcgan", "gpt")
OPERATIONS = ("convolution", "tiny")
CONTENDERS = {
    "minigen": Contender("minigen_steps", "", "minigen", (*WITH_OPTIMIZER, *OPERATIONS)),
    "torch": Contender("torch_steps", "", "torch", (*WITH_OPTIMIZER, *OPERATIONS)),
    "torch-fused": Contender("torch_steps", "fused", "torch", WITH_OPTIMIZER),
    "jax": Contender("jax_steps", "", "jax", (*WITH_OPTIMIZER, "tiny")),
    "autograd": Contender("autograd_steps", "", "autograd", ("mlp-vae", "tiny")),
    "by-hand": Contender("numpy_steps", "", "numpy", ("mlp-vae",)),
    "sgemm-numpy": Contender("numpy_steps", "", "numpy", WITH_OPTIMIZER),
    "sgemm-torch": Contender("torch_steps", "", "torch", WITH_OPTIMIZER),
}


def installed(contender: str) -> bool:
    """Whether its package can be imported here."""
    return importlib.util.find_spec(CONTENDERS[contender].package) is not None


class WorkerError(Exception):
    """A contender's process that failed."""


def environment(tf32: bool = False) -> dict[str, str]:
    """The environment of a contender: this checkout first, on the CPU at first, threads as each framework chooses."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    settings = {"PYTHONPATH": path, "JAX_PLATFORMS": "cpu", "MINIGEN_DEVICE": "cpu", "CUPY_TF32": str(int(tf32))}
    return {**os.environ, **settings}


class Worker:
    """A contender's process; see `benchmarks.workers.serve`.

    Args:
        name: in CONTENDERS.
        device: 'cpu', 'cuda', or 'double', the tests' double of CuPy (for minigen; the others stay on the CPU).
        tf32: whether a GPU rounds the factors of products to TF32.
    """

    def __init__(self, name: str, device: str = "cpu", tf32: bool = False) -> None:
        self.name = name
        contender = CONTENDERS[name]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.workers.serve", contender.module, contender.option, device],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(tf32),
        )

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Send a request and wait for the answer.

        Raises:
            WorkerError: the process has ended, or answers with an error.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # the empty answer below says it better
            print(json.dumps({"do": do, **request}), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise WorkerError(f"{self.name}: the process ended with status {self.process.wait()} during {do!r}")
        result: dict[str, Any] = json.loads(answer)
        if "error" in result:
            raise WorkerError(f"{self.name}: {do!r} failed\n{result['error']}")
        return result

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@contextlib.contextmanager
def team(names: Iterable[str], device: str = "cpu", tf32: bool = False) -> Iterator[dict[str, Worker]]:
    """A process for each contender, ended with the block; see `Worker`."""
    with contextlib.ExitStack() as stack:
        workers = {}
        for name in names:
            workers[name] = Worker(name, device, tf32)
            stack.callback(workers[name].close)
        yield workers


class Arena:
    """Where workloads are measured: a folder for the arrays that contenders share, and the settings of the rounds.

    Args:
        folder: a temporary one.
        contenders: names in CONTENDERS; each takes part where it has a step.
        rounds: how often each contender has its turn.
        seconds: how long a turn lasts.
        least: but at least so many steps.
    """

    def __init__(self, folder: Path, contenders: Sequence[str], rounds: int, seconds: float, least: int = 3) -> None:
        self.folder, self.contenders = folder, contenders
        self.rounds, self.seconds, self.least = rounds, seconds, least
        self.versions: dict[str, str] = {}

    def but(self, **changes: Any) -> "Arena":
        """The same with other attributes."""
        other = copy.copy(self)
        vars(other).update(changes)
        return other

    def measure(self, workloads: Sequence[Workload]) -> Iterator[dict[str, Any]]:
        """Parity, then times and memory of workloads of one model, in order, in processes that they share.

        The memory is meant for a single workload: later ones find what earlier ones have left.

        Yields:
            What goes into the JSON file, for each workload.

        Raises:
            ParityError: a contender's loss or gradient differs from minigen's. Nothing was timed then.
        """
        parity = self.parity(workloads)
        with team(self._taking_part(workloads)) as workers:
            for w in workloads:
                yield {"workload": dataclasses.asdict(w), "parity": parity[w.name], **self._time(w, workers)}

    def parity(self, workloads: Sequence[Workload]) -> dict[str, dict[str, tuple[str, float]]]:
        """Compare every contender with minigen, each in a process of its own: those that are timed stay small.

        Returns:
            By workload and contender, what `report.check_parity` returns.
        """
        result: dict[str, dict[str, tuple[str, float]]] = {workload.name: {} for workload in workloads}
        names = self._taking_part(workloads)
        for name in ["minigen", *(name for name in names if name not in (*report.SGEMM, "minigen"))]:
            with team([name]) as workers:
                self.versions.update(workers[name].ask("hello")["versions"])
                for workload in workloads:
                    found = self._check(workload, workers[name], report.tolerance)
                    if found:
                        result[workload.name][name] = found
        return result

    def measure_with(self, workload: Workload, workers: dict[str, Worker], tolerance: Tolerance) -> dict[str, Any]:
        """As `measure`, for one workload, in processes that are there already: on a GPU a start takes long.

        Args:
            workers: minigen's first.
            tolerance: as `report.tolerance`.
        """
        checks = {name: self._check(workload, worker, tolerance) for name, worker in workers.items()}
        parity = {name: found for name, found in checks.items() if found}
        return {"workload": dataclasses.asdict(workload), "parity": parity, **self._time(workload, workers)}

    def _check(self, workload: Workload, worker: Worker, tolerance: Tolerance) -> tuple[str, float] | None:
        """What `report.check_parity` returns; None for minigen, whose losses and gradients the others must find."""
        self._set_up(worker, workload)
        reference, found = self._file("minigen", workload), self._file("peer", workload)
        worker.ask("check", file=str(reference if worker.name == "minigen" else found))
        if worker.name == "minigen":
            return None
        with np.load(reference) as ours, np.load(found) as theirs:
            return report.check_parity(worker.name, workload.name, ours, theirs, tolerance)

    def _taking_part(self, workloads: Sequence[Workload]) -> list[str]:
        models = {workload.model for workload in workloads}
        return [name for name in self.contenders if models <= set(CONTENDERS[name].models)]

    def _set_up(self, worker: Worker, workload: Workload) -> None:
        """Give a worker its workload; those that measure the sgemm peak have their own."""
        if worker.name in report.SGEMM:
            workload = SGEMM
        file = self._file("arrays", workload)
        if not file.exists():
            np.savez(file, **arrays(workload))
        worker.ask("set_up", workload=dataclasses.asdict(workload), file=str(file))

    def _file(self, content: str, workload: Workload) -> Path:
        return self.folder / f"{content} {workload.name}.npz"

    def _time(self, workload: Workload, workers: dict[str, Worker]) -> dict[str, Any]:
        """The rounds: all contenders in turns, another one first each time."""
        for worker in workers.values():
            self._set_up(worker, workload)
            worker.ask("turn", seconds=self.seconds / 2, least=self.least)  # warm-up
        names = list(workers)
        turns: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        for i in range(self.rounds):
            first = i % len(names)
            for name in names[first:] + names[:first]:
                time.sleep(SETTLE)
                turns[name].append(workers[name].ask("turn", seconds=self.seconds, least=self.least))
        return {
            "ms": {name: [turn["ms"] for turn in turns[name]] for name in names},
            "steps": {name: sum(turn["steps"] for turn in turns[name]) for name in names},
            # what a process used up while others had their turns: it should be next to nothing
            "idle_cpu_seconds": {name: sum(turn["idle_cpu_seconds"] for turn in turns[name]) for name in names},
            "memory": {name: workers[name].ask("memory")["mb"] for name in names if name not in report.SGEMM},
        }


def import_times(packages: Sequence[str], rounds: int) -> dict[str, list[float]]:
    """Milliseconds that `import package` takes in a fresh process, round by round; a first round is thrown away."""
    code = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"
    ms: dict[str, list[float]] = {name: [] for name in packages}
    for i in range(rounds + 1):
        first = i % len(packages)
        for name in [*packages[first:], *packages[:first]]:
            answer = subprocess.run(
                [sys.executable, "-c", code.format(name)], env=environment(), check=True, capture_output=True, text=True
            )
            if i:
                ms[name].append(1e3 * float(answer.stdout))
    return ms
