"""The error function, and the GELU that is made of it.

    erf(x) = 2 / sqrt(pi) int_0^x e^(-t^2) dt,    Phi(x) = (1 + erf(x / sqrt(2))) / 2

Phi is the probability that a standard normal number lies below x.

Lesson 3 says what an activation is for.
"""

import math

from ..autodiff import Values, composed, differentiable
from ..backend import Array, special, xp_of
from .elementwise import exp


@differentiable
def erf(x: Array, /) -> Array:
    """The error function, computed by SciPy, on a GPU by CuPy."""
    y: Array = special(xp_of(x)).erf(x)
    return y


erf.gradients(lambda g, y, x: g * exp(-x * x) * (2 / math.sqrt(math.pi)))


@composed
def gelu_exact(x: Values) -> Values:
    """x Phi(x), the GELU by its definition (Hendrycks & Gimpel 2016, section 2); `gelu` is their formula with tanh."""
    return 0.5 * x * (1 + erf(x * math.sqrt(0.5)))
