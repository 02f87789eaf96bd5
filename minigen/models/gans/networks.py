"""The networks of the game: a generator maps codes to examples, a discriminator examples to numbers.

DCGAN's (Radford et al. 2016) and dense ones, with three kinds of normalisation in the discriminator; and the choice
between them by a name. Lesson 9 uses the dense ones, lesson 10 the convolutional ones.
"""

import functools
import itertools
import math
from collections.abc import Sequence

from ...nn import (
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
    Tanh,
)
from ...random import Generator
from ..networks import dense_decoder, levels_of
from ..recipe import Settings, Shape
from .style_generator import StyleGenerator

# Of --net: the kind of both networks, and the discriminator's normalisation.
NETS = {
    "dense": ("dense", "none"),
    "dense-sn": ("dense", "spectral"),
    "dcgan": ("dcgan", "batch"),
    "dcgan-top": ("dcgan", "batch"),
    "dcgan-sn": ("dcgan", "spectral"),
    "dcgan-plain": ("dcgan", "none"),
    "style": ("style", "none"),
}
TWO_LAYERS = 2  # hidden ones, in dense networks whose depth nobody chooses


def game_networks(
    s: Settings,
    shape: Shape,
    rng: Generator,
    told: int = 0,
    planes: int = 0,
    outputs: int = 1,
) -> tuple[Module, Sequential]:
    """Generator and discriminator, of the kind that the option `net` says.

    Args:
        told: how many numbers the generator is given besides noise.
        planes: how many channels the discriminator is shown besides the example's.
        outputs: how many numbers the discriminator gives.
    """
    net, pack = s.net, s.get("pack", 1)
    kind, norm = NETS[net]
    inputs, seen = s.latent_dim + told, (*shape[:-1], shape[-1] + planes)
    if kind == "style":
        painter = StyleGenerator(inputs, shape, s.width, rng)
        return painter, dcgan_discriminator(seen, s.width, rng, norm, outputs, pack)
    if kind == "dense":
        hidden = [s.width] * s.get("depth", TWO_LAYERS)
        generator = dense_decoder(inputs, shape, hidden, rng)
        discriminator = dense_discriminator(seen, hidden, rng, norm, outputs, pack)
    else:
        top = 16 * s.width if net == "dcgan-top" else 0
        generator = dcgan_generator(inputs, shape, s.width, rng, top)
        discriminator = dcgan_discriminator(seen, s.width, rng, norm, outputs, pack, top)
    if len(shape) == 3:  # pixels are bounded, points are not
        generator = Sequential(*generator, Tanh())
    return generator, discriminator


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
    wrap = functools.partial(SpectralNorm, rng=rng) if norm == "spectral" else (lambda layer: layer)
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
    wrap = functools.partial(SpectralNorm, rng=rng) if norm == "spectral" else (lambda layer: layer)
    sizes = [math.prod(shape) * pack, *hidden]
    layers: list[Module] = [Flatten()]
    for inputs, outs in itertools.pairwise(sizes):
        layers += [wrap(Dense(inputs, outs, init="he_uniform", rng=rng)), LeakyReLU(0.2)]
    return Sequential(*layers, wrap(Dense(sizes[-1], outputs, rng=rng)))
