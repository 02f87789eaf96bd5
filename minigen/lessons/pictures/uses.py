"""Lesson 13: its half-size digits, the training of its restorer, and its pictures."""

import dataclasses
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from minigen import nn, ops
from minigen.autodiff import no_grad, tensor
from minigen.data import Dataset
from minigen.data.damage import DAMAGES, add_noise
from minigen.distributions import gaussian_of
from minigen.metrics import mean_filter, psnr
from minigen.models import VAE, RestorationVAE, recipe_of
from minigen.models.networks import dense_decoder, dense_encoder
from minigen.models.vaes.vae import VAETrainer
from minigen.optim import Adam, cosine
from minigen.random import Generator
from minigen.report import Trained
from minigen.report.restorations import BASELINES
from minigen.train import Batches, steps

from .images import grid, named_rows

__all__ = ["BASELINES", "named_rows"]  # which the notebook takes from here

# ------------------------------------------------------------------------------------------ data, damage, training


def quick(data: Dataset) -> Dataset:
    """MNIST at half its size, 14x14 with a border of one pixel: a fourth of the work. Other digits as they are."""
    if data.shape[0] < 28:
        return data
    return dataclasses.replace(data, x=np.pad(ops.avg_pool2d(data.x, 2), ((0, 0), (1, 1), (1, 1), (0, 0))))


def amounts(shape: tuple[int, ...]) -> dict[str, float]:
    """How much of each damage: the noise's deviation, the hole's share of a side, the pixels to a side of a block."""
    return {"noise": 0.4, "hole": 0.5, "low resolution": 4 if shape[0] == 16 else 2}


def damaged(x: np.ndarray, kind: str, seed: int | Generator = 2, amount: float | None = None) -> np.ndarray:
    """Images x (N, H, W, 1) damaged, with a second channel that is 1 where a pixel is known: (N, H, W, 2)."""
    rng = seed if isinstance(seed, Generator) else Generator(seed)
    return np.concatenate(DAMAGES[kind](x, amount or amounts(x.shape[1:])[kind], rng), axis=3)


def train_restorer(train: Dataset, seed: int = 0) -> RestorationVAE:
    """One conditional VAE for all three damages; half of its batches have holes, the hardest of them.

    The KL comes in slowly: with all of it from the start the decoder would learn to ignore the code.
    """
    n = 1200 if train.shape[0] == 16 else 2000
    rng = Generator(seed)
    model = RestorationVAE(train.shape, latent_dim=16, width=12, rng=rng)
    optimizer = Adam(model.parameters(), lr=cosine(4e-3, n))
    batches = Batches(train.x, batch_size=32, rng=Generator(seed + 1))
    for step, (x,) in zip(range(n), batches, strict=False):
        y = damaged(x, ("hole", "noise", "hole", "low resolution")[step % 4], rng)
        loss = model.loss(tensor(x), tensor(y), rng, kl_weight=min(1.0, 2 * step / n))
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
    return model


def restored(model: RestorationVAE, y: np.ndarray, guesses: int, seed: int = 3) -> np.ndarray:
    """The mean of so many guesses of the model at the originals of y (N, H, W, 2): (N, H, W, 1)."""
    with no_grad():
        return np.clip(model.restore(tensor(y), Generator(seed), guesses).numpy(), 0, 1)


def own_scale(model: RestorationVAE, x: np.ndarray, y: np.ndarray) -> float:
    """The deviation of the Gaussian around each guess: the root mean square error of guesses whose code saw x."""
    with no_grad():
        outputs = model.encoder(tensor(np.concatenate([x, y], axis=3)))
        z = gaussian_of(outputs, model.latent_dim, "the encoder").sample(Generator(0))
        squares = (model.guess(tensor(y), z).numpy() - x) ** 2
    unknown = 1 - y[..., 1:]
    return float(np.sqrt((unknown * squares).sum() / unknown.sum()))


def train_vae(train: Dataset, seed: int = 0) -> Trained:
    """A small VAE of all training images, without any label, in 800 steps."""
    rng, shape = Generator(seed), train.shape
    vae = VAE(dense_encoder(shape, 32, [256], rng), dense_decoder(16, shape, [256], rng), 16)
    for _ in steps(VAETrainer(vae, 1e-3), Batches(train.x, batch_size=100, rng=Generator(seed + 1)), rng, 800):
        pass  # a step is taken each time that the next one is asked for
    return Trained(vae, recipe_of("vae").settings(train, latent_dim=16, width=256), shape)


