"""Lesson 4's landscapes and walks, its training of a small classifier, and what the lesson draws."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ... import nn, ops, optim
from ...autodiff import tensor
from ...data import Dataset, Loader
from ...optim import Optimizer
from ...random import Generator

Rule = Callable[..., Optimizer]  # like optim.SGD: of the weights and lr
Surface = Callable[[Any, Any], Any]
RATES = np.logspace(-2, 0, 13)  # from 0.01 to 1; each is 1.47 times the one before
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
MARKS = "os^vD"


def valley(x: Any, y: Any) -> Any:
    """Its floor winds along y = sin(x), and falls slowly to x = 3."""
    sine = np.sin(x) if isinstance(x, np.ndarray | float) else ops.sin(x)
    return 2 * (y - sine) ** 2 + 0.05 * (x - 3) ** 2


def walk(f: Surface, make: Rule, start: Sequence[Any], steps: int, **options: Any) -> np.ndarray:
    """The points that an optimizer visits on f(x, y), from one start (2,) or from many (2, N): (steps + 1, 2, ...)."""
    w = tensor(np.array(start, float), requires_grad=True)
    optimizer = make([w], **options)
    path = [w.numpy().copy()]
    for _ in range(steps):
        optimizer.zero_grad()
        f(w[0], w[1]).sum().backward()
        optimizer.step()
        path.append(w.numpy().copy())
    return np.array(path)


def ways_down(rules: Mapping[str, Rule], start: tuple[float, float], steps: int) -> dict[str, float]:
    """Draw each rule's way down the valley with the best of RATES, and return these rates."""
    figure, axes = plt.subplots(2, 2, figsize=(7.5, 5.4), layout="constrained", sharex=True, sharey=True)
    best = {}
    for axis, (name, rule) in zip(axes.flat, rules.items(), strict=True):
        with np.errstate(all="ignore"):  # some rates are too high
            paths = {float(lr): walk(valley, rule, start, steps, lr=lr) for lr in RATES}
        heights = {lr: np.nan_to_num(valley(*path[-1]), nan=np.inf) for lr, path in paths.items()}
        best[name] = min(heights, key=heights.__getitem__)
        _ground(axis, valley, (-5.8, 4.5), (-2.2, 2.6))
        path = paths[best[name]]
        axis.plot(*path.T, ".-", color="C3", markersize=3, linewidth=1)
        axis.plot(3, np.sin(3), "*", color="white", markeredgecolor="black", markersize=12)
        axis.set_title(f"{name}, lr {best[name]:.2g}: height {heights[best[name]]:.1g}", fontsize=10)
    figure.supxlabel(
        f"the best of {len(RATES)} rates for each; {steps} steps; the star is the lowest point", fontsize=10
    )
    plt.show()
    return best


def ways_in_bowl(bowl: Surface, paths: Mapping[str, np.ndarray]) -> None:
    """Paths in the same bowl, side by side, with the height of their last points."""
    _, axes = plt.subplots(1, len(paths), figsize=(7.5, 2.6), layout="constrained", sharey=True)
    for axis, (name, path) in zip(axes, paths.items(), strict=True):
        _ground(axis, bowl, (-4.5, 1), (-1.6, 1.6))
        axis.plot(*path.T, ".-", color="C3", linewidth=1, markersize=4)
        axis.set_title(f"{name}\nL = {bowl(*path[-1]):.2g} after {len(path) - 1} steps", fontsize=10)
    plt.show()


def factors(curvature: np.ndarray, mu: np.ndarray, factor: np.ndarray) -> None:
    """The factor by which a step shrinks a distance, by lr times curvature and momentum."""
    figure, axis = plt.subplots(figsize=(6, 3.2), layout="constrained")
    shown = axis.contourf(curvature, mu.ravel(), np.minimum(factor, 1.2), np.linspace(0, 1.2, 25), cmap="PuOr_r")
    axis.contour(curvature, mu.ravel(), factor, [1], colors="black")
    for end in ((1 - np.sqrt(mu)) ** 2, (1 + np.sqrt(mu)) ** 2):
        axis.plot(end, mu, "--", color="black", linewidth=1)
    axis.set(xlabel="lr times curvature", ylabel="momentum", xlim=(0, 4), title="factor of a step (full line: 1)")
    figure.colorbar(shown, ax=axis)
    plt.show()


def running_mean(beta: float, g: np.ndarray, m: np.ndarray) -> None:
    """The weights of the past in a running mean at three times, and the mean of a noisy series."""
    t = np.arange(1, len(g) + 1)
    _, axes = plt.subplots(1, 2, figsize=(7.5, 3), layout="constrained")
    for last, mark in zip((5, 20, 60), MARKS, strict=False):
        weights = (1 - beta) * beta ** (last - t[:last])
        axes[0].plot(t[:last], weights, "-" + mark, markersize=3, label=f"t = {last}: sum {weights.sum():.2f}")
    axes[0].set(xlabel="i", ylabel="weight of g_i in m_t", title=f"beta = {beta}", ylim=(0, 0.09))
    axes[0].legend(loc="upper right", fontsize=9)
    axes[1].plot(t, g, ".", color="0.7", label="g")
    axes[1].plot(t, m, "--", label="m")
    axes[1].plot(t, m / (1 - beta**t), label="m, corrected")
    axes[1].axhline(1, color="black", linewidth=0.5)
    axes[1].legend(ncols=3, loc="upper center", fontsize=9)
    axes[1].set(xlabel="t", title="the running mean, and its correction", ylim=(-0.3, 3))
    axes[1].title.set_fontsize(10)
    plt.show()


