"""Discriminators with known slopes, and examples for them."""

import numpy as np

import minigen as mg
from minigen import nn


class Linear(nn.Module):
    """s(x) = w x, whose gradient is w everywhere."""

    def __init__(self, w):
        self.w = nn.Parameter(np.asarray(w, np.float32))

    def forward(self, x):
        return mg.matmul(x.reshape(x.shape[0], -1), self.w.reshape(-1, 1))


class Square(nn.Module):
    """s(x) = a |x|^2 / 2, whose gradient is a x."""

    def __init__(self, a):
        self.a = nn.Parameter(np.float32([a]))

    def forward(self, x):
        return 0.5 * self.a * nn.sum_features(x * x).reshape(-1, 1)


def pair(device, shape=(6, 2, 2, 1)):
    rng = np.random.default_rng(0)
    return [mg.tensor(rng.standard_normal(shape).astype(np.float32), device=device) for _ in range(2)]
