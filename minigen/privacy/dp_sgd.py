"""DP-SGD: gradient descent that learns nearly the same from the data with and without any one example.

Abadi et al. 2016, algorithm 1. In each step:

    take a batch B: each example with probability q, whatever the others do
    g_n <- dL_n/dw                                      (for each example in B)
    g_n <- g_n min(1, C / ||g_n||)                      (no example moves the sum by more than C)
    g <- (sum_n g_n + N(0, (sigma C)^2)) / (q N)        (divided by the size that a batch has on average)
    w <- w - lr g                                       (or any other step: it sees the data only through g)

The size of a batch is itself random, and kept secret: the sum is divided by q N, and an empty batch gives a step of
noise alone. A loader that shuffles and cuts has other guarantees than those of `accountant`.

    batches = PoissonBatches(x, y, rate=0.004, rng=rng.spawn())
    trainer = PrivateTrainer(model, losses, SGD(model.parameters(), 0.25), clip=1.5, noise=1.3, batch_size=batches.mean)
    for step, metrics in steps(trainer, batches, rng, 3750):
        ...
    print(spent(rate=0.004, noise=1.3, steps=3750, delta=1e-5))

What is printed on the way, such as the mean loss, is not private, and neither are settings that were chosen by looking
at it. And whoever knows the seed knows the noise: publish the weights, not the seed.

Lesson 24 and docs/privacy.md derive it.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import ops
from ..autodiff import Tensor
from ..backend import Array, to_device, to_numpy, xp_of
from ..distributed import Group
from ..errors import ArgumentError, NumericalError, ShapeError
from ..models import Trainer
from ..models.trainer import Metrics
from ..nn import Module
from ..optim import Optimizer
from ..random import Generator, given_or_default
from .per_example import PerExample, check_layers


def clip_factors(norms: Array, clip: float) -> Array:
    """min(1, C / ||g_n||) of each example, given the norms (N,) of their gradients."""
    xp = xp_of(norms)
    return clip / xp.maximum(norms, clip)


class PrivateTrainer(Trainer):
    """Steps of DP-SGD.

    Args:
        model: what is trained, in place; see `PerExample` for what it may be built of.
        losses: of a batch x (N, *shape), a generator for noise, and labels, if there are any: the loss of each example,
            (N,).
        optimizer: of the model's parameters. Any rule will do.
        clip: C, the largest norm that an example's gradient may have.
        noise: sigma, the deviation of the noise as a multiple of C.
        batch_size: q N, of a batch on average.
        public: a loss that no example has a part in, such as a discriminator's of fakes; its gradient needs no noise.

    Raises:
        ArgumentError: a setting is out of range, or the model has a layer that cannot be trained so (batch norm).
    """

    def __init__(
        self,
        model: Module,
        losses: Callable[..., Tensor],
        optimizer: Optimizer,
        *,
        clip: float,
        noise: float,
        batch_size: float,
        public: Callable[[Generator], Tensor] | None = None,
    ) -> None:
        for name, value, expected in (
            ("clip", clip, "> 0"),
            ("noise", noise, ">= 0"),
            ("batch_size", batch_size, "> 0"),
        ):
            if not (0 <= value < float("inf")) or (value == 0 and expected == "> 0"):
                raise ArgumentError(f"{name}: expected a finite number {expected}, got {value!r}")
        check_layers(model)
        super().__init__(model, optimizer)
        self.losses, self.public = losses, public
        self.clip, self.noise, self.batch_size = float(clip), float(noise), float(batch_size)

    def join(self, group: Group, shards: int) -> None:
        """Of one process and whole batches only."""
        if shards > 1:
            raise ArgumentError(f"shards: a private step takes its batch whole, got {shards}; use 1")
        super().join(group, shards)

    def step(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """One step on the batch x (N, *shape), which may be empty.

        Returns:
            The mean loss before the step and the share of gradients that were clipped, which are not private; of an
            empty batch nothing.

        Raises:
            NumericalError: a gradient is not finite, and no clipping bounds it. (On a GPU only if it `watch`es.)
        """
        sums: dict[int, Array] = {}
        metrics: Metrics = {}
        if len(x):
            examples = PerExample(self.model, lambda: self.losses(x, rng, *labels))
            norms = examples.norms()
            if self.watches and not np.isfinite(to_numpy(norms)).all():
                bad = int((~np.isfinite(to_numpy(norms))).sum())
                raise NumericalError(f"the gradient of {bad} examples is not finite, so no clipping bounds it")
            factors = clip_factors(norms, self.clip)
            sums = {id(p): total for p, total in examples.weighted_sum(factors)}
            clipped = (factors < 1).astype(factors.dtype)
            metrics = {"loss": ops.mean(examples.losses), "clipped": ops.mean(Tensor(clipped))}
        (optimizer,) = self.optimizers
        optimizer.zero_grad()
        if self.public:
            self.public(rng).backward()
        for p in optimizer.flat.params:
            noisy = self.noise * self.clip * rng.normal(p.shape, dtype=p.dtype, device=p.device)
            if id(p) in sums:
                noisy += sums[id(p)]
            noisy /= self.batch_size
            p.grad = Tensor(noisy if p.grad is None else noisy + p.grad.data)
        optimizer.step()
        return metrics


class PoissonBatches:
    """Batches without end: each example is in each with the same probability, whatever else is in it or came before.

    Args:
        arrays: examples (N, *shape), and labels (N,) if they are wanted.
        rate: the probability q, in (0, 1].
        rng: where the choices are drawn from, on the host.
        device: where the batches lie.

    Attributes:
        mean: q N, how many examples a batch has on average.
    """

    def __init__(self, *arrays: Array, rate: float, rng: Generator | None = None, device: str = "cpu") -> None:
        if not 0 < rate <= 1:
            raise ArgumentError(f"rate: expected a number with 0 < rate <= 1, got {rate!r}")
        if not arrays or len({len(array) for array in arrays}) != 1:
            raise ShapeError(f"arrays: expected one or more of one length, got lengths {[len(a) for a in arrays]}")
        self.arrays, self.rate, self.device = arrays, rate, device
        self.rng = given_or_default(rng)
        self.mean = rate * len(arrays[0])

    def __iter__(self) -> Iterator[tuple[Array, ...]]:
        return self

    def __next__(self) -> tuple[Array, ...]:
        chosen = np.flatnonzero(self.rng.host.random(len(self.arrays[0])) < self.rate)
        return tuple(to_device(array[chosen], self.device) for array in self.arrays)

    def state(self) -> dict[str, Any]:
        """Where they stand."""
        return self.rng.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from `state()`."""
        self.rng.load_state(state)
