"""What lesson 11 plays and draws: the games of the Dirac-GAN, their paths, and pictures of critics and distances."""

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ... import nn
from ...autodiff import Tensor
from ...models import GAN
from ...models.gans import penalties
from ...models.gans.gan import GANTrainer
from ...models.gans.networks import dense_discriminator
from ...models.networks import dense_decoder
from ...nn import Sequential
from ...random import Generator
from ...report.plots import mosaic
from ...train import steps

Velocity = Callable[[Any, Any], tuple[Any, Any]]  # (theta, psi) -> their rates of change
REAL, FAKE = "#1f77b4", "#e76300"

# ------------------------------------------------------------------------------------------------------- the games


def sigma(t: Any) -> Any:
    """The logistic function."""
    return 1 / (1 + np.exp(-t))


def no_penalty(theta: Any, psi: Any) -> tuple[Any, Any]:
    """The Dirac-GAN with logistic losses."""
    return psi * sigma(psi * theta), -theta * sigma(psi * theta)


def with_r1(theta: Any, psi: Any, gamma: Any = 0.3) -> tuple[Any, Any]:
    """The same with R1."""
    return psi * sigma(psi * theta), -theta * sigma(psi * theta) - gamma * psi


def wgan_gp(theta: Any, psi: Any, lambda_: float = 0.3) -> tuple[Any, Any]:
    """With Wasserstein losses and the gradient penalty lambda (|psi| - 1)^2."""
    return psi, -theta - 2 * lambda_ * (abs(psi) - 1) * np.sign(psi)


def walk(velocity: Velocity, start: Any = (1.0, 1.0), h: float = 0.01, n: int = 3000) -> np.ndarray:
    """n steps of both players at once: the path, (n + 1, 2, ...)."""
    path = [np.array(start)]
    for _ in range(n):
        path.append(path[-1] + h * np.array(velocity(*path[-1])))
    return np.array(path)


# ----------------------------------------------------------------------------------------------------- the pictures


def opening() -> None:
    """Three Dirac-GANs and the ways of their players."""
    _, axes = plt.subplots(1, 3, figsize=(7.5, 3.0), layout="constrained")
    theta, psi = np.meshgrid(np.linspace(-2, 2, 13), np.linspace(-2, 2, 13))
    games: dict[str, Velocity] = {"no penalty": no_penalty, "R1": with_r1, "gradient penalty": wgan_gp}
    for axis, (title, velocity) in zip(axes, games.items(), strict=True):
        axis.quiver(theta, psi, *velocity(theta, psi), color="0.7")
        axis.plot(*walk(velocity).T, color=FAKE, linewidth=1)
        axis.plot(1, 1, "o", color=FAKE)
        axis.plot(0, 0, "+", color="black", markersize=14, markeredgewidth=2.5)
        axis.set(title=title, xlabel="theta: the fakes", xlim=(-2, 2), ylim=(-2, 2), aspect="equal")
    axes[0].set_ylabel("psi: D's slope")
    plt.show()


def dirac_game(play: Callable[..., np.ndarray]) -> Callable[..., Figure]:
    """For `move`: the path of play(h, gamma, in_turn), and the distance from the solution."""

    def draw(h: float, gamma: float, rule: str) -> Figure:
        path = play(h, gamma, rule == "in turn")
        distance = np.hypot(*path.T)
        inside = bool(distance.max() < 20)
        figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.2), layout="constrained")
        axes[0].plot(*path.T, ".-", color=FAKE, linewidth=0.5, markersize=3)
        axes[0].plot(0, 0, "+", color="black", markersize=12)
        reach = 1.1 * max(1.6, np.abs(path).max()) if inside else 5
        axes[0].set(xlabel="theta", ylabel="psi", aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach))
        axes[0].set_title(f"h = {h:.2f}, gamma = {gamma:.2f}, {rule}", fontsize=10)
        axes[1].semilogy(np.maximum(distance, 1e-9))
        axes[1].set(xlabel="step", ylim=(1e-9, 1e3))
        axes[1].set_title(f"distance from the solution; last: {distance[-1]:.2g}", fontsize=10)
        return figure

    return draw


def transport(x: np.ndarray, y: np.ndarray, t: np.ndarray, F: np.ndarray, G: np.ndarray, best: np.ndarray) -> None:
    """Two sorted samples and their pairs; their distribution functions on the grid t; the best critic."""
    _, axes = plt.subplots(1, 3, figsize=(7.5, 2.7), layout="constrained")
    for a, b in zip(x[::8], y[::8], strict=True):
        axes[0].plot([b, a], [0, 1], color="0.6", linewidth=0.8)
    axes[0].plot(x, np.ones(len(x)), "|", color=REAL)
    axes[0].plot(y, np.zeros(len(y)), "|", color=FAKE)
    axes[0].set(title="sorted and paired", yticks=(0, 1), yticklabels=("fake", "real"))
    axes[1].plot(t, F, color=REAL, label="F, real")
    axes[1].plot(t, G, "--", color=FAKE, label="G, fake")
    axes[1].fill_between(t, F, G, color="0.85")
    axes[1].set_title("area between F and G", fontsize=11)
    axes[1].legend(fontsize=10)
    axes[2].plot(t, best, color="black")
    axes[2].set_title("the best critic", fontsize=12)
    plt.show()


