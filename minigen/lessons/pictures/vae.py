"""Lesson 6: small VAEs, their training, the exact posterior of two latents on a grid, and the pictures of all that."""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib import pyplot
from matplotlib.figure import Figure

from ...autodiff import no_grad, tensor
from ...data import Loader, binarize
from ...distributions import kl_to_standard_normal
from ...models import VAE
from ...models.networks import dense_decoder, dense_encoder
from ...optim import Adam, cosine
from ...random import Generator
from ...report.plots import manifold_codes, mosaic
from .style import numerals

LOOKS = (("C3", "o", "-"), ("C1", "s", "--"), ("C0", "^", ":"))  # a colour, a marker and a line for each estimator


def dense_vae(
    shape: tuple[int, ...], latents: int, likelihood: str = "bernoulli", beta: float = 1.0, seed: int = 1
) -> VAE:
    """A VAE with one hidden layer of 200 units on each side."""
    rng = Generator(seed)
    encoder = dense_encoder(shape, 2 * latents, [200], rng, init="glorot_uniform")
    decoder = dense_decoder(latents, shape, [200], rng, init="glorot_uniform")
    return VAE(encoder, decoder, latents, likelihood, beta)


def fit(model: VAE, images: np.ndarray, steps: int, lr: float = 2e-3, seed: int = 0) -> VAE:
    """Adam on the model's loss; for a Bernoulli decoder each batch is drawn black and white anew."""
    rng = Generator(seed)
    adam = Adam(model.parameters(), lr=lr)
    epochs = itertools.repeat(Loader(images, batch_size=100, rng=rng))
    for batch in itertools.islice(itertools.chain.from_iterable(epochs), steps):
        x = binarize(batch, rng) if model.likelihood == "bernoulli" else batch
        loss = model.loss(tensor(x), rng)
        adam.zero_grad()
        loss.total.backward()
        adam.step()
    return model


def independent_pixels(train: np.ndarray, test: np.ndarray) -> float:
    """Nats for a test image if every pixel is white with its own frequency, whatever the others are."""
    p = train.mean(axis=0, dtype=np.float64).clip(1e-3, 1 - 1e-3)
    return float(-(test * np.log(p) + (1 - test) * np.log(1 - p)).sum() / len(test))


def decoded(model: VAE, codes: np.ndarray) -> np.ndarray:
    """The mean images of codes (N, latents)."""
    with no_grad():
        images: np.ndarray = model.from_codes(tensor(np.asarray(codes, np.float32))).numpy()
    return images


class Grid(NamedTuple):
    """A square part of the latent plane, cut into cells.

    points: (side^2, 2), the middles of the cells; the first latent runs fastest. cell: the area of one.
    edges: (left, right, bottom, top). side: the number of cells along an edge.
    """

    points: np.ndarray
    cell: float
    edges: tuple[float, float, float, float]
    side: int


def grid_around(low: np.ndarray, high: np.ndarray, side: int) -> Grid:
    """The cells of the smallest square that holds the rectangle from low to high."""
    middle, half = (low + high) / 2, (high - low).max() / 2
    ticks = (np.arange(side) + 0.5) / side * 2 - 1
    offsets = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2) * half
    edges = middle[0] - half, middle[0] + half, middle[1] - half, middle[1] + half
    return Grid(middle + offsets, (2 * half / side) ** 2, edges, side)


