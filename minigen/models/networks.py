"""The networks inside the models: dense ones, and convolutional ones for images of any size divisible by four.

Encoders and discriminators map examples (N, *shape) to vectors (N, features); decoders and generators map vectors to
examples. Nothing here knows what it is trained for.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from ..backend import xp_of
from ..errors import ArgumentError
from ..nn import (
    BatchNorm,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Flatten,
    LeakyReLU,
    Module,
    ReLU,
    Reshape,
    Sequential,
    SpectralNorm,
)
from ..random import Generator

Shape = tuple[int, ...]


def _dense_layers(sizes: Sequence[int], activation: type[Module], init: str, rng: Generator) -> list[Module]:
    return [
        layer
        for inputs, outputs in itertools.pairwise(sizes)
        for layer in (Dense(inputs, outputs, init=init, rng=rng), activation())
    ]


def dense_encoder(
    shape: Shape,
    features: int,
    hidden: Sequence[int],
    rng: Generator,
    activation: type[Module] = ReLU,
    init: str = "he_uniform",
) -> Sequential:
    """Examples of `shape`, flattened, through dense layers of the widths in `hidden`, to `features` numbers."""
    sizes = [math.prod(shape), *hidden]
    return Sequential(Flatten(), *_dense_layers(sizes, activation, init, rng), Dense(sizes[-1], features, rng=rng))


def dense_decoder(
    features: int,
    shape: Shape,
    hidden: Sequence[int],
    rng: Generator,
    activation: type[Module] = ReLU,
    init: str = "he_uniform",
) -> Sequential:
    """Vectors through dense layers of the widths in `hidden`, to examples of `shape`."""
    sizes = [features, *hidden]
    last = Dense(sizes[-1], math.prod(shape), rng=rng)
    return Sequential(*_dense_layers(sizes, activation, init, rng), last, Reshape(*shape))


def start_at_the_mean(decoder: Sequential, x: np.ndarray) -> None:
    """Set the last biases of a dense Bernoulli decoder to the logits of the mean pixels of x (N, *shape).

    The means are clipped to [0.001, 0.999] (as Burda et al. 2016 do), so training starts from the best constant.
    """
    mean = x.mean(axis=0, dtype=np.float64).clip(0.001, 0.999).reshape(-1)
    bias = decoder[-2].b.data
    bias[...] = xp_of(bias).asarray(np.log(mean / (1 - mean)), dtype=bias.dtype)


def levels_of(shape: Shape) -> int:
    """How often the image is halved: down to at most 8 pixels, at least twice."""
    if len(shape) != 3 or shape[0] % 4 or shape[1] % 4:
        raise ArgumentError(
            "data: a convolutional model needs images (height, width, channels) with sides divisible by 4, "
            f"got {shape}; use the dense model"
        )
    levels = 2
    while min(shape[:2]) >> levels > 8 and not (shape[0] >> levels) % 2 and not (shape[1] >> levels) % 2:
        levels += 1
    return levels


def _down(shape: Shape, width: int, rng: Generator) -> tuple[list[Module], Shape]:
    """4x4 convolutions of stride 2 with ReLU, the channels doubling from `width`; and the shape they end with."""
    levels, channels = levels_of(shape), shape[2]
    layers: list[Module] = []
    for i in range(levels):
        layers += [Conv2D(channels, width << i, 4, stride=2, padding=1, init="he_uniform", rng=rng), ReLU()]
        channels = width << i
    return layers, (shape[0] >> levels, shape[1] >> levels, channels)


def _up(shape: Shape, width: int, rng: Generator) -> list[Module]:
    """The mirror of `_down`: 4x4 transposed convolutions of stride 2, with ReLU between them."""
    levels = levels_of(shape)
    channels = width << (levels - 1)
    layers: list[Module] = []
    for i in reversed(range(levels - 1)):
        layers += [Conv2DTranspose(channels, width << i, 4, stride=2, padding=1, init="he_uniform", rng=rng), ReLU()]
        channels = width << i
    return [*layers, Conv2DTranspose(channels, shape[2], 4, stride=2, padding=1, rng=rng)]


def conv_encoder(shape: Shape, features: int, width: int, rng: Generator) -> Sequential:
    """4x4 convolutions of stride 2 with ReLU, the channels doubling from `width`; then a dense layer."""
    layers, small = _down(shape, width, rng)
    return Sequential(*layers, Flatten(), Dense(math.prod(small), features, rng=rng))


def conv_decoder(features: int, shape: Shape, width: int, rng: Generator) -> Sequential:
    """The mirror of `conv_encoder`: a dense layer, then 4x4 transposed convolutions of stride 2 with ReLU."""
    levels = levels_of(shape)
    start = (shape[0] >> levels, shape[1] >> levels, width << (levels - 1))
    first = Dense(features, math.prod(start), init="he_uniform", rng=rng)
    return Sequential(first, ReLU(), Reshape(*start), *_up(shape, width, rng))


def grid_encoder(shape: Shape, features: int, width: int, rng: Generator) -> Sequential:
    """As `conv_encoder`, but to a vector of `features` numbers at each place of the small grid: (N, h, w, features)."""
    layers, small = _down(shape, width, rng)
    return Sequential(*layers, Conv2D(small[2], features, 1, rng=rng))


def grid_decoder(features: int, shape: Shape, width: int, rng: Generator) -> Sequential:
    """The mirror of `grid_encoder`: (N, h, w, features) to images."""
    channels = width << (levels_of(shape) - 1)
    first = Conv2D(features, channels, 3, padding=1, init="he_uniform", rng=rng)
    return Sequential(first, ReLU(), *_up(shape, width, rng))


def dcgan_generator(features: int, shape: Shape, width: int, rng: Generator, top: int = 0) -> Sequential:
    """DCGAN's generator (Radford et al. 2016): batch norm and ReLU everywhere but at the output; N(0, 0.02) weights.

    Args:
        features: the length of a code. shape: of one example. width: channels before the output.
        rng: where the weights are drawn from.
        top: units of one more dense layer, next to the code; 0 for none.
    """
    levels = levels_of(shape)
    channels = width << (levels - 1)
    start = (shape[0] >> levels, shape[1] >> levels, channels)
    layers: list[Module] = []
    if top:
        layers += [Dense(features, top, bias=False, init="dcgan", rng=rng), BatchNorm(top), ReLU()]
        features = top
    layers += [
        Dense(features, math.prod(start), bias=False, init="dcgan", rng=rng),
        Reshape(*start),
        BatchNorm(channels),
        ReLU(),
    ]
    for i in reversed(range(levels - 1)):
        up = Conv2DTranspose(channels, width << i, 4, stride=2, padding=1, bias=False, init="dcgan", rng=rng)
        layers += [up, BatchNorm(width << i), ReLU()]
        channels = width << i
    return Sequential(*layers, Conv2DTranspose(channels, shape[2], 4, stride=2, padding=1, init="dcgan", rng=rng))


def dcgan_discriminator(
    shape: Shape, width: int, rng: Generator, norm: str = "batch", outputs: int = 1, pack: int = 1, top: int = 0
) -> Sequential:
    """DCGAN's discriminator: strided convolutions, LeakyReLU(0.2), batch norm everywhere but at the input.

    Args:
        shape: of one example. width: channels of the first convolution.
        rng: where the weights are drawn from.
        norm: 'batch', 'spectral' (every layer's weights divided by their largest singular value), or 'none'. Penalties
            on the gradient of single examples want no batch norm, which mixes them (Gulrajani et al. 2017, section 4).
        outputs: how many numbers it gives.
        pack: how many examples it is given at once, side by side in the channels.
        top: units of one more dense layer, next to the output; 0 for none.
    """
    levels, channels = levels_of(shape), shape[2] * pack
    wrap = SpectralNorm if norm == "spectral" else (lambda layer: layer)
    layers: list[Module] = []
    for i in range(levels):
        batch_norm = norm == "batch" and i > 0
        layers.append(
            wrap(Conv2D(channels, width << i, 4, stride=2, padding=1, bias=not batch_norm, init=_init(norm), rng=rng))
        )
        layers += [BatchNorm(width << i)] if batch_norm else []
        layers.append(LeakyReLU(0.2))
        channels = width << i
    size = (shape[0] >> levels) * (shape[1] >> levels) * channels
    layers.append(Flatten())
    if top:
        layers.append(wrap(Dense(size, top, bias=norm != "batch", init=_init(norm), rng=rng)))
        layers += [BatchNorm(top)] if norm == "batch" else []
        layers.append(LeakyReLU(0.2))
        size = top
    return Sequential(*layers, wrap(Dense(size, outputs, init=_init(norm), rng=rng)))


def _init(norm: str) -> str:
    """DCGAN's N(0, 0.02) weights rely on a normalisation after them."""
    return "he_uniform" if norm == "none" else "dcgan"


def dense_discriminator(
    shape: Shape, hidden: Sequence[int], rng: Generator, norm: str = "none", outputs: int = 1, pack: int = 1
) -> Sequential:
    """Dense layers with LeakyReLU(0.2); the arguments are those of `dcgan_discriminator`, without batch norm."""
    wrap = SpectralNorm if norm == "spectral" else (lambda layer: layer)
    sizes = [math.prod(shape) * pack, *hidden]
    layers: list[Module] = [Flatten()]
    for inputs, outs in itertools.pairwise(sizes):
        layers += [wrap(Dense(inputs, outs, init="he_uniform", rng=rng)), LeakyReLU(0.2)]
    return Sequential(*layers, wrap(Dense(sizes[-1], outputs, rng=rng)))
