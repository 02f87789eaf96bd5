"""Every layer against its twin in PyTorch, in float64: outputs, gradients of inputs and parameters, buffers.

Images are (N, H, W, C) here and (N, C, H, W) there, sequences for a Conv1D (N, T, C) and (N, C, T); convolution kernels
(kh, kw, C, F) and (F, C, kh, kw); the weights of dense layers (inputs, outputs) and (outputs, inputs).
"""

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from tests.nn.cases import LAYERS, example, randomize

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'minigen[bench]'")
T = torch.nn

TWINS = {
    "Dense": lambda: T.Linear(5, 3),
    "Dense of sequences": lambda: T.Linear(5, 3),
    "Dense without bias": lambda: T.Linear(5, 3, bias=False),
    "Conv2D": lambda: T.Conv2d(2, 3, 3, stride=2, padding=1),
    # Where 'same' needs an odd number of zeros, the odd one goes to the bottom and right here, and in PyTorch too.
    "Conv2D same": lambda: T.Conv2d(2, 3, (3, 2), padding="same", bias=False),
    "Conv2D dilated groups": lambda: T.Conv2d(4, 6, 2, dilation=2, groups=2),
    "Conv2DTranspose": lambda: T.ConvTranspose2d(3, 2, 4, stride=2, padding=1),
    "Conv2DTranspose sized": lambda: T.ConvTranspose2d(2, 3, 3, stride=2, padding=1, output_padding=(1, 0), bias=False),
    "Conv2DTranspose dilated groups": lambda: T.ConvTranspose2d(
        4, 6, (3, 2), stride=(2, 3), padding=1, dilation=2, groups=2, output_padding=(1, 2)
    ),
    "Conv1D": lambda: T.Conv1d(2, 3, 3, stride=2, padding=1),
    "Conv1D dilated groups": lambda: T.Conv1d(4, 6, 2, dilation=3, groups=2, bias=False),
    "BatchNorm": lambda: T.BatchNorm1d(3),
    "BatchNorm of images": lambda: T.BatchNorm2d(3),
    "LayerNorm": lambda: T.LayerNorm(6),
    "GroupNorm": lambda: T.GroupNorm(2, 6),
    "GroupNorm of images": lambda: T.GroupNorm(3, 6),
    "Embedding": lambda: T.Embedding(7, 3),
    "MaxPool2D": lambda: T.MaxPool2d(2),
    "MaxPool2D overlapping": lambda: T.MaxPool2d(3, stride=2, padding=1),
    "AvgPool2D": lambda: T.AvgPool2d((2, 3)),
    "AvgPool2D overlapping": lambda: T.AvgPool2d(3, stride=2, padding=1),
    "UpSampling2D": lambda: T.Upsample(scale_factor=2),
    "UpSampling2D bilinear": lambda: T.Upsample(scale_factor=(2, 3), mode="bilinear"),
    "ReLU": T.ReLU,
    "LeakyReLU": lambda: T.LeakyReLU(0.1),
    "ELU": lambda: T.ELU(0.7),
    "GELU": lambda: T.GELU(approximate="tanh"),
    "GELU exact": T.GELU,
    "SiLU": T.SiLU,
    "Tanh": T.Tanh,
    "Sigmoid": T.Sigmoid,
    "Softplus": T.Softplus,
    "Softmax": lambda: T.Softmax(dim=-1),
}
NAMES = {"w": "weight", "b": "bias", "gamma": "weight", "beta": "bias"}


def to_nchw(x, channels=4):
    return np.moveaxis(x, -1, 1) if x.ndim == channels else x


def to_nhwc(x, channels=4):
    return np.moveaxis(x, 1, -1) if x.ndim == channels else x


def layout(layer, array):
    """A parameter, or its gradient, in PyTorch's layout."""
    if array.ndim == 4:
        return array.transpose(3, 2, 0, 1)
    if array.ndim == 3:
        return array.transpose(2, 1, 0)
    return array.T if isinstance(layer, nn.Dense) and array.ndim == 2 else array


def twins(name, seed=0):
    """Our layer with random parameters and buffers, and PyTorch's with the same."""
    layer, twin = randomize(LAYERS[name][0](), seed), TWINS[name]().double()
    theirs = dict(twin.named_parameters()) | dict(twin.named_buffers())
    for key, tensor in layer.named_tensors():
        theirs[NAMES.get(key, key)].data[...] = torch.tensor(layout(layer, tensor.numpy()).copy())
    return layer, twin


def compare(layer, twin, x):
    """Run both forwards and backwards on x, and compare everything."""
    integer, axes = x.dtype.kind == "i", 3 if isinstance(layer, nn.Conv1D) else 4
    ours = mg.tensor(x, requires_grad=not integer)
    theirs = torch.tensor(to_nchw(x, axes).copy(), requires_grad=not integer)
    y, z = layer(ours), twin(theirs)
    np.testing.assert_allclose(y.numpy(), to_nhwc(z.detach().numpy(), axes), rtol=1e-10, atol=1e-12)
    g = np.random.default_rng(9).standard_normal(y.shape)
    y.backward(g)
    z.backward(torch.tensor(to_nchw(g, axes).copy()))
    if not integer:
        np.testing.assert_allclose(ours.grad.numpy(), to_nhwc(theirs.grad.numpy(), axes), rtol=1e-9, atol=1e-11)
    wanted = dict(twin.named_parameters())
    assert len(wanted) == len(layer.parameters())
    for key, p in layer.named_parameters():
        gradient = wanted[NAMES[key]].grad.numpy()
        np.testing.assert_allclose(layout(layer, p.grad.numpy()), gradient, rtol=1e-9, atol=1e-11, err_msg=key)
    for key, buffer in layer.named_buffers():
        np.testing.assert_allclose(buffer.numpy(), getattr(twin, key).numpy(), rtol=1e-12, err_msg=key)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", TWINS)
