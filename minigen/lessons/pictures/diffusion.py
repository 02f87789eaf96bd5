"""What lesson 21 trains and draws: the best denoiser of known points, a learned one, digits, paths out of the noise."""

import copy
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ... import ops
from ...autodiff import Tensor, no_grad, tensor
from ...backend import Array
from ...data.damage import Damaged, cut_hole, shrink
from ...data.small_digits import all_digits
from ...data.toys import RING, RING_SIGMA
from ...models import RestorationVAE
from ...models.diffusion.ddpm import Diffusion
from ...models.diffusion.denoiser import DenoiserTrainer
from ...models.diffusion.networks import Dense2
from ...models.diffusion.noise import Noise
from ...models.diffusion.restoring import restored
from ...nn import Module
from ...optim import Adam, cosine, warmup
from ...random import Generator
from ...report.plots import mosaic
from .style import DIGITS
from .yardstick import SHAPE, images

THREE = np.array([[0.0, 1.0], [-0.87, -0.5], [0.87, -0.5]])  # centres of three classes that overlap
THREE_SIGMA = 0.6
BLUE, ORANGE = "#1f5fa8", "#c2570c"
MARKERS = "osD"  # of the three classes, which so can be told apart without colour

# ------------------------------------------------------------------------------------------ the best possible network


class Best(Module):
    """The network that no training can beat: it answers E[v|x_t] for a mixture of Gaussians, in closed form.

    Args:
        centres: (K, *shape). sigma: the deviation of each Gaussian. noise: the schedule.
        labels: the class of each Gaussian, (K,); a label that is no class stands for "not told".
    """

    def __init__(self, centres: np.ndarray, sigma: float, noise: Noise, labels: np.ndarray | None = None) -> None:
        self.flat = np.asarray(centres, np.float64).reshape(len(centres), -1)
        self.sigma, self.noise, self.labels = sigma, noise, labels

    def exponents(self, x_t: np.ndarray, a: np.ndarray, s: np.ndarray, labels: Array | None = None) -> np.ndarray:
        """log p(x_t, k) for each Gaussian k that the label allows: x_t (N, D), a and s (N, 1) -> (N, K)."""
        variance = (a * self.sigma) ** 2 + s**2
        squares = (x_t**2).sum(1, keepdims=True) - 2 * a * (x_t @ self.flat.T) + a**2 * (self.flat**2).sum(1)
        found = -0.5 * squares / variance - 0.5 * x_t.shape[1] * np.log(2 * np.pi * variance)
        if labels is not None and self.labels is not None:
            others = (labels[:, None] != self.labels) & (labels[:, None] <= self.labels.max())
            found = np.where(others, -np.inf, found)
        return np.asarray(found - np.log(np.isfinite(found).sum(1, keepdims=True)))

    def guess(self, x_t: np.ndarray, a: np.ndarray, s: np.ndarray, labels: Array | None = None) -> np.ndarray:
        """E[x|x_t] (N, D); see `exponents`."""
        log_p = self.exponents(x_t, a, s, labels)
        w = np.exp(log_p - log_p.max(axis=1, keepdims=True))
        centre = w / w.sum(axis=1, keepdims=True) @ self.flat
        return centre + a * self.sigma**2 / ((a * self.sigma) ** 2 + s**2) * (x_t - a * centre)

    def forward(self, x: Tensor, t: np.ndarray, labels: Array | None = None) -> Tensor:
        """v = (a x_t - x') / s, which is a z' - s x'."""
        step = np.rint(t * self.noise.steps).astype(int)
        a, s = self.noise.signal[step][:, None], self.noise.deviation[step][:, None]
        x_t = x.data.reshape(len(x), -1).astype(np.float64)
        v = (a * x_t - self.guess(x_t, a, s, labels)) / s
        return Tensor(v.reshape(x.shape).astype(x.dtype))


def best(
    centres: np.ndarray = RING,
    sigma: float = RING_SIGMA,
    labels: np.ndarray | None = None,
    levels: int = 0,
    schedule: str = "cosine",
) -> Diffusion:
    """The library's model with the best possible network in it."""
    noise = Noise(1000, schedule)
    classes = 0 if labels is None else int(labels.max()) + 1
    model = Diffusion(Best(centres, sigma, noise, labels), centres.shape[1:], noise, "v", levels, classes)
    model.reach.data[...] = 1.0 if levels else float(np.abs(centres).max() + 6 * sigma)
    return model


