"""Occlusion (Zeiler & Fergus 2014, section 4.2): cover a part of the image, and see how the answer changes.

    B(p) = F(x) - F(x with the patch at p covered)

It needs no gradient and no way from a baseline, only as many calls of F as there are places for the patch. A pixel gets
the mean over all patches that cover it. Two things are a choice: how large the patch is (one that is smaller than what
the model looks for finds nothing, as the rest still shows it), and what it is filled with (a colour that does not occur
in the data is news in itself).

Lesson 25 derives it.
"""

from ..autodiff import raw
from ..backend import Array, xp_of
from ..errors import ArgumentError, ShapeError, whole
from .attribution import Answer, answers


def occlusion(f: Answer, x: Array, fill: Array, size: int, stride: int = 1) -> Array:
    """How much F falls when the surroundings of a pixel are covered: (N, H, W).

    Args:
        f: F, of images (N, H, W, C) a number each.
        x: the images.
        fill: what they are covered with, (H, W, C).
        size: side of the patch in pixels, at most that of the image. stride: pixels from one patch to the next; the
            last one ends where the image does.

    Raises:
        ShapeError: x are no images, or `fill` is not like one of them.
        ArgumentError: a patch that is too large, or a stride that leaves pixels out.

    Source: Zeiler & Fergus, Visualizing and Understanding Convolutional Networks, 2014, section 4.2.
    """
    xp = xp_of(x)
    if x.ndim != 4 or tuple(fill.shape) != tuple(x.shape[1:]):
        raise ShapeError(f"fill: expected images (N, H, W, C) and one like them, got {x.shape} and {fill.shape}")
    n, height, width, _ = x.shape
    if not 1 <= whole("stride", stride) <= whole("size", size) <= min(height, width):
        raise ArgumentError(
            f"size, stride: expected 1 <= stride <= size <= {min(height, width)}, got {size} and {stride}"
        )
    before = answers(f, x)
    falls, times = xp.zeros((n, height, width), raw(before).dtype), xp.zeros((height, width), x.dtype)
    for top in starts(height, size, stride):
        for left in starts(width, size, stride):
            patch = slice(top, top + size), slice(left, left + size)
            covered = x.copy()
            covered[:, patch[0], patch[1]] = fill[patch]
            falls[:, patch[0], patch[1]] += (before - answers(f, covered))[:, None, None]
            times[patch] += 1
    return falls / times


def starts(length: int, size: int, stride: int) -> list[int]:
    """Where patches begin along an axis; the last one ends where the axis does."""
    found = list(range(0, length - size + 1, stride))
    return found if found[-1] == length - size else [*found, length - size]
