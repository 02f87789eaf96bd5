"""What lesson 19 trains and draws: a flow of the two moons, what it does to the plane, and a stretched line."""

import copy
import itertools
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...autodiff import Tensor, no_grad
from ...models.flows.bijection import Bijection, Chain
from ...models.flows.flow import Flow
from ...models.flows.realnvp import point_flow
from ...optim import Adam, cosine, warmup
from ...random import Generator

NOISE = 0.05  # of the moons: the deviation across their arcs
BOX = (-1.5, 2.5, -1.0, 1.5)  # left, right, bottom, top of the pictures of moons
LEFT, RIGHT = "#1f5fa8", "#c2570c"  # of the points whose first number of z is negative, or positive

# ------------------------------------------------------------------------------------------------------- the flow


def new_flow(depth: int = 6, width: int = 64, seed: int = 0) -> Flow:
    """So many couplings of two numbers, which take turns."""
    return point_flow((2,), depth, width, Generator(seed))


def chain_of(flow: Flow) -> list[Bijection]:
    """The maps of a flow, from x to z."""
    assert isinstance(flow.bijection, Chain)
    return flow.bijection.maps


def in_float64(flow: Flow) -> Flow:
    """A copy that computes in float64, where a difference of nearby values keeps its digits (lesson 2)."""
    twin = copy.deepcopy(flow)
    for parameter in twin.parameters():
        parameter.data = parameter.data.astype(np.float64)
    return twin


def fit(flow: Flow, x: np.ndarray, steps: int, batch: int = 256, lr: float = 1e-2, seed: int = 0) -> list[float]:
    """Descend on the mean of -log p(x); returns the loss of each step, in nats."""
    rng, losses = Generator(seed), []
    flow.prepare(Tensor(x[:1000]))
    optimizer = Adam(flow.parameters(), lr=warmup(cosine(lr, steps), min(50, steps)))
    optimizer.max_norm = 1.0  # a batch with a point far outside has a huge gradient
    for _ in range(steps):
        loss = flow.loss(Tensor(x[rng.host.integers(len(x), size=batch)])).total
        optimizer.step(loss)
        losses.append(loss.item())
    return losses


def nats(flow: Flow, x: np.ndarray) -> float:
    """The mean of -log p over points x (N, 2)."""
    with no_grad():
        return -float(flow.log_prob(Tensor(x)).numpy().mean())


# ------------------------------------------------------------------------------------------------- what is known


def gaussian_nats(train: np.ndarray, test: np.ndarray) -> float:
    """The plainest baseline: -log p of one Gaussian with the mean and the covariances of the training points."""
    mean, covariance = train.mean(axis=0), np.cov(train.T)
    d = test - mean
    squares = (d @ np.linalg.inv(covariance) * d).sum(axis=1)
    return float(0.5 * (squares.mean() + np.linalg.slogdet(covariance)[1] + 2 * np.log(2 * np.pi)))


def arcs(n: int = 400) -> np.ndarray:
    """Points along the middle of both moons, evenly spread, (2 n, 2)."""
    t = np.pi * (np.arange(n) + 0.5) / n
    upper, lower = np.stack([np.cos(t), np.sin(t)], axis=1), np.stack([1 - np.cos(t), 0.5 - np.sin(t)], axis=1)
    return np.concatenate([upper, lower])


def moons_nats(x: np.ndarray) -> float:
    """The mean of -log p under the density that the moons were drawn from: no model can do better on average."""
    total = 0.0
    for part in np.array_split(x.astype(np.float64), 20):
        squares = ((part[:, None] - arcs()) ** 2).sum(axis=2) / NOISE**2
        log_p = np.logaddexp.reduce(-0.5 * squares, axis=1) - np.log(800 * 2 * np.pi * NOISE**2)
        total -= log_p.sum()
    return total / len(x)


def distance(x: np.ndarray) -> np.ndarray:
    """How far each point of x (N, 2) is from the middle of the nearer moon."""
    return np.concatenate(
        [np.sqrt(((part[:, None] - arcs()) ** 2).sum(axis=2).min(axis=1)) for part in np.array_split(x, 20)]
    )


# ----------------------------------------------------------------------------------------------------- the pictures


def coloured(axis: Axes, points: np.ndarray, z: np.ndarray, size: float = 3) -> None:
    """Points in the colours of their z: by the sign of its first number."""
    for side, colour in ((z[:, 0] < 0, LEFT), (z[:, 0] >= 0, RIGHT)):
        axis.scatter(points[side, 0], points[side, 1], s=size, color=colour, alpha=0.6, linewidths=0)


def opening(flow: Flow, n: int = 2500) -> None:
    """Draws of z, the points that the flow makes of them in the same colours, and the density of these points."""
    z = Generator(3).normal((n, 2))
    with no_grad():
        x = flow.bijection.inverse(Tensor(z))[0].numpy()
    _, axes = plt.subplots(1, 3, figsize=(7.5, 2.6), layout="constrained")
    coloured(axes[0], z, z)
    axes[0].set(xlim=(-3.5, 3.5), ylim=(-3.5, 3.5))
    coloured(axes[1], x, z)
    axes[2].imshow(density(flow), extent=BOX, origin="lower", cmap="Greys", vmax=1.2)
    for axis, title in zip(axes, ("z, from N(0, 1)", "x, made of these z", "the density of x"), strict=True):
        axis.set_title(title, fontsize=10)
        axis.set(xticks=[], yticks=[], aspect="equal")
    axes[1].set(xlim=BOX[:2], ylim=BOX[2:])
    plt.show()


