"""Lesson 0: a small model that learns to draw digits, and the pictures of it."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ...autodiff import no_grad, tensor
from ...data import Dataset, Loader
from ...models import VAE
from ...models.networks import dense_decoder, dense_encoder
from ...optim import Adam
from ...random import Generator
from ...report.latent import lerp

SHOWN = (0, 10, 20, 30, 50, 100, 200, 300, 500, 1000, 2000)  # the steps at which the model draws


def untrained(digits: Dataset, code_size: int, rng: Generator) -> VAE:
    """A variational autoencoder with one hidden layer of 256 on either side, and random weights."""
    encoder = dense_encoder(digits.shape, 2 * code_size, [256], rng)
    return VAE(encoder, dense_decoder(code_size, digits.shape, [256], rng), latent_dim=code_size)


def train(
    digits: Dataset, code_size: int, seed: int = 0, steps: int = SHOWN[-1]
) -> tuple[VAE, np.ndarray, dict[int, np.ndarray]]:
    """Train a model; now and then it draws the same ten random codes.

    Returns:
        The model, the loss of every step, and for each step in SHOWN ten images (10, H, W, 1).
    """
    rng = Generator(seed)
    model = untrained(digits, code_size, rng)
    optimizer = Adam(model.parameters(), lr=1e-3)
    codes = Generator(4).normal((10, code_size))
    losses, stages = [], {}
    for step, x in zip(range(steps), batches(digits, rng), strict=False):
        if step in SHOWN:
            stages[step] = draw(model, codes)
        loss = model.loss(tensor(x), rng).total  # how improbable the model finds these images
        optimizer.zero_grad()
        loss.backward()  # in which direction every weight has to change (lesson 1)
        optimizer.step()  # change every weight a little (lesson 4)
        losses.append(loss.item())
    stages[steps] = draw(model, codes)
    return model, np.array(losses), stages


def batches(digits: Dataset, rng: Generator) -> Iterator[np.ndarray]:
    """A hundred images at a time, without end."""
    loader = Loader(digits.x, batch_size=100, rng=rng)
    while True:
        yield from loader


def draw(model: VAE, codes: np.ndarray) -> np.ndarray:
    """The images (N, H, W, 1) that the model makes of codes (N, code_size)."""
    with no_grad():
        return model.from_codes(tensor(codes.astype(np.float32))).numpy()


def codes_of(model: VAE, images: np.ndarray) -> np.ndarray:
    """The codes (N, code_size) that the model gives to images."""
    with no_grad():
        return model.encode(tensor(images)).mean.numpy()


def clearest_pair(model: VAE, codes: np.ndarray) -> tuple[int, int]:
    """Of all pairs of codes, the one whose images half-way, by the codes and by the pixels, differ most."""

    def gap(pair: tuple[int, int]) -> float:
        one, middle, other = draw(model, np.array([lerp(codes[pair[0]], codes[pair[1]], t) for t in (0.0, 0.5, 1.0)]))
        return float(np.abs(middle - lerp(one, other, 0.5)).sum() / (one + other).sum())

    return max(combinations(range(len(codes)), 2), key=gap)


def rows(images: Mapping[str, np.ndarray]) -> None:
    """Show rows of images, each (N, H, W, 1), with their titles on the left."""
    count = len(next(iter(images.values())))
    _, axes = plt.subplots(len(images), count, figsize=(7.5, 0.75 * len(images)), layout="constrained", squeeze=False)
    for line, (title, row) in zip(axes, images.items(), strict=True):
        for axis, image in zip(line, row, strict=True):
            axis.imshow(image[..., 0], cmap="gray", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
        line[0].set_ylabel(title, rotation=0, ha="right", va="center")
    plt.show()


def frame(step: int, images: np.ndarray) -> Figure:
    """A frame of the film: ten images in two rows, and the step."""
    figure, axes = plt.subplots(2, 5, figsize=(4.0, 2.0), layout="constrained")
    for axis, image in zip(axes.flat, images, strict=True):
        axis.imshow(image[..., 0], cmap="gray", vmin=0, vmax=1)
        axis.set_axis_off()
    figure.suptitle(f"step {step}")
    return figure


def loss_curve(losses: np.ndarray, half: int, baseline: float) -> None:
    """Show the loss of each step, the step by which half of the fall was done, and the baseline's loss."""
    _, axis = plt.subplots(figsize=(6.5, 2.8), layout="constrained")
    axis.plot(losses, color="C0", linewidth=0.8, label="the model")
    axis.axhline(baseline, color="0.3", linestyle="--", label="the mean image, whatever is asked")
    axis.plot(half, losses[half], "o", color="C1", label=f"half of the fall, step {half}")
    axis.set(xlabel="step", ylabel="loss", ylim=(0, None))
    axis.legend()
    plt.show()


def mean_image_loss(digits: Dataset) -> float:
    """The loss, in nats an image, of a model that gives every pixel its mean over all images."""
    x = digits.x.reshape(len(digits), -1).astype(np.float64)
    p = x.mean(0).clip(1e-6, 1 - 1e-6)
    return float(-(p * np.log(p) + (1 - p) * np.log(1 - p)).sum())


def written(function: str) -> Callable[..., Any]:
    """The student's function, from exercises.py as it was saved last."""
    return getattr(importlib.reload(importlib.import_module("exercises")), function)


def ring(cloud: np.ndarray, walks: Mapping[str, np.ndarray]) -> None:
    """Show a cloud of codes (N, 2) and walks (stations, 2) through it."""
    _, axis = plt.subplots(figsize=(4.5, 4.2), layout="constrained")
    axis.plot(*cloud.T, ".", color="0.75", markersize=3)
    for (name, walk), style in zip(walks.items(), ("s--", "o-"), strict=False):
        axis.plot(*walk.T, style, markersize=4, linewidth=1, label=name)
    axis.set(aspect="equal", xlabel="first number of the code", ylabel="second number")
    axis.legend(loc="center")
    plt.show()
