"""What lesson 22 trains and draws: velocities on the ring of lesson 9, known and learnt, and the game beside them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...autodiff import Tensor, no_grad
from ...data.toys import RING
from ...metrics import modes_found
from ...metrics.transport import wasserstein_2
from ...models.diffusion.denoiser import DenoiserTrainer
from ...models.diffusion.flow_matching import FlowMatching, carried
from ...models.diffusion.networks import Dense2
from ...models.gans.gan import GAN
from ...nn import Module
from ...optim import Adam, cosine
from ...random import Generator
from .gan_ring import SIGMA, ring

SCALE = float(np.sqrt(0.5 + SIGMA**2))  # the deviation of the ring's points, by which the library divides them
CENTRES, WIDTH = RING / SCALE, SIGMA / SCALE  # the eight clusters in the numbers that a network sees
RANDOM, OPTIMAL, GAME, DATA = "#1f5fa8", "#c2570c", "#6a3d9a", "0.55"
COLOURS = {"random": RANDOM, "optimal": OPTIMAL, "GAN": GAME, "faster G": "0.35"}
LINES = {"random": "-", "optimal": "--", "GAN": ":", "faster G": "-."}
GOLDEN = (np.sqrt(5) - 1) / 2
OF_CLUSTERS = np.array(["#000000", "#e69f00", "#56b4e9", "#009e73", "#888888", "#0072b2", "#d55e00", "#cc79a7"])

# ------------------------------------------------------------------------------------------------------- the points


def even_noise(n: int, shift: float = 0.0) -> np.ndarray:
    """n points of N(0, 1) in the plane, spread as evenly as N(0, 1) allows: (n, 2).

    The squared radius of such a point is exponential and its angle uniform. Here both take their values in even steps.
    """
    i = np.arange(n)
    radius, angle = np.sqrt(-2 * np.log1p(-(i + 0.5) / n)), 2 * np.pi * (i * GOLDEN + shift)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def even_ring(n: int) -> np.ndarray:
    """n points of the ring, as many in each cluster, and evenly spread inside it: (n, 2), n divisible by 8."""
    return np.concatenate([centre + SIGMA * even_noise(n // 8, k / 8) for k, centre in enumerate(RING)])


@dataclass(frozen=True)
class Quality:
    """Of 400 points: W2 to the ring, how many clusters they reach, and the share within 3 sigma of one."""

    w2: float
    found: int
    good: float


def quality(x: np.ndarray) -> Quality:
    """Of points x (400, 2)."""
    modes = modes_found(x, RING, SIGMA)
    return Quality(wasserstein_2(x, even_ring(len(x))), modes.found, modes.high_quality)


# --------------------------------------------------------------------------------------------- the known velocity


def shares(x: np.ndarray, t: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log p(x, t), (N,), and how probable each cluster is once x_t = x is known, (N, 8); t is a number or (N, 1)."""
    variance = (1 - t) ** 2 + (t * WIDTH) ** 2
    squares = ((x[:, None] - np.asarray(t)[..., None] * CENTRES) ** 2).sum(axis=2)
    log_p = -squares / (2 * variance) - np.log(2 * np.pi * variance * len(CENTRES))
    total = np.logaddexp.reduce(log_p, axis=1)
    return total, np.exp(log_p - total[:, None])


def best_velocity(x: np.ndarray, t: float | np.ndarray) -> np.ndarray:
    """E[x_1 - x_0 | x_t = x] for the ring, (N, 2): for each cluster that of one Gaussian, weighted by the shares."""
    variance = (1 - t) ** 2 + (t * WIDTH) ** 2
    slope = (t * WIDTH**2 - (1 - t)) / variance
    return np.asarray(shares(x, t)[1] @ CENTRES * (1 - t * slope) + slope * x)


