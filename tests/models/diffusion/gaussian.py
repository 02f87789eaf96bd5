"""A distribution whose best denoiser is known: independent Gaussians N(mean, spread^2) in each of D dimensions."""

import numpy as np

from minigen import Tensor
from minigen.nn import Module

MEAN, SPREAD = 0.5, 0.7


class BestVelocity(Module):
    """E[x_1 - x_0 | x_t] for x_t = (1 - t) x_0 + t x_1, by the regression of one Gaussian on another."""

    def forward(self, x, t, labels=None):
        t = t.reshape(-1, 1).astype(x.dtype)
        variance = (1 - t) ** 2 + t**2 * SPREAD**2
        covariance = t * SPREAD**2 - (1 - t)
        return Tensor(MEAN + covariance / variance * (x.data - t * MEAN))


class BestGuess(Module):
    """What a denoiser of the given schedule should guess: v = a z - s x, or z, given x_t = a x + s z."""

    def __init__(self, noise, guesses):
        self.noise, self.guesses = noise, guesses

    def forward(self, x, t, labels=None):
        t = np.rint(t * self.noise.steps).astype(int)
        a, s = (values[t].reshape(-1, 1) for values in (self.noise.signal, self.noise.deviation))
        best = MEAN + a * SPREAD**2 / (a**2 * SPREAD**2 + s**2) * (x.data - a * MEAN)  # E[x|x_t]
        z = (x.data - a * best) / s
        return Tensor((a * z - s * best if self.guesses == "v" else z).astype(x.dtype))
