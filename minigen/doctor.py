"""What is installed and usable here: Python, NumPy, BLAS, CuPy, MPI, data sets; each fault with its remedy."""

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from . import backend, data
from .errors import DataError


@dataclass
class Finding:
    """One line of the report; without a remedy all is well. A 'FAULT' keeps minigen from working, a 'note' does not."""

    subject: str
    found: str
    remedy: str = ""
    severity: str = "note"


def examine(data_dir: str | None = None) -> list[Finding]:
    """Look at everything minigen relies on.

    Args:
        data_dir: a folder to look for data sets in, besides the usual places.
    """
    return [_python(), _numpy(), _blas(), _cuda(), _mpi(), *_packages(), *_data(data_dir)]


def _python() -> Finding:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} CPU cores"
    return Finding("Python", found)


def _numpy() -> Finding:
    if int(np.__version__.split(".")[0]) < 2:
        return Finding("NumPy", np.__version__, "minigen needs NumPy 2: pip install -U numpy", "FAULT")
    return Finding("NumPy", np.__version__)


def _blas() -> Finding:
    libraries = [info for info in threadpool_info() if info["user_api"] == "blas"]
    if not libraries:
        return Finding("BLAS", "none found", "matrix products will be slow: pip install --force-reinstall numpy")
    found = ", ".join(f"{i['internal_api']} {i['version']}, {i['num_threads']} thread(s)" for i in libraries)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if max(i["num_threads"] for i in libraries) < cores:
        return Finding("BLAS", found, f"{cores} cores are available: unset OMP_NUM_THREADS and OPENBLAS_NUM_THREADS")
    return Finding("BLAS", found)


def _cuda() -> Finding:
    status = backend.cuda_status()
    if status.fault:
        return Finding("CUDA", f"not usable: {status.fault}", f"only if you want a GPU: {status.remedy}")
    products = "TF32" if backend.tf32() else "float32"
    return Finding("CUDA", f"{backend.device_name()}; {status.found}; products in {products}")


def _mpi() -> Finding:
    remedy = "only if you want several processes: pip install 'minigen[mpi]'"
    try:
        found = f"mpi4py {metadata.version('mpi4py')}"
    except metadata.PackageNotFoundError:
        return Finding("mpi", "mpi4py is not installed", remedy)
    launcher = shutil.which("mpiexec", path=str(Path(sys.executable).parent)) or shutil.which("mpiexec")
    if not launcher:
        return Finding("mpi", f"{found}, but no mpiexec", remedy)
    return Finding("mpi", f"{found}, {launcher}")


def _packages() -> list[Finding]:
    findings = []
    for name in ("matplotlib", "mido", "pillow", "safetensors", "scipy", "tqdm"):
        try:
            findings.append(Finding(name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            findings.append(Finding(name, "not installed", f"pip install {name}", "FAULT"))
    return findings


def _data(data_dir: str | None) -> list[Finding]:
    findings = []
    for name in data.DATASETS:
        try:
            place = data.locate(name, data_dir)
        except DataError as error:
            found, _, remedy = str(error).rpartition("; ")
            findings.append(Finding(f"data {name}", found, remedy))
            continue
        if place:
            findings.append(Finding(f"data {name}", place))
            continue
        source = data.SOURCES[name]
        files = f"files into FOLDER/{source.folder}, MINIGEN_DATA=FOLDER"
        how = f"{source.remedy} {files}" if source.remedy else f"downloaded on first use; without a network: {files}"
        findings.append(Finding(f"data {name}", "not here yet", how))
    return findings
