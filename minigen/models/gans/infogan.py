"""InfoGAN (Chen et al. 2016): codes that come to mean something, although nobody says what.

A generator may ignore a code c beside its noise. InfoGAN asks that c can be read off the fake: that the mutual
information I(c; G(z, c)) = H(c) - H(c | G(z, c)) is large. It cannot be computed, for the second term needs P(c|x). But
any distribution Q(c|x) in its place gives less (their equation 4):

    I(c; G(z, c))  >=  L_I = H(c) + E_c E_{x ~ G(z, c)}[log Q(c|x)]

Q is a head of the discriminator, trained with G to maximise L_I. It reads the features that tell real from fake, and
does not shape them: were they trained for L_I too (as in the authors' program), G and D could agree on any mark as the
sign of a category. So it has to be something that matters to a judge of digits.

One categorical code and two continuous ones, as in the paper's MNIST experiment (section 7.2): digits fall into the
categories, slant and thickness into the others. For continuous c ~ U(-1, 1), Q is a Normal whose mean is an output and
whose deviation is 1, as in the authors' program; its bound is a loose one, but asks for what it should: that c can be
read off. L_I counts lambda = 1 for the categorical code, and 0.1 for the continuous ones (section C.1; their density
has another scale).

What a category means is whatever can be read off most surely, and that need not be the digit: 4 and 9 may as well be
told apart by their slant. `shear` slants real images and fakes at random before the discriminator sees them, so that a
category cannot rely on it.

Lesson 12 derives the bound.
"""

import math
from typing import Any

from ... import ops
from ...autodiff import Tensor
from ...backend import xp_of
from ...data import Dataset
from ...distributions import Normal
from ...errors import ArgumentError
from ...nn import Sequential
from ...random import Generator
from ..recipe import LARGEST, Option, Settings, Shape, with_defaults
from .coded import (
    CODED_FOR_POINTS,
    CODED_OPTIONS,
    ClassifyingGAN,
    class_log_likelihood,
    classifying_trainer,
)
from .gan import DiscriminatorLoss, check_game, game, unit_with_nats
from .losses import LOSSES
from .networks import game_networks
from .shear import sheared

CONTINUOUS_WEIGHT = 0.1


class InfoGAN(ClassifyingGAN):
    """A GAN whose discriminator also reads off the codes.

    Args:
        generator: see `CodedGAN`.
        discriminator: a `Sequential` (N, *shape) -> (N, 1 + classes + continuous): s, class logits, means. Its last
            layer reads them off the features that those before it make.
        z_dim, classes, continuous, settings: see `CodedGAN`.
        shear: how far examples, which are then images, are slanted at most before the discriminator sees them.
    """

    discriminator: Sequential

    def __init__(self, *networks_and_sizes: Any, shear: float = 0.0, **settings: Any) -> None:
        super().__init__(*networks_and_sizes, **settings)
        self.shear = shear

    def shown(self, x: Tensor, rng: Generator | None) -> Tensor:
        """Examples x (N, *shape) as the discriminator sees them in training."""
        return sheared(x, self.shear, rng) if self.shear else x

    def features(self, x: Tensor) -> Tensor:
        """What the discriminator's last layer sees of examples x (N, *shape): (N, features)."""
        return Sequential(*list(self.discriminator)[:-1])(x)

    def information(self, output: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
        """L_I of the categorical code and of the continuous ones, in nats, from D's outputs for the codes' fakes."""
        logits = output[:, 1 : 1 + self.classes]
        categorical = math.log(self.classes) + class_log_likelihood(logits, self.class_of(codes))  # equation 5
        if not self.continuous:
            return categorical, Tensor(xp_of(output.data).zeros((), output.dtype))
        mean = output[:, 1 + self.classes :]
        log_q = Normal(mean, 0 * mean).log_likelihood(self.continuous_of(codes))
        return categorical, self.continuous * math.log(2) + ops.mean(log_q)

    def discriminator_loss(self, real: Tensor, rng: Generator | None = None) -> DiscriminatorLoss:
        """The discriminator's loss for real examples and as many fakes, whose codes it has to find."""
        codes = self.noise(real.shape[0], rng)
        fake = self.shown(self.still(self.generator, codes), rng)
        real = self.shown(real, rng)
        of_real, features, last = self.discriminator(real), self.features(fake), self.discriminator[-1]
        game = self.game(self.source, real, fake, of_real[:, :1], last(features)[:, :1], rng)
        categorical, continuous = self.information(last(features.detach()), codes)
        others = {"information": categorical, "continuous_information": continuous}
        return game._replace(total=game.total - categorical - CONTINUOUS_WEIGHT * continuous, others=others)

    def generator_loss(self, n: int, rng: Generator | None = None) -> Tensor:
        """The generator's loss on n fakes; the discriminator is not touched."""
        codes = self.noise(n, rng)
        fake = self.shown(self.generator(codes), rng)
        with self.discriminator.frozen():
            output = self.discriminator(fake)
        categorical, continuous = self.information(output, codes)
        return LOSSES[self.loss].generator(output[:, :1]) - categorical - CONTINUOUS_WEIGHT * continuous


# ---------------------------------------------------------------------------------------------------------- recipes

CLASSES = Option("classes", 10, "values of the categorical code", least=1, most=LARGEST)
CONTINUOUS = Option("continuous", 2, "continuous codes", least=0, most=LARGEST)
SHEAR = Option(
    "shear", 0.0, "slant what the discriminator sees by up to so many columns a row, e.g. 0.3", least=0, most=1
)


def infogan(s: Settings, shape: Shape, rng: Generator) -> InfoGAN:
    """A discriminator that also gives a logit for each category and the mean of each continuous code."""
    told = s.classes + s.continuous
    networks = game_networks(s, shape, rng, told=told, outputs=1 + told)
    choices: dict[str, Any] = {"loss": s.loss, "penalty": s.penalty, "shear": s.shear}
    return InfoGAN(*networks, s.latent_dim, s.classes, s.continuous, **choices)


def check_infogan(s: Settings, data: Dataset) -> None:
    """A game, and points cannot be slanted."""
    check_game(s, data)
    if s.shear and not data.is_image:
        raise ArgumentError(f"shear: it slants images and {data.name!r} holds points; leave it out")


RECIPES = (
    game(
        "infogan",
        "gan whose codes come to mean something (Chen et al. 2016)",
        infogan,
        (*with_defaults(CODED_OPTIONS, latent_dim=62, net="dcgan-top", width=32), CLASSES, CONTINUOUS, SHEAR),
        trainer=classifying_trainer,
        shows=("codes", "class logits", "information", "realness"),
        for_data={"points": CODED_FOR_POINTS["points"] | {"classes": 8, "continuous": 0}},
        check=check_infogan,
        unit=unit_with_nats,
    ),
)
