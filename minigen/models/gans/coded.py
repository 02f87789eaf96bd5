"""Generators that are given more than noise: a class, and numbers that come to mean something.

What such a generator takes is one vector, a *code*: noise z ~ N(0, 1), then a class as a one-hot vector, then
continuous numbers c ~ U(-1, 1):

    [ z_1 ... z_d | 0 ... 1 ... 0 | c_1 ... c_m ]

so that everything that works with codes, such as the pictures of a latent space, works with these.

Some of their discriminators have to find the class again.

Lesson 12 uses them.
"""

from collections.abc import Iterable
from typing import Any

from ... import ops
from ...autodiff import Tensor
from ...backend import Array, to_device, xp_of
from ...errors import whole
from ...nn import Module, one_hot, update_bn
from ...nn.layers import positive
from ...random import Generator, given_or_default
from ..labels import chosen_labels, evenly_drawn
from ..recipe import DEPTH, WIDTH, Settings, with_defaults
from .gan import FOR_POINTS, GAN, OPTIONS, GANTrainer, gan_trainer
from .networks import TWO_LAYERS


class CodedGAN(GAN):
    """A GAN whose generator takes codes.

    Args:
        generator: a module (N, z_dim + classes + continuous) -> (N, *shape).
        discriminator: see the kinds of it.
        z_dim: the length of the noise in a code.
        classes: how many classes there are.
        continuous: how many continuous numbers a code ends with.
        settings: loss, penalty and pack, as of `GAN`.
    """

    def __init__(
        self,
        generator: Module,
        discriminator: Module,
        z_dim: int,
        classes: int,
        continuous: int = 0,
        **settings: Any,
    ) -> None:
        positive(z_dim=z_dim, classes=classes)
        super().__init__(generator, discriminator, z_dim + classes + continuous, **settings)
        self.z_dim, self.classes, self.continuous = z_dim, classes, continuous

    def noise(self, n: int, rng: Generator | None = None, labels: Array | None = None) -> Tensor:
        """n codes of the classes `labels` (N,), by default drawn evenly: (n, latent_dim)."""
        whole("n", n)
        rng, device = given_or_default(rng), self.device
        if labels is None:
            labels = evenly_drawn(n, self.classes, rng, device)
        parts = [rng.normal((n, self.z_dim), device=device), one_hot(labels, self.classes)]
        if self.continuous:
            parts.append(2 * rng.uniform((n, self.continuous), device=device) - 1)
        return Tensor(xp_of(labels).concatenate(parts, axis=1))

    def class_of(self, codes: Tensor) -> Tensor:
        """The one-hot part of codes: (N, classes)."""
        return codes[:, self.z_dim : self.z_dim + self.classes]

    def continuous_of(self, codes: Tensor) -> Tensor:
        """The continuous part of codes: (N, continuous)."""
        return codes[:, self.z_dim + self.classes :]

    def sample(self, n: int, rng: Generator | None = None, label: int | None = None) -> Tensor:
        """n generated examples of one class, or of each in turn."""
        labels = to_device(chosen_labels(n, self.classes, label), self.device)
        return self.from_codes(self.noise(n, rng, labels))


class ClassifyingGAN(CodedGAN):
    """A GAN whose discriminator also names the class: its outputs are (N, [s, class logits, others]), s of 'real'.

    It names the class of single examples, so there are no packs.
    """

    can_pack = False

    def source(self, x: Tensor) -> Tensor:
        """The logits of 'real' for examples x (N, *shape): (N, 1)."""
        return self.discriminator(x)[:, :1]

    def class_logits(self, x: Tensor) -> Tensor:
        """The logits of the classes for examples x (N, *shape): (N, classes)."""
        return self.discriminator(x)[:, 1 : 1 + self.classes]


def class_log_likelihood(logits: Tensor, classes: Tensor) -> Tensor:
    """The mean of log Q(class), in nats, of one-hot classes (N, K) under logits (N, K): a scalar."""
    return ops.mean(ops.sum(ops.log_softmax(logits) * classes, axis=1))


# --------------------------------------------------------------------------------------------------------- training


class ClassifyingTrainer(GANTrainer):
    """A GAN's trainer. When the last step is taken, it fits the discriminator's batch norm to the last weights.

    The weights of a game never settle. With the running averages that follow them, the same discriminator may misname
    far more examples after one step than before it.
    """

    def settle(self, batches: Iterable[Tensor]) -> None:
        """Measure the statistics of the discriminator's layers anew."""
        update_bn(self.model.discriminator, batches)


# ------------------------------------------------------------------------------------------------ parts of recipes

# The generator five times as fast as the discriminator, as in InfoGAN's appendix C.1.
CODED_OPTIONS = with_defaults(
    (*OPTIONS, WIDTH, DEPTH(TWO_LAYERS)), steps=2000, net="dcgan", generator_speed=5.0, width=64
)
CODED_FOR_POINTS = {"points": FOR_POINTS | {"net": "dense"}}


def classifying_trainer(model: ClassifyingGAN, s: Settings) -> GANTrainer:
    """As of a GAN."""
    return gan_trainer(model, s, ClassifyingTrainer)
