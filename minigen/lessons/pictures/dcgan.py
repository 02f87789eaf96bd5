"""What lesson 10 trains and draws: a small DCGAN, its images, what batch norm does to them, and its curves."""

from collections.abc import Callable, Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ... import nn
from ...autodiff import Tensor, no_grad
from ...metrics import floor, frechet
from ...models import GAN
from ...models.gans.gan import GANTrainer
from ...models.gans.networks import dcgan_discriminator, dcgan_generator
from ...optim import constant
from ...random import Generator
from ...report.plots import mosaic
from ...train import steps


def new_gan(images: np.ndarray, kind: type[GAN] = GAN, width: int = 16, seed: int = 0) -> tuple[GAN, Generator]:
    """A small DCGAN for images (N, H, W, 1) in [-1, 1], and the random generator to train it with."""
    rng = Generator(seed)
    generator = nn.Sequential(*dcgan_generator(32, images.shape[1:], width, rng), nn.Tanh())
    return kind(generator, dcgan_discriminator(images.shape[1:], width, rng), latent_dim=32), rng


def look(gan: GAN, codes: Tensor) -> np.ndarray:
    """G's images of codes, in eval mode."""
    gan.eval()
    with no_grad():
        images = gan.from_codes(codes).numpy()
    gan.train()
    return images


def train(
    gan: GAN, images: np.ndarray, rng: Generator, n: int, moments: Iterable[int] = ()
) -> tuple[dict[int, np.ndarray], np.ndarray]:
    """Train for n steps; returns G's images of 500 fixed codes at the moments, and five metrics of every step."""
    trainer = GANTrainer(gan, constant(1e-3), generator_speed=2.0)
    batches = (images[rng.host.integers(len(images), size=64)] for _ in range(n))
    codes, log = gan.noise(500, Generator(1)), []
    seen = {0: look(gan, codes)}
    for step, metrics in steps(trainer, batches, rng, n):
        log.append([metrics[k].item() for k in ("d_loss", "g_loss", "real_accuracy", "fake_accuracy", "spread")])
        if step in moments:
            seen[step] = look(gan, codes)
    return seen, np.array(log).T


def show(rows: Sequence[np.ndarray], labels: Sequence[str]) -> None:
    """Rows of images (N, H, W, 1) in [-1, 1]."""
    canvas = mosaic(np.concatenate(rows) / 2 + 0.5, len(rows[0]))[..., 0]
    _, axis = plt.subplots(figsize=(7.4, 6.9 * canvas.shape[0] / canvas.shape[1]), layout="constrained")
    axis.imshow(canvas, cmap="gray", vmin=0, vmax=1)
    axis.set_yticks((np.arange(len(rows)) + 0.5) * (canvas.shape[0] + 1) / len(rows), labels, fontsize=10)
    axis.set_xticks([])
    plt.show()


def gradients(groups: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]) -> None:
    """For each upstream gradient: the rule in full and that with constant statistics as bars, and what was measured."""
    _, axes = plt.subplots(1, len(groups), figsize=(7.5, 2.8), layout="constrained", sharey=True)
    for axis, (title, (full, constants, measured)) in zip(axes, groups.items(), strict=True):
        axis.bar(np.arange(len(full)) - 0.2, full, 0.4, label="the rule in full")
        axis.bar(np.arange(len(full)) + 0.2, constants, 0.4, hatch="//", label="constants")
        axis.plot(np.arange(len(full)), measured, "k_", markersize=20, label="measured")
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("j")
    axes[0].set_ylabel("dL / dx_j")
    axes[-1].legend(fontsize=9)
    plt.show()


def paths(games: dict[str, np.ndarray]) -> None:
    """w, b and the loss by step, for each way to take the gradient: arrays (steps, 3)."""
    _, axes = plt.subplots(1, 3, figsize=(7.5, 2.5), layout="constrained")
    for (name, path), width in zip(games.items(), (4, 1.5), strict=True):
        for axis, values, title in zip(axes, path.T, ("w", "b", "loss"), strict=True):
            axis.plot(values, "-" if width > 2 else "--", label=name, linewidth=width)
            axis.set_title(title, fontsize=10)
            axis.set_xlabel("step")
    axes[2].set_ylim(0, 2 * next(iter(games.values()))[0, 2])
    axes[0].legend(fontsize=9)
    plt.show()


