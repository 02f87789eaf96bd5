"""Lesson 20: the small digits as grey levels, the plainest models of them, a VAE of grey levels, and the pictures."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib import pyplot
from matplotlib.figure import Figure

from ...autodiff import Tensor, no_grad, tensor
from ...data.small_digits import all_digits
from ...models import VAE
from ...models.autoregressive.grids import log_softmax_at
from ...models.networks import dense_decoder, dense_encoder
from ...nn import Reshape, Sequential
from ...ops import erf
from ...optim import Adam
from ...random import Generator
from ...report.plots import mosaic

LEVELS, SHAPE, PIXELS = 17, (8, 8, 1), 64
COLOURS = {"exact": "C0", "bound": "C1", "density": "0.6"}
HATCHES = {"exact": "", "bound": "//", "density": ".."}


def split() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Levels 0 ... 16 of 1000 digits to train on, 350 to stop by and 447 to test, each (N, 64) integers."""
    levels = all_digits()[0].reshape(-1, PIXELS).astype(np.int64)
    return levels[:1000], levels[1000:1350], levels[1350:]


def images(levels: np.ndarray) -> np.ndarray:
    """Grey values in [0, 1]: (N, 64) -> (N, 8, 8, 1)."""
    return (levels / np.float32(LEVELS - 1)).astype(np.float32).reshape(-1, *SHAPE)


