"""What keeps a discriminator from becoming too steep: a term in its loss, or a limit on its weights.

- gradient-penalty: lambda E[(|grad s(x~)| - 1)^2] at random points x~ between a real and a fake example, lambda = 10
  (WGAN-GP, Gulrajani et al. 2017, equation 3). The norm is over all features of one example, and each example has one
  random place on its line.
- r1: gamma/2 E[|grad s(x)|^2] at real examples, gamma = 10 (Mescheder et al. 2018, equation 9). Without it, the game
  of the simplest GAN, the Dirac-GAN, circles around its solution for ever; with it, it spirals in.
- clipping: all weights within [-0.01, 0.01] after each step (WGAN, Arjovsky et al. 2017, algorithm 1).

Lesson 11 derives them.
"""

from collections.abc import Callable
from typing import NamedTuple

from ... import ops
from ...autodiff import Tensor, grad, raw, written
from ...backend import device_of, xp_of
from ...nn import Module, sum_features
from ...random import Generator, given_or_default

Judge = Callable[[Tensor], Tensor]  # examples (N, *shape) -> logits (N, 1): a discriminator
LAMBDA, GAMMA, CLIP = 10.0, 10.0, 0.01


def input_gradient(discriminator: Judge, x: Tensor) -> Tensor:
    """grad s at each example x (N, *shape), to be differentiated again: the same shape."""
    x = Tensor(raw(x), requires_grad=True)
    return grad(ops.sum(discriminator(x)), x, create_graph=True)


def gradient_penalty(discriminator: Judge, real: Tensor, fake: Tensor, rng: Generator | None = None) -> Tensor:
    """lambda E[(|grad s| - 1)^2] between real and fake examples (N, *shape): a scalar."""
    x, y = raw(real), raw(fake)
    one_each = (x.shape[0],) + (1,) * (x.ndim - 1)
    alpha = given_or_default(rng).uniform(one_each, dtype=x.dtype, device=device_of(x))
    slope = input_gradient(discriminator, y + alpha * (x - y))
    return LAMBDA * ops.mean((ops.norm(ops.flatten(slope), axis=1) - 1) ** 2)  # Gulrajani et al., equation 3


def r1(discriminator: Judge, real: Tensor, fake: Tensor, rng: Generator | None = None) -> Tensor:
    """gamma/2 E[|grad s|^2] at the real examples (N, *shape): a scalar."""
    slope = input_gradient(discriminator, real)
    return GAMMA / 2 * ops.mean(sum_features(slope * slope))  # Mescheder et al., equation 9


def clip(discriminator: Module) -> None:
    """Limit every weight to [-0.01, 0.01], in place."""
    for parameter in discriminator.parameters():
        xp_of(parameter.data).clip(parameter.data, -CLIP, CLIP, out=parameter.data)
    written(discriminator.parameters(), "clipping")


class Penalty(NamedTuple):
    """What is added to the discriminator's loss, and what is done after its step."""

    term: Callable[[Judge, Tensor, Tensor, Generator | None], Tensor] | None = None  # (D, real, fake, rng)
    limit: Callable[[Module], None] | None = None


PENALTIES = {
    "none": Penalty(),
    "clipping": Penalty(limit=clip),
    "gradient-penalty": Penalty(term=gradient_penalty),
    "r1": Penalty(term=r1),
}
