"""The generative adversarial network (Goodfellow et al. 2014).

A generator G turns noise z into examples; a discriminator D, a classifier with logit s(x), tells them from real ones.
D maximises the log-likelihood of the labels, with D(x) = sigmoid(s(x)) (their equation 1):

    V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))]

and G minimises the same V ("minimax"), or rather maximises log D(G(z)) ("non-saturating", their section 3): where D
rejects a fake with confidence, s << 0, the gradient of log(1 - D) with respect to s is sigmoid(s), nearly 0, and that
of -log D is -(1 - sigmoid(s)), nearly -1. With softplus(s) = log(1 + e^s): -log D = softplus(-s), -log(1 - D) =
softplus(s). At the balance D = 1/2 everywhere, and D's loss is 2 log 2 = 1.386.

Each player moves alone: G's graph is not recorded in D's step, D is frozen in G's. Real and fake examples pass D in
separate batches, so that batch normalisation does not mix their statistics.

Later GANs change three things, independently: the loss (`losses.py`), what keeps D from becoming too steep
(`penalties.py`), and the networks (`networks.py`). And D may judge several examples at once (`packing.py`).

Lesson 9 derives the game, lesson 10 trains it on images.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from ... import ops
from ...autodiff import Tensor, no_grad
from ...backend import Array
from ...data import Dataset
from ...errors import ArgumentError, one_of, whole
from ...nn import Module
from ...nn.layers import positive
from ...optim import EMA, Adam, constant
from ...optim.schedules import Schedule
from ...random import Generator, given_or_default
from ..recipe import (
    BATCH_SIZE,
    DEPTH,
    LARGEST,
    LATENT_DIM,
    LR,
    SCHEDULE,
    SCHEDULES,
    STEPS,
    WIDTH,
    Option,
    Recipe,
    Settings,
    Shape,
    with_defaults,
)
from ..trainer import Metrics, Shard, Trainer
from .losses import LOSSES
from .networks import NETS, TWO_LAYERS, game_networks
from .packing import packs
from .penalties import PENALTIES, Judge


class DiscriminatorLoss(NamedTuple):
    """Scalars: the loss with its penalty, the shares of real and of fake examples classified correctly, the spread.

    The spread is the fakes' variance within the batch over that of the real examples, features averaged: where it is
    near 0, all fakes are one. A batch of one has none: None. `others` are further metrics that a kind of GAN has.
    """

    total: Tensor
    real_accuracy: Tensor
    fake_accuracy: Tensor
    spread: Tensor | None
    others: dict[str, Tensor] = {}  # noqa: RUF012  # never changed


class GAN(Module):
    """A generator, a discriminator, and a loss for each.

    Args:
        generator: a module (N, latent_dim) -> (N, *shape).
        discriminator: a module (N, *shape) -> (N, 1), positive for 'real'; with `pack` = m it takes m examples at
            once, side by side along their last axis: (N/m, ..., m * channels).
        latent_dim: the length of z.
        loss: a name in `losses.LOSSES`.
        penalty: a name in `penalties.PENALTIES`.
        pack: how many examples the discriminator judges at once.
    """

    can_pack = True

    def __init__(
        self,
        generator: Module,
        discriminator: Module,
        latent_dim: int,
        loss: str = "non-saturating",
        penalty: str = "none",
        pack: int = 1,
    ) -> None:
        one_of("loss", loss, LOSSES)
        one_of("penalty", penalty, PENALTIES)
        positive(pack=pack)
        if pack != 1 and not self.can_pack:
            raise ArgumentError(f"pack: {type(self).__name__} judges examples one by one, got {pack}")
        self.generator, self.discriminator = generator, discriminator
        self.latent_dim, self.loss, self.penalty, self.pack = latent_dim, loss, penalty, pack

    def discriminator_loss(self, real: Tensor, rng: Generator | None = None) -> DiscriminatorLoss:
        """The discriminator's loss for a batch of real examples and as many fakes; the generator is not touched."""
        fake = self.still(self.fakes, real.shape[0], rng)
        real, fake = self.packed(real), self.packed(fake)
        return self.game(self.discriminator, real, fake, self.discriminator(real), self.discriminator(fake), rng)

    def generator_loss(self, n: int, rng: Generator | None = None) -> Tensor:
        """The generator's loss on n fakes; the discriminator is not touched."""
        fake = self.packed(self.fakes(n, rng))
        with self.discriminator.frozen():
            logits = self.discriminator(fake)
        return LOSSES[self.loss].generator(logits)  # minimax: equation 1; non-saturating: section 3

    def fakes(self, n: int, rng: Generator | None = None) -> Tensor:
        """n fakes to train on: (n, *shape)."""
        return self.generator(self.noise(n, rng))

    def noise(self, n: int, rng: Generator | None = None) -> Tensor:
        """n latent vectors z ~ N(0, 1): (n, latent_dim)."""
        whole("n", n)
        return Tensor(given_or_default(rng).normal((n, self.latent_dim), device=self.device))

    def from_codes(self, z: Tensor) -> Tensor:
        """The examples at latent vectors z (N, latent_dim)."""
        return self.generator(z)

    def sample(self, n: int, rng: Generator | None = None) -> Tensor:
        """n generated examples."""
        return self.from_codes(self.noise(n, rng))

    def verdicts(self, x: Tensor) -> Tensor:
        """The logits of 'real' for examples x (N, *shape), each in a pack of its own copies: (N,)."""
        return self.discriminator(ops.concatenate([x] * self.pack, axis=-1))[:, 0]

    # ------------------------------------------------------------------------------------- what all kinds share

    def still(self, make: Callable[..., Tensor], *arguments: object) -> Tensor:
        """Fakes without a graph, and without a change in the generator: nothing leads from them to its weights."""
        with no_grad(), self.generator.frozen():
            return make(*arguments)

    def packed(self, x: Tensor) -> Tensor:
        """Examples (N, ..., C) as the discriminator takes them: (N/pack, ..., pack * C)."""
        return packs(x, self.pack)

    def game(
        self,
        judge: Judge,
        real: Tensor,
        fake: Tensor,
        real_logits: Tensor,
        fake_logits: Tensor,
        rng: Generator | None,
    ) -> DiscriminatorLoss:
        """Loss, penalty and metrics of a discriminator, given its logits; `judge` gives them for examples."""
        loss, penalty = LOSSES[self.loss], PENALTIES[self.penalty]
        total = loss.discriminator(real_logits, fake_logits)  # -V(D, G), equation 1
        if penalty.term:
            total = total + penalty.term(judge, real, fake, rng)
        with no_grad():
            boundary = loss.boundary(real_logits, fake_logits)
            right = ops.mean(real_logits > boundary), ops.mean(fake_logits < boundary)
            spread = _variance(fake) / ops.maximum(_variance(real), TINY) if len(real) > 1 else None
        return DiscriminatorLoss(total, *right, spread)


