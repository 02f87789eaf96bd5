"""Small GANs that are told a class: a generator, a discriminator that does nothing, examples with labels."""

import numpy as np

import minigen as mg
from minigen import backend, nn
from minigen.models import ConditionalGAN
from minigen.models.networks import dense_decoder

SHAPE, Z, K = (4, 4, 1), 3, 5


class Fixed(nn.Module):
    """A discriminator that gives the same row for every example, and keeps what it was shown."""

    def __init__(self, row):
        self.row, self.seen = nn.Parameter(np.float32(row)), []

    def forward(self, x):
        self.seen.append(x.numpy().copy())
        return self.row + 0.0 * nn.sum_features(x).reshape(-1, 1)


def generator(told=K):
    return dense_decoder(Z + told, SHAPE, [6], mg.Generator(0))


def examples(device, n=6):
    rng = np.random.default_rng(0)
    x = mg.tensor(rng.standard_normal((n, *SHAPE)).astype(np.float32), device=device)
    return x, backend.to_device(rng.integers(K, size=n), device)


def conditional(row=(0.0,), **settings):
    return ConditionalGAN(generator(), Fixed(row), Z, K, **settings)
