"""What a finished run shows: test metrics, samples, and pictures."""

from itertools import islice
from typing import Any

import numpy as np

from .. import backend, plot
from ..autodiff import Tensor, no_grad
from ..data import Dataset, Loader, pixels, scale, unscale
from ..metrics import modes_found
from ..models import VAE, VAEGAN, VQVAE
from ..models.coded import ClassifyingGAN
from ..nn import update_bn
from ..provenance import PLOT
from ..random import Generator
from .recipes import recipe_of
from .run import Run
from .settings import Settings

SETTLING = 50  # batches
NOT_PLOTTED = {"step", "seconds", "g_gradient", "modes", "high_quality", "warnings", "skipped"}


def evaluate(trainer: Any, test: Dataset, low: float, settings: Settings, rng: Generator) -> dict[str, float]:
    """The trainer's test metrics, averaged over all examples; of point data with clusters, how many were found."""
    sums: dict[str, float] = {}
    arrays = (test.x, test.y) if recipe_of(settings.model).labelled else (test.x,)
    for part in Loader(*arrays, batch_size=500, shuffle=False, drop_last=False, device=settings.device):
        examples, *labels = part if isinstance(part, tuple) else (part,)
        batch = Tensor(scale(pixels(examples), low))
        for name, value in trainer.evaluate(batch, rng, *labels).items():
            sums[name] = sums.get(name, 0.0) + value.item() * batch.shape[0]
    means = {name: round(total / len(test.x), 6) for name, total in sums.items()}
    return means | modes(trainer.model, test, 2500, settings.seed + 1)


def modes(model: Any, data: Dataset, n: int, seed: int) -> dict[str, float]:
    """How many clusters of the data n samples reach, and the share of samples within one; {} if it has none."""
    if data.centres is None:
        return {}
    found = modes_found(generate(model, n, Generator(seed), 0.0), data.centres, data.sigma)
    return {"modes": found.found, "high_quality": round(found.high_quality, 4)}


def generate(model: Any, n: int, rng: Generator, low: float, **how: Any) -> np.ndarray:
    """n samples of a model in eval mode, as a NumPy array; images with pixels in [0, 1].

    Args:
        how: what this model's `sample` takes besides, such as label.
    """
    parts = []
    with no_grad():
        for start in range(0, n, 500):
            parts.append(model.sample(min(500, n - start), rng, **how).numpy())
    return unscale(np.concatenate(parts), low)


def settle(model: Any, loader: Loader, seed: int) -> None:
    """Fit the batch norm of a discriminator that names classes to its last weights, with batches as in training.

    The weights of a game never settle. With the running averages that follow them, the same discriminator may misname
    far more examples after one step than before it.
    """
    if not isinstance(model, ClassifyingGAN):
        return
    again = Loader(  # where the training's stands depends on whether it was resumed
        loader.arrays[0],
        batch_size=loader.batch_size,
        rng=Generator(seed),
        device=loader.device,
        transform=loader.transform,
    )
    update_bn(model.discriminator, map(Tensor, islice(again, SETTLING)))


def categories(model: ClassifyingGAN, x: np.ndarray, device: str, low: float) -> np.ndarray:
    """The likeliest class of each example x (N, *shape), pixels in [0, 1], as a GAN's discriminator says: (N,)."""
    parts = []
    with no_grad():
        for i in range(0, len(x), 500):
            part = backend.to_device(scale(x[i : i + 500], low), device)
            parts.append(model.class_logits(Tensor(part)).numpy().argmax(axis=1))
    return np.concatenate(parts)


def from_codes(model: Any, z: np.ndarray, device: str, low: float) -> np.ndarray:
    """The examples at codes z (N, latent_dim), as `generate` gives them."""
    with no_grad():
        parts = [model.from_codes(Tensor(backend.to_device(z[i : i + 500], device))) for i in range(0, len(z), 500)]
    return unscale(np.concatenate([part.numpy() for part in parts]), low)


def draw(run: Run, model: Any, test: Dataset, low: float, rows: list[dict[str, Any]]) -> None:
    """samples.png and curves.png; of autoencoders reconstructions.png and, with two latents, manifold.png."""
    rng = Generator(run.settings.seed + 1)
    title = f"{run.settings.model} on {run.settings.data}"
    samples = generate(model, 100 if test.is_image else 2000, rng, low)
    run.picture("samples.png", picture_of(samples, test, title), seed=rng.seed)
    draw_curves(run, rows)
    if not isinstance(model, (VAE, VAEGAN, VQVAE)):
        return
    with no_grad():
        x = pixels(test.x[:50]) if test.is_image else test.x[:2000]
        again = model.reconstruct(Tensor(backend.to_device(scale(x, low), run.settings.device))).numpy()
        again = unscale(again, low)
        if test.is_image:
            run.picture("reconstructions.png", plot.pairs(x, again, title=f"{title}: originals above reconstructions"))
        else:
            run.picture("reconstructions.png", plot.scatter(again, x, f"{title}: reconstructions"))
        if run.settings.latent_dim == 2 and test.is_image and not isinstance(model, VQVAE):
            images = from_codes(model, plot.manifold_codes(20), run.settings.device, low)
            run.picture("manifold.png", plot.image_grid(images, 20, f"{title}: the latent plane"))


def draw_curves(run: Run, rows: list[dict[str, Any]]) -> None:
    """curves.png: the metrics of the log."""
    names = [name for name in {name: 0 for row in rows for name in row} if name not in NOT_PLOTTED]
    series = {name: [row.get(name, np.nan) for row in rows] for name in names}
    title = f"{run.settings.model} on {run.settings.data}"
    run.picture("curves.png", plot.curves([int(row["step"]) for row in rows], series, title), PLOT)


def picture_of(samples: np.ndarray, data: Dataset, title: str) -> Any:
    """Samples as a grid of images, or as points over the data's."""
    return plot.image_grid(samples, 10, title) if data.is_image else plot.scatter(samples, data.x[:2000], title)
