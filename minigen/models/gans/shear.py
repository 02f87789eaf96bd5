"""Slanting images at random before a discriminator sees them.

What is done to real images and fakes alike, and lets the gradient through to the fakes, leaves a GAN's aim as it was
(Zhao et al. 2020, section 3.2, differentiable augmentation). What it makes uncertain can no longer serve as a code that
is to be read off.

An option of InfoGAN (lesson 12).
"""

from ... import ops
from ...autodiff import Tensor, raw
from ...backend import device_of, xp_of
from ...random import Generator, given_or_default


def sheared(x: Tensor, most: float, rng: Generator | None = None) -> Tensor:
    """Images x (N, H, W, C), each slanted by its own s ~ U(-most, most).

    A row h above the middle moves h s to the right, to the nearest pixel; what leaves at one side enters at the other.
    So no pixel is lost or blended, and the gradient goes back to where each came from.
    """
    n, height, width, _ = x.shape
    device, xp = device_of(raw(x)), xp_of(raw(x))
    slant = most * (2 * given_or_default(rng).uniform((n, 1), device=device) - 1)
    moves = xp.rint(slant * ((height - 1) / 2 - xp.arange(height))).astype(int)  # (N, H)
    columns = (xp.arange(width) - moves[:, :, None]) % width  # (N, H, W): where each pixel comes from
    return ops.getitem(x, (xp.arange(n)[:, None, None], xp.arange(height)[:, None], columns))
