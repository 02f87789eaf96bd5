"""Initial weights: random, and just large enough.

A unit that sums n inputs of variance 1 with independent weights of variance v has variance n v. Glorot & Bengio 2010
keep it near 1 forwards (v = 1 / fan_in) and backwards (v = 1 / fan_out) by v = 2 / (fan_in + fan_out). A ReLU halves
the mean square, so He et al. 2015 double it: v = 2 / fan_in. DCGAN (Radford et al. 2016) simply takes N(0, 0.02^2).

Every initialiser takes (rng, shape, fan_in, fan_out) and returns a float32 NumPy array.

Lesson 3 derives the variances.
"""

import math
from collections.abc import Callable

import numpy as np

from ..errors import one_of
from ..random import Generator

Initializer = Callable[[Generator, tuple[int, ...], int, int], np.ndarray]


def _normal(rng: Generator, shape: tuple[int, ...], variance: float) -> np.ndarray:
    return rng.normal(shape, device="cpu") * math.sqrt(variance)


def _uniform(rng: Generator, shape: tuple[int, ...], variance: float) -> np.ndarray:
    return (2 * rng.uniform(shape, device="cpu") - 1) * math.sqrt(3 * variance)


def he_normal(rng: Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
    """N(0, 2 / fan_in)."""
    return _normal(rng, shape, 2 / fan_in)  # He et al., equation 10


def he_uniform(rng: Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
    """Uniform with variance 2 / fan_in."""
    return _uniform(rng, shape, 2 / fan_in)  # He et al., equation 10


def glorot_normal(rng: Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
    """N(0, 2 / (fan_in + fan_out))."""
    return _normal(rng, shape, 2 / (fan_in + fan_out))  # Glorot & Bengio, equation 12


def glorot_uniform(rng: Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
    """Uniform with variance 2 / (fan_in + fan_out)."""
    return _uniform(rng, shape, 2 / (fan_in + fan_out))  # Glorot & Bengio, equation 16


def dcgan(rng: Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
    """N(0, 0.02^2), whatever the fan."""
    return _normal(rng, shape, 0.02**2)


INITIALIZERS: dict[str, Initializer] = {
    f.__name__: f for f in (he_normal, he_uniform, glorot_normal, glorot_uniform, dcgan)
}


def initializer(init: str | Initializer) -> Initializer:
    """The initialiser of that name; a function is taken as it is."""
    if callable(init):
        return init
    one_of("init", init, INITIALIZERS)
    return INITIALIZERS[init]