def train_classifier(x: np.ndarray, y: np.ndarray, more: Callable[..., np.ndarray], rng: Generator) -> nn.Module:
    """A small classifier of x with labels y. With each batch it gets `more(batch, labels, rng)`, of the same labels."""
    n = 90
    network = dense_encoder(x.shape[1:], 10, [128], rng)
    optimizer = Adam(network.parameters(), lr=cosine(3e-3, n))
    for _ in range(n):
        rows = rng.host.integers(len(x), size=40)
        others = more(x[rows], y[rows], rng)
        batch, labels = np.concatenate([x[rows], others]), np.concatenate([y[rows], y[rows][: len(others)]])
        loss = nn.cross_entropy_loss(network(tensor(batch)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


def shifted(x: np.ndarray, most: int, rng: Generator) -> np.ndarray:
    """Images (N, H, W, 1), each moved by up to so many pixels down or up and right or left."""
    n, height, width, _ = x.shape
    padded = np.pad(x, ((0, 0), (most, most), (most, most), (0, 0)))
    down, right = rng.host.integers(2 * most + 1, size=(2, n, 1, 1))
    rows, columns = np.arange(height)[:, None] + down, np.arange(width) + right
    return padded[np.arange(n)[:, None, None], rows, columns]


# ---------------------------------------------------------------------------------------------------------- pictures


def opening(model: RestorationVAE, x: np.ndarray) -> None:
    """Originals x, what three kinds of damage leave of them, and what the model makes of that."""
    _, axes = plt.subplots(1, 3, figsize=(7.5, 1.8), layout="constrained", width_ratios=(1.02, 1, 1))
    names: list[str] | None = ["original", "damaged", "restored"]
    for axis, kind in zip(axes, DAMAGES, strict=True):
        y = damaged(x, kind)
        grid(axis, np.concatenate([x, y[..., :1], restored(model, y, 16)]), len(x), kind, names)
        names = None
    plt.show()


def candidates(original: np.ndarray, y: np.ndarray, images: np.ndarray, p: np.ndarray, side: int) -> None:
    """An original, what noise left of it, the five likeliest of the images (M, D) by their p (M,), and their mean."""
    likely = p.argsort()[::-1][:5]
    spread = (y - y.min()) / (y.max() - y.min())
    shown = [original, spread, *images[likely], p @ images]
    titles = ["x", "y", *[f"p = {value:.2f}" for value in p[likely]], "E[x|y]"]
    _, axes = plt.subplots(2, 4, figsize=(5, 2.9), layout="constrained")
    for axis, image, title in zip(axes.flat, shown, titles, strict=True):
        grid(axis, image.reshape(1, side, side, 1), 1, title)
    plt.show()


def averages(ks: list[int], errors: list[float], V: float, sharp: list[float], of: dict[str, float]) -> None:
    """The error and the sharpness of the mean of k draws; `of`: the sharpness of other pictures, by name."""
    _, axes = plt.subplots(1, 2, figsize=(7.5, 2.9), layout="constrained")
    axes[0].plot(ks, errors, "o", label="measured")
    axes[0].plot(ks, [V * (1 + 1 / k) for k in ks], "-", label="V (1 + 1/k)")
    axes[0].axhline(V, color="black", linestyle=":", label="E[x|y]: V")
    axes[0].set(title="mean square error", xscale="log", xlabel="draws averaged, k")
    axes[1].plot(ks, sharp, "o-", label="mean of k draws")
    for (name, value), style in zip(of.items(), ("--", ":"), strict=True):
        axes[1].axhline(value, color="black", linestyle=style, label=name)
    axes[1].set(title="sharpness", xscale="log", xlabel="draws averaged, k")
    for axis in axes:
        axis.set_xticks(ks, ks)
        axis.minorticks_off()
    axes[0].legend(fontsize=9)
    axes[1].legend(fontsize=9, loc="upper right", bbox_to_anchor=(1, 0.93))
    plt.show()


def bars(scores: dict[str, dict[str, float]]) -> None:
    """Decibels by the kind of damage and by method; what starts with 'model' is darker."""
    _, axes = plt.subplots(3, 1, figsize=(6, 5), layout="constrained", sharex=True)
    for axis, (kind, found) in zip(axes, scores.items(), strict=True):
        axis.barh(list(found), list(found.values()), color=["C0" if n.startswith("model") else "0.75" for n in found])
        for place, value in enumerate(found.values()):
            axis.text(value, place, f" {value:.1f}", va="center")
        axis.set(title=kind, xlim=(0, 20))
        axis.invert_yaxis()
    axes[-1].set_xlabel("PSNR (dB); more is better")
    plt.show()


def noise_and_guesses(model: RestorationVAE, x: np.ndarray) -> Callable[[float, int], Figure]:
    """A function (noise, guesses) -> picture: five images restored, and decibels over the noise for x (N, H, W, 1)."""
    levels, most = np.round(np.arange(0.1, 1.05, 0.1), 1), 16
    found: dict[str, list[np.ndarray]] = {"model": [], "3x3 mean": [], "noise left in": []}
    pictures = {}
    for noise in levels:
        y = np.concatenate(add_noise(x, float(noise), Generator(2)), axis=3)
        guesses = np.cumsum([restored(model, y, 1, seed) for seed in range(most)], axis=0)
        means = guesses / np.arange(1, most + 1)[:, None, None, None, None]  # (most, N, H, W, 1)
        pictures[noise] = y[:5, ..., :1], means[:, :5]
        everywhere = np.ones_like(x)
        found["model"].append(np.array([psnr(x, mean, everywhere) for mean in means]))
        left = np.clip(y[..., :1], 0, 1)
        found["3x3 mean"].append(np.full(most, psnr(x, np.clip(mean_filter(y[..., :1]), 0, 1), everywhere)))
        found["noise left in"].append(np.full(most, psnr(x, left, everywhere)))

    def draw(noise: float, guesses: int) -> Figure:
        at = int(abs(levels - noise).argmin())
        y, means = pictures[levels[at]]
        figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 3), layout="constrained")
        grid(left, np.concatenate([x[:5], y, means[guesses - 1]]), 5, rows=["original", "noisy", "restored"])
        for (name, values), style in zip(found.items(), ("o-", "s--", "^:"), strict=True):
            right.plot(levels, [value[guesses - 1] for value in values], style, markersize=4, label=name)
        right.axvline(levels[at], color="0.8", linewidth=6, zorder=0)
        right.axvline(amounts(x.shape[1:])["noise"], color="black", linewidth=0.8, label="noise in training")
        right.set(xlabel="noise", ylabel="PSNR (dB)", title=f"mean of {guesses} guess{'es' * (guesses > 1)}")
        right.set_ylim(0, 34)
        right.legend(fontsize=9, ncols=2, loc="upper right")
        return figure

    return draw


