"""How likely a VAE finds examples: the importance-sampled likelihood, and the bound it was trained on.

    -log p(x)  ~=  -log 1/S sum_i p(x, z_i) / q(z_i|x),   z_i ~ q(z|x)      (Burda et al. 2016, section 5; S = 5000)

The estimate errs upwards, less with more samples. Of a Bernoulli decoder it is a likelihood of black and white pixels
only: of grey ones the same formula gives a number that is no likelihood, so they are refused.
"""

from typing import Any

import numpy as np

from ..autodiff import Tensor, no_grad
from ..backend import device_of, to_device
from ..errors import ArgumentError
from ..models import VAE
from ..models.vaes.iwae import log_mean_exp
from ..nn.layers import positive
from ..random import Generator
from .arrays import floats

CHUNK = 2000  # codes that are decoded at once: 6 MB of pixels for MNIST, little enough for a cache


def nll(model: VAE, x: np.ndarray, samples: int = 5000, rng: Generator | None = None) -> np.ndarray:
    """-log p(x) of each example, in nats, by importance sampling from the encoder.

    Args:
        model: a VAE, or an IWAE.
        x: (N, *shape); for a Bernoulli likelihood zeros and ones.
        samples: how many codes for each example.
        rng: where they are drawn from.

    Returns:
        (N,) float64. Memory is bounded, whatever N and `samples` are.

    Raises:
        ArgumentError: x has grey pixels, and the decoder is a Bernoulli distribution.
    """
    positive(samples=samples)
    (x,) = floats(x=x)
    _binary(model, x)
    device = device_of(model.parameters()[0].data)
    rng = rng or Generator(0)
    n = max(1, CHUNK // samples)  # examples at once; of each, up to CHUNK codes
    result = np.empty(len(x))
    with no_grad():
        for start in range(0, len(x), n):
            batch = Tensor(to_device(np.ascontiguousarray(x[start : start + n]), device))
            parts = [model.log_weights(batch, k, rng).numpy() for k in _shares(samples, CHUNK)]
            log_w = np.concatenate(parts, axis=1).astype(np.float64)  # (n, samples)
            result[start : start + n] = -log_mean_exp(Tensor(log_w)).numpy()
    return result


def elbo(model: VAE, x: np.ndarray, rng: Generator | None = None) -> np.ndarray:
    """The evidence lower bound of each example, in nats, from one code each: (N, *shape) -> (N,) float64.

    Raises:
        ArgumentError: x has grey pixels, and the decoder is a Bernoulli distribution.
    """
    (x,) = floats(x=x)
    _binary(model, x)
    device = device_of(model.parameters()[0].data)
    rng = rng or Generator(0)
    parts = []
    with no_grad():
        for start in range(0, len(x), 500):
            bound: Any = model.elbo(Tensor(to_device(np.ascontiguousarray(x[start : start + 500]), device)), rng)
            parts.append((bound.log_likelihood - bound.kl).numpy().astype(np.float64))
    return np.concatenate(parts)


def _shares(total: int, most: int) -> list[int]:
    """`total` in parts of at most `most`."""
    return [min(most, total - start) for start in range(0, total, most)]


def _binary(model: VAE, x: np.ndarray) -> None:
    if model.likelihood == "bernoulli" and not ((x == 0) | (x == 1)).all():
        raise ArgumentError(
            "x: a Bernoulli likelihood is one of zeros and ones, and these pixels are grey; "
            "draw them black or white with data.binarize(x, rng)"
        )
