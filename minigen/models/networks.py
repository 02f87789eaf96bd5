"""The networks inside the models: dense ones, and convolutional ones for images of any size divisible by four.

Encoders and discriminators map examples (N, *shape) to vectors (N, features); decoders and generators map vectors to
examples. Nothing here knows what it is trained for.
"""

import itertools
import math
from collections.abc import Sequence

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
    features: int, shape: Shape, hidden: Sequence[int], rng: Generator, init: str = "he_uniform"
) -> Sequential:
    """Vectors through dense ReLU layers of the widths in `hidden`, to examples of `shape`."""
    sizes = [features, *hidden]
    last = Dense(sizes[-1], math.prod(shape), rng=rng)
    return Sequential(*_dense_layers(sizes, ReLU, init, rng), last, Reshape(*shape))


def _levels(shape: Shape) -> int:
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


def conv_encoder(shape: Shape, features: int, width: int, rng: Generator) -> Sequential:
    """4x4 convolutions of stride 2 with ReLU, the channels doubling from `width`; then a dense layer."""
    levels, channels = _levels(shape), shape[2]
    layers: list[Module] = []
    for i in range(levels):
        layers += [Conv2D(channels, width << i, 4, stride=2, padding=1, init="he_uniform", rng=rng), ReLU()]
        channels = width << i
    size = (shape[0] >> levels) * (shape[1] >> levels) * channels
    return Sequential(*layers, Flatten(), Dense(size, features, rng=rng))


def conv_decoder(features: int, shape: Shape, width: int, rng: Generator) -> Sequential:
    """The mirror of `conv_encoder`: a dense layer, then 4x4 transposed convolutions of stride 2 with ReLU."""
    levels = _levels(shape)
    channels = width << (levels - 1)
    start = (shape[0] >> levels, shape[1] >> levels, channels)
    layers: list[Module] = [Dense(features, math.prod(start), init="he_uniform", rng=rng), ReLU(), Reshape(*start)]
    for i in reversed(range(levels - 1)):
        layers += [Conv2DTranspose(channels, width << i, 4, stride=2, padding=1, init="he_uniform", rng=rng), ReLU()]
        channels = width << i
    return Sequential(*layers, Conv2DTranspose(channels, shape[2], 4, stride=2, padding=1, rng=rng))


def dcgan_generator(features: int, shape: Shape, width: int, rng: Generator) -> Sequential:
    """DCGAN's generator (Radford et al. 2016): batch norm and ReLU everywhere but at the output; N(0, 0.02) weights."""
    levels = _levels(shape)
    channels = width << (levels - 1)
    start = (shape[0] >> levels, shape[1] >> levels, channels)
    layers: list[Module] = [
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


def dcgan_discriminator(shape: Shape, width: int, rng: Generator) -> Sequential:
    """DCGAN's discriminator: strided convolutions, LeakyReLU(0.2), batch norm everywhere but at the input."""
    levels = _levels(shape)
    layers: list[Module] = [
        Conv2D(shape[2], width, 4, stride=2, padding=1, init="dcgan", rng=rng),
        LeakyReLU(0.2),
    ]
    channels = width
    for i in range(1, levels):
        down = Conv2D(channels, width << i, 4, stride=2, padding=1, bias=False, init="dcgan", rng=rng)
        layers += [down, BatchNorm(width << i), LeakyReLU(0.2)]
        channels = width << i
    size = (shape[0] >> levels) * (shape[1] >> levels) * channels
    return Sequential(*layers, Flatten(), Dense(size, 1, init="dcgan", rng=rng))
