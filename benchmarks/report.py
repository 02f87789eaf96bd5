"""From measured numbers to what is said about them: parity, ratios, growth."""

import itertools
import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

# How much float32 explains. A loss, or a product by itself, sums up rounding errors of 1e-7. In the gradients of a deep
# ReLU network something else prevails: of a million activations, rounding makes one or two change their sign, each of
# which then lets a gradient through or not. A share p of flipped activations moves a gradient by about sqrt(p) of its
# length, so 1e-6 of them by 1e-3 (both float32 contenders are that far from float64).
LOSS_TOLERANCE, GRADIENT_TOLERANCE = 1e-5, 5e-3
TORCH = ("torch", "torch-fused")  # PyTorch with its default Adam and with the fused one
SGEMM = ("sgemm-numpy", "sgemm-torch")


class ParityError(Exception):
    """Two contenders that do not compute the same."""


class Spread(NamedTuple):
    """The median over the rounds, and the extremes."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.low:.2f}-{self.high:.2f}]"


# ------------------------------------------------------------------------------------------------------- parity


def root_mean_square(x: np.ndarray) -> float:
    """sqrt(mean(x^2)), in float64."""
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64)))) if x.size else 0.0


def relative_error(reference: np.ndarray, found: np.ndarray, scale: float = 0.0) -> float:
    """The root mean square of the difference, as a part of that of the reference, or of `scale` if it is larger.

    Entries are not compared one by one with their own size: one that cancels to nearly nothing has the rounding error
    of the large numbers it was summed from.
    """
    if reference.shape != found.shape:
        return math.inf
    difference = root_mean_square(reference.astype(np.float64) - found)
    scale = max(scale, root_mean_square(reference))
    if not math.isfinite(difference):
        return math.inf
    return difference / scale if scale else (math.inf if difference else 0.0)


def relative_errors(reference: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The relative error of each array.

    The gradients of one layer, 'network.layer.w' and '.b', share the larger scale of the two: that of a single bias
    may be 0 by chance.
    """
    layers = {name: name.rpartition(".")[0] or name for name in reference}
    scales = dict.fromkeys(layers.values(), 0.0)
    for name, layer in layers.items():
        scales[layer] = max(scales[layer], root_mean_square(reference[name]))
    return {name: relative_error(reference[name], found[name], scales[layer]) for name, layer in layers.items()}


def tolerance(name: str) -> float:
    """The relative error allowed to a loss or a product, or to a weight's gradient and what Adam makes of it."""
    return GRADIENT_TOLERANCE if "." in name or name == "losses of three steps" else LOSS_TOLERANCE


def check_parity(
    contender: str,
    workload: str,
    reference: Mapping[str, np.ndarray],
    found: Mapping[str, np.ndarray],
    tolerance: Callable[[str], float] = tolerance,
) -> tuple[str, float]:
    """Compare a contender's losses and gradients with minigen's.

    Returns:
        The name of the array that is nearest to its tolerance, and its relative error.

    Raises:
        ParityError: an array is missing, or differs by more than `tolerance` allows.
    """
    if set(reference) != set(found):
        names = ", ".join(sorted(set(reference) ^ set(found)))
        raise ParityError(f"{contender}, {workload}: not both of {contender} and minigen give {names}")
    errors = relative_errors(reference, found)
    worst = max(errors, key=lambda name: errors[name] / tolerance(name))
    if not errors[worst] <= tolerance(worst):
        raise ParityError(
            f"{contender}, {workload}: {worst} differs from minigen's by a relative {errors[worst]:.1e}, "
            f"more than the {tolerance(worst):.0e} that rounding explains; nothing was timed"
        )
    return worst, errors[worst]


# ------------------------------------------------------------------------------------------------------- numbers


def spread(values: Iterable[float]) -> Spread:
    """Median, least and largest."""
    values = list(values)
    return Spread(statistics.median(values), min(values), max(values))


def ratio(times: Sequence[float], others: Sequence[float]) -> Spread:
    """times / others, round by round."""
    return spread(a / b for a, b in zip(times, others, strict=True))


def geometric_mean(values: Iterable[float]) -> float:
    """The n-th root of the product of n numbers."""
    return math.exp(statistics.fmean(math.log(v) for v in values))


def growth(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The exponent p of cost = c size^p: the slope of the least-squares line through the logarithms."""
    slope: float = np.polyfit(np.log(sizes), np.log(costs), 1)[0]
    return float(slope)


def better(ms: Mapping[str, Sequence[float]], names: Iterable[str]) -> str | None:
    """The one of `names` with the smaller median time; None if none was measured."""
    return min((n for n in names if n in ms), key=lambda n: statistics.median(ms[n]), default=None)


def summarise(flops: int, ms: Mapping[str, Sequence[float]], sgemm_flops: int) -> dict[str, Any]:
    """What the rounds of one workload say.

    Args:
        flops: of one step.
        ms: times of a step by contender, one for each round.
        sgemm_flops: of the product that 'sgemm-numpy' and 'sgemm-torch' measure.

    Returns:
        'ms': medians; 'ratios': minigen over each peer; 'torch': which of PyTorch's contenders is reported, the
        faster one; 'gflops' and 'share', of the sgemm peak of the same round, of each contender.
    """
    peers = [better(ms, TORCH), *(n for n in ms if n not in (*TORCH, *SGEMM, "minigen"))]
    result: dict[str, Any] = {
        "ms": {name: statistics.median(times) for name, times in ms.items()},
        "torch": peers[0],
        "ratios": {n: ratio(ms["minigen"], ms[n]) for n in peers if n} if "minigen" in ms else {},
    }
    timed = [n for n in ms if n not in SGEMM]
    if flops:
        result["gflops"] = {n: 1e-6 * flops / result["ms"][n] for n in timed}
    peak = better(ms, SGEMM)
    if flops and peak:
        result["sgemm"] = {"contender": peak, "gflops": 1e-6 * sgemm_flops / result["ms"][peak]}
        scale = flops / sgemm_flops
        result["share"] = {n: spread(scale * p / t for t, p in zip(ms[n], ms[peak], strict=True)) for n in timed}
    return result


def growth_of(sizes: Sequence[float], costs: Sequence[float]) -> dict[str, float]:
    """How cost grows with size: the exponent over all sizes, and the largest one between two neighbours."""
    pairs = list(itertools.pairwise(zip(sizes, costs, strict=True)))
    return {"overall": growth(sizes, costs), "steepest": max(growth(*zip(*pair, strict=True)) for pair in pairs)}
