"""Layers that behave differently in training and in use, or standardise what passes.

BatchNorm, LayerNorm, GroupNorm, Dropout.

Lesson 10 derives batch normalisation and compares its two modes.
"""

from collections.abc import Iterable

import numpy as np

from .. import ops
from ..autodiff import Tensor, no_grad, raw, written
from ..backend import Array, device_of
from ..errors import ArgumentError, ShapeError
from ..random import Generator, default_generator, given_or_default
from .layers import positive
from .module import Buffer, Module, Parameter, restored


def _check_features(layer: Module, x: Tensor, features: int) -> None:
    if x.ndim < 2 or x.shape[-1] != features:
        raise ShapeError(f"{layer!r}: input has shape {x.shape}, expected (N, ..., {features})")


class BatchNorm(Module):
    """Standardise each channel over the batch, then scale and shift (Ioffe & Szegedy 2015).

    In training mode the statistics are the batch's own, and running averages of them are kept:
    running <- momentum * running + (1 - momentum) * batch, the variance with divisor n - 1. In eval mode the
    running averages are used. A frozen layer in training mode uses the batch's statistics and keeps none.

    Args:
        features: the number of channels, the last axis.
        momentum: the share of the old average that is kept (as in Keras; PyTorch's `momentum` is one minus this).
        eps: added to the variance before its root is taken.
    """

    def __init__(self, features: int, *, momentum: float = 0.9, eps: float = 1e-5) -> None:
        positive(features=features)
        if not 0 <= momentum < 1:
            raise ArgumentError(f"momentum: expected 0 <= momentum < 1, got {momentum}")
        if eps <= 0:
            raise ArgumentError(f"eps: expected a number > 0, got {eps}")
        self.features, self.momentum, self.eps = features, momentum, eps
        self.gamma = Parameter(np.ones(features, np.float32))
        self.beta = Parameter(np.zeros(features, np.float32))
        self.running_mean = Buffer(np.zeros(features, np.float32))
        self.running_var = Buffer(np.ones(features, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, ..., features) -> the same shape."""
        _check_features(self, x, self.features)
        if not self.training:
            scale = self.gamma / (self.running_var + self.eps) ** 0.5
            return (x - self.running_mean) * scale + self.beta
        count = x.size // self.features
        if count < 2:
            raise ShapeError(
                f"{self!r}: a batch of one value per channel has no variance; use a larger batch, or .eval()"
            )
        y, mean, var = ops.batch_norm(x, self.gamma, self.beta, self.eps)
        if not self.is_frozen:
            self._remember(self.running_mean, mean)
            self._remember(self.running_var, var * (count / (count - 1)))
        return y

    def _remember(self, running: Tensor, batch: Array) -> None:
        running.data *= self.momentum
        running.data += (1 - self.momentum) * batch.reshape(self.features)
        written([running], "BatchNorm in training")

    def describe(self) -> str:
        """The number of channels."""
        return str(self.features)


def update_bn(module: Module, batches: Iterable[Tensor]) -> None:
    """Give every BatchNorm of a module the mean statistics of some batches, in place of its running averages.

    Running averages come from the last few batches, each of which met other weights than those that training ended
    with. Where these still move much, the averages fit none of them. Here all batches meet the weights as they are
    (PreciseBN, Wu & Johnson 2021, section 3; torch.optim.swa_utils.update_bn). No other layer acts as in training.

    Args:
        module: it is changed in place. Frozen layers keep their averages.
        batches: inputs (N, ...) of the module, each as large as in training.

    Raises:
        ArgumentError: there are no batches.
    """
    layers = [layer for layer in module.modules() if isinstance(layer, BatchNorm)]
    seen = 0
    with module.evaluating(), restored("momentum", layers), no_grad():
        for layer in layers:
            layer.train()
        for seen, x in enumerate(batches, 1):
            for layer in layers:
                layer.momentum = 1 - 1 / seen  # the mean of all so far
            module(x)
    if not seen:
        raise ArgumentError("batches: expected one or more to measure statistics of, got none")


class LayerNorm(Module):
    """Standardise each example over its last axis, then scale and shift (Ba et al. 2016); no running statistics.

    Args:
        features: the length of the last axis.
        eps: added to the variance before its root is taken.
    """

    def __init__(self, features: int, *, eps: float = 1e-5) -> None:
        positive(features=features)
        self.features, self.eps = features, eps
        self.gamma = Parameter(np.ones(features, np.float32))
        self.beta = Parameter(np.zeros(features, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, ..., features) -> the same shape."""
        _check_features(self, x, self.features)
        return ops.layer_norm(x, self.gamma, self.beta, self.eps)

    def describe(self) -> str:
        """The number of features."""
        return str(self.features)


class GroupNorm(Module):
    """Standardise each example within groups of channels, then scale and shift each channel (Wu & He 2018).

    The statistics are an example's own, over all its places and the channels of a group: batches of any size serve.

    Args:
        groups: how many, of equally many channels that follow each other; 1 is a layer norm over the whole example.
        features: the number of channels, the last axis.
        eps: added to the variance before its root is taken.
    """

    def __init__(self, groups: int, features: int, *, eps: float = 1e-5) -> None:
        positive(groups=groups, features=features)
        if features % groups:
            raise ArgumentError(f"groups: {groups} must divide features={features}")
        self.groups, self.features, self.eps = groups, features, eps
        self.gamma = Parameter(np.ones(features, np.float32))
        self.beta = Parameter(np.zeros(features, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, ..., features) -> the same shape."""
        _check_features(self, x, self.features)
        return ops.group_norm(x, self.gamma, self.beta, self.groups, self.eps)

    def describe(self) -> str:
        """The numbers of groups and of channels."""
        return f"{self.groups}, {self.features}"


class Dropout(Module):
    """In training, set each value to 0 with probability `rate` and divide the others by 1 - rate (Srivastava 2014).

    The expected value stays the same, so that nothing needs to be done in eval mode.

    Args:
        rate: the probability, 0 <= rate < 1.
        rng: where the masks are drawn from.
    """

    def __init__(self, rate: float = 0.5, *, rng: Generator | None = None) -> None:
        if not 0 <= rate < 1:
            raise ArgumentError(f"rate: expected 0 <= rate < 1, got {rate}")
        self.rate = rate
        self.rng = given_or_default(rng) if rng is not None else default_generator().spawn()

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape -> the same shape."""
        if not self.training or not self.rate:
            return x
        keep = self.rng.uniform(x.shape, device=device_of(raw(x))) >= self.rate
        return x * (keep.astype(x.dtype) / (1 - self.rate))

    def describe(self) -> str:
        """The probability."""
        return str(self.rate)