class KnownVelocity(Module):
    """The ring's best velocity in the place of a network."""

    def forward(self, x: Tensor, t: np.ndarray, labels: object = None) -> Tensor:
        """Places x (N, 2) at times t (N,)."""
        return Tensor(best_velocity(x.data, np.asarray(t, np.float64)[:, None]).astype(x.dtype))


def known_flow() -> FlowMatching:
    """A model whose network is the best one."""
    model = FlowMatching(KnownVelocity(), (2,))
    model.scale.data[...] = SCALE
    return model


# ---------------------------------------------------------------------------------------------------- the training


@dataclass
class Course:
    """How a training went: the seconds of training before each look, and the quality there; losses by step."""

    seconds: list[float] = field(default_factory=list)
    seen: list[Quality] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


def new_flow(pairing: str = "random", seed: int = 0) -> FlowMatching:
    """Lesson 21's network of points, with three hidden layers of 64 units."""
    return FlowMatching(Dense2((2,), 64, 3, 0, Generator(seed)), (2,), pairing)


def carry(model: FlowMatching, z: np.ndarray, evaluations: int, solver: str = "euler") -> np.ndarray:
    """Where a model carries noise z (N, 2) in so many evaluations, in the units of the ring: (N, 2)."""
    with no_grad():
        return np.asarray(model.carry(Tensor(z), evaluations, solver).numpy())


