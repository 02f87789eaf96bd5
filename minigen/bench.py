"""How fast it is here: CPU against GPU, side by side.

    python -m minigen.bench                              # a few minutes
    python -m minigen.bench --quick                      # half a minute
    python -m minigen.bench --plot bench.png --json bench.json
    python -m minigen.bench --tf32                       # the GPU's products rounded to TF32

For each model and batch size the devices take turns, and a step's time is the median over the turns. First of all, both
devices must find the same loss and gradients from the same weights, batch and noise. The clock is read when the device
is done, not when it has been told what to do; the way of the data there and back is timed apart. Without a GPU it says
why, and measures the CPU alone.
"""

import argparse
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from . import backend, ops
from .autodiff import Tensor, no_grad, zeros
from .data.files import write_whole
from .errors import ArgumentError, DataError, MinigenError, NumericalError, unknown_name
from .models import GAN, VAE
from .models.networks import dcgan_discriminator, dcgan_generator, dense_decoder, dense_encoder
from .nn import Conv2D, Conv2DTranspose, Dense, Module, Sequential, Tanh
from .optim.schedules import constant
from .random import Generator
from .train.trainers import GANTrainer, VAETrainer
from .version import __version__

BATCHES = (16, 64, 256, 1024, 4096)
TOLERANCE = 5e-3  # of the length of a gradient, in float32: of a million activations, rounding makes some change sign
TF32_TOLERANCE = 0.1  # its factors have 13 binary digits less
FULL, QUICK = 150.0, 16.0  # seconds of measuring; starting up and the parity check come on top
TURNS = 9  # at most, for each device and batch size

Clock = Callable[[], float]


# --------------------------------------------------------------------------------------------------- what is timed


class Given(Generator):
    """A generator that draws the same normal numbers on every device, from the host's stream."""

    def normal(self, shape: Any, *, dtype: Any = np.float32, device: str | None = None) -> Any:
        """See `Generator.normal`."""
        return backend.to_device(super().normal(shape, dtype=dtype, device="cpu"), device or backend.default_device())


def _vae(rng: Generator) -> tuple[Any, Any, tuple[int, ...]]:
    model = VAE(dense_encoder((784,), 40, [400], rng), dense_decoder(20, (784,), [400], rng), 20)
    return model, VAETrainer(model, 1e-3), (784,)


def _dcgan(rng: Generator) -> tuple[Any, Any, tuple[int, ...]]:
    shape = (28, 28, 1)
    generator = Sequential(*dcgan_generator(64, shape, 64, rng), Tanh())
    model = GAN(generator, dcgan_discriminator(shape, 64, rng), 64)
    return model, GANTrainer(model, constant(2e-4), 5.0), shape


MODELS = {"vae": _vae, "dcgan": _dcgan}


def multiply_adds(network: Sequential, example: tuple[int, ...]) -> list[int]:
    """Of each layer with a matrix product, for one example of that shape, forward."""
    counts, x = [], zeros((2, *example), device="cpu")
    with no_grad():
        for layer in network:
            y = layer(x)
            if isinstance(layer, Dense):
                counts.append(layer.inputs * layer.outputs)
            elif isinstance(layer, (Conv2D, Conv2DTranspose)):  # a kernel for each pixel of the smaller image
                places = math.prod((y if isinstance(layer, Conv2D) else x).shape[1:3])
                counts.append(places * math.prod(layer.kernel) * layer.inputs * layer.outputs)
            x = y
    return counts


def flops(model: Module, example: tuple[int, ...]) -> int:
    """Floating-point operations of the products in a training step for one example, a multiply-add being two.

    A layer's product is needed forward, for its weights' gradient, and for its input's, but not where the input is data
    or noise. A GAN's step makes fakes (G); shows D real and fake ones and trains it; makes fakes again, shows them to D
    and goes back through D, for the inputs alone, and through G.
    """
    if isinstance(model, VAE):
        encoder = multiply_adds(model.encoder, example)  # type: ignore[arg-type]
        decoder = multiply_adds(model.decoder, (model.latent_dim,))  # type: ignore[arg-type]
        return 2 * (3 * sum(encoder + decoder) - encoder[0])
    assert isinstance(model, GAN)
    g = multiply_adds(model.generator, (model.latent_dim,))  # type: ignore[arg-type]
    d = multiply_adds(model.discriminator, example)  # type: ignore[arg-type]
    return 2 * (sum(g) + 2 * (3 * sum(d) - d[0]) + 2 * sum(d) + 3 * sum(g) - g[0])


