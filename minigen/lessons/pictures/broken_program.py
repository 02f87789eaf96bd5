"""Lesson 15: the broken program, what trains and asks it, and the pictures.

The program is ours. Its faults are of kinds that are found in the wild.
"""

from collections.abc import Callable, Iterator

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from minigen import nn, ops
from minigen.autodiff import Tensor, no_grad, tensor
from minigen.data import Loader
from minigen.distributions import Normal, kl_to_standard_normal
from minigen.metrics import precision_recall_density_coverage
from minigen.models import GAN
from minigen.models.gans.networks import dcgan_discriminator, dcgan_generator, dense_discriminator
from minigen.models.networks import dense_decoder, dense_encoder
from minigen.optim import Adam
from minigen.random import Generator

from .images import grid, named_rows

__all__ = ["named_rows"]  # which the notebook takes from here

CODE = 16  # the length D of a code

Loss = Callable[[nn.Module, nn.Module, Tensor, Generator], Tensor]

# ----------------------------------------------------------------------------------------------- the program itself


def broken_loss(encoder: nn.Module, decoder: nn.Module, x: Tensor, rng: Generator) -> Tensor:
    """'ELBO = E[log p(x|z)] - KL. The KL is only a regulariser, so for simplicity we leave it out.'"""
    code = encoder(x)  # (N, 2 D)
    return -nn.bce_loss(decoder(code), x)  # log p(x|z)


def fit(
    loss: Loss, x: np.ndarray, inputs: int, steps: int = 300, seed: int = 0
) -> tuple[nn.Module, nn.Module, list[float]]:
    """An encoder, and a decoder that takes `inputs` numbers, trained on this loss; and the loss at each step."""
    rng, shape = Generator(seed), x.shape[1:]
    encoder, decoder = dense_encoder(shape, 2 * CODE, [256], rng), dense_decoder(inputs, shape, [256], rng)
    optimizer = Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)
    values = []
    for batch in batches(x, steps, 100, seed):
        value = loss(encoder, decoder, batch, rng)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.item())
    return encoder, decoder, values


def batches(x: np.ndarray, steps: int, size: int, seed: int = 0) -> Iterator[Tensor]:
    """So many batches of images, epoch after epoch."""
    loader = Loader(x, batch_size=size, rng=Generator(seed + 1))
    while True:
        for batch in loader:
            if steps == 0:
                return
            steps -= 1
            yield tensor(batch)


def fit_images_to_images(x: np.ndarray, steps: int = 200) -> nn.Module:
    """The program's 'discriminator': `discriminator.fit(images, images)`."""
    rng, shape = Generator(0), x.shape[1:]
    network = nn.Sequential(
        *dense_discriminator(shape, [256, 128], rng, outputs=int(np.prod(shape))), nn.Reshape(*shape)
    )
    optimizer = Adam(network.parameters(), lr=5e-4)
    for batch in batches(x, steps, 200):
        loss = nn.bce_loss(network(batch), batch)  # images as labels
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


def players(shape: tuple[int, ...], rng: Generator) -> tuple[GAN, Adam, Adam]:
    """A GAN of two convolutional networks, and the optimizers of its generator and of its discriminator."""
    generator = nn.Sequential(*dcgan_generator(32, shape, 16, rng), nn.Sigmoid())
    gan = GAN(generator, dcgan_discriminator(shape, 16, rng), 32)
    g, d = (Adam(p.parameters(), lr, betas=(0.5, 0.999)) for p, lr in ((generator, 2e-3), (gan.discriminator, 1e-3)))
    return gan, g, d


# -------------------------------------------------------------------------------------------------- what it is asked


def noise(length: int, n: int = 1000) -> np.ndarray:
    """Codes drawn from N(0, 1): (n, length)."""
    return Generator(2).normal((n, length))


def images_of(network: Callable[[Tensor], Tensor], inputs: np.ndarray) -> np.ndarray:
    """What the network makes of its inputs, as probabilities of pixels: an array of images."""
    with no_grad():
        return ops.sigmoid(network(tensor(inputs))).numpy()


def through(encoder: nn.Module, decoder: nn.Module, split: bool = True) -> Callable[[Tensor], Tensor]:
    """Encoder and decoder, one after the other; by the mean of q(z|x), or by all outputs of the encoder."""
    return lambda x: decoder(ops.split(encoder(x), 2, axis=-1)[0] if split else encoder(x))


def cost(encoder: nn.Module, decoder: nn.Module, x: np.ndarray) -> np.ndarray:
    """-ELBO of each image, in nats, averaged over 20 draws of z."""
    with no_grad():
        q, images = Normal(*ops.split(encoder(tensor(x)), 2, axis=-1)), tensor(x)
        draws = [
            nn.sum_features(ops.bce_with_logits(decoder(q.sample(Generator(k))), images)).numpy() for k in range(20)
        ]
        return np.asarray(np.mean(draws, axis=0) + nn.sum_features(kl_to_standard_normal(q)).numpy())


