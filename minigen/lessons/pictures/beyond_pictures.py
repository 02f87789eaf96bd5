"""What lesson 26 trains and draws: recommenders of likes, drivers behind a leader, clips that go on."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...autodiff import Tensor, no_grad
from ...data import pixels
from ...data.car_following import GAP, LEADER, SPEED, STEP
from ...data.likes import HELD_OUT, LIKED, TESTED
from ...data.movielens import load_movielens
from ...data.moving import GIVEN
from ...data.tastes import EACH, GENRES, SPREAD, USERS, WEIGHTS, ZIPF, load_tastes
from ...metrics.scenarios import ratio_interval, share_interval, smallest_ttc
from ...models.networks import grid_decoder, grid_encoder
from ...models.sequences.car_following import CarFollower
from ...models.sequences.transformer import Transformer
from ...models.sequences.video import VideoGPT, WordsOfFrames, in_a_row
from ...models.vaes.multvae import MultVAE, MultVAETrainer
from ...models.vaes.vae import VAETrainer
from ...models.vaes.vqvae import VQAutoencoder
from ...nn import Sequential, Sigmoid
from ...optim import Adam, cosine, warmup
from ...random import Generator

GREY, BLUE, ORANGE, GREEN = "0.35", "#1f5fa8", "#c2570c", "#3a7d44"
COLOURS = {"simulated": GREY, "simulated again": "0.6", "GRU": ORANGE, "Gaussian": BLUE, "nearest": GREEN}
THRESHOLDS = (1.0, 1.5, 2.0, 3.0, 4.0)  # seconds of time to collision

# --------------------------------------------------------------------------------------------------- what is liked


def likes_of(name: str = "tastes", seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Users to learn from (U, I), and of the test users what is known and what is held out (N, I): False and True."""

    def of(part: str) -> np.ndarray:
        return (load_tastes(part, seed) if name == "tastes" else load_movielens(part, seed=seed)).x

    train, test = of("train"), of("test")
    return train == LIKED, test == LIKED, test == HELD_OUT


def fit_mult_vae(
    train: np.ndarray, width: int = 64, latent_dim: int = 16, lr: float = 3e-3, steps: int = 600, seed: int = 0
) -> MultVAE:
    """A Mult-VAE of the likes (U, I), trained on batches of 100 users."""
    rng, x = Generator(seed), train.astype(np.uint8)
    model = MultVAE(x.shape[1], latent_dim, (width,), beta=0.5, rng=rng.spawn())
    trainer = MultVAETrainer(model, lr, rising=steps / 2)
    for _ in range(steps):
        trainer.step(Tensor(x[rng.host.integers(len(x), size=100)]), rng)
    return model


def scores_of(model: MultVAE, known: np.ndarray) -> np.ndarray:
    """log pi of each item, for users of whom `known` (N, I) is known: (N, I)."""
    with no_grad():
        return model.scores(Tensor(known.astype(np.uint8))).numpy()


