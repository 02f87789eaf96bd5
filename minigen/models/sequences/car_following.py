"""A driver, learnt from series: how hard to accelerate, given all that was seen so far.

    log p(driver | leader) = sum_t log N(a_t; mean_t, var_t)              a_t: the acceleration in step t, m/s^2

mean_t and var_t come from the state of a GRU that has seen the gap and both speeds up to t, and nothing after it, as a
driver has. The leader's series is a condition: it is given and has no probability. Of the driver, the acceleration is
all there is to predict, as speeds and gaps follow from it (`data.car_following`); so no gap is drawn that belongs to
other speeds.

Why not a conditional VAE? Each driver has a character that the data do not show, and a latent vector could stand for
it. But a GRU can also tell it from what the driver has done so far, the reason why it has a memory; then the
likelihood is exact (the chain rule), there is no posterior to collapse, and noise enters step by step, as in traffic.
A decoder of whole trajectories would add its noise to each speed on its own, and a time to collision, which divides
by a small difference of speeds, would be that of the noise.

What remains assumed: that one step's acceleration is Gaussian, given what was before.

Lesson 26 counts its near-collisions.
"""

from ... import ops
from ...autodiff import Tensor, no_grad, raw
from ...backend import Array, to_device, xp_of
from ...data.car_following import GAP, LEADER, SPEED, STEP, conditions, next_gap
from ...distributions import Normal, gaussian_of
from ...errors import ArgumentError, ShapeError, whole
from ...nn import Dense, Module
from ...nn.layers import positive
from ...random import Generator, given_or_default
from ..flows.flow import MOST, DensityLoss
from ..recipe import BATCH_SIZE, LR, STEPS, WIDTH, Recipe, Settings, Shape
from ..vaes.vae import VAETrainer
from .gru import GRULayer
from .sequence_model import rising_then_falling

FEATURES = 7
NEAREST = 1.0  # metre: a smaller gap is seen as this one


class CarFollower(Module):
    """A GRU that reads what the driver sees, and gives a Gaussian of the next acceleration.

    Args:
        width: of its state. steps: T of a series (T+1, 3), to sample.
        rng: where the weights are drawn from.
    """

    def __init__(self, width: int, steps: int, rng: Generator | None = None) -> None:
        positive(width=width, steps=steps)
        rng = given_or_default(rng)
        self.steps = steps
        self.memory = GRULayer(FEATURES, width, rng)
        self.head = Dense(width, 2, rng=rng)

    @staticmethod
    def seen(x: Array, before: Array) -> Array:
        """What the driver sees in the places x (N, T, 3), in numbers of about 1: (N, T, 7).

        Args:
            before: the places one step earlier; the first has none, and takes itself.
        """
        gap, speed, leader = x[..., GAP], x[..., SPEED], x[..., LEADER]
        closing, near = speed - leader, xp_of(x).maximum(gap, NEAREST)
        change = x - before
        found = [
            gap / 50,
            speed / 30,
            closing / 5,
            closing / near,
            speed / near,
            change[..., LEADER],
            change[..., SPEED],
        ]
        return xp_of(x).stack(found, axis=-1)

    def accelerations(self, x: Array) -> Normal:
        """The distribution of the acceleration in each step of series x (N, T+1, 3): (N, T, 1)."""
        before = xp_of(x).concatenate([x[:, :1], x[:, :-2]], axis=1)
        return self._told(self.memory(Tensor(self.seen(x[:, :-1], before))))

    def _told(self, h: Tensor) -> Normal:
        return gaussian_of(self.head(h), 1, "CarFollower: the head")

    def log_prob(self, x: Tensor, rng: Generator | None = None) -> Tensor:
        """log p of each driver's accelerations given the leader: series (N, T+1, 3) -> (N,) nats. It draws nothing."""
        speed = self.checked(x).data[:, :, SPEED]
        done = Tensor((speed[:, 1:] - speed[:, :-1])[..., None] / speed.dtype.type(STEP))
        return self.accelerations(x.data).log_likelihood(done)

    def loss(self, x: Tensor, rng: Generator | None = None) -> DensityLoss:
        """-log p in nats a series, averaged over the batch."""
        return DensityLoss(-ops.mean(self.log_prob(x)))

    def continued(self, x: Tensor, rng: Generator | None = None) -> Tensor:
        """Drivers drawn step by step behind given leaders: series (N, T+1, 3).

        Args:
            x: the leaders' speeds, and each driver's first gap and speed, (N, T+1, 3); the rest is not looked at.
            rng: where the draws come from.

        Raises:
            ShapeError: x has another shape.
        """
        rng, y = given_or_default(rng), self.checked(x).data.copy()
        xp, h, step = xp_of(y), self.memory.start(len(y)), y.dtype.type(STEP)
        with self.evaluating(), no_grad():
            for t in range(y.shape[1] - 1):
                h = raw(self.memory(Tensor(self.seen(y[:, t : t + 1], y[:, max(0, t - 1)][:, None])), h))[:, -1]
                acceleration = raw(self._told(Tensor(h)).sample(rng))[:, 0]
                y[:, t + 1, SPEED] = xp.maximum(0, y[:, t, SPEED] + step * acceleration)
                y[:, t + 1, GAP] = next_gap(y[:, t, GAP], y[:, t : t + 2, LEADER], y[:, t : t + 2, SPEED])
        return Tensor(y)

    def sample(self, n: int, rng: Generator | None = None) -> Tensor:
        """n series (n, T+1, 3), behind leaders like those that the data are made of, drawn anew."""
        whole("n", n)
        rng = given_or_default(rng)
        return self.continued(Tensor(to_device(conditions(n, rng, self.steps), self.device)), rng)

    @staticmethod
    def checked(x: Tensor) -> Tensor:
        """The same series, if they have the shape (N, T+1, 3)."""
        if x.ndim != 3 or x.shape[1] < 2 or x.shape[2] != 3:
            raise ShapeError(f"CarFollower: series have shape {x.shape}, expected (N, T+1, 3) with T >= 1")
        return x


# ---------------------------------------------------------------------------------------------------------- recipes


def car_follower(s: Settings, shape: Shape, rng: Generator) -> CarFollower:
    """Of series of T + 1 places."""
    if shape[0] < 2 or shape[1] != 3:
        raise ArgumentError(f"shape: expected series (T+1, 3) with T >= 1, got {list(shape)}")
    return CarFollower(s.width, shape[0] - 1, rng)


def follower_trainer(model: CarFollower, s: Settings) -> VAETrainer:
    """Adam on -log p, with a rate that rises and then falls; a hard braking has a gradient that is cut."""
    trainer = VAETrainer(model, rising_then_falling(s))
    trainer.optimizer.max_norm = MOST
    return trainer


RECIPES = (
    Recipe(
        "car-follower",
        "recurrent network that drives behind a given leader (data: Treiber et al. 2000)",
        car_follower,
        follower_trainer,
        (STEPS(1500), BATCH_SIZE(64), LR(5e-3), WIDTH(64, help="features of the state")),
        takes=("series",),
        shows=("log-probabilities", "continuations"),
        meaning=lambda s: "the loss is -log p of a driver's accelerations given the leader, in nats per series, exact",
        unit=lambda s: "nats per series",
    ),
)
