"""The losses of adversarial training, as functions of the discriminator's output s on real and fake examples.

name            discriminator                               generator             source
--------------  ------------------------------------------  --------------------  ---------------------------
non-saturating  -log D(x) - log(1 - D(G(z))), D = sigmoid   -log D(G(z))          Goodfellow et al. 2014
minimax         the same                                    log(1 - D(G(z)))      equation 1 there
least-squares   1/2 (s(x) - 1)^2 + 1/2 s(G(z))^2            1/2 (s(G(z)) - 1)^2   Mao et al. 2017, eq. 9
wasserstein     s(G(z)) - s(x), s 1-Lipschitz               -s(G(z))              Arjovsky et al. 2017, eq. 3
hinge           max(0, 1 - s(x)) + max(0, 1 + s(G(z)))      -s(G(z))              Miyato et al. 2018, eq. 17

The Wasserstein loss means something only for a discriminator (a "critic") that is no steeper than 1; that is the work
of a penalty (`penalties.py`) or of spectral normalisation. -log D = softplus(-s) and -log(1 - D) = softplus(s).

Lesson 9 derives the first two, lesson 11 the others.
"""

from collections.abc import Callable
from typing import NamedTuple

from ... import ops
from ...autodiff import Tensor


class Loss(NamedTuple):
    """What each player minimises, in which unit, and what the discriminator's output means.

    Attributes:
        discriminator: of the outputs for real and for fake examples.
        generator: of the outputs for fake examples.
        boundary: where the output changes from 'fake' to 'real'.
        unit: of both losses.
        classifies: whether the output says 'real' or 'fake'. A critic's does not: only differences of it count.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]
    boundary: Callable[[Tensor, Tensor], Tensor | float]
    unit: str
    classifies: bool = True


def _log_loss(real: Tensor, fake: Tensor) -> Tensor:
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(fake))


def _least_squares(real: Tensor, fake: Tensor) -> Tensor:
    return 0.5 * (ops.mean((real - 1) ** 2) + ops.mean(fake * fake))


def _wasserstein(real: Tensor, fake: Tensor) -> Tensor:
    return ops.mean(fake) - ops.mean(real)


def _hinge(real: Tensor, fake: Tensor) -> Tensor:
    return ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + fake))


def _at(value: float) -> Callable[[Tensor, Tensor], float]:
    return lambda real, fake: value


def _midway(real: Tensor, fake: Tensor) -> Tensor:
    """A critic's output has no zero: what counts is which side of the middle of the two means it falls on."""
    return 0.5 * (ops.mean(real) + ops.mean(fake))


LOSSES = {
    "non-saturating": Loss(_log_loss, lambda fake: ops.mean(ops.softplus(-fake)), _at(0.0), "nats"),
    "minimax": Loss(_log_loss, lambda fake: -ops.mean(ops.softplus(fake)), _at(0.0), "nats"),
    "least-squares": Loss(_least_squares, lambda fake: 0.5 * ops.mean((fake - 1) ** 2), _at(0.5), "squared error"),
    "wasserstein": Loss(_wasserstein, lambda fake: -ops.mean(fake), _midway, "D's output", classifies=False),
    "hinge": Loss(_hinge, lambda fake: -ops.mean(fake), _at(0.0), "D's output"),
}
