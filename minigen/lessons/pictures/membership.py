"""What lesson 24 trains, attacks and draws: models of the small digits, scores of members, and what noise hides."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import ndtr, ndtri

from ... import ops
from ...autodiff import Tensor, no_grad
from ...data import load
from ...metrics.membership import AUC, auc, roc
from ...models import recipe_of
from ...nn import Dense, Flatten, Module, Sequential, Tanh
from ...optim import SGD, Adam
from ...privacy import PoissonBatches, PrivateTrainer, divergence, epsilon_of, spent
from ...privacy.accountant import ORDERS
from ...random import Generator
from ...report import Trained
from ...report.plots import mosaic
from ...train import Batches, steps

TICKS = (10, 30, 100, 300, 1000)  # of epochs
EPSILONS = (0.2, 0.5, 1, 2, 5, 10, 20)
MEMBER, OTHER, CHANCE = "#1f5fa8", "#c2570c", "0.6"
BATCH = 50
SETTINGS: dict[str, dict[str, Any]] = {
    "vae": {"width": 200, "latent_dim": 8, "lr": 5e-3},
    "gan": {"width": 128, "latent_dim": 8, "lr": 1e-3},
}

# ---------------------------------------------------------------------------------------------- models and scores


def fit(
    name: str, members: np.ndarray, count: int, at: Sequence[int] = (), seed: int = 0, then: Any = None
) -> tuple[Trained, dict[int, Any]]:
    """Train a small VAE or GAN on members (N, 8, 8, 1) for so many steps of 50 images.

    Args:
        name: 'vae' or 'gan'. then: called with the trained model after each of the steps `at`.

    Returns:
        The model, and what `then` gave, by step.
    """
    recipe, rng = recipe_of(name), Generator(seed)
    settings = recipe.settings(load("digits"), seed=seed, batch_size=BATCH, **SETTINGS[name])
    model = recipe.build(settings, members.shape[1:], rng)
    trainer = recipe.trainer(model, settings)
    batches = Batches(recipe.prepared(members), batch_size=BATCH, rng=rng.spawn())
    trained = Trained(model, settings, members.shape[1:])
    found: dict[int, Any] = {}
    for step, _ in steps(trainer, batches, rng, count):
        if step in at:
            found[step] = then(trained)
    return trained, found


def score(trained: Trained, x: np.ndarray, seed: int = 0) -> np.ndarray:
    """Higher for what the model was trained on: a VAE's bound on log p(x) by four codes, a GAN's logit of 'real'."""
    if trained.can_show("log-weights"):
        return np.asarray(trained.log_weights(x, 4, Generator(seed)).mean(axis=1))
    return trained.verdicts(x)


def without_a_model(members: np.ndarray, others: np.ndarray) -> AUC:
    """The plainest score, which no model has a part in: how near an image is to the mean of all."""
    both = np.concatenate([members, others]).reshape(len(members) + len(others), -1)
    near = -np.linalg.norm(both - both.mean(axis=0), axis=1)
    return auc(near[: len(members)], near[len(members) :])


def by_epochs(
    name: str, x: np.ndarray, others: np.ndarray, sizes: Sequence[int], at: Sequence[int], seed: int = 0
) -> dict[int, dict[float, AUC]]:
    """The attack's AUC after so many epochs of training on the first so many images: by size, then by epochs."""
    found: dict[int, dict[float, AUC]] = {}
    for size in sizes:
        members = x[:size]

        def attack(trained: Trained, members: np.ndarray = members) -> AUC:
            return auc(score(trained, members), score(trained, others))

        _, values = fit(name, members, max(at), at, seed, attack)
        found[size] = {step * BATCH / size: value for step, value in values.items()}
    return found


# ----------------------------------------------------------------------------------------------- private training


def network(seed: int = 0, inputs: int = 64, hidden: int = 32) -> Sequential:
    """A small classifier of digits: logits (N, 10)."""
    rng = Generator(seed)
    return Sequential(Flatten(), Dense(inputs, hidden, rng=rng), Tanh(), Dense(hidden, 10, rng=rng))


def losses_of(model: Module) -> Callable[..., Tensor]:
    """-log p(label) of each image, (N,), as `PrivateTrainer` takes it."""

    def losses(x: Tensor, rng: Generator, labels: np.ndarray) -> Tensor:
        return -ops.getitem(ops.log_softmax(model(x)), (np.arange(len(labels)), labels))

    return losses


