"""The auxiliary-classifier GAN (Odena et al. 2017): the discriminator is not told the class, it has to say it.

Its output is [s, class logits]. With L_S the log-likelihood of the right source, as in any GAN, and that of the right
class (their equation 3)

    L_C = E[log P(C = c | x)] + E[log P(C = c | G(z, c))]

D is trained to maximise L_S + L_C, and G to maximise L_C - L_S: fakes that look real, and like the class asked for.

Lesson 12 names it beside the conditional GAN.
"""

from ... import ops
from ...autodiff import Tensor, no_grad
from ...backend import Array
from ...random import Generator
from ..labels import given_labels
from ..recipe import CLASSES_OF_DATA, Settings, Shape
from .coded import (
    CODED_FOR_POINTS,
    CODED_OPTIONS,
    ClassifyingGAN,
    class_log_likelihood,
    classifying_trainer,
)
from .gan import DiscriminatorLoss, game, unit_with_nats
from .losses import LOSSES
from .networks import game_networks


class ACGAN(ClassifyingGAN):
    """A GAN whose discriminator is a classifier too.

    Args:
        generator: see `CodedGAN`.
        discriminator: a module (N, *shape) -> (N, 1 + classes).
        z_dim, classes, settings: see `CodedGAN`.
    """

    def discriminator_loss(
        self, real: Tensor, rng: Generator | None = None, labels: Array | None = None
    ) -> DiscriminatorLoss:
        """The discriminator's loss for real examples with their labels (N,), and fakes of the same classes."""
        codes = self.noise(real.shape[0], rng, given_labels("an AC-GAN", labels, real.shape[0]))
        fake, classes = self.still(self.generator, codes), self.class_of(codes)
        of_real, of_fake = self.discriminator(real), self.discriminator(fake)
        game = self.game(self.source, real, fake, of_real[:, :1], of_fake[:, :1], rng)
        right = class_log_likelihood(of_real[:, 1:], classes) + class_log_likelihood(of_fake[:, 1:], classes)
        with no_grad():
            told = ops.argmax(of_real[:, 1:], axis=1) == ops.argmax(classes, axis=1)
        return game._replace(total=game.total - right, others={"class_accuracy": ops.mean(told)})

    def generator_loss(self, n: int, rng: Generator | None = None) -> Tensor:
        """The generator's loss on n fakes of classes drawn at random; the discriminator is not touched."""
        codes = self.noise(n, rng)
        fake = self.generator(codes)
        with self.discriminator.frozen():
            output = self.discriminator(fake)
        right = class_log_likelihood(output[:, 1:], self.class_of(codes))
        return LOSSES[self.loss].generator(output[:, :1]) - right


# ---------------------------------------------------------------------------------------------------------- recipes


def acgan(s: Settings, shape: Shape, rng: Generator) -> ACGAN:
    """A discriminator with a logit for each class besides."""
    networks = game_networks(s, shape, rng, told=s.classes, outputs=1 + s.classes)
    return ACGAN(*networks, s.latent_dim, s.classes, loss=s.loss, penalty=s.penalty)


RECIPES = (
    game(
        "acgan",
        "gan whose discriminator names the class (Odena et al. 2017)",
        acgan,
        (*CODED_OPTIONS, CLASSES_OF_DATA),
        trainer=classifying_trainer,
        shows=("codes", "class logits", "realness"),
        for_data=CODED_FOR_POINTS,
        labelled=True,
        unit=unit_with_nats,
    ),
)
