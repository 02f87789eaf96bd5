"""What lesson 23 draws: cosines of pictures and names, finds, bounds, experts, and what guidance does to points."""

import itertools
import textwrap
from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from scipy.spatial.distance import cdist

from ...autodiff import Tensor
from ...models.diffusion.flow_matching import carried
from ...models.pairs.contrastive import ContrastivePair
from ...report.plots import mosaic
from .images import named_rows as named_rows
from .scenes import compared, paint, scenes

RIGHT, OTHER = "#0072B2", "#E69F00"

# ------------------------------------------------------------------------------------------------ what is known


def copying_world(symbols: int = 16, kept: float = 0.9) -> np.ndarray:
    """p(x, y): x is one of so many symbols; y is x, or sometimes any of them."""
    conditional = (1 - kept) / symbols + kept * np.eye(symbols)
    return conditional / symbols


def information(joint: np.ndarray) -> float:
    """I(x; y) of a table of probabilities, in nats."""
    return float((joint * np.log(joint / (joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)))).sum())


def bound_of_best(joint: np.ndarray, n: int, draws: int = 4000, seed: int = 0) -> float:
    """log n - loss for one pair and n - 1 other names, with the best of all similarities, log p(y|x)/p(y)."""
    rng, size = np.random.default_rng(seed), len(joint)
    of_x, of_y = joint.sum(axis=1), joint.sum(axis=0)
    ratio = joint / (of_x[:, None] * of_y)
    x, first = np.divmod(rng.choice(size * size, draws, p=joint.ravel()), size)
    others = rng.choice(size, (draws, n - 1), p=of_y)
    below = ratio[x, first] + ratio[x[:, None], others].sum(axis=1)
    return float(np.log(n) + np.log(ratio[x, first] / below).mean())


CENTRES, WIDTH_OF_CLASS = 1.2 * np.array([[-0.866, -0.5], [0.866, -0.5], [0.0, 1.0]]), 0.8


def class_velocity(x: np.ndarray, t: float, classes: Sequence[int]) -> np.ndarray:
    """The mean velocity of flow matching at places x (N, 2) for a mixture of some of the three classes: exact."""
    means, a = CENTRES[list(classes)], 1 - t
    variance = a * a + (t * WIDTH_OF_CLASS) ** 2
    d = x[:, None] - t * means
    log_p = -0.5 * (d**2).sum(axis=2) / variance
    share = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    winds = means + (t * WIDTH_OF_CLASS**2 - a) / variance * d
    return np.asarray((share[:, :, None] * winds).sum(axis=1))


def guided_points(w: float, n: int = 1500, seed: int = 0) -> np.ndarray:
    """n points of the upper class, carried from noise by the exact velocities, with guidance w: (n, 2)."""

    def velocity(x: Tensor, t: float) -> Tensor:
        told, free = (class_velocity(x.data, t, classes) for classes in ((2,), (0, 1, 2)))
        return Tensor(told + w * (told - free))

    return carried(velocity, Tensor(np.random.default_rng(seed).standard_normal((n, 2))), 40, "heun").numpy()


def belief(x: np.ndarray) -> np.ndarray:
    """p(upper class | x) of points (N, 2)."""
    log_p = -0.5 * cdist(x, CENTRES, "sqeuclidean") / WIDTH_OF_CLASS**2
    share = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    return np.asarray(share[:, 2] / share.sum(axis=1))


