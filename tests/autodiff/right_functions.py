"""Right functions to accuse, if the gradient check can be led to: elementwise, composed, reduced, products, losses."""

import itertools

import numpy as np

import minigen as mg
from minigen import nn
from minigen.distributions import Bernoulli, Categorical, Normal, kl

ELEMENTWISE = {
    "square": lambda x: x * x,
    "cube": lambda x: x**3,
    "one over": lambda x: 1 / x,
    "x |x|": lambda x: x * mg.abs(x),
    "exp": mg.exp,
    "expm1": mg.expm1,
    "log of square": lambda x: mg.log(x * x),
    "log1p of square": lambda x: mg.log1p(x * x),
    "root of square": lambda x: mg.sqrt(x * x),
    "sin": mg.sin,
    "cos": mg.cos,
    "tanh": mg.tanh,
    "sigmoid": mg.sigmoid,
    "softplus": mg.softplus,
    "relu": mg.relu,
    "leaky relu": mg.leaky_relu,
    "elu": mg.elu,
    "silu": mg.silu,
    "gelu": mg.gelu,
    "clip": lambda x: mg.clip(x, -1.0, 1.0),
    "maximum": lambda x: mg.maximum(x, 0.5),
    "bump": lambda x: mg.exp(-x * x),
    "x + 1e8": lambda x: x + 1e8,
    "x + 1e8 - 1e8": lambda x: (x + 1e8) - 1e8,
    "scaled down": lambda x: x * 1e-12,
    "scaled up": lambda x: x * 1e12,
}
SUMMED = {
    "sum": mg.sum,
    "mean": mg.mean,
    "var": mg.var,
    "std": mg.std,
    "max": mg.max,
    "norm": mg.norm,
    "logsumexp": mg.logsumexp,
    "sum of squares": lambda x: (x * x).sum(),
    "mean of rows": lambda x: mg.mean(x, axis=1),
    "softmax": mg.softmax,
    "log softmax": mg.log_softmax,
    "layer norm": lambda x: mg.layer_norm(x, np.ones(3), np.zeros(3)),
    "batch norm": lambda x: mg.batch_norm(x, np.ones(3), np.zeros(3))[0],
    "standardize": lambda x: mg.standardize(x, (0,))[0],
    "transposed": lambda x: x.T @ x,
    "rows": lambda x: x[1:] * x[:-1],
    "concatenated": lambda x: mg.concatenate([x, x * x], axis=1),
}
W = np.random.default_rng(3).standard_normal((3, 2))
LABELS = np.array([0, 2, 1, 1])
TARGETS = np.random.default_rng(4).random((4, 3))
LOSSES = {
    "dense": lambda x: mg.dense(x, W, np.ones(2)),
    "two layers": lambda x: mg.tanh(mg.tanh(x @ W) @ W.T),
    "convolution": lambda x: mg.conv2d(x.reshape(1, 4, 3, 1), np.ones((2, 2, 1, 2)) * 0.3, stride=1, padding=1),
    "squared convolution": lambda x: mg.conv2d(x.reshape(1, 4, 3, 1), np.ones((2, 2, 1, 1)) * 0.3) ** 2,
    "pooling": lambda x: mg.max_pool2d(x.reshape(1, 4, 3, 1), 2, 1),
    "mean pooling": lambda x: mg.avg_pool2d(x.reshape(1, 4, 3, 1), 2, 1) ** 2,
    "bilinear": lambda x: mg.upsample_bilinear(x.reshape(1, 4, 3, 1)),
    "bce": lambda x: nn.bce_loss(x, mg.tensor(TARGETS)),
    "mse": lambda x: nn.mse_loss(x, mg.tensor(TARGETS)),
    "cross-entropy": lambda x: nn.cross_entropy_loss(x, LABELS),
    "kl loss of means": lambda x: nn.kl_loss(x, x * 0.0),
    "kl loss of variances": lambda x: nn.kl_loss(x * 0.0, x),
    "bernoulli": lambda x: mg.bernoulli_log_likelihood(x, TARGETS),
    "entropy": lambda x: Categorical(x).entropy(),
    "entropy of bernoullis": lambda x: Bernoulli(x).entropy(),
    "normal": lambda x: Normal(x, x * 0.0).log_prob(mg.tensor(TARGETS)),
    "divergence": lambda x: kl(Categorical(x), Categorical(x * 0.5)),
}


def after(f, g):
    return lambda x: f(g(x))


BEFORE = ("square", "sin", "tanh", "softplus", "relu", "x + 1e8", "scaled down")
AFTER = ("var", "norm", "softmax", "layer norm", "dense", "bce", "cross-entropy", "log softmax")
BOTH = SUMMED | LOSSES
FUNCTIONS = (
    ELEMENTWISE | BOTH | {f"{b} of {a}": after(BOTH[b], ELEMENTWISE[a]) for a, b in itertools.product(BEFORE, AFTER)}
)