def classifier(
    x: np.ndarray, y: np.ndarray, count: int, clip: float, noise: float, rate: float, lr: float = 0.5, seed: int = 0
) -> Module:
    """Train `network` by DP-SGD; with a huge clip and no noise that is plain SGD on batches of random size."""
    model, rng = network(seed), Generator(seed)
    batches = PoissonBatches(x, y, rate=rate, rng=rng.spawn())
    trainer = PrivateTrainer(
        model, losses_of(model), SGD(model.parameters(), lr), clip=clip, noise=noise, batch_size=batches.mean
    )
    for _ in steps(trainer, batches, rng, count):
        pass
    return model


def log_p_of_labels(model: Module, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """log p(label) of each image, (N,): the score of the attack on a classifier."""
    with no_grad():
        return -losses_of(model)(Tensor(x), Generator(0), y).numpy()


def accuracy(model: Module, x: np.ndarray, y: np.ndarray) -> float:
    """The share of images whose label is the likeliest."""
    with no_grad():
        return float((model(Tensor(x)).numpy().argmax(axis=1) == y).mean())


def private_gan(members: np.ndarray, count: int, clip: float, noise: float, rate: float, seed: int = 0) -> Trained:
    """The same GAN, whose discriminator, the only part that sees the data, learns by DP-SGD."""
    recipe, rng = recipe_of("gan"), Generator(seed)
    settings = recipe.settings(load("digits"), seed=seed, batch_size=BATCH, **SETTINGS["gan"])
    model: Any = recipe.build(settings, members.shape[1:], rng)
    judge, betas, lr = model.discriminator, (0.5, 0.999), SETTINGS["gan"]["lr"]
    batches = PoissonBatches(recipe.prepared(members), rate=rate, rng=rng.spawn())
    trainer = PrivateTrainer(
        judge,
        lambda x, rng: ops.softplus(-judge(x))[:, 0],
        Adam(judge.parameters(), lr, betas),
        clip=clip,
        noise=noise,
        batch_size=batches.mean,
        public=lambda rng: ops.mean(ops.softplus(judge(model.still(model.fakes, BATCH, rng)))),
    )
    of_generator = Adam(model.generator.parameters(), lr, betas)
    for _ in steps(trainer, batches, rng, count):
        of_generator.step(model.generator_loss(BATCH, rng))
    return Trained(model, settings, members.shape[1:])


# -------------------------------------------------------------------------------------------------- what is known


def resting_place(x: np.ndarray, clip: float) -> float:
    """Where descent on (w - x_n)^2 / 2 ends if each gradient w - x_n is clipped: their sum is 0 there. By halving."""
    low, high = float(x.min()), float(x.max())
    for _ in range(60):
        w = (low + high) / 2
        low, high = (low, w) if np.clip(w - x, -clip, clip).sum() > 0 else (w, high)
    return low


def gaussian_delta(epsilon: np.ndarray, noise: float) -> np.ndarray:
    """The least delta of one noisy sum for each epsilon; exercise 24.5 derives it."""
    a, b = 1 / (2 * noise), epsilon * noise
    return np.asarray(ndtr(a - b) - np.exp(epsilon) * ndtr(-a - b))


def added_up(rate: float, noise: float, count: int, delta: float) -> float:
    """epsilon of so many steps if each step's is added up, with a delta of delta / count each."""
    return count * spent(rate, noise, 1, delta / count).epsilon


# ------------------------------------------------------------------------------------------------------- pictures


def opening(members: np.ndarray, others: np.ndarray) -> Figure:
    """The scores of members and others, and the ROC curve that they make."""
    figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.1), layout="constrained", width_ratios=(1.5, 1))
    low, high = np.percentile(np.concatenate([members, others]), [1, 100])
    bins = np.linspace(low, high, 40)
    for scores, colour, name in ((others, OTHER, "others"), (members, MEMBER, "members")):
        axes[0].hist(scores, bins, density=True, histtype="stepfilled", color=colour, alpha=0.5, label=name)
    axes[0].set(xlabel="score: a bound on log p(x), in nats", ylabel="density")
    axes[0].legend(fontsize=10)
    curve, found = roc(members, others), auc(members, others)
    axes[1].plot(curve.others, curve.members, color="black")
    axes[1].fill_between(curve.others, curve.members, color="black", alpha=0.1, linewidth=0)
    axes[1].plot([0, 1], [0, 1], color=CHANCE, linestyle="--")
    axes[1].set_title(f"area {found.value:.2f}", fontsize=10)
    rates(axes[1])
    return figure


def rates(axis: Axes) -> None:
    """The axes of a ROC curve."""
    axis.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axis.set_xlabel("share of others named, f", fontsize=10)
    axis.set_ylabel("share of members found", fontsize=10)


