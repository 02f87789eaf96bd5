"""Part 1: the card, its driver and memory, what is installed, and what is missing. Writes OUT/doctor.json."""

import argparse
import os
import platform
import subprocess
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import minigen
from benchmarks.gpu import part
from minigen import backend

NEEDED = {  # import name: what is left out without it
    "torch": "PyTorch, so nothing to compare with",
    "pytest": "pytest, so no tests",
    "hypothesis": "hypothesis, so not the tests that use it",
    "mido": "mido, so no MIDI file, and not the tests that use it",
    "matplotlib": "matplotlib, so no plot, and not the tests that use it",
    "PIL": "pillow, so not the tests that use it",
    "sklearn": "scikit-learn, so not the tests that use it",
    "scipy": "scipy, so not the tests that use it",
    "safetensors": "safetensors, so not the tests that use it",
    "tqdm": "tqdm, so not the tests that use it",
    "threadpoolctl": "threadpoolctl, so not minigen's own doctor",
    "xdist": "pytest-xdist, so the tests run in one process",
}
VERSIONS = ("cupy", "nvidia-cublas", "nvidia-cudnn", "nvidia-cuda-nvrtc")  # how their names begin


def versions() -> dict[str, str]:
    """Of what computes, by the names of the packages."""
    found = {d.metadata["Name"]: d.version for d in metadata.distributions()}
    found = {n: v for n, v in sorted(found.items()) if n in ("numpy", "torch") or n.lower().startswith(VERSIONS)}
    return {"minigen": minigen.__version__, **found}


def card() -> dict[str, Any]:
    """The device's properties, as CuPy's runtime tells them."""
    runtime = backend.cupy().cuda.runtime
    properties = runtime.getDeviceProperties(0)
    found: dict[str, Any] = {"driver_for_cuda": runtime.driverGetVersion(), "devices": runtime.getDeviceCount()}
    if "totalGlobalMem" in properties:
        found["memory_gb"] = round(properties["totalGlobalMem"] / 2**30, 1)
        found["compute_capability"] = f"{properties['major']}.{properties['minor']}"
        found["multiprocessors"] = properties["multiProcessorCount"]
    return found


def nvidia_smi() -> str:
    """Driver, memory, clocks and power limit, where the program is there."""
    query = "name,driver_version,memory.total,clocks.max.sm,power.limit"
    try:
        answer = subprocess.run(
            ["nvidia-smi", f"--query-gpu={query}", "--format=csv"], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()


def own() -> list[str]:
    """What `python -m minigen doctor` finds."""
    try:
        from minigen.doctor import examine
    except ImportError as error:
        return [str(error)]
    return [f"{f.subject}: {f.found}" for f in examine() if not f.subject.startswith("data ")]


def run(options: argparse.Namespace) -> int:
    """Look, and write it down."""
    with part.device(options.rehearse) as name:
        missing = {package: why for package, why in NEEDED.items() if not find_spec(package)}
        machine = {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cpu_cores": os.cpu_count(),
            **versions(),
        }
        found = part.Findings(options.out / "doctor.json", name, machine=machine, missing=missing)
        found.write(card=card(), own=own(), nvidia_smi="" if options.rehearse else nvidia_smi(), complete=True)
        print(f"{name}; missing: {'; '.join(missing.values()) or 'nothing'}")
    return 0


if __name__ == "__main__":
    part.ended(part.main(run))
