"""The training steps in minigen."""

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

import minigen as mg
from benchmarks.workloads import BLOCKS, HEADS, SYMBOLS, Workload, channels_of, weights
from minigen import backend, nn, optim
from minigen.models import VAE
from minigen.models.networks import conv_decoder, conv_encoder, dense_decoder, dense_encoder
from minigen.models.sequences.language import LanguageModel
from minigen.models.sequences.transformer import Transformer
from minigen.models.vaes.vae import VAETrainer

Arrays = dict[str, np.ndarray]


def versions() -> dict[str, str]:
    """What computes here."""
    from threadpoolctl import threadpool_info

    blas = [f"{p['internal_api']} {p['version']}, {p['num_threads']} threads" for p in threadpool_info()]
    return {"minigen": mg.__version__, "numpy": np.__version__, "blas of numpy": "; ".join(blas)}


_to_the_end = contextlib.ExitStack()  # of the process


def use(device: str) -> None:
    """Compute on 'cuda', or on 'double': the tests' double of CuPy in its place."""
    if device == "double":
        from tests.cupy_double import double

        _to_the_end.enter_context(double.installed())
    backend.use_device("cuda")


def synchronize() -> None:
    """Wait for the device."""
    backend.synchronize("cuda")


def free() -> None:
    """Give the device's memory back."""
    backend.cupy().get_default_memory_pool().free_all_blocks()


def memory() -> int:
    """The most that was taken of the device's memory, in bytes: CuPy's pool keeps it all."""
    return int(backend.cupy().get_default_memory_pool().total_bytes())


def load(model: nn.Module, workload: Workload, arrays: Arrays) -> None:
    """Set the model's weights."""
    for parameter, weight in zip(model.parameters(), weights(workload), strict=True):
        array = np.ascontiguousarray(arrays[weight.name].reshape(parameter.shape))
        parameter.data[...] = backend.to_device(array, parameter.device)


def gradients(model: nn.Module, names: list[str]) -> Arrays:
    """The gradients, in minigen's layout."""
    return {name: np.array(p.grad.numpy()) for name, p in zip(names, model.parameters(), strict=True)}


class Given(mg.Generator):
    """A generator that always draws the same given noise, for the comparison with other frameworks."""

    def __init__(self, noise: np.ndarray) -> None:
        super().__init__(0)
        self.noise = backend.to_device(noise, backend.default_device())

    def normal(self, shape: Any, **options: Any) -> Any:
        """The noise."""
        return self.noise


class VAEStep:
    """A training step of a VAE, with the library's model and trainer."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        rng, latent, width = mg.Generator(0), workload.latent, workload.width
        shape = arrays["batch"].shape[1:]
        if workload.model == "mlp-vae":
            encoder = dense_encoder(shape, 2 * latent, [width], rng)
            decoder = dense_decoder(latent, shape, [width], rng)
        else:
            encoder = conv_encoder(shape, 2 * latent, width, rng)
            decoder = conv_decoder(latent, shape, width, rng)
        self.model = VAE(encoder, decoder, latent)
        load(self.model, workload, arrays)
        self.trainer = VAETrainer(self.model, lr=1e-3)
        self.x, self.rng, self.given = mg.tensor(arrays["batch"]), rng, Given(arrays["noise"])
        self.names = [weight.name for weight in weights(workload)]

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`."""
        loss = self.model.loss(self.x, self.given).total
        self.trainer.optimizer.zero_grad()
        loss.backward()
        found = {"loss": np.array(loss.item()), **gradients(self.model, self.names)}
        later = [self.trainer.step(self.x, self.given)["loss"].item() for _ in range(3)]
        return {**found, "losses of three steps": np.array(later)}

    def step(self) -> None:
        """One training step."""
        self.trainer.step(self.x, self.rng)


