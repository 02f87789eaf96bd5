"""Looking into a latent space: the ways between two codes, what each latent does, arithmetic with attributes.

The functions that return a figure take `decode`, which gives the images (N, H, W, C) in [0, 1] at codes z
(N, latent_dim), both NumPy arrays.

Between two codes z1 and z2 the straight line, (1 - t) z1 + t z2, passes nearer to the origin than any code that was
trained on: in d dimensions the length of z ~ N(0, 1) is sqrt(d) give or take 0.7, and that of the middle of two
independent ones sqrt(d / 2). The spherical interpolation turns the one into the other and keeps the length
(Shoemake 1985; White, Sampling Generative Networks, 2016, section 2.1):

    slerp(z1, z2, t) = (sin((1 - t) w) z1 + sin(t w) z2) / sin(w),    cos(w) = z1 . z2 / (|z1| |z2|)
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import ArgumentError, ShapeError
from . import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Decode = Callable[[np.ndarray], np.ndarray]
WAYS = ("linear", "spherical")


class CodeParts(NamedTuple):
    """What a code consists of, in this order: noise ~ N(0, 1), a one-hot category, continuous codes ~ U(-1, 1)."""

    noise: int
    classes: int = 0
    continuous: int = 0

    @property
    def places_of_continuous(self) -> range:
        """Where the continuous codes stand."""
        return range(self.noise + self.classes, sum(self))


PARALLEL = 1e-6  # radians: below, sin(w) is all rounding, and the straight line is as good


def lerp(z1: np.ndarray, z2: np.ndarray, t: float) -> np.ndarray:
    """The straight line from z1 (t = 0) to z2 (t = 1), both (..., latent_dim)."""
    return (1 - t) * z1 + t * z2


def slerp(z1: np.ndarray, z2: np.ndarray, t: float) -> np.ndarray:
    """The arc from z1 (t = 0) to z2 (t = 1), both (..., latent_dim); the straight line where they are parallel."""
    lengths = np.linalg.norm(z1, axis=-1, keepdims=True) * np.linalg.norm(z2, axis=-1, keepdims=True)
    cosine = np.sum(z1 * z2, axis=-1, keepdims=True) / np.where(lengths > 0, lengths, 1)
    w = np.arccos(np.clip(cosine, -1, 1))
    turn = (w > PARALLEL) & (w < np.pi - PARALLEL) & (lengths > 0)
    sin_w = np.where(turn, np.sin(w), 1)
    arc = (np.sin((1 - t) * w) * z1 + np.sin(t * w) * z2) / sin_w
    return np.where(turn, arc, lerp(z1, z2, t)).astype(z1.dtype)


def interpolation(decode: Decode, z1: np.ndarray, z2: np.ndarray, n: int = 10, way: str = "spherical") -> "Figure":
    """A row of n images from each code of z1 to that of z2, both (rows, latent_dim).

    Args:
        decode: see above.
        z1, z2: where the rows begin and end.
        n: images in a row, at least 2.
        way: 'linear' or 'spherical'.

    Raises:
        ArgumentError, ShapeError: the codes differ in shape, n is below 2, or the way is unknown.
    """
    if way not in WAYS:
        raise ArgumentError(f"way: expected one of {', '.join(WAYS)}, got {way!r}")
    if z1.ndim != 2 or z1.shape != z2.shape:
        raise ShapeError(f"z1, z2: expected two arrays (rows, latent_dim), got shapes {z1.shape} and {z2.shape}")
    if n < 2:
        raise ArgumentError(f"n: expected 2 images or more in a row, got {n}")
    between = lerp if way == "linear" else slerp
    codes = np.stack([between(z1, z2, t) for t in np.linspace(0, 1, n)], axis=1)  # (rows, n, latent_dim)
    return plots.image_grid(decode(codes.reshape(-1, z1.shape[1])), n, f"{way} interpolation")


def traversals(decode: Decode, z: np.ndarray, parts: CodeParts | None = None, n: int = 9, rows: int = 10) -> "Figure":
    """One latent a row, moved through its values while the others stay as in the code z (latent_dim,).

    Noise moves through n quantiles of N(0, 1), a continuous code evenly from -1 to 1. A category is not moved: between
    two there is nothing; see `categories`. Only the latents that change the image most are shown, the strongest first:
    a VAE has often switched off many.

    Args:
        decode: see above.
        z: the code to move about.
        parts: what the code consists of; default: noise alone.
        n: images in a row.
        rows: the most rows.
    """
    if z.ndim != 1:
        raise ShapeError(f"z: expected one code (latent_dim,), got shape {z.shape}")
    parts = parts or CodeParts(len(z))
    moved = [(i, plots.normal_quantiles(n)) for i in range(parts.noise)]
    moved += [(i, np.linspace(-1, 1, n, dtype=np.float32)) for i in parts.places_of_continuous]

    def images_of(i: int, values: np.ndarray) -> np.ndarray:
        codes = np.tile(z, (n, 1))
        codes[:, i] = values
        return decode(codes)

    # One latent at a time: all at once would be n latent_dim^2 numbers.
    strength = np.array([np.var(images_of(i, values), axis=0).mean() for i, values in moved])
    chosen = np.argsort(-strength, kind="stable")[:rows]
    shown = ", ".join(str(moved[row][0]) for row in chosen)
    images = np.concatenate([images_of(*moved[row]) for row in chosen])
    return plots.image_grid(images, n, f"one latent a row: {shown}")


def categories(decode: Decode, codes: np.ndarray, parts: CodeParts, continuous: int | None = None) -> "Figure":
    """A category a row. From left to right one continuous code moves from -1 to 1; or else every column is a code.

    Args:
        decode: see above.
        codes: (columns, latent_dim); of all that is not moved, the first says what it is.
        parts: what a code consists of.
        continuous: which of the continuous codes moves, from 0 on; None for another code in each column.
    """
    columns = np.array(codes, np.float32)
    title = "one category a row, other noise in each column"
    if continuous is not None:
        columns[:] = columns[0]
        columns[:, parts.places_of_continuous[continuous]] = np.linspace(-1, 1, len(columns))
        title = f"one category a row, continuous code {continuous + 1} from -1 to 1"
    grid = np.tile(columns, (parts.classes, 1, 1))  # (category, column, latent)
    grid[:, :, parts.noise : parts.noise + parts.classes] = np.eye(parts.classes)[:, None]
    return plots.image_grid(decode(grid.reshape(-1, columns.shape[1])), len(columns), title)


def attribute(codes: np.ndarray, has: np.ndarray) -> np.ndarray:
    """The direction of an attribute: the mean code of the examples that have it less that of the others, (latent_dim,).

    Args:
        codes: of labelled examples, (N, latent_dim).
        has: which of them have the attribute, (N,) of bool.

    Source: Larsen et al., Autoencoding beyond pixels, 2016, section 4.2.

    Raises:
        ArgumentError: all of them have it, or none.
    """
    if not has.any() or has.all():
        raise ArgumentError("has: expected examples with the attribute and without it, got only one kind")
    return codes[has].mean(axis=0) - codes[~has].mean(axis=0)


def arithmetic(decode: Decode, codes: np.ndarray, directions: np.ndarray, steps: int = 7, title: str = "") -> "Figure":
    """A row for each code, from the code itself to the code plus the direction of an attribute.

    Args:
        decode: see above.
        codes: where the rows begin, (rows, latent_dim).
        directions: one for all, (latent_dim,), or one each, (rows, latent_dim).
        steps: images in a row.
        title: of the figure.
    """
    if codes.ndim != 2 or directions.shape not in (codes.shape, codes.shape[1:]):
        raise ShapeError(
            f"directions: expected the shape {codes.shape[1:]} or {codes.shape} for codes of shape {codes.shape}, "
            f"got {directions.shape}"
        )
    shares = np.linspace(0, 1, steps, dtype=codes.dtype)
    moved = np.stack([codes + share * directions for share in shares], axis=1)  # (rows, steps, latent_dim)
    return plots.image_grid(decode(moved.reshape(-1, codes.shape[1])), steps, title)


def manifold(decode: Decode, n: int = 20) -> "Figure":
    """The plane of two latents: n x n images at the quantiles of N(0, 1)."""
    return plots.image_grid(decode(plots.manifold_codes(n)), n, "the latent plane")
