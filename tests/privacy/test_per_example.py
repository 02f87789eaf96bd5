"""Norms and sums of single examples' gradients: against a loop, against PyTorch, and what has none."""

import numpy as np
import pytest

import minigen as mg
from minigen import nn, ops
from minigen.errors import ArgumentError, ShapeError
from minigen.models import VAE
from minigen.models.networks import conv_decoder, conv_encoder, dense_decoder, dense_encoder
from minigen.privacy import PerExample, gradients_by_loop, per_example


def rows(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def classifier(rng):
    """A convolution of many places and one of few, as of Opacus' example; no padding alike."""
    return nn.Sequential(
        nn.Conv2D(2, 3, 4, stride=2, padding=((1, 2), (0, 1)), rng=rng),
        nn.Tanh(),
        nn.MaxPool2D(2, stride=1),
        nn.Conv2D(3, 16, (2, 3), dilation=(1, 2), bias=False, rng=rng),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dense(80, 6, rng=rng),
        nn.Tanh(),
        nn.Dense(6, 4, bias=False, rng=rng),
    )


def cross_entropies(model):
    def losses(x, y):
        return -ops.getitem(ops.log_softmax(model(x)), (np.arange(len(y)), y))

    return losses


def check_against_loop(model, losses, batch, tolerance=2e-5):
    x, *rest = batch
    each = PerExample(model, lambda: losses(mg.Tensor(x), *rest))
    by_loop = gradients_by_loop(model, losses, *batch)
    squares = sum((g.reshape(len(x), -1).astype(np.float64) ** 2).sum(axis=1) for g in by_loop)
    np.testing.assert_allclose(each.norms(), np.sqrt(squares), rtol=tolerance)
    assert each.norms().dtype == np.float32
    factors = np.random.default_rng(1).uniform(0, 2, len(x)).astype(np.float32)
    sums = {id(p): total for p, total in each.weighted_sum(factors)}
    assert len(sums) == len(model.parameters())
    for p, g in zip(model.parameters(), by_loop, strict=True):
        expected = np.tensordot(factors, g, 1)
        np.testing.assert_allclose(sums[id(p)], expected, atol=tolerance * np.abs(expected).max() + 1e-6)
        assert sums[id(p)].dtype == np.float32
    return each


@pytest.mark.parametrize("at_once", [1, 1 << 22])
def test_a_classifier_of_convolutions(at_once, monkeypatch):
    monkeypatch.setattr(per_example, "AT_ONCE", at_once)  # one example at a time, or all
    model = classifier(mg.Generator(0))
    labels = np.arange(7) % 4
    each = check_against_loop(model, cross_entropies(model), (rows((7, 14, 13, 2)), labels))
    logits = model(mg.Tensor(rows((7, 14, 13, 2))))
    assert each.losses.numpy().mean() == pytest.approx(nn.cross_entropy_loss(logits, labels).item(), rel=1e-5)


def test_both_ways_to_a_norm_are_taken():
    """Few places: by the products of the rows; many: by the gradient itself."""
    few = per_example.Product(rows((3, 2, 30)), rows((3, 2, 40), 1), None)
    many = per_example.Product(rows((3, 50, 3)), rows((3, 50, 4), 1), None)
    for a, d, _ in (few, many):
        expected = (np.einsum("nti,nto->nio", a, d).astype(np.float64) ** 2).sum(axis=(1, 2))
        np.testing.assert_allclose(per_example._squared_norms(per_example.Product(a, d, None)), expected, rtol=1e-4)


@pytest.mark.parametrize("kind", ["dense", "conv"])
def test_a_vae(kind):
    """Transposed convolutions too; the noise of an example is its own."""
    rng, shape = mg.Generator(0), (8, 8, 1)
    if kind == "dense":
        networks = dense_encoder(shape, 6, [9], rng), dense_decoder(3, shape, [9], rng)
    else:
        networks = conv_encoder(shape, 6, 4, rng), conv_decoder(3, shape, 4, rng)
    model = VAE(*networks, 3)

    def losses(x, noise):
        q = model.encode(x)
        z = q.mean + ops.exp(0.5 * q.log_var) * noise
        return -model.decode(z).log_likelihood(x)

    x = (rows((5, *shape)) > 0).astype(np.float32)
    check_against_loop(model, losses, (x, rows((5, 3), 2)))


def test_a_dense_layer_over_time():
    """At each step the same weights: T places, not examples."""
    model = nn.Sequential(nn.Dense(5, 7, rng=mg.Generator(0)), nn.Tanh())
    check_against_loop(model, lambda x: ops.sum(model(x) ** 2, axis=(1, 2)), (rows((4, 3, 5)),))


@pytest.mark.long
def test_beside_pytorch():
    """vmap(grad(...)) of the same network and the same weights."""
    torch = pytest.importorskip("torch")
    from torch.func import functional_call, grad, vmap

    rng = mg.Generator(0)
    model = nn.Sequential(
        nn.Conv2D(1, 4, 3, stride=2, padding=1, rng=rng), nn.ReLU(), nn.Flatten(), nn.Dense(64, 3, rng=rng)
    )
    x, y = rows((6, 8, 8, 1)), np.arange(6) % 3
    losses = cross_entropies(model)
    each = PerExample(model, lambda: losses(mg.Tensor(x), y))

    theirs = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3, 2, 1), torch.nn.ReLU())
    head = torch.nn.Linear(64, 3)
    weights = {
        "0.weight": torch.tensor(model[0].w.numpy()).permute(3, 2, 0, 1).contiguous(),
        "0.bias": torch.tensor(model[0].b.numpy()),
        "head.weight": torch.tensor(model[3].w.numpy()).T.contiguous(),
        "head.bias": torch.tensor(model[3].b.numpy()),
    }

    def loss(weights, image, label):
        h = functional_call(theirs, {k: v for k, v in weights.items() if k[0] == "0"}, (image[None],))
        h = h.permute(0, 2, 3, 1).reshape(1, -1)
        logits = functional_call(head, {k[5:]: v for k, v in weights.items() if k[0] == "h"}, (h,))
        return torch.nn.functional.cross_entropy(logits, label[None])

    images = torch.tensor(x).permute(0, 3, 1, 2)
    gradients = vmap(grad(loss), in_dims=(None, 0, 0))(weights, images, torch.tensor(y))
    squares = sum((g.reshape(6, -1) ** 2).sum(dim=1) for g in gradients.values())
    np.testing.assert_allclose(each.norms(), squares.sqrt().numpy(), rtol=1e-4)
    sums = {id(p): total for p, total in each.weighted_sum(np.ones(6, np.float32))}
    kernel = gradients["0.weight"].sum(dim=0).permute(2, 3, 1, 0).numpy()
    np.testing.assert_allclose(sums[id(model[0].w)], kernel, rtol=1e-3, atol=1e-5)


