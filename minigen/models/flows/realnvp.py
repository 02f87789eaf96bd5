"""RealNVP, with Glow's mixing: couplings of two scales for images, dense ones for points, and their recipe.

A step of the flow (Kingma & Dhariwal 2018, figure 2) is

    Normalize    every number shifted and stretched
    Swap         the halves change places; or Mixing, where a learnt matrix mixes the channels
    Coupling     one half says how the other is shifted and stretched

An image's pixels are dequantised, go through the logit, and become the channels of an image of half the size (Squeeze).
After `depth` steps half of the channels are done; the others are squeezed again, and take `depth` more steps (Dinh et
al. 2017, section 3.6, with one scale fewer). The network of a coupling is Glow's: 3x3, 1x1 and 3x3 kernels.

Clusters of points far apart stay connected by thin strands, as a continuous map cannot tear the plane.

Lesson 19 builds the flow of points, and shows the strands.
"""

from ...data import Dataset
from ...errors import ArgumentError
from ...nn import Conv2D, Dense, ReLU, Sequential
from ...optim import warmup
from ...random import Generator
from ..recipe import BATCH_SIZE, DEPTH, LR, SCHEDULE, SCHEDULES, STEPS, WIDTH, Option, Recipe, Settings
from .bijection import Bijection, Chain, Scales, Squeeze
from .coupling import Coupling, starting_at_zero
from .dequantisation import Logit, Uniform, Variational
from .flow import Flow, FlowTrainer, Shape
from .mixing import Mixing, Normalize, Swap

MIXINGS, NOISES = ("swap", "1x1"), ("uniform", "variational")
WARMUP = 100  # steps


def conv_network(inputs: int, outputs: int, width: int, rng: Generator) -> Sequential:
    """(N, h, w, inputs) -> (N, h, w, outputs), by kernels of 3x3, 1x1 and 3x3."""
    return Sequential(
        Conv2D(inputs, width, 3, padding=1, init="he_uniform", rng=rng),
        ReLU(),
        Conv2D(width, width, 1, init="he_uniform", rng=rng),
        ReLU(),
        Conv2D(width, outputs, 3, padding=1, init=starting_at_zero),
    )


def dense_network(inputs: int, outputs: int, width: int, rng: Generator) -> Sequential:
    """(N, inputs) -> (N, outputs), with two hidden layers."""
    return Sequential(
        Dense(inputs, width, init="he_uniform", rng=rng),
        ReLU(),
        Dense(width, width, init="he_uniform", rng=rng),
        ReLU(),
        Dense(width, outputs, init=starting_at_zero),
    )


def steps_of_flow(shape: Shape, depth: int, width: int, mixing: str, rng: Generator) -> list[Bijection]:
    """So many steps on examples of `shape`, images or points.

    The halves of an odd number of channels are a smaller and a larger one, and are moved in turn: were the smaller one
    moved each time, the channel in the middle never would be.
    """
    channels, network = shape[-1], conv_network if len(shape) == 3 else dense_network
    maps: list[Bijection] = []
    for i in range(depth):
        moved = (channels + i % 2) // 2
        inner = network(channels - moved, 2 * moved, width, rng)
        turn = Mixing(channels, rng) if mixing == "1x1" else Swap()
        maps += [Normalize(shape), turn, Coupling(inner, channels, moved)]
    return maps


def point_flow(shape: Shape, depth: int, width: int, rng: Generator, mixing: str = "swap") -> Flow:
    """A density of points of `shape` (D,)."""
    return Flow(Chain(*steps_of_flow(shape, depth, width, mixing, rng), Normalize(shape)), shape)


def image_flow(
    shape: Shape,
    levels: int,
    depth: int,
    width: int,
    rng: Generator,
    mixing: str = "1x1",
    noise: str = "variational",
) -> Flow:
    """A bound on the log-probability of images.

    Args:
        shape: (H, W, C) with sides divisible by 4. levels: of grey, or of each colour; 17 for the small digits.
        depth: steps at each of two scales. width: channels of the couplings' networks.
        mixing: '1x1' or 'swap'. noise: 'variational' or 'uniform'.

    Raises:
        ArgumentError: the sides are not divisible by 4.
    """
    if len(shape) != 3 or shape[0] % 4 or shape[1] % 4:
        raise ArgumentError(f"shape: expected (height, width, channels) with sides divisible by 4, got {shape}")
    height, wide, c = shape
    half, quarter = (height // 2, wide // 2, 4 * c), (height // 4, wide // 4, 8 * c)
    maps: list[Bijection] = [
        Chain(Logit(), Squeeze(), *steps_of_flow(half, depth, width, mixing, rng)),
        Chain(Squeeze(), *steps_of_flow(quarter, depth, width, mixing, rng), Normalize(quarter)),
    ]
    learnt = noise == "variational"
    between = Variational(conv_network(4 * c, 8 * c, width // 2 + 1, rng), levels) if learnt else Uniform()
    return Flow(Scales(maps, quarter), shape, levels, between)


# ---------------------------------------------------------------------------------------------------------- recipes

MIXING = Option("mixing", "1x1", "what stands between couplings", choices=MIXINGS)
NOISE = Option("noise", "variational", "between grey levels: uniform, or learnt", choices=NOISES)
LEVELS = Option("levels", 256, "grey levels that the data have", least=0, most=256, given_by_data=True)
OPTIONS = (STEPS(3000), BATCH_SIZE(64), LR(3e-3), WIDTH(32), DEPTH(4, help="couplings of each scale"), MIXING, NOISE)


def realnvp(s: Settings, shape: Shape, rng: Generator) -> Flow:
    """Of images, or of points."""
    if len(shape) == 1:
        return point_flow(shape, s.depth, s.width, rng, s.mixing)
    return image_flow(shape, s.levels, s.depth, s.width, rng, s.mixing, s.noise)


def check_noise(s: Settings, data: Dataset) -> None:
    """Points have no levels, and no noise between them."""
    if s.levels == 0 and s.noise != NOISES[0]:
        raise ArgumentError(
            f"noise: {s.noise!r} lies between grey levels, and {data.name!r} holds points; leave it out"
        )


def meaning_of_density(s: Settings) -> str:
    """What the loss is."""
    if s.levels == 0:
        return "the loss is -log p(x), exact, in nats per example; p is a density, so it may be below zero"
    return f"the loss is a bound on -log P(x), in nats per image of {s.levels} levels; bits_per_dim is the same in bits"


def realnvp_trainer(model: Flow, s: Settings) -> FlowTrainer:
    """With a rate that rises for some steps first."""
    return FlowTrainer(model, warmup(SCHEDULES[s.schedule](s), min(WARMUP, s.steps)))


RECIPES = (
    Recipe(
        "realnvp",
        "flow of affine couplings (Dinh et al. 2017), mixed by 1x1 convolutions (Kingma & Dhariwal 2018)",
        realnvp,
        realnvp_trainer,
        (*OPTIONS, SCHEDULE("cosine"), LEVELS),
        shows=("log-probabilities",),
        for_data={
            "digits": {"levels": 17},
            "points": {
                **{"levels": 0, "noise": "uniform", "mixing": "swap"},
                **{"depth": 12, "width": 128, "steps": 4000, "batch_size": 256, "lr": 5e-3},
            },
        },
        check=check_noise,
        meaning=meaning_of_density,
    ),
)
