"""One of each layer, and what the tests of the layers share."""

import numpy as np

from minigen import nn
from minigen.backend import to_device

LAYERS = {  # how to make it, and the shape of an input
    "Dense": (lambda: nn.Dense(5, 3), (4, 5)),
    "Dense of sequences": (lambda: nn.Dense(5, 3), (2, 3, 5)),
    "Dense without bias": (lambda: nn.Dense(5, 3, bias=False), (4, 5)),
    "Conv2D": (lambda: nn.Conv2D(2, 3, 3, stride=2, padding=1), (2, 5, 6, 2)),
    "Conv2D same": (lambda: nn.Conv2D(2, 3, (3, 2), padding="same", bias=False), (2, 4, 5, 2)),
    "Conv2D dilated groups": (lambda: nn.Conv2D(4, 6, 2, dilation=2, groups=2), (2, 4, 5, 4)),
    "Conv2DTranspose": (lambda: nn.Conv2DTranspose(3, 2, 4, stride=2, padding=1), (2, 3, 2, 3)),
    "Conv2DTranspose sized": (
        lambda: nn.Conv2DTranspose(2, 3, 3, stride=2, padding=1, output_size=(6, 5), bias=False),
        (2, 3, 3, 2),
    ),
    "Conv2DTranspose dilated groups": (
        lambda: nn.Conv2DTranspose(4, 6, (3, 2), stride=(2, 3), padding=1, dilation=2, groups=2, output_padding=(1, 2)),
        (2, 3, 2, 4),
    ),
    "Conv1D": (lambda: nn.Conv1D(2, 3, 3, stride=2, padding=1), (2, 6, 2)),
    "Conv1D dilated groups": (lambda: nn.Conv1D(4, 6, 2, dilation=3, groups=2, bias=False), (2, 7, 4)),
    "BatchNorm": (lambda: nn.BatchNorm(3), (6, 3)),
    "BatchNorm of images": (lambda: nn.BatchNorm(3), (2, 3, 4, 3)),
    "LayerNorm": (lambda: nn.LayerNorm(6), (4, 6)),
    "LayerNorm of images": (lambda: nn.LayerNorm(5), (2, 3, 2, 5)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 6), (4, 6)),
    "GroupNorm of images": (lambda: nn.GroupNorm(3, 6), (2, 3, 2, 6)),
    "Dropout": (lambda: nn.Dropout(0.3), (4, 5)),
    "Embedding": (lambda: nn.Embedding(7, 3), (4, 2)),
    "Flatten": (lambda: nn.Flatten(), (3, 2, 4, 2)),
    "Reshape": (lambda: nn.Reshape(2, 3, 2), (4, 12)),
    "MaxPool2D": (lambda: nn.MaxPool2D(2), (2, 4, 6, 2)),
    "MaxPool2D overlapping": (lambda: nn.MaxPool2D(3, stride=2, padding=1), (2, 5, 6, 2)),
    "AvgPool2D": (lambda: nn.AvgPool2D((2, 3)), (2, 4, 6, 2)),
    "AvgPool2D overlapping": (lambda: nn.AvgPool2D(3, stride=2, padding=1), (2, 5, 6, 2)),
    "UpSampling2D": (lambda: nn.UpSampling2D(2), (2, 3, 2, 2)),
    "UpSampling2D bilinear": (lambda: nn.UpSampling2D((2, 3), method="bilinear"), (2, 3, 2, 2)),
    "ReLU": (nn.ReLU, (4, 5)),
    "LeakyReLU": (lambda: nn.LeakyReLU(0.1), (4, 5)),
    "ELU": (lambda: nn.ELU(0.7), (4, 5)),
    "GELU": (nn.GELU, (4, 5)),
    "GELU exact": (lambda: nn.GELU(exact=True), (4, 5)),
    "SiLU": (nn.SiLU, (4, 5)),
    "Tanh": (nn.Tanh, (4, 5)),
    "Sigmoid": (nn.Sigmoid, (4, 5)),
    "Softplus": (nn.Softplus, (4, 5)),
    "Softmax": (nn.Softmax, (4, 5)),
}


def example(layer, shape, dtype=np.float64, seed=0):
    """A host array of `shape` that `layer` takes: integers for an Embedding, else N(0, 1) numbers."""
    rng = np.random.default_rng([seed, 1])
    if isinstance(layer, nn.Embedding):
        return rng.integers(layer.count, size=shape)
    return rng.standard_normal(shape).astype(dtype)


def randomize(module, seed=0):
    """Make all parameters and buffers random numbers of float64, so that none has a special value such as 0 or 1."""
    rng = np.random.default_rng([seed, 2])
    for name, tensor in module.named_tensors():
        values = rng.standard_normal(tensor.shape)
        tensor.data = to_device(values**2 + 0.5 if name.endswith("var") else values, tensor.device)
    return module


def snapshot(module):
    """Host copies of all parameters and buffers, to see later whether they changed."""
    return {name: tensor.numpy().copy() for name, tensor in module.named_tensors()}


def unchanged(module, before):
    """Whether every parameter and buffer is, bit for bit, as in the snapshot."""
    after = snapshot(module)
    return after.keys() == before.keys() and all(after[k].tobytes() == before[k].tobytes() for k in after)
