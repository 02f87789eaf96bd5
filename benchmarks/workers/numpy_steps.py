"""NumPy itself: only its matrix product, as a measure of what the machine can do."""

from typing import Any

import numpy as np

from benchmarks.workloads import Workload

Arrays = dict[str, np.ndarray]


def versions() -> dict[str, str]:
    """What computes here."""
    return {"numpy": np.__version__}


class SgemmStep:
    """A large matrix product: what this framework gets out of the machine at best."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        self.a, self.b = arrays["a"], arrays["b"]
        self.y = np.empty_like(self.a)

    def step(self) -> None:
        """One product."""
        np.matmul(self.a, self.b, out=self.y)


def build(workload: Workload, arrays: Arrays, option: str) -> Any:
    """The step of the workload."""
    return {"sgemm": SgemmStep}[workload.model](workload, arrays, option)
