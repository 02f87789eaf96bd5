"""minigen side by side with PyTorch, JAX and HIPS autograd on the CPU: time, arithmetic and memory.

    python benchmarks/peers.py --json peers.json --markdown peers.md
    python benchmarks/peers.py --workloads mlp-vae-128,dcgan28 --contenders minigen,torch,torch-fused

Each contender runs in a process of its own. Before anything is timed, its losses and all its gradients are compared
with minigen's, from the same weights, batch and noise. Then the contenders take turns; a ratio is made of the two
times of one round, and the median over the rounds is reported, with the extremes.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # so that `python benchmarks/peers.py` finds its parts

from benchmarks import report, tables
from benchmarks.rounds import CONTENDERS, Arena, WorkerError, import_times, installed
from benchmarks.workloads import MODELS, SGEMM, Workload, convolutions, flops, growing, tiny

Results = dict[str, Any]  # what goes into the JSON file for one of WORKLOADS


def summarised(result: dict[str, Any]) -> dict[str, Any]:
    """The result of a workload, with its summary."""
    needed = flops(Workload(**result["workload"]))
    return {**result, "flops": needed, "summary": report.summarise(needed, result["ms"], flops(SGEMM))}


def measured(arena: Arena, workloads: Sequence[Workload]) -> dict[str, Any]:
    """Results by name; printed as they come."""
    results = {}
    for result in arena.measure(workloads):
        name = result["workload"]["name"]
        results[name] = summarised(result)
        print(tables.console(name, results[name]), flush=True)
    return results


def model(name: str) -> Callable[[Arena], Results]:
    """The training step of a model."""
    return lambda arena: measured(arena, [MODELS[name]])


def operations(workloads: Sequence[Workload]) -> Callable[[Arena], Results]:
    """Single operations, and minigen's ratio to each peer over all of them."""

    def run(arena: Arena) -> Results:
        rows = measured(arena.but(seconds=arena.seconds / 4), workloads)
        ratios: dict[str, Any] = {}
        for peer in next(iter(rows.values()))["summary"]["ratios"]:
            medians = {name: row["summary"]["ratios"][peer].median for name, row in rows.items()}
            worst = max(medians, key=lambda name: medians[name])
            mean = report.geometric_mean(medians.values())
            ratios[peer] = {"geometric_mean": mean, "worst": [worst, medians[worst]]}
            print(f"minigen / {peer}: geometric mean {mean:.2f}, worst {medians[worst]:.2f} ({worst})", flush=True)
        return {"rows": rows, "ratios": ratios}

    return run


def imports(arena: Arena) -> Results:
    """The time of `import minigen`, `import torch` and `import jax`."""
    chosen = {CONTENDERS[name].package for name in arena.contenders}
    packages = [name for name in ("minigen", "torch", "jax") if name in chosen]
    ms = import_times(packages, arena.rounds)
    result = {"ms": ms, "memory": {}, "parity": {}, "summary": report.summarise(0, ms, 0)}
    print(tables.console("import", result), flush=True)
    return {"import": result}


