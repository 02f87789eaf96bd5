"""What was measured, as a table and as a figure, and the batch size from which the GPU wins."""

import math
import os
import platform
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np

from .. import backend
from ..report.canvas import new_figure, own_settings
from ..version import __version__
from .measuring import Row


def crossover(batches: Sequence[int], cpu: Sequence[float], gpu: Sequence[float]) -> float | None:
    """The batch size from which the GPU takes less time, at all larger ones that were measured; None if it does not.

    Between two sizes the ratio of the times is interpolated, both on a logarithmic scale. The smallest size that was
    measured means: there already.
    """
    gain = [math.log(c / g) for c, g in zip(cpu, gpu, strict=True)]
    if gain[-1] <= 0:
        return None
    for i in range(len(gain) - 1, 0, -1):
        if gain[i - 1] <= 0:
            part = -gain[i - 1] / (gain[i] - gain[i - 1])
            return float(batches[i - 1] * (batches[i] / batches[i - 1]) ** part)
    return float(batches[0])


def report(rows: Sequence[Row], peaks: dict[str, float]) -> str:
    """A table, and where the GPU starts to win."""
    lines = [f"{'model':8s}{'batch':>6s}  device     ms a step (min to max)      examples/s  GFLOP/s  of peak"]
    for row in rows:
        for device, times in row.ms.items():
            ms = median(times)
            speed = row.flops / ms / 1e6
            spread = f"{ms:.2f} ({min(times):.2f} to {max(times):.2f})"
            lines.append(
                f"{row.model:8s}{row.batch:6d}  {device:6s} {spread:>28s} {row.batch / ms * 1e3:14.0f} {speed:8.1f} "
                f"{speed / peaks[device]:8.0%}"
            )
    for name in dict.fromkeys(row.model for row in rows):
        mine = [row for row in rows if row.model == name and "cuda" in row.ms]
        if mine:
            batches = [row.batch for row in mine]
            where = crossover(batches, *([median(row.ms[d]) for row in mine] for d in ("cpu", "cuda")))
            if where is None:
                lines.append(f"{name}: the CPU is faster up to a batch of {batches[-1]}")
            elif where <= batches[0]:
                lines.append(f"{name}: the GPU is faster from a batch of {batches[0]} on, the smallest that was tried")
            else:
                lines.append(f"{name}: the GPU is faster from a batch of about {where:.0f} on")
    return "\n".join(lines)


@own_settings()
def figure(rows: Sequence[Row]) -> Any:
    """Time per example against the batch size, a panel for each model: a matplotlib Figure."""
    names = list(dict.fromkeys(row.model for row in rows))
    picture = new_figure(5 * len(names), 4, layout="constrained")
    for axes, name in zip(picture.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        mine = [row for row in rows if row.model == name]
        for device in mine[0].ms:
            times = np.array([np.quantile(row.ms[device], [0, 0.5, 1]) / row.batch * 1e3 for row in mine])  # (B, 3)
            batches = [row.batch for row in mine]
            axes.plot(batches, times[:, 1], "o-", label={"cpu": "CPU", "cuda": "GPU"}[device])
            axes.fill_between(batches, times[:, 0], times[:, 2], alpha=0.2)
        if "cuda" in mine[0].ms:
            where = crossover(batches, *([median(row.ms[d]) for row in mine] for d in ("cpu", "cuda")))
            if where is not None:
                axes.axvline(where, color="grey", linestyle=":", label=f"the GPU wins from {where:.0f}")
        axes.set(xscale="log", yscale="log", title=name, xlabel="batch size", ylabel="µs per example")
        axes.set_xticks(batches, [str(b) for b in batches])
        axes.tick_params(axis="x", which="minor", length=0)
        axes.xaxis.set_minor_formatter("")
        axes.legend()
    return picture


def machine(devices: Sequence[str]) -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "minigen": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "cpu_cores": os.cpu_count(),
        "gpu": backend.device_name() if "cuda" in devices else None,
        "tf32": backend.tf32() if "cuda" in devices else None,
    }