def shifted(
    densities: Callable[[float], tuple[np.ndarray, np.ndarray]], t: np.ndarray, distances: Callable[[float], Any]
) -> Callable[..., Figure]:
    """For `move`: two densities a shift apart, and what two distances say of every shift.

    Args:
        densities: of a shift, on the grid t. distances: of a shift, (JSD, W).
    """
    shifts = np.linspace(-4, 4, 81)
    curves = np.array([distances(shift) for shift in shifts]).T

    def draw(shift: float) -> Figure:
        p, q = densities(shift)
        figure, axes = plt.subplots(1, 3, figsize=(7.5, 2.7), layout="constrained")
        axes[0].fill_between(t, p, color=REAL, alpha=0.6)
        axes[0].plot(t, q, color=FAKE)
        axes[0].set(title="real (filled), fake", xlim=(-5.5, 5.5), yticks=[])
        h = 0.05
        for axis, name, curve, k in zip(axes[1:], ("JSD", "W"), curves, (0, 1), strict=True):
            value = distances(shift)[k]
            slope = (distances(shift + h)[k] - distances(shift - h)[k]) / (2 * h)
            axis.plot(shifts, curve, color="black", linewidth=1)
            axis.plot(shift, value, "o", color=FAKE)
            axis.set(xlabel="shift", title=f"{name} {value:.2f}, slope {slope:+.2f}", ylim=(0, None))
        return figure

    return draw


def critic_map(axis: Axes, critic: Callable[[np.ndarray], Any], real: np.ndarray, fake: np.ndarray, title: str) -> None:
    """A critic's values in the plane, as grey levels and contour lines, with the examples: real dots, fake crosses."""
    across, along = np.meshgrid(np.linspace(-2.2, 3.4, 57), np.linspace(-2.5, 2.5, 51))
    places = np.stack([across.ravel(), along.ravel()], axis=1).astype(np.float32)
    values = critic(places).numpy().reshape(across.shape)
    axis.contourf(across, along, values, 20, cmap="gray", alpha=0.6)
    axis.contour(across, along, values, 10, colors="0.3", linewidths=0.4)
    axis.plot(*real[::2].T, ".", color=REAL, markersize=4, label="real")
    axis.plot(*fake[::2].T, "x", color="#ffa90e", markersize=3, label="fake")
    axis.set_title(title, fontsize=11)
    axis.set(xlim=(-2.2, 3.4), ylim=(-2.5, 2.5), yticks=(-2, 0, 2))


def power_rounds(errors: np.ndarray, ratio: float) -> None:
    """The error of sigma after each round of power iteration, beside the theory's slope."""
    rounds = np.arange(1, len(errors) + 1)
    _, axis = plt.subplots(figsize=(5.5, 2.8), layout="constrained")
    axis.semilogy(rounds, errors, "o", markersize=3, label="relative error of sigma")
    theory = errors[9] * ratio ** (4.0 * (rounds - 10))
    axis.semilogy(rounds, theory, "--", label=f"(sigma_2 / sigma_1)^4k, ratio {ratio:.2f}")
    axis.set(xlabel="rounds k", xticks=range(0, 21, 5))
    axis.legend()
    plt.show()


def settling(gammas: np.ndarray, times: np.ndarray, slowest: np.ndarray) -> None:
    """How long the Dirac-GAN takes to settle, for many gammas."""
    _, axis = plt.subplots(figsize=(5.5, 3), layout="constrained")
    axis.loglog(gammas, times, "o", label="until it stays within 1 % of the start")
    axis.loglog(gammas, np.log(100) / -slowest, label="log(100) / |slowest rate|")
    axis.set(xlabel="gamma", ylabel="time")
    axis.legend()
    plt.show()


# ------------------------------------------------------------------------------------------------------- on digits


def train_on_digits(
    digits: np.ndarray, n: int = 600, norm: str = "none", seed: int = 0, **settings: Any
) -> tuple[np.ndarray, list[float]]:
    """A dense GAN on images (N, H, W, C) in [-1, 1]: 256 fakes, and |grad s| at real images every 20 steps."""
    rng = Generator(seed)
    shape = digits.shape[1:]
    generator = Sequential(*dense_decoder(32, shape, [128, 128], rng), nn.Tanh())
    gan = GAN(generator, dense_discriminator(shape, [128, 128], rng, norm), 32, **settings)
    trainer = GANTrainer(gan, lambda step: 1e-3, betas=(0.0, 0.999))
    batches = (digits[rng.host.integers(len(digits), size=64)] for _ in range(n))
    steepness = []
    for step, _ in steps(trainer, batches, rng, n):
        if step % 20 == 0:
            slope = penalties.input_gradient(gan.discriminator, Tensor(digits[:64])).numpy().reshape(64, -1)
            steepness.append(float(np.linalg.norm(slope, axis=1).mean()))
    gan.eval()
    return gan.sample(256, Generator(1)).numpy(), steepness


def tamed(samples: dict[str, np.ndarray], steepness: dict[str, list[float]]) -> None:
    """Fakes of several GANs above, and how steep their discriminators were below."""
    figure = plt.figure(figsize=(7.5, 4.8), layout="constrained")
    grid = figure.add_gridspec(2, len(samples), height_ratios=(1, 1.3))
    curves = figure.add_subplot(grid[1, :])
    for column, style, (title, images) in zip(range(9), ("-", "--", ":", "-."), samples.items(), strict=False):
        axis = figure.add_subplot(grid[0, column])
        axis.imshow(mosaic(images[:16], 4)[..., 0], cmap="gray", vmin=-1, vmax=1)
        axis.set_title(title, fontsize=10)
        axis.set_axis_off()
        curve = steepness[title]
        curves.semilogy(20 * np.arange(1, len(curve) + 1), curve, style, label=title)
    curves.set(ylabel="|grad s| at real digits", xlabel="step")
    curves.legend(fontsize=10, ncols=len(samples), loc="lower center", bbox_to_anchor=(0.5, 1.0))
    plt.show()
