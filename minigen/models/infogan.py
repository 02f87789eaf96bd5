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
"""

import math
from typing import Any

from .. import ops
from ..distributions import Normal
from ..nn import Sequential
from ..random import Generator
from .adversarial import LOSSES
from .coded import ClassifyingGAN, class_log_likelihood
from .gan import DiscriminatorLoss
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

    def shown(self, x: Any, rng: Generator | None) -> Any:
        """Examples x (N, *shape) as the discriminator sees them in training."""
        return sheared(x, self.shear, rng) if self.shear else x

    def features(self, x: Any) -> Any:
        """What the discriminator's last layer sees of examples x (N, *shape): (N, features)."""
        return Sequential(*list(self.discriminator)[:-1])(x)

    def information(self, output: Any, codes: Any) -> tuple[Any, Any]:
        """L_I of the categorical code and of the continuous ones, in nats, from D's outputs for the codes' fakes."""
        logits = output[:, 1 : 1 + self.classes]
        categorical = math.log(self.classes) + class_log_likelihood(logits, self.class_of(codes))
        if not self.continuous:
            return categorical, 0.0
        mean = output[:, 1 + self.classes :]
        log_q = Normal(mean, 0 * mean).log_likelihood(self.continuous_of(codes))
        return categorical, self.continuous * math.log(2) + ops.mean(log_q)

    def discriminator_loss(self, real: Any, rng: Generator | None = None) -> DiscriminatorLoss:
        """The discriminator's loss for real examples and as many fakes, whose codes it has to find."""
        codes = self.noise(real.shape[0], rng)
        fake = self.shown(self.still(self.generator, codes), rng)
        real = self.shown(real, rng)
        of_real, features, last = self.discriminator(real), self.features(fake), self.discriminator[-1]
        game = self.game(self.source, real, fake, of_real[:, :1], last(features)[:, :1], rng)
        categorical, continuous = self.information(last(features.detach()), codes)
        others = {"information": categorical, "continuous_information": continuous}
        return game._replace(total=game.total - categorical - CONTINUOUS_WEIGHT * continuous, others=others)

    def generator_loss(self, n: int, rng: Generator | None = None) -> Any:
        """The generator's loss on n fakes; the discriminator is not touched."""
        codes = self.noise(n, rng)
        fake = self.shown(self.generator(codes), rng)
        with self.discriminator.frozen():
            output = self.discriminator(fake)
        categorical, continuous = self.information(output, codes)
        return LOSSES[self.loss].generator(output[:, :1]) - categorical - CONTINUOUS_WEIGHT * continuous