def epochs(found: Mapping[str, Mapping[int, Mapping[float, AUC]]], baselines: Mapping[int, AUC]) -> Figure:
    """AUC by epochs for each size, a panel a model; dashed: the score without a model."""
    figure, axes = plt.subplots(1, len(found), figsize=(7.5, 3.3), layout="constrained", sharey=True, sharex=True)
    styles = dict(zip(baselines, (("C0", "o"), ("C1", "s"), ("C2", "^")), strict=False))
    for axis, (name, sizes) in zip(axes, found.items(), strict=True):
        for size, values in sizes.items():
            colour, marker = styles[size]
            middle, low, high = np.array(list(values.values())).T
            axis.plot(list(values), middle, color=colour, marker=marker, markersize=4, label=f"{size} images")
            axis.fill_between(list(values), low, high, color=colour, alpha=0.15, linewidth=0)
            axis.plot(list(values), [baselines[size].value] * len(values), "--", color=colour, linewidth=1)
        axis.axhline(0.5, color=CHANCE, linewidth=1)
        axis.set(xscale="log", xlabel="epochs", title=f"a {name.upper()}")
        axis.set_xticks(TICKS, [str(tick) for tick in TICKS])
        axis.minorticks_off()
        axis.legend(fontsize=9, loc="upper left")
    axes[0].set_ylabel("AUC (band: 95 %)")
    return figure


def canaries(groups: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """For each kind of image the scores of members and of others, as points beside each other."""
    figure, axes = plt.subplots(1, len(groups), figsize=(7.5, 2.6), layout="constrained")
    for axis, (name, (members, others)) in zip(axes, groups.items(), strict=True):
        for height, (scores, colour) in enumerate(((others, OTHER), (members, MEMBER))):
            jitter = height + np.linspace(-0.3, 0.3, len(scores))
            axis.scatter(scores, jitter, s=6 if len(scores) > 50 else 24, color=colour, alpha=0.6, linewidths=0)
        axis.set_yticks([0, 1], ["others", "members"])
        axis.set_xlim(np.percentile(np.concatenate([members, others]), 0.5) - 5, None)
        axis.set_title(f"{name}: AUC {auc(members, others).value:.2f}", fontsize=10)
        axis.set_xlabel("score, nats", fontsize=10)
    return figure


def promise_to_move() -> Callable[..., Figure]:
    """For `move`: the two densities of one noisy number, and the best attack's ROC with what (eps, delta) allows."""
    z, f = np.linspace(-6, 7, 400), np.linspace(0, 1, 201)

    def draw(noise: float, epsilon: float) -> Figure:
        figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.2), layout="constrained", width_ratios=(1.3, 1))
        for centre, colour, style, name in ((0, OTHER, "--", "without the example"), (1, MEMBER, "-", "with it")):
            p = np.exp(-0.5 * ((z - centre) / noise) ** 2) / (noise * np.sqrt(2 * np.pi))
            axes[0].plot(z, p, color=colour, linestyle=style, label=name)
        axes[0].set(xlabel="z, in units of C", ylabel="density", ylim=(0, 0.52 / noise))
        axes[0].legend(fontsize=9, loc="upper center", ncols=2)
        delta = float(gaussian_delta(np.array(epsilon), noise))
        with np.errstate(divide="ignore"):
            axes[1].plot(f, ndtr(ndtri(f) + 1 / noise), color="black", label="best attack")
        allowed = np.minimum(np.exp(epsilon) * f + delta, 1 - np.exp(-epsilon) * (1 - delta - f)).clip(0, 1)
        axes[1].plot(f, allowed, color="C2", linestyle="--", label="allowed")
        axes[1].plot(f, f, color=CHANCE, linewidth=1)
        axes[1].set_title(f"epsilon {epsilon:.1f}, delta {delta:.2g}", fontsize=10)
        axes[1].legend(fontsize=9, loc="lower right")
        rates(axes[1])
        return figure

    return draw


def resting_places(x: np.ndarray, clips: np.ndarray) -> Figure:
    """Where clipped descent ends, by C, between the median and the mean."""
    figure, axis = plt.subplots(figsize=(7.5, 2.7), layout="constrained")
    axis.semilogx(clips, [resting_place(x, clip) for clip in clips], color=MEMBER, label="where descent ends")
    axis.axhline(x.mean(), color="black", linestyle="--", label=f"mean {x.mean():.2f}")
    axis.axhline(float(np.median(x)), color="black", linestyle=":", label=f"median {np.median(x):.2f}")
    axis.set(xlabel="C, the largest gradient", ylabel="w")
    axis.legend(fontsize=9)
    return figure


