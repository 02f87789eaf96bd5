"""NumPy itself: the training step of the dense VAE written out by hand, and a matrix product.

The first shows what can be had at best without compiled code of one's own: no graph, no layers, each gradient written
straight into its place. The second is a measure of what the machine can do.
"""

from typing import Any

import numpy as np

from benchmarks.workloads import Workload, weights
from minigen.backend import keep_freed_memory

Arrays = dict[str, np.ndarray]
keep_freed_memory()  # or most of the time at batch 1024 goes into fresh pages

CHUNK = 1 << 17  # numbers that Adam updates at a time, so that they stay in the cache


def versions() -> dict[str, str]:
    """What computes here."""
    return {"numpy": np.__version__}


class DenseVAEStep:
    """784 -> 400 -> mean and log-variance -> z -> 400 -> 784, and its way back, for one batch size."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        self.x, self.noise, self.rng = arrays["batch"], arrays["noise"], np.random.default_rng(0)
        self.names = [weight.name for weight in weights(workload)]
        self.data = np.concatenate([arrays[name].reshape(-1) for name in self.names])
        self.grad, self.m, self.v = (np.zeros_like(self.data) for _ in range(3))
        self.w, self.dw = ([] for _ in range(2))  # views: w1, b1, w2, b2, w3, b3, w4, b4, and their gradients
        start = 0
        for name in self.names:
            part = slice(start, start := start + arrays[name].size)
            self.w.append(self.data[part].reshape(arrays[name].shape))
            self.dw.append(self.grad[part].reshape(arrays[name].shape))
        self.t = 0

    def gradients(self, noise: np.ndarray) -> float:
        """The loss, in nats per example; `grad` is set."""
        x, n = self.x, np.float32(len(self.x))
        w1, b1, w2, b2, w3, b3, w4, b4 = self.w
        h = _relu(_dense(x, w1, b1))
        mean, log_var = np.split(_dense(h, w2, b2), 2, axis=1)
        std = np.exp(log_var / 2)
        z = mean + std * noise
        d = _relu(_dense(z, w3, b3))
        logits = _dense(d, w4, b4)
        e = np.abs(logits)  # then e^-|l|
        np.exp(np.negative(e, out=e), out=e)
        e += 1
        nats = np.maximum(logits, 0)
        nats -= logits * x
        variance = std * std
        kl = np.sum(mean * mean + variance - 1 - log_var) / 2
        loss = (np.sum(nats) + np.sum(np.log(e)) + kl) / n

        g = np.divide(1, e, out=e)  # sigmoid(|l|); becomes (sigmoid(l) - x) / n
        g -= 0.5
        np.copysign(g, logits, out=g)
        g += 0.5
        g -= x
        g /= n
        g = self._back(6, d, g)
        g = self._back(4, z, np.multiply(g, d > 0, out=g))
        d_log_var = g * noise * std / 2 + (variance - 1) / (2 * n)
        g = self._back(2, h, np.concatenate([g + mean / n, d_log_var], axis=1))
        self._back(0, x, np.multiply(g, h > 0, out=g))
        return float(loss)

    def _back(self, i: int, x: np.ndarray, g: np.ndarray) -> np.ndarray:
        """Through y = x w + b: the gradients of w and b into their places; returns that of x, but not of the data."""
        np.matmul(x.T, g, out=self.dw[i])
        np.matmul(np.ones(len(g), g.dtype), g, out=self.dw[i + 1])
        return g @ self.w[i].T if i else g

    def adam(self) -> None:
        """Kingma and Ba 2015, with their defaults."""
        self.t += 1
        correction = (1 - 0.999**self.t) ** 0.5
        tmp = np.empty(CHUNK, np.float32)
        for start in range(0, self.data.size, CHUNK):
            w, g, m, v = (a[start : start + CHUNK] for a in (self.data, self.grad, self.m, self.v))
            t = tmp[: w.size]
            m *= 0.9
            m += np.multiply(g, 0.1, out=t)
            v *= 0.999
            np.multiply(g, g, out=t)
            t *= 0.001
            v += t
            np.sqrt(v, out=t)
            t += 1e-8 * correction
            np.divide(m, t, out=t)
            t *= 1e-3 * correction / (1 - 0.9**self.t)
            w -= t

    def check(self) -> Arrays:
        """See `benchmarks.workers.serve`."""
        found = {"loss": np.array(self.gradients(self.noise))}
        found |= {name: dw.copy() for name, dw in zip(self.names, self.dw, strict=True)}
        later = []
        for _ in range(3):
            later.append(self.gradients(self.noise))
            self.adam()
        return {**found, "losses of three steps": np.array(later)}

    def step(self) -> None:
        """One training step."""
        self.gradients(self.rng.standard_normal(self.noise.shape, dtype=np.float32))
        self.adam()


def _dense(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    y = x @ w
    y += b
    return y


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0, out=x)


class SgemmStep:
    """A large matrix product: what this framework gets out of the machine at best."""

    def __init__(self, workload: Workload, arrays: Arrays, option: str) -> None:
        self.a, self.b = arrays["a"], arrays["b"]
        self.y = np.empty_like(self.a)

    def step(self) -> None:
        """One product."""
        np.matmul(self.a, self.b, out=self.y)


def build(workload: Workload, arrays: Arrays, option: str) -> Any:
    """The step of the workload."""
    return {"mlp-vae": DenseVAEStep, "sgemm": SgemmStep}[workload.model](workload, arrays, option)
