"""The training steps in PyTorch, eager; the option 'fused' is Adam's."""

import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.workloads import BLOCKS, HEADS, SYMBOLS, Weight, Workload, channels_of, weights

Arrays = dict[str, np.ndarray]
CPU = torch.device("cpu")
where = CPU  # the models and batches are; single operations stay on the CPU


def versions() -> dict[str, str]:
    """What computes here."""
    return {"torch": torch.__version__, "threads of torch": str(torch.get_num_threads())}


def use(device: str) -> None:
    """Compute on 'cuda', in TF32 where CUPY_TF32=1 is in the environment; any other name stands for the CPU."""
    global where
    where = torch.device("cuda") if device == "cuda" else CPU
    tf32 = os.environ.get("CUPY_TF32") == "1"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32


def synchronize() -> None:
    """Wait for the device."""
    if where != CPU:
        torch.cuda.synchronize()


def free() -> None:
    """Give the device's memory back."""
    if where != CPU:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def memory() -> int:
    """The most that was taken of the device's memory since, in bytes."""
    return 0 if where == CPU else torch.cuda.max_memory_reserved()


def to_torch(array: np.ndarray, weight: Weight) -> torch.Tensor:
    """A weight in PyTorch's layout: dense (outputs, inputs), both convolutions (F, C, kh, kw), channels first."""
    if weight.is_table:
        return torch.from_numpy(array)
    if weight.from_image:
        array = array.reshape(*weight.from_image, -1).transpose(2, 0, 1, 3).reshape(array.shape)
    if weight.to_image:
        array = np.moveaxis(array.reshape(-1, *weight.to_image), 3, 1).reshape(array.shape)
    array = array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T
    return torch.from_numpy(np.ascontiguousarray(array))


def from_torch(tensor: torch.Tensor, weight: Weight) -> np.ndarray:
    """The inverse of `to_torch`."""
    array = tensor.detach().cpu().numpy()
    if weight.is_table:
        return array
    array = array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T
    if weight.to_image:
        h, w, c = weight.to_image
        array = np.moveaxis(array.reshape(-1, c, h, w), 1, 3).reshape(array.shape)
    if weight.from_image:
        h, w, c = weight.from_image
        array = array.reshape(c, h, w, -1).transpose(1, 2, 0, 3).reshape(array.shape)
    return np.ascontiguousarray(array)


def images(array: np.ndarray) -> torch.Tensor:
    """(N, H, W, C) as (N, C, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(array.transpose(0, 3, 1, 2) if array.ndim == 4 else array))


def load(model: nn.Module, workload: Workload, arrays: Arrays) -> None:
    """Set the model's weights."""
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), weights(workload), strict=True):
            parameter.copy_(to_torch(arrays[weight.name], weight))


def gradients(model: nn.Module, workload: Workload) -> Arrays:
    """The gradients, in minigen's layout."""
    pairs = zip(model.parameters(), weights(workload), strict=True)
    return {weight.name: from_torch(parameter.grad, weight).copy() for parameter, weight in pairs}


class VAE(nn.Module):
    """A variational autoencoder; the encoder gives the mean and the log-variance."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, x: Any, noise: Any = None) -> Any:
        """The loss in nats per example."""
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        std = torch.exp(0.5 * log_var)
        logits = self.decoder(mean + std * (torch.randn_like(std) if noise is None else noise))
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = -0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
        return (reconstruction + kl) / len(x)


def mlp_vae(pixels: int, latent: int, width: int) -> VAE:
    """The dense VAE."""
    encoder = nn.Sequential(nn.Linear(pixels, width), nn.ReLU(), nn.Linear(width, 2 * latent))
    return VAE(encoder, nn.Sequential(nn.Linear(latent, width), nn.ReLU(), nn.Linear(width, pixels)))


def conv_vae(side: int, image: int, latent: int, channels: list[int]) -> VAE:
    """The convolutional VAE; `side` is that of the encoder's last image."""
    down: list[nn.Module] = []
    for inputs, outputs in zip([image, *channels[:-1]], channels, strict=True):
        down += [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1), nn.ReLU()]
    first = channels[-1]
    up = [nn.Linear(latent, side * side * first), nn.ReLU(), nn.Unflatten(1, (first, side, side))]
    for inputs, outputs in itertools.pairwise(channels[::-1]):
        up += [nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1), nn.ReLU()]
    encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(side * side * first, 2 * latent))
    return VAE(encoder, nn.Sequential(*up, nn.ConvTranspose2d(channels[0], image, 4, stride=2, padding=1)))


