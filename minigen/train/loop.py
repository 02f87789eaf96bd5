"""The training loop: batches in, steps, a progress bar, a log, and pictures at the end."""

import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from tqdm import tqdm

from .. import backend, plot
from ..autodiff import Tensor, no_grad
from ..data import Dataset, Loader, pixels, scale, unscale
from ..metrics import modes_found
from ..models import VAE
from ..random import Generator
from .recipes import Settings, build, recipe_of
from .run import Run

LOG_ROWS = 200  # about how many rows of metrics a run writes


def train(settings: Settings, data: Dataset, test: Dataset, out: str | None = None, *, quiet: bool = False) -> Run:
    """Build the model, train it, and leave weights, metrics and pictures in a folder.

    Args:
        settings: from `settings_for`.
        data, test: examples to train on, and to evaluate on.
        out: the folder; default runs/MODEL-DATA.
        quiet: show no progress bar.

    Returns:
        The finished run.
    """
    with backend.device(settings.device):
        rng = Generator(settings.seed)
        model = build(settings, data.shape, rng)
        trainer = recipe_of(settings.model).trainer(model, settings)
        run = Run.create(out, settings, data.shape)
        low = recipe_of(settings.model).low if data.is_image else 0.0
        _steps(trainer, settings, data.x, low, run, rng, quiet)
        run.save_weights(model)
        model.eval()
        final = _evaluate(trainer, test.x, low, settings, rng)
        _pictures(run, model, test, low)
        if data.centres is not None:
            samples = generate(model, 2500, Generator(settings.seed + 1), low)
            found = modes_found(samples, data.centres, data.sigma)
            final |= {"modes": found.found, "high_quality": round(found.high_quality, 4)}
        if final:
            with open(run.folder / "metrics.jsonl", "a") as log:
                log.write(json.dumps({"step": settings.steps, **final}) + "\n")
        return run


def _steps(trainer: Any, settings: Settings, x: np.ndarray, low: float, run: Run, rng: Generator, quiet: bool) -> None:
    """All training steps; means of the metrics go to the bar and to metrics.jsonl every few steps."""
    loader = Loader(
        x,
        batch_size=settings.batch_size,
        rng=rng.spawn(),
        device=settings.device,
        transform=lambda batch: scale(pixels(batch), low),  # batch by batch: x may be larger than memory
    )
    batches = itertools.islice(_endless(loader), settings.steps)
    every = max(1, settings.steps // LOG_ROWS)
    sums: dict[str, Any] = {}
    counted, start = 0, time.perf_counter()
    label = f"{settings.model} on {settings.data}"
    with (
        open(run.folder / "metrics.jsonl", "w", buffering=1) as log,
        tqdm(batches, desc=label, total=settings.steps, unit="step", disable=quiet, dynamic_ncols=True) as bar,
    ):
        for step, batch in enumerate(bar, 1):
            for name, value in trainer.step(Tensor(batch), rng).items():
                sums[name] = sums.get(name, 0) + value.data  # stays on the device: no waiting
            counted += 1
            if step % every == 0 or step == settings.steps:
                means = {name: round(float(total) / counted, 6) for name, total in sums.items()}
                row = {"step": step, **means, "seconds": round(time.perf_counter() - start, 3)}
                log.write(json.dumps(row) + "\n")
                bar.set_postfix({name: f"{value:.3f}" for name, value in means.items()}, refresh=False)
                sums, counted = {}, 0


def _endless(loader: Loader) -> Iterator[Any]:
    """Epoch after epoch, each in a new order."""
    while True:
        yield from loader


def _evaluate(trainer: Any, x: np.ndarray, low: float, settings: Settings, rng: Generator) -> dict[str, float]:
    """The trainer's test metrics, averaged over all examples of x."""
    sums: dict[str, float] = {}
    for examples in Loader(x, batch_size=500, shuffle=False, drop_last=False, device=settings.device):
        batch = Tensor(scale(pixels(examples), low))
        for name, value in trainer.evaluate(batch, rng).items():
            sums[name] = sums.get(name, 0.0) + value.item() * batch.shape[0]
    return {name: round(total / len(x), 6) for name, total in sums.items()}


def generate(model: Any, n: int, rng: Generator, low: float) -> np.ndarray:
    """n samples of a model in eval mode, as a NumPy array; images with pixels in [0, 1]."""
    parts = []
    with no_grad():
        for start in range(0, n, 500):
            parts.append(model.sample(min(500, n - start), rng).numpy())
    return unscale(np.concatenate(parts), low)


def _pictures(run: Run, model: Any, test: Dataset, low: float) -> None:
    """samples.png and curves.png; for VAEs reconstructions.png and, with two latent dimensions, manifold.png."""
    rng = Generator(run.settings.seed + 1)
    title = f"{run.settings.model} on {run.settings.data}"
    run.picture("samples.png", picture_of(generate(model, 100 if test.is_image else 2000, rng, low), test, title))
    rows = run.metrics()
    names = [name for name in rows[0] if name not in ("step", "seconds")]
    series = {name: [row[name] for row in rows] for name in names}
    run.picture("curves.png", plot.curves([int(row["step"]) for row in rows], series, title))
    if not isinstance(model, VAE):
        return
    with no_grad():
        x = pixels(test.x[:50]) if test.is_image else test.x[:2000]
        again = model.reconstruct(Tensor(backend.to_device(x, run.settings.device))).numpy()
        if test.is_image:
            run.picture("reconstructions.png", plot.pairs(x, again, title=f"{title}: originals above reconstructions"))
        else:
            run.picture("reconstructions.png", plot.scatter(again, x, f"{title}: reconstructions"))
        if run.settings.latent_dim == 2 and test.is_image:
            codes = Tensor(backend.to_device(plot.manifold_codes(20), run.settings.device))
            images = model.decode(codes).mean.numpy()
            run.picture("manifold.png", plot.image_grid(images, 20, f"{title}: the latent plane"))


def picture_of(samples: np.ndarray, data: Dataset, title: str) -> Any:
    """Samples as a grid of images, or as points over the data's."""
    return plot.image_grid(samples, 10, title) if data.is_image else plot.scatter(samples, data.x[:2000], title)