def log_likelihoods(model: VAE, codes: np.ndarray, x: np.ndarray) -> np.ndarray:
    """log p(x|z) of one image x under each code, (codes,)."""
    parts = []
    with no_grad():
        for part in np.array_split(codes.astype(np.float32), -(-len(codes) // 5000)):
            logits = model.decoder(tensor(part)).numpy().reshape(len(part), -1)
            parts.append(logits @ x.reshape(-1) - np.logaddexp(0, logits).sum(axis=1))
    return np.concatenate(parts).astype(np.float64)


def window(model: VAE, x: np.ndarray, mean: np.ndarray, std: np.ndarray, side: int = 100) -> Grid:
    """A grid that holds q = N(mean, std^2) to five deviations, and all but a millionth of the posterior of x."""
    low, high = mean - 5 * std, mean + 5 * std
    for reach, cells in ((6.0, 120), (0.0, side)):  # first everywhere, coarsely; then where there is something
        grid = grid_around(np.minimum(low, -reach) if reach else low, np.maximum(high, reach) if reach else high, cells)
        if reach:
            log_joint = log_likelihoods(model, grid.points, x) - 0.5 * (grid.points**2).sum(axis=1)
            there = grid.points[log_joint > log_joint.max() - 14]
            width = grid.cell**0.5
            low, high = np.minimum(low, there.min(axis=0) - width), np.maximum(high, there.max(axis=0) + width)
    return grid


def kl_of_latents(model: VAE, x: np.ndarray) -> np.ndarray:
    """The mean KL of each latent over examples, largest first."""
    with no_grad():
        return np.sort(kl_to_standard_normal(model.encode(tensor(x))).numpy().mean(axis=0))[::-1]


def linear_vae(variances: np.ndarray, noise_var: float, steps: int = 1500, seed: int = 1) -> VAE:
    """A VAE of one layer on each side, as many latents as numbers, and a decoder whose noise stays as given."""
    rng, size = Generator(seed), len(variances)
    model = VAE(dense_encoder((size,), 2 * size, [], rng), dense_decoder(size, (size,), [], rng), size, "gaussian")
    model.log_var.data[...] = np.log(noise_var)
    adam = Adam([p for p in model.parameters() if p is not model.log_var], lr=cosine(2e-2, steps))
    for _ in range(steps):
        loss = model.loss(tensor(gaussian_examples(variances, 256, rng)), rng)
        adam.zero_grad()
        loss.total.backward()
        adam.step()
    return model


def gaussian_examples(variances: np.ndarray, n: int, rng: Generator) -> np.ndarray:
    """Independent normal numbers of these variances, (n, numbers)."""
    return rng.normal((n, len(variances))) * np.sqrt(variances).astype(np.float32)


def opening(model: VAE, means: np.ndarray, labels: np.ndarray) -> Figure:
    """What the decoder makes of a grid of codes, and the means that the encoder gives to images."""
    figure, axes = pyplot.subplots(1, 2, figsize=(7.3, 3.9), layout="constrained")
    axes[0].imshow(mosaic(decoded(model, manifold_codes(14)), 14)[..., 0], cmap="gray")
    axes[0].set_title("decoded points of the plane", fontsize=10)
    axes[0].set_axis_off()
    numerals(axes[1], means[:500], labels[:500])
    axes[1].set(xlabel="first latent", ylabel="second latent", aspect="equal")
    axes[1].set_title("500 new digits, encoded", fontsize=10)
    return figure


class OnGrid(NamedTuple):
    """What a grid says about one image: the title of its picture, and log densities at the points of the grid."""

    title: str
    grid: Grid
    log_posterior: np.ndarray
    log_q: np.ndarray


def posteriors(found: Sequence[OnGrid]) -> Figure:
    """The true posterior of each image, and q as two ellipses."""
    figure, axes = pyplot.subplots(1, len(found), figsize=(7.3, 3.1), layout="constrained")
    for axis, one in zip(axes, found, strict=True):
        side = one.grid.side, one.grid.side
        axis.imshow(np.exp(one.log_posterior).reshape(side), origin="lower", extent=one.grid.edges, cmap="gray_r")
        axis.contour(
            (one.log_q - one.log_q.max()).reshape(side),
            levels=[-2, -0.5],
            extent=one.grid.edges,
            colors="C0",
            linestyles="-",
            linewidths=1.5,
        )
        axis.set_title(one.title, fontsize=9)
        axis.tick_params(labelsize=9)
    return figure


def scatter_of_estimators(
    dimensions: np.ndarray,
    derived: Sequence[np.ndarray],
    measured: np.ndarray,
    ratios: np.ndarray,
    names: Sequence[str],
) -> Figure:
    """Variances against the number of latents, and for digits (3, N), in units of the last estimator's."""
    figure, axes = pyplot.subplots(1, 2, figsize=(7.3, 3.5), layout="constrained")
    for name, line, points, ratio, (colour, marker, style) in zip(
        names, derived, measured.T, ratios, LOOKS, strict=True
    ):
        axes[0].loglog(dimensions, line, style, color=colour, label=name)
        axes[0].loglog(dimensions, points, marker, color=colour)
        axes[1].semilogy(np.arange(len(ratio)), ratio, marker, color=colour)
    axes[0].set(xlabel="latents D", ylabel="variance of one sample")
    axes[0].set_title("f = |z|$^2$: lines derived, marks measured", fontsize=10)
    axes[0].legend(fontsize=9)
    axes[1].set(xlabel="test digit", ylabel="in units of the reparameterised one")
    axes[1].set_title("variance of d E[log p(x|z)] / d mean", fontsize=10)
    return figure


def rows_of_images(rows: Sequence[np.ndarray], names: Sequence[str]) -> Figure:
    """Ten images of each source in a row, with its name."""
    figure, axis = pyplot.subplots(figsize=(7.3, 4.0), layout="constrained")
    axis.imshow(mosaic(np.concatenate([row[:10] for row in rows]).clip(0, 1), 10)[..., 0], cmap="gray")
    axis.set_yticks((np.arange(len(rows)) + 0.5) * (rows[0].shape[1] + 1), names)
    axis.set_xticks([])
    return figure


def collapse(
    variances: np.ndarray, wanted: np.ndarray, measured: np.ndarray, noise_var: float, digits: dict[str, np.ndarray]
) -> Figure:
    """The KL of each latent: of the linear model beside what is derived, and of models of digits, by their names."""
    figure, axes = pyplot.subplots(1, 2, figsize=(7.3, 3.3), layout="constrained")
    axes[0].bar(range(len(measured)), measured, color="0.7", label="measured")
    axes[0].plot(range(len(measured)), wanted, "k_", markersize=22, label="derived")
    axes[0].set(xlabel="variance of the number", ylabel="nats")
    axes[0].set_title(f"linear model, noise variance {noise_var}", fontsize=10)
    axes[0].set_xticks(range(len(measured)), variances)
    for (name, kl), style in zip(digits.items(), ("-", "--"), strict=True):
        axes[1].step(range(1, len(kl) + 1), kl, style, where="mid", label=name)
    axes[1].set(xlabel="latent, largest first", ylabel="nats")
    axes[1].set_title("models of digits, 20 latents", fontsize=10)
    for axis in axes:
        axis.legend(fontsize=9)
    return figure


def plane_to_move(model: VAE, means: np.ndarray, labels: np.ndarray) -> Callable[[float, float], Figure]:
    """For `move`: a code in the plane, among the codes of images, and what the decoder makes of it."""
    span = max(3.5, float(np.abs(means).max()))

    def draw(first: float, second: float) -> Figure:
        figure, axes = pyplot.subplots(1, 2, figsize=(7.3, 3.7), layout="constrained")
        numerals(axes[0], means[:250], labels[:250])
        axes[0].plot(first, second, "X", color="black", markersize=13, markeredgecolor="white")
        axes[0].set(xlabel="first latent", ylabel="second latent", xlim=(-span, span), ylim=(-span, span))
        axes[1].imshow(decoded(model, np.array([[first, second]]))[0, ..., 0], cmap="gray", vmin=0, vmax=1)
        axes[1].set_title(f"the decoder's image of ({first:.1f}, {second:.1f})", fontsize=10)
        axes[1].set_axis_off()
        return figure

    return draw


def noise_to_move(variances: np.ndarray) -> Callable[[float], Figure]:
    """For `move`: the nats that a linear VAE spends on each number, at a noise variance (times beta)."""

    def draw(noise: float) -> Figure:
        figure, axis = pyplot.subplots(figsize=(7.3, 2.8), layout="constrained")
        kl = 0.5 * np.log(np.maximum(variances / noise, 1))
        axis.bar(range(len(variances)), kl, color=np.where(kl > 0, "C0", "C3"))
        axis.set_xticks(range(len(variances)), variances)
        axis.set(xlabel="variance of the number", ylabel="nats", ylim=(0, 3))
        axis.set_title(f"{(kl > 0).sum()} of {len(variances)} latents are used at a noise variance of {noise:.2f}")
        return figure

    return draw