def told_scores(seed: int = 0) -> np.ndarray:
    """The probabilities that the likes of each test user of `tastes` were drawn from: (N, 200)."""
    theta = Generator(0).host.dirichlet(SPREAD * WEIGHTS, USERS)  # the first that `tastes` draws
    within = np.arange(1, EACH + 1) ** -ZIPF
    p = np.einsum("ug,k->ugk", theta, within / within.sum()).reshape(USERS, len(GENRES) * EACH)
    return p[Generator(seed).permutation(USERS)[:TESTED]]


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """The mean of N numbers, and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / math.sqrt(len(values)))


# ------------------------------------------------------------------------------------------------------ who drives


def fit_driver(train: np.ndarray, steps: int = 400, width: int = 48, seed: int = 0) -> CarFollower:
    """A recurrent driver of the series (N, T+1, 3), trained on batches of 64."""
    rng = Generator(seed)
    model = CarFollower(width, train.shape[1] - 1, rng.spawn())
    trainer = VAETrainer(model, warmup(cosine(5e-3, steps), min(50, steps)))
    trainer.optimizer.max_norm = 1.0
    for _ in range(steps):
        trainer.step(Tensor(train[rng.host.integers(len(train), size=64)]), rng)
    return model


def nats_of(model: CarFollower, x: np.ndarray) -> np.ndarray:
    """-log p of each series (N, T+1, 3): (N,)."""
    with no_grad():
        parts = [-model.log_prob(Tensor(x[i : i + 1000])).numpy() for i in range(0, len(x), 1000)]
    return np.concatenate(parts).astype(np.float64)


def driving(model: CarFollower) -> Callable[[np.ndarray, Generator], np.ndarray]:
    """How the model drives: a function of series (N, T+1, 3), whose situations count, and a generator."""
    return lambda given, rng: model.continued(Tensor(given), rng).numpy()


def times_of(
    drive: Callable[[np.ndarray, Generator], np.ndarray], given: np.ndarray, seeds: Iterable[int]
) -> np.ndarray:
    """The smallest time to collision of each drive in the situations of `given` (N, T+1, 3), once for each seed."""
    return np.concatenate([smallest_ttc(drive(given, Generator(seed))) for seed in seeds])


def ratio_below(times: np.ndarray, real: np.ndarray, threshold: float) -> tuple[float, float, float]:
    """How many times as often `times` lie below the threshold as `real`, and the interval of 95 % of that."""
    k, k2 = (int((some < threshold).sum()) for some in (times, real))
    return ratio_interval(k, len(times), k2, len(real))


def braking(x: np.ndarray, count: int = 4) -> np.ndarray:
    """The numbers of so many series (N, T+1, 3), from the one whose leader brakes hardest to a calm one."""
    hardest = np.argsort(np.diff(x[:, :, LEADER], axis=1).min(axis=1), kind="stable")
    return hardest[len(x) * np.arange(count) // (2 * count)]


def least_cost(p: float, q: float) -> float:
    """The fewest nats an example that a model loses if it gives an event of probability p the probability q."""
    return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))


# -------------------------------------------------------------------------------------------------- what goes on


def new_video(words: int = 64, width: int = 48, length: int = 10, seed: int = 0) -> VideoGPT:
    """A VQ-VAE of frames of 16x16 pixels, 4x4 words each, and a Transformer of two blocks over the words."""
    rng, size, grid = Generator(seed), (16, 16, 1), (4, 4)
    encoder = grid_encoder(size, 16, 16, rng)
    decoder = Sequential(*grid_decoder(16, size, 16, rng), Sigmoid())
    frames = VQAutoencoder(encoder, decoder, words, 16, rng)
    body = Transformer(width, 4, 2, length * math.prod(grid), rng=rng)
    return VideoGPT(frames, WordsOfFrames(words, width, body, grid, rng), length, grid)


def fit_frames(model: VideoGPT, clips: np.ndarray, steps: int = 400, seed: int = 0) -> list[float]:
    """The VQ-VAE, on batches of 64 frames of bytes (N, T, H, W, C); returns the squared error of each step."""
    rng, losses, frames = Generator(seed), [], clips.reshape(-1, *clips.shape[2:])
    model.prepare(Tensor(pixels(clips[:500])))
    optimizer = Adam(
        [*model.frames.encoder.parameters(), *model.frames.decoder.parameters()], lr=warmup(cosine(4e-3, steps), 20)
    )
    for _ in range(steps):
        loss = model.frames.loss(Tensor(pixels(frames[rng.host.integers(len(frames), size=64)])), rng)
        optimizer.step(loss.total)
        losses.append(loss.reconstruction.item())
    return losses


def fit_words(model: VideoGPT, clips: np.ndarray, steps: int = 200, seed: int = 0) -> list[float]:
    """The Transformer, on the words of the clips as the VQ-VAE now has them; returns the nats a word of each step."""
    rng, losses = Generator(seed), []
    words = np.concatenate([model.words_of(Tensor(pixels(clips[i : i + 100]))) for i in range(0, len(clips), 100)])
    optimizer = Adam(model.language.parameters(), lr=warmup(cosine(5e-3, steps), 20), betas=(0.9, 0.99))
    optimizer.max_norm = 1.0
    for _ in range(steps):
        nats = model.nats_a_word(words[rng.host.integers(len(words), size=16)])
        optimizer.step(nats)
        losses.append(nats.item())
    return losses


def guesses_of(model: VideoGPT, given: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """So many continuations of clips (N, t, H, W, C): (count, N, T - t, H, W, C)."""
    rng = Generator(seed)
    drawn = [model.continued(Tensor(given), rng.spawn()).numpy()[:, given.shape[1] :] for _ in range(count)]
    return np.clip(np.stack(drawn), 0, 1)


def through_words(model: VideoGPT, x: np.ndarray) -> np.ndarray:
    """Clips as the decoder shows the words of their own frames: the best that words can do."""
    with no_grad():
        return model.frames.reconstruct(in_a_row(Tensor(x))).numpy().reshape(x.shape)


# ----------------------------------------------------------------------------------------------------- the pictures


def opening(known: np.ndarray, held_out: np.ndarray, series: np.ndarray, clip: np.ndarray) -> Figure:
    """Users and what they like, a driver behind a leader, a clip: what is given, and in orange what is asked.

    Args:
        known, held_out: (N, 200), False and True. series: (N, T+1, 3), of which one is shown. clip: (T, H, W, C).
    """
    figure = plt.figure(figsize=(7.5, 4.2), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=(2.4, 1))  # an array, whatever the stubs say
    top, bottom = parts
    left, right = top.subplots(1, 2)
    genre = np.repeat(np.arange(len(GENRES)), EACH)
    strongest = np.array([np.bincount(genre[row], minlength=len(GENRES)).argmax() for row in known])
    order = np.argsort(strongest, kind="stable")
    for what, colour, size in ((known, GREY, 3), (held_out, ORANGE, 7)):
        user, item = np.nonzero(what[order])
        left.scatter(item, user, s=size, color=colour, linewidths=0)
    left.set(xlabel="item", ylabel="user", xlim=(-1, known.shape[1]), ylim=(-1, len(known)))
    left.set_title("what will they like too?", fontsize=10)
    series = series[braking(series)[1]]
    t = STEP * np.arange(len(series))
    right.plot(t, series[:, LEADER], color="black", linewidth=2, label="leader")
    right.plot(t, series[:, SPEED], color=ORANGE, label="driver behind")
    right.set(xlabel="seconds", ylabel="speed (m/s)")
    right.set_title("how does one drive behind?", fontsize=10)
    right.legend(fontsize=9)
    axes = bottom.subplots(1, len(clip))
    for i, axis in enumerate(axes):
        axis.imshow(clip[i, :, :, 0], cmap="gray", vmin=0, vmax=1)
        framed(axis, GREY if i < GIVEN else ORANGE)
    bottom.suptitle("how does the clip go on?", fontsize=10)
    plt.show()
    return figure


def framed(axis: Axes, colour: str) -> None:
    """No ticks, and an edge of this colour."""
    axis.set(xticks=[], yticks=[])
    for spine in axis.spines.values():
        spine.set(color=colour, linewidth=2.5)


def ranks(values: dict[str, np.ndarray], what: str = "NDCG@100") -> Figure:
    """A mean over users for each recommender, with its interval of 95 %."""
    figure, axis = plt.subplots(figsize=(7.5, 0.9 + 0.42 * len(values)), layout="constrained")
    for i, (name, of_users) in enumerate(values.items()):
        mean, error = mean_and_error(of_users)
        colour = ORANGE if name == "Mult-VAE" else GREY if name.startswith("told") else BLUE
        axis.errorbar(mean, -i, xerr=1.96 * error, fmt="o", color=colour, capsize=3)
    axis.set(yticks=-np.arange(len(values)), yticklabels=list(values), xlabel=f"{what}, mean and interval of 95 %")
    axis.grid(axis="x", alpha=0.3)
    plt.show()
    return figure


def drivers(kinds: dict[str, np.ndarray]) -> Callable[..., Figure]:
    """For `move`: speeds and gaps of several drivers behind one leader; situation i of 0, 1, 2, ...

    Args:
        kinds: series (situations, drivers, T+1, 3) by the drivers' name.
    """

    def draw(i: int) -> Figure:
        figure, axes = plt.subplots(2, len(kinds), figsize=(7.5, 4.2), layout="constrained", sharex=True, sharey="row")
        for column, (name, x) in enumerate(kinds.items()):
            t = STEP * np.arange(x.shape[2])
            axes[0, column].plot(t, x[i, :, :, SPEED].T, color=COLOURS[name], linewidth=0.8)
            axes[0, column].plot(t, x[i, 0, :, LEADER], color="black", linewidth=2)
            axes[1, column].plot(t, x[i, :, :, GAP].T, color=COLOURS[name], linewidth=0.8)
            axes[1, column].axhline(0, color="black", linewidth=0.8)
            axes[0, column].set_title(name, fontsize=10)
            axes[1, column].set_xlabel("seconds")
        axes[0, 0].set_ylabel("speed (m/s)")
        axes[1, 0].set_ylabel("gap (m)")
        return figure

    return draw


def tail(ttc: dict[str, np.ndarray]) -> Figure:
    """How often the smallest TTC is below each threshold, relative to 'simulated', with intervals of 95 %."""
    figure, axis = plt.subplots(figsize=(7.5, 3.2), layout="constrained")
    real = ttc["simulated"]
    others = {name: times for name, times in ttc.items() if name != "simulated"}
    for i, (name, times) in enumerate(others.items()):
        r, low, high = np.array([ratio_below(times, real, s) for s in THRESHOLDS]).T
        x = np.arange(len(THRESHOLDS)) + 0.13 * (i - (len(others) - 1) / 2)
        axis.errorbar(x, r, yerr=[r - low, high - r], fmt="osD^"[i], color=COLOURS[name], capsize=3, label=name)
    axis.axhline(1, color=GREY, linewidth=1)
    marks = (0.5, 1, 2, 5, 10, 20)
    axis.set(yscale="log", ylabel="ratio to simulated", xlabel="smallest time to collision below")
    axis.set_yticks(marks, [f"{mark:g}" for mark in marks])
    axis.minorticks_off()
    axis.set_xticks(range(len(THRESHOLDS)), [f"{s:g} s\n({(real < s).sum()} in {len(real)})" for s in THRESHOLDS])
    axis.legend(fontsize=9)
    plt.show()
    return figure


def widths_of_counts(shares: tuple[float, ...] = (0.1, 0.01, 0.001)) -> Figure:
    """Wilson's interval, relative to the share, against the number of series."""
    figure, axis = plt.subplots(figsize=(7.5, 2.8), layout="constrained")
    n = np.geomspace(100, 1e6, 41)
    for share, colour, style in zip(shares, (BLUE, GREEN, ORANGE), ("-", "--", ":"), strict=True):
        ends = np.array([share_interval(round(share * m), round(m)) for m in n]) / share
        axis.plot(n, ends, color=colour, linestyle=style)
        axis.plot([], [], color=colour, linestyle=style, label=f"share about {share:g}")
    axis.set(xscale="log", xlabel="series", ylabel="interval / share", ylim=(0, 4))
    axis.legend(fontsize=9)
    plt.show()
    return figure