def product_of_belief(w: float, n: int = 200_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """p(x|upper class) p(upper class|x)^w, scaled: points (n, 2) and their weights, which sum to 1."""
    x = CENTRES[2] + WIDTH_OF_CLASS * np.random.default_rng(seed).standard_normal((n, 2))
    weights = belief(x) ** w
    return x, weights / weights.sum()


def measured(x: np.ndarray, weights: np.ndarray | None = None) -> tuple[float, float]:
    """The mean belief in the upper class, and the deviation along an axis, of points (N, 2) that may have weights."""
    weights = np.full(len(x), 1 / len(x)) if weights is None else weights
    squares = weights @ (x - weights @ x) ** 2
    return float(weights @ belief(x)), float(np.sqrt(squares.mean()))


# --------------------------------------------------------------------------------------------------------- pictures


def opening(model: ContrastivePair, n: int = 6, seed: int = 3) -> None:
    """Held-out scenes, their names, and the cosine of each with each."""
    names, y, _, out = scenes()
    rng = np.random.default_rng(seed)
    rows = rng.choice(np.flatnonzero(out), n, replace=False)
    x = paint([names[i] for i in rows], rng)
    table(x, [names[i] for i in rows], compared(model, x, y[rows]))


def table(x: np.ndarray, names: Sequence[str], s: np.ndarray) -> None:
    """Pictures (N, H, W, 3) above their cosines with names, (N, M): a column for each picture."""
    n, m = s.shape
    _, axes = plt.subplots(
        2, 1, figsize=(7.5, 0.42 * m + 0.9), height_ratios=(0.9, 0.42 * m), sharex=True, layout="constrained"
    )
    for i, picture in enumerate(x):
        image = OffsetImage(picture.clip(0, 1), zoom=44 / len(picture), interpolation="nearest")
        axes[0].add_artist(AnnotationBbox(image, (i, 0.5), frameon=False))
    axes[0].axis("off")
    axes[1].imshow(s.T, cmap="Greys", vmin=-0.6, vmax=2.2, aspect="auto")
    for i, j in itertools.product(range(n), range(m)):
        weight = "bold" if i == j else "normal"
        axes[1].text(i, j, f"{s[i, j]:.2f}", ha="center", va="center", fontsize=10, weight=weight)
    axes[1].set_yticks(range(m), names, fontsize=9)
    axes[1].set_xticks([])
    axes[1].tick_params(length=0)
    plt.show()


def found(x: np.ndarray, names: Sequence[str], s: np.ndarray, queries: Sequence[int], k: int = 8) -> None:
    """For each queried name the k pictures with the largest cosines; the right one is framed. s: (pictures, names)."""
    side = x.shape[1] + 4
    canvas = np.ones((len(queries) * side, k * side, 3))
    _, axis = plt.subplots(figsize=(7.5, 0.62 * len(queries) + 0.1), layout="constrained")
    for row, query in enumerate(queries):
        best = np.argsort(-s[:, query], kind="stable")[:k]
        for column, i in enumerate(best):
            top, left = row * side + 2, column * side + 2
            canvas[top : top + side - 4, left : left + side - 4] = x[i]
        for place in np.flatnonzero(best == query):
            left, top = place * side - 0.5, row * side - 0.5
            axis.plot(
                left + (side - 1) * np.array([0, 1, 1, 0, 0]) + 0.5,
                top + (side - 1) * np.array([0, 0, 1, 1, 0]) + 0.5,
                color=RIGHT,
                linewidth=2.5,
            )
    axis.imshow(canvas.clip(0, 1), interpolation="nearest")
    axis.set_yticks((np.arange(len(queries)) + 0.5) * side, [wrapped(names[i]) for i in queries], fontsize=9)
    axis.set_xticks([])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    plt.show()


def wrapped(name: str, width: int = 22) -> str:
    """A name in lines of at most so many characters, two at most."""
    return "\n".join(textwrap.wrap(name, width)[:2])


def bounds(sizes: Sequence[int], values: Sequence[float], whole: float) -> None:
    """log N - loss by the number N of names, beside the two lines that it stays below."""
    _, axis = plt.subplots(figsize=(7.5, 2.9), layout="constrained")
    axis.plot(sizes, np.log(sizes), color="0.2", linestyle=":", label="log N")
    axis.axhline(whole, color="0.2", linestyle="--", label=f"I(x; y) = {whole:.2f}")
    axis.plot(sizes, values, "o-", color=RIGHT, label="log N - loss, with the best similarities")
    axis.set(xscale="log", xlabel="N, names to choose from", ylabel="nats", ylim=(0, 1.5 * whole))
    axis.set_xticks(sizes, [str(n) for n in sizes])
    axis.minorticks_off()
    axis.legend(fontsize=9)
    plt.show()


def bars(values: Mapping[str, Mapping[str, float]], chance: float) -> None:
    """recall@1 of some models: bars of pairs that were trained on, and of those held out."""
    _, axis = plt.subplots(figsize=(7.5, 2.4), layout="constrained")
    places = np.arange(len(values))
    for shift, name, colour, hatch in ((-0.2, "trained on", OTHER, "//"), (0.2, "held out", RIGHT, "")):
        heights = [of.get(name, 0.0) for of in values.values()]
        drawn = axis.barh(places + shift, heights, 0.36, color=colour, hatch=hatch, edgecolor="white", label=name)
        axis.bar_label(drawn, [f"{h:.0%}" if h else "" for h in heights], fontsize=9, padding=3)
    axis.axvline(chance, color="0.2", linestyle=":", label=f"chance, {chance:.1%}")
    axis.set_yticks(places, list(values), fontsize=9)
    axis.invert_yaxis()
    axis.set(xlim=(0, 1.3), xlabel="recall@1")
    axis.set_xticks(np.linspace(0, 1, 6))
    axis.legend(fontsize=9, loc="lower right")
    plt.show()


def experts_to_move() -> Callable[..., Figure]:
    """For `move`: an expert of the image, one of the label, the prior, and their product, of one number z."""
    z = np.linspace(-5, 5, 501)

    def density(mean: float, variance: float) -> np.ndarray:
        return np.asarray(np.exp(-0.5 * (z - mean) ** 2 / variance) / np.sqrt(2 * np.pi * variance))

    def draw(mean: float, deviation: float) -> Figure:
        figure, axis = plt.subplots(figsize=(7.5, 2.8), layout="constrained")
        precision, other = 1 / deviation**2, 1 / 0.8**2
        all_of = 1 + precision + other
        both = (mean * precision - 2 * other) / all_of
        axis.plot(z, density(0, 1), color="0.2", linestyle=":", label="prior")
        axis.plot(z, density(-2, 0.64), color=OTHER, linestyle="--", label="expert of the label")
        axis.plot(z, density(mean, deviation**2), color="#009E73", linestyle="-.", label="expert of the image")
        axis.fill_between(z, density(both, 1 / all_of), color=RIGHT, alpha=0.35, label="their product")
        axis.set(ylim=(0, 1.6), xlabel="z", ylabel="density")
        axis.set_title(f"the product: mean {both:.2f}, deviation {all_of**-0.5:.2f}", fontsize=10)
        axis.legend(fontsize=9, loc="upper right")
        return figure

    return draw


def guidance_to_move(points: Mapping[float, np.ndarray], digits: Mapping[float, np.ndarray]) -> Callable[..., Figure]:
    """For `move`: points of the upper class and digits, by guidance; what was measured of both."""
    cloud = np.concatenate([c + WIDTH_OF_CLASS * np.random.default_rng(1).standard_normal((150, 2)) for c in CENTRES])

    def draw(w: float) -> Figure:
        x, images = points[w], digits[w]
        each = len(images) // 10
        rows = images.reshape(10, each, 8, 8, 1)[:, :6].transpose(1, 0, 2, 3, 4).reshape(-1, 8, 8, 1)
        figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.1), layout="constrained", width_ratios=(1, 1.45))
        axes[0].scatter(*cloud.T, s=6, color="0.8", linewidths=0, label="all classes")
        axes[0].scatter(*x[:400].T, s=6, color=RIGHT, linewidths=0, label="drawn")
        axes[0].scatter(*CENTRES.T, s=60, color="0.1", marker="+", label="centres")
        axes[0].set(xlim=(-4, 4), ylim=(-3.4, 5.6), xticks=[], yticks=[], aspect="equal")
        axes[0].legend(fontsize=9, loc="upper left")
        axes[0].set_title(f"w = {w:g}: belief {belief(x).mean():.2f}", fontsize=10)
        axes[1].imshow(mosaic(rows, 10)[..., 0], cmap="gray", vmin=0, vmax=1)
        axes[1].set(xticks=[], yticks=[])
        axes[1].set_title("digits 0 to 9, as asked", fontsize=10)
        return figure

    return draw


def trade(told: Mapping[float, float], spread: Mapping[float, float], real: tuple[float, float]) -> None:
    """How many digits are judged to be what was asked for, and how varied they are, by guidance; beside real ones."""
    _, axes = plt.subplots(1, 2, figsize=(7.5, 2.5), layout="constrained")
    labels = "judged as asked for", "deviation within a class"
    for axis, values, of_real, label in zip(axes, (told, spread), real, labels, strict=True):
        axis.plot(list(values), list(values.values()), "o-", color=RIGHT, label="drawn")
        axis.axhline(of_real, color="0.2", linestyle="--", label="real digits")
        axis.set(xlabel="guidance w", ylabel=label)
        axis.legend(fontsize=9)
    plt.show()
