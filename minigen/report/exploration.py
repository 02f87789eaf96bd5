"""Pictures of a trained model's latent space."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import Dataset, pixels
from ..errors import ArgumentError
from ..models.recipe import KINDS
from ..random import Generator
from . import latent
from .pictures import Files
from .playing import interpolations
from .trained import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROWS = 6
COLUMNS = 10  # of a picture of categories
MOST_PICTURES = 4  # of categories, one for each continuous code


def latent_pictures(trained: Trained, test: Dataset, rng: Generator, towards: int | None = None) -> Files:
    """Interpolations and traversals; of codes with a category each category; of encoders the arithmetic of labels.

    Of lines: one way from a line to another, as text, and of music to hear.

    With two latents and nothing else, the plane too.

    Args:
        trained: the model.
        test: examples of its data, labelled for the arithmetic.
        rng: where the codes come from.
        towards: the label that the arithmetic adds; default the last.

    Raises:
        ArgumentError: the data are no images or have no such label, or the model has no latent vectors.
    """
    name = trained.settings.model
    if trained.kind == "lines" and trained.can_show("codes", "encodings"):
        return {**interpolations(trained, test, rng)}
    if not trained.can_show("codes"):
        raise ArgumentError(f"folder: {name!r} has no space of latent vectors with few dimensions to look into")
    if not test.is_image:
        raise ArgumentError(f"data: explore draws images, and {test.name!r} holds {KINDS[trained.kind].name}")
    adds = trained.can_show("encodings") and test.y is not None
    if towards is not None and not adds:
        raise ArgumentError(f"towards: {name!r} on {test.name!r} has no arithmetic of labels; leave it out")
    model, dim = trained.model, trained.model.latent_dim

    def draw() -> np.ndarray:
        """Codes as in training: with the classes and numbers that some generators are given besides noise."""
        if hasattr(model, "noise"):
            codes: np.ndarray = model.noise(ROWS, rng).numpy()
            return codes
        return np.asarray(rng.normal((ROWS, dim), device="cpu"))

    z1, z2 = draw(), draw()
    decode = trained.from_codes
    figures: Files = {f"interpolation-{way}.png": latent.interpolation(decode, z1, z2, way=way) for way in latent.WAYS}
    parts = parts_of(model)
    plane = parts == latent.CodeParts(2)
    figures["traversals.png"] = latent.traversals(decode, np.zeros(dim, np.float32) if plane else z1[0], parts)
    if plane:
        figures["manifold.png"] = latent.manifold(decode)
    if parts.classes and parts.continuous:
        for i in range(min(parts.continuous, MOST_PICTURES)):
            figures[f"categories-{i + 1}.png"] = latent.categories(decode, np.tile(z1[0], (COLUMNS, 1)), parts, i)
    elif parts.classes:
        figures["categories.png"] = latent.categories(decode, np.concatenate([z1, z2])[:COLUMNS], parts)
    if adds:
        figures["arithmetic.png"] = _arithmetic(trained, test, towards)
    return figures


def parts_of(model: Any) -> latent.CodeParts:
    """What the codes of a model consist of: noise alone, unless it is given more."""
    classes, continuous = getattr(model, "classes", 0), getattr(model, "continuous", 0)
    return latent.CodeParts(model.latent_dim - classes - continuous, classes, continuous)


def _arithmetic(trained: Trained, test: Dataset, towards: int | None) -> "Figure":
    """An example of each label on its way to another."""
    x, y = test.x[:2000], np.asarray(test.y)[:2000]
    labels = [int(label) for label in np.unique(y)]
    target = labels[-1] if towards is None else towards
    if target not in labels:
        raise ArgumentError(f"towards: expected a label of {test.name!r}, one of {labels}, got {target}")
    codes = trained.encode(pixels(x))
    others = [label for label in labels if label != target][:10]
    pairs = [(y == label) | (y == target) for label in others]
    directions = np.stack([latent.attribute(codes[pair], y[pair] == target) for pair in pairs])
    starts = np.stack([codes[y == label][0] for label in others])
    title = f"a code + mean code of {target} - mean code of its own label"
    return latent.arithmetic(trained.from_codes, starts, directions, title=title)
