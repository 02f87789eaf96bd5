"""Pictures of a trained model's latent space, in the folder of its run."""

from typing import Any

import numpy as np

from .. import latent
from ..autodiff import Tensor, no_grad
from ..backend import to_device
from ..data import Dataset, pixels
from ..errors import ArgumentError
from ..models import VAE
from ..random import Generator
from .recipes import recipe_of
from .results import from_codes
from .run import Run

ROWS = 6


def explore(run: Run, test: Dataset, rng: Generator, towards: int | None = None) -> list[str]:
    """Draw interpolations and traversals; for VAEs the arithmetic of labels, with two latents the plane of both.

    Args:
        run: a finished run.
        test: examples of its data, labelled for the arithmetic.
        rng: where the codes come from.
        towards: the label that the arithmetic adds; default the last.

    Returns:
        The names of the files, in the run's folder.

    Raises:
        ArgumentError: the data are no images or have no such label, or the model has no latent vectors.
    """
    if not test.is_image:
        raise ArgumentError(f"data: explore draws images, and {test.name!r} holds points; see samples.png")
    model: Any = run.load_model()
    if not hasattr(model, "from_codes"):
        raise ArgumentError(f"folder: {run.settings.model!r} has no space of latent vectors to look into")
    device, dim = model.parameters()[0].device, model.latent_dim
    low = recipe_of(run.settings.model).low
    figures = {}

    def decode(z: np.ndarray) -> np.ndarray:
        return from_codes(model, z, device, low)

    def draw() -> np.ndarray:
        """Codes as in training: with the classes and numbers that some generators are given besides noise."""
        return model.noise(ROWS, rng).numpy() if hasattr(model, "noise") else rng.normal((ROWS, dim), device="cpu")

    z1, z2 = draw(), draw()
    for way in latent.WAYS:
        figures[f"interpolation-{way}.png"] = latent.interpolation(decode, z1, z2, way=way)
    figures["traversals.png"] = latent.traversals(decode, np.zeros(dim, np.float32) if dim == 2 else z1[0])
    if dim == 2:
        figures["manifold.png"] = latent.manifold(decode)
    if isinstance(model, VAE) and test.y is not None:
        figures["arithmetic.png"] = _arithmetic(model, decode, test, device, towards)
    for name, figure in figures.items():
        run.picture(name, figure, seed=rng.seed)
    return sorted(figures)


def _arithmetic(model: VAE, decode: latent.Decode, test: Dataset, device: str, towards: int | None) -> Any:
    """An example of each label on its way to another."""
    x, y = test.x[:2000], np.asarray(test.y)[:2000]
    labels = [int(label) for label in np.unique(y)]
    target = labels[-1] if towards is None else towards
    if target not in labels:
        raise ArgumentError(f"towards: expected a label of {test.name!r}, one of {labels}, got {target}")
    with no_grad():
        codes = model.encode(Tensor(to_device(pixels(x), device))).mean.numpy()
    others = [label for label in labels if label != target][:10]
    pairs = [(y == label) | (y == target) for label in others]
    directions = np.stack([latent.attribute(codes[pair], y[pair] == target) for pair in pairs])
    starts = np.stack([codes[y == label][0] for label in others])
    title = f"a code + mean code of {target} - mean code of its own label"
    return latent.arithmetic(decode, starts, directions, title=title)