def density(flow: Flow, side: int = 120) -> np.ndarray:
    """p(x) on a grid of the box, (side, side)."""
    grid = np.meshgrid(np.linspace(*BOX[:2], side), np.linspace(*BOX[2:], side))
    with no_grad():
        return np.exp(flow.log_prob(Tensor(np.stack(grid, -1).reshape(-1, 2).astype(np.float32))).numpy()).reshape(
            side, side
        )


def stages(flow: Flow, n: int = 2000) -> Callable[..., Figure]:
    """For `move`: n draws of z, and where they lie after so many maps of the way back from z to x."""
    z = Generator(3).normal((n, 2))
    maps = list(reversed(chain_of(flow)))
    points, names = [z], ["z"]
    with no_grad():
        for f in maps:
            points.append(f.inverse(Tensor(points[-1]))[0].numpy())
            names.append(type(f).__name__.lower())

    def draw(k: int) -> Figure:
        figure, axis = plt.subplots(figsize=(4.2, 3.6), layout="constrained")
        coloured(axis, points[k], z)
        axis.set(xlim=(-3.5, 3.5), ylim=(-3.5, 3.5), xticks=[], yticks=[], aspect="equal")
        axis.set_title(f"after {k} of {len(maps)} maps: {names[k]}" if k else "z, from N(0, 1)", fontsize=10)
        return figure

    return draw


def stretched() -> Callable[..., Figure]:
    """For `move`: x = z + a tanh(b z), which stretches the line by 1 + a b in the middle, and the density of x."""
    z = np.linspace(-4.5, 4.5, 901)
    p = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    edges = np.linspace(-3, 3, 13)  # of strips of z

    def draw(a: float, b: float) -> Figure:
        x, slope = z + a * np.tanh(b * z), 1 + a * b / np.cosh(b * z) ** 2
        figure, axes = plt.subplots(1, 2, figsize=(7.5, 2.9), layout="constrained", sharey=True)
        for axis, line, height, ends in (
            (axes[0], z, p, edges),
            (axes[1], x, p / slope, edges + a * np.tanh(b * edges)),
        ):
            axis.plot(line, height, color="0.2")
            for i, (left, right) in enumerate(itertools.pairwise(ends)):
                inside = (line >= left) & (line <= right)
                axis.fill_between(line[inside], height[inside], color=LEFT if i % 2 else RIGHT, alpha=0.5, linewidth=0)
            axis.set(xlim=(-6, 6), ylim=(0, 1.05))
        axes[0].set_title("z: N(0, 1)", fontsize=10)
        axes[1].set_title(f"x = z + a tanh(b z), slope in the middle {1 + a * b:.2f}", fontsize=10)
        axes[0].set_ylabel("density", fontsize=10)
        return figure

    return draw


def stretched_plane(flow: Flow) -> None:
    """An even grid of squares of z, and what the flow makes of it; shaded by log |det dx/dz|."""
    line, fine = np.linspace(-2, 2, 17), np.linspace(-2, 2, 200)
    grid = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2).astype(np.float32)
    with no_grad():
        x, log_det = (part.numpy() for part in flow.bijection.inverse(Tensor(grid)))
    figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.3), layout="constrained", width_ratios=(1, 1.35))
    for axis, points in ((axes[0], grid), (axes[1], x)):
        for fixed in line:
            for ends in (np.stack([np.full(200, fixed), fine], 1), np.stack([fine, np.full(200, fixed)], 1)):
                if axis is axes[1]:
                    with no_grad():
                        ends = flow.bijection.inverse(Tensor(ends.astype(np.float32)))[0].numpy()
                axis.plot(*ends.T, color="0.75", linewidth=0.6, zorder=0)
        shown = axis.scatter(*points.T, c=log_det, s=14, cmap="cividis")
        axis.set(xticks=[], yticks=[], aspect="equal")
    figure.colorbar(shown, ax=axes[1], label="log |det dx/dz|")
    axes[0].set_title("z", fontsize=10)
    axes[1].set_title("x", fontsize=10)
    plt.show()


def curve(losses: list[float], lines: dict[str, float]) -> None:
    """The loss by step, smoothed over 20, beside numbers to hold it against."""
    _, axis = plt.subplots(figsize=(7.5, 2.8), layout="constrained")
    axis.plot(np.convolve(losses, np.ones(20) / 20, "valid"), color=LEFT, label="the flow, in training")
    for (name, value), style in zip(lines.items(), ("--", ":"), strict=True):
        axis.axhline(value, color="0.2", linestyle=style, label=f"{name}: {value:.2f}")
    axis.set(xlabel="step", ylabel="nats for a point")
    axis.legend(fontsize=10)
    plt.show()


def bridge(x: np.ndarray, far: np.ndarray) -> None:
    """Samples, those that lie far from both moons marked."""
    _, axis = plt.subplots(figsize=(5.4, 3.2), layout="constrained")
    axis.scatter(x[~far, 0], x[~far, 1], s=2, color="0.6", label="near a moon")
    axis.scatter(
        x[far, 0], x[far, 1], s=9, marker="x", color=RIGHT, linewidths=0.8, label="farther than 5 sigma from both"
    )
    axis.set(xlim=BOX[:2], ylim=BOX[2:], xticks=[], yticks=[], aspect="equal")
    axis.legend(fontsize=9, loc="upper right")
    plt.show()
