"""Lesson 5: autoencoders, their training, a judge of their samples, and the pictures of both."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...autodiff import Tensor, no_grad
from ...data import Loader
from ...models.networks import dense_decoder, dense_encoder
from ...nn import Dense, Flatten, Module, ReLU, Reshape, Sequential, Sigmoid, cross_entropy_loss, sum_features
from ...ops import mean
from ...optim import Adam, cosine
from ...random import Generator
from ...report.latent import lerp
from ...report.plots import mosaic
from .style import numerals

Pair = tuple[Module, Module]


def autoencoder(shape: tuple[int, ...], codes: int, seed: int = 0) -> Pair:
    """An encoder (N, H, W, 1) to (N, codes), and a decoder back, with pixels in [0, 1]."""
    rng = Generator(seed)
    encoder = dense_encoder(shape, codes, [256, 64], rng)
    decoder = dense_decoder(codes, shape, [64, 256], rng)
    return encoder, Sequential(*decoder, Sigmoid())


def linear(shape: tuple[int, ...], codes: int, seed: int = 0) -> Pair:
    """A matrix and a bias on each side, without activations."""
    rng, size = Generator(seed), int(np.prod(shape))
    encoder = Sequential(Flatten(), Dense(size, codes, rng=rng))
    return encoder, Sequential(Dense(codes, size, rng=rng), Reshape(*shape))


def squared_error(y: Tensor, target: Tensor) -> Tensor:
    """Summed over the pixels, averaged over the images."""
    return mean(sum_features((y - target) * (y - target)))


def fit(pair: Pair, x: np.ndarray, steps: int = 1000, lr: float = 3e-3) -> Pair:
    """Train the encoder and the decoder by Adam on the error of what comes out."""
    encoder, decoder = pair
    optimizer = Adam([*encoder.parameters(), *decoder.parameters()], cosine(lr, steps))
    loader = Loader(x, batch_size=100, rng=Generator(1))
    while optimizer.t < steps:
        for batch in loader:
            optimizer.zero_grad()
            squared_error(decoder(encoder(batch)), batch).backward()
            optimizer.step()
    return pair


def apply(network: Module, a: np.ndarray) -> np.ndarray:
    """The output for an array, as an array; nothing is recorded."""
    with no_grad():
        output: np.ndarray = network(np.asarray(a, np.float32)).numpy()
    return output


def chimeras(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """No digits: each is the left half, or the upper half, of one image beside the rest of another, or their mean."""
    others = images[rng.permutation(len(images))]
    height, width = images.shape[1:3]
    left, upper = np.zeros((2, height, width, 1), bool)
    left[:, : width // 2], upper[: height // 2] = True, True
    kind = rng.integers(3, size=(len(images), 1, 1, 1))
    halves = np.where(np.where(kind == 0, left, upper), images, others)
    return np.where(kind == 2, (images + others) / 2, halves).astype(np.float32)


def train_judge(x: np.ndarray, labels: np.ndarray, steps: int = 1000) -> Callable[[np.ndarray], np.ndarray]:
    """A classifier with eleven answers, the ten digits and 'no digit'; returns what gives the answers to images."""
    rng, draws = Generator(2), np.random.default_rng(0)
    judge = Sequential(Flatten(), Dense(x[0].size, 128, init="he_uniform", rng=rng), ReLU(), Dense(128, 11, rng=rng))
    optimizer = Adam(judge.parameters(), cosine(3e-3, steps))
    loader = Loader(x, labels, batch_size=100, rng=Generator(1))
    while optimizer.t < steps:
        for batch, answers in loader:
            optimizer.zero_grad()
            both = np.concatenate([batch, chimeras(batch, draws)])
            cross_entropy_loss(judge(both), np.concatenate([answers, np.full(len(batch), 10)])).backward()
            optimizer.step()
    return lambda images: apply(judge, images).argmax(axis=1)


def angles(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The angles in degrees between the spaces that are spanned by the rows of a and of b, smallest first."""
    cosines = np.linalg.svd(np.linalg.qr(a.T)[0].T @ np.linalg.qr(b.T)[0])[1]
    return np.asarray(np.degrees(np.arccos(cosines.clip(-1, 1))))


def show(axis: Axes, images: np.ndarray, columns: int, title: str) -> None:
    """Images (N, H, W, 1) in rows."""
    axis.imshow(mosaic(images, columns).squeeze(-1), cmap="gray", vmin=0, vmax=1)
    axis.set_title(title, fontsize=10)
    axis.set_axis_off()


def opening(codes: np.ndarray, labels: np.ndarray, images: np.ndarray, again: np.ndarray) -> Figure:
    """Codes (N, 2) as a plane of numerals, and images with their reconstructions below them."""
    figure, axes = pyplot.subplots(1, 2, figsize=(7.3, 3.8), layout="constrained")
    numerals(axes[0], codes[:500], labels[:500])
    axes[0].set(xlabel="first number", ylabel="second number")
    axes[0].set_title("500 new digits as points", fontsize=10)
    rows = [row for i in (0, 6, 12) for row in (images[i : i + 6], again[i : i + 6])]
    show(axes[1], np.concatenate(rows), 6, "new digits; below each, what came out")
    return figure


