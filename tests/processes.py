"""Programs on several processes, started by MPI, for the tests of several rooms."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MPIEXEC = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")

needs_mpi = pytest.mark.skipif(
    not (MPIEXEC and importlib.util.find_spec("mpi4py")), reason="needs MPI: pip install '.[mpi]'"
)


def launched(processes, *arguments, **options):
    """Python with these arguments, so many times."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()} | options.pop("environment", {})
    return subprocess.Popen(
        [MPIEXEC, "-n", str(processes), sys.executable, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def finished(process, seconds=600):
    """Wait for it; its exit status, and what was written to standard output and error."""
    with process:
        try:
            out, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return process.returncode, out, errors
