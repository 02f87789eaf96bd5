"""The networks inside the models: dense ones, and convolutional ones for images of any size divisible by four.

Encoders and discriminators map examples (N, *shape) to vectors (N, features); decoders and generators map vectors to
examples. Nothing here knows what it is trained for.

Lesson 3 builds dense networks, lessons 7 and 8 convolutional ones.
"""

import itertools
import math
from collections.abc import Sequence

from ..errors import ArgumentError
from ..nn import Conv2D, Conv2DTranspose, Dense, Flatten, Module, ReLU, Reshape, Sequential
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
