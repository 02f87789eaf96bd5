"""What is timed: a training step of each model on random data, and how much arithmetic is in it."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend
from ..autodiff import Tensor, no_grad, zeros
from ..models.gans.gan import GAN, GANTrainer
from ..models.gans.networks import dcgan_discriminator, dcgan_generator
from ..models.networks import dense_decoder, dense_encoder
from ..models.vaes.vae import VAE, VAETrainer
from ..nn import Conv2D, Conv2DTranspose, Dense, Module, Sequential, Tanh
from ..optim.schedules import constant
from ..random import Generator

Clock = Callable[[], float]  # seconds


class Given(Generator):
    """A generator that draws the same normal numbers on every device, from the host's stream."""

    def normal(self, shape: Any, *, dtype: Any = np.float32, device: str | None = None) -> Any:
        """See `Generator.normal`."""
        return backend.to_device(super().normal(shape, dtype=dtype, device="cpu"), device or backend.default_device())


def _vae(rng: Generator) -> tuple[Any, Any, tuple[int, ...]]:
    model = VAE(dense_encoder((784,), 40, [400], rng), dense_decoder(20, (784,), [400], rng), 20)
    return model, VAETrainer(model, 1e-3), (784,)


def _dcgan(rng: Generator) -> tuple[Any, Any, tuple[int, ...]]:
    shape = (28, 28, 1)
    generator = Sequential(*dcgan_generator(64, shape, 64, rng), Tanh())
    model = GAN(generator, dcgan_discriminator(shape, 64, rng), 64)
    return model, GANTrainer(model, constant(2e-4), 5.0), shape


MODELS = {"vae": _vae, "dcgan": _dcgan}


def multiply_adds(network: Sequential, example: tuple[int, ...]) -> list[int]:
    """Of each layer with a matrix product, for one example of that shape, forward."""
    counts, x = [], zeros((2, *example), device="cpu")
    with no_grad():
        for layer in network:
            y = layer(x)
            if isinstance(layer, Dense):
                counts.append(layer.inputs * layer.outputs)
            elif isinstance(layer, (Conv2D, Conv2DTranspose)):  # a kernel for each pixel of the smaller image
                places = math.prod((y if isinstance(layer, Conv2D) else x).shape[1:3])
                counts.append(places * math.prod(layer.kernel) * layer.inputs * layer.outputs)
            x = y
    return counts


def flops(model: Module, example: tuple[int, ...]) -> int:
    """Floating-point operations of the products in a training step for one example, a multiply-add being two.

    A layer's product is needed forward, for its weights' gradient, and for its input's, but not where the input is data
    or noise. A GAN's step makes fakes (G); shows D real and fake ones and trains it; makes fakes again, shows them to D
    and goes back through D, for the inputs alone, and through G.
    """
    if isinstance(model, VAE):
        encoder = multiply_adds(model.encoder, example)  # type: ignore[arg-type]
        decoder = multiply_adds(model.decoder, (model.latent_dim,))  # type: ignore[arg-type]
        return 2 * (3 * sum(encoder + decoder) - encoder[0])
    assert isinstance(model, GAN)
    g = multiply_adds(model.generator, (model.latent_dim,))  # type: ignore[arg-type]
    d = multiply_adds(model.discriminator, example)  # type: ignore[arg-type]
    return 2 * (sum(g) + 2 * (3 * sum(d) - d[0]) + 2 * sum(d) + 3 * sum(g) - g[0])


class Job:
    """A model on a device, ready to train on random data."""

    def __init__(self, name: str, device: str) -> None:
        self.device, self.rng = device, Given(1)
        with backend.device(device):
            self.model, self.trainer, self.example = MODELS[name](Generator(0))

    def batch(self, size: int) -> Tensor:
        """Numbers in [0, 1), the same on every device."""
        x = np.random.default_rng(size).random((size, *self.example), dtype=np.float32)
        return Tensor(backend.to_device(x, self.device))

    def gradients(self, size: int = 16) -> dict[str, np.ndarray]:
        """The loss and every gradient for the first batch and the first noise."""
        x, rng = self.batch(size), Given(2)
        with backend.device(self.device):
            if isinstance(self.model, VAE):
                losses = [self.model.loss(x, rng).total]
            else:
                losses = [self.model.discriminator_loss(x, rng).total, self.model.generator_loss(size, rng)]
            for loss in losses:
                loss.backward()
        found = {"loss": np.array([loss.item() for loss in losses])}
        for name, p in self.model.named_parameters():
            found[name] = np.array(p.grad.numpy())
            p.grad = None
        return found

    def time(self, x: Tensor, clock: Clock, steps: int) -> float:
        """Milliseconds a step, over some steps, from an idle device to an idle device."""
        with backend.device(self.device):
            backend.synchronize(self.device)
            start = clock()
            for _ in range(steps):
                self.trainer.step(x, self.rng)
            backend.synchronize(self.device)
            return (clock() - start) * 1e3 / steps
