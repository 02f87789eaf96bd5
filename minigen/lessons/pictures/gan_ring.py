"""What lesson 9 plays and draws: games on a ring of eight clusters, and two densities that are shifted apart."""

from collections.abc import Callable
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ... import nn, ops
from ...autodiff import Tensor, no_grad
from ...data.toys import RING
from ...metrics import modes_found
from ...models import GAN
from ...models.gans.networks import dense_discriminator
from ...models.networks import dense_decoder
from ...optim import Adam
from ...random import Generator

SIGMA = 0.05  # of each cluster; the radius of the ring is 1
EDGE = 1.5  # fakes lie in the square from -EDGE to EDGE
FAKES, DATA = "#bd1f01", "0.55"

# ------------------------------------------------------------------------------------------------------- the players


class Bumps(nn.Module):
    """A point of the plane as 225 numbers: how near it is to each knot of a grid. (N, 2 m) -> (N, 225 m)."""

    def __init__(self, width: float = 0.25) -> None:
        grid = np.linspace(-1.75, 1.75, 15, dtype=np.float32)
        self.knots = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
        self.width = width

    def forward(self, x: Tensor) -> Tensor:
        """One bump of a normal density around each knot, for each of the m points of a pack."""
        squares = ops.sum((ops.reshape(x, (len(x), -1, 1, 2)) - self.knots) ** 2, axis=3)
        return ops.exp(squares * (-0.5 / self.width**2))


class Within(nn.Module):
    """Keeps the fakes in the square, as tanh keeps pixels between black and white."""

    def forward(self, x: Tensor) -> Tensor:
        """EDGE tanh(x)."""
        return ops.tanh(x) * EDGE


def new_game(seed: int = 0, pack: int = 1, loss: str = "non-saturating") -> GAN:
    """A generator of two hidden layers, and a discriminator that sees points through bumps."""
    rng = Generator(seed)
    judge = nn.Sequential(Bumps(), *dense_discriminator((225 * pack,), [64], rng))
    painter = nn.Sequential(*dense_decoder(2, (2,), [128, 128], rng), Within())
    return GAN(painter, judge, latent_dim=2, loss=loss, pack=pack)


def ring(n: int, rng: Generator) -> np.ndarray:
    """n examples: eight Gaussians on a circle, (n, 2)."""
    return (RING[rng.host.integers(8, size=n)] + SIGMA * rng.host.standard_normal((n, 2))).astype(np.float32)


# -------------------------------------------------------------------------------------------------------- the game


@dataclass
class Game:
    """What there was to see of a game. d_loss: before each step of D; the others: before each step of G."""

    d_loss: list[float] = field(default_factory=list)
    g_loss: list[float] = field(default_factory=list)
    g_gradient: list[float] = field(default_factory=list)
    stills: list[tuple[int, np.ndarray, np.ndarray]] = field(default_factory=list)

    @property
    def found(self) -> list[int]:
        """How many of the eight clusters have a fake within 3 sigma, by still."""
        return [modes_found(fakes, RING, SIGMA).found for _, fakes, _ in self.stills]

    @property
    def good(self) -> list[float]:
        """The share of the fakes within 3 sigma of a cluster, by still."""
        return [modes_found(fakes, RING, SIGMA).high_quality for _, fakes, _ in self.stills]

    def visited(self, least: float = 0.5) -> list[int]:
        """The clusters that had this share of the good fakes or more, in the order in which they came; 0 is right."""
        places: list[int] = []
        for _, fakes, _ in self.stills[1:]:
            distance = np.linalg.norm(fakes[:, None] - RING, axis=2)
            share = np.bincount(distance.argmin(axis=1)[distance.min(axis=1) < 3 * SIGMA], minlength=8) / len(fakes)
            if share.max() >= least and places[-1:] != [int(share.argmax())]:
                places.append(int(share.argmax()))
        return places