def ways_to_count(rate: float, noise: float, counts: Sequence[int], delta: float) -> Figure:
    """epsilon by steps: each step's added up, and by the accountant."""
    figure, axis = plt.subplots(figsize=(7.5, 2.9), layout="constrained")
    ours = [spent(rate, noise, count, delta).epsilon for count in counts]
    axis.loglog(counts, [added_up(rate, noise, c, delta) for c in counts], "--", color=OTHER, label="added up")
    axis.loglog(counts, ours, "-", color=MEMBER, label="Rényi accountant")
    axis.set(xlabel="steps", ylabel="epsilon")
    axis.legend(fontsize=10)
    return figure


def settings_to_move(norms: np.ndarray, examples: int, rate: float, delta: float) -> Callable[..., Figure]:
    """For `move`: epsilon by epochs for a noise, and what a clip does to gradients of these norms.

    Args:
        norms: of the gradients of some examples. examples: N, in the data. rate: q.
    """
    every = np.unique(np.geomspace(1, 200, 25).astype(int))
    top = float(np.percentile(norms, 99.5))

    def draw(noise: float, clip: float, epochs: int) -> Figure:
        figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.1), layout="constrained")
        divergences = [(a, divergence(rate, noise, a)) for a in ORDERS]
        values = [min(epsilon_of(round(e / rate) * d, a, delta) for a, d in divergences) for e in (*every, epochs)]
        axes[0].loglog(every, values[:-1], color=MEMBER)
        axes[0].plot(epochs, values[-1], "o", color=OTHER)
        axes[0].set(xlabel="epochs", ylabel="epsilon", ylim=(0.05, 300))
        axes[0].set_title(f"epsilon {values[-1]:.2f}", fontsize=10)
        axes[1].hist(norms, np.linspace(0, top, 40), color=CHANCE)
        axes[1].axvline(clip, color=OTHER, label=f"C: {np.mean(norms > clip):.0%} clipped")
        axes[1].set(xlabel="norm of an example's gradient", ylabel="examples")
        axes[1].set_title(f"noise on each weight {noise * clip / (rate * examples):.4f}", fontsize=10)
        axes[1].legend(fontsize=9)
        return figure

    return draw


def price(epsilons: Sequence[float], found: np.ndarray, plain: float, clipped: float) -> Figure:
    """Accuracy against epsilon, a point a seed: found (noises, seeds); lines: without privacy, and clipped alone."""
    figure, axis = plt.subplots(figsize=(7.5, 3.0), layout="constrained")
    axis.semilogx(epsilons, found.mean(axis=1), color=MEMBER)
    axis.semilogx(np.repeat(epsilons, found.shape[1]), found.ravel(), "o", color=MEMBER, label="DP-SGD, a point a seed")
    axis.axhline(plain, color="black", linestyle="--", label="plain SGD")
    axis.axhline(clipped, color="black", linestyle=":", label="clipped, no noise")
    axis.axhline(0.1, color=CHANCE, linewidth=1, label="guessing")
    axis.set(xlabel="epsilon", ylabel="accuracy on test digits", ylim=(0, 1))
    shown = [e for e in EPSILONS if min(epsilons) <= e <= max(epsilons)]
    axis.set_xticks(shown, [f"{e:g}" for e in shown])
    axis.minorticks_off()
    axis.legend(fontsize=9, loc="center right")
    return figure


def falls(found: Mapping[str, AUC]) -> Figure:
    """The attack's AUC for each training, with its interval."""
    figure, axis = plt.subplots(figsize=(7.5, 0.45 * len(found) + 0.8), layout="constrained")
    names = list(found)[::-1]
    for i, name in enumerate(names):
        value, low, high = found[name]
        axis.plot([low, high], [i, i], color=MEMBER, linewidth=2)
        axis.plot(value, i, "o", color=MEMBER)
    axis.set_yticks(range(len(names)), names, fontsize=10)
    axis.axvline(0.5, color=CHANCE, linewidth=1)
    axis.set(xlabel="AUC of the attack (bar: 95 %)", xlim=(0.35, 1.01), ylim=(-0.6, len(names) - 0.4))
    return figure


def drawn(rows: Mapping[str, np.ndarray]) -> Figure:
    """Ten images (N, 8, 8, 1) of each source in a row, with its name."""
    figure, axis = plt.subplots(figsize=(7.5, 0.8 * len(rows) + 0.3), layout="constrained")
    axis.imshow(mosaic(np.concatenate([row[:10] for row in rows.values()]), 10)[..., 0], cmap="gray")
    axis.set_yticks((np.arange(len(rows)) + 0.5) * 9, list(rows), fontsize=10)
    axis.set_xticks([])
    return figure
