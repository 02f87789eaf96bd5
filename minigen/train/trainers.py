"""One training step of each kind of model: losses, backward passes, optimizer steps, in this order and nothing else."""

from typing import Any

from ..autodiff import Tensor, no_grad
from ..models import GAN, VAE
from ..optim import Adam, grad_norm
from ..optim.schedules import Schedule
from ..random import Generator

Metrics = dict[str, Tensor]


class VAETrainer:
    """Gradient descent on the negative ELBO with Adam.

    Args:
        model: the VAE; it is trained in place.
        lr: the learning rate, a number or a schedule.
    """

    def __init__(self, model: VAE, lr: Any) -> None:
        self.model = model
        self.optimizer = Adam(model.parameters(), lr=lr)

    def step(self, x: Tensor, rng: Generator) -> Metrics:
        """One step on the batch x (N, *shape); returns its loss before the step, in nats per example."""
        loss = self.model.loss(x, rng)
        self.optimizer.zero_grad()
        loss.total.backward()
        self.optimizer.step()
        return {"loss": loss.total, "reconstruction": loss.reconstruction, "kl": loss.kl}

    def evaluate(self, x: Tensor, rng: Generator) -> Metrics:
        """The loss on a batch that is not trained on."""
        with no_grad():
            loss = self.model.loss(x, rng)
        return {"test_loss": loss.total, "test_reconstruction": loss.reconstruction, "test_kl": loss.kl}


class GANTrainer:
    """One step of the discriminator, then one of the generator, each with an Adam of its own (beta1 = 0.5 as in DCGAN).

    The generator may take larger steps than the discriminator (InfoGAN, Chen et al. 2016, C.1: 1e-3 and 2e-4): in a
    DCGAN with equal ones the discriminator soon wins every time, and a generator that only loses learns little.

    Args:
        model: the GAN; it is trained in place.
        schedule: the discriminator's learning rate, a function of the step.
        generator_speed: the generator's learning rate as a multiple of it.
    """

    def __init__(self, model: GAN, schedule: Schedule, generator_speed: float = 1.0) -> None:
        self.model = model
        self.d_optimizer = Adam(model.discriminator.parameters(), lr=schedule, betas=(0.5, 0.999))
        self.g_optimizer = Adam(
            model.generator.parameters(), lr=lambda t: generator_speed * schedule(t), betas=(0.5, 0.999)
        )

    def step(self, x: Tensor, rng: Generator) -> Metrics:
        """One step of each player on the real batch x (N, *shape); returns the losses before the step."""
        d_loss = self.model.discriminator_loss(x, rng)
        self.d_optimizer.zero_grad()
        d_loss.total.backward()
        self.d_optimizer.step()

        g_loss = self.model.generator_loss(x.shape[0], rng)
        self.g_optimizer.zero_grad()
        g_loss.backward()
        self.g_optimizer.step()
        return {
            "d_loss": d_loss.total,
            "g_loss": g_loss,
            "real_accuracy": d_loss.real_accuracy,
            "fake_accuracy": d_loss.fake_accuracy,
            "spread": d_loss.spread,
            "g_gradient": grad_norm(self.model.generator.parameters()),
        }

    def evaluate(self, x: Tensor, rng: Generator) -> Metrics:
        """Nothing: the losses of a game do not measure quality."""
        return {}