def play(gan: GAN, turns: int, steps: tuple[int, int] = (1, 1), rates: tuple[float, float] = (5e-3, 2e-4)) -> Game:
    """A game: in each turn so many steps of D, then so many of G, at these rates. The other player stands still."""
    d_optimizer, g_optimizer = (
        Adam(player.parameters(), lr=rate, betas=(0.5, 0.999))
        for player, rate in zip((gan.discriminator, gan.generator), rates, strict=True)
    )
    rng, game = Generator(0), Game()
    game.stills.append((0, *look(gan)))
    for turn in range(1, turns + 1):
        for _ in range(steps[0]):
            loss = gan.discriminator_loss(Tensor(ring(128, rng)), rng).total
            d_optimizer.zero_grad()
            loss.backward()
            d_optimizer.step()
            game.d_loss.append(loss.item())
        for _ in range(steps[1]):
            loss = gan.generator_loss(128, rng)
            g_optimizer.zero_grad()
            loss.backward()
            game.g_gradient.append(gradient_norm(gan.generator))
            g_optimizer.step()
            game.g_loss.append(loss.item())
        if turn % max(1, turns // 24) == 0:
            game.stills.append((turn, *look(gan)))
    return game


def gradient_norm(player: nn.Module) -> float:
    """The length of the gradient with respect to all weights."""
    return float(np.sqrt(sum(float((p.grad.numpy() ** 2).sum()) for p in player.parameters() if p.grad is not None)))


def look(gan: GAN) -> tuple[np.ndarray, np.ndarray]:
    """300 fakes, and D's belief at each point of a grid; a D of packs is shown packs of one point, repeated."""
    axis = np.linspace(-1.75, 1.75, 40, dtype=np.float32)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    with no_grad():
        belief = ops.sigmoid(gan.discriminator(Tensor(np.tile(points, gan.pack)))).numpy().reshape(40, 40)
        return gan.sample(300, Generator(9)).numpy(), belief


# ----------------------------------------------------------------------------------------------------- the pictures


def still(axis: Axes, game: Game, i: int) -> None:
    """One moment: clusters grey, fakes as small crosses, and D's belief as a shade of blue."""
    turn, fakes, belief = game.stills[i]
    axis.imshow(belief, extent=(-1.75, 1.75, -1.75, 1.75), origin="lower", cmap="Blues", vmin=0, vmax=1.5)
    axis.scatter(RING[:, 0], RING[:, 1], s=70, facecolors="none", edgecolors=DATA, linewidths=1.5)
    axis.scatter(fakes[:, 0], fakes[:, 1], s=9, marker="x", color=FAKES, linewidths=0.7)
    axis.set(xlim=(-1.75, 1.75), ylim=(-1.75, 1.75), xticks=[], yticks=[])
    axis.set_title(f"turn {turn}: {game.found[i]} of 8", fontsize=10)


def show(game: Game, columns: int = 5, rows: int = 2) -> None:
    """Moments of a game, evenly spread, with how many of the eight clusters have a fake within 3 sigma."""
    _, axes = plt.subplots(rows, columns, figsize=(7.5, 1.72 * rows), layout="constrained")
    moments = np.linspace(0, len(game.stills) - 1, rows * columns).round().astype(int)
    for axis, i in zip(axes.flat, moments, strict=True):
        still(axis, game, int(i))
    plt.show()


def frame(game: Game) -> Callable[[int], Figure]:
    """For `animate`: draws moment i."""

    def draw(i: int) -> Figure:
        figure, axis = plt.subplots(figsize=(2.7, 2.9), layout="constrained")
        still(axis, game, i)
        return figure

    return draw


def compare_losses(games: dict[str, Game]) -> None:
    """D's loss by step, beside 2 log 2: that of a coin."""
    _, axes = plt.subplots(1, len(games), figsize=(7.5, 2.5), layout="constrained", sharey=True)
    for axis, (name, game) in zip(axes, games.items(), strict=True):
        axis.plot(game.d_loss, linewidth=0.8)
        axis.axhline(2 * np.log(2), color="0.3", linestyle="--")
        axis.set(xlabel="step of D", ylim=(0, 4))
        axis.set_title(name, fontsize=10)
    axes[0].set_ylabel("D's loss (dashed: a coin's)", fontsize=9)
    plt.show()


def table(games: dict[str, Game]) -> None:
    """The second half of each game in numbers."""
    print("second half of the game     D's loss: mean  lowest  highest   clusters found   good fakes")
    for name, game in games.items():
        loss = np.array(game.d_loss[len(game.d_loss) // 2 :])
        found, good = (np.mean(values[len(values) // 2 :]) for values in (game.found, game.good))
        print(f"{name:26}{loss.mean():16.2f}{loss.min():8.2f}{loss.max():9.2f}{found:17.1f}{good:13.0%}")


def best_and_learnt(x: np.ndarray, p: np.ndarray, q: np.ndarray, learnt: np.ndarray, losses: list[float]) -> None:
    """Two densities, the best D and the learnt one, and D's loss beside that of the best."""
    best = p / (p + q)
    _, axes = plt.subplots(1, 3, figsize=(7.5, 2.7), layout="constrained")
    axes[0].plot(x, p, color="0.4", label="p, the data")
    axes[0].plot(x, q, color=FAKES, linestyle="--", label="q, the fakes")
    axes[1].plot(x, best, color="0.6", linewidth=5, label="p / (p + q)")
    axes[1].plot(x, learnt, color="C0", label="D, learnt")
    axes[2].plot(losses, color="C0", linewidth=0.7, label="D's loss")
    axes[2].axhline(best_loss(x, p, q), color="0.2", linestyle="--", label="the best D's")
    for axis, title, top in zip(axes, ("densities", "D(x)", "loss, by step"), (0.65, 1.6, 2.2), strict=True):
        axis.set_title(title, fontsize=10)
        axis.set_ylim(top=top)
        axis.legend(fontsize=9, loc="upper center")
    plt.show()


def best_loss(x: np.ndarray, p: np.ndarray, q: np.ndarray) -> float:
    """The loss of the best D, an integral over an even grid x: 2 log 2 - 2 JSD."""
    p, q = np.maximum(p, 1e-300), np.maximum(q, 1e-300)
    return float((p * np.log1p(q / p) + q * np.log1p(p / q)).sum() * (x[1] - x[0]))


def two_losses() -> None:
    """The generator's two losses for one fake, and their slopes."""
    s = np.linspace(-8, 8, 200)
    d = 1 / (1 + np.exp(-s))
    _, axes = plt.subplots(1, 2, figsize=(7.5, 2.8), layout="constrained")
    axes[0].plot(s, np.log(1 - d), label="log(1 - D), minimax")
    axes[0].plot(s, -np.log(d), "--", label="-log D, non-saturating")
    axes[1].plot(s, -d, label="-D")
    axes[1].plot(s, -(1 - d), "--", label="-(1 - D)")
    for axis, title in zip(axes, ("G's loss for one fake", "its slope"), strict=True):
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("s: from 'surely fake' to 'surely real'")
        axis.legend(fontsize=9)
    plt.show()


def mean_shift(curve: Callable[[np.ndarray, np.ndarray, np.ndarray], float] = best_loss) -> Callable[..., Figure]:
    """For `move`: data N(0, 1), fakes N(t, sigma^2); D's best loss and the JSD at this t and at all others, and W1."""
    x = np.linspace(-12, 24, 2400)
    z = np.linspace(-6, 6, 1201)
    weight = normal(z, 0, 1) * (z[1] - z[0])
    data, shifts = normal(x, 0, 1), np.linspace(0, 12, 49)

    def draw(t: float, sigma: float) -> Figure:
        losses = np.array([curve(x, data, normal(x, shift, sigma)) for shift in shifts])
        distances = [float(weight @ np.abs(shift + (sigma - 1) * z)) for shift in shifts]
        curves = {"JSD": np.log(2) - losses / 2, "D's best loss": losses, "W1": np.array(distances)}
        figure, axes = plt.subplots(2, 1, figsize=(7.5, 4.6), layout="constrained")
        axes[0].plot(x, data, color="0.4", label="data")
        axes[0].plot(x, normal(x, t, sigma), color=FAKES, linestyle="--", label="fakes")
        axes[0].set(xlim=(-4, 16), xlabel="x")
        for (name, values), line in zip(curves.items(), ("-", "--", ":"), strict=True):
            here = float(np.interp(t, shifts, values))
            slope = float(np.gradient(values, shifts)[np.abs(shifts - t).argmin()])
            axes[1].plot(shifts, values, line, label=f"{name}: {here:.3f}, slope {slope:+.3f}")
            axes[1].plot(t, here, "o", color=axes[1].lines[-1].get_color())
        axes[1].set(xlabel="t, how far the fakes are off", ylim=(-0.1, 3))
        for axis in axes:
            axis.legend(fontsize=10, loc="upper right")
        return figure

    return draw


def normal(x: np.ndarray, mean: float, sigma: float) -> np.ndarray:
    """The density of N(mean, sigma^2)."""
    return np.exp(-0.5 * ((x - mean) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))


def slow_players(games: dict[str, Game]) -> None:
    """D's loss and the norm of G's gradient, by turn, smoothed over 20."""
    _, axes = plt.subplots(1, 2, figsize=(7.5, 2.9), layout="constrained")
    for (name, game), line in zip(games.items(), ("-", "--"), strict=True):
        for axis, values in zip(axes, (game.d_loss, game.g_gradient), strict=True):
            axis.plot(np.convolve(values, np.ones(20) / 20, "valid"), line, label=name)
    axes[0].axhline(2 * np.log(2), color="0.3", linewidth=0.8)
    axes[0].set_title("D's loss (line: 2 log 2)", fontsize=10)
    axes[1].set_title("norm of G's gradient", fontsize=10)
    axes[1].set_yscale("log")
    for axis in axes:
        axis.set_xlabel("turn")
    axes[0].legend(fontsize=9)
    plt.show()