def gains(counts: tuple[int, ...], reached: dict[str, np.ndarray]) -> None:
    """Accuracies (choices, counts) by what was added: on the left as they are, on the right beside 'nothing'."""
    _, axes = plt.subplots(1, 2, figsize=(7.5, 3.4), layout="constrained")
    for place, (name, a) in enumerate(reached.items()):
        x = np.arange(len(counts)) + 0.16 * (place - 1.5)
        look = {"fmt": "os^D"[place], "color": f"C{place}", "capsize": 3, "markersize": 5}
        axes[0].errorbar(x, 100 * a.mean(axis=0), 100 * a.std(axis=0, ddof=1), label=name, **look)
        if name != "nothing":
            d = 100 * (a - reached["nothing"])
            axes[1].errorbar(x, d.mean(axis=0), 2 * d.std(axis=0, ddof=1) / np.sqrt(len(d)), **look)
            axes[1].plot(np.tile(x, (len(d), 1)), d, ".", color=f"C{place}", alpha=0.35, markersize=4, zorder=0)
    axes[1].axhline(0, color="black", linewidth=0.8)
    axes[0].set(title="test accuracy (%),\nbars: deviation over the choices", xlabel="labelled images")
    axes[1].set(title="gain over nothing added (points),\nbars: two standard errors", xlabel="labelled images")
    for axis in axes:
        axis.set_xticks(range(len(counts)), counts)
    axes[0].legend(fontsize=9, title="added", title_fontsize=9)
    plt.show()