class VAEStep:
    """A training step of a VAE."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        self.workload = workload
        if workload.model == "mlp-vae":
            self.model = mlp_vae(arrays["batch"].shape[1], workload.latent, workload.width)
        else:
            channels = channels_of(workload)
            side = workload.side >> len(channels)
            self.model = conv_vae(side, workload.channels, workload.latent, channels)
        load(self.model.to(where), workload, arrays)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=option == "fused")
        self.x, self.given = images(arrays["batch"]).to(where), torch.from_numpy(arrays["noise"]).to(where)

    def train(self, noise: Any = None) -> Any:
        """One training step; its loss."""
        loss = self.model(self.x, noise)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`."""
        loss = self.model(self.x, self.given)
        self.optimizer.zero_grad()
        loss.backward()
        found = {"loss": np.array(loss.item()), **gradients(self.model, self.workload)}
        later = [self.train(self.given).item() for _ in range(3)]
        return {**found, "losses of three steps": np.array(later)}

    def step(self) -> None:
        """One training step."""
        self.train()


def generator(latent: int, side: int, image: int, channels: list[int]) -> nn.Sequential:
    """DCGAN's generator; `channels` as in the discriminator, from the image inwards."""
    first = channels[-1]
    layers = [nn.Linear(latent, side * side * first, bias=False), nn.Unflatten(1, (first, side, side))]
    layers += [nn.BatchNorm2d(first), nn.ReLU()]
    for inputs, outputs in itertools.pairwise(channels[::-1]):
        layers += [nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(channels[0], image, 4, stride=2, padding=1), nn.Tanh())