def fit(model: FlowMatching, steps: int, batch: int = 128, seed: int = 0, looks: int = 0) -> Course:
    """Descend on the loss of flow matching; afterwards the model holds its averaged weights.

    Args:
        looks: how often to measure the quality on the way, with ten evaluations; the clock stands still meanwhile.
    """
    rng, course = Generator(seed), Course()
    trainer = DenoiserTrainer(model, cosine(5e-3, steps), steps)
    trainer.prepare(Tensor(ring(2000, rng)))
    assert trainer.ema is not None
    spent, z = 0.0, even_noise(400).astype(np.float32)
    for step in range(1, steps + 1):
        start = time.process_time()
        loss = trainer.step(Tensor(ring(batch, rng)), rng)["loss"]
        spent += time.process_time() - start
        course.losses.append(float(loss.item() if isinstance(loss, Tensor) else loss))
        if looks and step % (steps // looks) == 0:
            with trainer.ema.swapped():
                course.seen.append(quality(carry(model, z, 10)))
            course.seconds.append(spent)
    with trainer.ema.swapped():
        averaged = {name: value.copy() for name, value in model.state_dict().items()}
    model.load_state_dict(averaged)
    return course


def paint(gan: GAN, z: np.ndarray) -> np.ndarray:
    """What the generator makes of noise z (N, 2), in one evaluation."""
    with no_grad():
        return np.asarray(gan.generator(Tensor(z.astype(np.float32))).numpy())


def play(gan: GAN, turns: int, rates: tuple[float, float] = (5e-3, 2e-4), seed: int = 0, looks: int = 0) -> Course:
    """Lesson 9's first game: in each turn a step of each player. With a clock, and looks at the quality on the way."""
    d_optimizer, g_optimizer = (
        Adam(player.parameters(), lr=rate, betas=(0.5, 0.999))
        for player, rate in zip((gan.discriminator, gan.generator), rates, strict=True)
    )
    rng, course, spent = Generator(seed), Course(), 0.0
    for turn in range(1, turns + 1):
        start = time.process_time()
        d_optimizer.step(gan.discriminator_loss(Tensor(ring(128, rng)), rng).total)
        loss = gan.generator_loss(128, rng)
        g_optimizer.step(loss)
        spent += time.process_time() - start
        course.losses.append(loss.item())
        if looks and turn % (turns // looks) == 0:
            course.seen.append(quality(paint(gan, even_noise(400))))
            course.seconds.append(spent)
    return course


# ----------------------------------------------------------------------------------------------------- the pictures


def path(model: FlowMatching, z: np.ndarray, evaluations: int, solver: str = "euler") -> np.ndarray:
    """The places on the way from z (N, 2), one for each step: (steps + 1, N, 2), in the numbers of the network."""
    places: list[np.ndarray] = []

    def velocity(x: Tensor, t: float) -> Tensor:
        if solver == "euler" or len(asked) % 2 == 0:
            places.append(x.numpy())
        asked.append(t)
        return model.output(x, np.full(len(z), t))

    asked: list[float] = []
    with no_grad():
        places.append(carried(velocity, Tensor(z), evaluations, solver).numpy())
    return np.stack(places)


def detour(model: FlowMatching) -> float:
    """How long the ways of 400 points are, divided by the straight lines between their ends: at least 1."""
    way = path(model, even_noise(400).astype(np.float32), 100)
    lengths = np.linalg.norm(np.diff(way, axis=0), axis=2).sum(axis=0)
    return float(lengths.sum() / np.linalg.norm(way[-1] - way[0], axis=1).sum())


def nearest(x: np.ndarray) -> np.ndarray:
    """The cluster nearest to each point of x (N, 2), in the numbers of the network: (N,)."""
    return np.asarray(((x[:, None] - CENTRES) ** 2).sum(axis=2).argmin(axis=1))


def plane(axis: Axes, reach: float = 2.6, clusters: bool = True) -> None:
    """An empty plane with the eight clusters as grey rings."""
    if clusters:
        axis.scatter(CENTRES[:, 0], CENTRES[:, 1], s=60, facecolors="none", edgecolors=DATA, linewidths=1.2)
    axis.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[], aspect="equal")


def opening(model: FlowMatching, n: int = 1000) -> None:
    """Five moments of a cloud on its way from noise to the ring, coloured by the cluster where each point ends."""
    z = Generator(3).normal((n, 2))
    places = path(model, z, 100)
    times = np.sin(np.linspace(0, np.pi / 2, 101))
    kinds = nearest(places[-1])
    _, axes = plt.subplots(1, 5, figsize=(7.5, 1.9), layout="constrained")
    for axis, t in zip(axes, (0, 0.3, 0.6, 0.85, 1), strict=True):
        i = int(np.abs(times - t).argmin())
        plane(axis, clusters=False)
        axis.scatter(*places[i].T, c=OF_CLUSTERS[kinds], s=2, linewidths=0)
        axis.set_title(f"t = {times[i]:.2f}" if 0 < t < 1 else f"t = {t}", fontsize=10)
    plt.show()


def flowing(models: Mapping[str, FlowMatching], n: int = 500, frames: int = 15) -> Callable[[int], Figure]:
    """For `animate`: the same noise, carried by each model."""
    z = Generator(3).normal((n, 2))
    times = np.sin(np.linspace(0, np.pi / 2, 101))
    shown = np.rint(np.linspace(0, 100, frames)).astype(int)
    places = {name: path(model, z, 100) for name, model in models.items()}

    def draw(i: int) -> Figure:
        figure, axes = plt.subplots(1, len(models), figsize=(3 * len(models), 3.2), layout="constrained")
        for axis, (name, way) in zip(np.atleast_1d(axes), places.items(), strict=True):
            plane(axis)
            axis.scatter(*way[shown[i]].T, c=OF_CLUSTERS[nearest(way[-1])], s=4, linewidths=0)
            axis.set_title(f"{name} pairs, t = {times[shown[i]]:.2f}", fontsize=10)
        return figure

    return draw


def wind() -> Callable[..., Figure]:
    """For `move`: the density p(x, t) of the ring's clouds, and the best velocity, at the time t."""
    side = np.linspace(-2.6, 2.6, 90)
    fine = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    coarse = np.stack(np.meshgrid(*[np.linspace(-2.4, 2.4, 15)] * 2), -1).reshape(-1, 2)

    def draw(t: float) -> Figure:
        figure, axis = plt.subplots(figsize=(4.4, 4.5), layout="constrained")
        p = np.exp(shares(fine, t)[0]).reshape(90, 90)
        axis.imshow(
            p, extent=(-2.6, 2.6, -2.6, 2.6), origin="lower", cmap="Greys", interpolation="bilinear", vmax=1.3 * p.max()
        )
        u = best_velocity(coarse, t)
        axis.quiver(*coarse.T, *u.T, color=RANDOM, angles="xy", scale=40, width=0.005)
        plane(axis)
        axis.set_title(f"t = {t:.2f}: density (grey) and velocity (arrows)", fontsize=10)
        return figure

    return draw


def crossing(x_0: np.ndarray, x_1: np.ndarray, order: np.ndarray, ways: np.ndarray) -> None:
    """Lines of random pairs, lines of optimal pairs (x_0[order] with x_1), and ways (steps, N, 2) from the same x_0."""
    _, axes = plt.subplots(1, 3, figsize=(7.5, 2.8), layout="constrained")
    for axis, start, colour, title in (
        (axes[0], x_0, RANDOM, "random pairs"),
        (axes[1], x_0[order], OPTIMAL, "optimal pairs"),
    ):
        plane(axis)
        for a, b in zip(start, x_1, strict=True):
            axis.plot(*np.stack([a, b], 1), color=colour, linewidth=0.7)
        axis.plot(*x_0.T, ".", color="black", markersize=3)
        axis.set_title(title, fontsize=10)
    plane(axes[2])
    axes[2].plot(ways[:, :, 0], ways[:, :, 1], color="0.2", linewidth=0.7)
    axes[2].plot(*x_0.T, ".", color="black", markersize=3)
    axes[2].set_title("ways along the mean velocity", fontsize=10)
    plt.show()


def ways(models: Mapping[str, FlowMatching], n: int = 48) -> Callable[..., Figure]:
    """For `move`: the ways of n points from noise, and where 400 end, by the number of evaluations, pairing, solver."""
    z, many = even_noise(n).astype(np.float32), even_noise(400).astype(np.float32)

    def draw(evaluations: int, pairing: str, solver: str) -> Figure:
        model = models[pairing]
        places, ends = path(model, z, evaluations, solver), carry(model, many, evaluations, solver)
        found = quality(ends)
        figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.9), layout="constrained")
        for axis in axes:
            plane(axis)
        axes[0].plot(places[:, :, 0], places[:, :, 1], ".-", color=COLOURS[pairing], linewidth=0.6, markersize=2.5)
        axes[0].plot(*places[0].T, ".", color="black", markersize=4)
        axes[1].scatter(*(ends / SCALE).T, s=3, color=COLOURS[pairing], linewidths=0)
        axes[0].set_title(f"{evaluations} evaluations, {solver}, {pairing} pairs", fontsize=10)
        axes[1].set_title(f"W2 {found.w2:.2f}, {found.good:.0%} within 3 sigma", fontsize=10)
        return figure

    return draw


