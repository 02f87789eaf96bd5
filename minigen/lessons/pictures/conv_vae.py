"""The VAE that lesson 8 trains, and what it draws: digits in rows, bounds over K, encoders' Gaussians, grey pixels."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ...autodiff import no_grad, tensor
from ...data import Dataset, Loader, binarize
from ...models import VAE
from ...models.networks import conv_decoder, conv_encoder
from ...optim import Adam, cosine
from ...random import Generator
from ...report import plots

STYLES = ("-", "--", ":", "-.")


def trained(data: Dataset, latents: int, width: int, steps: int, seed: int = 0) -> VAE:
    """A convolutional VAE after so many steps of Adam, on pixels drawn black or white anew for each batch."""
    rng = Generator(seed)
    encoder = conv_encoder(data.shape, 2 * latents, width, rng)
    model = VAE(encoder, conv_decoder(latents, data.shape, width, rng), latents)
    adam = Adam(model.parameters(), lr=cosine(3e-3, steps, final=3e-4))
    batches = itertools.chain.from_iterable(itertools.repeat(Loader(data.x, batch_size=50, rng=rng)))
    for batch in itertools.islice(batches, steps):
        loss = model.loss(tensor(binarize(batch, rng)), rng)
        adam.zero_grad()
        loss.total.backward()
        adam.step()
    return model


def rows(images: Mapping[str, np.ndarray], columns: int = 12) -> Figure:
    """Images (N, H, W, 1) under each name, in rows of `columns`."""
    figure, axis = plt.subplots(
        figsize=(7.4, 7.2 / columns * sum(-(-len(x) // columns) for x in images.values()) + 0.2), layout="constrained"
    )
    axis.imshow(plots.mosaic(np.concatenate(list(images.values())), columns)[..., 0], cmap="gray", vmin=0, vmax=1)
    starts = np.cumsum([0, *(-(-len(x) // columns) for x in images.values())])[:-1]
    height = next(iter(images.values())).shape[1]
    axis.set_yticks((starts + 0.5) * (height + 1), list(images))
    axis.set_xticks([])
    return figure


def opening(model: VAE, x: np.ndarray) -> Figure:
    """A dozen digits, what the model makes of them, and two dozen that it invents."""
    with no_grad():
        again, new = model.reconstruct(tensor(x[:12])).numpy(), model.sample(24, Generator(1)).numpy()
    return rows({"test digits": x[:12], "reconstructed": again, "new": new})


def estimates(
    counts: Sequence[int], elbo: Sequence[np.ndarray], bound: Sequence[np.ndarray], log_w: Mapping[str, np.ndarray]
) -> None:
    """Left: both estimates of log p from K codes, a point for each group of K. Right: some digits' log-weights."""
    _, axes = plt.subplots(1, 2, figsize=(7.4, 3.4), layout="constrained")
    for values, marker, style, name in ((elbo, "s", "--", "mean of log w"), (bound, "o", "-", "log of mean w")):
        (line,) = axes[0].semilogx(counts, [v.mean() for v in values], style, label=name)
        for k, groups in zip(counts, values, strict=True):
            axes[0].plot([k] * len(groups[:10]), groups[:10], marker, color=line.get_color(), markersize=3)
    axes[0].set(xlabel="codes K", ylabel="nats", title="60 test digits")
    axes[0].legend()
    for (name, weights), style in zip(log_w.items(), STYLES, strict=False):
        axes[1].hist(weights - weights.max(), 40, histtype="step", linestyle=style, label=name)
    axes[1].set(xlabel="log w, less its largest", ylabel="codes", title="best and worst encoder")
    axes[1].margins(y=0.35)
    axes[1].legend(loc="upper left")
    plt.show()


def bounds_over_k(counts: Sequence[int], bounds: Mapping[str, Sequence[float]], log_p: float) -> None:
    """L_K over K for several encoders, and what they tend to at best."""
    _, axis = plt.subplots(figsize=(6, 3.3), layout="constrained")
    for (name, values), style in zip(bounds.items(), ("o-", "s--"), strict=True):
        axis.semilogx(counts, values, style, label=name)
    axis.axhline(log_p, color="k", linestyle=":", label="log p(x), by quadrature")
    axis.set(xlabel="K", ylabel="L_K, nats")
    axis.legend(loc="lower right")
    plt.show()


def gaussians(line: np.ndarray, posterior: np.ndarray, q: Mapping[str, tuple[float, float]], title: str = "") -> Figure:
    """The densities N(mean, deviation^2) in `q`, over the posterior on the points `line`."""
    figure, axis = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    axis.fill_between(line, posterior, color="0.85", label="posterior")
    for (name, (mean, deviation)), style in zip(q.items(), STYLES, strict=False):
        density = np.exp(-0.5 * ((line - mean) / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi))
        axis.plot(line, density, style, linewidth=2, label=name)
    axis.set(xlim=(-4, 4), ylim=(0, 1.6), xlabel="z", title=title)
    axis.legend(loc="upper left")
    return figure


def grey(levels: np.ndarray, curves: Mapping[float, np.ndarray], bars: Mapping[str, tuple[float, float]]) -> None:
    """Above: Bernoulli formulas over grey levels. Below: nats of the model and the baseline, in four ways."""
    _, axes = plt.subplots(2, 1, figsize=(6.6, 6), layout="constrained")
    for (p, values), style in zip(curves.items(), STYLES, strict=False):
        axes[0].plot(levels, values, style, label=f"p = {p}: area {values.mean():.2f}")
    axes[0].set(xlabel="grey level x", title="f(x) is no density", ylim=(0, 1))
    axes[0].legend()
    place = np.arange(len(bars))[::-1]
    model, baseline = np.array(list(bars.values())).T
    for values, offset, hatch, name in ((model, 0.2, "", "the VAE"), (baseline, -0.2, "//", "independent pixels")):
        drawn = axes[1].barh(place + offset, values, 0.38, hatch=hatch, edgecolor="w", label=name)
        axes[1].bar_label(drawn, fmt="%.0f", padding=3)
    axes[1].set_yticks(place, list(bars))
    axes[1].margins(x=0.15)
    axes[1].set(xlabel='"-ELBO", nats per digit', title="one model, four numbers")
    axes[1].legend(loc="upper left")
    plt.show()
