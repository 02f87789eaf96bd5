"""Damaged images, for models that restore them: noise, a hole, a lower resolution.

    y = x + amount * noise                  noise ~ N(0, 1)
    y = known * x                           known = 0 in a square hole at a random place, 1 elsewhere
    y = the mean of each block of pixels    amount x amount pixels to a block

Each takes images x (N, H, W, C) in [0, 1] on any device, and draws there.
"""

from collections.abc import Callable
from typing import NamedTuple

from ..backend import Array, device_of, xp_of
from ..errors import ArgumentError, one_of
from ..random import Generator


class Damaged(NamedTuple):
    """What is left of a batch: the images y (N, H, W, C), and `known` (N, H, W, 1), 1 where a pixel is as it was."""

    y: Array
    known: Array


def add_noise(x: Array, amount: float, rng: Generator) -> Damaged:
    """Gaussian noise of deviation `amount`."""
    noise = rng.normal(x.shape, dtype=x.dtype, device=device_of(x))
    return Damaged(x + x.dtype.type(amount) * noise, xp_of(x).zeros_like(x[..., :1]))


def cut_hole(x: Array, amount: float, rng: Generator) -> Damaged:
    """A hole with sides of `amount` times those of the image, at a random place in each."""
    xp = xp_of(x)
    inside = []
    for length in x.shape[1:3]:
        side = max(1, round(amount * length))
        u = rng.uniform((len(x), 1), device=device_of(x))
        start = xp.floor(u * (length - side + 1))
        pixel = xp.arange(length)
        inside.append((pixel >= start) & (pixel < start + side))  # (N, length)
    known = 1 - (inside[0][:, :, None] & inside[1][:, None, :]).astype(x.dtype)[..., None]
    return Damaged(x * known, known)


def shrink(x: Array, amount: float, rng: Generator) -> Damaged:
    """Blocks of amount x amount pixels replaced by their mean; y keeps the size of x."""
    n, h, w, c = x.shape
    f = int(amount)
    means = x.reshape(n, h // f, f, w // f, f, c).mean(axis=(2, 4), keepdims=True)
    y = xp_of(x).broadcast_to(means, (n, h // f, f, w // f, f, c)).reshape(x.shape)
    return Damaged(y, xp_of(x).zeros_like(x[..., :1]))


DAMAGES: dict[str, Callable[[Array, float, Generator], Damaged]] = {
    "noise": add_noise,
    "hole": cut_hole,
    "low resolution": shrink,
}


def check_damage(name: str, amount: float, shape: tuple[int, ...]) -> None:
    """Refuse an amount that is impossible for images of `shape` (H, W, C).

    Raises:
        ArgumentError: says what is possible.
    """
    one_of("damage", name, DAMAGES)
    if name == "noise" and not 0 < amount <= 10:
        raise ArgumentError(f"amount: expected the noise's deviation, 0 < amount <= 10, got {amount}")
    if name == "hole" and not 0 < amount < 1:
        raise ArgumentError(f"amount: expected the hole's side as a share of the image's, 0 < amount < 1, got {amount}")
    if name == "low resolution" and not (amount >= 2 and amount % 1 == 0 and all(n % amount == 0 for n in shape[:2])):
        raise ArgumentError(f"amount: expected a factor >= 2 that divides the sides {shape[:2]}, got {amount}")