def best_network(model: Diffusion) -> Best:
    """The network of `best`."""
    assert isinstance(model.network, Best)
    return model.network


def log_density(model: Diffusion, x_t: np.ndarray, t: int) -> np.ndarray:
    """log p_t(x_t) of `best`, for points (N, D) at the step t: (N,)."""
    a, s = (np.full((len(x_t), 1), values[t]) for values in (model.noise.signal, model.noise.deviation))
    return np.asarray(np.logaddexp.reduce(best_network(model).exponents(x_t, a, s), axis=1))


def best_guess(model: Diffusion, x_t: np.ndarray, t: int) -> np.ndarray:
    """E[x|x_t] of `best`, for points (N, D) at the step t: (N, D)."""
    a, s = (np.full((len(x_t), 1), values[t]) for values in (model.noise.signal, model.noise.deviation))
    return best_network(model).guess(x_t, a, s)


# ----------------------------------------------------------------------------------------------------------- training


def train(
    model: Diffusion, x: np.ndarray, y: np.ndarray | None, steps: int, batch: int, lr: float, seed: int
) -> Diffusion:
    """Train on examples x by the library's trainer; the weights are its averages in the end.

    Points stay in their own numbers, so that the errors can stand beside those of `best`.

    Args:
        y: labels, or None. A third of them is kept back here, and of the others one in ten by the model's loss: 4 in
            10 in all, so that it learns both with and without them.
    """
    model.reach.data[...] = np.abs(x).max()
    trainer = DenoiserTrainer(model, warmup(cosine(lr, steps), min(100, steps)), steps)
    rng = Generator(seed + 1)
    for _ in range(steps):
        rows = rng.host.integers(len(x), size=batch)
        told = [] if y is None else [np.where(rng.host.random(batch) < 1 / 3, model.not_told, y[rows])]
        trainer.step(Tensor(x[rows]), rng, *told)
    with trainer.averaged():
        return copy.deepcopy(model)


def train_points(x: np.ndarray, steps: int = 2000, width: int = 80, seed: int = 0) -> Diffusion:
    """A dense network that denoises points."""
    network = Dense2((2,), width, 3, 0, Generator(seed))
    return train(Diffusion(network, (2,), Noise(1000)), x, None, steps, 256, 1e-2, seed)


class Flat(Module):
    """A network of vectors, for images: (N, *shape) -> the same."""

    def __init__(self, inner: Module) -> None:
        self.inner = inner

    def forward(self, x: Tensor, t: np.ndarray, labels: Array | None = None) -> Tensor:
        """Each image as a row."""
        return ops.reshape(self.inner(ops.reshape(x, (len(x), -1)), t, labels), x.shape)


def train_digits(levels: np.ndarray, y: np.ndarray, steps: int = 1500, width: int = 256, seed: int = 0) -> Diffusion:
    """A dense network that denoises 8x8 digits, told the class or not. (The library's own recipe takes a U-Net.)"""
    network = Flat(Dense2((64,), width, 3, 10, Generator(seed)))
    model = Diffusion(network, SHAPE, Noise(1000), levels=17, classes=10)
    return train(model, pixels(levels), y, steps, 64, 2e-3, seed)


# --------------------------------------------------------------------------------------------------------- the digits


def pixels(levels: np.ndarray) -> np.ndarray:
    """Levels 0 ... 16 (N, 64) as images in [-1, 1], (N, 8, 8, 1)."""
    return 2 * images(levels) - 1


def labels_of_digits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The labels of the images of `yardstick.split`."""
    y = all_digits()[1].astype(np.int64)
    return y[:1000], y[1000:1350], y[1350:]


def train_filler(levels: np.ndarray, steps: int = 400, seed: int = 0) -> RestorationVAE:
    """Lesson 13's conditional VAE, for holes alone."""
    rng, x = Generator(seed), images(levels)
    model = RestorationVAE(SHAPE, latent_dim=16, width=12, rng=rng)
    optimizer = Adam(model.parameters(), lr=cosine(4e-3, steps))
    for step in range(steps):
        batch = x[rng.host.integers(len(x), size=32)]
        y = np.concatenate(cut_hole(batch, 0.5, rng), axis=3)
        optimizer.step(model.loss(tensor(batch), tensor(y), rng, kl_weight=min(1.0, 2 * step / steps)).total)
    return model


