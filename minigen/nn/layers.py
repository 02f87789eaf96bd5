"""Layers with weights: Dense, Conv1D, Conv2D, Conv2DTranspose, Embedding.

Weights are drawn on the host from `rng` (the default generator, if none is given) and then moved to the default
device. The mathematics, forward and backward, is in `minigen.ops.linalg` and `minigen.ops.conv`.

Lesson 3 derives the Dense layer, lesson 7 the convolutions.
"""

import math
from typing import Any

import numpy as np

from .. import ops
from ..autodiff import Tensor, asarray, raw
from ..backend import Array, xp_of
from ..errors import ArgumentError, ShapeError, whole
from ..ops.conv import Padding, Pair, pair, smallest_image
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
            flat = math.prod(x.shape[1:])
            hint = "; did you forget Flatten()?" if x.ndim > 2 and flat == self.inputs else f", expected {self.inputs}"
            has = x.shape[-1] if x.ndim else "no"
            raise ShapeError(f"{self!r}: input of shape {x.shape} has {has} features in its last axis{hint}")
        return ops.dense(x, self.w, self.b)

    def describe(self) -> str:
        """The sizes."""
        return f"{self.inputs} -> {self.outputs}" + ("" if self.b is not None else ", no bias")


class _Convolution(Module):
    """What the convolution layers share: a kernel, a bias for each output channel, and settings."""

    kernel: Any  # with the stride and dilation, a pair; of a Conv1D, a number
    stride: Any
    w: Parameter
    b: Parameter | None
    axes = "N, H, W"  # of the input, but for the channels
    output_padding = (0, 0)

    def __init__(
        self, inputs: int, outputs: int, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
    ) -> None:
        positive(inputs=inputs, outputs=outputs, groups=groups)
        if inputs % groups or outputs % groups:
            raise ArgumentError(f"groups: {groups} must divide both inputs={inputs} and outputs={outputs}")
        self.inputs, self.outputs = inputs, outputs
        self.kernel, self.stride = pair("kernel", kernel, 1), pair("stride", stride, 1)
        self.padding, self.dilation, self.groups = padding, dilation, int(groups)

    def _with_bias(self, y: Tensor) -> Tensor:
        return y if self.b is None else ops.add_bias(y, self.b)

    def _check(self, x: Tensor) -> None:
        if x.ndim != self.axes.count(",") + 2 or x.shape[-1] != self.inputs:
            raise ShapeError(
                f"{self!r}: input has shape {x.shape}, expected ({self.axes}, {self.inputs}); "
                "did you forget Reshape(...), or is the channel axis not the last?"
            )

    def describe(self) -> str:
        """The channels and settings."""
        return (
            f"{self.inputs} -> {self.outputs}, kernel={self.kernel}, stride={self.stride}, padding={self.padding!r}"
            + (f", dilation={self.dilation}" if self.dilation not in (1, (1, 1)) else "")
            + (f", groups={self.groups}" if self.groups != 1 else "")
            + (f", output_padding={self.output_padding}" if any(self.output_padding) else "")
            + ("" if self.b is not None else ", no bias")
        )


class Conv1D(_Convolution):
    """A convolution along time: the same small kernel at every step of a sequence.

    It is a Conv2D of images with one row, and computed as such.

    Args:
        inputs, outputs: the numbers of channels. The kernel is (k, inputs / groups, outputs).
        kernel, stride, dilation: numbers of steps.
        padding: steps of zeros, at both ends, or a pair (before, after): (dilation (k - 1), 0) lets no step see a later
            one; 'same' or 'valid' as in `minigen.ops.conv2d`.
        groups: split channels and filters into this many parts that do not see each other.
        bias: whether to add one number for each output channel.
        init: name or function of `minigen.nn.init`.
        rng: where the weights are drawn from.
    """

    axes = "N, T"

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        padding: str | Pair = 0,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = True,
        init: str | Initializer = "glorot_uniform",
        rng: Generator | None = None,
    ) -> None:
        positive(kernel=kernel, stride=stride, dilation=dilation)
        super().__init__(inputs, outputs, kernel, stride, padding, dilation, groups)
        self.kernel, self.stride = kernel, stride
        self.ends: Padding = padding if isinstance(padding, str) else ((0, 0), pair("padding", padding, 0))
        shape = (kernel, inputs // groups, outputs)
        fans = kernel * inputs // groups, kernel * outputs // groups
        self.w = Parameter(initializer(init)(given_or_default(rng), shape, *fans))
        self.b = Parameter(np.zeros(outputs, np.float32)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """x (N, T, inputs) -> (N, OT, outputs)."""
        self._check(x)
        rows, kernel = ops.expand_dims(x, 1), ops.expand_dims(self.w, 0)  # (N, 1, T, inputs), (1, k, ...)
        y = ops.conv2d(rows, kernel, (1, self.stride), self.ends, (1, self.dilation), self.groups)
        return self._with_bias(ops.squeeze(y, 1))


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
        super().__init__(inputs, outputs, kernel, stride, padding, dilation, groups)
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
            `outputs` to `inputs` channels, of which this layer is the transpose. With groups,
            it is (kh, kw, outputs / groups, inputs).
        kernel, stride, padding, dilation, groups: see `minigen.ops.conv2d_transpose`.
        output_size: (H, W) of the result; default: the smallest that the convolution makes such an input of.
        output_padding: or how much larger than the smallest, 0 ... stride - 1, at the bottom and right.
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
        dilation: Pair = 1,
        groups: int = 1,
        output_size: Pair | None = None,
        output_padding: Pair = 0,
        bias: bool = True,
        init: str | Initializer = "glorot_uniform",
        rng: Generator | None = None,
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, padding, dilation, groups)
        self.output_size, self.output_padding = output_size, pair("output_padding", output_padding, 0)
        if any(more >= s for more, s in zip(self.output_padding, self.stride, strict=True)):
            raise ArgumentError(f"output_padding: expected less than the stride {self.stride}, got {output_padding}")
        if output_size is not None and any(self.output_padding):
            raise ArgumentError("output_padding: output_size is given too; give one of the two")
        taps = self.kernel[0] * self.kernel[1]
        # With stride s, an output pixel is covered by taps / s^2 stamps: that many terms, times inputs, are summed.
        fan_in = max(1, taps * inputs // (groups * self.stride[0] * self.stride[1]))
        shape = (*self.kernel, outputs // groups, inputs)
        self.w = Parameter(initializer(init)(given_or_default(rng), shape, fan_in, taps * outputs // groups))
        self.b = Parameter(np.zeros(outputs, np.float32)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """x (N, H, W, inputs) -> (N, OH, OW, outputs)."""
        self._check(x)
        size = self.output_size
        if any(self.output_padding):
            smallest = smallest_image((x.shape[1], x.shape[2]), self.kernel, self.stride, self.padding, self.dilation)
            size = (smallest[0] + self.output_padding[0], smallest[1] + self.output_padding[1])
        return self._with_bias(
            ops.conv2d_transpose(x, self.w, self.stride, self.padding, self.dilation, self.groups, size)
        )


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