def independent_pixels(train: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What each image x costs a model that knows of each pixel only how bright it is on average, in nats."""
    p = np.clip(train.mean(axis=0), 1e-4, 1 - 1e-4)
    return -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=(1, 2, 3))


def no_digits(shape: tuple[int, ...]) -> np.ndarray:
    """A cross, a frame and stripes: (3, H, W, 1)."""
    height, width = shape[:2]
    row, column = np.indices((height, width)) - (height - 1) / 2
    ring = np.maximum(abs(row), abs(column))
    others = [(abs(abs(row) - abs(column)) < 1) * (ring < height / 3), abs(ring - height / 3) < 0.8, row % 4 < 2]
    return np.stack(others)[..., None].astype(np.float32)


def precision_and_coverage(real: np.ndarray, images: np.ndarray) -> tuple[float, float]:
    """Of as many images as there are real ones, in pixels."""
    found = precision_recall_density_coverage(real.reshape(len(real), -1), images[: len(real)].reshape(len(real), -1))
    return found.precision, found.coverage


# ---------------------------------------------------------------------------------------------------------- pictures


def opening(x: np.ndarray, decoder: nn.Module, inputs: int) -> None:
    """Images x beside what the decoder generates from noise."""
    panels({"digits": x[:25], "'generated' by the program, after 300 steps": images_of(decoder, noise(inputs)[:25])}, 5)


def panels(grids: dict[str, np.ndarray], columns: int) -> None:
    """Grids of images (N, H, W, 1) side by side, by their titles."""
    _, axes = plt.subplots(1, len(grids), figsize=(7.5, 7.5 / len(grids)), layout="constrained", squeeze=False)
    for axis, (title, images) in zip(axes[0], grids.items(), strict=True):
        grid(axis, images, columns, title)
    plt.show()


def falling(values: list[float]) -> None:
    """The loss that the program reports, on a scale that shows all of it."""
    _, axis = plt.subplots(figsize=(6, 2.6), layout="constrained")
    axis.plot(values)
    axis.axhline(0, color="black", linestyle=":", label="the lowest possible value: 0")
    axis.set_yscale("symlog")
    axis.set_ylim(top=1e4)
    axis.set_yticks([0, -1e3, -1e6, -1e9])
    axis.set(xlabel="step", ylabel="'loss'", title="a falling loss (logarithmic below 0)")
    axis.legend(loc="upper right")
    plt.show()


def towards_the_mean(real: np.ndarray, train: np.ndarray) -> Callable[[float], Figure]:
    """A function (share) -> picture: training images moved that far to their mean, with precision and coverage."""
    mean, x = train.mean(axis=0), train[: len(real)]
    shares = np.round(np.arange(0, 1.01, 0.1), 1)
    scores = np.array([precision_and_coverage(real, x + share * (mean - x)) for share in shares])

    def draw(share: float) -> Figure:
        figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 2.9), layout="constrained")
        grid(left, (x + share * (mean - x))[:20], 5, f"training images, {share:.0%} of the way to their mean")
        right.plot(shares, scores[:, 0], "o-", label="precision")
        right.plot(shares, scores[:, 1], "s--", label="coverage")
        right.axvline(share, color="0.8", linewidth=6, zorder=0)
        right.set(xlabel="share of the way to the mean", ylim=(0, 1.05))
        right.legend(fontsize=9, loc="lower left")
        return figure

    return draw


def clouds(both: dict[str, tuple[np.ndarray, np.ndarray]], z: np.ndarray) -> None:
    """Means and deviations (N, D) of q(z|x), by title, over codes z (M, D): the two dimensions that are used most."""
    figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.6), layout="constrained", sharex=True, sharey=True)
    for axis, (title, (mean, std)) in zip(axes, both.items(), strict=True):
        i, j = mean.var(axis=0).argsort()[-2:]
        axis.scatter(z[:, i], z[:, j], s=3, color="0.7", label="codes from N(0, 1)")
        bars = {"fmt": ".", "markersize": 3, "elinewidth": 0.7, "label": "q(z|x) of 150 digits: mean, deviation"}
        axis.errorbar(mean[:150, i], mean[:150, j], std[:150, j], std[:150, i], **bars)
        axis.set(title=title, xlabel="a dimension of z", xlim=(-9, 9), ylim=(-9, 9))
    axes[0].set_ylabel("another")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9)
    plt.show()


def games(runs: dict[str, list[tuple[float, float]]]) -> None:
    """The two losses (D, G), by title: means of ten steps."""
    _, axes = plt.subplots(1, 2, figsize=(7.5, 2.9), layout="constrained", sharey=True)
    for axis, (title, losses) in zip(axes, runs.items(), strict=True):
        for values, name, style in zip(np.array(losses).T, "DG", ("-", "--"), strict=True):
            means = values[: len(values) // 10 * 10].reshape(-1, 10).mean(axis=1)
            axis.plot(10 * np.arange(len(means)) + 5, means, style, linewidth=1.2, label=f"{name}'s loss")
        axis.axhline(2 * np.log(2), color="black", linestyle=":", label="2 log 2")
        axis.set(title=title, xlabel="step (means of ten)", ylim=(-0.2, 8))
        axis.legend(fontsize=9, loc="upper right")
    plt.show()


def record(history: dict[str, tuple[float, float, np.ndarray]]) -> None:
    """Precision, coverage and ten images of each stage."""
    figure, axis = plt.subplots(figsize=(7.5, 4.6))
    figure.subplots_adjust(left=0.13, right=0.68, top=0.98, bottom=0.14)
    images = np.concatenate([shown for _, _, shown in history.values()])
    grid(axis, images, 10, rows=list(history))
    bars = axis.inset_axes((1.03, 0, 0.52, 1))
    height = images.shape[1] + 1
    middles = (np.arange(len(history)) + 0.5) * height
    for k, (name, hatch) in enumerate((("precision", ""), ("coverage", "///"))):
        values = [stage[:2][k] for stage in history.values()]
        place = middles + (0.34 * k - 0.17) * height
        bars.barh(place, values, 0.34 * height, label=name, hatch=hatch, edgecolor="white")
    bars.set(ylim=axis.get_ylim(), xlim=(0, 1.02), yticks=[])
    bars.legend(loc="upper center", bbox_to_anchor=(0.35, -0.07), ncols=2, fontsize=9)
    plt.show()