def orders(evaluations: Sequence[int], errors: Mapping[str, Sequence[float]]) -> None:
    """The error of each solver by the number of evaluations, both logarithmic, beside slopes of 1 and 2."""
    _, axis = plt.subplots(figsize=(7.5, 3.0), layout="constrained")
    n = np.array(evaluations, float)
    for (name, values), mark, colour in zip(errors.items(), "os^D", (RANDOM, OPTIMAL, GAME, "0.2"), strict=False):
        axis.loglog(n, values, mark + "-", color=colour, markersize=4, label=name)
        power = 2 if "Heun" in name else 1
        if "even" not in name:
            axis.loglog(n, values[-1] * (n[-1] / n) ** power, ":", color="0.5", linewidth=1)
    axis.plot([], [], ":", color="0.5", label="slopes of order 1 and 2")
    axis.set(xlabel="evaluations of the velocity", ylabel="error")
    axis.legend(fontsize=9)
    plt.show()


def curves(evaluations: Sequence[int], found: Mapping[str, Sequence[Quality]], floor: float) -> None:
    """W2 and the share of good points, by the number of evaluations.

    Args:
        found: by "pairing, solver". floor: the W2 of the known velocity.
    """
    _, axes = plt.subplots(1, 2, figsize=(7.5, 3.1), layout="constrained")
    for name, values in found.items():
        pairing, _, solver = name.partition(", ")
        style: Any = {"color": COLOURS[pairing], "linestyle": "-" if solver == "Euler" else "--"}
        marker = "o" if pairing == "random" else "s"
        axes[0].loglog(evaluations, [q.w2 for q in values], marker=marker, markersize=4, label=name, **style)
        axes[1].semilogx(evaluations, [q.good for q in values], marker=marker, markersize=4, **style)
    axes[0].axhline(floor, color="0.4", linestyle=":", label="the known velocity")
    axes[0].set_title("W2 to the ring (less is better)", fontsize=10)
    axes[1].set_title("share within 3 sigma (more is better)", fontsize=10)
    for axis in axes:
        axis.set_xlabel("evaluations")
        axis.set_xticks(evaluations, [str(n) for n in evaluations], fontsize=9)
        axis.minorticks_off()
    decimal(axes[0], (0.05, 0.1, 0.2, 0.5, 1))
    axes[0].legend(fontsize=9)
    plt.show()