class Job:
    """A model on a device, ready to train on random data."""

    def __init__(self, name: str, device: str) -> None:
        self.device, self.rng = device, Given(1)
        with backend.device(device):
            self.model, self.trainer, self.example = MODELS[name](Generator(0))

    def batch(self, size: int) -> Tensor:
        """Numbers in [0, 1), the same on every device."""
        x = np.random.default_rng(size).random((size, *self.example), dtype=np.float32)
        return Tensor(backend.to_device(x, self.device))

    def gradients(self, size: int = 16) -> dict[str, np.ndarray]:
        """The loss and every gradient for the first batch and the first noise."""
        x, rng = self.batch(size), Given(2)
        with backend.device(self.device):
            if isinstance(self.model, VAE):
                losses = [self.model.loss(x, rng).total]
            else:
                losses = [self.model.discriminator_loss(x, rng).total, self.model.generator_loss(size, rng)]
            for loss in losses:
                loss.backward()
        found = {"loss": np.array([loss.item() for loss in losses])}
        for name, p in self.model.named_parameters():
            found[name] = np.array(p.grad.numpy())
            p.grad = None
        return found

    def time(self, x: Tensor, clock: Clock, steps: int) -> float:
        """Milliseconds a step, over some steps, from an idle device to an idle device."""
        with backend.device(self.device):
            backend.synchronize(self.device)
            start = clock()
            for _ in range(steps):
                self.trainer.step(x, self.rng)
            backend.synchronize(self.device)
            return (clock() - start) * 1e3 / steps