def growth(field: str, sizes: dict[str, Sequence[int]]) -> Callable[[Arena], Results]:
    """How a model's time and memory grow with the batch or the width: fewer rounds, minigen and PyTorch alone."""

    def run(arena: Arena) -> Results:
        contenders = [name for name in ("minigen", "torch-fused") if name in arena.contenders]
        short = arena.but(contenders=contenders, rounds=max(3, arena.rounds // 3), least=2)
        results: Results = {}
        for name, values in sizes.items():
            rows: list[dict[str, Any]] = []
            for workload, value in zip(growing(name, field, values), values, strict=True):
                if field == "batch" and rows and too_large(rows[-1], value):
                    print(f"{workload.name}: left out, it would need more than half of the memory", flush=True)
                    break
                rows += measured(short, [workload]).values()
            exponents = {n: tables.growth_by(rows, field, n) for n in contenders}
            results[name] = {"rows": rows, "exponents": exponents}
            for n, exponent in exponents.items():
                time, memory = exponent["time"], exponent["memory"]
                print(
                    f"{name}, {n}: time grows as {field}^{time['overall']:.2f} (steepest {time['steepest']:.2f}), "
                    f"memory as {field}^{memory['overall']:.2f}",
                    flush=True,
                )
        return results

    return run


def too_large(previous: dict[str, Any], batch: int) -> bool:
    """Whether a batch would fill half of the machine's memory, going by what a smaller one took."""
    taken = sum(memory["increase"] for memory in previous["memory"].values()) * 2**20
    return taken * batch / previous["workload"]["batch"] > total_memory() / 2


def total_memory() -> int:
    """Bytes of this machine."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


BATCHES = (16, 64, 256, 1024, 4096)
WORKLOADS: dict[str, Callable[[Arena], Results]] = {
    **{name: model(name) for name in MODELS},
    "convs": operations(list(convolutions())),
    "tiny": operations(tiny()),
    "import": imports,
    "grow-batch": growth("batch", {"mlp-vae-128": BATCHES, "dcgan28": BATCHES}),
    "grow-gpt": growth("batch", {"gpt": (4, 16, 64, 256)}),
    "grow-width": growth("width", {"mlp-vae-128": (100, 200, 400, 800, 1600), "dcgan28": (16, 32, 64, 128)}),
}
GROWTH = {"grow-batch": "batch", "grow-gpt": "batch", "grow-width": "width"}  # what grows


INSTRUCTIONS = {"avx512f": "AVX-512", "avx2": "AVX2"}  # the widest first: it decides how fast a product can be


def machine(versions: dict[str, str]) -> dict[str, Any]:
    """What the numbers hold for."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), cpu)
        flags = next((line.split() for line in lines if line.startswith("flags")), [])
        cpu += next((f" ({name})" for flag, name in INSTRUCTIONS.items() if flag in flags), "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    limits = {name: os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS") if name in os.environ}
    return {
        "cpu": cpu,
        "cores": cores,
        "memory_gb": round(total_memory() / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in ("numpy", "torch", "jax", "autograd") if find_spec(name)},
        **versions,
        **limits,
    }


def as_markdown(content: dict[str, Any]) -> str:
    """All tables, with what they hold for."""
    results = content["results"]
    settings, here = content["settings"], content["machine"]
    versions = ", ".join(f"{n} {here[n]}" for n in ("minigen", "numpy", "torch", "jax", "autograd") if n in here)
    parts = [
        f"{here['cpu']}, {here['cores']} cores; Python {here['python']}, {versions}. Medians of {settings['rounds']} "
        "interleaved rounds; a ratio is minigen's time over the other's, below 1 where minigen is faster.\n"
    ]
    steps = {name: results[name][name] for name in results if name in MODELS}
    if steps:
        parts.append(tables.models(steps))
        parts.append(tables.peak(steps))
        parts.append(tables.beside(steps))
    for name, title in (("convs", "convolution, forward and backward"), ("tiny", "8x8, forward and backward")):
        if name in results:
            parts.append(tables.operations(title, results[name]["rows"]))
            means = results[name]["ratios"].items()
            parts.append(
                "\n".join(
                    f"To {tables.NAMES[peer]}: geometric mean of the ratios {r['geometric_mean']:.2f}, "
                    f"worst {r['worst'][1]:.2f} ({r['worst'][0]})."
                    for peer, r in means
                )
                + "\n"
            )
    if "import" in results:
        parts.append(tables.operations("", results["import"]))
    for name, field in GROWTH.items():
        for result in results.get(name, {}).values():
            parts.append(tables.growing(result["rows"], field))
    return "\n".join(parts)


def chosen(parser: argparse.ArgumentParser, option: str, text: str, known: Sequence[str]) -> list[str]:
    """The names in a comma-separated list; ends the program at an unknown one."""
    names = text.split(",")
    for name in names:
        if name not in known:
            parser.error(f"{option}: unknown {name!r}; expected some of {', '.join(known)}")
    return names


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report; returns the exit status."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", help="comma-separated; default: all, about half an hour")
    parser.add_argument("--contenders", default=",".join(CONTENDERS), help="comma-separated; default: all")
    parser.add_argument("--rounds", type=int, help="how often each contender has its turn; default: 9")
    parser.add_argument("--seconds", type=float, help="how long a turn lasts; default: 0.4")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 0.1 s, and nothing grows, unless asked for")
    parser.add_argument("--list", action="store_true", help="show the workloads and contenders, and do nothing")
    options = parser.parse_args(arguments)
    if options.list:
        print("workloads:", ", ".join(WORKLOADS))
        print("contenders:", ", ".join(n if installed(n) else f"{n} (not installed)" for n in CONTENDERS))
        return 0
    default = [name for name in WORKLOADS if not (options.quick and name in GROWTH)]
    workloads = chosen(parser, "--workloads", options.workloads or ",".join(default), list(WORKLOADS))
    contenders = chosen(parser, "--contenders", options.contenders, list(CONTENDERS))
    if "minigen" not in contenders:
        parser.error("--contenders: all others are compared with minigen; name it as well")
    rounds = (3 if options.quick else 9) if options.rounds is None else options.rounds
    seconds = (0.1 if options.quick else 0.4) if options.seconds is None else options.seconds
    if rounds < 1 or seconds <= 0:
        parser.error(f"--rounds and --seconds: expected numbers above 0, got {rounds} and {seconds}")
    absent = [name for name in contenders if not installed(name)]
    for name in absent:
        print(f"{name}: not installed")
    with tempfile.TemporaryDirectory(prefix="minigen-peers-") as folder:
        arena = Arena(Path(folder), [name for name in contenders if name not in absent], rounds, seconds)
        content: dict[str, Any] = {
            "settings": {"rounds": rounds, "seconds": seconds},
            "not_installed": absent,
            "results": {},
        }
        try:
            for name in workloads:
                content["results"][name] = WORKLOADS[name](arena)
                content["machine"] = machine(arena.versions)
                if options.json:
                    options.json.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
                if options.markdown:
                    options.markdown.write_text(as_markdown(content))
        except (report.ParityError, WorkerError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
