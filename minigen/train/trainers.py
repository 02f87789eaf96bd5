"""One training step of each kind of model: losses, backward passes, optimizer steps, in this order and nothing else."""

import contextlib
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..autodiff import Tensor, no_grad
from ..backend import device_of, to_device, xp_of
from ..data.damage import DAMAGES, Damaged
from ..errors import ArgumentError, NumericalError
from ..models import GAN, VAE, ConditionalVAE, RestorationVAE
from ..nn import Module
from ..optim import EMA, Adam, Optimizer, grad_norm
from ..optim.schedules import Schedule
from ..random import Generator

Metrics = dict[str, Tensor]


class Trainer:
    """What all trainers share: a model, its optimizers, and all of their state as named arrays.

    Args:
        model: what is trained, in place.
        optimizers: one for each player.

    Attributes:
        watches: whether every step looks for a NaN or an infinity before it changes a weight. It does on the CPU; on
            the GPU a look means to wait for the device.
        ema: the average of some weights, to be used in their place in the end, or None.
    """

    def __init__(self, model: Module, *optimizers: Optimizer) -> None:
        self.model: Any = model
        self.optimizers = optimizers
        self.watches = device_of(optimizers[0].flat.data) == "cpu"
        self.ema: EMA | None = None

    def step(self, x: Tensor, rng: Generator, *labels: Any) -> Metrics:
        """One step on the batch x (N, *shape), and its labels (N,) if the model wants them; metrics from before it."""
        raise NotImplementedError(f"{type(self).__name__}.step: a trainer is defined by this method")

    def evaluate(self, x: Tensor, rng: Generator, *labels: Any) -> Metrics:
        """Metrics of a batch that is not trained on."""
        return {}

    def descend(self, optimizer: Optimizer, loss: Tensor) -> Tensor:
        """One optimizer step down the gradient of a scalar loss; returns the gradient's norm.

        Raises:
            NumericalError: the loss or the gradient is not finite. No weight has been changed then.
        """
        optimizer.zero_grad()
        loss.backward()
        norm = grad_norm(optimizer.flat.params)
        if self.watches and not math.isfinite(loss.item() + norm.item()):
            raise NumericalError(f"the loss is {loss.item():g} and the norm of its gradient {norm.item():g}")
        optimizer.step()
        return norm

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Use the averaged weights inside a `with` block, if there are any."""
        with self.ema.swapped() if self.ema else contextlib.nullcontext():
            yield

    def state(self) -> dict[str, np.ndarray]:
        """Copies of all that changes from step to step: model, optimizers, average."""
        parts = {"model": self.model.state_dict(), "ema": self.ema.state() if self.ema else {}}
        parts |= {f"optimizer{i}": optimizer.state() for i, optimizer in enumerate(self.optimizers)}
        return {f"{part}/{name}": np.asarray(value) for part, state in parts.items() for name, value in state.items()}

    def load_state(self, state: dict[str, np.ndarray]) -> None:
        """Go on from `state()` of a trainer with the same settings.

        Raises:
            ArgumentError, ShapeError, DTypeError: it is of another one.
        """
        parts: dict[str, dict[str, Any]] = {}
        for name, value in state.items():
            part, _, rest = name.partition("/")
            parts.setdefault(part, {})[rest] = value
        expected = {"model", *(f"optimizer{i}" for i in range(len(self.optimizers))), *(["ema"] if self.ema else [])}
        if parts.keys() != expected:
            raise ArgumentError(f"state: expected the parts {sorted(expected)}, got {sorted(parts)}")
        self.model.load_state_dict(parts["model"])
        for i, optimizer in enumerate(self.optimizers):
            optimizer.load_state(parts[f"optimizer{i}"])
        if self.ema:
            self.ema.load_state(parts["ema"])


class VAETrainer(Trainer):
    """Gradient descent on the negative ELBO with Adam.

    Args:
        model: the VAE, or one whose loss has the same terms; it is trained in place.
        lr: the learning rate, a number or a schedule.
    """

    def __init__(self, model: VAE | ConditionalVAE, lr: Any) -> None:
        self.optimizer = Adam(model.parameters(), lr=lr)
        super().__init__(model, self.optimizer)

    def step(self, x: Tensor, rng: Generator, *labels: Any) -> Metrics:
        """One step on the batch x (N, *shape); returns its loss before the step, in nats per example."""
        loss = self.model.loss(x, rng, *labels)
        self.descend(self.optimizer, loss.total)
        return {"loss": loss.total, "reconstruction": loss.reconstruction, "kl": loss.kl}

    def evaluate(self, x: Tensor, rng: Generator, *labels: Any) -> Metrics:
        """The loss on a batch that is not trained on."""
        with no_grad():
            loss = self.model.loss(x, rng, *labels)
        return {"test_loss": loss.total, "test_reconstruction": loss.reconstruction, "test_kl": loss.kl}


class GANTrainer(Trainer):
    """Steps of the discriminator, then one of the generator, each with an Adam of its own (beta1 = 0.5 as in DCGAN).

    The generator may take larger steps than the discriminator (InfoGAN, Chen et al. 2016, C.1: 1e-3 and 2e-4): in a
    DCGAN with equal ones the discriminator soon wins every time, and a generator that only loses learns little.

    A GAN has no evaluation: the losses of a game do not measure quality.

    Args:
        model: the GAN; it is trained in place.
        schedule: the discriminator's learning rate, a function of the step.
        generator_speed: the generator's learning rate as a multiple of it.
        ema: how slowly an average of the generator's weights forgets, in [0, 1); 0 for no average.
        critic_steps: how many steps of the discriminator come before one of the generator, each on its share of the
            batch. (The schedule is one of steps of the generator.)
        betas: of both Adams.
    """

    def __init__(
        self,
        model: GAN,
        schedule: Schedule,
        generator_speed: float = 1.0,
        ema: float = 0.0,
        critic_steps: int = 1,
        betas: tuple[float, float] = (0.5, 0.999),
    ) -> None:
        self.critic_steps = critic_steps
        self.d_optimizer = Adam(model.discriminator.parameters(), lr=lambda t: schedule(t // critic_steps), betas=betas)
        self.g_optimizer = Adam(model.generator.parameters(), lr=lambda t: generator_speed * schedule(t), betas=betas)
        super().__init__(model, self.d_optimizer, self.g_optimizer)
        if ema:
            self.ema = EMA(model.generator, ema)

    def step(self, x: Tensor, rng: Generator, *labels: Any) -> Metrics:
        """The steps of both players on the real batch x (N, *shape); returns the last losses before a step."""
        bounds = [i * x.shape[0] // self.critic_steps for i in range(self.critic_steps + 1)]
        for start, stop in itertools.pairwise(bounds):
            share = [y[start:stop] for y in labels]
            d_loss = self.model.discriminator_loss(Tensor(x.data[start:stop]), rng, *share)
            self.descend(self.d_optimizer, d_loss.total)
            self.model.after_discriminator_step()
        g_loss = self.model.generator_loss(stop - start, rng)
        g_gradient = self.descend(self.g_optimizer, g_loss)
        if self.ema:
            self.ema.update()
        return {
            "d_loss": d_loss.total,
            "g_loss": g_loss,
            "real_accuracy": d_loss.real_accuracy,
            "fake_accuracy": d_loss.fake_accuracy,
            "spread": d_loss.spread,
            "g_gradient": g_gradient,
            **d_loss.others,
        }


class RestorationTrainer(Trainer):
    """Gradient descent on the negative ELBO of originals given damaged images, with Adam; every batch damaged anew.

    At first the decoder does better without the noise that z is, and learns to ignore it before the encoder has
    anything to say. So the KL term comes in slowly (warm-up; Bowman et al. 2016, section 3.1; Sonderby et al. 2016).

    Args:
        model: it is trained in place.
        lr: the learning rate, a number or a schedule.
        damage: a name in DAMAGES.
        amount: how much of it.
        warm_up: the number of steps until the KL term counts in full.
    """

    def __init__(self, model: RestorationVAE, lr: Any, damage: str, amount: float, warm_up: int = 0) -> None:
        self.optimizer = Adam(model.parameters(), lr=lr)
        super().__init__(model, self.optimizer)
        self.damage, self.amount, self.warm_up = damage, amount, warm_up

    def damaged(self, x: Any, rng: Generator) -> Damaged:
        """The images x (N, H, W, C), an array, damaged."""
        return DAMAGES[self.damage](x, self.amount, rng)

    def step(self, x: Tensor, rng: Generator, *labels: Any) -> Metrics:
        """One step on originals x (N, H, W, C); returns its loss before the step, in nats per example."""
        kl_weight = min(1.0, (self.optimizer.t + 1) / max(1, self.warm_up))
        loss = self.model.loss(x, _model_input(self.damaged(x.data, rng)), rng, kl_weight)
        self.descend(self.optimizer, loss.total)
        return {"loss": loss.total, "reconstruction": loss.reconstruction, "kl": loss.kl}

    def restore(self, damaged: Damaged, rng: Generator, guesses: int) -> np.ndarray:
        """Guesses at the originals, averaged, in [0, 1]."""
        parts, device = [], device_of(self.optimizer.flat.data)
        with no_grad():
            for i in range(0, len(damaged.y), 250):
                part = Damaged(*(to_device(a[i : i + 250], device) for a in damaged))
                parts.append(self.model.restore(_model_input(part), rng, guesses).numpy())
        return np.clip(np.concatenate(parts), 0, 1)


def _model_input(damaged: Damaged) -> Tensor:
    """y and `known` as one tensor (N, H, W, C + 1)."""
    return Tensor(xp_of(damaged.y).concatenate([damaged.y, damaged.known], axis=3))
