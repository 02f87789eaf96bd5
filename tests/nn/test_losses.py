"""Losses: sums over features, means over the batch, logits of any size."""

import math

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.errors import DTypeError, ShapeError

RNG = np.random.default_rng(0)
LOGITS, TARGETS = RNG.standard_normal((5, 3)).astype(np.float32), RNG.random((5, 3)).astype(np.float32)
LABELS = np.array([0, 2, 1, 1, 0])

LOSSES = {
    "bce_loss": (nn.bce_loss, TARGETS),
    "mse_loss": (nn.mse_loss, TARGETS),
    "kl_loss": (nn.kl_loss, TARGETS),
    "cross_entropy_loss": (nn.cross_entropy_loss, LABELS),
}


@pytest.mark.parametrize("name", LOSSES)
def test_duplicating_the_batch_changes_nothing(device, name):
    loss, target = LOSSES[name]
    once = loss(mg.tensor(LOGITS), mg.tensor(target)).item()
    twice = loss(mg.tensor(np.tile(LOGITS, (2, 1))), mg.tensor(np.concatenate([target, target]))).item()
    assert once == pytest.approx(twice, rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(device, name):
    loss, target = LOSSES[name]
    assert mg.gradcheck(lambda x: loss(x, mg.tensor(target)), LOGITS)


def test_values(device):
    p = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))
    bce = -(TARGETS * np.log(p) + (1 - TARGETS) * np.log(1 - p)).sum(1).mean()
    x = mg.tensor(LOGITS)
    assert nn.bce_loss(x, mg.tensor(TARGETS)).item() == pytest.approx(bce, rel=1e-5)
    assert nn.mse_loss(x, mg.tensor(TARGETS)).item() == pytest.approx(((LOGITS - TARGETS) ** 2).mean(), rel=1e-5)
    q = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    assert nn.cross_entropy_loss(x, mg.tensor(LABELS)).item() == pytest.approx(
        -np.log(q[np.arange(5), LABELS]).mean(), rel=1e-5
    )
    assert nn.kl_loss(mg.zeros((2, 3)), mg.zeros((2, 3))).item() == 0
    expected = 0.5 * (LOGITS**2 + np.exp(TARGETS) - 1 - TARGETS).sum(1).mean()
    assert nn.kl_loss(x, mg.tensor(TARGETS)).item() == pytest.approx(expected, rel=1e-5)


def test_an_image_is_summed_over_all_its_pixels(device):
    images = mg.zeros((4, 6, 5, 2))
    assert nn.bce_loss(images, images).item() == pytest.approx(60 * math.log(2), rel=1e-5)
    assert nn.sum_features(mg.ones((4, 6, 5, 2))).shape == (4,)


def test_extreme_logits(device):
    x = mg.tensor(np.float32([[1000.0, -1000.0]]), requires_grad=True)
    loss = nn.bce_loss(x, mg.tensor(np.float32([[0.0, 1.0]])))
    loss.backward()
    assert loss.item() == 2000.0
    assert np.allclose(x.grad.numpy(), [[1.0, -1.0]])
    x.zero_grad()
    loss = nn.cross_entropy_loss(x, mg.tensor(np.array([1])))
    loss.backward()
    assert loss.item() == 2000.0
    assert np.allclose(x.grad.numpy(), [[1.0, -1.0]])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.bce_loss(mg.ones((2, 3)), mg.ones((2, 1))), ShapeError, r"bce_loss: prediction has shape \(2, 3\)"),
        (lambda: nn.mse_loss(mg.ones((2, 3)), mg.ones(3)), ShapeError, "mse_loss"),
        (lambda: nn.kl_loss(mg.ones((2, 3)), mg.ones(3)), ShapeError, "kl_loss"),
        (lambda: nn.cross_entropy_loss(mg.ones((2, 3)), mg.ones(2)), DTypeError, "labels must be integers"),
        (lambda: nn.cross_entropy_loss(mg.ones((2, 3)), mg.arange(3)), ShapeError, r"expected \(N, K\) and \(N,\)"),
    ],
)
def test_wrong_use_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()