def company(pictures: Sequence[np.ndarray], labels: Sequence[str]) -> None:
    """One image in different company; below, how each differs from the first."""
    figure, axes = plt.subplots(2, len(pictures), figsize=(7.5, 3.0), layout="constrained")
    for column, picture, label in zip(axes.T, pictures, labels, strict=True):
        change = (picture - pictures[0])[..., 0]
        column[0].imshow(picture[..., 0], cmap="gray", vmin=-1, vmax=1)
        image = column[1].imshow(change, cmap="coolwarm", vmin=-0.3, vmax=0.3)
        column[0].set_title(label, fontsize=9)
        column[1].set_title(f"|.| {abs(change).mean():.3f}", fontsize=9)
        for axis in column:
            axis.set_axis_off()
    figure.colorbar(image, ax=axes[1].tolist(), label="change")
    plt.show()


def shrunk(images: np.ndarray) -> np.ndarray:
    """Means of blocks of pixels: (N, 49) of MNIST, (N, 16) of the small digits."""
    n, side = images.shape[:2]
    k = 4 if side > 8 else 2
    return images.reshape(n, side // k, k, side // k, k).mean(axis=(2, 4)).reshape(n, -1)


def distances(seen: dict[int, np.ndarray], real: np.ndarray) -> tuple[list[float], float]:
    """The Fréchet distance of 500 fakes from the first 500 real images, by moment; and that of real from real."""
    return [frechet(shrunk(images), shrunk(real[:500])) for images in seen.values()], floor(
        shrunk(real[:1000]), Generator(0)
    )


def curves(log: np.ndarray, moments: Sequence[int], distance: Sequence[float], least: float) -> None:
    """The losses, D's shares and the spread, by step; and the distance at the moments."""
    _, axes = plt.subplots(1, 3, figsize=(7.5, 3.2), layout="constrained")
    styles = (("D's loss", 0, "-"), ("G's loss", 0, "--"), ("real told right", 1, "-"), ("fakes told right", 1, "--"))
    for row, (label, place, line) in enumerate((*styles, ("spread", 1, ":"))):
        axes[place].plot(np.convolve(log[row], np.ones(10) / 10, "valid"), line, label=label)
    axes[0].axhline(2 * np.log(2), color="0.3", linewidth=0.8)
    axes[0].text(0, 2 * np.log(2), "2 log 2", fontsize=9, va="bottom")
    axes[2].semilogy(moments, distance, "o-", markersize=4, label="fakes")
    axes[2].axhline(least, color="0.3", linestyle="--", label="real images")
    for axis, title in zip(axes, ("losses", "shares", "Fréchet distance"), strict=True):
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("step")
        axis.legend(fontsize=9)
    plt.show()


def rank_correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Spearman's: the correlation of the ranks, 1 if both rise together, -1 if one falls as the other rises."""
    first, second = (np.argsort(np.argsort(values)) for values in (a, b))
    return float(np.corrcoef(first, second)[0, 1])


def between(gan: GAN, seed: int = 4) -> Callable[..., Figure]:
    """For `move`: images on the straight line between two codes, and beyond, for five pairs of codes."""
    ends = gan.noise(10, Generator(seed)).numpy()

    def draw(t: float) -> Figure:
        images = look(gan, Tensor(((1 - t) * ends[:5] + t * ends[5:]).astype(np.float32)))
        figure, axes = plt.subplots(1, 5, figsize=(7.5, 1.7), layout="constrained")
        for axis, image in zip(axes, images, strict=True):
            axis.imshow(image[..., 0], cmap="gray", vmin=-1, vmax=1)
            axis.set_axis_off()
        return figure

    return draw
