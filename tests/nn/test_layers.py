"""Every layer, as a layer: precision, gradients to second order, using it twice, and never waiting for the device."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen import nn
from minigen.distributions import Bernoulli, Categorical, Normal, kl
from tests.cupy_double import double
from tests.nn.cases import LAYERS, example, randomize


def with_parameters(layer, training=True):
    """A layer as a function of its input and its parameters, and their values; every call draws the same masks."""
    layer.train(training)
    names = [name for name, _ in layer.named_parameters()]

    def call(x, *parameters):
        if isinstance(layer, nn.Dropout):
            layer.rng = mg.Generator(3)
        vars(layer).update(zip(names, parameters, strict=True))
        return layer(x)

    return call, [p.numpy().copy() for p in layer.parameters()]


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", LAYERS)
def test_gradients_to_second_order(device, name, training):
    make, shape = LAYERS[name]
    layer = randomize(make())
    call, parameters = with_parameters(layer, training)
    report = mg.gradcheck(call, example(layer, shape), *parameters, elements=6)
    inputs = len(parameters) + (not isinstance(layer, nn.Embedding))
    assert len(report.findings) == 2 * inputs + 1  # each to both orders, and the upstream gradient
    assert all(finding.right for finding in report.findings)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays_float32(device, name, training):
    make, shape = LAYERS[name]
    layer = make().train(training)
    x = mg.tensor(example(layer, shape, np.float32), device=device)
    x.requires_grad = x.dtype == np.float32
    for _ in range(2):  # the second time with what the first has left behind
        y = layer(x)
        y.backward(np.random.default_rng(2).standard_normal(y.shape).astype(np.float32))
    assert y.dtype == np.float32
    assert y.device == device
    assert x.grad is None or x.grad.dtype == np.float32
    for tensor_name, tensor in layer.named_tensors():
        assert tensor.dtype == np.float32, tensor_name
        if isinstance(tensor, nn.Parameter):
            assert tensor.grad.dtype == np.float32, tensor_name
            assert tensor.grad.shape == tensor.shape, tensor_name


@pytest.mark.parametrize("name", LAYERS)
def test_used_twice_in_one_graph(device, name):
    """Two uses of one layer give the outputs and the summed gradients of two layers with equal weights."""
    make, shape = LAYERS[name]
    shared, *apart = [randomize(make()) for _ in range(3)]
    if isinstance(shared, nn.Dropout):  # one stream of masks for the two layers, as the shared one has
        shared.rng, apart[0].rng = mg.Generator(3), mg.Generator(3)
        apart[1].rng = apart[0].rng
    xs = [example(shared, shape, seed=i) for i in range(2)]
    gradients = []
    for layers in [shared, shared], apart:
        inputs = [mg.tensor(x, requires_grad=x.dtype.kind == "f") for x in xs]
        ys = [layer(x) for layer, x in zip(layers, inputs, strict=True)]
        g = np.random.default_rng(5).standard_normal((2, *ys[0].shape))
        (mg.stack(ys) * mg.tensor(g)).sum().backward()
        gradients.append([y.numpy() for y in ys] + [x.grad.numpy() for x in inputs if x.requires_grad])
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_array_equal(a, b)
    for p, q, r in zip(shared.parameters(), apart[0].parameters(), apart[1].parameters(), strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy() + r.grad.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(n=st.integers(2, 5))
def test_examples_are_treated_apart(device, name, n):
    """In eval mode the result for a batch is the results for its examples: no axis is mixed up with the batch axis."""
    make, shape = LAYERS[name]
    layer = randomize(make()).eval()
    x = example(layer, (n, *shape[1:]))
    whole = layer(mg.tensor(x, device=device)).numpy()
    single = [layer(mg.tensor(x[i : i + 1], device=device)).numpy() for i in range(n)]
    np.testing.assert_allclose(whole, np.concatenate(single), rtol=1e-12, atol=1e-12)


def test_a_convolution_says_its_settings():
    assert repr(nn.Conv1D(4, 6, 3, padding=(2, 0))) == "Conv1D(4 -> 6, kernel=3, stride=1, padding=(2, 0))"
    layer = nn.Conv2DTranspose(4, 6, 3, stride=2, dilation=(1, 2), groups=2, output_padding=1, bias=False)
    assert repr(layer) == (
        "Conv2DTranspose(4 -> 6, kernel=(3, 3), stride=(2, 2), padding=0, dilation=(1, 2), groups=2, "
        "output_padding=(1, 1), no bias)"
    )


@pytest.fixture
def cupy():
    """The double of CuPy, as the default device."""
    with double.installed() as xp, mg.device("cuda"):
        yield xp


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", LAYERS)
def test_forward_and_backward_do_not_wait_for_the_device(cupy, name, training):
    make, shape = LAYERS[name]
    layer = make().train(training)
    x = mg.tensor(example(layer, shape, np.float32))
    x.requires_grad = x.dtype == np.float32
    g = mg.tensor(np.ones(layer(x).shape, np.float32))
    with cupy.forbid_sync():
        layer(x).backward(g)
    assert all(t.grad is not None for t in [x, *layer.parameters()] if t.requires_grad)


def test_a_whole_training_step_does_not_wait_for_the_device(cupy):
    encoder = nn.Sequential(
        nn.Conv2D(1, 4, 3, stride=2, padding=1, bias=False), nn.BatchNorm(4), nn.Flatten(), nn.ReLU(), nn.Dropout(0.2)
    )
    heads = nn.Sequential(nn.Dense(64, 3), nn.Dense(64, 3))
    up = nn.Conv2DTranspose(1, 1, 4, stride=2, padding=1)
    decoder = nn.Sequential(nn.Dense(3, 16), nn.LayerNorm(16), nn.GELU(), nn.Reshape(4, 4, 1), up)
    table, classifier = nn.Embedding(5, 64), nn.Dense(64, 5)
    x = mg.tensor(np.random.default_rng(0).random((6, 8, 8, 1)).astype(np.float32))
    labels = mg.tensor(np.arange(6) % 5)
    rng = mg.Generator(0)
    with cupy.forbid_sync():
        features = encoder(x) + table(labels)
        q = Normal(*[head(features) for head in heads])
        logits, classes = decoder(q.sample(rng)), classifier(features)
        loss = nn.bce_loss(logits, x) + nn.kl_loss(q.mean, q.log_var) + nn.mse_loss(mg.sigmoid(logits), x)
        loss = loss + nn.cross_entropy_loss(classes, labels) + Categorical(classes).entropy().mean()
        loss = loss + kl(q, Normal(mg.zeros((6, 3)), mg.zeros((6, 3)))).sum() + q.log_prob(mg.zeros((6, 3))).mean()
        loss = loss + kl(Bernoulli(logits), Bernoulli(mg.zeros(logits.shape))).sum()
        Bernoulli(logits).sample(rng)
        Categorical(classes).sample(rng)
        loss.backward()
    for module in encoder, heads, decoder, table, classifier:
        for name, p in module.named_parameters():
            assert np.abs(p.grad.numpy()).max() > 0, name


def test_the_double_would_have_noticed(cupy):
    x = mg.ones(3)
    with cupy.forbid_sync():
        for read in (lambda: x.sum().item(), x.numpy, lambda: mg.tensor(np.ones(3)), lambda: x[x > 0]):
            with pytest.raises(AssertionError, match="hidden"):
                read()


@pytest.mark.parametrize("labels", [[2, 0, 1, 2], [[0, 1], [2, 2]], []])
def test_one_hot_times_a_table_is_a_lookup(device, labels):
    ids, table = mg.tensor(np.array(labels, int)), nn.Embedding(3, 5)
    rows = nn.one_hot(ids.data, 3)
    assert rows.dtype == np.float32
    assert rows.shape == (*ids.shape, 3)
    assert ((mg.tensor(rows) @ table.w).numpy() == table(ids).numpy()).all()


@given(st.lists(st.integers(0, 6), min_size=1, max_size=20))
def test_one_hot(labels):
    rows = nn.one_hot(np.array(labels), 7)
    assert rows.shape == (len(labels), 7)
    assert (rows.argmax(axis=1) == labels).all()
    assert (rows.sum(axis=1) == 1).all()
    assert set(np.unique(rows)) <= {0.0, 1.0}
