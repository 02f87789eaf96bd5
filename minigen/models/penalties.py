"""What keeps a discriminator from becoming too steep: a term in its loss, or a limit on its weights.

- gradient-penalty: lambda E[(|grad s(x~)| - 1)^2] at random points x~ between a real and a fake example, lambda = 10
  (WGAN-GP, Gulrajani et al. 2017, equation 3). The norm is over all features of one example, and each example has one
  random place on its line.
- r1: gamma/2 E[|grad s(x)|^2] at real examples, gamma = 10 (Mescheder et al. 2018, equation 9). Without it, the game
  of the simplest GAN, the Dirac-GAN, circles around its solution for ever; with it, it spirals in.
- clipping: all weights within [-0.01, 0.01] after each step (WGAN, Arjovsky et al. 2017, algorithm 1).
"""

from collections.abc import Callable
from typing import Any

from .. import ops
from ..autodiff import Tensor, grad, raw
from ..backend import device_of, xp_of
from ..nn import Module, sum_features
from ..random import Generator, given_or_default

Judge = Callable[[Any], Any]  # examples (N, *shape) -> logits (N, 1): a discriminator
LAMBDA, GAMMA, CLIP = 10.0, 10.0, 0.01


def input_gradient(discriminator: Judge, x: Any) -> Any:
    """grad s at each example x (N, *shape), to be differentiated again: the same shape."""
    x = Tensor(raw(x), requires_grad=True)
    return grad(ops.sum(discriminator(x)), x, create_graph=True)


def gradient_penalty(discriminator: Judge, real: Any, fake: Any, rng: Generator | None = None) -> Any:
    """lambda E[(|grad s| - 1)^2] between real and fake examples (N, *shape): a scalar."""
    real, fake = raw(real), raw(fake)
    one_each = (real.shape[0],) + (1,) * (real.ndim - 1)
    alpha = given_or_default(rng).uniform(one_each, dtype=real.dtype, device=device_of(real))
    slope = input_gradient(discriminator, fake + alpha * (real - fake))
    return LAMBDA * ops.mean((ops.norm(ops.flatten(slope), axis=1) - 1) ** 2)


def r1(discriminator: Judge, real: Any, fake: Any, rng: Generator | None = None) -> Any:
    """gamma/2 E[|grad s|^2] at the real examples (N, *shape): a scalar."""
    slope = input_gradient(discriminator, real)
    return GAMMA / 2 * ops.mean(sum_features(slope * slope))


def none(discriminator: Judge, real: Any, fake: Any, rng: Generator | None = None) -> Any:
    """No penalty."""
    return 0.0


PENALTIES = {"none": none, "clipping": none, "gradient-penalty": gradient_penalty, "r1": r1}


def clip(discriminator: Module) -> None:
    """Limit every weight to [-0.01, 0.01], in place."""
    for parameter in discriminator.parameters():
        xp_of(parameter.data).clip(parameter.data, -CLIP, CLIP, out=parameter.data)