def check_parity(name: str, reference: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> float:
    """The largest difference of a gradient between the devices, as a part of its length.

    Raises:
        NumericalError: it is above TOLERANCE, or above TF32_TOLERANCE in TF32; names the parameter.
    """
    worst, bound = 0.0, TF32_TOLERANCE if backend.tf32() else TOLERANCE
    for key, a in reference.items():
        length = float(np.linalg.norm(a)) or 1.0
        error = float(np.linalg.norm(a.astype(np.float64) - found[key])) / length
        if not error <= bound:
            raise NumericalError(
                f"{name}: {key} on the GPU differs from that on the CPU by {error:.1e} of its length, expected at most "
                f"{bound:.0e}; run `python -m pytest --device cuda` to find the operation"
            )
        worst = max(worst, error)
    return worst


# ------------------------------------------------------------------------------------------------------- measuring


def _best(action: Callable[[], Any], device: str, clock: Clock, repeats: int = 4) -> float:
    """Seconds that it takes at best; the first time does not count."""
    seconds = []
    for _ in range(repeats):
        backend.synchronize(device)
        start = clock()
        action()
        backend.synchronize(device)
        seconds.append(clock() - start)
    return max(min(seconds[1:]), 1e-9)


def sgemm_peak(device: str, n: int, clock: Clock) -> float:
    """GFLOP/s of a product of two (n, n) matrices of float32: what the arithmetic of a step is compared with.

    It is the better of two ways: on the threads of BLAS, which wait for each other where another program takes a core,
    and on ours.
    """
    a = backend.to_device(np.random.default_rng(0).random((n, n), dtype=np.float32), device)
    seconds = min(_best(lambda: a @ a, device, clock), _best(lambda: ops.matmul(a, a), device, clock))
    return 2 * n**3 / seconds / 1e9


def transfers(clock: Clock, mebibytes: int = 64) -> dict[str, float]:
    """GB/s from the host to the GPU and back."""
    host = np.zeros(mebibytes << 18, np.float32)
    there = backend.to_device(host, "cuda")
    up = _best(lambda: backend.to_device(host, "cuda"), "cuda", clock)
    down = _best(lambda: backend.to_numpy(there), "cuda", clock)
    return {"to the GPU": host.nbytes / up / 1e9, "to the host": host.nbytes / down / 1e9}


class Row(NamedTuple):
    """One model at one batch size: ms a step by device, turn by turn."""

    model: str
    batch: int
    ms: dict[str, list[float]]
    flops: int  # of a step


def measure(name: str, batches: Sequence[int], devices: Sequence[str], until: float, clock: Clock) -> list[Row]:
    """Steps of a model at each batch size for as long as the time lasts; what does not fit is left out.

    Args:
        until: when to stop, by the clock. Each batch size may take an equal part of what is left.
    """
    jobs, rows = [Job(name, device) for device in devices], []
    needed = flops(MODELS[name](Generator(0))[0], jobs[0].example)
    estimate = 0.0  # seconds of a step for one example, from the batch before
    for i, batch in enumerate(batches):
        share = (until - clock()) / (len(batches) - i)
        if share <= 0 or estimate * batch * 3 > until - clock():  # a warm-up and two turns
            break
        data = [job.batch(batch) for job in jobs]
        first = [job.time(x, clock, 1) for job, x in zip(jobs, data, strict=True)]  # warm-up: memory, kernels
        steps = [max(1, int(50 / max(ms, 1e-6))) if share > 2 else 1 for ms in first]  # a turn of about 50 ms
        ms: dict[str, list[float]] = {device: [] for device in devices}
        end = clock() + share
        for turn in range(TURNS):
            if turn >= 2 and clock() >= end:
                break
            for job, x, count in zip(jobs, data, steps, strict=True):
                ms[job.device].append(job.time(x, clock, count))
        estimate = sum(median(times) for times in ms.values()) / 1e3 / batch
        rows.append(Row(name, batch, ms, needed * batch))
    return rows


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


# ------------------------------------------------------------------------------------------------------- reporting


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


def figure(rows: Sequence[Row]) -> Any:
    """Time per example against the batch size, a panel for each model: a matplotlib Figure."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(row.model for row in rows))
    picture = Figure(figsize=(5 * len(names), 4), layout="constrained")
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


def run(args: argparse.Namespace, clock: Clock = time.perf_counter) -> None:
    """Measure and report.

    Raises:
        ArgumentError, DataError: an argument that cannot be, before anything is measured.
        NumericalError: the devices do not agree.
    """
    backend.keep_freed_memory()  # as in training
    for name in args.models:
        if name not in MODELS:
            raise unknown_name("models", name, MODELS)
    if not args.batches or min(args.batches) < 2 or list(args.batches) != sorted(set(args.batches)):
        raise ArgumentError(f"batches: expected rising numbers, each at least 2, got {args.batches}")
    for what, path in (("plot", args.plot), ("json", args.json)):
        if path and not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
            raise DataError(f"{what}: cannot write into the folder {path.parent}; make it, or choose another")
    if args.plot and args.plot.suffix not in (".png", ".svg", ".pdf"):
        raise ArgumentError(f"plot: expected a file name that ends in .png, .svg or .pdf, got {str(args.plot)!r}")
    if args.tf32:
        os.environ["CUPY_TF32"] = "1"  # CuPy looks there when it starts, and it has not been started
    status = backend.cuda_status()
    devices = ["cpu"] if status.fault else ["cpu", "cuda"]
    if status.fault:
        print(f"No GPU: {status.fault}. To use one: {status.remedy}. The CPU alone:")
    else:
        print(f"GPU: {backend.device_name()} ({status.found}), products in {'TF32' if backend.tf32() else 'float32'}")
    until = clock() + (QUICK if args.quick else FULL)
    sizes = {d: 1024 if args.quick else 2048 if d == "cpu" else 8192 for d in devices}
    peaks = {d: sgemm_peak(d, n, clock) for d, n in sizes.items()}
    extra: dict[str, Any] = {}
    if "cuda" in devices:
        extra["parity"] = {
            name: check_parity(name, *(Job(name, d).gradients() for d in devices)) for name in args.models
        }
        worst = ", ".join(f"{name} {error:.0e}" for name, error in extra["parity"].items())
        print(f"the same loss and gradients on both devices, up to {worst} of a gradient's length")
        extra["transfers"] = transfers(clock)
        print("transfers: " + ", ".join(f"{speed:.1f} GB/s {way}" for way, speed in extra["transfers"].items()))
    rows: list[Row] = []
    for i, name in enumerate(args.models):
        share = (until - clock()) / (len(args.models) - i)
        rows += measure(name, args.batches, devices, clock() + share, clock)
    peaks = {d: max(peaks[d], sgemm_peak(d, n, clock)) for d, n in sizes.items()}  # the machine may have been busy
    print("sgemm peak: " + ", ".join(f"{d} {peak:.0f} GFLOP/s" for d, peak in peaks.items()))
    print(report(rows, peaks))
    done = {(row.model, row.batch) for row in rows}
    left_out = [f"{m} {b}" for m in args.models for b in args.batches if (m, b) not in done]
    if left_out:
        print(f"left out, as they would take too long{' with --quick' if args.quick else ''}: {', '.join(left_out)}")
    if args.json:
        content = {
            "machine": machine(devices),
            "no gpu": status.fault,
            "sgemm_gflops": peaks,
            **extra,
            "rows": [row._asdict() for row in rows],
        }
        write_whole(args.json, lambda path: path.write_text(json.dumps(content, indent=1) + "\n"))
        print(f"wrote {args.json}")
    if args.plot and rows:
        write_whole(args.plot, lambda path: figure(rows).savefig(path))
        print(f"wrote {args.plot}")


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected numbers with commas between them, got {text!r}") from None


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(
        prog="python -m minigen.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    root.add_argument("--quick", action="store_true", help="end within half a minute")
    root.add_argument("--tf32", action="store_true", help="let the GPU round the factors of products (CUPY_TF32=1)")
    root.add_argument("--models", type=lambda text: text.split(","), default=list(MODELS), metavar="vae,dcgan")
    root.add_argument("--batches", type=_numbers, default=list(BATCHES), metavar="16,64,...")
    root.add_argument("--plot", type=Path, metavar="FILE", help="time per example against the batch size")
    root.add_argument("--json", type=Path, metavar="FILE", help="everything that was measured")
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run; returns the exit status: 0, 2 for anything refused, 130 when interrupted."""
    try:
        run(parser().parse_args(argv))
        return 0
    except MinigenError as error:
        print(f"minigen.bench: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("minigen.bench: interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