def rows_and_axes(matrices: Sequence[np.ndarray], vectors: np.ndarray, shape: tuple[int, ...]) -> Figure:
    """The two rows of each decoder's matrix as pictures, and the two principal axes (the rows of vectors)."""
    names = [(f"start {i}: row 1", f"start {i}: row 2") for i, _ in enumerate(matrices, 1)] + [("axis 1", "axis 2")]
    pairs = [*matrices, vectors]
    figure, axes = pyplot.subplots(2, len(pairs), figsize=(1.75 * len(pairs), 3.8), layout="constrained")
    for column, pair, titles in zip(axes.T, pairs, names, strict=True):
        for axis, row, title in zip(column, pair, titles, strict=True):
            most = abs(row).max()
            axis.imshow(row.reshape(shape[:2]), cmap="coolwarm", vmin=-most, vmax=most)
            axis.set_title(title, fontsize=10)
            axis.set_axis_off()
    return figure


def planes(flat: np.ndarray, bent: np.ndarray, labels: np.ndarray, decoder: Module, titles: Sequence[str]) -> Figure:
    """Two clouds of codes (N, 2), and what the decoder makes of a grid over the second."""
    figure = pyplot.figure(figsize=(7.3, 8.2), layout="constrained")
    axes = figure.subplot_mosaic([["flat", "bent"], ["map", "map"]], height_ratios=(1, 1.25))
    for name, codes, title in zip(("flat", "bent"), (flat, bent), titles, strict=False):
        numerals(axes[name], codes[:500], labels[:500])
        axes[name].set_title(title, fontsize=10)
    low, high = np.percentile(bent, 1, axis=0), np.percentile(bent, 99, axis=0)
    axes["bent"].add_patch(pyplot.Rectangle((low[0], low[1]), *(high - low), fill=False, linewidth=1.5))
    sides = np.linspace(low[0], high[0], 16), np.linspace(high[1], low[1], 16)
    grid = np.stack(np.meshgrid(*sides), axis=-1).reshape(-1, 2)
    show(axes["map"], apply(decoder, grid), 16, "the map: what the decoder makes of the points of the rectangle")
    return figure


def sources(made: Mapping[str, np.ndarray]) -> Figure:
    """Images from several sources, named, side by side."""
    figure, axes = pyplot.subplots(1, len(made), figsize=(7.3, 2.9), layout="constrained")
    for axis, (title, images) in zip(axes, made.items(), strict=True):
        show(axis, images[:36], 6, title)
    return figure


def error_and_shares(sizes: Sequence[int], errors: np.ndarray, shares: np.ndarray, real: float, no: float) -> Figure:
    """Errors (d, 2) of autoencoder and PCA; shares (d, 2) of reconstructions and samples, and two baselines."""
    figure, axes = pyplot.subplots(1, 2, figsize=(7.3, 3.3), layout="constrained")
    places = [str(d) for d in sizes]
    for axis, lines, names in (
        (axes[0], errors, ("autoencoder", "PCA")),
        (axes[1], shares, ("reconstructions", "samples")),
    ):
        for line, name, look in zip(np.transpose(lines), names, ("o-", "s--"), strict=True):
            axis.plot(places, line, look, label=name)
        axis.set_xlabel("numbers in a code, d")
    axes[0].set(ylabel="squared error on new digits", ylim=(0, None))
    axes[1].axhline(real, color="black", linestyle=":", label="real digits")
    axes[1].axhline(no, color="gray", linestyle="-.", label="mixtures of two digits")
    axes[1].set(ylabel="share taken for digits", ylim=(0, 1))
    axes[0].legend(fontsize=9)
    axes[1].legend(fontsize=9, loc=(0.03, 0.13))
    return figure


def bottleneck(
    models: Mapping[int, Pair], images: np.ndarray, draw_codes: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> Callable[[int], Figure]:
    """For `move`: new digits, what comes out at d numbers, and samples. draw_codes makes codes from codes and noise."""
    noise = np.random.default_rng(3).standard_normal((20, max(models)))
    rows = {}
    for d, (encoder, decoder) in models.items():
        codes = apply(encoder, images)
        samples = apply(decoder, draw_codes(codes, noise[:, :d]))
        rows[d] = apply(decoder, codes[:20]), samples

    def draw(d: int) -> Figure:
        figure, axes = pyplot.subplots(3, 1, figsize=(7.3, 4.2), layout="constrained")
        again, samples = rows[d]
        error = ((again - images[:20]) ** 2).sum(axis=(1, 2, 3)).mean()
        show(axes[0], images[:20], 10, "new digits")
        show(axes[1], again, 10, f"through {d} numbers: squared error {error:.1f} on these twenty")
        show(axes[2], samples, 10, f"samples: {d} numbers from the fitted normal distribution")
        return figure

    return draw


def walk(models: Mapping[int, Pair], images: np.ndarray) -> Callable[[int, int, int], Figure]:
    """For `move`: the straight way from the code of one image to that of another, and beyond both ends."""
    codes = {d: apply(encoder, images) for d, (encoder, _) in models.items()}
    times = np.linspace(-0.5, 1.5, 17)

    def draw(d: int, first: int, second: int) -> Figure:
        path = np.array([lerp(codes[d][first], codes[d][second], t) for t in times])
        figure, axis = pyplot.subplots(figsize=(7.3, 1.1), layout="constrained")
        show(axis, apply(models[d][1], path), len(path), "t = -0.5 ... 0 (the first) ... 1 (the second) ... 1.5")
        return figure

    return draw