def test_layer(device, name, training):
    layer, twin = twins(name)
    layer.train(training)
    twin.train(training)
    compare(layer, twin, example(layer, LAYERS[name][1]))
    compare(layer, twin, example(layer, LAYERS[name][1], seed=1))  # gradients add up, on both sides


@pytest.mark.parametrize("name", ["BatchNorm", "BatchNorm of images"])
@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.9, 0.99])
def test_running_statistics_over_several_steps(device, name, momentum):
    layer, twin = twins(name)
    layer.momentum, twin.momentum = momentum, 1 - momentum
    layer.eps = twin.eps = 0.01
    for step in range(5):
        shape = (2 + step, *LAYERS[name][1][1:])  # the divisor n - 1 of the variance changes from step to step
        compare(layer, twin, (step + 1) * example(layer, shape, seed=step) + step)
    layer.eval()
    twin.eval()
    compare(layer, twin, example(layer, (1, *LAYERS[name][1][1:]), seed=6))


@pytest.mark.parametrize("name", ["Dense", "Conv2D", "Conv2DTranspose", "BatchNorm of images", "LayerNorm"])
def test_layer_used_twice(device, name):
    """layer(f(layer(x))), with f back to the shape of x: a gradient reaches the parameters along two paths."""
    layer, twin = twins(name)
    x = example(layer, LAYERS[name][1])

    def twice(layer, reshape, tanh, x):
        y = layer(x)
        flat = reshape(tanh(y), (-1,))
        flat = flat[[i % flat.shape[0] for i in range(int(np.prod(x.shape)))]]
        return layer(reshape(flat, tuple(x.shape)))

    ours, theirs = mg.tensor(x, requires_grad=True), torch.tensor(to_nchw(x).copy(), requires_grad=True)
    if x.ndim == 4:  # elements must be taken in one order on both sides

        def permuted(y, shape):
            if len(shape) == 1:
                return torch.reshape(y.permute(0, 2, 3, 1), shape)
            n, c, h, w = shape
            return torch.reshape(y, (n, h, w, c)).permute(0, 3, 1, 2)

    else:
        permuted = torch.reshape
    y, z = twice(layer, mg.ops.reshape, mg.tanh, ours), twice(twin, permuted, torch.tanh, theirs)
    np.testing.assert_allclose(y.numpy(), to_nhwc(z.detach().numpy()), rtol=1e-10, atol=1e-12)
    g = np.random.default_rng(9).standard_normal(y.shape)
    y.backward(g)
    z.backward(torch.tensor(to_nchw(g).copy()))
    np.testing.assert_allclose(ours.grad.numpy(), to_nhwc(theirs.grad.numpy()), rtol=1e-8, atol=1e-10)
    wanted = dict(twin.named_parameters())
    for key, p in layer.named_parameters():
        gradient = wanted[NAMES[key]].grad.numpy()
        np.testing.assert_allclose(layout(layer, p.grad.numpy()), gradient, rtol=1e-8, atol=1e-10, err_msg=key)


def test_a_frozen_batch_norm_uses_the_batch_and_keeps_nothing(device):
    """PyTorch's counterpart: no running statistics are tracked, and the parameters require no gradient."""
    layer, twin = twins("BatchNorm of images")
    before = [t.numpy().copy() for t in (layer.running_mean, layer.running_var)]
    x = example(layer, LAYERS["BatchNorm of images"][1])
    ours, theirs = mg.tensor(x, requires_grad=True), torch.tensor(to_nchw(x).copy(), requires_grad=True)
    with layer.frozen():
        y = layer(ours)
    z = T.functional.batch_norm(theirs, None, None, twin.weight, twin.bias, training=True, eps=twin.eps)
    np.testing.assert_allclose(y.numpy(), to_nhwc(z.detach().numpy()), rtol=1e-10, atol=1e-12)
    g = np.random.default_rng(9).standard_normal(y.shape)
    y.backward(g)
    z.backward(torch.tensor(to_nchw(g).copy()))
    np.testing.assert_allclose(ours.grad.numpy(), to_nhwc(theirs.grad.numpy()), rtol=1e-9, atol=1e-11)
    assert layer.gamma.grad is None
    assert layer.beta.grad is None
    assert all((a == t.numpy()).all() for a, t in zip(before, (layer.running_mean, layer.running_var), strict=True))


def test_update_bn(device):
    """The second layer's inputs come from the first one, which has to act as in training for them."""
    first, second = twins("BatchNorm of images", 0), twins("BatchNorm of images", 1)
    network = nn.Sequential(first[0], nn.LeakyReLU(0.1), second[0]).eval()
    twin = T.Sequential(first[1], T.LeakyReLU(0.1), second[1])
    batches = [(step + 1) * example(first[0], (2 + step, 3, 4, 3), seed=step) + step for step in range(4)]
    nn.update_bn(network, map(mg.tensor, batches))
    torch.optim.swa_utils.update_bn([torch.tensor(to_nchw(x).copy()) for x in batches], twin)
    for layer, theirs in (first, second):
        for key, buffer in layer.named_buffers():
            np.testing.assert_allclose(buffer.numpy(), getattr(theirs, key).numpy(), rtol=1e-10, err_msg=key)


def test_the_table_covers_every_layer_with_a_twin():
    without = {"LayerNorm of images", "Dropout", "Flatten", "Reshape"}  # tested by their definitions
    assert LAYERS.keys() - TWINS.keys() == without
