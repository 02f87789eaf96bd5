"""A normalizing flow: a bijection to numbers that are N(0, 1), and the likelihood that it is trained on.

    log p(x)  =  log N(f(x); 0, 1) + log |det df/dx|          (Dinh, Sohl-Dickstein & Bengio 2017, equation 3)

Nothing is bounded or estimated: of real numbers this is the exact log-density, and training maximises it. To draw an x,
draw z ~ N(0, 1) and undo f. Of images, whose pixels take one of K levels, it becomes a bound on the log-probability,
by noise between the levels (`dequantisation`), and is told in bits for each dimension too, as compression is counted:

    bits per dimension  =  -log P(x) / (D log 2)

A code that spends as many bits on each of the D numbers of an image stores it without loss; log2 K bits would do
without any model (8 for 256 levels).

Lesson 19 derives it.
"""

import math
from typing import NamedTuple

from ... import ops
from ...autodiff import Tensor, no_grad
from ...backend import xp_of
from ...distributions import LOG_2PI
from ...errors import ArgumentError, ShapeError, whole
from ...nn import Module
from ...optim.schedules import Schedule
from ...random import Generator, given_or_default
from ..vaes.vae import VAETrainer
from .bijection import Bijection, sum_of
from .dequantisation import Uniform, Variational

Shape = tuple[int, ...]
MOST = 1.0  # norm of a gradient


class DensityLoss(NamedTuple):
    """A scalar in nats per example, averaged over the batch: -log p(x)."""

    total: Tensor


class ImageLoss(NamedTuple):
    """Scalars, averaged over the batch: the bound on -log P(x) in nats per image, and in bits per dimension."""

    total: Tensor
    bits_per_dim: Tensor


class Flow(Module):
    """A density by the change of variables.

    Args:
        bijection: from examples (N, *shape) to vectors (N, D). shape: of an example, D numbers.
        levels: K, of pixels in [0, 1], which are multiples of 1 / (K - 1); 0 for real numbers.
        noise: what fills the gaps between the levels; the bijection then takes numbers in (0, 1).
    """

    def __init__(
        self, bijection: Bijection, shape: Shape, levels: int = 0, noise: Uniform | Variational | None = None
    ) -> None:
        if (noise is None) != (levels == 0) or levels in (1, -1):
            raise ArgumentError(f"levels: expected 0 without noise and a number >= 2 with it, got {levels}")
        self.bijection, self.shape, self.levels, self.noise = bijection, shape, levels, noise

    def log_density(self, x: Tensor) -> Tensor:
        """log p of real numbers x (N, *shape), or of dequantised pixels in (0, 1): (N,) nats."""
        z, log_det = self.bijection(x)
        return sum_of(-0.5 * (LOG_2PI + z * z)) + log_det  # equation 3

    def log_prob(self, x: Tensor, rng: Generator | None = None) -> Tensor:
        """log p(x) of each example, in nats: x (N, *shape) -> (N,). Of levels a lower bound on log P(x), from one draw.

        Args:
            rng: for the noise between the levels; not used for real numbers.
        """
        if x.shape[1:] != self.shape:
            raise ShapeError(f"Flow: examples have shape {x.shape[1:]}, expected {self.shape}")
        if self.noise is None:
            return self.log_density(x)
        v, log_q = self.dequantised(x, rng)
        return self.log_density(v) - log_q - math.prod(self.shape) * math.log(self.levels)

    def dequantised(self, x: Tensor, rng: Generator | None = None) -> tuple[Tensor, Tensor]:
        """v = (k + u) / K in (0, 1) for pixels x (N, *shape) of levels k, and log q(u|k) of each image."""
        assert self.noise is not None
        k = Tensor(xp_of(x.data).rint(x.data * (self.levels - 1)))
        u, log_q = self.noise(k, rng)
        return (k + u) / self.levels, log_q

    def loss(self, x: Tensor, rng: Generator | None = None) -> DensityLoss | ImageLoss:
        """-log p in nats per example, averaged over the batch; of images in bits per dimension, too."""
        nats = -ops.mean(self.log_prob(x, rng))
        if self.noise is None:
            return DensityLoss(nats)
        with no_grad():
            bits = nats / (math.prod(self.shape) * math.log(2))
        return ImageLoss(nats, bits)

    def sample(self, n: int, rng: Generator | None = None) -> Tensor:
        """n examples from n draws of z; pixels are the levels that they fall on, in [0, 1]."""
        whole("n", n)
        z = given_or_default(rng).normal((n, math.prod(self.shape)), device=self.device)
        x, _ = self.bijection.inverse(Tensor(z))
        if self.noise is None:
            return x
        xp = xp_of(x.data)
        return Tensor(xp.clip(xp.floor(x.data * self.levels), 0, self.levels - 1) / (self.levels - 1))

    def prepare(self, x: Tensor) -> None:
        """Let each `Normalize` take its mean and deviation from examples x (N, *shape)."""
        with no_grad():
            self.bijection.prepare(x if self.noise is None else self.dequantised(x, Generator(0))[0])


class FlowTrainer(VAETrainer):
    """Adam on -log p, as for a bound, with clipped gradients: an example far outside has a huge one."""

    def __init__(self, model: Flow, schedule: Schedule) -> None:
        super().__init__(model, schedule)
        self.optimizer.max_norm = MOST

    def prepare(self, x: Tensor) -> None:
        """See `Flow.prepare`."""
        self.model.prepare(x)
