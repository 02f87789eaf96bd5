"""Damaged images, restored by a diffusion model that was trained on whole ones (Wang, Yu & Zhang 2023, DDNM).

What is left of an image x is y = A x: its pixels outside a hole, or the means of its blocks. On the way from noise, at
every step, the guess x' at the image is made to agree with it:

    x' + A^+ (y - A x')             A^+ y is an image with A A^+ y = y: y itself, 0 in the hole

Of a hole this puts the known pixels in their place; of a low resolution it shifts each block to the mean it has. What
is not known follows from the rest, as the next steps see both together. Of an image with noise of deviation d nothing
need be put in: it is an x_t, divided by a_t, of that t at which s_t / a_t = d, and the way begins there.

One model serves for all damages and amounts, where the conditional VAE of lesson 13 is trained for one.

Lesson 21 uses it.
"""

from itertools import pairwise

import numpy as np

from ... import ops
from ...autodiff import Tensor
from ...data.damage import Damaged, check_damage
from ...random import Generator, given_or_default
from .ddpm import Diffusion


def agreeing(guess: Tensor, damaged: Damaged, damage: str, amount: float) -> Tensor:
    """x' + A^+ (y - A x') for guesses (N, H, W, C) and what is left of the images, both in [-1, 1]."""
    y = Tensor(damaged.y)
    if damage == "hole":
        known = Tensor(damaged.known)
        return known * y + (1 - known) * guess
    n, h, w, c = guess.shape
    f = int(amount)
    blocks = ops.reshape(y - guess, (n, h // f, f, w // f, f, c))
    missing = ops.mean(blocks, axis=(2, 4), keepdims=True)  # y holds the mean of a block at each of its pixels
    return guess + ops.reshape(ops.broadcast_to(missing, blocks.shape), guess.shape)


def restored(
    model: Diffusion, damaged: Damaged, damage: str, amount: float, rng: Generator | None = None, evaluations: int = 0
) -> Tensor:
    """A guess at the originals of damaged images, one draw: (N, H, W, C) in [-1, 1].

    Args:
        model: of images; no class is told. damaged: see `minigen.data.damage`, with y in [-1, 1].
        damage: 'hole', 'low resolution' or 'noise'. amount: of it, the deviation of noise in [0, 1]-pixels.
        evaluations: of the network; 0 for the model's own number.

    Raises:
        ArgumentError: a damage, an amount or a number of evaluations that is impossible.
        ShapeError: other images than the model's.
    """
    y = model.inside(Tensor(damaged.y))
    check_damage(damage, amount, model.shape)
    n = len(y)
    _, evaluations, _ = model.asked(n, None, evaluations or None, None)
    rng, noise = given_or_default(rng), model.noise
    first = noise.steps
    x = Tensor(rng.normal(y.shape, dtype=y.dtype, device=y.device))
    if damage == "noise":  # of pixels in [-1, 1] twice as much
        first = 1 + int(np.searchsorted(noise.deviation[1:] / noise.signal[1:], 2 * amount))
        x = float(noise.signal[first]) * y
    times = np.rint(np.linspace(first, 0, min(evaluations, first) + 1)).astype(int).tolist()
    for t, s in pairwise(times):
        guess = model.guess(x, np.full(n, t))
        if damage != "noise":
            guess = agreeing(guess, damaged, damage, amount)
        x = model.earlier(x, guess, t, s, 1.0, rng)
    return x
