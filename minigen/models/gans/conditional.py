"""The conditional GAN (Mirza & Osindero 2014): both players are told the class.

Every distribution of the game is one given y (their equation 2):

    min_G max_D  E_x[log D(x|y)] + E_z[log(1 - D(G(z|y)|y))]

The generator gets y as a part of its code. The discriminator gets it beside the example: the one-hot vector is written
at every pixel, as channels more (of a point: as numbers more). It has to see y: if it did not, the generator could
ignore y too, and nobody would notice.

Lesson 12 uses it.
"""

from ... import ops
from ...autodiff import Tensor
from ...backend import Array
from ...nn import one_hot
from ...random import Generator
from ..labels import given_labels
from ..recipe import CLASSES_OF_DATA, Settings, Shape
from .coded import CODED_FOR_POINTS, CODED_OPTIONS, CodedGAN
from .gan import PACK, DiscriminatorLoss, game
from .losses import LOSSES
from .networks import game_networks


class ConditionalGAN(CodedGAN):
    """A GAN whose players are both told the class.

    Args:
        generator: see `CodedGAN`.
        discriminator: a module (N, ..., C + classes) -> (N, 1); of packs, both parts as often as examples in a pack.
        z_dim, classes, settings: see `CodedGAN`.
    """

    def judge(self, x: Tensor, classes: Tensor) -> Tensor:
        """The discriminator's logits of examples (N, ..., C) said to be of the classes, one-hot (N, classes)."""
        planes = ops.reshape(classes, (classes.shape[0], *(1,) * (x.ndim - 2), classes.shape[1]))
        planes = ops.broadcast_to(planes, (*x.shape[:-1], classes.shape[1]))
        return self.discriminator(ops.concatenate([x, planes], axis=-1))

    def verdicts(self, x: Tensor, labels: Array) -> Tensor:  # type: ignore[override]  # it wants labels too
        """The logits of 'real' for examples x (N, *shape) said to have the labels (N,): (N,)."""
        classes = one_hot(given_labels("a conditional GAN", labels, x.shape[0]), self.classes)
        both = (ops.concatenate([part] * self.pack, axis=-1) for part in (x, Tensor(classes)))
        return self.judge(*both)[:, 0]

    def discriminator_loss(
        self, real: Tensor, rng: Generator | None = None, labels: Array | None = None
    ) -> DiscriminatorLoss:
        """The discriminator's loss for real examples with their labels (N,), and fakes of the same classes."""
        codes = self.noise(real.shape[0], rng, given_labels("a conditional GAN", labels, real.shape[0]))
        real, fake = self.packed(real), self.packed(self.still(self.generator, codes))
        classes = self.packed(self.class_of(codes))

        def judge(x: Tensor) -> Tensor:
            return self.judge(x, classes)

        return self.game(judge, real, fake, judge(real), judge(fake), rng)

    def generator_loss(self, n: int, rng: Generator | None = None) -> Tensor:
        """The generator's loss on n fakes of classes drawn at random; the discriminator is not touched."""
        codes = self.noise(n, rng)
        fake = self.packed(self.generator(codes))
        with self.discriminator.frozen():
            return LOSSES[self.loss].generator(self.judge(fake, self.packed(self.class_of(codes))))


# ---------------------------------------------------------------------------------------------------------- recipes


def conditional_gan(s: Settings, shape: Shape, rng: Generator) -> ConditionalGAN:
    """Both networks get the class."""
    networks = game_networks(s, shape, rng, told=s.classes, planes=s.classes)
    return ConditionalGAN(*networks, s.latent_dim, s.classes, loss=s.loss, penalty=s.penalty, pack=s.pack)


RECIPES = (
    game(
        "cgan",
        "gan that is told the class (Mirza & Osindero 2014)",
        conditional_gan,
        (*CODED_OPTIONS, PACK, CLASSES_OF_DATA),
        for_data=CODED_FOR_POINTS,
        labelled=True,
        shows=("codes",),
    ),
)
