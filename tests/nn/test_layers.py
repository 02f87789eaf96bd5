"""Every layer against PyTorch: outputs, gradients, running statistics; and what it says to wrong input."""

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.errors import ArgumentError, MinigenError, ShapeError
from minigen.nn.init import INITIALIZERS

RNG = np.random.default_rng(0)


def r(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def check_against(torch, layer, twin, x, to_torch, from_torch, weights):
    """Outputs and all gradients of a layer and its PyTorch twin agree; `weights`: (ours, theirs, layout change)."""
    for ours, theirs, layout in weights:
        theirs.data = torch.tensor(layout(ours.numpy()).copy())
    a, b = mg.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y, z = layer(a), from_torch(twin(to_torch(b)))
    assert np.allclose(y.numpy(), z.detach().numpy(), atol=1e-5)
    g = r(*y.shape)
    y.backward(g)
    z.backward(torch.tensor(g))
    assert np.allclose(a.grad.numpy(), b.grad.numpy(), atol=1e-4)
    for ours, theirs, layout in weights:
        assert np.allclose(layout(ours.grad.numpy()), theirs.grad.numpy(), atol=1e-3)
        ours.grad = theirs.grad = None


def same(x):
    return x


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'minigen[bench]'")


def nchw(x):
    return x.permute(0, 3, 1, 2)


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def test_dense(device, torch):
    layer, twin = nn.Dense(5, 3), torch.nn.Linear(5, 3)
    layer.b.data[...] = 0.5
    weights = [(layer.w, twin.weight, np.transpose), (layer.b, twin.bias, same)]
    check_against(torch, layer, twin, r(4, 5), same, same, weights)
    check_against(torch, layer, twin, r(2, 4, 5), same, same, weights)


def test_conv2d(device, torch):
    layer = nn.Conv2D(4, 6, (3, 2), stride=2, padding=1, dilation=(1, 2), groups=2)
    twin = torch.nn.Conv2d(4, 6, (3, 2), 2, 1, (1, 2), 2)
    layer.b.data[...] = -0.5
    weights = [(layer.w, twin.weight, lambda w: w.transpose(3, 2, 0, 1)), (layer.b, twin.bias, same)]
    check_against(torch, layer, twin, r(2, 6, 7, 4), nchw, nhwc, weights)


def test_conv2d_transpose(device, torch):
    layer, twin = nn.Conv2DTranspose(3, 2, 4, stride=2, padding=1), torch.nn.ConvTranspose2d(3, 2, 4, 2, 1)
    layer.b.data[...] = 0.25
    weights = [(layer.w, twin.weight, lambda w: w.transpose(3, 2, 0, 1)), (layer.b, twin.bias, same)]
    check_against(torch, layer, twin, r(2, 3, 4, 3), nchw, nhwc, weights)


def test_conv2d_transpose_undoes_the_shape():
    layer = nn.Conv2DTranspose(3, 2, 3, stride=2, padding=1, output_size=(8, 7), bias=False)
    assert layer(mg.ones((1, 4, 4, 3))).shape == (1, 8, 7, 2)
    assert "no bias" in repr(layer)


def test_batch_norm_in_training_and_in_use(device, torch):
    layer, twin = nn.BatchNorm(3, momentum=0.8, eps=1e-3), torch.nn.BatchNorm2d(3, eps=1e-3, momentum=0.2)
    layer.gamma.data[...] = 1.5
    layer.beta.data[...] = -0.5
    weights = [(layer.gamma, twin.weight, same), (layer.beta, twin.bias, same)]
    for _ in range(3):
        check_against(torch, layer, twin, 2 * r(4, 3, 2, 3) + 1, nchw, nhwc, weights)
    assert np.allclose(layer.running_mean.numpy(), twin.running_mean.numpy(), atol=1e-5)
    assert np.allclose(layer.running_var.numpy(), twin.running_var.numpy(), atol=1e-5)
    layer.eval()
    twin.eval()
    check_against(torch, layer, twin, r(1, 1, 1, 3), nchw, nhwc, weights)


def test_batch_norm_standardises(device):
    x = mg.tensor(5 * r(64, 3) + 2)
    y = nn.BatchNorm(3)(x).numpy()
    assert np.allclose(y.mean(0), 0, atol=1e-5)
    assert np.allclose(y.var(0), 1, atol=1e-3)


def test_batch_norm_needs_two_values():
    with pytest.raises(ShapeError, match="no variance"):
        nn.BatchNorm(3)(mg.ones((1, 3)))


def test_layer_norm(device, torch):
    layer, twin = nn.LayerNorm(5), torch.nn.LayerNorm(5)
    check_against(
        torch, layer, twin, r(2, 3, 5), same, same, [(layer.gamma, twin.weight, same), (layer.beta, twin.bias, same)]
    )


def test_embedding(device, torch):
    layer = nn.Embedding(5, 3)
    ids = np.array([[1, 4], [1, 1]])
    y = layer(ids)
    g = r(2, 2, 3)
    y.backward(g)
    twin = torch.nn.Embedding(5, 3)
    twin.weight.data = torch.tensor(layer.w.numpy().copy())
    z = twin(torch.tensor(ids))
    z.backward(torch.tensor(g))
    assert np.allclose(y.numpy(), z.detach().numpy())
    assert np.allclose(layer.w.grad.numpy(), twin.weight.grad.numpy())
    if device == "cpu":  # on a device the look would have to wait
        with pytest.raises(ArgumentError, match=r"ids must be in 0 \.\.\. 4, got 0 \.\.\. 5"):
            layer(np.array([0, 5]))
    with pytest.raises(ArgumentError, match="integers"):
        layer(mg.ones(2))


def test_dropout(device):
    layer = nn.Dropout(0.3, rng=mg.Generator(0))
    x = mg.ones((200, 100), requires_grad=True)
    y = layer(x)
    values = y.numpy()
    kept = values > 0
    assert abs(kept.mean() - 0.7) < 4 * np.sqrt(0.21 / values.size)
    assert np.allclose(values[kept], 1 / 0.7)
    y.sum().backward()
    assert np.array_equal(x.grad.numpy(), values)  # the same mask on the way back
    assert not np.array_equal(layer(x).numpy(), values)
    layer.eval()
    assert layer(x) is x
    assert nn.Dropout(0.0)(x) is x


@pytest.mark.parametrize(
    ("layer", "twin"),
    [
        (nn.ReLU(), "ReLU()"),
        (nn.LeakyReLU(0.1), "LeakyReLU(0.1)"),
        (nn.ELU(0.5), "ELU(0.5)"),
        (nn.GELU(), "GELU(approximate='tanh')"),
        (nn.SiLU(), "SiLU()"),
        (nn.Tanh(), "Tanh()"),
        (nn.Sigmoid(), "Sigmoid()"),
        (nn.Softplus(), "Softplus()"),
        (nn.Softmax(), "Softmax(dim=-1)"),
    ],
    ids=repr,
)
def test_activations(device, torch, layer, twin):
    check_against(torch, layer, eval(f"torch.nn.{twin}"), r(3, 4), same, same, [])


@pytest.mark.parametrize(
    ("layer", "twin"),
    [
        (nn.MaxPool2D(2), "MaxPool2d(2)"),
        (nn.MaxPool2D(3, stride=2, padding=1), "MaxPool2d(3, 2, 1)"),
        (nn.AvgPool2D((2, 3)), "AvgPool2d((2, 3))"),
        (nn.UpSampling2D(2), "Upsample(scale_factor=2)"),
        (nn.UpSampling2D(3, method="bilinear"), "Upsample(scale_factor=3, mode='bilinear')"),
    ],
    ids=repr,
)
def test_resolution(device, torch, layer, twin):
    check_against(torch, layer, eval(f"torch.nn.{twin}"), r(2, 6, 6, 3), nchw, nhwc, [])


def test_flatten_and_reshape(device):
    x = mg.tensor(r(2, 3, 4))
    assert nn.Flatten()(x).shape == (2, 12)
    assert np.array_equal(nn.Reshape(3, 4)(nn.Flatten()(x)).numpy(), x.numpy())


def test_a_layer_may_be_used_twice_in_one_graph(device):
    layer = nn.Dense(3, 3, rng=mg.Generator(0))
    x = mg.tensor(r(2, 3))
    layer(layer(x)).sum().backward()
    w, b = layer.w.numpy(), layer.b.numpy()
    h = x.numpy() @ w + b
    ones = np.ones((2, 3), np.float32)
    assert np.allclose(layer.w.grad.numpy(), h.T @ ones + x.numpy().T @ (ones @ w.T), atol=1e-5)


def test_layers_to_second_order(device):
    """The gradient check goes through layers with float64 parameters."""
    net = nn.Sequential(
        nn.Conv2D(2, 3, 3, stride=2, padding=1, rng=mg.Generator(0)),
        nn.BatchNorm(3),
        nn.Tanh(),
        nn.Conv2DTranspose(3, 2, 4, stride=2, padding=1, rng=mg.Generator(1)),
        nn.Flatten(),
        nn.Dense(32, 2, rng=mg.Generator(2)),
    )
    for _, tensor in net.named_tensors():
        tensor.data = tensor.data.astype(np.float64)
    assert mg.gradcheck(net, RNG.standard_normal((3, 4, 4, 2)), elements=10)


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_initialisers(device, name):
    shape, fans = (300, 200), (300, 200)
    w = INITIALIZERS[name](mg.Generator(0), shape, *fans)
    variance = {"he": 2 / 300, "glorot": 2 / 500, "dcgan": 0.02**2}[name.split("_")[0]]
    assert w.dtype == np.float32
    assert abs(w.mean()) < 5 * np.sqrt(variance / w.size)
    assert abs(w.var() / variance - 1) < 0.03
    if name.endswith("uniform"):
        assert abs(w).max() <= np.sqrt(3 * variance) * 1.0001
    assert np.array_equal(w, INITIALIZERS[name](mg.Generator(0), shape, *fans))
    layer = nn.Dense(300, 200, init=name, rng=mg.Generator(0))
    assert np.array_equal(layer.w.numpy(), w)  # drawn on the host, whatever the device
    assert not layer.b.numpy().any()


def test_he_keeps_the_signal_through_ten_relu_layers():
    rng = mg.Generator(0)
    x = mg.tensor(r(500, 256))
    for _ in range(10):
        x = mg.relu(nn.Dense(256, 256, init="he_normal", rng=rng)(x))
    assert 0.5 < float((x * x).mean()) < 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.Dense(784, 400)(mg.ones((2, 28, 28))), r"Dense\(784 -> 400\).*28 features.*did you forget Flatten"),
        (lambda: nn.Dense(3, 4)(mg.tensor(1.0)), "did you forget Flatten"),
        (lambda: nn.Dense(0, 4), "inputs: expected an integer >= 1, got 0"),
        (lambda: nn.Dense(3, 4.0), "outputs: expected an integer"),
        (lambda: nn.Dense(3, 4, init="he_norml"), "did you mean 'he_normal'"),
        (lambda: nn.Conv2D(3, 4, 3)(mg.ones((2, 5, 5, 1))), r"expected \(N, H, W, 3\)"),
        (lambda: nn.Conv2D(3, 4, 0), "kernel: expected an int >= 1"),
        (lambda: nn.Conv2D(3, 4, 3, groups=2), "groups: 2 must divide"),
        (lambda: nn.Conv2DTranspose(3, 4, 3)(mg.ones((2, 5))), r"expected \(N, H, W, 3\)"),
        (lambda: nn.BatchNorm(3)(mg.ones((2, 4))), r"expected \(N, \.\.\., 3\)"),
        (lambda: nn.BatchNorm(3, momentum=1e-5, eps=-0.9), "eps: expected"),
        (lambda: nn.BatchNorm(3, momentum=1.0), "momentum: expected 0 <= momentum < 1"),
        (lambda: nn.LayerNorm(3)(mg.ones((2, 4))), r"expected \(N, \.\.\., 3\)"),
        (lambda: nn.Dropout(1.0), "rate: expected"),
        (lambda: nn.Reshape(2, 3)(mg.ones((2, 5))), r"5 values, \(2, 3\) takes 6"),
        (lambda: nn.UpSampling2D(2, method="cubic"), "method: expected"),
        (lambda: nn.UpSampling2D(2)(mg.ones((2, 4))), "4 axes"),
        (lambda: nn.Embedding(0, 3), "count: expected"),
    ],
)
def test_wrong_use_is_named(call, message):
    with pytest.raises(MinigenError, match=message):
        call()


def test_a_network_of_every_layer_does_not_wait_for_the_device(device, device_kind):
    if device_kind != "double":
        pytest.skip("only the double counts synchronisations")
    net = nn.Sequential(
        nn.Conv2D(1, 4, 3, padding="same"),
        nn.BatchNorm(4),
        nn.LeakyReLU(),
        nn.MaxPool2D(2),
        nn.UpSampling2D(2),
        nn.UpSampling2D(2, method="bilinear"),
        nn.AvgPool2D(2),
        nn.Conv2DTranspose(4, 2, 4, stride=2, padding=1),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Dense(512, 8),
        nn.LayerNorm(8),
        nn.GELU(),
        nn.Dense(8, 3),
    )
    x, labels = mg.tensor(r(4, 8, 8, 1)), mg.tensor(np.array([0, 1, 2, 0]))

    def step():
        net.zero_grad()
        nn.cross_entropy_loss(net(x), labels).backward()

    step()
    from minigen import backend

    with backend.module_for("cuda").forbid_sync():
        step()