def shares(levels: np.ndarray, weights: np.ndarray | None = None, smoothing: float = 0.3) -> np.ndarray:
    """The share of each level at each pixel, (64, 17); so much of a count is added to each level.

    Args:
        weights: how much each image counts, (N,).
    """
    counted = np.ones(len(levels)) if weights is None else weights
    counts = np.stack([counted @ (levels == k) for k in range(LEVELS)], axis=1) + smoothing
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def log_p_of(table: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """log p of images (N, 64) whose pixels are independent with these shares (64, 17): (N,)."""
    return np.asarray(np.log(table)[np.arange(PIXELS), levels].sum(axis=1))


def mixture(train: np.ndarray, test: np.ndarray, parts: int = 10, rounds: int = 30, seed: int = 0) -> np.ndarray:
    """log p of test images under a mixture of tables, fitted by expectation and maximisation: (N,)."""
    taken = np.random.default_rng(seed).dirichlet(np.ones(parts), len(train))  # by each part of each image
    for _ in range(rounds):
        log_share = np.log(taken.mean(axis=0))
        tables = [shares(train, weights) for weights in taken.T]
        joint = log_share + np.stack([log_p_of(table, train) for table in tables], axis=1)
        taken = np.exp(joint - np.logaddexp.reduce(joint, axis=1)[:, None])
    joint = log_share + np.stack([log_p_of(table, test) for table in tables], axis=1)
    return np.asarray(np.logaddexp.reduce(joint, axis=1))


def log_density_of_peaks(v: np.ndarray, table: np.ndarray, width: float) -> np.ndarray:
    """log p(v) if each pixel is a mixture of 17 Gaussians, with these shares (64, 17), amid the cells k ... k + 1.

    Args:
        v: real numbers in grey levels, (N, 64). width: the deviation of each Gaussian, in grey levels.
    """
    z = (v[:, :, None] - np.arange(LEVELS) - 0.5) / width
    log_p = np.log(table) - 0.5 * z * z - np.log(width * np.sqrt(2 * np.pi))
    top = log_p.max(axis=2)
    return np.asarray((top + np.log(np.exp(log_p - top[:, :, None]).sum(axis=2))).sum(axis=1))


def mass_of_peaks(table: np.ndarray, width: float) -> np.ndarray:
    """What such a pixel has in each cell, (64, 17); the outermost cells get all that lies beyond them."""
    edges = np.arange(1, LEVELS)  # between two cells
    below = 0.5 + 0.5 * erf((edges - np.arange(LEVELS)[:, None] - 0.5) / (width * np.sqrt(2)))  # of each Gaussian
    of_cells = np.diff(below, axis=1, prepend=0, append=1)
    return np.asarray(table @ of_cells)


# --------------------------------------------------------------------------------------------------------- training


def fit(
    model: Any, train: np.ndarray, valid: np.ndarray, lr: float, patience: int = 8, most: int = 60, seed: int = 0
) -> Any:
    """Adam on `model.loss` in batches of 50, until the validation has not been better for so many epochs.

    Args:
        train, valid: images (N, 8, 8, 1).

    Returns:
        The model, with the weights of its best epoch.
    """
    rng, adam = Generator(seed), Adam(model.parameters(), lr=lr)
    best, state, since = np.inf, model.state_dict(), 0
    for _ in range(most):
        order = rng.permutation(len(train))
        for start in range(0, len(train), 50):
            adam.step(model.loss(tensor(train[order[start : start + 50]]), rng).total)
        with no_grad():
            now = model.loss(tensor(valid), Generator(1)).total.item()
        since += 1
        if now < best:
            best, state, since = now, model.state_dict(), 0
        if since == patience:
            break
    model.load_state_dict(state)
    return model


class GreyPixels(NamedTuple):
    """A categorical distribution of each pixel, from logits (N, 8, 8, 1, 17)."""

    logits: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """Of images."""
        return tuple(self.logits.shape[:-1])

    def log_likelihood(self, x: Tensor) -> Tensor:
        """log p of images in [0, 1]: (N, 8, 8, 1) -> (N,)."""
        return log_softmax_at(self.logits, np.rint(x.data * (LEVELS - 1)).astype(np.int64))


class GreyVAE(VAE):
    """A VAE whose decoder gives logits of 17 grey levels for each pixel."""

    def likelihood_of(self, h: Tensor) -> Any:
        """The categorical distribution of each pixel."""
        return GreyPixels(h)


def grey_vae(latents: int = 16, hidden: int = 200, seed: int = 0, kind: type[GreyVAE] = GreyVAE, **more: Any) -> Any:
    """A VAE of grey levels with one hidden layer on each side."""
    rng = Generator(seed)
    encoder = dense_encoder(SHAPE, 2 * latents, [hidden], rng, init="glorot_uniform")
    inner = dense_decoder(latents, (*SHAPE, LEVELS), [hidden], rng, init="glorot_uniform")
    model = kind(encoder, Sequential(*inner, Reshape(*SHAPE, LEVELS)), latents, **more)
    model.likelihood = "categorical"
    return model


# --------------------------------------------------------------------------------------------------------- pictures


def opening(test: np.ndarray, independent: np.ndarray, mixture: np.ndarray, density: np.ndarray) -> Figure:
    """Some of the digits, and bars of numbers of nats, each with what it is."""
    figure, axes = pyplot.subplots(1, 2, figsize=(7.3, 3.0), width_ratios=(1, 1.7), layout="constrained")
    axes[0].imshow(mosaic(images(test[:25]), 5)[..., 0], cmap="gray")
    axes[0].set_axis_off()
    axes[0].set_title("25 of the test digits", fontsize=10)
    nats = {
        "all levels alike": (PIXELS * float(np.log(LEVELS)), "exact"),
        "independent pixels": (float(independent.mean()), "exact"),
        "mixture of 10": (float(mixture.mean()), "exact"),
        "peaks on the levels": (float(density.mean()), "density"),
    }
    bars(axes[1], nats)
    return figure


def bars(axis: Any, nats: Mapping[str, tuple[float, str]], errors: Sequence[float] | None = None) -> None:
    """A bar for each number of nats, coloured and hatched by what it is."""
    names, said = list(nats)[::-1], set()
    for i, name in enumerate(names):
        value, kind = nats[name]
        label = None if kind in said else kind
        said.add(kind)
        error = None if errors is None else errors[len(names) - 1 - i]
        axis.barh(i, value, color=COLOURS[kind], hatch=HATCHES[kind], edgecolor="white", label=label, xerr=error)
        axis.text(max(value, 0) + 3, i, f"{value:.1f}", va="center", fontsize=9)
    axis.set_yticks(range(len(names)), names, fontsize=9)
    axis.set_xlabel("nats an image", fontsize=9)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.margins(x=0.15)
    axis.legend(fontsize=9)


def table(nats: Mapping[str, tuple[float, str]], errors: Sequence[float]) -> Figure:
    """The bars of all models."""
    figure, axis = pyplot.subplots(figsize=(7.3, 3.2), layout="constrained")
    bars(axis, nats, errors)
    return figure


def widths(width: np.ndarray, density: np.ndarray, mass: np.ndarray, bound: np.ndarray) -> Figure:
    """Nats of peaks on the levels against their width."""
    figure, axis = pyplot.subplots(figsize=(7.3, 3.2), layout="constrained")
    axis.semilogx(width, density, ":", color="0.4", label="minus log density")
    axis.semilogx(width, bound, "--", color="C1", label="bound by uniform noise")
    axis.semilogx(width, mass, "-", color="C0", label="minus log probability, exact")
    axis.set(xlabel="width of the peaks, in grey levels", ylabel="nats an image", ylim=(-120, 400))
    axis.axhline(0, color="black", linewidth=0.8)
    axis.legend(fontsize=9)
    return figure


def cell_to_move(noise: np.ndarray) -> Callable[[float, float], Figure]:
    """For `move`: a Gaussian density over the cell of one level; its mass, and what uniform noise makes of it.

    Args:
        noise: numbers in (0, 1), (S,).
    """
    x = np.linspace(4, 13, 400)

    def draw(mean: float, deviation: float) -> Figure:
        def log_density(v: np.ndarray) -> np.ndarray:
            return np.asarray(-0.5 * ((v - mean) / deviation) ** 2 - np.log(deviation * np.sqrt(2 * np.pi)))

        inside = np.linspace(8, 9, 201)
        mass = np.trapezoid(np.exp(log_density(inside)), inside)
        bound = log_density(8 + noise).mean()
        figure, axis = pyplot.subplots(figsize=(7.3, 2.9), layout="constrained")
        axis.plot(x, np.exp(log_density(x)), color="C0")
        axis.fill_between(inside, np.exp(log_density(inside)), color="C0", alpha=0.3)
        axis.hlines(np.exp(bound), 8, 9, color="C1", linestyle="--", label=f"$e^{{bound}}$: bound {bound:.2f} nats")
        axis.set_title(f"log of the shaded mass {np.log(max(mass, 1e-300)):.2f} nats, bound {bound:.2f}", fontsize=10)
        axis.set(xlabel="level 8 is the cell from 8 to 9", ylabel="density")
        axis.legend(fontsize=9)
        return figure

    return draw


def masks(first: np.ndarray, last: np.ndarray) -> Figure:
    """The masks of a MADE, and how many paths lead from each input to each output."""
    figure, axes = pyplot.subplots(1, 3, figsize=(7.3, 2.7), layout="constrained")
    shown = {"input to hidden": first, "hidden to output": last, "paths, input to output": (first @ last > 0)}
    for axis, (title, values) in zip(axes, shown.items(), strict=True):
        axis.imshow(values, cmap="gray_r", vmin=0, vmax=1, aspect="auto")
        axis.set_title(title, fontsize=10)
        axis.tick_params(labelsize=9)
        axis.set_xticks(range(0, values.shape[1], 5))
        axis.set_yticks(range(0, values.shape[0], 5))
    axes[0].set(xlabel="hidden unit", ylabel="input pixel")
    axes[1].set(xlabel="output pixel", ylabel="hidden unit")
    axes[2].set(xlabel="output pixel", ylabel="input pixel")
    return figure


def drawn(rows: Mapping[str, np.ndarray]) -> Figure:
    """Ten images (N, 8, 8, 1) of each source in a row, with its name."""
    figure, axis = pyplot.subplots(figsize=(7.3, 0.8 * len(rows) + 0.3), layout="constrained")
    axis.imshow(mosaic(np.concatenate([row[:10] for row in rows.values()]), 10)[..., 0], cmap="gray")
    axis.set_yticks((np.arange(len(rows)) + 0.5) * 9, list(rows), fontsize=9)
    axis.set_xticks([])
    return figure


def codes(counts: Sequence[int], nats: Sequence[float], exact: Mapping[str, float]) -> Figure:
    """The bound of a VAE against the number of codes, beside exact numbers of other models."""
    figure, axis = pyplot.subplots(figsize=(7.3, 3.0), layout="constrained")
    axis.semilogx(counts, nats, "o--", color="C1", label="the VAE's bound")
    for (name, value), style in zip(exact.items(), ("-", ":"), strict=False):
        axis.axhline(value, color="C0", linestyle=style, label=f"{name}, exact")
    axis.set(xlabel="codes an image", ylabel="nats an image")
    axis.legend(fontsize=9)
    return figure


def differences(first: np.ndarray, second: np.ndarray, names: tuple[str, str]) -> Figure:
    """Each test image's nats under two models, and the differences."""
    figure, axes = pyplot.subplots(1, 2, figsize=(7.3, 3.0), layout="constrained")
    axes[0].plot(first, second, ".", markersize=3)
    ends = [min(first.min(), second.min()), max(first.max(), second.max())]
    axes[0].plot(ends, ends, "k-", linewidth=0.8)
    axes[0].set(xlabel=f"{names[0]}, nats", ylabel=f"{names[1]}, nats")
    axes[1].hist(first - second, bins=40, color="0.6")
    axes[1].axvline(0, color="black", linewidth=0.8)
    axes[1].set(xlabel=f"{names[0]} - {names[1]}, nats", ylabel="test images")
    return figure
