"""Layers with weights: Dense, Conv2D, Conv2DTranspose, Embedding.

Weights are drawn on the host from `rng` (the default generator, if none is given) and then moved to the default
device. The mathematics, forward and backward, is in `minigen.ops.linalg` and `minigen.ops.conv`.

Lesson 3 derives the Dense layer, lesson 7 the convolutions.
"""

import numpy as np

from .. import ops
from ..autodiff import Tensor, asarray, raw
from ..backend import Array, xp_of
from ..errors import ArgumentError, ShapeError, whole
from ..ops.conv import Padding, Pair, pair
from ..random import Generator, given_or_default
from .init import Initializer, initializer
from .module import Module, Parameter


def positive(**sizes: object) -> None:
    """Raise unless every argument is an integer >= 1."""
    for name, value in sizes.items():
        whole(name, value)


class Dense(Module):
    """The affine map y = x w + b, every input to every output.

    Args:
        inputs, outputs: the numbers of features.
        bias: whether to add b.
        init: name or function of `minigen.nn.init` for w; b starts at 0.
        rng: where the weights are drawn from.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        bias: bool = True,
        init: str | Initializer = "glorot_uniform",
        rng: Generator | None = None,
    ) -> None:
        positive(inputs=inputs, outputs=outputs)
        self.inputs, self.outputs = inputs, outputs
        self.w = Parameter(initializer(init)(given_or_default(rng), (inputs, outputs), inputs, outputs))
        self.b = Parameter(np.zeros(outputs, np.float32)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """x (..., inputs) -> (..., outputs)."""
        if not x.ndim or x.shape[-1] != self.inputs:
            raise ShapeError(
                f"{self!r}: input of shape {x.shape} has {x.shape[-1] if x.ndim else 'no'} features "
                "in its last axis; did you forget Flatten()?"
            )
        return ops.dense(x, self.w, self.b)

    def describe(self) -> str:
        """The sizes."""
        return f"{self.inputs} -> {self.outputs}" + ("" if self.b is not None else ", no bias")


class _Convolution(Module):
    """What the two convolution layers share: a kernel, a bias for each output channel, and settings."""

    w: Parameter
    b: Parameter | None

    def __init__(self, inputs: int, outputs: int, kernel: Pair, stride: Pair, padding: Padding) -> None:
        positive(inputs=inputs, outputs=outputs)
        self.inputs, self.outputs = inputs, outputs
        self.kernel, self.stride = pair("kernel", kernel, 1), pair("stride", stride, 1)
        self.padding = padding

    def _with_bias(self, y: Tensor) -> Tensor:
        return y if self.b is None else ops.add_bias(y, self.b)

    def _check(self, x: Tensor) -> None:
        if x.ndim != 4 or x.shape[3] != self.inputs:
            raise ShapeError(
                f"{self!r}: input has shape {x.shape}, expected (N, H, W, {self.inputs}); "
                "did you forget Reshape(...), or is the channel axis not the last?"
            )

    def describe(self) -> str:
        """The channels and settings."""
        return (
            f"{self.inputs} -> {self.outputs}, kernel={self.kernel}, stride={self.stride}, padding={self.padding!r}"
            + ("" if self.b is not None else ", no bias")
        )


class Conv2D(_Convolution):
    """A convolution: the same small kernel at every place of the image.

    Args:
        inputs, outputs: the numbers of channels.
        kernel, stride, padding, dilation, groups: see `minigen.ops.conv2d`.
        bias: whether to add one number for each output channel (superfluous before BatchNorm).
        init: name or function of `minigen.nn.init`.
        rng: where the weights are drawn from.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: Pair,
        *,
        stride: Pair = 1,
        padding: Padding = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        init: str | Initializer = "glorot_uniform",
        rng: Generator | None = None,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding)
        positive(groups=groups)
        if inputs % groups or outputs % groups:
            raise ArgumentError(f"groups: {groups} must divide both inputs={inputs} and outputs={outputs}")
        self.dilation, self.groups = dilation, groups
        shape = (*self.kernel, inputs // groups, outputs)
        taps = self.kernel[0] * self.kernel[1]
        fans = taps * inputs // groups, taps * outputs // groups
        self.w = Parameter(initializer(init)(given_or_default(rng), shape, *fans))
        self.b = Parameter(np.zeros(outputs, np.float32)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """x (N, H, W, inputs) -> (N, OH, OW, outputs)."""
        self._check(x)
        return self._with_bias(ops.conv2d(x, self.w, self.stride, self.padding, self.dilation, self.groups))


class Conv2DTranspose(_Convolution):
    """The transpose of a convolution: every input pixel stamps a scaled kernel onto a larger image.

    Args:
        inputs, outputs: the numbers of channels. The kernel is (kh, kw, outputs, inputs): that of the Conv2D, from
            `outputs` to `inputs` channels, of which this layer is the transpose.
        kernel, stride, padding, output_size: see `minigen.ops.conv2d_transpose`.
        bias: whether to add one number for each output channel.
        init: name or function of `minigen.nn.init`.
        rng: where the weights are drawn from.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: Pair,
        *,
        stride: Pair = 1,
        padding: Padding = 0,
        output_size: Pair | None = None,
        bias: bool = True,
        init: str | Initializer = "glorot_uniform",
        rng: Generator | None = None,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding)
        self.output_size = output_size
        taps = self.kernel[0] * self.kernel[1]
        # With stride s, an output pixel is covered by taps / s^2 stamps: that many terms, times inputs, are summed.
        fan_in = max(1, taps * inputs // (self.stride[0] * self.stride[1]))
        self.w = Parameter(
            initializer(init)(given_or_default(rng), (*self.kernel, outputs, inputs), fan_in, taps * outputs)
        )
        self.b = Parameter(np.zeros(outputs, np.float32)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """x (N, H, W, inputs) -> (N, OH, OW, outputs)."""
        self._check(x)
        return self._with_bias(ops.conv2d_transpose(x, self.w, self.stride, self.padding, output_size=self.output_size))


class Embedding(Module):
    """A table of vectors, looked up by integers: (…) -> (…, features).

    Args:
        count: how many vectors. features: their length.
        rng: where the vectors are drawn from, N(0, 1).
    """

    def __init__(self, count: int, features: int, *, rng: Generator | None = None) -> None:
        positive(count=count, features=features)
        self.count, self.features = count, features
        self.w = Parameter(given_or_default(rng).normal((count, features), device="cpu"))

    def forward(self, ids: Tensor | Array) -> Tensor:
        """Integers (...) in 0 ... count-1 -> (..., features)."""
        ids = raw(ids) if isinstance(ids, Tensor) else asarray(ids)
        if ids.dtype.kind not in "iu":
            raise ArgumentError(f"{self!r}: ids must be integers, got {ids.dtype}")
        if isinstance(ids, np.ndarray) and ids.size and not 0 <= ids.min() <= ids.max() < self.count:
            raise ArgumentError(f"{self!r}: ids must be in 0 ... {self.count - 1}, got {ids.min()} ... {ids.max()}")
        return ops.take(self.w, ids, axis=0)

    def describe(self) -> str:
        """The sizes."""
        return f"{self.count}, {self.features}"


def one_hot(labels: Array, classes: int) -> Array:
    """A 1 in the place of each label, else 0: integers (...) -> float32 (..., classes).

    one_hot(labels, K) @ w chooses the rows of w that `Embedding` looks up.
    """
    return (labels[..., None] == xp_of(labels).arange(classes)).astype(np.float32)