def generator(latent: int, side: int, image: int, channels: list[int]) -> nn.Sequential:
    """DCGAN's generator; `channels` as in the discriminator, from the image inwards."""
    first = channels[-1]
    layers = [nn.Dense(latent, side * side * first, bias=False), nn.Reshape(side, side, first)]
    layers += [nn.BatchNorm(first), nn.ReLU()]
    for inputs, outputs in itertools.pairwise(channels[::-1]):
        layers += [nn.Conv2DTranspose(inputs, outputs, 4, stride=2, padding=1, bias=False)]
        layers += [nn.BatchNorm(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Conv2DTranspose(channels[0], image, 4, stride=2, padding=1), nn.Tanh())


def discriminator(side: int, image: int, channels: list[int]) -> nn.Sequential:
    """DCGAN's discriminator; `side` is that of its last image."""
    layers = [nn.Conv2D(image, channels[0], 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    for inputs, outputs in itertools.pairwise(channels):
        layers += [nn.Conv2D(inputs, outputs, 4, stride=2, padding=1, bias=False)]
        layers += [nn.BatchNorm(outputs), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dense(side * side * channels[-1], 1))


class DCGANStep:
    """One step of the discriminator and one of the generator."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        channels = channels_of(workload)
        side = workload.side >> len(channels)
        self.generator = generator(workload.latent, side, workload.channels, channels)
        self.discriminator = discriminator(side, workload.channels, channels)
        load(nn.Sequential(self.generator, self.discriminator), workload, arrays)
        self.g_optimizer = optim.Adam(self.generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.d_optimizer = optim.Adam(self.discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.real, self.rng, self.given = mg.tensor(arrays["batch"]), mg.Generator(0), Given(arrays["noise"])
        self.noise_shape = arrays["noise"].shape
        self.ones, self.zeros = mg.ones((workload.batch, 1)), mg.zeros((workload.batch, 1))
        self.names = [weight.name for weight in weights(workload)]

    def d_backward(self, fake: Any) -> Any:
        """The discriminator's loss, and its gradients."""
        self.d_optimizer.zero_grad()
        real_loss = nn.bce_loss(self.discriminator(self.real), self.ones)
        real_loss.backward()
        fake_loss = nn.bce_loss(self.discriminator(fake.detach()), self.zeros)
        fake_loss.backward()
        return real_loss.detach() + fake_loss.detach()

    def g_backward(self, fake: Any) -> Any:
        """The generator's loss, and its gradients."""
        self.g_optimizer.zero_grad()
        with self.discriminator.frozen():
            loss = nn.bce_loss(self.discriminator(fake), self.ones)
        loss.backward()
        return loss

    def train(self, rng: mg.Generator) -> tuple[Any, Any]:
        """One step of each; their losses."""
        fake = self.generator(mg.tensor(rng.normal(self.noise_shape)))
        d_loss = self.d_backward(fake)
        self.d_optimizer.step()
        g_loss = self.g_backward(fake)
        self.g_optimizer.step()
        return d_loss, g_loss

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`; the generator's loss is that against the unchanged discriminator."""
        fake = self.generator(mg.tensor(self.given.noise))
        d_loss, g_loss = self.d_backward(fake), self.g_backward(fake)
        found = gradients(nn.Sequential(self.generator, self.discriminator), self.names)
        later = [[loss.item() for loss in self.train(self.given)] for _ in range(3)]
        losses = {"loss of D": np.array(d_loss.item()), "loss of G": np.array(g_loss.item())}
        return {**losses, **found, "losses of three steps": np.array(later)}

    def step(self) -> None:
        """One training step."""
        self.train(self.rng)


class GPTStep:
    """A training step of a Transformer, the library's, on a text."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        rng = mg.Generator(0)
        body = Transformer(workload.width, HEADS, BLOCKS, workload.side, rng=rng)
        self.model = LanguageModel(SYMBOLS, workload.width, body, rng=rng)
        load(self.model, workload, arrays)
        self.optimizer = optim.Adam(self.model.parameters(), lr=1e-3)
        self.x, self.rng = mg.tensor(arrays["batch"]), rng
        self.names = [weight.name for weight in weights(workload)]

    def train(self) -> Any:
        """One training step; its loss."""
        loss = self.model.loss(self.x, self.rng)
        self.optimizer.step(loss)
        return loss

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`."""
        loss = self.model.loss(self.x, self.rng)
        self.optimizer.zero_grad()
        loss.backward()
        found = {"loss": np.array(loss.item()), **gradients(self.model, self.names)}
        later = [self.train().item() for _ in range(3)]
        return {**found, "losses of three steps": np.array(later)}

    def step(self) -> None:
        """One training step."""
        self.train()


class ConvolutionStep:
    """A convolution, or a transposed one, forward and backward to its input and kernel."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        backend.keep_freed_memory()  # as the optimizer of a training does
        self.operation = {"conv": mg.conv2d, "deconv": mg.conv2d_transpose}[workload.variant]
        self.x = mg.tensor(arrays["x"], requires_grad=True)
        self.w = mg.tensor(arrays["w"], requires_grad=True)
        self.g = mg.tensor(arrays["g"])

    def step(self) -> Any:
        """Forward and backward."""
        self.x.grad = self.w.grad = None
        y = self.operation(self.x, self.w, stride=2, padding=1)
        y.backward(self.g)
        return y

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`."""
        return {"y": self.step().numpy(), "dx": self.x.grad.numpy(), "dw": self.w.grad.numpy()}


OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "matmul": lambda a, b: a @ b,
    "relu": lambda a, b: mg.relu(a),
}


class TinyStep:
    """An operation on tiny tensors, forward and backward."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        name, start = workload.variant.split()
        self.operation, self.step = OPERATIONS[name], getattr(self, f"{start}_step")
        self.a = mg.tensor(arrays["a"], requires_grad=True)
        self.b = mg.tensor(arrays["b"], requires_grad=True)
        self.g = mg.tensor(arrays["g"])

    def sum_step(self) -> None:
        """The gradient of the sum."""
        self.a.grad = self.b.grad = None
        self.operation(self.a, self.b).sum().backward()

    def given_step(self) -> None:
        """The gradient that a given one is sent back to."""
        self.a.grad = self.b.grad = None
        self.operation(self.a, self.b).backward(self.g)

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`."""
        self.step()
        found = {"da": self.a.grad, "db": self.b.grad}
        return {name: grad.numpy() for name, grad in found.items() if grad is not None}


STEPS: dict[str, Any] = {
    "mlp-vae": VAEStep,
    "conv-vae": VAEStep,
    "dcgan": DCGANStep,
    "gpt": GPTStep,
    "convolution": ConvolutionStep,
    "tiny": TinyStep,
}


def build(workload: Workload, arrays: Arrays, option: str) -> Any:
    """The step of the workload."""
    return STEPS[workload.model](workload, arrays, option)