def discriminator(side: int, image: int, channels: list[int]) -> nn.Sequential:
    """DCGAN's discriminator; `side` is that of its last image."""
    layers = [nn.Conv2d(image, channels[0], 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    for inputs, outputs in itertools.pairwise(channels):
        layers += [nn.Conv2d(inputs, outputs, 4, stride=2, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(side * side * channels[-1], 1))


class DCGANStep:
    """One step of the discriminator and one of the generator."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        self.workload = workload
        channels = channels_of(workload)
        side = workload.side >> len(channels)
        self.generator = generator(workload.latent, side, workload.channels, channels)
        self.discriminator = discriminator(side, workload.channels, channels)
        load(nn.Sequential(self.generator, self.discriminator).to(where), workload, arrays)
        settings: Any = {"lr": 2e-4, "betas": (0.5, 0.999), "fused": option == "fused"}
        self.g_optimizer = torch.optim.Adam(self.generator.parameters(), **settings)
        self.d_optimizer = torch.optim.Adam(self.discriminator.parameters(), **settings)
        self.real, self.given = images(arrays["batch"]).to(where), torch.from_numpy(arrays["noise"]).to(where)
        self.ones, self.zeros = (make(workload.batch, 1, device=where) for make in (torch.ones, torch.zeros))

    def d_backward(self, fake: Any) -> Any:
        """The discriminator's loss, and its gradients."""
        self.d_optimizer.zero_grad()
        real_loss = F.binary_cross_entropy_with_logits(self.discriminator(self.real), self.ones)
        real_loss.backward()
        fake_loss = F.binary_cross_entropy_with_logits(self.discriminator(fake.detach()), self.zeros)
        fake_loss.backward()
        return real_loss.detach() + fake_loss.detach()

    def g_backward(self, fake: Any) -> Any:
        """The generator's loss, and its gradients."""
        self.g_optimizer.zero_grad()
        self.discriminator.requires_grad_(False)
        loss = F.binary_cross_entropy_with_logits(self.discriminator(fake), self.ones)
        loss.backward()
        self.discriminator.requires_grad_(True)
        return loss

    def train(self, noise: Any) -> tuple[Any, Any]:
        """One step of each; their losses."""
        fake = self.generator(noise)
        d_loss = self.d_backward(fake)
        self.d_optimizer.step()
        g_loss = self.g_backward(fake)
        self.g_optimizer.step()
        return d_loss, g_loss

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`; the generator's loss is that against the unchanged discriminator."""
        fake = self.generator(self.given)
        d_loss, g_loss = self.d_backward(fake), self.g_backward(fake)
        found = gradients(nn.Sequential(self.generator, self.discriminator), self.workload)
        later = [[loss.item() for loss in self.train(self.given)] for _ in range(3)]
        losses = {"loss of D": np.array(d_loss.item()), "loss of G": np.array(g_loss.item())}
        return {**losses, **found, "losses of three steps": np.array(later)}

    def step(self) -> None:
        """One training step."""
        self.train(torch.randn_like(self.given))


class Block(nn.Module):
    """Attention, PyTorch's own, and an MLP, each with its norm before it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU("tanh"), nn.Linear(4 * width, width))

    def forward(self, h: Any) -> Any:
        """(N, T, C) -> (N, T, C)."""
        n, t, c = h.shape
        q, k, v = self.qkv(self.norm1(h)).view(n, t, 3, HEADS, c // HEADS).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        h = h + self.out(y.transpose(1, 2).reshape(n, t, c))
        return h + self.mlp(self.norm2(h))


class GPT(nn.Module):
    """A decoder-only Transformer."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        self.places = nn.Embedding(side, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(BLOCKS))
        self.norm = nn.LayerNorm(width)
        self.symbols = nn.Embedding(SYMBOLS, width)
        self.head = nn.Linear(width, SYMBOLS, bias=False)

    def forward(self, x: Any) -> Any:
        """The loss of texts (N, T + 1), in nats a symbol."""
        h = self.symbols(x[:, :-1]) + self.places.weight
        for block in self.blocks:
            h = block(h)
        return F.cross_entropy(self.head(self.norm(h)).flatten(0, 1), x[:, 1:].flatten())


class GPTStep:
    """A training step of a Transformer on a text."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        self.workload = workload
        self.model = GPT(workload.side, workload.width)
        load(self.model.to(where), workload, arrays)
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=option == "fused")
        self.x = torch.from_numpy(arrays["batch"]).to(where)

    def train(self) -> Any:
        """One training step; its loss."""
        loss = self.model(self.x)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`."""
        loss = self.model(self.x)
        self.optimizer.zero_grad()
        loss.backward()
        found = {"loss": np.array(loss.item()), **gradients(self.model, self.workload)}
        later = [self.train().item() for _ in range(3)]
        return {**found, "losses of three steps": np.array(later)}

    def step(self) -> None:
        """One training step."""
        self.train()


class ConvolutionStep:
    """A convolution, or a transposed one, forward and backward to its input and kernel."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        self.operation = {"conv": F.conv2d, "deconv": F.conv_transpose2d}[workload.variant]
        self.weight = Weight("w", arrays["w"].shape, None, None)
        self.x = images(arrays["x"]).requires_grad_()
        self.w = to_torch(arrays["w"], self.weight).requires_grad_()
        self.g = images(arrays["g"])

    def step(self) -> Any:
        """Forward and backward."""
        self.x.grad = self.w.grad = None
        y = self.operation(self.x, self.w, stride=2, padding=1)
        y.backward(self.g)
        return y

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`."""
        y = self.step().detach().numpy().transpose(0, 2, 3, 1)
        dx = self.x.grad.numpy().transpose(0, 2, 3, 1)
        return {"y": y, "dx": dx, "dw": from_torch(self.w.grad, self.weight)}


OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "matmul": lambda a, b: a @ b,
    "relu": lambda a, b: torch.relu(a),
}


class TinyStep:
    """An operation on tiny tensors, forward and backward."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        name, start = workload.variant.split()
        self.operation, self.step = OPERATIONS[name], getattr(self, f"{start}_step")
        self.a = torch.from_numpy(arrays["a"]).requires_grad_()
        self.b = torch.from_numpy(arrays["b"]).requires_grad_()
        self.g = torch.from_numpy(arrays["g"])

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


class SgemmStep:
    """A large matrix product: what this framework gets out of the machine at best."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        self.a, self.b = torch.from_numpy(arrays["a"]), torch.from_numpy(arrays["b"])
        self.y = torch.empty_like(self.a)

    def step(self) -> None:
        """One product."""
        torch.matmul(self.a, self.b, out=self.y)


STEPS: dict[str, Any] = {
    "mlp-vae": VAEStep,
    "conv-vae": VAEStep,
    "dcgan": DCGANStep,
    "gpt": GPTStep,
    "convolution": ConvolutionStep,
    "tiny": TinyStep,
    "sgemm": SgemmStep,
}


def build(workload: Workload, arrays: Arrays, option: str) -> Any:
    """The step of the workload."""
    return STEPS[workload.model](workload, arrays, option)
