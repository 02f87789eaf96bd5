"""Layers without weights: activations, changes of shape, pooling and up-sampling.

Lesson 3 says what an activation is for.
"""

import math
from collections.abc import Callable
from typing import Any, ClassVar

from .. import ops
from ..autodiff import Tensor
from ..errors import ArgumentError, ShapeError
from ..ops.conv import Pair
from .module import Module


class Activation(Module):
    """A function of each element, as a layer."""

    function: Callable[..., Tensor]

    def __init__(self, **settings: float) -> None:
        self.settings = settings

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to every element."""
        return type(self).function(x, **self.settings)

    def describe(self) -> str:
        """The settings."""
        return ", ".join(f"{name}={value}" for name, value in self.settings.items())


class ReLU(Activation):
    """max(x, 0)."""

    function = staticmethod(ops.relu)

    def __init__(self) -> None:
        super().__init__()


class LeakyReLU(Activation):
    """x where x > 0, slope * x elsewhere."""

    function = staticmethod(ops.leaky_relu)

    def __init__(self, slope: float = 0.2) -> None:
        super().__init__(slope=slope)


class ELU(Activation):
    """x where x > 0, alpha (e^x - 1) elsewhere."""

    function = staticmethod(ops.elu)

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__(alpha=alpha)


class GELU(Activation):
    """x / 2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), or x Phi(x), which that approximates.

    Args:
        exact: whether to compute the latter.
    """

    def __init__(self, *, exact: bool = False) -> None:
        super().__init__(**({"exact": True} if exact else {}))

    @staticmethod
    def function(x: Tensor, exact: bool = False) -> Tensor:
        """One of the two, of every element."""
        return (ops.gelu_exact if exact else ops.gelu)(x)


class SiLU(Activation):
    """x sigmoid(x)."""

    function = staticmethod(ops.silu)

    def __init__(self) -> None:
        super().__init__()


class Tanh(Activation):
    """The hyperbolic tangent."""

    function = staticmethod(ops.tanh)

    def __init__(self) -> None:
        super().__init__()


class Sigmoid(Activation):
    """1 / (1 + e^-x)."""

    function = staticmethod(ops.sigmoid)

    def __init__(self) -> None:
        super().__init__()


class Softplus(Activation):
    """log(1 + e^x)."""

    function = staticmethod(ops.softplus)

    def __init__(self) -> None:
        super().__init__()


class Softmax(Activation):
    """exp(x) scaled to sum to 1 along the last axis."""

    function = staticmethod(ops.softmax)

    def __init__(self) -> None:
        super().__init__()


class Flatten(Module):
    """(N, ...) -> (N, product of the rest)."""

    def forward(self, x: Tensor) -> Tensor:
        """One row for each example."""
        return ops.flatten(x)


class Reshape(Module):
    """(N, ...) -> (N, *shape).

    Args:
        shape: the new shape of one example, without the batch axis: Reshape(7, 7, 64) or Reshape((7, 7, 64)).
    """

    def __init__(self, *shape: Any) -> None:
        self.shape = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape

    def forward(self, x: Tensor) -> Tensor:
        """The same values, example by example."""
        if math.prod(x.shape[1:]) != math.prod(self.shape):
            raise ShapeError(
                f"{self!r}: an example of shape {tuple(x.shape[1:])} has {math.prod(x.shape[1:])} values, "
                f"{self.shape} takes {math.prod(self.shape)}"
            )
        return ops.reshape(x, (x.shape[0], *self.shape))

    def describe(self) -> str:
        """The new shape."""
        return ", ".join(map(str, self.shape))


class MaxPool2D(Module):
    """The largest value in each window; see `minigen.ops.max_pool2d`."""

    def __init__(self, kernel: Pair = 2, *, stride: Pair | None = None, padding: Pair = 0) -> None:
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """x (N, H, W, C) -> (N, OH, OW, C)."""
        return ops.max_pool2d(x, self.kernel, self.stride, self.padding)

    def describe(self) -> str:
        """The kernel size."""
        return str(self.kernel)


class AvgPool2D(Module):
    """The mean of each window; see `minigen.ops.avg_pool2d`."""

    def __init__(self, kernel: Pair = 2, *, stride: Pair | None = None, padding: Pair = 0) -> None:
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """x (N, H, W, C) -> (N, OH, OW, C)."""
        return ops.avg_pool2d(x, self.kernel, self.stride, self.padding)

    def describe(self) -> str:
        """The kernel size."""
        return str(self.kernel)


class UpSampling2D(Module):
    """Images `factor` times as large, by repeating pixels ('nearest') or interpolating ('bilinear')."""

    METHODS: ClassVar[dict[str, Callable[..., Tensor]]] = {
        "nearest": ops.upsample_nearest,
        "bilinear": ops.upsample_bilinear,
    }

    def __init__(self, factor: Pair = 2, *, method: str = "nearest") -> None:
        if method not in self.METHODS:
            raise ArgumentError(f"method: expected 'nearest' or 'bilinear', got {method!r}")
        self.factor, self.method = factor, method

    def forward(self, x: Tensor) -> Tensor:
        """x (N, H, W, C) -> (N, H factor, W factor, C)."""
        return self.METHODS[self.method](x, self.factor)

    def describe(self) -> str:
        """The factor and method."""
        return f"{self.factor}, {self.method}"