def filled(model: Any, damaged: Damaged, guesses: int, kind: str = "hole", seed: int = 3) -> np.ndarray:
    """So many guesses at images of which y in [0, 1] is left, by diffusion or a VAE: (guesses, N, H, W, 1)."""
    rng, y = Generator(seed), np.asarray(damaged.y)
    many = Damaged(np.tile(y, (guesses, 1, 1, 1)), np.tile(damaged.known, (guesses, 1, 1, 1)))
    with no_grad():
        if isinstance(model, Diffusion):
            inside = Damaged(2 * many.y - 1, many.known)
            x = restored(model, inside, kind, 2 if kind == "low resolution" else 0.5, rng, 25).numpy() * 0.5 + 0.5
        else:
            x = model.restore(tensor(np.concatenate(many, axis=3)), rng, 1).numpy()
    return np.clip(x, 0, 1).reshape(guesses, *y.shape)


def coarse(x: np.ndarray) -> Damaged:
    """Images in blocks of 2x2 pixels."""
    return shrink(x, 2, Generator(0))


# -------------------------------------------------------------------------------------------------- paths and pictures


def path(
    model: Diffusion,
    n: int,
    evaluations: int,
    sampler: str = "ddim",
    seed: int = 5,
    label: int | None = None,
    guidance: float = 0.0,
    told: bool = True,
) -> np.ndarray:
    """Where n samples are at every step of the way, as `sample` goes it: (evaluations + 1, n, *shape).

    Args:
        label, guidance: as of `Diffusion.sample`. told: False for samples of which no class is told.
    """
    labels, _, guidance = model.asked(n, label, evaluations, guidance)
    if not told:
        labels = None
    x, rng = model.start(n, Generator(seed))
    places = [model.outside(x).numpy()]
    with no_grad():
        for t, s in pairwise(model.noise.fewer(evaluations).tolist()):
            guess = model.guess(x, np.full(n, t), labels, guidance)
            x = model.earlier(x, guess, t, s, 1.0 if sampler == "ddpm" else 0.0, rng)
            places.append(model.outside(x).numpy())
    return np.stack(places)


def _cloud(axis: Axes, points: np.ndarray, colours: Any, title: str = "", reach: float = 2.4, size: float = 4) -> None:
    axis.scatter(points[:, 0], points[:, 1], s=size, c=colours, linewidths=0)
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[], aspect="equal")
    axis.set_title(title, fontsize=10)


def _by_end(points: np.ndarray) -> np.ndarray:
    """A colour for each point, by the nearest of the eight centres."""
    nearest = ((points[:, None] - RING) ** 2).sum(axis=2).argmin(axis=1)
    return np.array(DIGITS)[nearest]


def opening(model: Diffusion, n: int = 1200) -> None:
    """A cloud of noise on its way to the ring, in the colours of where each point ends."""
    places = path(model, n, 50)
    colours = _by_end(places[-1])
    _, axes = plt.subplots(1, 4, figsize=(7.5, 2.1), layout="constrained")
    for axis, i in zip(axes, (0, 25, 38, 50), strict=True):
        _cloud(axis, places[i], colours, f"t = {1000 - 20 * i}")
    plt.show()


def flowing(model: Diffusion, n: int = 600, frames: int = 26) -> Callable[[int], Figure]:
    """For `animate`: the whole way from noise to the ring, without fresh noise and with it."""
    ways = {sampler: path(model, n, 100, sampler) for sampler in ("ddim", "ddpm")}
    every = 100 // (frames - 1)

    def draw(i: int) -> Figure:
        figure, axes = plt.subplots(1, 2, figsize=(6.4, 3.4), layout="constrained")
        for axis, (sampler, places) in zip(axes, ways.items(), strict=True):
            _cloud(axis, places[i * every], _by_end(places[-1]), sampler.upper(), size=6)
        figure.suptitle(f"t = {1000 - 10 * i * every}", fontsize=11)
        return figure

    return draw


