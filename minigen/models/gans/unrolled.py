"""The unrolled GAN (Metz et al. 2017): a generator that looks a few moves ahead.

A generator that fools today's discriminator may pile all its samples on one mode; tomorrow's discriminator rejects
that mode, and the samples move on together to the next. Here G's loss is taken against the discriminator that D *would*
become after K steps of gradient descent on its own loss (their equations 7 to 10):

    d_0 = d,    d_{k+1} = d_k - eta grad_d L_D(d_k, g),    G minimises L_G(d_K(g), g)

d_K depends on g through the fakes of every step, and the gradient goes back through all of them: a gradient of
gradients. For G alone; D itself is trained as ever, one step at a time.

With a fixed eta these steps run away where L_D is steep, as a squared error is far from its target: each step leads to
where it is steeper still, and after five of them nothing is finite. So where the gradient is longer than 10, it is
shortened to that (clipping of the norm; Pascanu et al. 2013, algorithm 1), and a step is at most 10 eta long.

Lesson 9 shows the chase that it is against.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ... import ops
from ...autodiff import Tensor, grad
from ...errors import ArgumentError
from ...nn import Module, Parameter
from ...nn.layers import positive
from ...random import Generator
from ..recipe import Option, Settings, Shape
from ..trainer import Shard
from .gan import DENSE_OPTIONS, FOR_POINTS, GAN, DiscriminatorLoss, GANTrainer, game, gan_trainer
from .losses import LOSSES
from .networks import TWO_LAYERS, game_networks

LONGEST = 10.0  # of a gradient, in a step ahead


@contextmanager
def with_weights(module: Module, weights: Sequence[Tensor]) -> Iterator[None]:
    """Let a module compute with other tensors in place of its parameters, in their order, inside a `with` block."""
    places = [
        (part, name) for part in module.modules() for name, value in vars(part).items() if isinstance(value, Parameter)
    ]
    own = [getattr(part, name) for part, name in places]
    given = {id(p): w for p, w in zip(module.parameters(), weights, strict=True)}
    try:
        for (part, name), parameter in zip(places, own, strict=True):
            setattr(part, name, given[id(parameter)])
        yield
    finally:
        for (part, name), parameter in zip(places, own, strict=True):
            setattr(part, name, parameter)


class UnrolledGAN(GAN):
    """A GAN whose generator is trained against the discriminator some steps ahead.

    Args:
        generator, discriminator, latent_dim: see `GAN`.
        unroll: K, how many steps ahead; 0 is a plain GAN.
        eta: the size of those steps; none is longer than LONGEST eta.
        settings: loss and pack, as of `GAN`; a penalty acts in D's own steps alone.
    """

    def __init__(
        self, generator: Module, discriminator: Module, latent_dim: int, unroll: int, eta: float = 0.1, **settings: Any
    ) -> None:
        super().__init__(generator, discriminator, latent_dim, **settings)
        if unroll:
            positive(unroll=unroll)
        self.unroll, self.eta = unroll, eta
        self.seen: Tensor | None = None  # the real batch of the last step of D: G's look ahead needs one

    def discriminator_loss(self, real: Tensor, rng: Generator | None = None) -> DiscriminatorLoss:
        """As of `GAN`; the real examples are kept for the generator's next step."""
        self.seen = real
        return super().discriminator_loss(real, rng)

    def generator_loss(self, n: int, rng: Generator | None = None) -> Tensor:
        """The generator's loss against the discriminator K steps ahead; the discriminator itself is not touched."""
        if self.seen is None:
            raise ArgumentError("generator_loss: the look ahead is on real examples; call discriminator_loss first")
        loss, real = LOSSES[self.loss], self.packed(self.seen)
        weights = [Tensor(p.data, requires_grad=True) for p in self.discriminator.parameters()]
        for _ in range(self.unroll):
            fake = self.packed(self.fakes(n, rng))
            with self.discriminator.frozen(), with_weights(self.discriminator, weights):
                ahead = loss.discriminator(self.discriminator(real), self.discriminator(fake))
            slopes = grad(ahead, weights, create_graph=True)
            eta = self.eta * _shortened(slopes)
            weights = [w - eta * slope for w, slope in zip(weights, slopes, strict=True)]  # equation 8
        fake = self.packed(self.fakes(n, rng))
        with self.discriminator.frozen(), with_weights(self.discriminator, weights):
            return loss.generator(self.discriminator(fake))


def _shortened(slopes: Sequence[Tensor]) -> Tensor:
    """What makes a gradient no longer than LONGEST: 1, or the factor below. It is not differentiated."""
    squares = [ops.sum(slope.detach() ** 2) for slope in slopes]
    return LONGEST / ops.maximum(ops.sqrt(ops.sum(ops.stack(squares))), LONGEST)


# --------------------------------------------------------------------------------------------------------- training


class UnrolledTrainer(GANTrainer):
    """A GAN's trainer; the generator looks ahead on the real examples of its own shard."""

    def generator_loss(self, share: Shard) -> Tensor:
        """See `UnrolledGAN.generator_loss`."""
        self.model.seen = share.x
        return super().generator_loss(share)


# ---------------------------------------------------------------------------------------------------------- recipes

UNROLL = Option("unroll", 5, "steps that the generator looks ahead", least=1, most=100)  # memory grows with them


def unrolled_gan(s: Settings, shape: Shape, rng: Generator) -> UnrolledGAN:
    """With any networks."""
    networks = game_networks(s, shape, rng)
    return UnrolledGAN(*networks, s.latent_dim, s.unroll, loss=s.loss, penalty=s.penalty, pack=s.pack)


RECIPES = (
    game(
        "unrolled-gan",
        "gan whose generator looks some steps ahead (Metz et al. 2017)",
        unrolled_gan,
        (*DENSE_OPTIONS, UNROLL),
        trainer=lambda model, s: gan_trainer(model, s, UnrolledTrainer),
        for_data={"points": FOR_POINTS | {"batch_size": 128, "depth": TWO_LAYERS}},  # each step costs as much as six
    ),
)
