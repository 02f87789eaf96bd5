"""What lesson 12 trains and draws: a conditional VAE to move, the VAE-GAN's scheme, tables of styles, rings."""

from collections.abc import Callable, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...autodiff import Tensor
from ...data import Dataset
from ...models import VAE, ConditionalVAE, StyleGAN
from ...models.networks import dense_decoder, dense_encoder
from ...models.vaes.vae import VAETrainer
from ...random import Generator
from ...report.plots import mosaic
from ...train import steps
from . import style

# -------------------------------------------------------------------------------------------------------- training


def train(trainer: Any, *arrays: np.ndarray, n: int = 800, batch: int = 64, seed: int = 0) -> list[dict[str, Any]]:
    """n steps on random batches of examples, and of their labels if they are given; the metrics of every step."""
    rng = Generator(seed)
    chosen = (rng.host.integers(len(arrays[0]), size=batch) for _ in range(n))
    batches = (tuple(array[rows] for array in arrays) for rows in chosen)
    return [metrics for _, metrics in steps(trainer, batches, rng, n)]


def conditional_vae(digits: Dataset, latents: int = 3, n: int = 1000) -> ConditionalVAE:
    """A dense VAE that is told the class: encoder and decoder get ten more inputs."""
    rng = Generator(0)
    size = int(np.prod(digits.shape))
    encoder = dense_encoder((size + 10,), 2 * latents, [256], rng)
    model = ConditionalVAE(encoder, dense_decoder(latents + 10, digits.shape, [256], rng), latents, 10)
    train(VAETrainer(model, 2e-3), digits.x.astype(np.float32), np.asarray(digits.y), n=n, batch=100)
    return model


def pixel_vae(images: np.ndarray, latents: int, n: int) -> VAE:
    """A dense VAE of images (N, H, W, C) in [0, 1], which compares them pixel by pixel."""
    rng = Generator(0)
    shape = images.shape[1:]
    model = VAE(dense_encoder(shape, 2 * latents, [256], rng), dense_decoder(latents, shape, [256], rng), latents)
    train(VAETrainer(model, 2e-3), images, n=n)
    return model


def halved(images: np.ndarray) -> np.ndarray:
    """28x28 images in [-1, 1] at 16x16: a border of 2, then the mean of 2x2 pixels. 8x8 images stay as they are."""
    if images.shape[1] != 28:
        return images
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), constant_values=-1)
    return np.asarray(padded.reshape(-1, 16, 2, 16, 2, 1).mean(axis=(2, 4)))


# -------------------------------------------------------------------------------------------------------- pictures