def test_on_each_device(device):
    model = classifier(mg.Generator(0))
    x, y = mg.tensor(rows((3, 14, 13, 2)), device=device), np.arange(3)
    logits = lambda: ops.sum(model(x) ** 2, axis=1)  # noqa: E731
    each = PerExample(model, logits)
    norms = each.norms()
    assert mg.backend.device_of(norms) == device
    for p, total in each.weighted_sum(norms):
        assert (mg.backend.device_of(total), total.shape) == (device, p.shape)
    assert len(y) == len(norms)


def test_the_model_is_left_as_it_was():
    model = classifier(mg.Generator(0))
    model[0].b.requires_grad = False
    PerExample(model, lambda: ops.sum(model(mg.Tensor(rows((2, 14, 13, 2)))), axis=1))
    assert all("forward" not in vars(module) for module in model.modules())
    assert all(p.grad is None for p in model.parameters())
    assert [p.requires_grad for p in model.parameters()].count(False) == 1


def test_a_loss_that_a_layer_has_no_part_in():
    model = nn.Sequential(nn.Dense(3, 2, rng=mg.Generator(0)))
    model.unused = nn.Dense(4, 4)
    each = PerExample(model, lambda: ops.sum(model(mg.Tensor(rows((2, 3)))), axis=1))
    assert {id(p) for p, _ in each.weighted_sum(np.ones(2, np.float32))} == {id(model[0].w), id(model[0].b)}


class Twice(nn.Module):
    def __init__(self):
        self.layer = nn.Dense(3, 3)

    def forward(self, x):
        return self.layer(self.layer(x))


class Tied(nn.Module):
    def __init__(self):
        self.first, self.second = nn.Dense(3, 3), nn.Dense(3, 3)
        self.second.w = self.first.w


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Sequential(nn.Dense(3, 3), nn.BatchNorm(3)), "layers.1: batch norm mixes the examples"),
        (nn.Sequential(nn.Dense(3, 3), nn.LayerNorm(3)), r"layers.1: LayerNorm has weights \(.*gradients_by_loop"),
        (nn.Sequential(nn.Conv2D(4, 4, 1, groups=2)), "groups=1"),
        (Twice(), "used twice in one loss"),
        (Tied(), "second.w is that of first too"),
    ],
)
def test_refusals(model, message):
    with pytest.raises(ArgumentError, match=message) as error:
        PerExample(model, lambda: ops.sum(model(mg.Tensor(rows((2, 3)))), axis=1))
    assert "\n" not in str(error.value)
    assert all("forward" not in vars(module) for module in model.modules())


def test_a_mean_is_not_a_loss_for_each_example():
    model = nn.Sequential(nn.Dense(3, 2))
    with pytest.raises(ShapeError, match="one for each example"):
        PerExample(model, lambda: ops.mean(model(mg.Tensor(rows((2, 3))))))
    with pytest.raises(ShapeError, match="2 of them, but a layer was given 4"):
        PerExample(model, lambda: ops.sum(ops.reshape(model(mg.Tensor(rows((4, 3)))), (2, 4)), axis=1))


def test_the_loop_takes_any_model():
    model = nn.Sequential(nn.Dense(3, 3, rng=mg.Generator(0)), nn.LayerNorm(3), Twice())
    x = rows((4, 3))
    gradients = gradients_by_loop(model, lambda x: ops.sum(model(x) ** 2, axis=1), x)
    ops.sum(model(mg.Tensor(x)) ** 2).backward()
    for p, g in zip(model.parameters(), gradients, strict=True):
        assert g.shape == (4, *p.shape)
        np.testing.assert_allclose(g.sum(axis=0), p.grad.numpy(), rtol=1e-3, atol=1e-4)