def horizon(decibels: dict[str, list[float]]) -> Figure:
    """Decibels against how many frames ahead, a line for each way to go on."""
    figure, axis = plt.subplots(figsize=(7.5, 3.2), layout="constrained")
    looks = {
        "mean of guesses": (ORANGE, "o-"),
        "one guess": (ORANGE, "o:"),
        "words of the truth": ("0.6", "o--"),
        "last frame": (BLUE, "s:"),
        "mean frame": (GREY, "s--"),
        "last motion": (GREEN, "s-"),
    }
    for name, values in decibels.items():
        colour, style = looks[name]
        axis.plot(range(1, len(values) + 1), values, style, color=colour, label=name)
    axis.set(xlabel="frames after the last that is given", ylabel="PSNR (dB)", xticks=range(1, len(values) + 1))
    axis.grid(alpha=0.3)
    axis.legend(fontsize=9, loc="upper left", bbox_to_anchor=(1.01, 1.02), borderaxespad=0)
    plt.show()
    return figure


def side_by_side(kinds: dict[str, np.ndarray]) -> Callable[..., Figure]:
    """For `move`: clip i and how it goes on, a row for each kind of whole clips (N, T, H, W, C)."""

    def draw(i: int) -> Figure:
        length = next(iter(kinds.values())).shape[1]
        figure, axes = plt.subplots(
            len(kinds), length, figsize=(7.5, 0.95 * len(kinds)), layout="constrained", squeeze=False
        )
        for row, (name, x) in zip(axes, kinds.items(), strict=True):
            for t, axis in enumerate(row):
                axis.imshow(x[i, t, :, :, 0], cmap="gray", vmin=0, vmax=1)
                framed(axis, GREY if t < GIVEN else ORANGE)
            row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
        return figure

    return draw


def playing(kinds: dict[str, np.ndarray], count: int = 6) -> Callable[[int], Figure]:
    """For `animate`: frame t of some clips, a row for each kind; an orange edge where the frame was not given."""

    def draw(t: int) -> Figure:
        figure, axes = plt.subplots(len(kinds), count, figsize=(6.4, 1.05 * len(kinds)), layout="constrained")
        for row, (name, x) in zip(axes, kinds.items(), strict=True):
            for i, axis in enumerate(row):
                axis.imshow(x[i, t, :, :, 0], cmap="gray", vmin=0, vmax=1)
                framed(axis, GREY if t < GIVEN else ORANGE)
            row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
        return figure

    return draw