def show(images: np.ndarray, columns: int, titles: Sequence[str] = (), low: float = 0.0) -> Figure:
    """Images (N, H, W, 1) from `low` to 1 in rows of `columns`, with a title at the left of each row."""
    rows = -(-len(images) // columns)
    figure, axis = plt.subplots(figsize=(7.5, 7.5 / columns * rows * (0.85 if titles else 1)), layout="constrained")
    _grid(axis, images, columns, low)
    if titles:
        height = images.shape[1] + 1
        axis.set_axis_on()
        axis.set(xticks=[], frame_on=False)
        axis.set_yticks([height * (row + 0.5) for row in range(rows)], titles, fontsize=10)
        axis.tick_params(length=0)
    return figure


def _grid(axis: Axes, images: np.ndarray, columns: int, low: float) -> None:
    axis.imshow(mosaic(images, columns)[..., 0], cmap="gray", vmin=low, vmax=1)
    axis.set_axis_off()


def traversal(cvae: ConditionalVAE) -> Callable[..., Figure]:
    """For `move`: the ten classes at z = 0, and at the z that is chosen."""
    classes = np.eye(10, dtype=np.float32)

    def draw(**z: float) -> Figure:
        chosen = np.repeat(np.array([list(z.values())], np.float32), 10, axis=0)
        codes = np.concatenate([np.concatenate([here, classes], axis=1) for here in (0 * chosen, chosen)])
        return show(cvae.from_codes(Tensor(codes)).numpy(), 10, ("z = 0", "your z"))

    return draw


def bounds(powers: np.ndarray, values: Sequence[float], information: float) -> None:
    """The bound with Q = P^t, and what it bounds."""
    _, axis = plt.subplots(figsize=(5.5, 2.8), layout="constrained")
    axis.plot(powers, values, label="the bound with Q = P^t")
    axis.axhline(information, color="black", linestyle="--", label="I(c; x)")
    axis.axhline(0, color="0.7", linewidth=0.8)
    axis.set(xlabel="t", ylabel="nats", ylim=(-1.0, 0.7))
    axis.legend(loc="lower left")
    plt.show()


def ring_of(axis: Axes, points: np.ndarray, categories: np.ndarray, centres: np.ndarray, title: str) -> None:
    """Points, each printed as the numeral of its category, and the clusters' centres; large ones beside clusters."""
    axis.plot(*centres.T, "k+", markersize=12, zorder=0)
    style.numerals(axis, points, categories)
    for category in np.unique(categories):
        mine = points[categories == category]
        if mine.std(axis=0).max() < 0.2:  # a cluster so dense that its numerals cover each other
            x, y = 1.25 * mine.mean(axis=0)
            axis.text(x, y, str(category), fontsize=12, ha="center", va="center")
    axis.set_title(title, fontsize=11)
    axis.set(aspect="equal", xlim=(-1.5, 1.5), ylim=(-1.5, 1.5))


def categories_on_ring(information: Sequence[float], points: np.ndarray, centres: np.ndarray, count: int = 8) -> None:
    """InfoGAN's bound over the steps; fakes by their category."""
    _, axes = plt.subplots(1, 2, figsize=(7.5, 3.4), layout="constrained")
    axes[0].plot(information, linewidth=0.8)
    axes[0].axhline(np.log(count), color="black", linestyle="--", label=f"log {count}")
    axes[0].set_title("the bound on I(c; x), in nats", fontsize=11)
    axes[0].set(xlabel="step", ylim=(0, 2.3))
    axes[0].legend(loc="lower right")
    ring_of(axes[1], points, np.arange(len(points)) % count, centres, "fakes, by their category")
    plt.show()


def vaegan_scheme() -> None:
    """The three networks of the VAE-GAN, and what each learns from. Places are in inches."""
    figure, axis = plt.subplots(figsize=(7.5, 3.7))
    figure.subplots_adjust(0, 0, 1, 1)
    blue, green, orange = "#1f5f9f", "#20702a", "#a03c00"
    for x, y, text, colour in (
        (0.5, 2.5, "real x", "white"),
        (1.6, 2.5, "encoder", "#cfe3f7"),
        (2.9, 2.5, "z ~ q(z|x)", "white"),
        (2.9, 1.1, "z_p ~ N(0, 1)", "white"),
        (4.25, 1.8, "decoder =\ngenerator", "#d5f0d0"),
        (5.35, 2.5, "x~: again", "white"),
        (5.35, 1.1, "x_p: new", "white"),
        (6.6, 1.8, "discriminator", "#f9dccb"),
    ):
        box = {"boxstyle": "round,pad=0.4", "facecolor": colour, "edgecolor": "0.3"}
        axis.text(x, y, text, ha="center", va="center", fontsize=10, bbox=box, zorder=3)
    for a, b in (
        ((0.8, 2.5), (1.2, 2.5)),
        ((2.0, 2.5), (2.4, 2.5)),
        ((3.2, 2.3), (3.75, 2.02)),
        ((3.2, 1.3), (3.75, 1.58)),
        ((4.7, 2.02), (5.1, 2.3)),
        ((4.7, 1.58), (5.1, 1.3)),
        ((5.65, 2.3), (6.15, 2.0)),
        ((5.65, 1.3), (6.15, 1.6)),
        ((6.6, 3.2), (6.6, 2.05)),
    ):
        axis.annotate("", b, a, arrowprops={"arrowstyle": "->", "color": "0.3", "linewidth": 1.4})
    axis.plot([0.5, 0.5, 6.6], [2.7, 3.2, 3.2], color="0.3", linewidth=1.4)
    for x, y, text, colour in (
        (2.9, 2.9, "L_prior: KL(q || N(0, 1))", blue),
        (5.0, 3.4, "L_like: the features of x and of x~", green),
        (1.6, 1.9, "learns from\nL_prior + L_like", blue),
        (4.25, 0.5, "learns from gamma L_like - L_GAN", green),
        (6.6, 1.2, "L_GAN: real\nor not?", orange),
        (6.6, 0.6, "learns from -L_GAN", orange),
    ):
        axis.text(x, y, text, color=colour, ha="center", va="center", fontsize=10)
    axis.set(xlim=(0, 7.5), ylim=(0.2, 3.7))
    axis.set_axis_off()
    plt.show()


def style_table(model: StyleGAN, coarse: np.ndarray, fine: np.ndarray, change: int) -> tuple[np.ndarray, float]:
    """Rows of `coarse`, columns of `fine`, and what they give together.

    Returns:
        The table's images; and the share of the mixed ones that are nearer to their row's image than to their column's.
    """
    left, top = (model.generator(z).numpy() for z in (coarse, fine))
    rows, columns = np.repeat(coarse, len(fine), axis=0), np.tile(fine, (len(coarse), 1))
    mixed = model.mix(Tensor(rows), Tensor(columns), change).numpy()
    images = [np.ones_like(top[:1]), top]
    for i, first in enumerate(left):
        images += [first[None], mixed[i * len(fine) : (i + 1) * len(fine)]]
    to_left = ((mixed - np.repeat(left, len(fine), axis=0)) ** 2).mean(axis=(1, 2, 3))
    to_top = ((mixed - np.tile(top, (len(coarse), 1, 1, 1))) ** 2).mean(axis=(1, 2, 3))
    return np.concatenate(images), float((to_left < to_top).mean())


def style_tables(tables: dict[str, np.ndarray], columns: int) -> None:
    """Tables of styles beside each other."""
    _, axes = plt.subplots(1, len(tables), figsize=(7.5, 3.0), layout="constrained")
    for axis, (title, images) in zip(axes, tables.items(), strict=True):
        _grid(axis, images, columns, -1)
        axis.set_title(title, fontsize=10)
    plt.show()


def truncation(images: dict[float, np.ndarray]) -> Callable[..., Figure]:
    """For `move`: the images of the psi that is chosen, out of those that were made."""

    def draw(psi: float) -> Figure:
        nearest = min(images, key=lambda made: abs(made - psi))
        return show(images[nearest], 12, (f"psi = {nearest:.1f}", ""), low=-1)

    return draw