def lengths(curves: Mapping[str, np.ndarray], limit: float) -> None:
    """Step lengths in units of the learning rate, against the step."""
    _, axis = plt.subplots(figsize=(6, 2.9), layout="constrained")
    for (name, curve), line in zip(curves.items(), LINES, strict=False):
        axis.semilogx(np.arange(1, len(curve) + 1), curve, linestyle=line, label=name)
    axis.set(xlabel="step", ylabel="length, in units of lr", ylim=(0, limit))
    axis.legend(fontsize=9, ncols=2, loc="upper right")
    plt.show()


def schedules(curves: Mapping[str, Sequence[float]], peaks: np.ndarray, ends: Mapping[str, Sequence[float]]) -> None:
    """Losses during a training, and the loss at its end by the highest rate."""
    _, axes = plt.subplots(1, 2, figsize=(7.5, 3.4), layout="constrained")
    for (name, losses), line in zip(curves.items(), LINES, strict=False):
        axes[0].semilogy(losses, linestyle=line, label=name)
    axes[0].set(xlabel="step", ylabel="mean loss")
    for (name, losses), line in zip(ends.items(), LINES, strict=False):
        axes[1].loglog(peaks, losses, linestyle=line, label=name)
    axes[1].set(xlabel="highest rate", ylabel="mean loss at the end", ylim=(None, 1))
    for axis in axes:
        axis.legend(fontsize=9)
    plt.show()


def train(digits: Dataset, rule: Rule, lr: Any, seed: int, batch: int = 50, steps: int = 200) -> float:
    """The mean loss of the last 50 of 200 batches, for a network with one hidden layer, on 5000 digits."""
    images, labels = digits.x[:5000].reshape(len(digits.x[:5000]), -1), np.asarray(digits.y)[:5000]
    rng = Generator(seed)
    hidden = nn.Dense(images.shape[1], 32, init="he_uniform", rng=rng)
    network = nn.Sequential(hidden, nn.ReLU(), nn.Dense(32, 10, rng=rng))
    optimizer = rule(network.parameters(), lr)
    loader = Loader(images, labels, batch_size=batch, rng=Generator(seed + 1))
    losses: list[float] = []
    while len(losses) < steps:
        for x, y in loader:
            optimizer.zero_grad()
            loss = nn.cross_entropy_loss(network(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return float(np.mean(losses[:steps][-50:]))


def by_rate(rates: np.ndarray, losses: Mapping[str, np.ndarray]) -> None:
    """The loss at the end by the learning rate; a band from the lowest to the highest seed. losses: (seeds, rates)."""
    _, axis = plt.subplots(figsize=(7, 3.8), layout="constrained")
    for (name, ends), line, mark in zip(losses.items(), LINES, MARKS, strict=False):
        drawn = axis.loglog(rates, ends.mean(axis=0), marker=mark, linestyle=line, markersize=5, label=name)
        axis.fill_between(rates, ends.min(axis=0), ends.max(axis=0), color=drawn[0].get_color(), alpha=0.2, linewidth=0)
    axis.set(xlabel="learning rate", ylabel="loss after 200 steps", ylim=(None, 10))
    axis.legend(fontsize=9, ncols=2)
    plt.show()


def rolling(steps: int = 60) -> Callable[..., Figure]:
    """A function that draws a walk in a bowl, by rule, rate, the two betas and the ratio of the curvatures."""
    rules: dict[str, Callable[[float, float], Rule]] = {
        "gradient descent": lambda beta1, beta2: optim.SGD,
        "momentum": lambda beta1, beta2: partial(optim.SGD, momentum=beta1),
        "RMSProp": lambda beta1, beta2: partial(optim.RMSProp, alpha=beta2),
        "Adam": lambda beta1, beta2: partial(optim.Adam, betas=(beta1, beta2)),
    }

    def draw(rule: str, rate: float, beta1: float, beta2: float, ratio: float) -> Figure:
        def bowl(x: Any, y: Any) -> Any:
            return 0.5 * (x**2 + ratio * y**2)

        with np.errstate(all="ignore"):  # some rates are too high
            path = walk(bowl, rules[rule](beta1, beta2), (-4.0, 1.0), steps, lr=10**rate)
            heights = bowl(*path.T)
        figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 2.9), layout="constrained", width_ratios=(3, 2))
        _ground(left, bowl, (-4.5, 2.5), (-1.6, 1.6))
        shown = path[np.isfinite(path).all(axis=1)]
        left.plot(*np.clip(shown, -1e3, 1e3).T, ".-", color="C3", linewidth=1, markersize=4)
        left.set_title(f"{rule}, rate {10**rate:.2g}", fontsize=10)
        right.semilogy(np.clip(heights, 1e-12, 1e12))
        right.set(xlabel="step", ylim=(1e-9, 1e3))
        right.set_title(f"height, at last {heights[-1]:.1e}", fontsize=10)
        return figure

    return draw


def one_way(path: np.ndarray) -> None:
    """A way down the valley."""
    _, axis = plt.subplots(figsize=(6, 3.2), layout="constrained")
    _ground(axis, valley, (-5, 4.5), (-2.2, 2.4))
    axis.plot(*path.T, ".-", color="C3", linewidth=1, markersize=4)
    axis.plot(3, np.sin(3), "*", color="white", markeredgecolor="black", markersize=14)
    axis.set_title(f"height {valley(*path[-1]):.2g} after {len(path) - 1} steps")
    plt.show()


def _ground(axis: Axes, f: Surface, across: tuple[float, float], up: tuple[float, float]) -> None:
    """The height of f from above, dark where it is low."""
    x, y = np.meshgrid(np.linspace(*across, 120), np.linspace(*up, 120))
    axis.contourf(x, y, np.sqrt(f(x, y)), 24, cmap="Greys_r")
    axis.set(xlim=across, ylim=up)