TINY = 1e-12  # in place of the variance of real examples that are all the same


def _variance(x: Tensor) -> Tensor:
    """How much the examples of a batch differ: the variance of each feature, averaged."""
    return ops.mean(ops.var(x, axis=0))


# --------------------------------------------------------------------------------------------------------- training


class GANTrainer(Trainer):
    """Steps of the discriminator, then one of the generator, each with an Adam of its own (beta1 = 0.5 as in DCGAN).

    The generator may take larger steps than the discriminator (InfoGAN, Chen et al. 2016, C.1: 1e-3 and 2e-4): in a
    DCGAN with equal ones the discriminator soon wins every time, and a generator that only loses learns little.

    A GAN has no evaluation: the losses of a game do not measure quality.

    Args:
        model: the GAN; it is trained in place.
        schedule: the discriminator's learning rate, a function of the step or a number.
        generator_speed: the generator's learning rate as a multiple of it.
        ema: how slowly an average of the generator's weights forgets, in [0, 1); 0 for no average.
        critic_steps: how many steps of the discriminator come before one of the generator, each on its share of the
            batch; of a batch that is cut, on the same share of every shard.
        betas: of both Adams.
    """

    def __init__(
        self,
        model: GAN,
        schedule: Schedule | float,
        generator_speed: float = 1.0,
        ema: float = 0.0,
        critic_steps: int = 1,
        betas: tuple[float, float] = (0.5, 0.999),
    ) -> None:
        positive(critic_steps=critic_steps)
        if not callable(schedule):
            schedule = constant(schedule)
        self.critic_steps = critic_steps
        self.d_optimizer = Adam(model.discriminator.parameters(), lr=lambda t: schedule(t // critic_steps), betas=betas)
        self.g_optimizer = Adam(model.generator.parameters(), lr=lambda t: generator_speed * schedule(t), betas=betas)
        super().__init__(model, self.d_optimizer, self.g_optimizer)
        if ema:
            self.ema = EMA(model.generator, ema)

    def step(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """The steps of both players on the real batch x (N, *shape); returns the last losses before a step."""
        shards = self.shards(x, rng, *labels)
        if (n := shards[0].x.shape[0]) < self.critic_steps:
            raise ArgumentError(f"x: {n} examples cannot be shared among {self.critic_steps} critic_steps")
        d_losses: list[DiscriminatorLoss] = []
        g_losses: list[Tensor] = []
        for i in range(self.critic_steps):
            d_losses.clear()
            shares = [shard.part(i, self.critic_steps) for shard in shards]
            for share in self.each(shares):
                d_losses.append(self.model.discriminator_loss(share.x, share.rng, *share.labels))
                self.d_optimizer.add(d_losses[-1].total)
            self.discriminator_step()
        for share in self.each(shares):
            g_losses.append(self.generator_loss(share))
            self.g_optimizer.add(g_losses[-1])
        g_gradient = self.g_optimizer.step()
        if self.ema:
            self.ema.update()
        losses = zip(d_losses, g_losses, strict=True)
        return self.mean([{"d_loss": d.total, "g_loss": g, **signs_of(d), "g_gradient": g_gradient} for d, g in losses])

    def generator_loss(self, share: Shard) -> Tensor:
        """The generator's loss on as many fakes as the discriminator's last share has real examples."""
        return self.model.generator_loss(share.x.shape[0], share.rng)

    def discriminator_step(self) -> None:
        """One step of the discriminator, by the losses that were added, and the limit that its penalty sets."""
        self.d_optimizer.step()
        limit = PENALTIES[self.model.penalty].limit
        if limit:
            limit(self.model.discriminator)


def signs_of(loss: DiscriminatorLoss) -> Metrics:
    """How the game stands; without the spread where there is none."""
    signs = {"real_accuracy": loss.real_accuracy, "fake_accuracy": loss.fake_accuracy}
    return signs | ({} if loss.spread is None else {"spread": loss.spread}) | loss.others


# ---------------------------------------------------------------------------------------------------------- recipes

LOSS = Option("loss", "non-saturating", "what the players minimise", choices=tuple(LOSSES))
PENALTY = Option("penalty", "none", "what keeps the discriminator from becoming too steep", choices=tuple(PENALTIES))
NET = Option("net", "dense", "the networks", choices=tuple(NETS))
PACK = Option("pack", 1, "examples that the discriminator judges at once", least=1, most=LARGEST)
CRITIC_STEPS = Option("critic_steps", 1, "steps of the discriminator for one of the generator", least=1, most=LARGEST)
GENERATOR_SPEED = Option(
    "generator_speed", 1.0, "learning rate of the generator, as a multiple of --lr", above=0, most=1e6
)
BETA1 = Option("beta1", 0.5, "of both Adams: how much of the last direction is kept", least=0, below=1)
AVERAGE = Option("ema", 0.0, "how slowly an average of the generator's weights forgets, e.g. 0.999", least=0, below=1)

OPTIONS = (
    *(STEPS(4000), BATCH_SIZE(64), LR(2e-4), LATENT_DIM(64)),
    *(LOSS, PENALTY, NET, CRITIC_STEPS, GENERATOR_SPEED, BETA1, SCHEDULE, AVERAGE),
)
# Equal rates on images: without batch norm, a generator that is 5 times as fast ends with one sample for all noise.
# Points: the gaps between clusters want a steep generator. On the grid, a tenth of the samples lie within a cluster
# with two hidden layers, a quarter with three, three quarters with four; no width, rate, loss or penalty does as much.
FOR_POINTS: dict[str, str | int | float] = {
    "steps": 6000,
    "batch_size": 256,
    "depth": 4,
    "lr": 1e-3,
    "generator_speed": 2.0,
    "schedule": "cosine",
    "latent_dim": 2,
    "width": 128,
}


KINDS: dict[str, type[GAN]] = {}  # by `net`: networks that want more of a GAN than what stands above


def gan(s: Settings, shape: Shape, rng: Generator) -> GAN:
    """With any networks."""
    kind = KINDS.get(s.net, GAN)
    return kind(*game_networks(s, shape, rng), s.latent_dim, loss=s.loss, penalty=s.penalty, pack=s.pack)


def gan_trainer(model: GAN, s: Settings, kind: type[GANTrainer] = GANTrainer) -> GANTrainer:
    """As the options say."""
    return kind(model, SCHEDULES[s.schedule](s), s.generator_speed, s.ema, s.critic_steps, (s.beta1, 0.999))


def meaning_of_game(s: Settings) -> str:
    """What the losses of a game are."""
    return "the losses are those of a game: they say how the players stand, not how good the samples are"


def unit_with_nats(s: Settings) -> str:
    """Of losses to which a log-likelihood is added."""
    unit = LOSSES[s.loss].unit
    return unit if unit == "nats" else f"{unit} + nats"


def check_game(s: Settings, data: Dataset) -> None:
    """Refuse options of a GAN that do not go together."""
    net, rounds, pack, n = s.net, s.get("critic_steps", 1), s.get("pack", 1), s.shard_size
    if NETS[net][0] != "dense" and not data.is_image:
        raise ArgumentError(f"net: {net!r} is for images and {data.name!r} holds points; use 'dense'")
    if NETS[net][0] != "dense" and s.get("depth", TWO_LAYERS) != TWO_LAYERS:
        raise ArgumentError(f"depth: {net!r} has as many layers as the image's size asks for; use --net dense")
    if s.penalty == "gradient-penalty" and NETS[net][1] == "batch":
        raise ArgumentError(
            f"net: the gradient penalty is one for single examples, and batch norm in {net!r} mixes them; "
            "use --net dcgan-plain or dcgan-sn"
        )
    if n < rounds or (pack > 1 and n % (pack * rounds)):
        raise ArgumentError(
            f"batch_size: {n} examples{' of a shard' if s.shards > 1 else ''} cannot be shared among {rounds} steps "
            f"of the discriminator (critic_steps) in packs of {pack}; take a multiple of {rounds * pack * s.shards}"
        )
    if net == "dcgan-top" and n < 2 * rounds:
        raise ArgumentError(
            f"batch_size: with critic_steps {rounds}, a step of the discriminator gets {n // rounds} example, and the "
            f"batch norm in {net!r} needs two or more; take {2 * rounds * s.shards} or more, or --net dcgan-plain"
        )


PLAIN_OPTIONS = (*OPTIONS, PACK, WIDTH(256))
DENSE_OPTIONS = (*PLAIN_OPTIONS, DEPTH(TWO_LAYERS))


def game(
    name: str,
    summary: str,
    build: Callable[[Settings, Shape, Generator], Module],
    options: tuple[Option, ...],
    trainer: Callable[[Any, Settings], Trainer] = gan_trainer,
    shows: tuple[str, ...] = ("codes", "verdicts"),
    check: Callable[[Settings, Dataset], None] = check_game,
    **others: Any,
) -> Recipe:
    """The recipe of a kind of GAN; see `Recipe`."""
    return Recipe(
        name,
        summary,
        build,
        trainer,
        options,
        shows,
        check=check,
        meaning=meaning_of_game,
        black=-1.0,
        **{"unit": lambda s: LOSSES[s.loss].unit} | others,
    )


RECIPES = (
    game(
        "gan",
        "generative adversarial network, dense (Goodfellow et al. 2014)",
        gan,
        DENSE_OPTIONS,
        for_data={"points": FOR_POINTS},
    ),
    game(
        "dcgan",
        "generative adversarial network, convolutional (Radford et al. 2016)",
        gan,
        with_defaults(PLAIN_OPTIONS, width=64, steps=2000, generator_speed=5.0, net="dcgan"),
        takes=("images",),
    ),
)