def decimal(axis: Axes, ticks: Sequence[float]) -> None:
    """Plain numbers on a logarithmic axis y."""
    axis.minorticks_off()
    axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])


def batches(sizes: Sequence[int], squares: Sequence[float], milliseconds: Sequence[float]) -> None:
    """The mean squared length of the lines of optimal pairs, and what the pairing costs, by the size of the batch."""
    _, axes = plt.subplots(1, 2, figsize=(7.5, 2.7), layout="constrained")
    axes[0].semilogx(sizes, squares, "s-", color=OPTIMAL)
    axes[0].set_ylim(bottom=0)
    axes[1].loglog(sizes, milliseconds, "s-", color=OPTIMAL)
    for axis, title in zip(axes, ("mean squared length of a line", "milliseconds for a pairing"), strict=True):
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("pairs in a batch")
        axis.set_xticks(sizes, [str(n) for n in sizes], fontsize=9)
        axis.minorticks_off()
    plt.show()


def for_time(courses: Mapping[str, Course]) -> None:
    """W2 and the share of good points, by seconds of training."""
    _, axes = plt.subplots(1, 2, figsize=(7.5, 3.0), layout="constrained")
    for name, course in courses.items():
        style: Any = {"color": COLOURS[name], "linestyle": LINES[name], "marker": ".", "label": name}
        axes[0].semilogy(course.seconds, [q.w2 for q in course.seen], **style)
        axes[1].plot(course.seconds, [q.good for q in course.seen], **style)
    axes[0].set_title("W2 to the ring (less is better)", fontsize=10)
    axes[1].set_title("share within 3 sigma (more is better)", fontsize=10)
    for axis in axes:
        axis.set_xlabel("seconds of training")
    decimal(axes[0], (0.05, 0.1, 0.2, 0.5, 1))
    axes[1].set_ylim(0, 1)
    axes[1].legend(fontsize=9)
    plt.show()


def side_by_side(clouds: Mapping[str, np.ndarray]) -> None:
    """Points of each source (N, 2), in the units of the ring."""
    _, axes = plt.subplots(1, len(clouds), figsize=(7.5, 7.5 / len(clouds) + 0.35), layout="constrained")
    for axis, (title, x) in zip(axes, clouds.items(), strict=True):
        plane(axis, reach=2.1)
        axis.scatter(*(x / SCALE).T, s=3, color="black", linewidths=0)
        axis.set_title(title, fontsize=10)
    plt.show()
