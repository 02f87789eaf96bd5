"""Lesson 3's network and its training, and what the lesson draws."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from ... import nn, ops, optim
from ...autodiff import Tensor, no_grad, tensor
from ...data import Dataset, Loader
from ...random import Generator

Rate = float | Callable[[int], float]
LINES = ("-", "--", "-.", ":")


def network(
    train: Dataset, activation: Callable[[], Callable[[Tensor], Tensor]] = nn.ReLU, seed: int = 0
) -> nn.Sequential:
    """Three dense layers, from the pixels to 100 units, 100 units and 10 logits."""
    rng, pixels = Generator(seed), train.x[0].size
    return nn.Sequential(
        nn.Dense(pixels, 100, init="he_normal", rng=rng),
        activation(),
        nn.Dense(100, 100, init="he_normal", rng=rng),
        activation(),
        nn.Dense(100, 10, rng=rng),
    )


def training(
    model: nn.Module,
    train: Dataset,
    steps: int,
    lr: Rate = 0.3,
    output: Callable[[Tensor], Tensor] = lambda logits: logits,
    seed: int = 1,
) -> Iterator[float]:
    """Gradient descent on batches of 100; gives the loss of each step. lr: a number or a function of the step."""
    optimizer = optim.SGD(model.parameters(), lr=lr)
    loader = Loader(flat(train), train.y, batch_size=100, rng=Generator(seed))  # type: ignore[arg-type]
    while steps:
        for x, y in islice(loader, steps):
            steps -= 1
            loss = nn.cross_entropy_loss(output(model(tensor(x))), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            yield loss.item()


def flat(data: Dataset) -> np.ndarray:
    """The images as rows: (N, pixels)."""
    return data.x.reshape(len(data.x), -1)


def probabilities(model: nn.Module, data: Dataset) -> np.ndarray:
    """What the network says of each image: (N, 10)."""
    with no_grad():
        return ops.softmax(model(tensor(flat(data)))).numpy()


def accuracy(model: nn.Module, data: Dataset) -> float:
    """The share of the images whose likeliest class is the right one."""
    return float((probabilities(model, data).argmax(axis=1) == data.y).mean())


def known_and_unknown(model: nn.Module, test: Dataset) -> None:
    """Four digits that the network knows, and the four to whose label it gives the lowest probability."""
    p, labels = probabilities(model, test), np.asarray(test.y)
    likely = p[np.arange(len(p)), labels]
    chosen = [*np.flatnonzero(p.argmax(axis=1) == labels)[:4], *np.argsort(likely)[:4]]
    _, axes = plt.subplots(4, 4, figsize=(7, 4.8), layout="constrained", height_ratios=(5, 2, 5, 2))
    places = [*zip(axes[0], axes[1], strict=True), *zip(axes[2], axes[3], strict=True)]
    for (top, bottom), i in zip(places, chosen, strict=True):
        top.imshow(test.x[i, :, :, 0], cmap="gray")
        top.set_title(f"label {labels[i]}")
        top.set_axis_off()
        bottom.bar(range(10), p[i], color=["C0" if k == labels[i] else "C1" for k in range(10)])
        bottom.set(ylim=(0, 1), yticks=[], xticks=range(10))
        bottom.tick_params(labelsize=9)
    plt.show()


def losses_in_float32(logits: np.ndarray, safe: np.ndarray, by_definition: np.ndarray) -> None:
    """Two ways to the same loss, and the same near the end of the second."""
    _, axes = plt.subplots(1, 2, figsize=(7.5, 2.9), layout="constrained")
    for axis, shown in ((axes[0], logits > -50), (axes[1], (logits > 12.4) & (logits < 19.9))):
        axis.plot(logits[shown], safe[shown], color="C0", label="max(l, 0) + log(1 + exp(-|l|))")
        axis.plot(logits[shown], by_definition[shown], "--", color="C1", linewidth=2, label="-log(1 - p)")
        axis.set(xlabel="logit l, float32", ylabel="loss for t = 0")
    axes[0].legend(fontsize=9)
    axes[1].set_title("near the end of the dashed line", fontsize=10)
    plt.show()


def slopes(logits: np.ndarray, curves: Mapping[str, np.ndarray], marked: float) -> None:
    """The derivatives of losses, with a line at one logit."""
    _, axis = plt.subplots(figsize=(6, 2.9), layout="constrained")
    for (name, curve), line in zip(curves.items(), LINES, strict=False):
        axis.plot(logits, curve, line, label=name)
    axis.axvline(marked, color="0.6", linewidth=1)
    axis.set(xlabel="logit l, while t = 1", ylabel="derivative of the loss")
    axis.legend(fontsize=9)
    plt.show()


def sizes_by_layer(sizes: Mapping[str, list[float]]) -> None:
    """The root mean square of the values after each layer, a curve for each variance of the weights."""
    _, axis = plt.subplots(figsize=(6, 3), layout="constrained")
    for (name, curve), mark in zip(sizes.items(), "os^v", strict=False):
        axis.semilogy(range(1, len(curve) + 1), curve, "-" + mark, markersize=4, label=name)
    axis.set(xlabel="layer", ylabel="root mean square", xticks=range(2, 21, 2))
    axis.legend(fontsize=9, title="variance of the weights", title_fontsize=9)
    plt.show()


def signal(n: int = 256, layers: int = 20) -> Callable[..., Figure]:
    """A function that draws the sizes layer by layer, for a factor c of the variance c / n and an activation."""
    rng = np.random.default_rng(0)
    noise, x = rng.standard_normal((layers, n, n)) / np.sqrt(n), rng.standard_normal((100, n))
    bends: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "none": lambda z: z,
        "ReLU": lambda z: np.maximum(z, 0),
        "leaky ReLU (0.2)": lambda z: np.where(z > 0, z, 0.2 * z),
        "tanh": np.tanh,
    }

    def draw(c: float, activation: str) -> Figure:
        h, sizes = x, [1.0]
        for w in noise:
            h = bends[activation](h @ w * np.sqrt(c))
            sizes.append(float(np.sqrt((h * h).mean())))
        figure, axis = plt.subplots(figsize=(6, 2.8), layout="constrained")
        axis.semilogy(sizes, "o-", markersize=4)
        axis.axhline(1, color="0.6", linewidth=1)
        title = f"after {layers} layers {sizes[-1]:.2g} times the size of the input"
        axis.set(
            xlabel="layer", ylabel="root mean square", xticks=range(0, layers + 1, 2), ylim=(1e-7, 1e7), title=title
        )
        return figure

    return draw


def silent_units(model: nn.Sequential, train: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """For each unit of the two hidden layers, whether its z is <= 0 for every image of the training set."""
    with no_grad():
        first = model[0](tensor(flat(train)))
        second = model[2](model[1](first))
        return tuple((z.numpy().max(axis=0) <= 0) for z in (first, second))


def silent_shares(histories: Mapping[str, list[tuple[np.ndarray, np.ndarray]]], every: int, marked: int) -> None:
    """The share of silent units in each of the two hidden layers, counted every so many steps."""
    figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.2), layout="constrained", sharey=True)
    for axis, layer in zip(axes, (0, 1), strict=True):
        for (name, counted), mark in zip(histories.items(), "os^v", strict=False):
            shares = [silent[layer].mean() for silent in counted]
            axis.plot(np.arange(len(shares)) * every, shares, "-" + mark, markersize=4, label=name)
        axis.axvline(marked, color="0.6", linestyle="--")
        axis.set(xlabel="step", title=f"hidden layer {layer + 1}", ylim=(-0.05, 1.05))
    axes[0].set_ylabel("share of silent units")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9)
    plt.show()


def compared(curves: Mapping[str, list[float]], floor: float) -> None:
    """Losses averaged over 20 steps, and a line that one of them cannot cross."""
    _, axis = plt.subplots(figsize=(6, 2.9), layout="constrained")
    for (name, losses), line in zip(curves.items(), LINES, strict=False):
        axis.plot(np.convolve(losses, np.ones(20) / 20, "valid"), line, label=name)
    axis.axhline(floor, color="0.5", linestyle=":", label=f"log(1 + 9 / e) = {floor:.3f}")
    axis.set(xlabel="step", ylabel="loss, averaged over 20 steps", ylim=(0, 2.4))
    axis.legend(fontsize=9)
    plt.show()


def added_by_training(added: np.ndarray, shape: tuple[int, int], limit: float = 0.2) -> None:
    """What training has added to the weights into twelve units, as images: blue less, red more. added: (pixels, 12)."""
    _, axes = plt.subplots(2, 6, figsize=(7.5, 2.6), layout="constrained")
    for axis, column in zip(axes.flat, added.T, strict=False):
        axis.imshow(column.reshape(shape), cmap="coolwarm", vmin=-limit, vmax=limit)
        axis.set_axis_off()
    plt.show()
