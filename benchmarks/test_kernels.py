"""Timings of the kernels at the shapes of the models, so that a regression shows.

    python -m pytest benchmarks/test_kernels.py --benchmark-autosave                  # before a change
    python -m pytest benchmarks/test_kernels.py --benchmark-compare --benchmark-group-by=name

Nothing here passes or fails by its time; machines differ. See the options of pytest-benchmark.
"""

import numpy as np
import pytest

import minigen as mg
from minigen import optim
from minigen.backend import keep_freed_memory

pytest.importorskip("pytest_benchmark")
keep_freed_memory()  # as in training

RNG = np.random.default_rng(0)


def given(*shape, requires_grad=True):
    """A tensor of normal numbers."""
    return mg.tensor(RNG.standard_normal(shape, dtype=np.float32), requires_grad=requires_grad)


def forward_and_backward(operation, *inputs):
    """A function that runs the operation and its gradients for a random upstream gradient."""
    y = operation(*inputs)
    y = y[0] if isinstance(y, tuple) else y
    upstream = mg.tensor(RNG.standard_normal(y.shape, dtype=np.float32))

    def run():
        for x in inputs:
            x.grad = None
        y = operation(*inputs)
        (y[0] if isinstance(y, tuple) else y).backward(upstream)

    return run


def strided(operation):
    """With a stride of 2 and a padding of 1."""
    return lambda x, w: operation(x, w, 2, 1)


KERNELS = {
    "conv2d 64x14x14 64->128": (strided(mg.conv2d), (64, 14, 14, 64), (4, 4, 64, 128)),
    "conv2d 64x28x28 1->64": (strided(mg.conv2d), (64, 28, 28, 1), (4, 4, 1, 64)),
    "conv2d 32x64x64 3->64": (strided(mg.conv2d), (32, 64, 64, 3), (4, 4, 3, 64)),
    "conv2d_transpose 64x7x7 128->64": (strided(mg.conv2d_transpose), (64, 7, 7, 128), (4, 4, 64, 128)),
    "conv2d_transpose 64x14x14 64->1": (strided(mg.conv2d_transpose), (64, 14, 14, 64), (4, 4, 1, 64)),
    "dense 128x784 -> 400": (mg.dense, (128, 784), (784, 400), (400,)),
    "dense 1024x784 -> 400": (mg.dense, (1024, 784), (784, 400), (400,)),
    "batch_norm 64x14x14x64": (mg.batch_norm, (64, 14, 14, 64), (64,), (64,)),
    "leaky_relu 64x14x14x64": (mg.leaky_relu, (64, 14, 14, 64)),
    "relu 64x14x14x64": (mg.relu, (64, 14, 14, 64)),
    "tanh 64x28x28x1": (mg.tanh, (64, 28, 28, 1)),
    "bce_with_logits 1024x784": (mg.bce_with_logits, (1024, 784), (1024, 784)),
    "add 8x8": (mg.add, (8, 8), (8, 8)),
}


@pytest.mark.parametrize("name", KERNELS)
def test_forward_and_backward(benchmark, name):
    """Each kernel with its gradients."""
    operation, *shapes = KERNELS[name]
    benchmark(forward_and_backward(operation, *(given(*shape) for shape in shapes)))


def test_adam_652_000_parameters(benchmark):
    """As many as the dense VAE has."""
    w = given(652_824)
    optimizer = optim.Adam([w])
    w.grad = given(652_824, requires_grad=False)
    benchmark(optimizer.step)