def schedules(digit: np.ndarray) -> None:
    """What two schedules leave of an image (8, 8, 1), and the ratio of signal to noise."""
    times, z = [1, 200, 400, 600, 800, 1000], Generator(0).normal((8, 8, 1))
    figure = plt.figure(figsize=(7.5, 2.5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
    rows = [Noise(1000, name) for name in ("linear", "cosine")]
    shown = [np.clip(noise.signal[t] * digit + noise.deviation[t] * z, -1.5, 1.5) for noise in rows for t in times]
    left.imshow(mosaic(np.stack(shown) / 3 + 0.5, len(times)), cmap="gray", vmin=0, vmax=1)
    left.set_xticks(9 * np.arange(len(times)) + 4.5, [str(t) for t in times], fontsize=9)
    left.set_yticks([4.5, 13.5], ["linear", "cosine"], fontsize=10)
    left.tick_params(length=0)
    left.spines[:].set_visible(False)
    left.set_xlabel("t", fontsize=10)
    t = np.arange(1, 1001)
    for noise, style, name in zip(rows, ("--", "-"), ("linear", "cosine"), strict=True):
        right.semilogy(t, noise.ratio(t), style, color=BLUE if name == "cosine" else ORANGE, label=name)
    right.axhline(1, color="0.7", linewidth=0.8)
    right.set(ylim=(1e-5, 1e5), yticks=[1e-4, 1e-2, 1, 1e2, 1e4])
    right.set_xlabel("t", fontsize=10)
    right.set_title("signal to noise, R", fontsize=10)
    right.tick_params(labelsize=9)
    right.legend(fontsize=9)
    plt.show()


def field() -> Callable[..., Figure]:
    """For `move`: the density of x_t for eight Gaussians, its score as arrows, and the best guess at some points."""
    model = best()
    fine = np.linspace(-2, 2, 121)
    grid = np.stack(np.meshgrid(fine, fine), -1).reshape(-1, 2)
    rough = np.linspace(-1.8, 1.8, 13)
    arrows = np.stack(np.meshgrid(rough, rough), -1).reshape(-1, 2)
    marked = np.array([[0.9, 0.75], [-1.1, 0.2], [0.15, -0.45]])

    def draw(t: int) -> Figure:
        figure, axis = plt.subplots(figsize=(4.6, 4.3), layout="constrained")
        p = np.exp(log_density(model, grid, t)).reshape(121, 121)
        axis.imshow(p, extent=(-2, 2, -2, 2), origin="lower", cmap="Greys", vmax=1.6 * p.max())
        a, s = model.noise.signal[t], model.noise.deviation[t]
        score = (a * best_guess(model, arrows, t) - arrows) / s**2
        long = np.linalg.norm(score, axis=1, keepdims=True)
        axis.quiver(*arrows.T, *(score / np.maximum(long, 1e-9)).T, color=BLUE, alpha=0.8, scale=22, width=0.004)
        for x_t, guess in zip(marked, best_guess(model, marked, t), strict=True):
            axis.plot(*np.stack([x_t, guess]).T, color=ORANGE, linewidth=1.5)
            axis.plot(*x_t, "o", color=ORANGE)
            axis.plot(*guess, "*", color=ORANGE, markersize=13, markeredgecolor="white")
        axis.set(xlim=(-2, 2), ylim=(-2, 2), xticks=[], yticks=[])
        axis.set_title(f"t = {t}: signal {a:.2f}, noise {s:.2f}", fontsize=10)
        return figure

    return draw


def paths(model: Diffusion, n: int = 400) -> Callable[..., Figure]:
    """For `move`: some paths out of the noise in so many evaluations, and where the samples come to lie."""

    def draw(evaluations: int, sampler: str) -> Figure:
        places = path(model, n, evaluations, sampler)
        figure, axes = plt.subplots(1, 2, figsize=(7, 3.5), layout="constrained")
        colours = _by_end(places[-1])
        for i in range(24):
            axes[0].plot(*places[:, i].T, "-", color=colours[i], linewidth=1)
        _cloud(axes[0], places[-1, :24], colours[:24], "24 paths", 2.2, size=18)
        _cloud(axes[1], places[-1], colours, f"{n} samples, {evaluations} evaluations", 1.5)
        return figure

    return draw


def quality(counts: Sequence[int], shares: dict[str, Sequence[float]]) -> None:
    """Lines of the share of good samples over the number of evaluations."""
    _, axis = plt.subplots(figsize=(6, 2.9), layout="constrained")
    for (name, values), style, colour in zip(shares.items(), ("o-", "s--", "D:"), (BLUE, ORANGE, "0.3"), strict=False):
        axis.semilogx(counts, 100 * np.asarray(values), style, color=colour, label=name)
    axis.set_xticks(list(counts), [str(k) for k in counts], fontsize=9)
    axis.minorticks_off()
    axis.set_xlabel("evaluations of the network", fontsize=10)
    axis.set_ylabel("samples near a mode, %", fontsize=10)
    axis.legend(fontsize=9)
    plt.show()


def weights() -> None:
    """What an error of the guess |x - x'|^2 counts at each step: in the bound, in the loss of z and in that of v."""
    noise, t = Noise(1000), np.arange(2, 1001)
    r = noise.ratio(t)
    _, axis = plt.subplots(figsize=(6.4, 2.9), layout="constrained")
    lines = {
        "the bound, T/2 (R of t - 1, less R of t)": 500 * (noise.ratio(t - 1) - r),
        "the loss of z, R": r,
        "the loss of v, R + 1": r + 1,
    }
    for (name, values), style, colour in zip(lines.items(), (":", "--", "-"), ("0.3", ORANGE, BLUE), strict=True):
        axis.semilogy(t, values, style, color=colour, label=name)
    axis.set(ylim=(1e-4, 1e5))
    axis.set_xlabel("t", fontsize=10)
    axis.set_title("what an error of the guess counts", fontsize=10)
    axis.legend(fontsize=9)
    plt.show()


def errors(t: np.ndarray, found: dict[str, np.ndarray]) -> None:
    """The mean square error of guesses at noise levels t, on a logarithmic axis."""
    _, axis = plt.subplots(figsize=(6, 2.8), layout="constrained")
    for (name, values), style, colour in zip(found.items(), ("-", "--", ":"), (BLUE, ORANGE, "0.3"), strict=False):
        axis.semilogy(t, values, style, color=colour, label=name)
    axis.set_xlabel("t", fontsize=10)
    axis.set_ylabel("square error of the guess", fontsize=10)
    axis.legend(fontsize=9)
    plt.show()


def guided(n: int = 400) -> Callable[..., Figure]:
    """For `move`: samples of one of three classes that overlap, with the best denoiser and so much guidance."""
    model = best(THREE, THREE_SIGMA, np.arange(3))
    rng = np.random.default_rng(0)
    data = THREE[:, None] + THREE_SIGMA * rng.standard_normal((3, 150, 2))

    def draw(w: float) -> Figure:
        x = path(model, n, 40, label=0, guidance=w)[-1]
        figure, axis = plt.subplots(figsize=(4.6, 4.0), layout="constrained")
        for k, marker in enumerate(MARKERS):
            axis.scatter(data[k, :, 0], data[k, :, 1], s=9, marker=marker, color="0.75", linewidths=0)
        axis.scatter(x[:, 0], x[:, 1], s=9, color=BLUE, linewidths=0)
        for k, marker in enumerate(MARKERS):
            axis.plot(*THREE[k], marker, color=ORANGE, markersize=9, markeredgecolor="white")
        axis.set(xlim=(-3, 3), ylim=(-2.6, 3.4), xticks=[], yticks=[], aspect="equal")
        axis.set_title(f"w = {w:.1f}: blue samples of the upper class", fontsize=10)
        return figure

    return draw


def rows_of_digits(rows: dict[str, np.ndarray], width: float = 6.5) -> None:
    """Rows of images in [-1, 1] (N, 8, 8, 1), with their names at the left."""
    everything = np.clip(np.concatenate(list(rows.values())) * 0.5 + 0.5, 0, 1)
    columns = len(everything) // len(rows)
    shades = mosaic(everything, columns)
    height = (width - 1.6) * shades.shape[0] / shades.shape[1]
    _, axis = plt.subplots(figsize=(width, height), layout="constrained")
    axis.imshow(shades, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axis.set_xticks([])
    axis.set_yticks(9 * np.arange(len(rows)) + 4, list(rows), fontsize=10)
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    plt.show()


def bars(values: dict[str, float], unit: str) -> None:
    """Horizontal bars with their numbers."""
    _, axis = plt.subplots(figsize=(6.4, 0.4 * len(values) + 0.7), layout="constrained")
    drawn = axis.barh(list(values), list(values.values()), color=BLUE, height=0.6)
    axis.bar_label(drawn, [f" {value:.1f}" for value in values.values()], fontsize=10)
    axis.set(xlim=(0, 1.15 * max(values.values())))
    axis.invert_yaxis()
    axis.set_xlabel(unit, fontsize=10)
    axis.tick_params(labelsize=10)
    plt.show()
