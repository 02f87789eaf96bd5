"""The training steps in HIPS autograd, as far as it goes: dense networks in NumPy, with Adam written by hand."""

from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad
from autograd.differential_operators import make_vjp

from benchmarks.workloads import Workload, weights

Arrays = dict[str, np.ndarray]


def versions() -> dict[str, str]:
    """What computes here."""
    from importlib.metadata import version

    return {"autograd": version(autograd.__name__)}


def adam(params: list[Any], grads: list[Any], state: dict[str, Any], lr: float, beta1: float, beta2: float) -> None:
    """One step of Adam, in place."""
    state["t"] += 1
    t = state["t"]
    for p, g, m, v in zip(params, grads, state["m"], state["v"], strict=True):
        m += (1 - beta1) * (g - m)
        v += (1 - beta2) * (g * g - v)
        p -= lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + 1e-8)


def mlp(layers: list[Any], x: Any) -> Any:
    """One hidden layer of ReLU."""
    w1, b1, w2, b2 = layers
    return anp.dot(anp.maximum(anp.dot(x, w1) + b1, 0), w2) + b2


def vae_loss(params: list[Any], x: Any, noise: Any) -> Any:
    """The loss in nats per example."""
    latent = noise.shape[1]
    h = mlp(params[:4], x)
    mean, log_var = h[:, :latent], h[:, latent:]
    logits = mlp(params[4:], mean + anp.exp(0.5 * log_var) * noise)
    reconstruction = anp.sum(anp.logaddexp(0, logits) - x * logits)
    kl = -0.5 * anp.sum(1 + log_var - mean**2 - anp.exp(log_var))
    return (reconstruction + kl) / len(x)


class VAEStep:
    """A training step of a VAE."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        self.names = [weight.name for weight in weights(workload)]
        self.params = [arrays[name].copy() for name in self.names]
        zeros = [[np.zeros_like(p) for p in self.params] for _ in range(2)]
        self.state = {"t": 0, "m": zeros[0], "v": zeros[1]}
        self.loss_and_gradients = value_and_grad(vae_loss)
        self.x, self.given, self.rng = arrays["batch"], arrays["noise"], np.random.default_rng(0)

    def train(self, noise: np.ndarray) -> float:
        """One training step; its loss."""
        loss, grads = self.loss_and_gradients(self.params, self.x, noise)
        adam(self.params, grads, self.state, 1e-3, 0.9, 0.999)
        return float(loss)

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`."""
        loss, grads = self.loss_and_gradients(self.params, self.x, self.given)
        found = {"loss": np.array(loss), **dict(zip(self.names, grads, strict=True))}
        return {**found, "losses of three steps": np.array([self.train(self.given) for _ in range(3)])}

    def step(self) -> None:
        """One training step."""
        self.train(self.rng.standard_normal(self.given.shape, dtype=np.float32))


OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda ab: ab[0] + ab[1],
    "matmul": lambda ab: anp.dot(ab[0], ab[1]),
    "relu": lambda ab: anp.maximum(ab[0], 0),
}


class TinyStep:
    """An operation on tiny tensors, forward and backward."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        name, start = workload.variant.split()
        self.operation, self.step = OPERATIONS[name], getattr(self, f"{start}_step")
        self.gradient_of_sum = autograd.grad(lambda operands: anp.sum(self.operation(operands)))
        self.operands = (arrays["a"],) if name == "relu" else (arrays["a"], arrays["b"])
        self.g = arrays["g"]

    def sum_step(self) -> Any:
        """The gradient of the sum."""
        return self.gradient_of_sum(self.operands)

    def given_step(self) -> Any:
        """The gradient that a given one is sent back to."""
        backward, _ = make_vjp(self.operation)(self.operands)
        return backward(self.g)

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`."""
        return {f"d{name}": grad for name, grad in zip("ab", self.step(), strict=False)}


STEPS: dict[str, Any] = {"mlp-vae": VAEStep, "tiny": TinyStep}


def build(workload: Workload, arrays: Arrays, option: str) -> Any:
    """The step of the workload."""
    return STEPS[workload.model](workload, arrays, option)
