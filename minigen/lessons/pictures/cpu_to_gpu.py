"""Lesson 14: measurements of times, and pictures of them against sizes."""

import time
from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ...autodiff import Tensor
from ...models import VAE
from ...models.networks import dense_decoder, dense_encoder
from ...models.vaes.vae import VAETrainer
from ...random import Generator

Line = tuple[float, float]  # fixed, per example
STYLES = ("-", "--", "-.", ":")


def call_times(actions: Sequence[Callable[[], object]], rounds: int = 7, least: float = 2e-3) -> np.ndarray:
    """Microseconds of one call of each action: the best of some rounds, in which they take turns.

    The first round is a warm-up and does not count. In a round each action is called for at least so many seconds.
    """
    counts = [1] * len(actions)
    found = np.zeros((rounds + 1, len(actions)))
    for r in range(rounds + 1):
        for i, action in enumerate(actions):
            start = time.perf_counter()
            for _ in range(counts[i]):
                action()
            found[r, i] = (time.perf_counter() - start) / counts[i]
            if r == 0:
                counts[i] = max(1, int(least / max(found[r, i], 1e-7)))
    return found[1:].min(axis=0) * 1e6


def bends(sizes: np.ndarray, adding: np.ndarray, operations: np.ndarray, products: np.ndarray) -> None:
    """The opening picture: what a call costs, and where the work begins to count."""
    _, axes = plt.subplots(1, 2, figsize=(7.5, 3), layout="constrained")
    axes[0].loglog(sizes, adding, "o-")
    axes[0].set(title="a + a", xlabel="numbers in the array", ylabel="µs")
    axes[1].loglog(operations, products, "o-")
    axes[1].set(title="a @ a", xlabel="floating-point operations", ylabel="µs")
    for axis, times in zip(axes, (adding, products), strict=True):
        call = np.median(times[:3])
        axis.axhline(call, color="C3", linestyle=":", label=f"a call: {call:.2f} µs")
        axis.legend(fontsize=9)
    plt.show()


def trainer_of(pixels: int, hidden: int, latent: int) -> VAETrainer:
    """A dense VAE with its Adam: pixels - hidden - latent - hidden - pixels."""
    rng = Generator(0)
    encoder = dense_encoder((pixels,), 2 * latent, [hidden], rng)
    return VAETrainer(VAE(encoder, dense_decoder(latent, (pixels,), [hidden], rng), latent), 1e-3)


def step_times(trainer: VAETrainer, pixels: int, batches: np.ndarray, rounds: int = 12) -> np.ndarray:
    """Milliseconds of a training step at each batch size: the best of some rounds, in which the sizes take turns."""
    rng = Generator(1)
    data = [Tensor(rng.uniform((int(b), pixels))) for b in batches]
    found: list[list[float]] = []
    for _ in range(rounds + 1):
        found.append([])
        for x in data:
            start = time.perf_counter()
            for _ in range(3):
                trainer.step(x, rng)
            found[-1].append((time.perf_counter() - start) * 1e3 / 3)
    return np.min(found[1:], axis=0)


def fits(batches: np.ndarray, times: Mapping[str, np.ndarray], lines: Mapping[str, Line]) -> None:
    """Measured steps, and the lines fitted to them."""
    b = np.geomspace(batches.min(), batches.max(), 60)
    _, axis = plt.subplots(figsize=(7, 3.2), layout="constrained")
    for number, (name, (fixed, per_example)) in enumerate(lines.items()):
        color = f"C{number}"
        axis.loglog(batches, times[name], "os"[number], color=color, label=f"{name} VAE, measured")
        label = f"{fixed:.2f} ms + {per_example * 1e3:.1f} µs x batch"
        axis.loglog(b, fixed + per_example * b, STYLES[number], color=color, label=label)
    axis.set(xlabel="batch size", ylabel="ms a step, on this CPU")
    axis.legend(fontsize=9)
    plt.show()


def crossing(cpu: Line, gpu: Line) -> float:
    """The batch from which the second device wins: 0 if at every batch, infinity if at none."""
    fixed, per_example = gpu[0] - cpu[0], cpu[1] - gpu[1]
    if per_example <= 0:
        return 0.0 if per_example == 0 and fixed < 0 else np.inf
    return max(0.0, fixed / per_example)


def in_words(batch: float) -> str:
    """Where a device wins, given its `crossing`."""
    return "at every batch" if batch == 0 else "at no batch" if np.isinf(batch) else f"from a batch of {batch:.0f}"


def against_batch(axis: plt.Axes, line: Line, style: str, **how: object) -> None:
    """Microseconds an example of a device."""
    b = np.geomspace(4, 4096, 60)
    axis.loglog(b, (line[0] + line[1] * b) / b * 1e3, style, **how)


def devices(
    batches: np.ndarray,
    times: Mapping[str, np.ndarray],
    cpu: Mapping[str, Line],
    gpus: Mapping[tuple[str, str], Sequence[Line]],
) -> None:
    """What is measured on this CPU beside what is modelled of GPUs; gpus[network, card]: for cheap to dear launches."""
    figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.8), layout="constrained", sharey=True)
    for axis, name in zip(axes, cpu, strict=True):
        axis.loglog(batches, times[name] / batches * 1e3, "ko", label="this CPU, measured")
        against_batch(axis, cpu[name], "k-", linewidth=0.8)
        for number, (card, (low, middle, high)) in enumerate((c, g) for (n, c), g in gpus.items() if n == name):
            b = np.geomspace(4, 4096, 60)
            band = [(f + p * b) / b * 1e3 for f, p in (low, high)]
            axis.fill_between(b, *band, color=f"C{number}", alpha=0.15)
            against_batch(axis, middle, STYLES[1 + number], color=f"C{number}", label=f"{card}, modelled")
        axis.set(xlabel="batch size", title=f"{name} VAE")
    axes[0].set_ylabel("µs an example")
    axes[0].legend(fontsize=9)
    figure.suptitle("GPUs: a model, NOT a measurement", fontsize=11)
    plt.show()


def movable(
    cpu: Mapping[str, Line], calls: float, launches: int, flops: Mapping[str, int], adam: Mapping[str, float]
) -> Callable[..., Figure]:
    """A picture of the CPU and of a GPU whose assumptions can be moved: launches in µs, rate in TFLOP/s."""

    def draw(network: str, launch: float, rate: float) -> Figure:
        gpu = calls + launches * launch * 1e-3 + adam[network], flops[network] / (rate * 1e12) * 1e3
        figure, axis = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
        against_batch(axis, cpu[network], "k-", label="this CPU")
        against_batch(axis, gpu, "C0--", label="the GPU of the sliders (a model)")
        at = crossing(cpu[network], gpu)
        if 4 < at < 4096:
            axis.axvline(at, color="0.6", linestyle=":")
        axis.set(xlabel="batch size", ylabel="µs an example", title=f"{network} VAE: the GPU wins {in_words(at)}")
        axis.legend(fontsize=9)
        return figure

    return draw


def attempts(ratios: Mapping[str, Sequence[float]]) -> None:
    """The ratio of two equal programs, measured in several ways: a row for each, a point for each attempt."""
    _, axis = plt.subplots(figsize=(7, 2.6), layout="constrained")
    for row, values in enumerate(ratios.values()):
        axis.plot(values, np.full(len(values), row), "o", alpha=0.6)
    axis.axvline(1, color="0.5", linestyle=":")
    axis.set_yticks(range(len(ratios)), list(ratios))
    axis.set(xlabel="measured ratio of two equal programs", ylim=(len(ratios) - 0.4, -0.6))
    plt.show()
